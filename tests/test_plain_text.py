from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.config.values import parse_duration
from meetcli.plain_text import (
    age_text,
    bytes_text,
    count_text,
    decimal_text,
    duration_text,
    elapsed_text,
    error_text,
    failure_text,
    money_text,
    printable,
    sum_text,
)


@given(st.text())
def test_printable_text_has_one_line_and_no_controls(text):
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Reunião 日本.json", "Reunião 日本.json"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udcff", "\\udcff"),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_only_what_could_deceive_is_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "none"),
        (86_400, "24h"),
        (2_592_000, "30d"),
        (90, "90s"),
        (600, "10m"),
        (0, "0s"),
        (0.5, "0.5s"),
        (7200, "2h"),
    ],
)
def test_a_duration_is_written_as_people_give_it(seconds, text):
    assert duration_text(seconds) == text
    if seconds is not None:
        assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0s"), (12.34, "12.3s"), (99.96, "1m40s"), (245, "4m05s"), (3599.6, "1h00m"), (7830, "2h10m")],
)
def test_a_measured_time_is_short(seconds, text):
    assert elapsed_text(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "unknown"),
        ("0", "$0"),
        ("0.00001", "<$0.0001"),
        ("0.00345", "$0.0035"),
        ("1.5", "$1.5000"),
        ("1234.567", "$1,234.57"),
    ],
)
def test_money_is_finer_the_smaller_it_is(amount, text):
    assert money_text(None if amount is None else Decimal(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0"), ("0.00", "0"), ("1E-7", "0.0000001"), ("1E+2", "100"), ("100", "100"), ("2.50", "2.5")],
)
def test_a_decimal_is_written_plainly(amount, text):
    assert decimal_text(Decimal(amount)) == text


def test_counts_agree_with_their_noun():
    assert [count_text(count, "call") for count in (0, 1, 1234)] == ["0 calls", "1 call", "1,234 calls"]


def test_an_error_has_its_hint_below():
    assert error_text("no\x1b[0m", "look\there") == "error: no\\x1b[0m\nhint: look\\there"


def test_a_failure_names_its_file_safely():
    assert failure_text("in/a\n.json#3", "empty transcript") == "in/a\\n.json#3: empty transcript"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (999_949_999, "999.9 MB"),
        (10**13, "10,000.0 GB"),
    ],
)
def test_a_size_is_in_the_largest_unit_that_it_reaches(size, text):
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0.9, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (10**7, "115d"),
    ],
)
def test_an_age_is_rounded_down_so_that_nothing_looks_older_than_it_is(seconds, text):
    assert age_text(seconds) == text


@pytest.mark.parametrize(
    ("amounts", "text"),
    [
        ([], "$0"),
        (["1", "2.5"], "$3.5000"),
        (["1", None], "at least $1.0000"),
        ([None], "unknown"),
        (["0", None], "unknown"),
    ],
)
def test_a_sum_says_what_is_not_known_of_it(amounts, text):
    assert sum_text(None if amount is None else Decimal(amount) for amount in amounts) == text
