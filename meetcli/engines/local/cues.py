"""Local engine: the shape of a language's cue phrases.

The phrases themselves stand in `english.py` and `portuguese.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Severity = Literal["low", "medium", "high"]
Who = Literal["speaker", "addressee", "named", "nobody"]


@dataclass(frozen=True, slots=True)
class ActionCue:
    """A phrase that gives somebody something to do.

    The group `what` runs from the verb to the end of the sentence. `who` says where the owner is found: the one who
    speaks, the one spoken to, the one in the group `name`, or nobody ("we will"). `is_firm` is False for what was only
    offered, asked or thought of.
    """

    pattern: re.Pattern[str]
    who: Who
    is_firm: bool


@dataclass(frozen=True, slots=True)
class Cues:
    """All cue phrases of one language, each tried on a cleaned sentence.

    `doubt` makes an action tentative when it stands before the verb, `condition` anywhere. `acceptance` opens an answer
    that takes a request on; `no_answer` opens one that leaves a question open. `not_yet` takes back a decision or a
    risk.
    """

    actions: tuple[ActionCue, ...]
    doubt: re.Pattern[str]
    condition: re.Pattern[str]
    acceptance: re.Pattern[str]
    due: re.Pattern[str]
    decision: re.Pattern[str]
    not_yet: re.Pattern[str]
    rationale: re.Pattern[str]
    open_question: re.Pattern[str]
    no_answer: re.Pattern[str]
    risks: tuple[tuple[Severity, re.Pattern[str]], ...]
    no_risk: re.Pattern[str]


def anywhere(*phrases: str) -> re.Pattern[str]:
    """Return a pattern that finds one of `phrases`, in whole words."""
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b", re.IGNORECASE)


def at_start(*phrases: str) -> re.Pattern[str]:
    """Return a pattern that finds one of `phrases` at the start of a sentence, after a word of hesitation or none."""
    return re.compile(rf"(?:(?:well|um|hmm|oh|bom|bem|hum|ah),? )?(?:{'|'.join(phrases)})\b", re.IGNORECASE)
