"""From lines of text to who said what: the labels a text really uses, and everything under each.

Every reader of text asks this: plain text, Markdown, the paragraphs of documents. It sees all lines before it decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from meetcli.meetings.stamps import length_of, starts_of
from meetcli.readers.fields import speaker_name
from meetcli.readers.heads import Head, front_matter, is_no_speech, read_head
from meetcli.readers.label_lines import label_of
from meetcli.readers.openings import Text, Way
from meetcli.readers.text_lines import escapes_off, numbers_off, pages_off, pairs_joined, told_once
from meetcli.readers.text_ways import DASHES, WAYS
from meetcli.readers.turns import Piece, join


class Spoken(NamedTuple):
    """What lines say.

    `turns` are in the order of the lines, `head` is what they name of the meeting, `left` the lines above the first
    speaker that are neither head nor speech of anybody known.

    `is_sure` says that it is a transcript although nobody said so: labels recur and alternate, or carry times;
    `is_enough` that it is one where somebody says so.
    """

    turns: Sequence[Piece]
    head: Head
    left: Sequence[str]
    is_sure: bool
    is_enough: bool


def spoken_lines(lines: Sequence[str]) -> Spoken | None:
    """Return who says what in lines or paragraphs; None where no line is anybody's."""
    front, start = front_matter(lines)
    lines = numbers_off(escapes_off(lines[start:]))
    lines = told_once(pairs_joined(pages_off(lines)))
    text = Text(lines, [label_of(line) for line in lines])
    for read in WAYS:
        way = read(text)
        if way is not None:
            head, left = _head(text, way)
            return Spoken(_turns(text, way), head.behind(front), left, way.is_sure, way.is_enough)
    return None


def _head(text: Text, way: Way) -> tuple[Head, list[str]]:
    above = [line for place, line in enumerate(text.lines[: way.openings[0].line]) if place not in way.drops]
    return read_head(above)


def _turns(text: Text, way: Way) -> list[Piece]:
    openings = way.openings
    dashed = sum(opening.text.startswith(DASHES) for opening in openings)
    starts = _of_first_recording(starts_of([opening.stamp for opening in openings], is_clock=way.is_clock))
    pieces = [
        Piece(
            _speaker(opening.speaker),
            said.lstrip("—– ") if dashed * 2 > len(openings) else said,
            start_s,
            _end(start_s, opening.stamp),
        )
        for opening, start_s, said in zip(openings, starts, _said(text, way), strict=True)
        if said
    ]
    if way.has_names:
        return pieces
    return join(pieces, is_ordered=True)


def _of_first_recording(starts: list[float | None]) -> list[float | None]:
    """Return times without those behind a clock that starts again, which would point into the first recording."""
    first: float | None = None
    latest = 0.0
    for number, start_s in enumerate(starts):
        if start_s is None:
            continue
        if first is not None and start_s <= first and start_s < latest:
            return [*starts[:number], *[None] * (len(starts) - number)]
        first = start_s if first is None else first
        latest = max(latest, start_s)
    return starts


def _speaker(name: str | None) -> str | None:
    """Return a label as it is written, None for what says that nobody knows: in text `A` is no number of a speaker."""
    return None if speaker_name(name) is None else " ".join((name or "").split())


def _end(start_s: float | None, stamp: str | None) -> float | None:
    length_s = None if start_s is None or stamp is None else length_of(stamp)
    return None if start_s is None or length_s is None else start_s + length_s


def _said(text: Text, way: Way) -> Iterator[str]:
    """Yield the words of each opening: those on its line and all below to the next."""
    ends = [*(opening.line for opening in way.openings[1:]), len(text.lines)]
    for opening, end in zip(way.openings, ends, strict=True):
        below = (
            text.lines[place].strip()
            for place in range(opening.line + 1, end)
            if place not in way.drops and not is_no_speech(text.lines[place])
        )
        yield "\n".join(filter(None, (opening.text, *below)))
