"""Cuts a meeting that no window holds into chunks at turns. Pure: same in, same chunks out.

A boundary depends only on the text around it, never on a count from the start, so that an edit moves only the
boundaries beside it. Where an earlier cut is known, each of its chunks whose text still stands there is left alone, and
what was bought for it is found again. What lies between such chunks is cut into as few chunks as hold it. A chunk that
is cut for the first time has room to grow. So an edit of one turn makes three new chunks at most, whatever it repeats:
its own, which may become two, and the next, which begins with an overlap of it.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from meetcli.meetings.normalize import cut_stretches
from meetcli.models import Meeting, Turn

_SENTENCE_END = re.compile(r"(?<=[.!?…;])\s+|\n+")
_ANCHOR = re.compile(r"([0-9a-f]{32}):([0-9]{1,9}):([0-9a-f]{32})")
_WORD_START = re.compile(r"(?<=\s)\S")
_TELLING_CHARACTERS = 40
"""A shorter turn ("Yes, okay.") comes again, and says nothing about where it stands."""
_LOOK_AHEAD = 24
"""How many characters after a place say whether speech without sentences is cut there."""
_FAR = 32
"""How many words on either side of a place it is compared with."""
_FEW = 3
"""So many chunks are placed together. More are cut one by one, each by what stands near its end alone."""


class Chunk(NamedTuple):
    """A stretch of a meeting as a meeting of its own.

    It begins with an overlap of what was said just before, so that nothing is read without its context. `first_turn`
    and `last_turn` are the meeting's turns in it, 1-based, overlap included; `anchor` is one word by which another cut
    knows it again.
    """

    meeting: Meeting
    first_turn: int
    last_turn: int
    anchor: str


class _Unit(NamedTuple):
    """What is never cut: a turn with its label, or a sentence of one that is too long. `turn` counts from 0."""

    begin: int
    end: int
    turn: int
    tokens: int
    name: str


class _Anchor(NamedTuple):
    """How a chunk of an earlier cut is found again.

    `start` is the name of the unit where it starts, overlap aside; `units` is how many it has; `digest` is that of its
    text.
    """

    start: str
    units: int
    digest: str


def split(
    meeting: Meeting, most_tokens: int, count: Callable[[str], int], known: Sequence[str] = (), *, spare: int = 0
) -> list[Chunk]:
    """Return the chunks of a meeting, in order, each of at most `most_tokens`; together they hold every turn.

    `known` are the anchors of an earlier cut of the same meeting, in order. `spare` tokens of each chunk's stay free as
    it grows.
    """
    cut = _Cut(meeting, most_tokens, count, [_read(anchor) for anchor in known], spare)
    return [cut.chunk(span) for span in cut.spans()]


def _read(anchor: str) -> _Anchor:
    """Return an anchor as it was kept.

    An earlier version kept the start alone. No chunk is found again by that, but it says where to cut again.
    """
    whole = _ANCHOR.fullmatch(anchor)
    return _Anchor(whole[1], int(whole[2]), whole[3]) if whole else _Anchor(anchor, 0, "")


_Span = tuple[int, int]
"""The units of a chunk, overlap aside: the first, and the one after the last."""


class _Cut:
    """One meeting while it is cut."""

    def __init__(
        self, meeting: Meeting, most_tokens: int, count: Callable[[str], int], known: Sequence[_Anchor], spare: int
    ) -> None:
        self._meeting = meeting
        self._known = known
        self._known_starts = {anchor.start for anchor in known}
        self._overlap = most_tokens // 8
        self._usual = most_tokens * 3 // 4
        name = most_tokens // 24  # of whoever goes on speaking
        self._most = max(self._usual, most_tokens - self._overlap - name - spare)
        self._units = list(_units(meeting, max(1, self._overlap), count))
        self._before = [0, *accumulate(unit.tokens for unit in self._units)]
        self._names = Counter(unit.name for unit in self._units)

    def spans(self) -> list[_Span]:
        """Return where the chunks are, in order."""
        spans: list[_Span] = []
        kept = deque(self._kept())
        place = 0
        while place < len(self._units):
            if kept and kept[0][0] == place:
                spans.append(kept.popleft())
            else:
                begin, end = place, kept[0][0] if kept else len(self._units)
                if (
                    self._tokens(begin, end) * 2 < self._usual
                ):  # so little is a chunk of its own only where no neighbor has room for it
                    if spans and self._tokens(spans[-1][0], end) <= self._most:
                        begin = spans.pop()[0]
                    elif kept and self._tokens(begin, kept[0][1]) <= self._most:
                        end = kept.popleft()[1]
                spans += self._cut(begin, end)
            place = spans[-1][1]
        return spans

    def _kept(self) -> list[_Span]:
        """Return the chunks of the earlier cut that stand there still, with the same overlap, in order.

        From the start up to the first that changed and from the end up to the last: there a chunk that comes again
        cannot be taken for another. Between them, those that start with what is said once come first, and the rest
        wherever there is one.
        """
        left = deque(self._known)
        front: list[_Span] = []
        back: list[_Span] = []
        place, until = 0, len(self._units)
        while left and (span := self._found(left[0], place, until)):
            front.append(span)
            place = span[1]
            left.popleft()
        while left and (span := self._found(left[-1], until - left[-1].units, until)) and span[0] >= place:
            back.append(span)
            until = span[0]
            left.pop()
        return [*front, *self._kept_between(left, place, until), *reversed(back)]

    def _kept_between(self, anchors: Collection[_Anchor], place: int, until: int) -> Iterator[_Span]:
        places: dict[str, list[int]] = {}
        for number in range(place, until) if anchors else ():
            places.setdefault(self._units[number].name, []).append(number)
        once = [places[anchor.start][0] if len(places.get(anchor.start, ())) == 1 else None for anchor in anchors]
        sure = [
            span
            for anchor, start in zip(anchors, once, strict=True)
            if start is not None and (span := self._found(anchor, start, until))
        ]
        ahead = deque([*_longest_in_order(sure), (until, until)])
        for anchor, start in zip(anchors, once, strict=True):
            if start == ahead[0][0]:
                span = ahead.popleft()
            else:
                starts = places.get(anchor.start, [])
                found = (self._found(anchor, start, ahead[0][0]) for start in starts[bisect_left(starts, place) :])
                span = next(filter(None, found), (0, 0))
            if span[1]:
                yield span
                place = span[1]

    def _found(self, anchor: _Anchor, place: int, until: int) -> _Span | None:
        span = place, place + anchor.units
        is_there = anchor.units and place >= 0 and span[1] <= until and self._units[place].name == anchor.start
        return span if is_there and self._tokens(*span) <= self._most and self._digest(span) == anchor.digest else None

    def _cut(self, first: int, after: int) -> Iterator[_Span]:
        """Yield what a stretch is cut into."""
        while self._tokens(first, after) > self._most and after - first > 1:
            few = self._fewest(first, after, self._most)
            if few > _FEW:
                half = bisect_left(self._before, self._before[first] + self._usual / 2)
                last = self._reach(first, self._usual)
                # The least digest among the telling ones: a choice that depends on nothing but what stands there.
                cut = min(
                    range(min(half, last), last + 1),
                    key=lambda place: (not self._is_known_start(place), *self._telling(place)),
                )
            else:
                last = min(self._reach(first, self._most), after - 1)
                places = [place for place in range(first + 1, last + 1) if self._fewest(place, after, self._most) < few]
                cut = min(places, key=lambda place: self._evenness(first, place, after, few) + self._telling(place))
            yield first, cut
            first = cut
        yield first, after

    def _evenness(self, first: int, place: int, after: int, few: int) -> tuple[bool, bool, bool]:
        """Return what speaks against a place that cuts a stretch into few chunks.

        First that one chunk is much smaller, then that nothing was cut here before, then that one has less room to grow
        than all might have.
        """
        one, rest = self._tokens(first, place), self._tokens(place, after) / (few - 1)
        is_crowded = one > self._usual or self._fewest(place, after, self._usual) >= few
        return min(one, rest) * 2 * few < one + rest * (few - 1), not self._is_known_start(place), is_crowded

    def _telling(self, place: int) -> tuple[bool, str]:
        unit = self._units[place]
        return self._names[unit.name] > 1 or unit.end - unit.begin < _TELLING_CHARACTERS, unit.name

    def _is_known_start(self, place: int) -> bool:
        name = self._units[place].name
        return name in self._known_starts and self._names[name] == 1

    def _tokens(self, first: int, after: int) -> int:
        return self._before[after] - self._before[first]

    def _reach(self, first: int, most: int) -> int:
        """Return the place up to which so many tokens go; one unit at least."""
        return max(first + 1, bisect_right(self._before, self._before[first] + most) - 1)

    def _fewest(self, first: int, after: int, most: int) -> int:
        """Return how many chunks of so many tokens hold a stretch, counted no further than it matters."""
        chunks = 0
        while first < after and chunks <= _FEW:
            first = self._reach(first, most)
            chunks += 1
        return chunks

    def _overlap_start(self, first: int) -> int:
        return min(first, bisect_left(self._before, self._before[first] - self._overlap))

    def _text(self, span: _Span) -> tuple[str, int]:
        """Return a chunk's text, and where its own words begin: after the name of whoever was speaking already."""
        opening = self._units[self._overlap_start(span[0])]
        turn = self._meeting.turns[opening.turn]
        label = f"{turn.speaker}: " if opening.begin > turn.offset and turn.speaker else ""
        return label + self._meeting.transcript[opening.begin : self._units[span[1] - 1].end], len(label)

    def _digest(self, span: _Span) -> str:
        return text_digest(self._text(span)[0])

    def chunk(self, span: _Span) -> Chunk:
        """Return the chunk that a span is."""
        opening, closing = self._units[self._overlap_start(span[0])], self._units[span[1] - 1]
        text, labeled = self._text(span)
        turns = []
        for turn in self._meeting.turns[opening.turn : closing.turn + 1]:
            begin, end = max(turn.offset, opening.begin), min(turn.offset + len(turn.text), closing.end)
            said = self._meeting.transcript[begin:end]
            turns.append(Turn(turn.speaker, said, begin - opening.begin + labeled, turn.start_s, turn.end_s))
        part = self._meeting._replace(transcript=text, turns=tuple(turns), stretches=cut_stretches(turns))
        anchor = f"{self._units[span[0]].name}:{span[1] - span[0]}:{text_digest(text)}"
        return Chunk(part, opening.turn + 1, closing.turn + 1, anchor)


