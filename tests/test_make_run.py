"""`make run` as a newcomer types it, without the installing: misses, then hits, always by the local engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
HOSTILE = {
    "OPENAI_API_KEY": "sk-not-to-be-used",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "MEETCLI_ENGINE": "openai",
    "MEETCLI_REFRESH": "true",
    "MEETCLI_OUTPUT": "elsewhere",
    "REDIS_URL": "redis://127.0.0.1:9",
    "CACHE_TTL_HOURS": "0",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make run` needs of a clone, with a virtual environment that is taken for installed."""
    clone = tmp_path / "clone"
    shutil.copytree(PROJECT / "samples" / "meetings", clone / "samples" / "meetings")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(PROJECT / name, clone)
    (clone / ".venv" / "bin").mkdir(parents=True)
    command = clone / ".venv" / "bin" / "meetcli"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m meetcli "$@"\n')
    command.chmod(0o755)
    for name in ("bin/python", ".installed"):  # in this order: make compares their times
        (clone / ".venv" / name).touch()
    return clone


def make_run(clone: Path) -> tuple[list[str], dict[str, bytes]]:
    """Run it; return the line of totals of both runs and the bytes of every result."""
    done = subprocess.run(
        ["make", "run"], cwd=clone, env={**os.environ, **HOSTILE}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    totals = [line.split(maxsplit=1)[1].strip() for line in done.stdout.splitlines() if line.startswith("extract ")]
    return totals, {str(path.relative_to(clone)): path.read_bytes() for path in (clone / "results").rglob("*.json")}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_first_run_works_and_every_later_one_only_looks_up(clone: Path) -> None:
    (first, second), results = make_run(clone)
    assert first == "12 meetings: 11 miss, 1 shared"
    assert second == "12 meetings: 12 hit"
    assert len(results) == 12
    (third, _), again = make_run(clone)
    assert third == second
    assert again == results
