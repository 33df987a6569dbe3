"""What goes where: results, table and summary to standard output, everything else to standard error; quiet, verbose,
piped, colorless.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.conftest import PROJECT
from tests.corridor import explicit
from tests.loopback_server import LoopbackServer

ESCAPE = "\x1b"
KEY = "1294cd73c1b883ca"


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    meetcli.put("in/a.json", explicit(meeting_id="TEST-CACHE-001", customer_id="CUST-CACHE-001"))
    return meetcli


def test_table_goes_to_standard_output_and_nothing_else_does(meetcli: Command) -> None:
    done = meetcli("extract", "in")
    assert done.stdout.splitlines()[0].split() == ["file", "status", "tokens", "cost", "time"]
    assert re.search(r"^in/a\.json +miss +[\d,]+ +unknown +[\d.]+s$", done.stdout, re.MULTILINE)
    assert (done.stderr, ESCAPE in done.stdout) == ("", False)


def test_results_stream_as_json_lines_and_the_summary_moves_to_standard_error(meetcli: Command) -> None:
    meetcli.put("in/b.json", explicit("Ana: Something else.\nRui: Ano, está bem.", meeting_id="M-2"))
    done = meetcli("extract", "in", "-o", "-", "--summary", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["source"] for line in lines} == {"a.json", "b.json"}
    assert json.loads(done.stderr)["counts"]["miss"] == 2
    assert meetcli.results() == {}
    table = meetcli("extract", "in", "-o", "-")
    assert [json.loads(line) for line in table.stdout.splitlines()] == sorted(lines, key=lambda line: line["source"])
    assert "2 hit" in table.stderr
    assert all(file["output"] is None for file in json.loads(done.stderr)["files"])


def test_summary_none_prints_nothing(meetcli: Command) -> None:
    done = meetcli("extract", "in", "--summary", "none")
    assert (done.stdout, done.stderr) == ("", "")


def test_quiet_prints_nothing_when_all_went_well_and_failures_otherwise(meetcli: Command) -> None:
    for _ in range(2):
        done = meetcli("extract", "in", "-q")
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    meetcli.put("in/bad.json", "{")
    done = meetcli("extract", "in", "-q")
    assert (done.exit_code, done.stdout) == (1, "")
    assert (
        done.stderr
        == "error: in/bad.json: is not valid JSON: it is cut off (Expecting property name enclosed in double quotes at line 1, column 2)\n"
    )


def test_quiet_is_loud_about_a_cache_that_cannot_be_used(meetcli: Command) -> None:
    meetcli.put("file", "not a folder")
    done = meetcli("extract", "in", "-q", "--cache-dir", "file/cache")
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: [CACHE ERROR] error=cannot use the cache folder file/cache")


def log_of(meetcli: Command, *arguments: str) -> list[str]:
    """Return the log lines of a run, without their times."""
    lines = meetcli("extract", "in", "--summary", "none", *arguments).stderr.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in lines)
    return [line.split(" ", 1)[1] for line in lines]


def test_log_lines_keep_the_wording_that_operators_search_for(meetcli: Command) -> None:
    miss, save, finished, _ = log_of(meetcli, "-vv")
    assert miss == f"DEBUG   [CACHE MISS] idempotency_key={KEY}... | cache_size=0 | backend=disk"
    assert save == f"INFO    [CACHE SAVE] idempotency_key={KEY}... | cache_size=1 | ttl=24h | backend=disk"
    assert re.fullmatch(
        r"INFO    in/a\.json \| status=miss \| tokens=\d+\+\d+ \| cost=unknown \| duration=[\d.]+s", finished
    )
    hit, finished, _ = log_of(meetcli, "-v")
    assert re.fullmatch(
        rf"INFO    \[CACHE HIT\] idempotency_key={KEY}\.\.\. \| age=\d+\.\ds \| cache_size=1 \| backend=disk", hit
    )
    assert finished == "INFO    in/a.json | status=hit | tokens=0+0 | cost=$0 | duration=0.0s"
    expired = log_of(meetcli, "-v", "--ttl", "0", "--dry-run")[0]
    assert re.fullmatch(
        rf"INFO    \[CACHE EXPIRED\] idempotency_key={KEY}\.\.\. \| age=\d+\.\ds \| cache_size=1 \| backend=disk",
        expired,
    )
    changed = log_of(meetcli, "-v", "--model", "gpt-4o-mini", "--dry-run")[0]
    assert changed == f"INFO    [CACHE CHANGED] idempotency_key={KEY}... | part=model | cache_size=1 | backend=disk"


def test_json_log_lines_carry_the_same_as_fields(meetcli: Command) -> None:
    done = meetcli("extract", "in", "--summary", "none", "-v", "--log-format", "json", "--ttl", "none")
    save, finished, _ = (json.loads(line) for line in done.stderr.splitlines())
    assert (save["event"], save["level"], save["ttl"], save["backend"]) == ("cache_save", "INFO", "none", "disk")
    assert (finished["event"], finished["source"], finished["status"]) == ("meeting_finished", "in/a.json", "miss")
    assert save["run_id"] == finished["run_id"]


def test_log_file_takes_the_log_and_leaves_standard_error_alone(meetcli: Command) -> None:
    done = meetcli("extract", "in", "-v", "--log-file", "run.log")
    assert done.stderr == ""
    assert "[CACHE SAVE]" in (meetcli.folder / "run.log").read_text()


def test_a_reader_who_has_seen_enough_is_no_error_and_nothing_paid_is_lost(
    meetcli: Command, server: LoopbackServer
) -> None:
    for number in range(20):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}"))
    meetcli("extract", "in/0.json", "-q")
    server.latency_s = 0.05
    with meetcli.start("extract", "in", "-o", "-", "-j", "2", "--summary", "json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["source"] == "0.json"
        process.stdout.close()
        summary = json.loads(process.stderr.read())
    assert process.returncode == summary["exit_code"] == 0
    assert summary["counts"]["not_attempted"] > 0
    bought = server.requests
    assert meetcli("extract", "in", "--summary", "json").summary["counts"]["hit"] == bought
    assert server.requests == 21


@pytest.mark.parametrize("arguments", [["extract", "in"], ["extract", "in", "--summary", "json"], ["cache", "stats"]])
def test_closed_standard_output_is_no_error(meetcli: Command, arguments: list[str]) -> None:
    meetcli("extract", "in")
    reader, writer = os.pipe()
    os.close(reader)
    done = meetcli.alone(*arguments, stdout=writer)
    os.close(writer)
    assert (done.exit_code, done.stderr) == (0, "")


def test_closed_standard_error_does_not_change_the_exit_code(meetcli: Command) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    missing = meetcli.alone("extract", "missing.json", stderr=writer)
    good = meetcli.alone("extract", "in", "-vv", stderr=writer)
    os.close(writer)
    assert (missing.exit_code, good.exit_code) == (2, 0)
    assert "1 miss" in good.stdout


@pytest.mark.parametrize(
    ("closed", "arguments", "code"),
    [
        ("<&-", "extract in", 0),
        (">&-", "extract in", 0),
        ("2>&-", "extract in -vv", 0),
        ("<&- >&- 2>&-", "extract in --summary json", 0),
        ("2>&-", "extract missing.json", 2),
        ("<&-", "cache clear", 0),
    ],
)
def test_streams_that_were_closed_before_the_start_are_done_without(
    meetcli: Command, closed: str, arguments: str, code: int
) -> None:
    environment = {**os.environ, **meetcli.environment, "PYTHONPATH": str(PROJECT)}
    script = f"{sys.executable} -m meetcli {arguments} {closed}"
    done = subprocess.run(
        ["sh", "-c", script], cwd=meetcli.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [({"PYTHONIOENCODING": "ascii"}, r"reuni\xe3o-\xfc.json"), ({"LC_ALL": "C"}, "reunião-ü.json")],
)
def test_a_terminal_that_knows_few_letters_shows_every_file(
    meetcli: Command, environment: dict[str, str], shown: str
) -> None:
    meetcli.put("in/reunião-ü.json", explicit(meeting_id="M-2", transcript="Ana: Olá.\nRui: Olá."))
    done = meetcli.alone("extract", "in", "--engine", "local", environment=environment)
    assert (done.exit_code, done.stderr) == (0, "")
    assert shown in done.stdout
    assert "reunião-ü.extract.json" in meetcli.results()


def on_terminal(meetcli: Command, *arguments: str, columns: int = 100, **environment: str) -> str:
    """Return what a terminal of its own shows of a run, sequences included."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "rows", "40", "cols", str(columns)], stdin=follower, check=True)
    environment = {"TERM": "xterm-256color", **environment}
    process = meetcli.start(*arguments, stdin=follower, stdout=follower, stderr=follower, environment=environment)
    os.close(follower)
    shown = b""
    while True:
        try:
            shown += os.read(leader, 65536)
        except OSError:  # what Linux says when the last writer has gone
            break
    process.wait(60)
    os.close(leader)
    return shown.decode()


