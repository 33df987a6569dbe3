"""Room of the answers: the machine that reads a due phrase by a closed grammar.

Pure; the languages are tables beside it.

A phrase is folded to canonical words: weekdays become `wd0` to `wd6`, months `mon1` to `mon12`, number words digits.
Words that lead or trail a date without moving it ("by", "at 5pm", "please") are then taken off in every possible way,
and what is left must match a rule as a whole. Where two ways lead to two dates, there is none. Only a day has hours:
"next week, first thing" is not the end of next week. A bare amount has no preposition but its own: "two weeks" may be a
deadline, "by two weeks" is how far something moved.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from meetcli.answers.due_calendar import first_of_month, next_year_in_which

_SHORTHANDS = {
    "{N}": r"(?P<n>\d{1,3})",
    "{W}": r"wd(?P<weekday>\d)",
    "{M}": r"mon(?P<month>\d{1,2})",
    "{D}": r"(?P<day>\d{1,2})",
    "{Y}": r"(?P<year>20\d\d)",
    "{DATE}": r"(?P<rest>(?:the |dia )?(?:\d|mon\d).*)",
}
MAX_SPAN = timedelta(days=3653)  # "in 999 years" is no due date
_YEAR = re.compile(r"\b20\d\d\b")


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule's pattern captured: numbers (0 where it has none), and the date of a phrase within the phrase."""

    today: date
    n: int = 0
    weekday: int = 0
    month: int = 0
    day: int = 0
    year: int = 0
    rest: date | None = None


Meaning = Callable[[Said], date | None]
Rule = tuple[Sequence[str], Meaning]
"""Patterns of whole phrases, and what they mean. `{N}`, `{W}`, `{M}`, `{D}` and `{Y}` capture numbers, `{DATE}` a date
within.
"""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A language's words. `phrases` (patterns) are made canonical after folding, `words` one by one after that.

    `leads` and `tails` are patterns, one a line; those of `hours` say when in a day. A phrase in which `vetoes` finds
    something means no date, one in which `this_year` does means none of another year.
    """

    phrases: Mapping[str, str]
    words: Mapping[str, str]
    leads: str
    tails: str
    leading_hours: str
    trailing_hours: str
    vetoes: str
    this_year: str


class _Shape:
    """Rules of one shape, with the words that may lead and trail what they match."""

    def __init__(self, rules: Sequence[Rule], leads: str, tails: str) -> None:
        self.rules = [(_compile(pattern), meaning) for patterns, meaning in rules for pattern in patterns]
        self._leads = _any_line(leads)
        self._tails = _any_line(tails)

    def cores(self, folded: str) -> set[str]:
        """Return `folded` and all that is left of it when leading and trailing words are taken off."""
        cores, fresh = set[str](), {folded}
        while fresh:
            cores |= fresh
            shorter = set[str]()
            for core in fresh:
                for space in re.finditer(" ", core):
                    if self._leads.fullmatch(core, 0, space.start()):
                        shorter.add(core[space.end() :])
                    if self._tails.fullmatch(core, space.end()):
                        shorter.add(core[: space.start()])
            fresh = shorter - cores
        return cores


class Grammar:
    """A vocabulary and its rules, compiled.

    It reads days, periods such as "next week", and bare amounts of time such as "two weeks".
    """

    def __init__(
        self, vocabulary: Vocabulary, days: Sequence[Rule], periods: Sequence[Rule], amounts: Sequence[Rule]
    ) -> None:
        self._vocabulary = vocabulary
        self._vetoes = re.compile(vocabulary.vetoes)
        self._this_year = re.compile(vocabulary.this_year)
        self._days = _Shape(
            days, vocabulary.leads + vocabulary.leading_hours, vocabulary.tails + vocabulary.trailing_hours
        )
        self._shapes = [
            self._days,
            _Shape(periods, vocabulary.leads, vocabulary.tails),
            _Shape(amounts, "", vocabulary.tails),
        ]

    def resolve(self, phrase: str, today: date) -> date | None:
        """Return the one date that `phrase` means when said on `today`."""
        folded = self._fold(phrase)
        return None if self._vetoes.search(folded) else self._resolve(folded, today, self._shapes)

    def _resolve(self, folded: str, today: date, shapes: Sequence[_Shape]) -> date | None:
        dates = {self._match(core, today, shape) for shape in shapes for core in shape.cores(folded)} - {None}
        if len(dates) != 1:
            return None
        found = dates.pop()
        if found is None or (self._this_year.search(folded) and found.year != today.year):
            return None
        # only a year that was said may put a date in the past
        return found if today <= found <= today + MAX_SPAN or _YEAR.search(folded) else None

    def _match(self, core: str, today: date, shape: _Shape) -> date | None:
        for pattern, meaning in shape.rules:
            match = pattern.fullmatch(core)
            if match is None:
                continue
            captured = match.groupdict()
            rest = captured.pop("rest", None)
            found = self._resolve(rest, today, [self._days]) if rest else None
            if rest and found is None:
                continue
            try:
                return meaning(
                    Said(today, rest=found, **{name: int(value) for name, value in captured.items() if value})
                )
            except (OverflowError, ValueError):  # beyond the year 9999, or month 13
                return None
        return None

    def _fold(self, phrase: str) -> str:
        """Drop case, accents and punctuation, and put canonical words in place of the language's own."""
        text = unicodedata.normalize("NFD", phrase.casefold())
        text = "".join(char for char in text if unicodedata.category(char) != "Mn")
        text = re.sub(r"['’](?=\d\d\b)", "20", text)  # '26 is a year
        text = re.sub(r"['’´`]", "", text)
        text = re.sub(r"\b(20\d\d)([-/])(\d\d)\2(\d\d)\b", r"\1~\3~\4", text)
        text = re.sub(r"\b(\d{1,2})([-.])(\d{1,2})\2(20\d\d)\b", r"\1/\3/\4", text)
        text = re.sub(r"(?<=\d)\.(?=00|1[3-9]|[2-5]\d)", ":", text)  # 14.30 is a time; 14.08 may be a day in August
        text = re.sub(r"[^\w/:~%+&]|(?<!\d)[/:]|[/:](?!\d)", " ", text)
        text = " ".join(re.sub(r"(?<=\d)[º°]", "o", text).split())
        text = re.sub(r"\b(wd|mon)(?=\d)", r"\1_", text)  # "WD3" is the third working day
        for pattern, canonical in self._vocabulary.phrases.items():
            text = re.sub(pattern, canonical, text)
        return " ".join(self._vocabulary.words.get(word, word) for word in text.split())


