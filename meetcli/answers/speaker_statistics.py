"""Room of the answers: who spoke how much, counted from the turns. Pure; asks no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from meetcli.answers.folding import without_tags
from meetcli.models import Meeting, Turn

_QUESTION = re.compile(r"(?i:https?://|www\.)[!-~]*[A-Za-z0-9]|([?？؟][?？؟!\s]*)")
"""An address holds its own mark; one behind its last letter or digit asks."""


@dataclass(frozen=True, slots=True)
class SpeakerStatistics:
    """One speaker's part.

    `share` is of all talk, 0 to 1; `name` is as in the transcript, None where turns have no speaker.

    A word is what stands between spaces and has a letter or a digit; a question is a question mark, several in a row
    being one.
    """

    name: str | None
    turns: int
    words: int
    share: float
    questions: int
    longest_turn_words: int


@dataclass(frozen=True, slots=True)
class MeetingStatistics:
    """All speakers in the order in which they first speak.

    `share_by` says what shares are of: speaking time where every turn has a start and an end, else words. `silence_s`
    is the time between the first start and the last end in which nobody speaks, None without times.
    """

    share_by: Literal["time", "words"]
    silence_s: float | None
    speakers: tuple[SpeakerStatistics, ...]


def speaker_statistics(meeting: Meeting) -> MeetingStatistics:
    """Count turns, words, questions, shares of talk and silence of `meeting`."""
    by_speaker: dict[str | None, list[Turn]] = {}
    for turn in meeting.turns:
        by_speaker.setdefault(turn.speaker, []).append(turn)
    spans = _spans(meeting.turns)
    is_timed = spans is not None and any(end > start for start, end in spans)
    words = {name: [_count_words(turn.text) for turn in turns] for name, turns in by_speaker.items()}
    talk = {
        name: sum(end - start for start, end in _spans(turns) or ()) if is_timed else sum(words[name])
        for name, turns in by_speaker.items()
    }
    total = sum(talk.values())
    speakers = tuple(
        SpeakerStatistics(
            name=name,
            turns=len(turns),
            words=sum(words[name]),
            share=round(talk[name] / total, 4) if total else 0.0,
            questions=sum(bool(mark) for turn in turns for mark in _QUESTION.findall(turn.text)),
            longest_turn_words=max(words[name]),
        )
        for name, turns in by_speaker.items()
    )
    return MeetingStatistics("time" if is_timed else "words", _silence(spans) if spans else None, speakers)


def _spans(turns: Sequence[Turn]) -> list[tuple[float, float]] | None:
    """Return (start, end) of each turn, or None where one has no times or ends before it starts."""
    spans = [(turn.start_s, turn.end_s) for turn in turns if turn.start_s is not None and turn.end_s is not None]
    return spans if len(spans) == len(turns) and all(start <= end for start, end in spans) else None


def _silence(spans: Sequence[tuple[float, float]]) -> float:
    """Return the seconds that no span covers; spans may overlap and stand in any order."""
    ordered = sorted(spans)
    silence, heard = 0.0, ordered[0][0]
    for start, end in ordered:
        silence += max(0.0, start - heard)
        heard = max(heard, end)
    return round(silence, 3)


def _count_words(text: str) -> int:
    return sum(any(char.isalnum() for char in word) for word in without_tags(text).split())
