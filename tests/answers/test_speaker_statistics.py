import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.answers.speaker_statistics import MeetingStatistics, SpeakerStatistics, speaker_statistics
from meetcli.models import Meeting, Turn

TURNS = (
    Turn("Ana", "Bom dia, tudo bem? Podemos começar?!", 0, 0.0, 4.0),
    Turn("Bruno", "{vocalsound} Sim - claro .", 0, 5.0, 6.0),
    Turn("Ana", "Ok.", 0, 6.0, 7.0),
    Turn(None, "", 0, 6.5, 8.5),
)


def test_turns_words_questions_and_time_are_counted_by_speaker():
    assert speaker_statistics(Meeting("", TURNS)) == MeetingStatistics(
        share_by="time",
        silence_s=1.0,
        speakers=(
            SpeakerStatistics("Ana", turns=2, words=7, share=0.625, questions=2, longest_turn_words=6),
            SpeakerStatistics("Bruno", turns=1, words=2, share=0.125, questions=0, longest_turn_words=2),
            SpeakerStatistics(None, turns=1, words=0, share=0.25, questions=0, longest_turn_words=0),
        ),
    )


@pytest.mark.parametrize(
    "odd", [TURNS[0]._replace(end_s=None), TURNS[0]._replace(start_s=None), TURNS[0]._replace(start_s=9.0)]
)
def test_where_a_turn_has_no_usable_times_shares_are_of_words(odd: Turn):
    found = speaker_statistics(Meeting("", (odd, *TURNS[1:])))

    assert (found.share_by, found.silence_s) == ("words", None)
    assert [round(speaker.share, 2) for speaker in found.speakers] == [0.78, 0.22, 0.0]


def test_no_time_at_all_is_counted_by_words():
    found = speaker_statistics(Meeting("", (Turn("A", "one two", 0, 3.0, 3.0), Turn("B", "three", 0, 3.0, 3.0))))

    assert (found.share_by, found.silence_s, found.speakers[0].share) == ("words", 0.0, 0.6667)


def test_a_meeting_without_turns_has_no_speakers():
    assert speaker_statistics(Meeting("", ())) == MeetingStatistics("words", None, ())


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", None]), st.text(max_size=20), st.floats(0, 1e5), st.floats(0, 1e3)),
        max_size=8,
    )
)
def test_shares_add_up_and_everything_is_json(rows: list[tuple[str | None, str, float, float]]):
    found = speaker_statistics(
        Meeting("", tuple(Turn(name, text, 0, start, start + length) for name, text, start, length in rows))
    )

    assert sum(speaker.share for speaker in found.speakers) == pytest.approx(1, abs=0.001) or not any(
        speaker.share for speaker in found.speakers
    )
    assert sum(speaker.turns for speaker in found.speakers) == len(rows)
    assert found.silence_s is None or found.silence_s >= 0
    json.dumps(asdict(found), allow_nan=False)


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("See https://example.com/a?b=1&c=2 and www.example.com/?q=x.", 0),
        ("Did you see https://example.com/a?b=1? And (https://example.com/?)", 2),
        ("Really?https://example.com/?a=1 Yes?!", 2),
    ],
)
def test_an_address_asks_nothing(text: str, questions: int):
    [speaker] = speaker_statistics(Meeting("", (Turn("Ana", text, 0),))).speakers

    assert speaker.questions == questions
