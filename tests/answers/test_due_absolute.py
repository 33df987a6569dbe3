"""Absolute dates in languages without a grammar: most phrases were written down before there was code for them."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from meetcli.answers.due_dates import resolve_due_date

MEETING = datetime.fromisoformat("2026-11-25T10:00")
with (Path(__file__).parent / "due_phrases_elsewhere.csv").open(encoding="utf-8", newline="") as lines:
    ROWS = list(csv.DictReader(lines, delimiter=";"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['language']}-{row['phrase']}")
def test_a_date_with_the_name_of_its_month_is_read_and_nothing_else(row):
    found = resolve_due_date(row["phrase"], MEETING, row["language"])
    assert (found.isoformat() if found else "") == row["date"]


def test_without_the_library_such_a_date_is_not_resolved(monkeypatch):
    monkeypatch.setattr("meetcli.answers.due_absolute.find_spec", lambda name: None)
    assert resolve_due_date("15. März 2027", MEETING, "de") is None
    assert resolve_due_date("2027-03-15", MEETING, "de").isoformat() == "2027-03-15"
