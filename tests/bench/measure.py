"""How figures are taken: subjects run in alternation, so that a slow minute of the machine meets all of them, and only
ratios count.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parents[2]
MEETCLI = (str(Path(sys.executable).with_name("meetcli")),)
"""The installed command beside the interpreter that measures, as users start it."""

Rounds = Mapping[str, Sequence[float]]
"""What each subject took, round by round; the same position is the same round."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: a median ratio and what it should be at most (or at least)."""

    name: str
    value: float
    target: float
    is_ceiling: bool = True
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.value <= self.target if self.is_ceiling else self.value >= self.target


def take_turns(subjects: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, list[float]]:
    """Run every subject once a round, after one round that only warms up, and return what each call returned."""
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds + 1):
        for name, run in subjects.items():
            measured = run()
            if number:
                taken[name].append(measured)
    return taken


def ratio(rounds: Rounds, subject: str, reference: str) -> float:
    """Return the median over the rounds of subject / reference."""
    return median(ours / theirs for ours, theirs in zip(rounds[subject], rounds[reference], strict=True))


def run_command(
    command: Sequence[str], *, settings: Mapping[str, str] | None = None, folder: Path = PROJECT
) -> subprocess.CompletedProcess[bytes]:
    """Run a command without the developer's settings; an exit code other than 0 ends the measurement."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return subprocess.run(command, check=True, capture_output=True, cwd=folder, env={**kept, **(settings or {})})


def seconds(run: Callable[[], object]) -> float:
    """Return how long `run` takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
