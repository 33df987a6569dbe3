"""Results in every format, from the command line to the files and back."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.cli.command import Command
from tests.corridor import explicit

ALL = "json,jsonl,csv,md"


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    for name in ("a", "b", "c"):
        meetcli.put(f"in/{name}.json", explicit(meeting_id=f"M-{name}"))
    return meetcli


def test_every_format_is_written_and_a_rerun_of_hits_leaves_every_byte(meetcli: Command) -> None:
    done = meetcli("extract", "in", "--format", ALL, "--summary", "json")
    first = meetcli.results()
    assert [file["output"] for file in done.summary["files"]] == [f"results/{name}.extract.json" for name in "abc"]
    assert set(first) == {
        *(f"{name}.extract.{ending}" for name in "abc" for ending in ("json", "md")),
        *(f"results.extract.{ending}" for ending in ("jsonl", "csv", "actions.csv")),
    }
    again = meetcli("extract", "in", "--format", ALL, "--summary", "json", "-j", "1")
    assert again.summary["counts"]["hit"] == 3
    assert meetcli.results() == first


def test_tables_and_lines_name_their_own_file_where_there_is_no_other(meetcli: Command) -> None:
    done = meetcli("extract", "in", "--format", "csv", "--summary", "json")
    assert {file["output"] for file in done.summary["files"]} == {"results/results.extract.csv"}


def test_the_byte_order_mark_can_be_left_out(meetcli: Command) -> None:
    meetcli("extract", "in", "--format", "csv")
    with_mark = meetcli.results()["results.extract.csv"]
    meetcli("extract", "in", "--format", "csv", "--no-csv-bom")
    without = meetcli.results()["results.extract.csv"]
    assert with_mark == b"\xef\xbb\xbf" + without
    assert [row["meeting_id"] for row in csv.DictReader(io.StringIO(without.decode(), newline=""))] == [
        "M-a",
        "M-b",
        "M-c",
    ]


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--cache-only", "--no-cache"], ["--limit", "0", "--refresh"]])
def test_a_run_that_has_no_results_leaves_those_of_an_earlier_one(meetcli: Command, arguments: list[str]) -> None:
    meetcli("extract", "in", "--format", ALL)
    before = meetcli.results()
    meetcli("extract", "in", "--format", ALL, *arguments)
    assert meetcli.results() == before


def test_standard_output_takes_lines_only(meetcli: Command) -> None:
    done = meetcli("extract", "in", "-o", "-", "--format", "csv,md")
    assert done.exit_code == 2
    assert "standard output takes JSON Lines, not csv, md" in done.stderr
    assert (
        len([json.loads(line) for line in meetcli("extract", "in", "-o", "-", "--format", "jsonl").stdout.splitlines()])
        == 3
    )


def test_a_folder_of_results_holds_no_transcripts(meetcli: Command) -> None:
    meetcli("extract", "in", "--format", ALL, "-o", "in")
    meetcli("report", "in", "-o", "in/report.html")
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.summary["counts"]["hit"], done.summary["counts"]["skipped"], done.exit_code) == (3, 10, 0)


def test_files_of_a_run_that_cannot_be_written_stop_it(meetcli: Command) -> None:
    (meetcli.folder / "results" / "results.extract.csv").mkdir(parents=True)
    done = meetcli("extract", "in", "--format", "json,csv")
    assert done.exit_code == 3
    assert "results.extract.csv" in done.stderr
    assert "a.extract.json" in meetcli.results()


def test_results_can_be_shown_and_made_a_page_of(meetcli: Command) -> None:
    meetcli("extract", "in", "--format", "jsonl")
    shown = meetcli("show", "results/results.extract.jsonl")
    assert (shown.exit_code, shown.stderr, shown.stdout.count("M-")) == (0, "", 3)
    made = meetcli("report", "results", "-o", "page/report.html", "--full", "--language", "pt")
    assert made.exit_code == 0
    assert made.stdout.startswith("page/report.html: 3 meetings from 3 results, ")
    assert meetcli("report", "results", "--language", "fr").exit_code == 2
    assert meetcli("show", "in/a.json").exit_code == 2
