"""Local engine: from turns to sentences, verbatim for quotes and cleaned for prose.

Never changes a word, only drops noise and spacing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from meetcli.models import Meeting

MAX_QUOTE_WORDS = 40
_LONGEST_PIECE = 1000
_CHARACTERS_A_WORD = 15

# `{vocalsound}` is QMSum's, `<inaudible>` and `[laughter]` are what transcription services write.
_TAG = re.compile(r"\{[^{}]{1,40}\}|<[^<>]{1,40}>|\[[^\[\]]{1,40}\]")
_EDGES = re.compile(rf"^(?:(?:{_TAG.pattern})\s*)+|(?:\s*(?:{_TAG.pattern}))+$")
# "um" is a filler in English and an article in Portuguese.
_FILLERS = {
    "en": re.compile(r"(?i)(?<![\w'’-])(?:u[hm]+|e[hr]m*|hm+|mm+|mm-hmm|uh-huh)(?![\w'’-])\s*,?"),
    "pt": re.compile(r"(?i)(?<![\w'’-])(?:hu?m+|mm+|hã+|é+h+|eh+|ah[nm]|ã+h*)(?![\w'’-])\s*,?"),
}
_REPEATED = re.compile(r"(?i)\b([^\W\d_]+)(?:\s*,?\s+\1\b)+")
_LOOSE = re.compile(
    r"\s+(?=[.,;:!?%)\]…](?:\s|$))|(?<=[(\[])\s+|\s+(?=['’](?:s|m|re|ve|ll|d|t|kay)\b)|(?<=\w)\s+(?=n['’]t\b)"
)
_DOUBLED = re.compile(r"(?:[,;:]\s*)+(?=[,;:.!?])|^[\s,;:.!?…-]+|(?<=\s)[,;:]\s")
_CHUNK = re.compile(r"\S{1,60}")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a turn: `quote` stands verbatim in the turn's text, `text` is the same, cleaned for reading.

    `place` counts the meeting's sentences; `turn` is the 0-based index in `Meeting.turns`; `words` are lower-case;
    `size` is the length in words of ordinary length, so that a script without spaces or an endless URL is not free.
    What is spoken without taking breath, or written by recognizers without any punctuation, is cut into quotes of 40
    words; `is_whole` is False for such a piece.
    """

    place: int
    turn: int
    speaker: str | None
    quote: str
    text: str
    words: tuple[str, ...]
    size: int
    is_whole: bool


def split_sentences(meeting: Meeting, language: str) -> list[Sentence]:
    """Return the meeting's sentences in order.

    Those without a letter or digit, as emoji, only where nothing else was said.
    """
    found: list[Sentence] = []
    for index, turn in enumerate(meeting.turns):
        for piece, is_whole in _pieces(turn.text, language):
            text = clean(piece, language)
            size = max(len(text.split()), ceil(len(text) / _CHARACTERS_A_WORD))
            quote = _EDGES.sub("", piece)
            found.append(
                Sentence(len(found), index, turn.speaker, quote, text, tuple(find_words(text)), size, is_whole)
            )
    return [sentence for sentence in found if sentence.words] or [sentence for sentence in found if sentence.text]


def find_words(text: str) -> list[str]:
    """Return the words of `text`, lower-case, numbers included."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def clean(text: str, language: str) -> str:
    """Return `text` as a sentence for readers.

    Tags, fillers, stuttered words and the loose spacing of tokenized transcripts are left out.
    """
    text = _FILLERS[language].sub(" ", _TAG.sub(" ", text))
    text = _LOOSE.sub("", " ".join(text.split()))
    text = _DOUBLED.sub("", _REPEATED.sub(r"\1", text)).strip()
    text = text.rstrip(",;:-– ") + "." if text and (text[-1].isalnum() or text[-1] in ",;:-–") else text
    return text[:1].upper() + text[1:]


def _pieces(text: str, language: str) -> Iterator[tuple[str, bool]]:
    """Cut a turn into sentences, and longer ones into pieces of 40 words; with each, whether it is a whole sentence."""
    from sentencex import segment  # type: ignore[import-untyped]  # ships no types

    for sentence in segment(language, text):
        words = list(_CHUNK.finditer(sentence))
        first = 0
        for last, word in enumerate(words):
            is_end = last + 1 == len(words)
            # A gap of a megabyte of blanks counts too: what follows it is another piece.
            is_full = last + 1 - first == MAX_QUOTE_WORDS or (
                not is_end and words[last + 1].end() - words[first].start() > _LONGEST_PIECE
            )
            if is_end or is_full:
                yield sentence[words[first].start() : word.end()], is_end and first == 0
                first = last + 1
