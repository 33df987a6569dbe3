"""The cache commands through the command line: what they print, what they change, what they refuse."""

from __future__ import annotations

import json
import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest

from meetcli.keys import idempotency_key
from meetcli.meetings.normalize import normalize
from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import DROP, REFUSAL, LoopbackServer, in_order


@pytest.fixture
def bought(meetcli: Command, server: LoopbackServer) -> Command:
    """Three answers of two customers and one remembered failure."""
    for number in range(4):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}", customer_id=f"C-{number % 2}"))
    server.faults = in_order(REFUSAL)
    meetcli.environment["MEETCLI_PRICES"] = "openai"
    assert meetcli("extract", "in", "-j", "1").exit_code == 1
    return meetcli


def listed(meetcli: Command, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(meetcli("cache", "list", "--json", *options).stdout)
    return found


def database(meetcli: Command) -> Path:
    return Path(meetcli("cache", "path").stdout.strip()) / "cache.db"


# list


def test_list_shows_what_was_bought_the_oldest_first(bought: Command) -> None:
    done = bought("cache", "list")
    lines = [line.split() for line in done.stdout.splitlines()]

    assert lines[0] == ["kind", "task", "meeting", "customer", "age", "left", "cost", "size", "model", "key"]
    assert [line[:4] for line in lines[1:]] == [
        ["failure", "extract", "M-0", "C-0"],
        ["answer", "extract", "M-1", "C-1"],
        ["answer", "extract", "M-2", "C-0"],
        ["answer", "extract", "M-3", "C-1"],
    ]
    assert re.fullmatch(r"[0-9a-f]{16}", lines[1][-1])


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        ("80", ["task", "meeting", "customer", "age", "left", "cost", "key"]),
        ("200", ["kind", "task", "meeting", "customer", "age", "left", "cost", "size", "model", "key"]),
    ],
)
def test_a_list_fits_the_terminal(bought: Command, columns: str, headings: list[str]) -> None:
    bought.put("in/long.json", explicit(meeting_id="MTG-2026-0502-A", customer_id="CUST-ACME-0001"))
    bought("extract", "in/long.json")
    controller, terminal = pty.openpty()
    with bought.start("cache", "list", stdout=terminal, environment={"COLUMNS": columns}) as process:
        process.wait(timeout=60)
    os.close(terminal)
    lines = os.read(controller, 10_000).decode().splitlines()
    os.close(controller)

    assert lines[0].split() == headings
    assert max(map(len, lines)) <= int(columns)


@pytest.mark.parametrize(
    ("options", "meetings"),
    [
        (("--customer", "C-0"), ["M-0", "M-2"]),
        (("--model", "gpt-4o", "--customer", "C-1"), ["M-1", "M-3"]),
        (("--model", "other"), []),
        (("--task", "analyze"), []),
        (("--task", "extract", "--newer-than", "1h"), ["M-0", "M-1", "M-2", "M-3"]),
        (("--older-than", "1h"), []),
    ],
)
def test_list_takes_filters(bought: Command, options: tuple[str, ...], meetings: list[str]) -> None:
    assert [entry["meeting_id"] for entry in listed(bought, *options)] == meetings


def test_list_tells_age_and_what_is_left_by_the_reader_s_ttl(bought: Command) -> None:
    (entry, *_) = listed(bought, "--ttl", "10d")
    assert entry["age_s"] + entry["time_left_s"] == pytest.approx(864_000, abs=0.01)
    assert listed(bought, "--ttl", "none")[0]["time_left_s"] is None
    assert {line.split()[5] for line in bought("cache", "list", "--ttl", "0").stdout.splitlines()[1:]} == {"expired"}


def test_names_that_could_move_the_cursor_are_escaped(meetcli: Command) -> None:
    meetcli.put("in/1.json", explicit(customer_id="C\x1b[2J-1"))
    meetcli("extract", "in")

    assert "\x1b" not in meetcli("cache", "list").stdout
    assert r"C\x1b[2J-1" in meetcli("cache", "list").stdout


# show


def test_show_prints_the_entry_and_its_result(bought: Command) -> None:
    entry = listed(bought)[1]
    done = bought("cache", "show", entry["idempotency_key"][:16] + "...")

    header, _, result = done.stdout.partition("\n\n")
    assert "meeting_id       M-1" in header
    assert result.encode() == bought.results()["1.extract.json"]
    (shown,) = json.loads(bought("cache", "show", entry["idempotency_key"], "--json").stdout)
    assert shown["result"] == json.loads(result)
    assert set(shown["fingerprint"]) >= {"content", "metadata", "model", "language"}