def _longest_in_order(spans: Sequence[_Span]) -> list[_Span]:
    """Return the most spans that follow one another in order.

    So a stretch that was moved is put aside, not all that it was moved past.
    """
    chains: list[list[_Span]] = [[]]
    for span in spans:
        chains.append([*max((chain for chain in chains if not chain or chain[-1][1] <= span[0]), key=len), span])
    return max(chains, key=len)


# Units


def _units(meeting: Meeting, most: int, count: Callable[[str], int]) -> Iterator[_Unit]:
    text, turns = meeting.transcript, meeting.turns
    begins = [0, *(text.rfind("\n", 0, turn.offset) + 1 for turn in turns[1:]), len(text)]
    for number in range(len(turns)):
        for begin, end in _pieces(text, begins[number], begins[number + 1], most, count):
            said = text[begin:end]
            yield _Unit(begin, end, number, count(said), text_digest(said.strip()))


def _pieces(text: str, begin: int, end: int, most: int, count: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """Yield the turn itself, its sentences where it is too long, and pieces of those that still are."""
    if count(text[begin:end]) <= most or end - begin < 2:
        yield begin, end
        return
    cuts = [match.end() for match in _SENTENCE_END.finditer(text, begin, end) if begin < match.end() < end]
    cuts = cuts or _cuts_without_sentences(text, begin, end)
    for piece_begin, piece_end in zip([begin, *cuts], [*cuts, end], strict=True):
        yield from _pieces(text, piece_begin, piece_end, most, count)


def _cuts_without_sentences(text: str, begin: int, end: int) -> list[int]:
    """Return where speech without punctuation is cut.

    Before each word whose digest is the least of those around it, so that an edit moves no other cut.
    """
    places = [match.start() for match in _WORD_START.finditer(text, begin + 1, end)] or list(range(begin + 1, end))
    digests = [text_digest(text[place : min(place + _LOOK_AHEAD, end)]) for place in places]
    found = []
    for number in range(_FAR, len(places) - _FAR):
        here = digests[number]
        if here < min(digests[number - _FAR : number]) and here <= min(digests[number + 1 : number + 1 + _FAR]):
            found.append(places[number])
    third = len(places) // 3
    return found or [places[min(range(third, len(places) - third), key=digests.__getitem__)]]


def text_digest(text: str) -> str:
    """Return what a text is known and ordered by; of any text, also one that is no Unicode."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
