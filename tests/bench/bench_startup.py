"""What it costs to start: the help, and a run that finds its answer in the cache, beside a Python that does nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.loopback import loopback_settings
from tests.bench.measure import MEETCLI, PROJECT, Figure, ratio, run_command, seconds, take_turns

ROUNDS = 15
SAMPLE = PROJECT / "samples" / "meetings" / "quick-call.json"


def figures() -> Iterator[Figure]:
    """Yield the start-up figures."""
    with tempfile.TemporaryDirectory() as name, loopback_settings() as settings:
        folder = Path(name)
        hit = (
            *MEETCLI,
            "extract",
            str(SAMPLE),
            "--cache-dir",
            str(folder / "cache"),
            "-o",
            str(folder / "results"),
            "--ttl",
            "none",
        )
        run_command(hit, settings=settings, folder=folder)
        commands = {
            "pass": (sys.executable, "-c", "pass"),
            "help": (*MEETCLI, "--help"),
            "json": (*hit, "--summary", "json"),
            "table": (*hit, "--summary", "table"),
        }
        rounds = take_turns(
            {
                subject: lambda command=command: seconds(lambda: run_command(command, settings=settings, folder=folder))
                for subject, command in commands.items()
            },
            rounds=ROUNDS,
        )
    yield Figure("start: meetcli --help / python -c pass", ratio(rounds, "help", "pass"), 14)
    yield Figure("start: all hits, --summary json / python -c pass", ratio(rounds, "json", "pass"), 12)
    yield Figure("start: all hits, table / python -c pass", ratio(rounds, "table", "pass"), 15)