def test_a_terminal_sees_color_and_a_bar_and_each_failure_once(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/bad.json", "{")
    server.latency_s = 0.3
    shown = on_terminal(meetcli, "extract", "in")
    assert f"{ESCAPE}[36mmiss" in shown
    assert "━" in shown
    assert shown.count("is not valid JSON") == 1
    assert shown.count(f"{ESCAPE}[?25l") == shown.count(f"{ESCAPE}[?25h") > 0, "the cursor comes back"


def test_no_color_is_honored(meetcli: Command) -> None:
    shown = on_terminal(meetcli, "extract", "in", "--engine", "local", NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*[34]\d(;\d+)*m", shown)


def test_cache_clear_asks_on_a_terminal(meetcli: Command) -> None:
    meetcli("extract", "in")
    for said, left in ((b"n\n", 1), (b"y\n", 0)):
        leader, follower = pty.openpty()
        with meetcli.start("cache", "clear", stdin=follower) as process:
            os.close(follower)
            os.write(leader, said)
            stdout, _ = process.communicate(timeout=60)
        os.close(leader)
        assert b"Remove 1 paid answer from" in stdout
        assert process.returncode == left
        assert ["answers", str(left)] in [line.split() for line in meetcli("cache", "stats").stdout.splitlines()]


def test_cache_commands_without_a_terminal(meetcli: Command) -> None:
    meetcli("extract", "in")
    path = meetcli("cache", "path").stdout
    assert Path(path.rstrip("\n")).is_dir()
    stats = meetcli("cache", "stats").stdout
    assert re.search(r"^  extract +1$", stats, re.MULTILINE)
    assert re.search(r"^worth +unknown$", stats, re.MULTILINE)
    cleared = meetcli("cache", "clear", "--cache-dir", path.rstrip("\n"))
    assert cleared.stdout == "removed 1 answer\n"
    assert ["answers", "0"] in [line.split() for line in meetcli("cache", "stats").stdout.splitlines()]
    assert meetcli("extract", "in", "--summary", "json").statuses == {"in/a.json": "miss"}


def test_clearing_is_logged(meetcli: Command) -> None:
    meetcli("extract", "in")
    done = meetcli("cache", "clear", MEETCLI_VERBOSE="1")
    assert "[CACHE CLEARED] removed=1 items | backend=disk\n" in done.stderr


@pytest.mark.parametrize(
    "command", ["--help", "--version", "extract --help", "cache --help", "cache list --help", "--show-completion bash"]
)
def test_what_is_shown_at_once_goes_to_a_closed_pipe_and_to_a_full_disk_as_any_output(
    meetcli: Command, command: str
) -> None:
    unread, closed = os.pipe()
    os.close(unread)
    with os.fdopen(closed, "wb") as pipe:
        done = meetcli.alone(
            *command.split(), stdout=pipe, environment={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        )
    assert (done.exit_code, done.stderr) == (0, "")
    with Path("/dev/full").open("wb") as full:
        done = meetcli.alone(
            *command.split(), stdout=full, environment={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        )
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        3,
        "error: cannot write to standard output: No space left on device",
    )
