"""A doubt is a measure past its bound, and what people really hold seldom has one."""

from __future__ import annotations

import pytest

from meetcli.meetings.doubts import doubts_of
from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome, Turn
from meetcli.readers import Transcript
from tests.conftest import PROJECT
from tests.readers.formats_seen import found_in


def turns(*said):
    """Turns of (speaker, words, start)."""
    return [Turn(speaker, " ".join(["word"] * words), 0, start) for speaker, words, start in said]


def names_of(*said):
    return [doubt.name for doubt in doubts_of(turns(*said))]


TALK = [("Ana", 40, 0.0), ("Rui", 30, 10.0)] * 10


@pytest.mark.parametrize(
    ("said", "doubts"),
    [
        ([], []),
        ([(who, words, None) for who, words, _ in TALK], []),
        ([("Ana", 950, None), ("Rui", 50, None)], ["one_speaker"]),
        ([("Ana", 940, None), ("Rui", 60, None)], []),
        ([("Ana", 95, None), ("Rui", 5, None)], []),  # a greeting says nothing
        ([("Ana", 2000, None)], []),  # a talk has one speaker
        ([("Ana", 9, None), (None, 9, None), ("Rui", 9, None)] * 3, ["unlabeled"]),
        ([("Ana", 9, None), ("Rui", 9, None)] * 4 + [(None, 9, None)] * 3, []),
        ([(None, 9, None)] * 20, []),  # captions without names have none anywhere
        ([(name, 9, None) for name in "abcd"], ["heard_once"]),
        ([(name, 9, None) for name in "abc"], []),
        ([("a", 9, None), ("b", 9, None)] * 2 + [("c", 9, None)], []),
        ([("a", 9, 0.0), ("b", 9, 60.0), ("a", 9, 3.0), ("b", 9, 70.0)], ["backwards"]),
        ([("a", 9, 0.0), ("b", 9, 60.0), ("a", 9, 57.0), ("b", 9, None), ("b", 9, 70.0)], []),  # both at once
    ],
)
def test_each_measure_has_its_bound(said, doubts):
    assert names_of(*said) == doubts


def test_a_doubt_says_its_number():
    [doubt] = doubts_of(turns(("Ana", 19_999, None), ("Rui", 1, None)))
    assert (doubt.measure, doubt.says) == (1.0, "one of 2 speakers has 99% of the words")
    [doubt] = doubts_of(turns(("Ana", 9, 9.0), ("Rui", 9, 1.0)))
    assert (doubt.measure, doubt.says) == (1, "times run backwards once")


def doubted(folder, suffixes):
    """The share of the meetings in a folder that have any doubt."""
    meetings = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in suffixes):
        found = [one for one in found_in(path, is_named=False) if not isinstance(one, Outcome)]
        meetings += [normalize(one.mapping) for one in found if isinstance(one, Transcript)]
    assert len(meetings) > 10
    return sum(bool(doubts_of(meeting.turns)) for meeting in meetings) / len(meetings)


def test_no_sample_has_a_doubt():
    assert doubted(PROJECT / "samples" / "meetings", {".json", ".jsonl"}) == 0


@pytest.mark.shared
def test_few_real_meetings_have_a_doubt(shared_data):
    assert doubted(shared_data / "transcripts", {".json"}) < 0.03
    assert doubted(shared_data / "formats", {".json", ".vtt", ".srt", ".txt"}) < 0.03
