"""Local engine: the extractive summary. Picks whole sentences that together name most of what the meeting talked about."""

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

    Readable ones are taken first; where they do not fill half of the budget, any others follow.
    """
    budget = min(SUMMARY_WORDS, max(_MIN_BUDGET, sum(sentence.size for sentence in sentences) // 3))
    readable = [sentence for sentence in sentences if sentence.size in _READABLE_WORDS]
    chosen = _cover(readable, language, budget)
    used = sum(sentence.size for sentence in chosen)
    if used >= budget // 2:
        return chosen
    return chosen + _fill([sentence for sentence in sentences if sentence not in chosen], budget - used)


def _cover(sentences: Sequence[Sentence], language: Language, budget: int) -> list[Sentence]:
    """Pick again and again the sentence whose not yet covered content stems are the most frequent for its length."""
    stems = [frozenset(language.content_stems(sentence.words)) for sentence in sentences]
    frequencies = Counter(stem for sentence_stems in stems for stem in sentence_stems)
    covered: set[str] = set()
    picked: list[int] = []
    while True:
        gains = [
            (sum(frequencies[stem] for stem in stems[index] - covered) / sentence.size**_LENGTH_PENALTY, -index)
            for index, sentence in enumerate(sentences)
            if sentence.size <= budget
        ]
        gain, place = max(gains, default=(0.0, 0))
        if gain == 0:
            return [sentences[index] for index in picked]
        picked.append(-place)
        covered |= stems[-place]
        budget -= sentences[-place].size


def _fill(sentences: Sequence[Sentence], budget: int) -> list[Sentence]:
    """Take the longest sentences that fit, so that a meeting of mere fragments has a summary too."""
    filled = []
    for sentence in sorted(sentences, key=lambda sentence: -sentence.size):
        if sentence.size <= budget:
            filled.append(sentence)
            budget -= sentence.size
    return filled
