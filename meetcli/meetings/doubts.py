"""What makes one doubt that a transcript was understood: named measures with numbers, past their bounds.

Pure; quotes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from meetcli.models import Turn

_LEAST_WORDS = 200
_LEAST_TURNS = 8
_ONE_SPEAKER = 0.95
_UNLABELED = 0.3
_HEARD_ONCE = 0.5
_LEAST_NAMES = 4
_BACK_S = 5.0
"""People who speak at the same time start in any order; a clock that was set back, or a second recording, jumps."""


class Doubt(NamedTuple):
    """One reason to look at a transcript. `name` is fixed, `measure` a share from 0 to 1 or a count."""

    name: str
    measure: float
    says: str


def doubts_of(turns: Sequence[Turn]) -> tuple[Doubt, ...]:
    """Return what is odd about turns, in a fixed order; none where nothing is past its bound.

    `one_speaker`: the share of all words that one of several speakers has. `unlabeled`: the share of turns without a
    speaker where others have one. `heard_once`: the share of names with a single turn. `backwards`: how often the
    clock goes back. The bounds are such that few of the meetings that people published have a doubt.
    """
    return tuple(doubt for look in (_one_speaker, _unlabeled, _heard_once, _backwards) if (doubt := look(turns)))


def _one_speaker(turns: Sequence[Turn]) -> Doubt | None:
    words: Counter[str | None] = Counter()
    for turn in turns:
        words[turn.speaker] += turn.text.count(" ") + 1
    total, named = words.total(), [count for speaker, count in words.items() if speaker is not None]
    share = max(named, default=0) / max(1, total)
    if len(named) < 2 or total < _LEAST_WORDS or share < _ONE_SPEAKER:
        return None
    return Doubt("one_speaker", round(share, 3), f"one of {len(named)} speakers has {int(share * 100)}% of the words")


def _unlabeled(turns: Sequence[Turn]) -> Doubt | None:
    without = sum(turn.speaker is None for turn in turns)
    share = without / max(1, len(turns))
    if len(turns) < _LEAST_TURNS or share < _UNLABELED or without == len(turns):
        return None
    return Doubt("unlabeled", round(share, 3), f"{share:.0%} of the turns have no speaker")


def _heard_once(turns: Sequence[Turn]) -> Doubt | None:
    heard = Counter(turn.speaker for turn in turns if turn.speaker is not None)
    once = sum(count == 1 for count in heard.values())
    share = once / max(1, len(heard))
    if len(heard) < _LEAST_NAMES or share < _HEARD_ONCE:
        return None
    return Doubt("heard_once", round(share, 3), f"{once} of {len(heard)} names are heard once")


def _backwards(turns: Sequence[Turn]) -> Doubt | None:
    starts = [turn.start_s for turn in turns if turn.start_s is not None]
    back = sum(later < earlier - _BACK_S for earlier, later in pairwise(starts))
    return Doubt("backwards", back, f"times run backwards {'once' if back == 1 else f'{back} times'}") if back else None
