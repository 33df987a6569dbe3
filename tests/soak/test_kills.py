"""50 times kill -9 at random moments: what had arrived is never bought again, and nothing is lost."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.soak.recorded_server import Event, journal_of, recorded_server

MEETINGS, KILLS, CONCURRENCY = 500, 50, 8
ON_ITS_WAY_S = 0.5
"""From the server's last word to the row on the disk; an answer that was sent later than this before a kill was still
under way. A machine with more to do than it has cores for takes longer."""
RUN = ("extract", "in", "-j", str(CONCURRENCY), "--cache-dir", "cache", "--summary", "json")


@pytest.mark.soak
def test_50_kills_at_random_moments_lose_nothing_and_buy_nothing_twice(tmp_path: Path) -> None:
    chance, journal = random.Random(50), tmp_path / "journal"
    with recorded_server(journal) as base_url:
        meetcli = Command(tmp_path, base_url)
        for number in range(MEETINGS):
            said = f"Ana: [M-{number}] is talk {number}, and we agreed on the plan.\nRui: I will send it to the client."
            meetcli.put(f"in/{number}.json", explicit(said, meeting_id=f"M-{number}"))
        killed_at = {f"sk-{run}": kill_one(meetcli, journal, chance, run) for run in range(KILLS)}
        done = meetcli.alone(*RUN)
        events = journal_of(journal)
        again = meetcli.alone(*RUN)
        assert len(journal_of(journal)) == len(events), "what is known is asked for again"

    assert (done.exit_code, again.exit_code) == (0, 0), done.stderr + again.stderr
    counts = again.summary["counts"]
    assert (counts["hit"], counts["total"]) == (MEETINGS, MEETINGS)
    results = [json.loads(result) for result in meetcli.results().values()]
    assert sorted(one["meeting_id"] for one in results) == sorted(f"M-{n}" for n in range(MEETINGS))
    check_bought_once(events, killed_at)
    assert not [key for key in stored_keys(tmp_path / "cache") if key.startswith("reply:")]


def kill_one(meetcli: Command, journal: Path, chance: random.Random, run: int) -> float:
    """Start a run with a key of its own and kill it: within two seconds of its start, or of its first call; return
    when.
    """
    before, began_at = len(journal_of(journal)), time.monotonic()
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with meetcli.start(*RUN, environment={"OPENAI_API_KEY": f"sk-{run}"}, **silent) as process:
        while run % 2 and process.poll() is None and len(journal_of(journal)) == before:
            assert time.monotonic() < began_at + 60
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 2))
        killed_at = time.monotonic()
        process.kill()
    return killed_at


def check_bought_once(events: list[Event], killed_at: dict[str, float]) -> None:
    """Hold every call but a meeting's last against the kill of its run: it was under way then."""
    asked, answered = defaultdict(list), defaultdict(list)
    for event in events:
        (asked if event.event == "asked" else answered)[event.name].append(event)
    assert len(asked) == MEETINGS
    lateness_s = []
    for name, calls in asked.items():
        for call, answer in list(zip(calls, answered[name], strict=True))[:-1]:
            assert call.key in killed_at, f"{name} was bought twice without a kill"
            lateness_s.append(killed_at[call.key] - answer.at)
    early_s = sorted(one for one in lateness_s if one > 0)
    times = list(killed_at.values())
    met = sum(any(at - 2 < one.at < at for one in events if one.event == "answered") for at in times)
    print(f"{len(lateness_s)} calls beyond {MEETINGS}; {met} kills met answers; answered before their kill: {early_s}")  # noqa: T201  # shown with -s
    assert met >= KILLS // 4, "the kills came too early to meet an answer"
    assert max(early_s, default=0) < ON_ITS_WAY_S, "a reply that had arrived was bought again"
    for key in killed_at:
        beyond = [call for calls in asked.values() for call in calls[:-1] if call.key == key]
        assert len(beyond) <= CONCURRENCY, f"{len(beyond)} calls of one killed run were made again"


def stored_keys(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "cache.db")) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM Cache")]
