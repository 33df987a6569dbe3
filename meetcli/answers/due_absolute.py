"""Room of the answers: read a date with the name of its month in a language that has no grammar of its own. Pure.

dateparser, of the extra `language`, is imported with the first such phrase and knows the names of months and weekdays.
Given whole phrases it drops words that move a date ("après le 15 mars" became March 15) and weekdays that are not that
day's, so it is only given names and figures, and the shape of the phrase is a closed pattern. Without the extra such a
phrase has no date.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from importlib.util import find_spec

from meetcli.answers.due_calendar import date_in_month, next_year_in_which

_SHAPE = re.compile(
    r"(?:(?:hasta|para|a más tardar|jusqu['’]au|pour|d['’]ici(?: au)?|au plus tard|bis zum|bis spätestens|bis|spätestens"
    r"|entro|fino al|per|uiterlijk|tegen|tot|do|najpóźniej) )?"
    r"(?:(?:el|le|il|am|op) )?(?:(?P<weekday>[^\W\d_]{3,}),? )?(?:(?:el|le|il|den|am|op) )?"
    r"(?P<day>\d{1,2})(?:\.|[ºª°]|er)? (?:de |di )?(?P<month>[^\W\d_]{3,})\.?(?:,? (?:de |del )?(?P<year>20\d\d)(?: r\.)?)?",
    re.IGNORECASE,
)
_LEAP_YEAR = 2028  # in which every day of the calendar is one


def read_absolute_date(phrase: str, today: date, language: str) -> date | None:
    """Return the date that `phrase` names in `language` (ISO 639-1), or None.

    Without a year it is the first one after `today`, as in the grammars; a weekday beside it must be that day's.
    """
    match = _SHAPE.fullmatch(" ".join(unicodedata.normalize("NFC", phrase).split()))
    if match is None or find_spec("dateparser") is None:
        return None
    year = int(match["year"] or _LEAP_YEAR)
    named = _parse(f"{match['day']} {match['month']} {year}", language, "day", "month", "year")
    if named is None or (named.day, named.year) != (int(match["day"]), year):
        return None
    if _parse(match["month"], language, "month") is None:  # "15 zwei 2027" was February 15
        return None
    found: date | None = named
    if not match["year"]:
        found = next_year_in_which(today, named.month, lambda first: date_in_month(first, named.day))
    if found is None or (found == today and not match["year"]):
        return None
    if match["weekday"] and (
        (weekday := _parse(match["weekday"], language)) is None or weekday.weekday() != found.weekday()
    ):
        return None
    return found


@lru_cache(maxsize=256)
def _parse(words: str, language: str, *parts: str) -> date | None:
    """Ask the library for a date in which these parts were said; the others are the clock's."""
    import dateparser

    try:
        found = dateparser.parse(
            words, languages=[language], settings={"PARSERS": ["absolute-time"], "REQUIRE_PARTS": list(parts)}
        )
    except ValueError:  # a language that it does not know
        return None
    return found.date() if found else None
