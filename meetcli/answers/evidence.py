"""Room of the answers: find where a quote stands in a meeting.

Pure; never decides what happens to a claim without a place.

No fuzzy score is used: by score alone a changed number beats a true quote that lost an "um". Both sides are folded to
the letters of their words (case, accents, spacing, punctuation, tags and spoken fillers go) and then compared for
equality, which `str.find` does at once.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from meetcli.answers.folding import AGREEING, Folded, choose_language, drop_fillers, fillers_of, fold, without_tags
from meetcli.answers.quotes import MIN_PART_WORDS, Aside, Needle, SpeakerLabels, read_needle, read_parts, without_stamps
from meetcli.answers.signs import may_be_signed, signs_beside_numbers
from meetcli.models import Meeting

VERBATIM = 1.0
"""The quote stands in the transcript character for character."""
FOLDED = 0.95
"""It differs in case, accents, spacing or punctuation."""
WITHOUT_FILLERS = 0.9
"""Fillers, tags or speaker labels are missing on one side."""
IN_PARTS = 0.8
"""It leaves words out and says so with an ellipsis."""

MAX_GAP_WORDS = 80  # what an ellipsis may stand for; beyond that two parts are two quotes
MAX_HIDING_WORDS = 3  # an ellipsis over so few words, one of them a negation, hides the negation
MIN_REPEATED_WORDS = 3  # below that a phrase that occurs twice says nothing about its place

_CLOSING = re.compile(r"[%.!?…]*")
# "five" of "twenty-five", "can" of "can't" and "do" of "do n't" are not what was said
_GLUED_BEFORE = re.compile(r"\w[-‑]\Z")
_GLUED_AFTER = re.compile(r"[-‑'’´`ʼ]\w| ?n['’´`ʼ]t\b", re.IGNORECASE)
_NEGATIONS = frozenset(
    # Words read better than a column of quoted ones.
    """not no never nothing none nobody neither nor cannot dont doesnt didnt isnt arent wasnt werent hasnt havent wont
    cant wouldnt couldnt shouldnt nao nunca jamais nem nada ninguem nenhum nenhuma""".split()  # noqa: SIM905
)
# no ellipsis hides them either; cut off at an end they are no loss of what is quoted
_WITHOUT = frozenset(
    ["sem", "exceto", "salvo", "tampouco", "without", "unless", "except", "hardly", "barely", "rarely"]
)
_CONTRACTED = re.compile(r"n['’´`ʼ]\Z", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d+(?:,\d{3})+(?!\d)")
_WORD = re.compile(r"[^\W_]")
_SENTENCE_END = re.compile(r"[.!?…;:\n]")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a quote stands: `transcript[offset : offset + len(quote)] == quote`.

    `turn` is 1-based, the first one where the quote spans several; `start_s` is that turn's start in seconds, None
    where unknown. `score` says how the quote that was given differs from what stands there: one of the four constants
    of this module.
    """

    quote: str
    turn: int
    offset: int
    speaker: str | None
    start_s: float | None
    score: float


