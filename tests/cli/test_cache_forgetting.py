"""The right to be forgotten: after `cache remove` nothing of a customer is left, in rows or in the bytes of the
files.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from meetcli.cache.entry import load_index
from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import REFUSAL, LoopbackServer, in_order

CANARY = "CANARYCUSTOMER"


def put_meetings(meetcli: Command, *, suffix: str = "") -> None:
    """Write forty meetings of two customers, long enough that an answer takes pages of its own."""
    for number in range(40):
        customer = CANARY if number % 2 else "C-other"
        text = "\n".join(
            f"Ana: {customer} will send plan {line}{suffix} on Friday.\nRui: Thank you, {customer}."
            for line in range(30)
        )
        meetcli.put(f"in/{number:02}.json", explicit(text, meeting_id=f"M-{number}", customer_id=customer))


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def bought(meetcli: Command, server: LoopbackServer) -> Command:
    """Everything that can be kept: answers, some of them replaced, a remembered failure, index rows and pointers,
    results.
    """
    meetcli.environment["MEETCLI_CACHE_DIR"] = str(meetcli.folder / "cache")
    put_meetings(meetcli)
    server.faults = in_order(REFUSAL, REFUSAL)
    assert meetcli("extract", "in", "-j", "1").exit_code == 1
    assert meetcli("extract", "in", "--refresh", "--limit", "20").exit_code == 0
    put_meetings(meetcli, suffix=" again")
    assert meetcli("extract", "in").exit_code == 0
    assert meetcli("analyze", "in").exit_code == 0
    assert CANARY.encode() in bytes_of(meetcli.folder / "cache")
    return meetcli


def test_a_removed_customer_is_in_no_byte_of_the_cache_and_the_results(bought: Command) -> None:
    done = bought("cache", "remove", "--customer", CANARY, "--results", "results")

    assert done.exit_code == 0, done.stderr
    assert done.stdout == "removed 60 answers, 1 remembered failure, 40 results\n"
    assert CANARY.encode() not in bytes_of(bought.folder / "cache")
    assert CANARY.encode() not in bytes_of(bought.folder / "results")
    assert len(bought.results()) == 40
    again = bought("cache", "remove", "--customer", CANARY, "--results", "results")
    assert (again.exit_code, again.stdout) == (1, "removed 0 answers\n")


def test_a_customer_nobody_knows_is_said_with_those_that_are_near(bought: Command) -> None:
    done = bought("cache", "remove", "--customer", CANARY[:-1])
    assert (done.exit_code, done.stdout) == (1, "removed 0 answers\n")
    assert f"nothing is kept of customer {CANARY[:-1]!r}" in done.stderr
    assert f"did you mean {CANARY}" in done.stderr


def test_bytes_that_a_reader_keeps_are_told_of_and_go_when_it_ends(bought: Command) -> None:
    with closing(sqlite3.connect(bought.folder / "cache" / "cache.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM Cache").fetchall()
        done = bought("cache", "remove", "--customer", CANARY)
        assert CANARY.encode() in bytes_of(bought.folder / "cache")

    assert (done.exit_code, done.stderr.count("what was removed can be found in its bytes")) == (0, 1)
    assert CANARY.encode() not in bytes_of(bought.folder / "cache")


def test_nothing_leads_to_what_was_removed_and_the_others_are_unharmed(bought: Command, server: LoopbackServer) -> None:
    bought("cache", "remove", "--customer", CANARY)
    with closing(sqlite3.connect(bought.folder / "cache" / "cache.db")) as rows:
        names = [name for (name,) in rows.execute("SELECT key FROM Cache")]
        index = [load_index(*row).name for row in rows.execute("SELECT key, value FROM Cache WHERE key LIKE 'index:%'")]
    kept_keys = {name.rsplit(":", 2)[-2] for name in names if name.startswith("answer:")}

    assert set(index) <= set(names)
    assert {name.rsplit(":", 1)[-1] for name in names if name.startswith("latest:")} == kept_keys
    assert len(kept_keys) == 20
    before = server.requests
    summary = bought("extract", "in", "--summary", "json").summary
    assert (summary["counts"]["hit"], summary["counts"]["miss"]) == (20, 20)
    assert server.requests - before == 20


def test_a_run_at_the_same_time_keeps_no_byte_alive(bought: Command) -> None:
    with closing(sqlite3.connect(bought.folder / "cache" / "cache.db")) as other:
        other.execute("SELECT count(*) FROM Cache").fetchone()
        bought("cache", "remove", "--customer", CANARY)

        assert CANARY.encode() not in bytes_of(bought.folder / "cache")


def test_a_cleared_cache_has_no_byte_of_anybody(bought: Command) -> None:
    assert bought("cache", "clear").exit_code == 0

    assert CANARY.encode() not in bytes_of(bought.folder / "cache")


def test_pruned_entries_are_in_no_byte_either(bought: Command) -> None:
    assert bought("cache", "prune", "--ttl", "0").exit_code == 0

    assert CANARY.encode() not in bytes_of(bought.folder / "cache")
    assert json.loads(bought("cache", "list", "--json").stdout) == []


def test_a_last_line_that_somebody_left_open_is_taken_out_too(bought: Command) -> None:
    bought("extract", "in", "--format", "jsonl")
    lines = bought.results()["results.extract.jsonl"].splitlines(keepends=True)
    line = next(line for line in lines if CANARY.encode() in line)
    path = bought.folder / "results" / "results.extract.jsonl"
    path.write_bytes(b"".join([one for one in lines if CANARY.encode() not in one]) + line.rstrip())

    done = bought("cache", "remove", "--customer", CANARY, "--results", "results")

    assert done.exit_code == 0
    assert CANARY.encode() not in path.read_bytes()


def test_a_cell_of_any_length_keeps_nobody_in_a_table(bought: Command) -> None:
    path = bought.put(
        "results/long.csv", f"meetcli_task,customer_id,summary\nextract,{CANARY},x\nextract,C-2,{'w' * 200_000}\n"
    )

    bought("cache", "remove", "--customer", CANARY, "--results", "results")

    assert CANARY not in path.read_text()
    assert "C-2" in path.read_text()


def test_results_of_every_format_lose_the_customer_and_keep_the_others(bought: Command) -> None:
    customer = "=" + CANARY  # what a spreadsheet would take for a formula is told apart all the same
    bought.put(
        "in/formula.json", explicit(f"Ana: {customer} is here.\nRui: Yes.", meeting_id="M-f", customer_id=customer)
    )
    bought("extract", "in", "--format", "json,jsonl,csv,md")
    bought("extract", "in", "--format", "md", "-o", "results/minutes-only")
    bought.put("results/mine.csv", f"customer_id,note\n{CANARY},mine\n")
    lines = bought.results()["results.extract.jsonl"].splitlines()

    for one in (CANARY, customer):
        done = bought("cache", "remove", "--customer", one, "--results", "results")
        assert done.exit_code == 0, done.stderr

    left = {name: content for name, content in bought.results().items() if CANARY.encode() in content}
    assert {name.partition("/")[0] for name in left} == {"mine.csv", "minutes-only"}
    assert "minutes-only/00.extract.md, " in done.stderr
    after = bought.results()
    assert after["results.extract.jsonl"].splitlines() == [line for line in lines if CANARY.encode() not in line]
    assert len(after["results.extract.jsonl"].splitlines()) == 20
    assert after["results.extract.csv"].startswith(b"\xef\xbb\xbfmeetcli_task,")
    assert "00.extract.md" in after
    before = after
    bought("extract", "in", "--format", "json,jsonl,csv,md", "--cache-only", "-o", "results")
    assert bought.results()["results.extract.csv"] == before["results.extract.csv"], (
        "the very bytes that a run without them writes"
    )
