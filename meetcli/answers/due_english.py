"""Room of the answers: what English due phrases mean. Tables only; `due_grammar` reads them.

"next Friday" is in the week after this one, and a period is its last day. Vague phrases, alternatives, holidays and
quarters have no rule.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from meetcli.answers.due_calendar import (
    FRIDAY,
    SUNDAY,
    add_business_days,
    add_months,
    date_in_month,
    date_or_none,
    first_of_month,
    month_end,
    next_day_of_month,
    next_weekday,
    next_year_in_which,
    nth_business_day,
    nth_weekday,
    weekday_in_week,
)
from meetcli.answers.due_grammar import Grammar, MonthNames, Rule, Said, Vocabulary, in_named_month

_WEEKDAYS = [
    "monday mon",
    "tuesday tue tues",
    "wednesday wed weds",
    "thursday thu thur thurs",
    "friday fri",
    "saturday sat",
    "sunday sun",
]
_MONTHS = [
    "january jan",
    "february feb",
    "march mar",
    "april apr",
    "may",
    "june jun",
    "july jul",
    "august aug",
    "september sep sept",
]
_MONTHS += ["october oct", "november nov", "december dec"]
_UNITS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth"
_ORDINALS += " seventeenth eighteenth nineteenth twentieth"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def _words() -> dict[str, str]:
    words = {name: f"wd{number}" for number, names in enumerate(_WEEKDAYS) for name in names.split()}
    words |= {name: f"mon{number}" for number, names in enumerate(_MONTHS, 1) for name in names.split()}
    words |= {name: str(number) for number, name in enumerate(_UNITS.split(), 1)}
    words |= {name: f"{number}th" for number, name in enumerate(_ORDINALS.split(), 1)}
    words |= {name: str(number) for number, name in zip(range(20, 100, 10), _TENS.split(), strict=True)}
    for ten, tens in ((20, "twenty"), (30, "thirty")):
        words |= {f"{tens}_{name}": f"{ten + number}th" for number, name in enumerate(_ORDINALS.split()[:9], 1)}
    for ten, tens in zip(range(20, 100, 10), _TENS.split(), strict=True):
        words |= {f"{tens}_{name}": str(ten + number) for number, name in enumerate(_UNITS.split()[:9], 1)}
    return words | {
        "thirtieth": "30th",
        "biz": "business",
        "tmrw": "tomorrow",
        "tomorow": "tomorrow",
        "tonite": "tonight",
    }


_PHRASES = {
    r"\bwk(s?)\b": r"week\1",
    rf"\b({_TENS.replace(' ', '|')}) (?=(?:{'|'.join(_UNITS.split()[:9] + _ORDINALS.split()[:9])})\b)": r"\1_",
    r"(?<=\d)(?:st|nd|rd)\b": "th",
    r"\b([ap]) m\b": r"\1m",
    r"\bo clock\b": "oclock",
    r"^(?:at )?(?:first|second|third)$": "",  # an order, not a day
    r"\bday (?=(?:before|after) (?!tomorrow))": "1 day ",
    r"\ban? (?=(?:business |working |calendar )?(?:day|week|fortnight|month|year)s?\b)": "1 ",
    r"\bend of (?:the )?(?:(?:business |working |work )?day|business)\b(?! week)": "eod",
    r"\bclose of (?:the )?(?:business|play|day)\b|\b[ce]ob\b": "eod",
    r"\bend of (?:the )?(?:current |work |working |business )?week\b(?! after)|\bweeks end\b|\beow\b": "end of this week",
    r"\bend of (?:the )?(?:current |calendar )?year\b|\byears? end\b|\beoy\b": "end of this year",
    r"\bend of (?:the )?(?:current |calendar )?month\b(?! after)|\bmonths? end\b|\beom\b": "end of this month",
}

_ZONE = r"(?: (?:sharp|et|est|edt|ct|cst|cdt|mt|pt|pst|pdt|utc|gmt|cet|bst|eastern|central|pacific)(?: time)?)*"
_CLOCK = rf"(?:at |by |before |around |after )?(?:(?:\d{{1,2}}(?::\d\d)? ?(?:am|pm)|\d{{1,2}}:\d\d|noon|midday){_ZONE}|lunch|lunchtime)"
_PART = r"(?:in the )?(?:early |late |mid )?(?:morning|afternoon|evening|night)"

_LEADS = """
by|on|at|for|until|till|til|the|due|its|is|this is|ideally|hopefully|please|definitely|deadline|deadline of
no later than|not later than|latest|at the (?:very )?latest|at latest|on or before|by or before
some ?time|at some point|any ?time|(?:in|over) the course of
before|later
um|uh|er|erm|hm|hmm|oh|well|so|ok|okay|yeah
"""
_LEADING_HOURS = rf"""
(?:by |at |before )?(?:eod|start of (?:the )?(?:business|day))(?: on| of)?
{_CLOCK}(?: on)?
(?:at|by) \d{{1,2}}(?: oclock)?(?: on)?
(?:the )?(?:morning|afternoon|evening|night) of
1th thing|early|late
"""
_TAILS = """
please|at the (?:very )?latest|latest|at latest|no later
if possible|ideally|hopefully|for sure|without fail|tops|ok|okay|right|my time|your time|local time
"""
_TRAILING_HOURS = rf"""
1th thing|early|late
(?:by |at |before )?(?:the )?(?:eod|start of (?:the )?(?:business|day))
(?:at|by) \d{{1,2}}(?: oclock)?
{_CLOCK}
{_PART}
"""
_VETOES = (
    r"\b(?:by|until|till|til|before|for) (?:the |this )?weekend\b"  # may mean before it
    # how long, not when
    r"|\bfor (?:the next |the |another )?\d+ (?:business |working )?(?:hour|day|week|fortnight|month|year)"
    r"|\bthe next (?:wd\d|week|month|year|weekend)\b"  # from now on, or the one after this?
    r"|(?<!\bor )(?<!day )(?<!days )(?<!week )(?<!weeks )\bbefore "
    r"(?!(?:the )?(?:end|eod|last day|last business day|noon|midday|lunch|lunchtime|\d{1,2}(?::\d\d)? ?(?:am|pm)|\d{1,2}:\d\d)\b)"
    r"|\bwell before\b|\b24/7\b(?!/)"
    r"|\b\d (?:this|next) month\b|\b\d+ in mon\d"  # "two next month" are two of something
)

_MONTH_NAMES = MonthNames(
    this=(" of (?:this|the) month", " this month"),
    following=(" of next month", " next month"),
    named=(" (?:of |in |of the month of )?{M}", " (?:of |in )?{M} this year"),
    named_with_year=(" (?:of |in )?{M}(?: of)? {Y}",),
)


def _after(unit: str) -> list[str]:
    """Return patterns of a span of time from now."""
    amount = rf"{{N}} (?:calendar |consecutive )?{unit}"
    return [
        rf"(?:in|within|within the next|inside|inside of|in another) {amount}(?: time| from now| from today)?",
        rf"(?:in |within )?(?:at most|no more than) {amount}",
        rf"{amount} (?:time|from now|from today)",
    ]


def _amount(unit: str) -> list[str]:
    """Return patterns of a bare amount of time, not of a single unit, because "one day" is no date."""
    return [rf"(?:(?:in |over )?(?:the )?next )?(?P<n>[2-9]|\d{{2,3}}) (?:calendar |consecutive )?{unit}"]


def _counted(unit: str, preposition: str) -> list[str]:
    return [rf"{{N}} {unit} {preposition} (?P<rest>(?:the )?(?:(?:this |next )?wd\d|tomorrow|\d+th.*|mon\d.*|end .*))"]


def _end_of_week(today: date, weeks: int) -> date | None:
    return weekday_in_week(today, FRIDAY, weeks)


def _weekend(said: Said) -> date | None:
    return weekday_in_week(said.today, SUNDAY, 0) if said.today.weekday() < SUNDAY else None


def _is_clear(said: Said) -> bool:
    """Say whether a date in figures can be read in one way only.

    So it is where one of the two cannot be a month, or both are the same.
    """
    return max(said.month, said.day) > 12 or said.month == said.day


def _next_in_figures(said: Said) -> date | None:
    month, day = sorted((said.month, said.day))
    if month > 12 or not _is_clear(said):
        return None
    found = next_year_in_which(said.today, month, lambda first: date_in_month(first, day))
    return found if found != said.today else None


def _spans(patterns: Callable[[str], list[str]]) -> list[Rule]:
    """Return the rules of all units, from their patterns."""
    return [
        (patterns("days?"), lambda said: said.today + timedelta(days=said.n)),
        (patterns("hours?"), lambda said: said.today + timedelta(days=said.n // 24) if said.n % 24 == 0 else None),
        (patterns("weeks?"), lambda said: said.today + timedelta(weeks=said.n)),
        (patterns("fortnights?"), lambda said: said.today + timedelta(weeks=2 * said.n)),
        (patterns("months?"), lambda said: add_months(said.today, said.n)),
        (patterns("years?"), lambda said: add_months(said.today, 12 * said.n)),
        (patterns("(?:business|working|work|week) ?days?"), lambda said: add_business_days(said.today, said.n)),
    ]


_COUNTED: list[Rule] = [
    (("(?:end of )?next (?:business|working) day",), lambda said: add_business_days(said.today, 1)),
    (_counted("days?", "(?:from|after)"), lambda said: said.rest and said.rest + timedelta(days=said.n)),
    (_counted("days?", "before"), lambda said: said.rest and said.rest - timedelta(days=said.n)),
    (_counted("weeks?", "(?:from|after|on)"), lambda said: said.rest and said.rest + timedelta(weeks=said.n)),
    ((r"{N} weeks? (?P<rest>wd\d|today|tomorrow)",), lambda said: said.rest and said.rest + timedelta(weeks=said.n)),
    (_counted("weeks?", "before"), lambda said: said.rest and said.rest - timedelta(weeks=said.n)),
    (_counted("months?", "(?:from|after)"), lambda said: said.rest and add_months(said.rest, said.n)),
    (("(?:this|same) time next week",), lambda said: said.today + timedelta(weeks=1)),
]
_DAYS: list[Rule] = [
    (("today", "eod", "eod today", "tonight", "this (?:morning|afternoon|evening)"), lambda said: said.today),
    (("(?:(?:this|same) time )?tomorrow",), lambda said: said.today + timedelta(days=1)),
    (("day after tomorrow",), lambda said: said.today + timedelta(days=2)),
    (("{W}", "(?:this )?coming {W}"), lambda said: next_weekday(said.today, said.weekday)),
    (
        ("this {W}",),
        lambda said: (
            weekday_in_week(said.today + timedelta(days=1), said.weekday, 0) if said.today.weekday() < SUNDAY else None
        ),
    ),
    (
        ("next {W}", "{W} (?:of |in )?next week", "next weeks? (?:by |on )?(?:the )?{W}"),
        lambda said: weekday_in_week(said.today, said.weekday, 1),
    ),
    (
        ("{W} (?:of |in )?this week", "this weeks? (?:by |on )?{W}"),
        lambda said: weekday_in_week(said.today, said.weekday, 0),
    ),
    (("{W} (?:of |in )?(?:the )?week after next",), lambda said: weekday_in_week(said.today, said.weekday, 2)),
    (("{W} week",), lambda said: next_weekday(said.today, said.weekday) + timedelta(weeks=1)),
    (
        (
            rf"(?:this |coming )?{{W}}(?: {_PART})? {{DATE}}",
            r"(?![1-5]th wd)(?P<rest>today|tomorrow|\d.*|mon\d.*) {W}",  # the second Friday is not Friday the 2nd
            "{W} (?P<rest>today|tomorrow)",
        ),
        lambda said: said.rest if said.rest and said.rest.weekday() == said.weekday else None,
    ),
    (
        ("next {W} {DATE}",),
        lambda said: said.rest if said.rest == weekday_in_week(said.today, said.weekday, 1) else None,
    ),
    (
        (r"end of (?P<rest>(?:(?:this|next|coming) )?wd\d.*|today|tomorrow|(?:the )?\d+th.*|mon\d+ \d.*)",),
        lambda said: said.rest,
    ),
    (("{D}th",), lambda said: next_day_of_month(said.today, said.day)),
    (
        (r"(?P<month>\d{1,2})/{D}/{Y}",),
        lambda said: (
            date_or_none(said.year, min(said.month, said.day), max(said.month, said.day)) if _is_clear(said) else None
        ),
    ),
    (
        (r"(?P<month>\d{1,2})/{D}/(?P<year>\d\d)",),
        lambda said: (
            date_or_none(2000 + said.year, min(said.month, said.day), max(said.month, said.day))
            if _is_clear(said)
            else None
        ),
    ),
    ((r"(?P<month>\d{1,2})/{D}",), _next_in_figures),
    ((r"{Y}~(?P<month>\d\d)~{D}",), lambda said: date_or_none(said.year, said.month, said.day)),
    *_MONTH_NAMES.rules(("{D}(?:th)?",), lambda said, first: date_in_month(first, said.day)),
    in_named_month("{M} (?:the )?{D}(?:th)?(?: this year)?", lambda said, first: date_in_month(first, said.day)),
    (("{M} (?:the )?{D}(?:th)?(?: of)? {Y}",), lambda said: date_or_none(said.year, said.month, said.day)),
    (
        ("{M} (?:the )?{D}(?:th)?(?: of)? next year", "{D}(?:th)? (?:of )?{M}(?: of)? next year"),
        lambda said: date_or_none(said.today.year + 1, said.month, said.day),
    ),
    (("next month (?:on )?(?:the )?{D}th",), lambda said: date_in_month(first_of_month(said.today, 1), said.day)),
    *_MONTH_NAMES.rules(("{N}th {W}",), lambda said, first: nth_weekday(first, said.weekday, said.n)),
    *_MONTH_NAMES.rules(("(?:last|final) {W}",), lambda said, first: nth_weekday(first, said.weekday, -1)),
    *_MONTH_NAMES.rules(("{N}th (?:business|working) day",), lambda said, first: nth_business_day(first, said.n)),
    *_MONTH_NAMES.rules(("(?:last|final) (?:business|working) day",), lambda said, first: nth_business_day(first, -1)),
    *_MONTH_NAMES.rules(("{N}th day",), lambda said, first: date_in_month(first, said.n)),
]
_ENDS: list[Rule] = [
    (("end of this week",), lambda said: _end_of_week(said.today, 0)),
    (("(?:the )?end of next week",), lambda said: _end_of_week(said.today, 1)),
    (("end of the week after next",), lambda said: _end_of_week(said.today, 2)),
    (("end of (?:the|this) weekend",), _weekend),
    (("(?:the )?end of the month after next",), lambda said: month_end(first_of_month(said.today, 2))),
    *_MONTH_NAMES.rules(("(?:very )?end", "last day"), lambda said, first: month_end(first)),
    (("end of {M}(?: of)? next year",), lambda said: month_end(date(said.today.year + 1, said.month, 1))),
    (("end of this year", "last day of (?:the|this) year"), lambda said: date(said.today.year, 12, 31)),
    (("(?:end|last day) of next year",), lambda said: date(said.today.year + 1, 12, 31)),
    (("(?:the )?end of {Y}",), lambda said: date(said.year, 12, 31)),
]
_DURING = "(?:in |during |within )?(?:the )?"
_PERIODS: list[Rule] = [
    ((f"{_DURING}this week",), lambda said: _end_of_week(said.today, 0)),
    ((f"{_DURING}next week",), lambda said: _end_of_week(said.today, 1)),
    ((f"{_DURING}week after next",), lambda said: _end_of_week(said.today, 2)),
    (
        (f"{_DURING}week (?:of|commencing|beginning|starting) (?:the )?{{DATE}}",),
        lambda said: said.rest and _end_of_week(said.rest, 0),
    ),
    (("(?:over |during |at )?(?:the|this|this coming) weekend",), _weekend),
    ((f"{_DURING}this month",), lambda said: month_end(first_of_month(said.today, 0))),
    ((f"{_DURING}next month",), lambda said: month_end(first_of_month(said.today, 1))),
    (("the month after next",), lambda said: month_end(first_of_month(said.today, 2))),
    *_MONTH_NAMES.rules(("(?:end of )?(?:the )?1th half",), lambda said, first: date_in_month(first, 15)),
    *_MONTH_NAMES.rules(("(?:end of )?(?:the )?2th half",), lambda said, first: month_end(first)),
    in_named_month("(?:in |during |this )?(?:the month of )?{M}(?: this year)?", lambda said, first: month_end(first)),
    (("(?:in |during )?(?:the month of )?{M}(?: of)? {Y}",), lambda said: month_end(date(said.year, said.month, 1))),
    (("(?:in )?{M}(?: of)? next year",), lambda said: month_end(date(said.today.year + 1, said.month, 1))),
    ((f"{_DURING}this year",), lambda said: date(said.today.year, 12, 31)),
    ((f"{_DURING}next year",), lambda said: date(said.today.year + 1, 12, 31)),
    (("in {Y}",), lambda said: date(said.year, 12, 31)),
]


ENGLISH = Grammar(
    Vocabulary(_PHRASES, _words(), _LEADS, _TAILS, _LEADING_HOURS, _TRAILING_HOURS, _VETOES, r"\bthis (?:year|mon\d)"),
    days=[*_spans(_after), *_COUNTED, *_DAYS, *_ENDS],
    periods=_PERIODS,
    amounts=_spans(_amount),
)
