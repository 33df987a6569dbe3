"""Texts as numbers of words, which deflate makes a quarter smaller than it makes the texts.

The page's `meetings.js` reads them back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

END = 0
"""The number after the last word of each text."""


def code_words(texts: Sequence[str]) -> tuple[list[str], bytes]:
    """Return the words of `texts`, commonest first, and the texts as numbers of words.

    Words are what stands between single spaces; the first of them is number 1. A number is written in bytes of seven
    bits, the highest first, all but the last with their eighth bit set.
    """
    counts = Counter(word for text in texts for word in text.split(" "))
    words = [word for word, _ in counts.most_common()]
    numbers = {word: _in_sevens(number) for number, word in enumerate(words, END + 1)}
    end = _in_sevens(END)
    return words, b"".join(b"".join(numbers[word] for word in text.split(" ")) + end for text in texts)


def _in_sevens(number: int) -> bytes:
    last_first = [number & 0x7F]
    while number := number >> 7:
        last_first.append(number & 0x7F | 0x80)
    return bytes(reversed(last_first))
