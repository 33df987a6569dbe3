"""When a meeting was, where the name that its tool gave the file says so: Zoom, Teams, Google Meet. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from meetcli.meetings.zones import ZONE, zone_of

_PATTERNS = (
    # Zoom, cloud: GMT20260805-130000_Recording.transcript.vtt, always in UTC (support.zoom.com, KB0079123).
    r"\AGMT(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)-(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<utc>)",
    # Zoom, this computer: the folder `2026-08-05 13.00.00 Weekly sync 98796876`.
    r"\A(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d)\.(?P<minute>\d\d)\.(?P<second>\d\d)(?!\d)",
    # Teams: Weekly sync-20260805_130000-Meeting Recording.vtt, newer ones 130000UTC; the end follows the language.
    r"-(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)_(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<utc>UTC)?-",
    # Meet: Weekly sync (2026-08-05 at 06 00 GMT-7) - Transcript.docx
    r"\((?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d) at (?P<hour>\d\d)[ _:.](?P<minute>\d\d)(?: (?P<zone>ZONE))?\)",
    # Meet, newer: Weekly sync - 2026/08/05 15:58 CEST - Transcript; a download has `_` for what a name must not hold.
    r" - (?P<year>\d{4})[_/](?P<month>\d\d)[_/](?P<day>\d\d) (?P<hour>\d\d)[_:](?P<minute>\d\d)(?: (?P<zone>ZONE))?"
    r"(?= - |\.|\Z)",
    # Teams: Weekly sync_2026-08-05.docx
    r"_(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])",
)


def date_of_names(names: Sequence[str]) -> str | None:
    """Return the date that meeting tools write into names, as ISO 8601, None where none of them has one.

    `names` are those of a file and of its folder, the file's first. A time without a zone stays without.
    """
    for name in names:
        if len(name) < 10 or not any(letter.isdigit() for letter in name):
            continue
        for pattern in _compiled():
            match = pattern.search(name)
            if match and (date := _iso(match.groupdict())):
                return date
    return None


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.replace("ZONE", ZONE)) for pattern in _PATTERNS)


def _iso(found: dict[str, str | None]) -> str | None:
    numbers = [int(found.get(name) or 0) for name in ("year", "month", "day", "hour", "minute", "second")]
    zone = zone_of("UTC") if found.get("utc") is not None else zone_of(found.get("zone"))
    try:
        date = datetime(*numbers, tzinfo=zone)  # type: ignore[arg-type, misc]  # six numbers, which mypy cannot count
    except ValueError:
        return None  # digits that are no date of the calendar
    return date.date().isoformat() if found.get("hour") is None else date.isoformat()
