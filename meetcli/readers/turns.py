"""From the pieces a format has (words, cues, segments, utterances) to turns, in the order of time.

A turn is what one speaker said in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from meetcli.readers.format import Found

_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’»)\]]*\Z")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.?!…。？！])\s+")
_MARK = re.compile(r"[.,?!…。，、？！]")
_PAUSE_S = 2.0
_INTERJECTION_S = 10.0
_OVERLAP_S = 30.0
"""Nobody speaks longer over others' words: what is earlier by more is no overlap. It is a new start by less where the
next one is earlier too.
"""
_MANY_CHARACTERS = 500
_FEW = 10
"""One in so many is few: of the pieces that go on with the one before, and of those with a punctuation mark."""
_WORDS = 3
"""Pieces of fewer words on average are words or scraps, never turns."""


class Piece(NamedTuple):
    """Something said. `speaker` None means that nobody knows who, times in seconds."""

    speaker: str | None
    text: str
    start_s: float | None = None
    end_s: float | None = None


def meeting(
    pieces: Iterable[Piece],
    metadata: Mapping[str, Any] | None = None,
    *,
    delimiter: str = " ",
    is_ordered: bool = False,
) -> list[Found]:
    """Return the one meeting of a document, its pieces joined to turns; with `is_ordered` in the order given."""
    return [(None, as_mapping(join(pieces, delimiter=delimiter, is_ordered=is_ordered), metadata))]


def utterances(pieces: Iterable[Piece], *, is_ordered: bool = False) -> list[Found]:
    """Return the one meeting of a document whose pieces may be turns already: cues, segments, utterances.

    Somebody who wrote a transcript down has them whole, a recorder cuts them wherever it likes. What was cut is joined;
    what was not stays as it was given, since a speaker may well take two turns in a row. With `is_ordered` they are in
    order already, whatever their times say.
    """
    said = [piece for piece in (pieces if is_ordered else in_time_order(pieces)) if piece.text.strip()]
    return [(None, as_mapping(said if _are_turns(said) else join(said, is_ordered=is_ordered)))]


def as_mapping(turns: Iterable[Piece], metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what `normalize` takes, with the turns as they stand."""
    return {
        "turns": [
            {"speaker": turn.speaker, "text": turn.text, "start_s": turn.start_s, "end_s": turn.end_s} for turn in turns
        ],
        "metadata": dict(metadata or {}),
    }


def join(
    pieces: Iterable[Piece], *, delimiter: str = " ", is_split: bool = False, is_ordered: bool = False
) -> list[Piece]:
    """Return pieces in the order of their starts, those that follow one another in one go joined.

    Where the speaker is unknown nobody can tell a turn's end, so one ends with a sentence, a pause, or when it gets
    long; with `is_split` so do those of known speakers, for channels that have yet to be interleaved. With `is_ordered`
    they are in order already.
    """
    turns: list[Piece] = []
    texts: list[str] = []
    speaker: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    size = 0
    for piece in pieces if is_ordered else in_time_order(pieces):
        text = " ".join(piece.text.split())
        if not text:
            continue
        if (
            texts
            and speaker == piece.speaker
            and ((not is_split and speaker is not None) or not _is_break(texts[-1], size, end_s, piece.start_s))
        ):
            texts.append(text)
            size += len(text)
            start_s = piece.start_s if start_s is None else start_s
            end_s = _later(end_s, piece.end_s)
            continue
        if texts:
            turns.append(Piece(speaker, delimiter.join(texts), start_s, end_s))
        speaker, _, start_s, end_s = piece
        texts, size = [text], len(text)
    if texts:
        turns.append(Piece(speaker, delimiter.join(texts), start_s, end_s))
    return turns


def in_time_order(pieces: Iterable[Piece]) -> list[Piece]:
    """Sort by start, stably; what has no time stays behind what it followed."""
    found = list(pieces)
    starts: list[float] = []
    at = latest = 0.0
    is_sorted = True
    for piece in found:
        at = at if piece.start_s is None else piece.start_s
        is_sorted = is_sorted and at >= latest
        latest = at
        starts.append(at)
    return found if is_sorted else [found[place] for place in sorted(range(len(found)), key=starts.__getitem__)]


