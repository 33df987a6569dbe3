"""Cuts a meeting that no window holds into chunks at turns. Pure: same in, same chunks out.

Where a chunk ends is said by what stands there, never by a count from the start, so that an edit moves only its neighbors. Where the
starts of an earlier cut are known they stay: two cuts that need not differ do not, and what was bought for a chunk is found again.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from meetcli.models import Meeting, Turn
from meetcli.normalize import cut_stretches

_SENTENCE_END = re.compile(r"(?<=[.!?…;])\s+|\n+")
_TELLING_CHARACTERS = 40
"""A shorter turn ("Yes, okay.") comes again, and says nothing about where it stands."""


class Chunk(NamedTuple):
    """A stretch of a meeting as a meeting of its own.

    It begins with an overlap of what was said just before, so that nothing is read without its context. `first_turn` and `last_turn` are
    the meeting's turns in it, 1-based, overlap included; `start` names where it starts without it.
    """

    meeting: Meeting
    first_turn: int
    last_turn: int
    start: str


class _Unit(NamedTuple):
    """What is never cut: a turn with its label, or a sentence of one that is too long. `turn` counts from 0."""

    begin: int
    end: int
    turn: int
    tokens: int
    name: str


def split(meeting: Meeting, most_tokens: int, count: Callable[[str], int], known_starts: Sequence[str] = ()) -> list[Chunk]:
    """Return the chunks of a meeting, in order, each of at most `most_tokens`; together they hold every turn.

    `known_starts` are the starts of an earlier cut of the same meeting, in order.
    """
    core, overlap = most_tokens * 3 // 4, most_tokens // 8
    units = list(_units(meeting, max(1, overlap), count))
    names = Counter(unit.name for unit in units)
    borders = [0, *_known_borders(units, known_starts)]
    chunks = []
    for first, after in zip(borders, [*borders[1:], len(units)], strict=True):
        for begin, end in _cut(units, first, after, core, names):
            chunks.append(_chunk(meeting, units, _overlap_start(units, begin, overlap), begin, end))
    return chunks


def _known_borders(units: Sequence[_Unit], known_starts: Sequence[str]) -> list[int]:
    """Return where chunks started that start there still, in order.

    What is said once is known by itself; what is said again elsewhere, as after an edit, by the starts before and after it.
    """
    places: dict[str, list[int]] = {}
    for place, unit in enumerate(units):
        places.setdefault(unit.name, []).append(place)
    found = [places.get(name, []) for name in known_starts]
    sure = [found_at[0] if len(found_at) == 1 else None for found_at in found]
    borders = set(sure)
    for number, several in enumerate(found):
        if len(several) > 1:
            before = next((place for place in reversed(sure[:number]) if place is not None), 0)
            after = next((place for place in sure[number + 1 :] if place is not None), len(units))
            between = [place for place in several if before < place < after]
            borders |= set(between) if len(between) == 1 else set()
    return sorted(place for place in borders if place)


def _cut(units: Sequence[_Unit], first: int, after: int, most: int, names: Counter[str]) -> Iterator[tuple[int, int]]:
    """Yield (first, after the last) of each chunk between two borders."""
    while (left := sum(unit.tokens for unit in units[first:after])) > most:
        held, candidates = units[first].tokens, []
        place = first + 1
        while held + units[place].tokens <= most:
            if held * 2 >= most:
                candidates.append(place)
            held += units[place].tokens
            place += 1
        candidates.append(place)
        if left <= 2 * most:  # two chunks are enough for the rest: an edit that takes a border away costs no third
            candidates = [place for place in candidates if sum(unit.tokens for unit in units[place:after]) <= most] or candidates
        # The least digest among the telling ones: a choice that depends on nothing but what stands there.
        cut = min(
            candidates, key=lambda at: (names[units[at].name] > 1 or units[at].end - units[at].begin < _TELLING_CHARACTERS, units[at].name)
        )
        yield first, cut
        first = cut
    yield first, after


def _overlap_start(units: Sequence[_Unit], begin: int, most: int) -> int:
    held = 0
    while begin and held + units[begin - 1].tokens <= most:
        begin -= 1
        held += units[begin].tokens
    return begin


def _units(meeting: Meeting, most: int, count: Callable[[str], int]) -> Iterator[_Unit]:
    text, turns = meeting.transcript, meeting.turns
    begins = [0, *(text.rfind("\n", 0, turn.offset) + 1 for turn in turns[1:]), len(text)]
    for number in range(len(turns)):
        for begin, end in _pieces(text, begins[number], begins[number + 1], most, count):
            said = text[begin:end]
            yield _Unit(begin, end, number, count(said), hashlib.sha256(said.strip().encode()).hexdigest()[:32])


def _pieces(text: str, begin: int, end: int, most: int, count: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """Yield the turn itself; its sentences where it is too long, and halves of those that still are."""
    if count(text[begin:end]) <= most or end - begin < 2:
        yield begin, end
        return
    cuts = [match.end() for match in _SENTENCE_END.finditer(text, begin, end) if begin < match.end() < end]
    if not cuts:
        middle = (begin + end) // 2
        space = text.rfind(" ", begin + 1, middle) + 1
        cuts = [space or middle]
    for piece_begin, piece_end in zip([begin, *cuts], [*cuts, end], strict=True):
        yield from _pieces(text, piece_begin, piece_end, most, count)


def _chunk(meeting: Meeting, units: Sequence[_Unit], first: int, core: int, after: int) -> Chunk:
    begin, end = units[first].begin, units[after - 1].end
    opening = meeting.turns[units[first].turn]
    label = f"{opening.speaker}: " if begin > opening.offset and opening.speaker else ""
    turns = []
    for turn in meeting.turns[units[first].turn : units[after - 1].turn + 1]:
        said_from, said_to = max(turn.offset, begin), min(turn.offset + len(turn.text), end)
        turns.append(Turn(turn.speaker, meeting.transcript[said_from:said_to], said_from - begin + len(label), turn.start_s, turn.end_s))
    part = meeting._replace(transcript=label + meeting.transcript[begin:end], turns=tuple(turns), stretches=cut_stretches(turns))
    return Chunk(part, units[first].turn + 1, units[after - 1].turn + 1, units[core].name)
