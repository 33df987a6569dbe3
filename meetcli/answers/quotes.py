"""Room of the answers: read a quote as a model gives it.

Pure; knows who speaks in the meeting, and not what is said in it.

A quote may name its speakers, leave words out with an ellipsis, and carry the times that stand beside turns.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from meetcli.answers.folding import AGREEING, Folded, fold, without_tags
from meetcli.answers.signs import Sign, signs_beside_numbers

MAX_PARTS = 20  # beyond that nobody quotes, and each part is looked for at every place of the first
MIN_PART_WORDS = 2  # a part of one word is found in any long turn

_ELLIPSIS = re.compile(r"[\[(]\s*(?:\.{2,}|…)\s*[\])]|\.{3,}|…|\.(?: \.){2,}")
# what follows a name that is a label, as in "Ana (Banco X.):" or "**Ana**:"
_COLON = re.compile(r"[\s).\]*\"”’]{0,8}:")
# a time beside a speaker's label; it is no part of any turn
_STAMP = re.compile(
    r"[\[(]\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,3})?)?[\])]|^\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,3})?)?(?=\s)", re.MULTILINE
)
_SENTENCE = re.compile(r"[^.!?…]+")
_AROUND = " \t\r\n\"'“”‘’«»„*_"


@dataclass(frozen=True, slots=True)
class Label:
    """A speaker's name before a colon in a quote: where it stands there, and whose words follow."""

    start: int
    end: int
    speaker: str


@dataclass(frozen=True, slots=True)
class Aside:
    """Fillers of a quote that must be said where it is found, and by whom.

    `place` is how many letters of other words stand before them; `speaker` is None before the first label.
    """

    place: int
    words: Set[str]
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for: a quote as given, without what surrounds it, and its words.

    `speakers` are (word, who must say it).
    """

    raw: str
    words: Folded
    speakers: tuple[tuple[int, str], ...]
    signs: Set[Sign]
    asides: Sequence[Aside]


class SpeakerLabels:
    """The names of a meeting's speakers, as labels in a quote name them."""

    def __init__(self, speakers: Iterable[str | None]) -> None:
        folded = [(fold(name, [(0, len(name))], frozenset()), name) for name in dict.fromkeys(speakers) if name]
        self._speakers = {words.letters: name for words, name in folded}
        self._longest_name = max((len(words.starts) for words, _ in folded), default=0)

    def labels_in(self, quote: str) -> list[Label]:
        """Return the known speakers' names that stand right before a colon, longest first.

        So `Ana Souza:` is not taken for `Souza:`.
        """
        if ":" not in quote:
            return []
        labels: list[Label] = []
        words = fold(quote, [(0, len(quote))], frozenset())
        for last, end in enumerate(words.ends):
            colon = _COLON.match(quote, end)
            if not colon:
                continue
            for first in range(max(0, last - self._longest_name + 1), last + 1):
                speaker = self._speakers.get(words.letters[words.letter_starts[first] : words.letter_ends[last]])
                if speaker:
                    labels.append(Label(words.starts[first], colon.end(), speaker))
                    break
        return labels


def without_stamps(quote: str) -> str:
    """Return a quote with spaces in place of times that stand beside labels, as long as before."""
    return _STAMP.sub(lambda match: " " * len(match.group()), quote)


def read_needle(quote: str, labels: Sequence[Label], fillers: Set[str]) -> Needle:
    """Read a quote without its labels; a label at its very start is not part of `raw`."""
    begin = labels[0].end if labels and not quote[: labels[0].start].strip(_AROUND) else 0
    raw = quote[begin:].strip(_AROUND if not begin else _AROUND + ":")
    begin = quote.index(raw, begin)
    spans, at = [], 0
    for label in labels:
        spans.append((at, max(at, label.start - begin)))
        at = max(0, label.end - begin)
    spans.append((at, len(raw)))
    words = fold(raw, spans, fillers)
    return Needle(
        raw,
        words,
        tuple(
            (word, label.speaker)
            for label in labels
            if (word := bisect_left(words.starts, label.end - begin)) < len(words.starts)
        ),
        signs_beside_numbers(without_tags(raw), words, 0, len(words.starts) - 1),
        tuple(_asides(raw, words, spans, [None, *(label.speaker for label in labels)])) if fillers else (),
    )


def _asides(
    raw: str, words: Folded, spans: Sequence[tuple[int, int]], speakers: Sequence[str | None]
) -> Iterator[Aside]:
    """Yield what is no hesitation: sentences of fillers that agree, as "Uh-huh.", and fillers at an end of `raw`.

    Beside those a word may be missing: "Yeah, we sign" of "Yeah, maybe we sign". Each span is what one of `speakers`
    says.
    """
    first, last = (words.starts[0], words.ends[-1]) if words.letters else (len(raw), len(raw))
    for (begin, end), speaker in zip(spans, speakers, strict=True):
        sentences = (sentence.span() for sentence in _SENTENCE.finditer(raw, begin, end))
        for start, stop in ((begin, min(first, end)), *sentences, (max(begin, last), end)):
            at = bisect_left(words.starts, start)
            said = (
                set(fold(raw, [(start, stop)], frozenset()).split()) if at == bisect_left(words.starts, stop) else set()
            )
            if 0 < at < len(words.starts):
                said &= AGREEING
            if said:
                yield Aside([*words.letter_starts, len(words.letters)][at], said, speaker)


def read_parts(quote: str, labels: Sequence[Label], fillers: Set[str]) -> list[Needle]:
    """Read the stretches of a quote between its ellipses, but for those without words.

    None where one is fillers and no more.

    A lone word belongs to what stands before it, else after it: beside it is an ellipsis of the transcript's own.
    """
    edges = [0, *(edge for match in _ELLIPSIS.finditer(quote) for edge in match.span()), len(quote)]
    if not 2 <= len(edges) // 2 <= MAX_PARTS:
        return []
    parts: list[tuple[int, Needle]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        part = _part(quote, start, end, labels, fillers)
        if part.asides and not part.words.letters:
            return []
        if (
            parts
            and part.words.letters
            and min(len(part.words.starts), len(parts[-1][1].words.starts)) < MIN_PART_WORDS
        ):
            start, _ = parts.pop()
            part = _part(quote, start, end, labels, fillers)
        if part.words.letters:
            parts.append((start, part))
    return [part for _, part in parts]


def _part(quote: str, start: int, end: int, labels: Sequence[Label], fillers: Set[str]) -> Needle:
    inside = [
        Label(label.start - start, label.end - start, label.speaker) for label in labels if start <= label.start < end
    ]
    return read_needle(quote[start:end], inside, fillers)
