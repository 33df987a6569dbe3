from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.engines.local.languages import detect, open_language
from meetcli.engines.local.sentences import MAX_QUOTE_WORDS, clean, find_words, split_sentences
from meetcli.engines.local.summary import choose_sentences
from meetcli.engines.local.topics import find_topics
from meetcli.models import Meeting, Turn


def meeting_of(*turns: tuple[str, str]) -> Meeting:
    return Meeting("", tuple(Turn(speaker, text, 0) for speaker, text in turns))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "{vocalsound} Okay we 're back for the um meeting .", "Okay we're back for the meeting."),
        ("en", "I I think uh , it 's the the best , <inaudible> you know", "I think it's the best, you know."),
        ("en", "We sold 20 20 inch screens", "We sold 20 20 inch screens."),
        ("en", "They do n't like it , {disfmarker}", "They don't like it."),
        ("pt", "É um risco, hum, para um de nós", "É um risco, para um de nós."),
        ("pt", "Não, não, não dá", "Não dá."),
        ("en", "[laughter]", ""),
    ],
)
def test_prose_is_free_of_noise(language: str, text: str, expected: str) -> None:
    assert clean(text, language) == expected


@given(
    st.lists(st.text(alphabet="ab .,?{}<>\n\t é😀'-", max_size=400), min_size=1, max_size=4),
    st.sampled_from(["en", "pt"]),
)
def test_every_quote_stands_verbatim_in_its_turn(texts: list[str], language: str) -> None:
    for sentence in split_sentences(meeting_of(*(("A", text) for text in texts)), language):
        assert sentence.quote in texts[sentence.turn]
        assert len(sentence.quote.split()) <= MAX_QUOTE_WORDS
        assert sentence.size >= 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Vamos começar a reunião", "pt"),
        ("O cliente adorou", "pt"),
        ("Let's get started with the agenda", "en"),
        ("Um, so, as I said, um, do it", "en"),
        ("Thanks, João", "en"),
        ("👍", "en"),
    ],
)
def test_the_language_is_told_by_its_small_words(text: str, language: str) -> None:
    assert detect(find_words(text)) == language


def test_the_summary_keeps_to_its_budget_and_prefers_what_was_talked_about() -> None:
    talk = [
        ("Ann", f"The budget of the bridge project grew by {number} percent over the last winter.")
        for number in range(60)
    ]
    weather = ("Bob", "Somebody once told me that penguins dislike marmalade and trumpets.")
    sentences = split_sentences(meeting_of(*talk, weather), "en")
    chosen = choose_sentences(sentences, open_language("en"))
    assert sum(sentence.size for sentence in chosen) <= 150
    assert "budget" in chosen[0].text


def test_topics_are_what_comes_up_again_without_the_speakers_names() -> None:
    turns = [
        ("Ann Bridge", "The water pump broke down in March."),
        ("Bob Stone", "Ann Bridge, the water pump was new."),
        ("Ann Bridge", "Bob Stone, a new water pump is expensive, and the insurance pays half."),
        ("Bob Stone", "The insurance wants three offers."),
    ]
    topics = find_topics(split_sentences(meeting_of(*turns), "en"), open_language("en"))
    assert topics[0] == "water pump"
    assert "insurance" in topics
    assert not {"ann", "bridge", "bob", "stone"} & set(" ".join(topics).split())
