"""Room of the answers: fold text to the letters of its words, so that what differs only in writing compares equal.

Pure.

Numbers keep their points (`1.5` is not `15`, nor `.5` `5`) and never run together (`2 5` is not `25`); letters do,
because transcripts space them differently (`do n't`, `e - mail`, `gon na`).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

_HESITATIONS = {"disfmarker", "vocalsound"} | frozenset(  # two tags that lost their braces
    [
        "uh",
        "uhh",
        "uhm",
        "uhum",
        "umm",
        "ah",
        "ahh",
        "eh",
        "hm",
        "hmm",
        "hmmm",
        "mm",
        "mmm",
        "mhm",
        "mmhmm",
        "huh",
        "aham",
    ]
)
# by language, because "um" is a number in Portuguese, "er" is "he" in German and "ne" is "not" in French
_FILLERS = {
    "en": _HESITATIONS | {"um", "er", "erm", "oh", "yeah"},
    "pt": _HESITATIONS | {"ahn", "hum", "ne", "ta"},
}
# the fillers that alone say yes, some of them as a half of "uh-huh" and "mm-hmm"
AGREEING = frozenset(["yeah", "huh", "mm", "mmm", "mhm", "mmhmm", "uhum", "aham", "ta", "ne"])
_NUMBERS = frozenset(  # beside which an "oh" is a zero
    [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "nineteen",
        "twenty",
        "hundred",
        "thousand",
    ]
)
SAMPLE = 50_000  # characters that tell a language
_COMMON_WORDS = {
    "en": frozenset(["the", "and", "to", "of", "that", "is", "you", "it"]),
    "pt": frozenset(["que", "não", "nao", "uma", "em", "do", "da", "com", "você", "vamos", "isso"]),
}

_TAG = re.compile(r"[{<\[(]\s*[^\W\d_][^{<\[(})>\]\n]{0,40}[})>\]]")
# the words of a tag, without accents; a closed list, so that a model cannot hide a "[not]" or a "[pause, not]"
_TAG_WORD = re.compile(
    r"(?:non)?vocalsound|disfmarker|pause|gap|comment|laugh(?:s|ter|ing)?|inaudible|unintelligible|crosstalk|unk|noise|music|applause|silence"
    r"|cough(?:s|ing)?|affirmative|foreign|risos?|risadas?|inaudivel|ininteligivel|musica|aplausos|silencio|tosse"
)
_TAG_OTHERS = frozenset(["and", "e", "language", "speech", "playing"])  # that may follow the first word
_LETTERS = re.compile(r"[^\W\d_]+")
# "like", "so" and "tipo" alone are words: "they did not like" would lose its "not" with them, "esse tipo de conta" its
# kind
_SPOKEN = re.compile(
    r"\b(?:you\s+know|i\s+mean)\b|(?<=,)\s*(?:like|so|well|assim|tipo|sabe|entendeu)\s*(?=,)", re.IGNORECASE
)
MINUS = "-−–‒"  # people and their software write any of them
_PLAIN_MINUS = str.maketrans(dict.fromkeys(MINUS, "-"))
# scripts that write no spaces: each character is a word of its own
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"


@dataclass(frozen=True, slots=True)
class Folded:
    """The words of a text, their letters run together.

    For each word there is its place in `letters` and its place in the text it was read from.
    """

    letters: str
    letter_starts: list[int]
    letter_ends: list[int]
    starts: list[int]
    ends: list[int]

    def split(self) -> list[str]:
        """Return the letters of each word."""
        return [self.letters[start:end] for start, end in zip(self.letter_starts, self.letter_ends, strict=True)]


def choose_language(text: str) -> str | None:
    """Return `en` or `pt`, whichever `text` seems to be in by counting a few common words, None for neither."""
    words = Counter(unicodedata.normalize("NFC", text[:SAMPLE]).casefold().split())
    counts = {language: sum(words[word] for word in common) for language, common in _COMMON_WORDS.items()}
    language = max(counts, key=counts.__getitem__)
    return language if counts[language] * 25 > words.total() else None


def fillers_of(language: str | None) -> Set[str]:
    """Return the spoken fillers of a language, the ones of every language where it is not known."""
    return _FILLERS.get(language or "", _HESITATIONS)


def fold_all(text: str) -> str:
    """Return the letters of all words of `text`, fillers included."""
    return fold(text, [(0, len(text))], frozenset()).letters


def without_tags(text: str) -> str:
    """Return `text` with spaces in place of tags such as `{vocalsound}` or `[risos]`, as long as before."""
    return _TAG.sub(_blank_tag, text)


def fold(text: str, spans: Iterable[tuple[int, int]], fillers: Set[str]) -> Folded:
    """Return the words of `text` within `spans` (start, end), in order.

    Tags are left out, and `fillers` where there are any.
    """
    untagged = without_tags(text)
    pattern = _word_pattern("".join(sorted(char for char in set(untagged) if unicodedata.category(char)[0] == "M")))
    known: dict[str, str] = {}
    words, starts, ends = [], [], []
    for span in spans:
        for match in pattern.finditer(untagged, *span):
            raw = match.group()
            word = known.get(raw)
            if word is None:
                word = known[raw] = _fold_word(raw)
            if word:
                words.append(word)
                starts.append(match.start())
                ends.append(match.end())
    folded = _run_together(words, starts, ends)
    return drop_fillers(folded, text, fillers) if fillers else folded


def drop_fillers(folded: Folded, text: str, fillers: Set[str]) -> Folded:
    """Return the words of `text` without `fillers` and without what is said to gain time, as "you know"."""
    starts, ends = folded.starts, folded.ends
    words = folded.split()
    dropped = {place for place, word in enumerate(words) if word in fillers and not _is_zero(words, place)}
    for match in _SPOKEN.finditer(without_tags(text)):
        dropped.update(range(bisect_left(starts, match.start()), bisect_left(starts, match.end())))
    kept = [place for place in range(len(words)) if place not in dropped]
    return _run_together(
        [words[place] for place in kept], [starts[place] for place in kept], [ends[place] for place in kept]
    )


def _is_zero(words: Sequence[str], place: int) -> bool:
    """Say whether an "oh" stands between digits, as in "four oh two" and "two thousand oh oh five"."""
    if words[place] != "oh" or not 0 < place < len(words) - 1:
        return False
    beside = {words[place - 1], words[place + 1]} - {"oh"}
    return bool(beside) and all(word in _NUMBERS or word.isdigit() for word in beside)


def _run_together(words: Sequence[str], starts: list[int], ends: list[int]) -> Folded:
    pieces: list[str] = []
    letter_starts, letter_ends = [], []
    size, ends_in_digit = 0, False
    for word in words:
        if ends_in_digit and word[0].isdigit():
            pieces.append(" ")
            size += 1
        pieces.append(word)
        letter_starts.append(size)
        size += len(word)
        letter_ends.append(size)
        ends_in_digit = word[-1].isdigit()
    return Folded("".join(pieces), letter_starts, letter_ends, starts, ends)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _blank_tag(match: re.Match[str]) -> str:
    words = _LETTERS.findall(_fold_word(match.group()))
    is_tag = (
        words
        and _TAG_WORD.fullmatch(words[0])
        and all(_TAG_WORD.fullmatch(word) or word in _TAG_OTHERS for word in words)
    )
    return _blank(match) if is_tag else match.group()


def _fold_word(raw: str) -> str:
    """Drop case, accents and the separators of thousands.

    `1,500` is 1500, `1.500` is left because it may be one and a half.
    """
    if raw[-1].isdigit() and re.fullmatch(rf"[{MINUS}]?[1-9]\d{{0,2}}(?:,\d{{3}})+", raw):
        raw = raw.replace(",", "")
    if raw.isascii():
        return raw.lower()
    letters = unicodedata.normalize("NFD", raw.casefold())
    return plain_minus("".join(char for char in letters if not "\u0300" <= char <= "\u036f"))


def plain_minus(text: str) -> str:
    """Write every minus as `-`."""
    return text.translate(_PLAIN_MINUS)


@lru_cache(maxsize=64)
def _word_pattern(marks: str) -> re.Pattern[str]:
    """Return what a word is where `marks` (combining characters, which no word character class takes) occur."""
    letter = rf"(?:[^\W_ʼ{_UNSPACED}]|[{re.escape(marks)}])" if marks else rf"[^\W_ʼ{_UNSPACED}]"
    minus = rf"(?:(?<![^\s($€£¥])[{MINUS}](?=\.?\d))?"
    point = rf"(?:(?<![^\s($€£¥{MINUS}])\.(?=\d))?"
    return re.compile(rf"[{_UNSPACED}]|{minus}{point}{letter}+(?:(?<=\d)[.,:/](?=\d){letter}+)*")