FindInMonth = Callable[[Said, date], date | None]
"""What a phrase means in the month that begins on the date given."""


@dataclass(frozen=True, slots=True)
class MonthNames:
    """How a language says which month something is in.

    The patterns follow it for this month, for the next one, and for one by its name.
    """

    this: tuple[str, ...]
    following: tuple[str, ...]
    named: tuple[str, ...]
    named_with_year: tuple[str, ...]

    def rules(self, heads: Sequence[str], find: FindInMonth) -> list[Rule]:
        """Return the rules for `heads` in any month."""
        return [
            (_joined(heads, self.this), lambda said: _unless_today(said, find(said, first_of_month(said.today, 0)))),
            (_joined(heads, self.following), lambda said: find(said, first_of_month(said.today, 1))),
            *(in_named_month(pattern, find) for pattern in _joined(heads, self.named)),
            (_joined(heads, self.named_with_year), lambda said: find(said, date(said.year, said.month, 1))),
        ]


def in_named_month(pattern: str, find: FindInMonth) -> Rule:
    """Return the rule for a pattern that names a month without a year: this year's or the next's."""
    return (pattern,), lambda said: _unless_today(
        said, next_year_in_which(said.today, said.month, lambda first: find(said, first))
    )


def _joined(heads: Sequence[str], months: Sequence[str]) -> list[str]:
    return [head + month for head in heads for month in months]


def _unless_today(said: Said, found: date | None) -> date | None:
    """Take no day of a month that is today's: "March 3", said on March 3, may be next year's."""
    return None if said.day and found == said.today else found


def _any_line(patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(filter(None, patterns.split("\n"))))


def _compile(pattern: str) -> re.Pattern[str]:
    for shorthand, expression in _SHORTHANDS.items():
        pattern = pattern.replace(shorthand, expression)
    return re.compile(pattern)
