"""What the parts of a long meeting found becomes one: nothing is lost, and twins are one."""

import pytest

from meetcli.answers.evidence import EvidenceFinder
from meetcli.answers.merge import _timeline, merge_answers, unite
from meetcli.meetings.chunks import Chunk, split
from tests.corridor import extract_answer
from tests.long_speech import WINDOW, meeting_of


def found_in(meeting):
    return EvidenceFinder(meeting)


def item(text, quote, **more):
    return {"text": text, "quote": quote, **more}


TALK = meeting_of(
    [
        ("Ana", "I will send the contract on Friday."),
        ("Rui", "And I check the rates by Monday."),
        ("Ana", "Agreed, Rui. I send the offer and the invoice to Zoë."),
    ]
)
SENT, CHECKED = "I will send the contract on Friday.", "And I check the rates by Monday."
BOTH = "I send the offer and the invoice to Zoë."


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (item("The contract is sent.", SENT), item("the contract is SENT", None), 1),  # the same words
        (
            item("Ana sends the contract.", SENT),
            item("The contract is sent by Ana on Friday.", SENT.upper()),
            1,
        ),  # on the same words
        (
            item("Ana sends the contract.", SENT),
            item("Somebody is glad.", SENT),
            2,
        ),  # on the same words, of something else
        (item("Ana sends the contract.", SENT), item("Ana sends the rates.", CHECKED), 2),
        (
            item("Ana sends the contract.", SENT),
            item("The contract is sent by Ana.", "send the contract on Friday"),
            1,
        ),  # on much the same
        (item("Send the offer to Zoë.", BOTH), item("Send the invoice to Zoë.", BOTH), 2),  # two things in one sentence
        (item("Send the offer to Zoë.", BOTH), item("Zoë is to be sent the offer.", BOTH), 1),
        (item("It is sent.", "never said"), item("It was posted.", "never said"), 2),
        (item("It is done.", SENT, owner="Ana"), item("It is done.", SENT, owner="Rui"), 2),
        (item("It is done.", SENT, owner="Ana"), item("It is done.", SENT, owner=None), 1),
    ],
)
def test_twins_are_those_that_say_the_same_or_stand_on_the_same_words(first, second, left):
    assert len(unite([[first], [second]], found_in(TALK), "text")) == left
    assert len(unite([[first, second]], found_in(TALK), "text")) == 2  # one model saw both and told them apart


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ({"rule": "costs", "quote": SENT}, {"rule": "costs", "quote": CHECKED}, 2),  # two breaches of one rule
        ({"rule": "costs", "quote": SENT}, {"rule": "costs", "quote": SENT.upper()}, 1),
        ({"rule": "costs", "quote": SENT}, {"rule": "costs", "quote": None}, 1),
        (
            {"rule": "costs", "why": "It is late.", "quote": SENT},
            {"rule": "risks", "why": "It is late.", "quote": SENT},
            2,
        ),
        (
            {"what": "a fee for late payment", "amount": 30, "quote": SENT},
            {"what": "a fee for late payment", "amount": 40, "quote": SENT},
            2,
        ),
        (
            {"need": "The contract is sent.", "level": "low", "quote": SENT},
            {"need": "The contract is sent", "level": "high", "quote": SENT},
            1,
        ),
        (
            {"need": "It is sent.", "owner": "Ana", "quote": SENT},
            {"need": "It is sent.", "owner": "ANA", "quote": SENT},
            1,
        ),
    ],
)
def test_in_a_task_of_the_users_own_what_tells_two_items_apart_may_be_a_word_or_the_quote(first, second, left):
    assert len(unite([[first], [second]], found_in(TALK))) == left


def test_of_twins_stays_what_is_proved_and_what_is_known():
    weak = item("The contract is sent.", "never said", owner=None, status="tentative")
    strong = item("The contract is sent.", SENT, owner="Ana", status="agreed")
    expected = [item("The contract is sent.", SENT, owner="Ana", status="agreed")]
    assert (
        unite([[weak], [strong]], found_in(TALK), "text")
        == unite([[strong], [weak]], found_in(TALK), "text")
        == expected
    )


def test_sentiment_is_the_mean_by_how_much_was_said():
    turns = [("Ana", "good " * 200), ("Rui", "bad " * 100), ("Ana", "good " * 200), ("Rui", "bad " * 100)]
    meeting = meeting_of(turns)
    chunks = split(meeting, 330, WINDOW.count)
    base = {
        name: extract_answer()[name] for name in ("language", "customer_name", "banker_name", "meet_type", "summary")
    }

    def answer(score, chunk):
        return {
            **base,
            "key_points": [],
            "action_items": [],
            "risks": [],
            "sentiment_score": score,
            "speakers": [{"name": "ana", "sentiment_score": score, "quote": None}],
            "timeline": [
                {"part": part, "sentiment_score": score, "quote": f"{score}"}
                for part in range(1, len(chunk.meeting.stretches) + 1)
            ],
        }

    answers = [answer(score, chunk) for score, chunk in zip((0.2, 0.8, 0.5, 0.5, 0.5), chunks, strict=False)]
    merged = merge_answers(answers, chunks[: len(answers)], meeting)
    assert 0.2 < merged["sentiment_score"] < 0.8
    assert len(merged["speakers"]) == 1
    assert [item["part"] for item in merged["timeline"]] == sorted({item["part"] for item in merged["timeline"]})
    assert all(0.2 <= item["sentiment_score"] <= 0.8 for item in merged["timeline"])


def test_a_part_of_the_whole_is_scored_by_the_turns_that_chunks_share_with_it():
    """Turns 1 to 6 in two parts; the chunks have turns 1 to 4 and, with an overlap of one, 4 to 6."""
    whole = meeting_of([("Ana", f"this is what I said in turn {number}") for number in range(1, 7)])
    meeting = whole._replace(stretches=((1, 3), (4, 6)))
    chunks = [
        Chunk(whole._replace(turns=turns, stretches=stretches), first, last, "")
        for turns, stretches, first, last in (
            (whole.turns[:4], ((1, 1), (2, 4)), 1, 4),
            (whole.turns[3:], ((1, 2), (3, 3)), 4, 6),
        )
    ]

    def scores(*items):
        scored = [{"part": part, "sentiment_score": score, "quote": quote} for part, score, quote in items]
        return {"sentiment_score": 0.5, "speakers": [], "timeline": scored}

    answers = [
        scores((1, 0.1, "what I said in turn 1"), (2, 0.4, "what I said in turn 2")),
        scores((1, 0.7, "what I said in turn 4"), (2, 0.9, "what I said in turn 6"), (3, 0.0, None)),
    ]
    timeline = _timeline(answers, chunks, meeting, found_in(meeting))
    assert timeline == [
        {"part": 1, "sentiment_score": 0.3, "quote": "what I said in turn 2"},  # (1 * 0.1 + 2 * 0.4) / 3
        {"part": 2, "sentiment_score": 0.675, "quote": "what I said in turn 4"},  # (1 * 0.4 + 2 * 0.7 + 1 * 0.9) / 4
    ]