def test_show_tells_a_remembered_failure(bought: Command) -> None:
    (shown,) = json.loads(bought("cache", "show", listed(bought)[0]["idempotency_key"], "--json").stdout)

    assert (shown["kind"], shown["reason"], shown["result"]) == ("failure", "refusal", None)


@pytest.mark.parametrize("key", ["0000", "xyz!", "123"])
def test_show_of_what_is_not_there_is_a_wrong_command(bought: Command, key: str) -> None:
    assert bought("cache", "show", key).exit_code == 2


def test_the_start_of_a_key_must_be_one_meeting_s(meetcli: Command) -> None:
    wanted: dict[str, str] = {}
    number = 0
    while True:  # two meetings whose keys begin alike: one in 65,536 pairs, found among some four hundred keys
        meeting = explicit(meeting_id=f"M-{number}")
        key = idempotency_key(normalize(meeting)) or ""
        if key[:4] in wanted:
            break
        wanted[key[:4]] = f"M-{number}"
        number += 1
    meetcli.put("in/a.json", meeting)
    meetcli.put("in/b.json", explicit(meeting_id=wanted[key[:4]]))
    meetcli("extract", "in")

    for command in ("show", "remove"):
        done = meetcli("cache", command, key[:4])
        assert done.exit_code == 2
        assert "the keys of 2 meetings begin with" in done.stderr
    assert meetcli("cache", "show", key).exit_code == 0

    meetcli("cache", "clear")
    done = meetcli("cache", "remove", key[:4], "--results", "results")
    assert (done.exit_code, len(meetcli.results())) == (2, 2), "results may outlive the cache"
    assert meetcli("cache", "remove", key, "--results", "results").stdout == "removed 0 answers, 1 result\n"


# remove


def test_remove_by_meeting_and_by_key(bought: Command) -> None:
    assert bought("cache", "remove", "--meeting", "M-1").stdout == "removed 1 answer\n"
    key = listed(bought)[0]["idempotency_key"]
    assert bought("cache", "remove", key).stdout == "removed 0 answers, 1 remembered failure\n"
    assert [entry["meeting_id"] for entry in listed(bought)] == ["M-2", "M-3"]


@pytest.mark.parametrize("given", [(), ("--meeting", "M-1", "--customer", "C-1"), ("abcd", "--meeting", "M-1")])
def test_remove_wants_exactly_one_thing_to_remove(bought: Command, given: tuple[str, ...]) -> None:
    assert bought("cache", "remove", *given).exit_code == 2
    assert len(listed(bought)) == 4


def test_remove_leaves_files_alone_that_are_no_results(bought: Command) -> None:
    mine = bought.put("results/mine.json", {"customer_id": "C-1"})
    bought.put("results/broken.json", "{")

    assert (
        bought("cache", "remove", "--customer", "C-1", "--results", "results").stdout
        == "removed 2 answers, 2 results\n"
    )
    assert mine.exists()
    assert sorted(bought.results()) == ["2.extract.json", "broken.json", "mine.json"]
    assert bought("cache", "remove", "--customer", "C-1", "--results", "nowhere").exit_code == 2


def test_remove_names_what_it_cannot_look_into(bought: Command) -> None:
    folder = database(bought).parent
    (folder / "cache.damaged-1.db").write_bytes(b"who knows")

    done = bought("cache", "remove", "--customer", "C-1")
    assert f"{folder / 'cache.damaged-1.db'} was moved aside as damaged and may hold anything" in done.stderr


# prune


def test_prune_removes_what_has_expired_and_nothing_else(bought: Command) -> None:
    assert bought("cache", "prune").stdout == "removed 0 entries (0 B)\n"
    assert bought("cache", "prune", "--ttl", "none").stdout == "removed 0 entries (0 B)\n"
    assert len(listed(bought)) == 4
    assert bought("cache", "prune", "--ttl", "0").stdout.startswith("removed 4 entries (")
    assert listed(bought) == []


def test_prune_to_a_size_takes_the_oldest_first(bought: Command) -> None:
    sizes = [entry["size"] for entry in listed(bought)]

    bought("cache", "prune", "--max-size", str(sizes[-1] + sizes[-2]))
    assert [entry["meeting_id"] for entry in listed(bought)] == ["M-2", "M-3"]
    bought("cache", "prune", "--max-size", "0")
    assert listed(bought) == []
    assert bought("cache", "prune", "--max-size", "much").exit_code == 2


# stats


