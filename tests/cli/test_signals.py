"""Ctrl-C, SIGTERM and a closed terminal: the first ends a run in order, with what was paid for saved; the second leaves
at once.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command, Done
from tests.cli.signaler import Signaler
from tests.corridor import explicit
from tests.loopback_server import HANG, LoopbackServer, status

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
STOPPING = (
    "stopping: no new call is made, and the answers to those under way are waited for and kept; {} leaves at once"
)


def stopping(number: int) -> str:
    return STOPPING.format("Ctrl-C again" if number == signal.SIGINT else "a second signal")


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Let commands hear signals: tests that a script runs in the background ignore Ctrl-C, and what they start inherits
    that.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number, _ in CODES}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    for number in range(10):
        meetcli.put(f"in/{number}.json", explicit(f"Ana: Talk number {number}.\nRui: Yes.", meeting_id=f"M-{number}"))
    return meetcli


def finish(process: subprocess.Popen[bytes]) -> Done:
    stdout, stderr = process.communicate(timeout=60)
    return Done(process.returncode, stdout.decode(), stderr.decode())


@pytest.mark.parametrize(("number", "code"), CODES)
def test_first_signal_finishes_what_is_paid_for_and_leaves_the_rest(
    meetcli: Command, server: LoopbackServer, number: int, code: int
) -> None:
    server.faults = signaler = Signaler(number, at=2)
    server.latency_s = 0.02
    with meetcli.start("extract", "in", "-j", "2", "--summary", "json") as process:
        signaler.aim(process)
        done = finish(process)
    counts = done.summary["counts"]
    assert (done.exit_code, done.summary["exit_code"]) == (code, code)
    assert done.stderr == f"warning: {stopping(number)}\n"
    assert counts["miss"] == server.requests == len(meetcli.results())
    assert counts["miss"] + counts["not_attempted"] == 10
    assert {file["reason"] for file in done.summary["files"] if file["status"] == "not_attempted"} == {"stopped"}
    paid, server.faults = server.requests, lambda *_: None
    again = meetcli("extract", "in", "--summary", "json")
    assert (again.summary["counts"]["hit"], again.summary["counts"]["miss"], server.requests) == (paid, 10 - paid, 10)


@pytest.mark.parametrize(("number", "code"), CODES)
def test_second_signal_leaves_at_once_and_takes_the_copy_of_standard_input_along(
    meetcli: Command, server: LoopbackServer, number: int, code: int
) -> None:
    spool = meetcli.folder / "tmp"
    spool.mkdir()
    server.faults = signaler = Signaler(number, at=0, fault=HANG)
    transcript = meetcli.put("one.json", explicit())
    with (
        transcript.open("rb") as stdin,
        meetcli.start("extract", "-", stdin=stdin, environment={"TMPDIR": str(spool)}) as process,
    ):
        signaler.aim(process)
        assert process.stderr is not None
        assert stopping(number) in process.stderr.readline().decode()
        assert list(spool.iterdir()) != []
        process.send_signal(number)
        assert process.wait(60) == code
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), CODES)
def test_signal_before_anything_is_called_ends_the_run_at_once(meetcli: Command, number: int, code: int) -> None:
    fifo = meetcli.folder / "list"
    os.mkfifo(fifo)
    with meetcli.start("extract", "--files-from", "list", "--summary", "json") as process:
        writer = os.open(fifo, os.O_WRONLY)  # waits until the command reads the list
        process.send_signal(number)
        done = finish(process)
        os.close(writer)
    assert (done.exit_code, done.stderr) == (code, "")
    assert done.summary["counts"]["total"] == 0


def test_signal_while_planning_counts_what_was_not_reached(
    meetcli: Command, monkeypatch: pytest.MonkeyPatch, server: LoopbackServer
) -> None:
    from meetcli import plan

    parse: Callable[..., object] = plan.parse

    def interrupted(unit: object) -> object:
        if unit.source.name == "3.json":  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGINT)
        return parse(unit)

    monkeypatch.setattr(plan, "parse", interrupted)
    meetcli("extract", "in/0.json", "in/1.json", "-q")
    done = meetcli("extract", "in", "--summary", "json")
    assert done.exit_code == 130
    assert done.summary["counts"]["not_attempted"] + done.summary["counts"]["hit"] == 10
    assert server.requests == 2


def test_terminal_gets_its_cursor_back_from_a_run_that_leaves_at_once(meetcli: Command, server: LoopbackServer) -> None:
    server.faults = signaler = Signaler(signal.SIGINT, at=0, fault=HANG)
    leader, follower = pty.openpty()
    with meetcli.start("extract", "in", stdout=follower, stderr=follower, environment={"TERM": "xterm"}) as process:
        os.close(follower)
        signaler.aim(process)
        shown = b""
        while STOPPING[:30].encode() not in shown:
            shown += os.read(leader, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    try:
        while more := os.read(leader, 65536):
            shown += more
    except OSError:  # what Linux says when the last writer has gone
        pass
    os.close(leader)
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l") >= 0


def test_a_run_that_waits_for_the_server_s_sake_stops_waiting(meetcli: Command, server: LoopbackServer) -> None:
    server.faults = signaler = Signaler(signal.SIGINT, at=0, fault=status(429, retry_after="600"))
    with meetcli.start("extract", "in", "-j", "2", "--max-wait", "1h", "--summary", "json") as process:
        signaler.aim(process)
        done = finish(process)
    assert (done.exit_code, done.summary["counts"]["not_attempted"]) == (130, 10)


@pytest.mark.parametrize("arguments", [(), ("-v",), ("--summary", "json")], ids=" ".join)
def test_a_closed_terminal_ends_the_run_in_order(
    meetcli: Command, server: LoopbackServer, arguments: tuple[str, ...]
) -> None:
    leader, follower = pty.openpty()

    def hang_up(number: int, _: object) -> None:
        if number == 0:
            os.close(leader)

    server.faults = hang_up
    server.latency_s = 0.02
    own_terminal = {"start_new_session": True, "preexec_fn": lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0)}
    environment = {"TERM": "xterm"}
    command = ("extract", "in", "-j", "2", *arguments)
    with meetcli.start(
        *command, stdin=follower, stdout=follower, stderr=follower, environment=environment, **own_terminal
    ) as process:
        os.close(follower)
        assert process.wait(60) == 143
    assert 1 <= server.requests == len(meetcli.results()) < 10
    paid, server.faults = server.requests, lambda *_: None
    assert meetcli("extract", "in", "--summary", "json").summary["counts"]["hit"] == paid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_run_in_the_background_does_not_hear_what_it_was_told_to_ignore(
    meetcli: Command, server: LoopbackServer, number: int
) -> None:
    server.faults = signaler = Signaler(number, at=1)
    with meetcli.start("extract", "in", preexec_fn=lambda: signal.signal(number, signal.SIG_IGN)) as process:
        signaler.aim(process)
        assert finish(process).exit_code == 0
    assert server.requests == 10


def test_local_engine_stops_too(meetcli: Command, tmp_path: Path) -> None:
    long = "\n".join(
        f"Ana: Sentence {number} of a long talk about the plan.\nRui: I will send it." for number in range(400)
    )
    for number in range(40):
        meetcli.put(f"long/{number:02}.json", explicit(long + str(number), meeting_id=f"L-{number}"))
    with meetcli.start("extract", "long", "--engine", "local", "-o", "-", "--summary", "json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143
    assert b'"not_attempted": 0' not in stderr


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_at_the_question_before_an_expensive_plan_ends_the_run_in_order(
    meetcli: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    def ask(*_: object) -> bool | None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:  # as a prompt does
            return None
        return True

    monkeypatch.setattr("meetcli.commands.buying.is_agreed", ask)
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, done.summary["exit_code"], server.requests) == (code, code, 0)
    assert {file["reason"] for file in done.summary["files"]} == {"stopped"}
