"""Engines room: what the words of a refusal tell, where its status and code tell nothing. Pure.

They choose the message; whether the run goes on is decided by who is answered.
"""

from __future__ import annotations

import re
from typing import Final

NO_MONEY: Final = re.compile(
    r"credit balance|(insufficient|not enough|out of|all available) (credits?|balance|funds)|payment required"
    r"|no (credits?|balance|funds) (left|remaining|available)"
    r"|(exceeded|over) (your |its |the )?budget|budget (has been |is )?exceeded|spending limit"
    r"|account (is )?(in arrears|overdue)"
)
"""What is said of an account without money. Not `quota`: some servers call the limit of a minute so."""
BAD_KEY: Final = re.compile(
    r"(api|access)[ _-]?(key|token)\S* ((is|was|has) )?(not valid|invalid|incorrect|expired|revoked|disabled)"
    r"|(invalid|incorrect|expired|unknown|no|missing) (api|access)[ _-]?(key|token)"
)
NO_MODEL: Final = re.compile(
    r"\bmodel\b[^.]{0,80}\b(not found|not exist|decommissioned|retired|no longer (available|supported))\b"
    r"|(invalid|unknown|no such|not a valid) model\b"
)
FLAGGED: Final = re.compile(r"\bflagged\b|moderation|content (policy|filter)|usage (guidelines|polic)|\bsafety|violat")


def worded(status: int, words: str) -> str | None:
    """Return the reason for a refusal that its words tell, in lower case; None where they tell none."""
    if status in (401, 402):
        return None
    if status == 403 and FLAGGED.search(words):
        return "flagged"
    if NO_MONEY.search(words):
        return "insufficient_quota"
    if status not in (400, 403, 404, 422):
        return None
    if BAD_KEY.search(words):
        return "key_refused"
    return "unknown_model" if NO_MODEL.search(words) else None