def test_stats_count_for_life_and_since_zero_and_survive_clear(bought: Command) -> None:
    assert bought("extract", "in", "--retry-failed").exit_code == 0
    assert bought("cache", "stats", "--zero").exit_code == 0
    assert bought("cache", "clear").exit_code == 0
    assert bought("extract", "in").exit_code == 0
    assert bought("extract", "in", "--dry-run").exit_code == 0

    found = json.loads(bought("cache", "stats", "--json").stdout)
    assert found["answers"] == 4
    assert (
        found["lifetime"].items()
        >= {"runs": 3, "hits": 3, "misses": 9, "hit_rate": 0.25, "failed": 1, "calls": 9}.items()
    )
    assert (
        found["since_zero"].items()
        >= {"runs": 1, "hits": 0, "misses": 4, "hit_rate": 0.0, "failed": 0, "calls": 4}.items()
    )
    assert float(found["lifetime"]["paid_usd"]) > float(found["since_zero"]["paid_usd"]) > 0
    assert float(found["lifetime"]["saved_usd"]) > 0
    assert found["last_success_at"] > found["zeroed_at"] > found["began_at"]


def test_stats_never_take_what_is_unknown_for_nothing(bought: Command) -> None:
    paid = json.loads(bought("cache", "stats", "--json").stdout)["lifetime"]["paid_usd"]
    assert bought("cache", "stats", "--zero").exit_code == 0
    for _ in range(2):  # the second saves what nobody knows the price of
        assert bought("extract", "in/1.json", "--prices", "none", "--model", "other").exit_code == 0

    found = json.loads(bought("cache", "stats", "--json").stdout)
    known = {"runs_of_unknown_cost": 1, "runs_of_unknown_savings": 1}
    assert found["since_zero"].items() >= {"paid_usd": None, "saved_usd": None, **known}.items()
    assert found["lifetime"].items() >= {"paid_usd": paid, "saved_usd": None, **known}.items()
    lines = [line.split("  ") for line in bought("cache", "stats").stdout.splitlines()]
    lines = [[word.strip() for word in line if word] for line in lines]
    paid_line = next(line for line in lines if line[:1] == ["paid"])
    assert paid_line[1].startswith("at least $")
    assert paid_line[2] == "unknown"


def test_stats_add_up_what_attempts_of_unknown_fate_may_have_cost(bought: Command, server: LoopbackServer) -> None:
    server.faults = in_order(*[None] * server.requests, DROP)
    bought.put("in/new.json", explicit(meeting_id="M-new"))
    done = bought("extract", "in/new.json", "--summary", "json", "--max-cost", "5")
    uncertain = done.summary["uncertain_usd"]

    assert uncertain not in ("0", None)
    assert json.loads(bought("cache", "stats", "--json").stdout)["lifetime"]["uncertain_usd"] == uncertain


def test_stats_are_two_columns_for_people(bought: Command) -> None:
    done = bought("cache", "stats")

    assert re.search(r"^answers +3$", done.stdout, re.MULTILINE)
    assert re.search(r"^remembered failures +1$", done.stdout, re.MULTILINE)
    assert re.search(r"^ +lifetime +since --zero$", done.stdout, re.MULTILINE)
    assert re.search(r"^misses +4 +4$", done.stdout, re.MULTILINE)
    assert re.search(r"^paid +\$0\.0\d+ +\$0\.0\d+$", done.stdout, re.MULTILINE)


def test_counters_that_cannot_be_written_are_a_warning(bought: Command) -> None:
    (database(bought).parent / "cache.state.new").mkdir()

    done = bought("extract", "in", "--cache-only")
    assert "cannot write the counters" in done.stderr


# asking


@pytest.mark.parametrize(
    ("command", "question"),
    [
        (("clear",), "Remove 3 paid answers from "),
        (("remove", "--customer", "C-1"), "Remove 2 answers?"),
        (("prune", "--ttl", "0"), "Remove 4 entries ("),
    ],
)
def test_what_removes_asks_on_a_terminal_and_takes_no_for_an_answer(
    bought: Command, command: tuple[str, ...], question: str
) -> None:
    controller, terminal = pty.openpty()
    os.write(controller, b"n\n")

    with bought.start("cache", *command, stdin=terminal) as process:
        stdout, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(controller)

    assert question in stdout.decode()
    assert process.returncode == 1
    assert len(listed(bought)) == 4


def test_prune_spares_what_was_bought_again_while_it_asked(bought: Command) -> None:
    """A night's job may meet a question that stands since the evening."""
    controller, terminal = pty.openpty()

    with bought.start("cache", "prune", "--ttl", "0", stdin=terminal) as process:
        assert process.stdout is not None
        assert b"Remove" in os.read(process.stdout.fileno(), 1000)
        bought("extract", "in", "--refresh")
        os.write(controller, b"y\n")
        stdout, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(controller)

    assert "removed 1 entry (" in stdout.decode()
    assert [entry["kind"] for entry in listed(bought)] == ["answer"] * 4
