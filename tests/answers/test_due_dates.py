import csv
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.answers.due_dates import resolve_due_date

Row = dict[str, str]
MEETING = datetime.fromisoformat("2025-10-15T09:30")


def midnight(day: date) -> datetime:
    return datetime.fromisoformat(day.isoformat())


def read_phrases(name: str) -> list[Row]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


def resolve(row: Row) -> str:
    found = resolve_due_date(row["phrase"], datetime.fromisoformat(row["meeting"]), row["language"])
    return found.isoformat() if found else ""


@pytest.mark.parametrize(
    "row", read_phrases("due_phrases.csv"), ids=lambda row: f"{row['language']}-{row['meeting']}-{row['phrase']}"
)
def test_phrases_mean_their_dates(row: Row):
    assert resolve(row) == row["date"]


@pytest.mark.parametrize("name", ["due_phrases_unseen.csv", "due_phrases_second.csv"])
def test_phrases_written_down_before_the_grammar_was_read_are_never_wrong_and_mostly_right(name: str):
    rows = read_phrases(name)
    wrong = [row["phrase"] for row in rows if resolve(row) not in {row["date"], ""}]
    right = sum(resolve(row) == row["date"] for row in rows)

    assert wrong == []
    assert right >= 0.95 * len(rows)


@pytest.mark.parametrize(
    "phrase", [None, "", "   ", "?!", "Friday " * 40, "99999 days", "in 999 years", "32/13", "13/13/2026"]
)
def test_no_phrase_and_no_date_are_none(phrase: str | None):
    assert resolve_due_date(phrase, MEETING, "pt") is None


def test_without_a_meeting_date_nothing_is_resolved():
    assert resolve_due_date("tomorrow", None, "en") is None


@pytest.mark.parametrize(
    "language", ["en", "en-US", "EN", "English", "pt", "pt-BR", "pt_BR", "Portuguese", "Português"]
)
def test_language_names_are_understood_and_phrases_of_the_other_language_too(language: str):
    assert (
        resolve_due_date("amanhã", MEETING, language)
        == resolve_due_date("tomorrow", MEETING, language)
        == date(2025, 10, 16)
    )


@pytest.mark.parametrize("language", ["es", "", "auto", "de-DE"])
def test_another_language_is_not_guessed(language: str):
    assert resolve_due_date("tomorrow", MEETING, language) is None
    assert resolve_due_date("12.05.2026", MEETING, language) is None
    assert resolve_due_date("2026-02-30", MEETING, language) is None
    assert resolve_due_date("2026-02-28", MEETING, language) == date(2026, 2, 28)


def test_dates_in_figures_are_read_in_portuguese_only():
    assert resolve_due_date("12/05", MEETING, "en") is None
    assert resolve_due_date("12/05", MEETING, "pt") == date(2026, 5, 12)


@pytest.mark.parametrize("phrase", ["12.05.2026", "12-05-2026", "by 12.05.2026"])
def test_dates_in_figures_keep_to_the_meetings_language_however_they_are_written(phrase: str):
    assert resolve_due_date(phrase, MEETING, "en") is None
    assert resolve_due_date(phrase.removeprefix("by "), MEETING, "pt") == date(2026, 5, 12)


def test_a_date_that_begins_with_its_year_is_read_in_any_mix_of_languages():
    assert (
        resolve_due_date("até 2026-05-12", MEETING, "en")
        == resolve_due_date("by 2026-05-12", MEETING, "pt")
        == date(2026, 5, 12)
    )


def test_the_date_is_the_meetings_own_whatever_its_zone():
    late = datetime(2025, 10, 15, 23, 30, tzinfo=timezone(timedelta(hours=-3)))

    assert resolve_due_date("tomorrow", late, "en") == date(2025, 10, 16)


@pytest.mark.parametrize(
    ("phrase", "language"),
    [
        ("March 3", "en"),
        ("the 3rd of March", "en"),
        ("3 de março", "pt"),
        ("03/03", "pt"),
        ("February 20", "en"),
        ("20/02", "pt"),
        ("in February", "en"),
    ],
)
def test_a_month_and_day_that_is_today_or_just_gone_by_is_not_taken_for_next_years(phrase: str, language: str):
    assert resolve_due_date(phrase, datetime.fromisoformat("2026-03-03"), language) is None


def test_a_year_that_was_said_may_lie_in_the_past():
    assert resolve_due_date("March 3, 2020", MEETING, "en") == date(2020, 3, 3)


DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
SAYS_YEAR = re.compile(r"20\d\d|'\d\d|/.*/")
ROWS = [
    row
    for name in ("due_phrases.csv", "due_phrases_unseen.csv", "due_phrases_second.csv")
    for row in read_phrases(name)
]
PHRASES = st.sampled_from([row for row in ROWS if not SAYS_YEAR.search(row["phrase"])])


@given(DAYS, PHRASES)
def test_a_relative_phrase_never_lies_before_the_meeting(day: date, row: Row):
    found = resolve_due_date(row["phrase"], midnight(day), row["language"])

    assert found is None or day <= found <= day + timedelta(days=730)


@given(DAYS, st.integers(0, 6))
def test_weekdays_keep_their_conventions_on_every_day(day: date, weekday: int):
    at = midnight(day)
    english = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][weekday]
    portuguese = ["segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"][weekday]
    coming = resolve_due_date(english, at, "en")
    following = resolve_due_date(f"next {english}", at, "en")

    assert coming == resolve_due_date(portuguese, at, "pt") == resolve_due_date(f"{portuguese} que vem", at, "pt")
    assert coming.weekday() == following.weekday() == weekday
    assert 1 <= (coming - day).days <= 7
    assert (
        following
        == resolve_due_date(f"{portuguese} da semana que vem", at, "pt")
        == day - timedelta(days=day.weekday()) + timedelta(days=7 + weekday)
    )


@given(DAYS, st.integers(2, 120))
def test_spans_count_days(day: date, count: int):
    at = midnight(day)

    assert (
        resolve_due_date(f"in {count} days", at, "en")
        == resolve_due_date(f"daqui a {count} dias", at, "pt")
        == day + timedelta(days=count)
    )


@given(st.text(max_size=40), DAYS, st.sampled_from(["en", "pt"]))
def test_any_text_is_read_without_a_fault(text: str, day: date, language: str):
    resolve_due_date(text, midnight(day), language)


WORDS = "by next the 31 12 friday of week month end in two feb 29 / - : dia de sexta 2026 30 days at am before last"


@given(st.lists(st.sampled_from(sorted(WORDS.split())), max_size=9))
def test_any_words_are_read_without_a_fault(words: list[str]):
    resolve_due_date(" ".join(words), MEETING, "en")