class EvidenceFinder:
    """Finds quotes in one meeting; the index is built once, and a quote then costs a few substring searches."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._speakers = SpeakerLabels(turn.speaker for turn in meeting.turns)

    @cached_property
    def _language(self) -> str | None:
        return choose_language(self._meeting.transcript)

    @cached_property
    def _complete(self) -> _Index:
        spans = ((turn.offset, turn.offset + len(turn.text)) for turn in self._meeting.turns)
        words = fold(self._meeting.transcript, spans, frozenset())
        return _Index(self._meeting, self._language, words, words, frozenset())

    @cached_property
    def _without_fillers(self) -> _Index:
        fillers = fillers_of(self._language)
        every = self._complete.words
        return _Index(
            self._meeting, self._language, every, drop_fillers(every, self._meeting.transcript, fillers), fillers
        )

    def find(self, quote: str | None, turns: Container[int] | None = None) -> Evidence | None:
        """Return where `quote` stands, or None where it does not, or where a short one stands in several places.

        A quote that occurs several times is placed where it stands verbatim, else at its first place. It begins in one
        of `turns`, 1-based, where those are given.
        """
        if not quote:
            return None
        unstamped = without_stamps(quote)
        labels = self._speakers.labels_in(unstamped)
        for index in (self._complete, self._without_fillers):
            found = index.find(read_needle(quote, (), index.fillers), turns)
            if found is None and labels:
                found = index.find(read_needle(unstamped, labels, index.fillers), turns)
            if found is not None:
                return found
        for index in (self._complete, self._without_fillers):
            found = index.find_in_order(read_parts(unstamped if labels else quote, labels, index.fillers), turns)
            if found is not None:
                return found
        return None


class _Index:
    """The words of one meeting without certain fillers, run together for searching; `every` are those with them."""

    def __init__(self, meeting: Meeting, language: str | None, every: Folded, words: Folded, fillers: Set[str]) -> None:
        self.words = words
        self.fillers = fillers
        self._every = every
        self._meeting = meeting
        self._turn_starts = [turn.offset for turn in meeting.turns]
        self._has_decimal_points = language == "en"
        self._negations = _NEGATIONS - {"no"} if language == "pt" else _NEGATIONS  # "no banco": in the bank

    def find(self, needle: Needle, turns: Container[int] | None) -> Evidence | None:
        """Return the best place where all words of `needle` stand in a row.

        None also where too few of them stand in several places.
        """
        best: Evidence | None = None
        is_short = len(needle.words.starts) < MIN_REPEATED_WORDS
        if is_short and self.fillers:  # what is left of "right, yeah, no, yeah" would be found anywhere
            return None
        for first, last in self._places(needle, 0, len(self.words.letters)):
            if turns is not None and self._turn_of(self.words.starts[first]) + 1 not in turns:
                continue
            if best is not None and is_short:
                return None
            found = self._evidence(needle, first, last)
            if best is None or found.score > best.score:
                best = found
            if best.score == VERBATIM and not is_short:
                break
        return best

    def find_in_order(self, parts: Sequence[Needle], turns: Container[int] | None) -> Evidence | None:
        """Return the tightest place where all `parts` stand one after the other.

        Between them are no more words than an ellipsis may stand for.
        """
        if len(parts) < 2 or min(len(part.words.starts) for part in parts) < MIN_PART_WORDS:
            return None
        spans = []
        for first, end in self._places(parts[0], 0, len(self.words.letters)):
            if turns is not None and self._turn_of(self.words.starts[first]) + 1 not in turns:
                continue
            last: int | None = end
            for part in parts[1:]:
                if last is not None:
                    places = self._places(part, *self._gap_after(last))
                    last = next((place[1] for place in places if self._may_leave_out(last, place[0], part)), None)
            if last is not None:
                spans.append((last - first, first, last))
        if not spans:
            return None
        _, first, last = min(spans)
        return self._at(self.words.starts[first], self._closed(last), IN_PARTS)

    def _gap_after(self, word: int) -> tuple[int, int]:
        """Return the range of letters in which the next part must stand.

        It reaches up to `MAX_GAP_WORDS` on, and no further than the next turn.
        """
        words, turn = self.words, self._turn_of(self.words.starts[word])
        limit = min(word + MAX_GAP_WORDS, len(words.starts) - 1)
        if turn + 2 < len(self._turn_starts):
            limit = min(limit, bisect_left(words.starts, self._turn_starts[turn + 2]) - 1)
        return words.letter_ends[word], words.letter_ends[limit]

    def _may_leave_out(self, last: int, first: int, part: Needle) -> bool:
        """Say whether an ellipsis may stand for what is between word `last` and the first of `part`.

        It hides no negation beside what is quoted, and does not put one speaker's words into the mouth of another.
        """
        words, transcript, gap = self.words, self._meeting.transcript, range(last + 1, first)
        if len(gap) <= MAX_HIDING_WORDS:
            hiding = list(gap)
        else:
            beside = (
                (last + 1, words.ends[last], words.starts[last + 1]),
                (first - 1, words.ends[first - 1], words.starts[first]),
            )
            hiding = [word for word, end, start in beside if not _SENTENCE_END.search(transcript, end, start)]
        if any(self._is_negation(word) or self._letters_of(word) in _WITHOUT for word in hiding):
            return False
        turns = self._meeting.turns
        before, after = (turns[self._turn_of(self.words.starts[word])].speaker for word in (last, first))
        return before == after or any(word == 0 for word, _ in part.speakers)

    def _places(self, needle: Needle, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield (first word, last word) of each place where just the needle's words stand.

        Places are looked for from letter `start` to `stop`.
        """
        letters, words = needle.words.letters, self.words
        at = words.letters.find(letters, start, stop) if letters else -1
        while at >= 0:
            first = bisect_left(words.letter_starts, at)
            last = bisect_left(words.letter_ends, at + len(letters))
            is_aligned = words.letter_starts[first : first + 1] == [at] and words.letter_ends[last] == at + len(letters)
            if is_aligned and self._is_said(needle, first, last):
                yield first, last
            at = words.letters.find(letters, at + 1, stop)

    def _is_said(self, needle: Needle, first: int, last: int) -> bool:
        """Say whether the words are whole, and signs and speakers are those of the needle: `€5` is not `$5`."""
        transcript, start, end = self._meeting.transcript, self.words.starts[first], self.words.ends[last]
        if _GLUED_BEFORE.search(transcript, max(0, start - 2), start) or _GLUED_AFTER.match(transcript, end):
            return False
        if not may_be_signed(needle.signs, signs_beside_numbers(self._untagged, self.words, first, last)):
            return False
        if not self._has_decimal_points and _THOUSANDS.findall(needle.raw) != _THOUSANDS.findall(
            transcript, start, end
        ):
            return False  # `2,125` is no `2125` where a comma may begin the decimals
        if self._loses_negation(needle, first, last) or not self._has_speakers(needle, first, last):
            return False
        return all(self._has_aside(aside, first) for aside in needle.asides)

    @cached_property
    def _untagged(self) -> str:
        return without_tags(self._meeting.transcript)

    def _has_aside(self, aside: Aside, first: int) -> bool:
        """Say whether an aside's fillers were said at its place, by whom it names, else by who says word `first`.

        A hesitation may be put in, but not moved over a word: "Um, we sign" of "Um, maybe we sign" has lost that word.
        """
        words = self.words
        speaker = aside.speaker or self._meeting.turns[self._turn_of(words.starts[first])].speaker
        at = bisect_left(words.letter_starts, words.letter_starts[first] + aside.place)
        missing = aside.words - self._fillers_before(at, speaker)
        return not missing or missing <= self.fillers - AGREEING - self._fillers_before(
            at + 1 if aside.place else at - 1, speaker
        )

    def _fillers_before(self, word: int, speaker: str | None) -> set[str]:
        """Return the fillers of `speaker` between word `word` and the one before, none where there is no such word."""
        if not 0 <= word <= len(self.words.starts):
            return set()
        words, every, turns = self.words, self._every, self._meeting.turns
        begin = bisect_left(every.starts, words.ends[word - 1]) if word > 0 else 0
        end = bisect_left(every.starts, words.starts[word]) if word < len(words.starts) else len(every.starts)
        said = (place for place in range(begin, end) if turns[self._turn_of(every.starts[place])].speaker == speaker)
        return {every.letters[every.letter_starts[place] : every.letter_ends[place]] for place in said}

    def _loses_negation(self, needle: Needle, first: int, last: int) -> bool:
        """Say whether a negation right before or after the words was cut off.

        As in "aprovamos o limite", quoted from "Não aprovamos o limite".
        """
        words, transcript, raw = self.words, self._meeting.transcript, needle.raw
        ends = words.starts[last + 1] if last + 1 < len(words.starts) else len(transcript)
        is_end = bool(_SENTENCE_END.search(transcript, words.ends[last], ends)) or ends == len(transcript)
        if first and self._is_negation(first - 1):
            if _WORD.search(
                without_tags(raw), 0, needle.words.starts[0]
            ):  # a filler was taken off the quote: "não tá bom" is not "tá bom"
                return True
            begins = words.ends[first - 2] if first > 1 else 0
            is_opening = first == 1 or bool(_SENTENCE_END.search(transcript, begins, words.starts[first - 1]))
            is_capital = raw[:1].isupper() and not raw.isupper() and transcript[words.starts[first]].islower()
            is_rest = is_end and not _SENTENCE_END.search(transcript, words.starts[first], words.ends[last])
            if (is_opening or is_rest or is_capital) and transcript[
                words.ends[first - 1] : words.starts[first]
            ].isspace():
                return True
        if last + 1 == len(words.starts) or not self._is_negation(last + 1):
            return False
        if _WORD.search(without_tags(raw), needle.words.ends[-1]):
            return True
        after = words.starts[last + 2] if last + 2 < len(words.starts) else len(transcript)
        return not is_end and (
            after == len(transcript) or bool(_SENTENCE_END.search(transcript, words.ends[last + 1], after))
        )

    def _is_negation(self, word: int) -> bool:
        letters, start = self._letters_of(word), self.words.starts[word]
        if letters == "t":  # of "don't" and "do n't"
            return _CONTRACTED.search(self._meeting.transcript, max(0, start - 2), start) is not None
        return letters in self._negations

    def _letters_of(self, word: int) -> str:
        return self.words.letters[self.words.letter_starts[word] : self.words.letter_ends[word]]

    def _has_speakers(self, needle: Needle, first: int, last: int) -> bool:
        """Say whether one speaker said all words up to the first label, and each labeled speaker those up to the next.

        Unlabeled words reach into another turn of the same speaker with more than one word.
        """
        words = self.words
        turns = [self._turn_of(words.starts[word]) for word in range(first, last + 1)]
        said_by = [self._meeting.turns[turn].speaker for turn in turns]
        places = [words.letter_starts[first] + needle.words.letter_starts[word] for word, _ in needle.speakers]
        begins = [bisect_right(words.letter_starts, place) - 1 - first for place in places]
        speakers = [said_by[0], *(speaker for _, speaker in needle.speakers)]
        stretches = zip(speakers, [0, *begins], [*begins, len(said_by)], strict=True)
        if any(not {speaker}.issuperset(said_by[begin:end]) for speaker, begin, end in stretches):
            return False
        return (
            bool(begins)
            or turns[0] == turns[-1]
            or min(turns.count(turns[0]), turns.count(turns[-1])) >= MIN_PART_WORDS
        )

    def _evidence(self, needle: Needle, first: int, last: int) -> Evidence:
        transcript = self._meeting.transcript
        lead = self.words.starts[first] - needle.words.starts[0]
        if lead >= 0 and transcript.startswith(needle.raw, lead):
            return self._at(lead, lead + len(needle.raw), VERBATIM)
        return self._at(self.words.starts[first], self._closed(last), WITHOUT_FILLERS if self.fillers else FOLDED)

    def _closed(self, word: int) -> int:
        """Return where the punctuation right after a word ends.

        A sentence is quoted with its full stop, a share with its percent sign.
        """
        end = self.words.ends[word]
        match = _CLOSING.match(self._meeting.transcript, end)
        return match.end() if match else end

    def _at(self, start: int, end: int, score: float) -> Evidence:
        number = self._turn_of(start)
        turn = self._meeting.turns[number]
        return Evidence(self._meeting.transcript[start:end], number + 1, start, turn.speaker, turn.start_s, score)

    def _turn_of(self, offset: int) -> int:
        return max(0, bisect_right(self._turn_starts, offset) - 1)
