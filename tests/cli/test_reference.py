"""The real meetings beside the project, through a server that speaks the API: as many calls as meetings, then none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import (
    BAD_KEY,
    CUT,
    DROP,
    GARBAGE,
    HANG,
    RATE_LIMITED,
    LoopbackServer,
    always,
    at_random,
    in_order,
    status,
)

MEETINGS = 43
PASSING = (RATE_LIMITED, status(500), status(503, retry_after="0.01"), DROP, CUT, GARBAGE)


def counted(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


@pytest.mark.shared
def test_43_meetings_cost_43_calls_and_then_none(meetcli: Command, server: LoopbackServer, shared_data: Path) -> None:
    transcripts = shared_data / "transcripts"
    first = meetcli("extract", transcripts, "--summary", "json").summary
    assert (counted(first["counts"]), first["requests"], server.requests) == ({"miss": 43, "total": 43}, 43, 43)
    results = meetcli.results()
    assert len(results) == 43
    again = meetcli("extract", transcripts, "--summary", "json").summary
    assert (counted(again["counts"]), again["requests"], server.requests) == ({"hit": 43, "total": 43}, 0, 43)
    assert meetcli.results() == results


@pytest.mark.shared
@pytest.mark.usefixtures("hasty")
def test_43_meetings_complete_though_30_percent_of_the_answers_fail(
    meetcli: Command, server: LoopbackServer, shared_data: Path
) -> None:
    server.faults = at_random(0.3, PASSING, seed=3)
    summary = meetcli("analyze", shared_data / "transcripts", "-j", "16", "--summary", "json").summary
    assert (counted(summary["counts"]), summary["exit_code"]) == ({"miss": 43, "total": 43}, 0)
    assert server.requests > 43
    assert summary["requests"] == server.requests


@pytest.mark.usefixtures("hasty")
def test_every_passing_trouble_is_waited_out(meetcli: Command, server: LoopbackServer) -> None:
    for number in range(MEETINGS):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}"))
    server.faults = at_random(0.3, PASSING, seed=1)
    summary = meetcli("extract", "in", "-j", "16", "--summary", "json").summary
    assert counted(summary["counts"]) == {"miss": MEETINGS, "total": MEETINGS}
    assert server.requests > MEETINGS


@pytest.mark.usefixtures("hasty")
def test_slow_answers_run_into_the_timeout_and_are_asked_again(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    server.faults = in_order(HANG)
    done = meetcli("extract", "in", "--timeout", "300ms", "--summary", "json")
    assert (done.exit_code, server.requests) == (0, 2)


@pytest.mark.usefixtures("hasty")
def test_a_meeting_that_never_gets_through_fails_and_the_others_are_done(
    meetcli: Command, server: LoopbackServer
) -> None:
    for number in range(4):
        meetcli.put(f"in/{number}.json", explicit(f"Ana: Talk {number}.\nRui: Yes.", meeting_id=f"M-{number}"))

    def one_is_cursed(_number: int, body: object) -> object:
        return status(500) if "Talk 2" in str(body) else None

    server.faults = one_is_cursed  # type: ignore[assignment]  # a fault or none
    done = meetcli("extract", "in", "--retries", "2", "--summary", "json")
    assert (done.exit_code, counted(done.summary["counts"])) == (1, {"miss": 3, "failed": 1, "total": 4})
    assert server.requests == 3 + 3
    server.faults = in_order()
    assert counted(meetcli("extract", "in", "--summary", "json").summary["counts"]) == {"hit": 3, "miss": 1, "total": 4}


def test_dead_key_costs_at_most_as_many_calls_as_run_at_once(meetcli: Command, server: LoopbackServer) -> None:
    for number in range(MEETINGS):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}"))
    server.faults = always(BAD_KEY)
    done = meetcli("extract", "in", "-j", "5", "--summary", "json")
    assert done.exit_code == 3
    assert server.requests <= 5


def test_samples_show_what_readme_says(meetcli: Command, server: LoopbackServer, samples: Path) -> None:
    shutil.copytree(samples, meetcli.folder / "meetings")
    first = meetcli("extract", "meetings", "--summary", "json").summary
    assert counted(first["counts"]) == {"miss": 11, "shared": 1, "total": 12}
    assert server.requests == 11
    assert first["known_by_content"] == {"total": 1, "miss": 1}
    assert first["hit_rate"] == 0
    again = meetcli("extract", "meetings", "--summary", "json").summary
    assert counted(again["counts"]) == {"hit": 12, "total": 12}
    assert (server.requests, again["hit_rate"]) == (11, 1)
    assert again["known_by_content"] == {"total": 1, "hit": 1}


@pytest.mark.parametrize("task", ["extract", "analyze"])
def test_samples_run_locally_without_key_or_network(
    meetcli: Command, server: LoopbackServer, samples: Path, task: str
) -> None:
    first = meetcli(task, samples, "--engine", "local", "--summary", "json", OPENAI_API_KEY="")
    again = meetcli(task, samples, "--engine", "local", "--summary", "json", OPENAI_API_KEY="")
    assert (first.exit_code, first.summary["engine"], first.summary["cost_usd"], first.summary["requests"]) == (
        0,
        "local",
        "0",
        0,
    )
    assert counted(again.summary["counts"]) == {"hit": 12, "total": 12}
    assert server.requests == 0
