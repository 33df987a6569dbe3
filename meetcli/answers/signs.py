"""Room of the answers: the signs beside numbers that change what they say: `$5`, `R$5`, `-5`, `5 %`, `5 ‰`, `5 °`.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Set

from meetcli.answers.folding import MINUS, Folded, plain_minus

_BEFORE = re.compile(
    rf"(?:(?<!\w)([{MINUS}](?=[a-z]*[$¢-¥₠-₿])|[+±<>≤≥~≈])\s*)?([a-z]*[$¢-¥₠-₿+±<>≤≥~≈]+)\s*\Z", re.IGNORECASE
)
_AFTER = re.compile(r"(?:\s+(?!\+))?([$¢-¥₠-₿%‰°+])")
_LONGEST_BEFORE = 8  # characters, as in "-US$ " with a line broken after it
_BINDING = frozenset("%‰-±<>≤≥~≈")

Sign = tuple[int, str]
"""Where its number begins, in letters from the first word's, and the sign itself."""


def signs_beside_numbers(text: str, words: Folded, first: int, last: int) -> set[Sign]:
    """Return the signs beside the numbers among words `first` to `last` of `text`."""
    found = set()
    for word in range(first, last + 1):
        start, end = words.starts[word], words.ends[word]
        if any(char.isdigit() for char in text[start:end]):
            before, after = _BEFORE.search(text, max(0, start - _LONGEST_BEFORE), start), _AFTER.match(text, end)
            place = words.letter_starts[word] - words.letter_starts[first]
            found |= {
                (place, plain_minus(sign.lower()))
                for sign in (*(before.groups() if before else ()), after and after[1])
                if sign
            }
    return found


def may_be_signed(quoted: Set[Sign], said: Set[Sign]) -> bool:
    """Say whether a quote may carry its signs where others were said.

    It may add none, and lose none that would make another number. The sign of a currency, a degree and a plus may be
    left out, as people do.
    """
    return quoted <= said and not any(sign in _BINDING for _, sign in said - quoted)
