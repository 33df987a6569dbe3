"""kill -9 at the worst moments: the rerun pays for nothing twice, and what is left is what an undisturbed run
leaves.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Command, without_purchase
from tests.cli.signaler import Signaler
from tests.conftest import PROJECT
from tests.corridor import explicit
from tests.loopback_server import Fault, LoopbackServer, finished

MEETINGS = 12
CONCURRENCY = 3
RUN = ("extract", "in", "-j", str(CONCURRENCY), "--summary", "json")


def put_meetings(meetcli: Command) -> None:
    """Write the meetings as single files, a list and JSON Lines, one of them twice."""
    every = [
        explicit(f"Ana: This is talk number {number}.\nRui: I will send it.", meeting_id=f"M-{number}")
        for number in range(MEETINGS)
    ]
    for number in range(6):
        meetcli.put(f"in/{number}.json", every[number])
    meetcli.put("in/list.json", every[6:9])
    meetcli.put("in/lines.jsonl", "\n".join(json.dumps(meeting) for meeting in every[9:]))
    meetcli.put("in/sub/twin.json", every[0])


def run_until_killed(meetcli: Command, place: str, moment: str, times: int) -> None:
    """Run the command in a process of its own that dies there."""
    environment = {**os.environ, **meetcli.environment, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "tests.cli.dying", place, moment, str(times), *RUN]
    done = subprocess.run(command, cwd=meetcli.folder, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def check_recovery(meetcli: Command, undisturbed: Path, *, calls: int, server: LoopbackServer, kills: int) -> None:
    """Run again and hold the outcome against an undisturbed run that took `calls` calls."""
    done = meetcli(*RUN)
    assert done.exit_code == 0, done.stderr
    assert calls <= server.requests <= calls + kills * CONCURRENCY
    whole = Command(undisturbed, server.base_url)
    put_meetings(whole)
    before = server.requests
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(undisturbed)
        whole(*RUN, "--cache-dir", str(undisturbed / "cache"))
    assert server.requests - before >= MEETINGS
    results = {
        name: without_purchase(result) for name, result in meetcli.results().items()
    }  # a hidden temporary file would show here
    assert results == {name: without_purchase(result) for name, result in whole.results().items()}
    assert not [key for key in stored_keys(meetcli) if key.startswith("reply:")]
    again = meetcli(*RUN)
    assert {name for name, count in again.summary["counts"].items() if count} == {"hit", "total"}


def stored_keys(meetcli: Command) -> list[str]:
    """Return every key in the cache's file."""
    folder = meetcli("cache", "path").stdout.rstrip("\n")
    with sqlite3.connect(f"{folder}/cache.db") as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM Cache")]
    connection.close()
    return keys


@pytest.mark.parametrize(
    ("place", "moment", "times"),
    [
        ("meetcli.spend.ledger:Ledger.save", "enter", 4),
        ("meetcli.spend.ledger:Ledger.save", "leave", 4),
        ("os:replace", "enter", 3),
        ("os:replace", "leave", 3),
        ("meetcli.commands.run:Run.close", "enter", 1),
    ],
    ids=["called, not saved", "saved, not written", "written, not in place", "in place", "before the summary"],
)
def test_killed_run_is_taken_up_where_it_stood(
    meetcli: Command,
    server: LoopbackServer,
    tmp_path_factory: pytest.TempPathFactory,
    place: str,
    moment: str,
    times: int,
) -> None:
    put_meetings(meetcli)
    run_until_killed(meetcli, place, moment, times)
    check_recovery(meetcli, tmp_path_factory.mktemp("undisturbed"), calls=MEETINGS, server=server, kills=1)


def test_reply_that_was_to_be_repaired_is_not_bought_again(
    meetcli: Command, server: LoopbackServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def invalid_at_first(_number: int, body: object) -> Fault | None:
        assert isinstance(body, dict)
        return finished("stop", content="{}") if len(body["messages"]) == 3 else None

    server.faults = invalid_at_first
    put_meetings(meetcli)
    run_until_killed(meetcli, "meetcli.spend.ledger:Ledger.write", "leave", 2)
    check_recovery(meetcli, tmp_path_factory.mktemp("undisturbed"), calls=2 * MEETINGS, server=server, kills=1)


@pytest.mark.parametrize(
    "round_", [pytest.param(number, marks=pytest.mark.soak if number >= 2 else ()) for number in range(100)]
)
def test_killed_at_any_moment(
    meetcli: Command, server: LoopbackServer, tmp_path_factory: pytest.TempPathFactory, round_: int
) -> None:
    """Kill two runs in a row, each a little after one of its calls."""
    put_meetings(meetcli)
    kills = 2
    for kill in range(kills):
        at = server.requests + (round_ + kill) % (MEETINGS // 2)
        server.faults = signaler = Signaler(signal.SIGKILL, at=at, later_s=(round_ * 7 + kill) % 23 / 1000)
        with meetcli.start(*RUN) as process:
            signaler.aim(process)
            process.communicate(timeout=60)
    server.faults = lambda *_: None
    check_recovery(meetcli, tmp_path_factory.mktemp("undisturbed"), calls=MEETINGS, server=server, kills=kills)
