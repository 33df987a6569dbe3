"""What times beside words say: read as written, then as seconds of a recording where they can be no clock's. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

CLOCK = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,:]\d{1,3})?(?:[ ]?[AaPp]\.?[Mm]\b\.?)?"
"""Hours, minutes and seconds, or minutes and seconds; hundredths or frames; half a day's name."""

UNITS = (
    r"(?:\d{1,3}[ ]?(?:h|hours?|hrs?|horas?|heures?|Stunden?|m|mins?|minutes?|minutos?|Minuten?"
    r"|s|secs?|seconds?|segundos?|secondes?|Sekunden?)\b,?(?:[ ](?:and|e|y|et|und))?[ ]?){1,3}"
)
"""What Teams on the web and readers of screens write: `1 hour 2 minutes 5 seconds`."""

_PARTS = re.compile(r"(\d+):(\d\d)(?::(\d\d))?(?:[.,:](\d{1,3}))?(?:[ ]?([AaPp])\.?[Mm])?")
_UNIT = re.compile(r"(\d+)[ ]?([hHmMsS])")
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_HOURS = 24
_LONGEST_S = 12 * _HOUR_S
_FEW = 20
"""One fall in so many still counts as rising: recordings that overlap, typing errors."""


class Stamp(NamedTuple):
    """One time as written: its parts as seconds, and what is known of them.

    `seconds` takes two parts for minutes and seconds. `is_short` says that there are only two, which may be hours and
    minutes just as well; `is_clock` that it names a half of the day.
    """

    seconds: float
    is_short: bool
    is_clock: bool


@lru_cache(4096)
def stamp_of(written: str) -> Stamp | None:
    """Return the first time in a text; None where there is none."""
    match = _PARTS.search(written)
    if match is None:
        units = _UNIT.findall(written)
        return (
            Stamp(float(sum(int(n) * {"h": 3600, "m": 60, "s": 1}[u.lower()] for n, u in units)), False, False)
            if (units)
            else None
        )
    first, second, third, fraction, half = match.groups()
    if half is not None:
        hour = int(first) % 12 + (12 if half in "pP" else 0)
        return Stamp(float(hour * 3600 + int(second) * 60 + int(third or 0)), False, True)
    # A colon before the last part stands for frames, which only the recorder could count.
    part = float(f"0.{fraction}") if fraction and written[match.start(4) - 1] != ":" else 0.0
    if third is None:
        return Stamp(int(first) * 60 + int(second) + part, True, False)
    return Stamp(int(first) * 3600 + int(second) * 60 + int(third) + part, False, False)


def starts_of(written: Sequence[str | None], *, is_clock: bool = False) -> list[float | None]:
    """Return the times of one text in seconds from the start of its recording.

    None stands for what is no time, or may be a clock's. Times of three parts count where the first is within the first
    hour, since a clock shows the same digits. Times of two parts are minutes and seconds where they rise and no clock
    shows them: beside times of three parts, from below one minute on, past 23, or over more than half a day. With
    `is_clock`, and where halves of the day are named, they are counted from the first one.
    """
    stamps = [stamp_of(one) if one else None for one in written]
    known = [stamp for stamp in stamps if stamp is not None]
    if not known:
        return [None] * len(stamps)
    if is_clock or all(stamp.is_clock for stamp in known):
        scale = 60 if all(stamp.is_short for stamp in known) else 1
        first_s = known[0].seconds * scale
        return [None if stamp is None else (stamp.seconds * scale - first_s) % _DAY_S for stamp in stamps]
    long = [stamp for stamp in known if not stamp.is_short]
    is_long_timed = bool(long) and long[0].seconds < _HOUR_S
    is_short_timed = _are_minutes(known, is_beside_long=bool(long) and not any(stamp.is_clock for stamp in long))
    return [
        None
        if stamp is None
        or not ((is_short_timed if stamp.is_short else is_long_timed or is_short_timed) and not stamp.is_clock)
        else stamp.seconds
        for stamp in stamps
    ]


def length_of(written: str) -> float | None:
    """Return the seconds between the two times of a span.

    None where there is one time only, or the second is earlier.
    """
    first = _PARTS.search(written)
    second = _PARTS.search(written, first.end()) if first else None
    if first is None or second is None:
        return None
    start, end = stamp_of(first[0]), stamp_of(second[0])
    return None if start is None or end is None or end.seconds < start.seconds else end.seconds - start.seconds


def rises(times: Sequence[float]) -> bool:
    """Say whether times hardly ever fall; one that falls back to the first starts another recording and is no fall."""
    return sum(times[0] < later < earlier for earlier, later in pairwise(times)) * _FEW <= len(times)


def _are_minutes(known: Sequence[Stamp], *, is_beside_long: bool) -> bool:
    short = [stamp.seconds for stamp in known if stamp.is_short]
    if not short or not rises([stamp.seconds for stamp in known]):
        return False
    first, last = short[0], max(short)
    return is_beside_long or first < 60 or last >= _HOURS * 60 or (last - first) * 60 > _LONGEST_S
