"""Where somebody begins to speak in a text, and what shows that it is speech at all. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from meetcli.meetings.normalize import speaker_names, words_of_name
from meetcli.meetings.stamps import rises, stamp_of
from meetcli.readers.heads import NO_PEOPLE
from meetcli.readers.label_lines import Label, Shape

MIN_TURNS = 4

_MIN_TIMED = 3

HOUR_S = 3600

_LONGEST_TURN = 6000
"""Characters: a quarter of an hour without anybody else is a talk."""

_LONGEST_ANSWER = 3000

_QUESTIONS = frozenset("q a p r question answer pergunta resposta pregunta respuesta audience".split())  # noqa: SIM905 - as above

_CODE_ENDS = (";", "{", "}", "(", "[", "=", "|", ",")


class Opening(NamedTuple):
    """Where somebody begins to speak, or goes on at a time that is given."""

    line: int
    speaker: str | None
    stamp: str | None
    text: str
    is_going_on: bool = False


class Text(NamedTuple):
    """The lines of a text without front matter, with what each may be."""

    lines: Sequence[str]
    labels: Sequence[Label | None]

    def of(self, *shapes: Shape) -> list[tuple[int, Label]]:
        """Return the labels of these shapes, each with the place of its line."""
        return [(place, label) for place, label in enumerate(self.labels) if label and label.shape in shapes]


class Way(NamedTuple):
    """One way to read a text. `drops` are the lines that are neither label nor speech."""

    openings: list[Opening]
    is_sure: bool
    is_enough: bool = True
    is_clock: bool = False
    has_names: bool = True
    drops: frozenset[int] = frozenset()


def is_paragraph(text: Text, place: int) -> bool:
    """Say whether a line begins a paragraph."""
    return place == 0 or not text.lines[place - 1].strip()


def looks_like_name(name: str) -> bool:
    """Say whether a label may be somebody's name, seen alone."""
    words = words_of_name(name)
    return bool(words) and speaker_names({name: 1}, lambda: False)[name] is not None


def share_opened(text: Text, openings: Sequence[Opening]) -> float:
    """Return the share of openings among all paragraphs where most begin one, else among all lines."""
    begun = sum(is_paragraph(text, opening.line) for opening in openings)
    is_by_paragraphs = begun * 2 > len(openings)
    blocks = sum(
        bool(line.strip()) and (not is_by_paragraphs or is_paragraph(text, place))
        for place, line in enumerate(text.lines)
    )
    return len(openings) / max(1, blocks)


def do_alternate(openings: Sequence[Opening]) -> bool:
    """Say whether two speakers at least come back after others."""
    runs = Counter(speaker for speaker, _ in groupby(opening.speaker for opening in openings))
    return sum(count > 1 for count in runs.values()) > 1


def is_timed(openings: Sequence[Opening]) -> bool:
    """Say whether most labels carry times, which rise."""
    times = [stamp.seconds for opening in openings if opening.stamp and (stamp := stamp_of(opening.stamp))]
    return len(times) > 1 and len(times) * 5 >= len(openings) * 4 and rises(times)


def shows_itself(text: Text, openings: Sequence[Opening]) -> bool:
    """Say whether labels with a colon are those of a transcript: they come back in turn, or carry times of one."""
    firsts = [opening for opening in openings if not opening.is_going_on]
    if len(firsts) < _MIN_TIMED:
        return False
    counts = Counter(opening.speaker for opening in firsts)
    stamp = stamp_of(firsts[0].stamp or "")
    if stamp is not None and stamp.seconds < HOUR_S and is_timed(firsts) and 1 < len(counts) < len(firsts):
        return True
    if len(firsts) < MIN_TURNS or not _is_spread(text, firsts):
        return False
    return _is_monologue(text, firsts) or (do_alternate(firsts) and is_speech(text, firsts))


def _is_monologue(text: Text, openings: Sequence[Opening]) -> bool:
    """Say whether one person with a whole name has most of what is said, from the first line on, in bold each time:
    what somebody edits who writes others down too.
    """
    name, count = Counter(opening.speaker or "" for opening in openings).most_common(1)[0]
    first = next((place for place, line in enumerate(text.lines) if line.strip()), 0)
    return (
        count >= MIN_TURNS
        and count * 2 >= len(openings)
        and len(name.split()) > 1
        and looks_like_name(name)
        and (openings[0].line, openings[0].speaker) == (first, name)
        and all(
            (label := text.labels[opening.line]) is not None and label.is_bold
            for opening in openings
            if opening.speaker == name
        )
    )


def _is_spread(text: Text, openings: Sequence[Opening]) -> bool:
    """Say whether labels stand all over a text, not in one corner of it.

    In one corner they are questions behind a talk, or an example in a manual.
    """
    sizes = [len(line) + 1 for line in text.lines]
    ends = [*(opening.line for opening in openings), len(sizes)]
    total = sum(sizes)
    above = sum(sizes[: ends[0]])
    gaps = [sum(sizes[start:end]) for start, end in pairwise(ends)]
    return above * 3 <= total and max(gaps) * 2 <= total and (total - above) <= len(openings) * _LONGEST_TURN


def is_speech(text: Text, openings: Sequence[Opening]) -> bool:
    """Say whether what stands behind labels reads as speech: sentences, not values, definitions or code."""
    ends = [*(opening.line for opening in openings[1:]), len(text.lines)]
    sentences = code = longest = 0
    for opening, end in zip(openings, ends, strict=True):
        lines = [opening.text, *(text.lines[place].strip() for place in range(opening.line + 1, end))]
        last = next((line for line in reversed(lines) if line), "")
        longest = max(longest, sum(map(len, lines)))
        sentences += last.rstrip("\"'”’»)*_]").endswith((".", "?", "!", "…", "-", "–", "—"))
        code += last.endswith(_CODE_ENDS)
    names = {opening.speaker or "" for opening in openings}
    people = {name for name in names if looks_like_name(name) and name.lower() not in NO_PEOPLE}
    if longest > _LONGEST_ANSWER:  # a talk with questions behind it
        people = {name for name in people if name.lower() not in _QUESTIONS}
    said = sum(opening.speaker in people for opening in openings)
    return sentences * 2 >= len(openings) and code * 4 <= len(openings) and said * 10 >= len(openings) * 8
