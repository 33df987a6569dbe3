"""Names of time zones and offsets as meeting tools write them. Pure."""

from __future__ import annotations

import re
from datetime import timedelta, timezone

ZONE = r"(?:GMT|UTC)[+-]\d{1,2}(?:[:_]?\d\d)?|[A-Z]{3,4}"
"""What may be a zone: `GMT-7`, `GMT+5:30` (in file names `GMT+5_30`), `CEST`."""

_HOURS = {
    "GMT": 0,
    "UTC": 0,
    "BST": 1,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "EST": -5,
    "EDT": -4,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
"""Hours from UTC. Left out are names that two continents use, as IST and CST: a date without a zone is better than a
wrong one.
"""


def zone_of(name: str | None) -> timezone | None:
    """Return the zone that a name or an offset stands for; None for one that is not known."""
    if match := re.fullmatch(r"(?:GMT|UTC)([+-])(\d{1,2})(?:[:_]?(\d\d))?", name or ""):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(-offset if match[1] == "-" else offset) if offset < timedelta(hours=24) else None
    return timezone(timedelta(hours=_HOURS[name])) if name in _HOURS else None
