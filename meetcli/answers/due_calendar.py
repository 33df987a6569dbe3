"""Room of the answers: the calendar arithmetic behind due phrases, in no language. Pure.

A week begins on Monday and ends on Friday; a date that does not exist, or that a phrase would put in the past, is None.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

FRIDAY = 4
SUNDAY = 6
RECENT_DAYS = 31  # a day and month that has just gone by is not taken for next year's


def date_or_none(year: int, month: int, day: int) -> date | None:
    """Return the date, or None where there is none, as on February 30."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def date_in_month(first: date, day: int) -> date | None:
    """Return that day of the month that begins on `first`."""
    return date_or_none(first.year, first.month, day)


def next_weekday(today: date, weekday: int) -> date:
    """Return the first `weekday` (Monday is 0) after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def weekday_in_week(today: date, weekday: int, weeks: int) -> date | None:
    """Return the `weekday` of the week `weeks` after this one."""
    found = today + timedelta(days=weekday - today.weekday() + 7 * weeks)
    return found if found >= today else None


def add_months(today: date, months: int) -> date:
    """Return the same day some months on, or the last day of a month that is too short for it."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def add_business_days(today: date, count: int) -> date:
    """Return the day `count` days from Monday to Friday after today."""
    found = today
    while count:
        found += timedelta(days=1)
        count -= found.weekday() <= FRIDAY
    return found


def first_of_month(today: date, months: int) -> date:
    """Return the first day of the month `months` after this one."""
    return add_months(today.replace(day=1), months)


def month_end(first: date) -> date:
    """Return the last day of the month that begins on `first`."""
    return first.replace(day=monthrange(first.year, first.month)[1])


def next_day_of_month(today: date, day: int) -> date | None:
    """Return the first date after today with this day of the month."""
    for months in range(13):
        found = date_in_month(first_of_month(today, months), day)
        if found and found > today:
            return found
    return None


def next_year_in_which(today: date, month: int, find: Callable[[date], date | None]) -> date | None:
    """Return what `find` finds in that month of this year, or of the next where it is over.

    None where it has just gone by.

    `find` is given the first day of the month.
    """
    this_year = find(date(today.year, month, 1))
    if this_year is None and month >= today.month:  # a fifth Friday that April does not have is not next April's
        return None
    if this_year is None or this_year < today - timedelta(days=RECENT_DAYS):
        return find(date(today.year + 1, month, 1))
    return this_year if this_year >= today else None


def nth_weekday(first: date, weekday: int, number: int) -> date | None:
    """Return the `number`th `weekday` of the month that begins on `first`; -1 is the last one."""
    days = [first + timedelta(days=offset) for offset in range(monthrange(first.year, first.month)[1])]
    return _nth([day for day in days if day.weekday() == weekday], number)


def nth_business_day(first: date, number: int) -> date | None:
    """Return the `number`th day from Monday to Friday of the month that begins on `first`; -1 is the last one."""
    days = [first + timedelta(days=offset) for offset in range(monthrange(first.year, first.month)[1])]
    return _nth([day for day in days if day.weekday() <= FRIDAY], number)


def _nth(days: list[date], number: int) -> date | None:
    if number < 0:
        return days[-1]
    return days[number - 1] if 0 < number <= len(days) else None