def in_recorded_order(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces of captions, or of text with times, in the order they were said.

    Speech of several people overlaps by some seconds, so that a file may give it out of order; that is sorted. A clock
    that starts again is that of another recording: nothing is moved across, and what follows has no times, since those
    would point into the first one. A single time that fits neither neighbor is a slip and moves nothing. Captions of
    nobody known stay as they stand: who could overlap?
    """
    found = list(pieces)
    starts = [piece.start_s for piece in found if piece.start_s is not None]
    if all(one <= other for one, other in pairwise(starts)):
        return found
    is_known = any(piece.speaker is not None for piece in found)
    parts = [
        [found[place] for place in (sorted(part, key=part.__getitem__) if is_known else part)]
        for part in _recordings(found)
    ]
    return [*parts[0], *(piece._replace(start_s=None, end_s=None) for part in parts[1:] for piece in part)]


def _recordings(pieces: Sequence[Piece]) -> list[dict[int, float]]:
    """Return the places of the pieces of each recording with the time each is sorted by: its own, or that of the one
    before where it is a slip.
    """
    times = [piece.start_s for piece in pieces]
    parts: list[dict[int, float]] = [{}]
    latest = last = 0.0
    for place, time in enumerate(times):
        after = next((other for other in times[place + 1 : place + 20] if other is not None and other != time), None)
        if time is None or _is_slip(last, time, after):
            time = last
        elif time < latest - (_OVERLAP_S if after is None or after >= latest else _INTERJECTION_S):
            parts.append({})
            latest = time
        latest, last = max(latest, time), time
        parts[-1][place] = time
    return parts


def _is_slip(before: float, time: float, after: float | None) -> bool:
    """Say whether a time fits neither of its neighbors, which follow one another."""
    if after is None:
        return False
    is_far = not before - _OVERLAP_S <= time <= after + _OVERLAP_S
    return is_far and before <= after


def sentences(text: str) -> Iterator[Piece]:
    """Yield the sentences of a text of which neither speakers nor times are known."""
    return (Piece(None, sentence) for sentence in _BETWEEN_SENTENCES.split(text))


def glued(words: Iterable[tuple[Piece, bool]]) -> list[Piece]:
    """Return words with each that is marked as attached (punctuation) put to the end of the one before it."""
    found: list[Piece] = []
    for word, is_attached in words:
        if is_attached and found:
            last = found[-1]
            found[-1] = last._replace(text=last.text + word.text, end_s=_later(last.end_s, word.end_s))
        else:
            found.append(word)
    return found


class SpeakerTimes:
    """Who speaks when, for formats that keep it apart from the words: spans in any order."""

    def __init__(self, spans: Iterable[tuple[float | None, str | None]]) -> None:
        self._spans: Sequence[tuple[float, str | None]] = sorted(
            ((start, speaker) for start, speaker in spans if start is not None), key=lambda span: span[0]
        )

    def at(self, start_s: float | None) -> str | None:
        """Return who had begun last at that time."""
        from bisect import bisect_right

        if start_s is None:
            return None
        place = bisect_right(self._spans, start_s, key=lambda span: span[0])
        return self._spans[place - 1][1] if place else None


def _are_turns(pieces: Sequence[Piece]) -> bool:
    """Say whether pieces are turns as they stand.

    They are where few go on with the one before, or where nothing is punctuated, so that nobody can tell.
    """
    if sum(_goes_on(one, other) for one, other in pairwise(pieces)) * _FEW <= len(pieces):
        return True
    is_punctuated = sum(bool(_MARK.search(piece.text)) for piece in pieces) * _FEW > len(pieces)
    return not is_punctuated and sum(len(piece.text.split()) for piece in pieces) >= _WORDS * len(pieces)


def _goes_on(one: Piece, other: Piece) -> bool:
    """Say whether a piece may belong to the turn of the one before it: of nobody known, where it goes on in the midst
    of a sentence.
    """
    if one.speaker != other.speaker:
        return False
    opening = other.text.lstrip()[:1]
    return one.speaker is not None or (
        opening.isalpha() and not opening.isupper() and not _SENTENCE_END.search(one.text.rstrip())
    )


def _is_break(text: str, size: int, end_s: float | None, start_s: float | None) -> bool:
    if size >= _MANY_CHARACTERS or _SENTENCE_END.search(text):
        return True
    return end_s is not None and start_s is not None and start_s - end_s >= _PAUSE_S


def _later(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
