"""Local engine: the extractive summary.

Picks whole sentences that together name most of what the meeting talked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from meetcli.engines.local.languages import Language
from meetcli.engines.local.sentences import Sentence

SUMMARY_WORDS = 150
_MIN_BUDGET = 30
# Shorter sentences say nothing alone, longer ones are hard to read out of their place and cost the room of two.
_READABLE_WORDS = range(6, 31)
# 0 prefers long sentences, 1 short ones; anything between 0.3 and 0.5 does equally well on the reference meetings.
_LENGTH_PENALTY = 0.4


def choose_sentences(sentences: Sequence[Sentence], language: Language) -> list[Sentence]:
    """Return the summary's sentences, best first: at most 150 words together, a third of the meeting where it is short.

    Readable ones are taken first; where they do not fill half of that, any others follow.
    """
    budget = min(SUMMARY_WORDS, max(_MIN_BUDGET, sum(sentence.size for sentence in sentences) // 3))
    chosen = _cover([sentence for sentence in sentences if _is_readable(sentence)], language, budget)
    left = budget - sum(sentence.size for sentence in chosen)
    if left > budget // 2:
        chosen += _cover([sentence for sentence in sentences if not _is_readable(sentence)], language, left)
    return chosen


def _is_readable(sentence: Sentence) -> bool:
    return sentence.is_whole and sentence.size in _READABLE_WORDS


def _cover(sentences: Sequence[Sentence], language: Language, budget: int) -> list[Sentence]:
    """Pick sentences one by one while one fits.

    The next is the one whose content stems, those not covered yet, are the most frequent for its length.
    """
    stems = [frozenset(language.content_stems(sentence.words)) for sentence in sentences]
    frequencies = Counter(stem for sentence_stems in stems for stem in sentence_stems)
    covered: set[str] = set()
    picked: list[int] = []

    def gain(index: int) -> float:
        penalty: float = sentences[index].size ** _LENGTH_PENALTY
        return sum(frequencies[stem] for stem in stems[index] - covered) / penalty

    while fitting := [
        index for index, sentence in enumerate(sentences) if sentence.size <= budget and index not in picked
    ]:
        best = max(fitting, key=gain)
        picked.append(best)
        covered |= stems[best]
        budget -= sentences[best].size
    return [sentences[index] for index in picked]
