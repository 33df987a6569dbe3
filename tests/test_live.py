"""A small run against the real API, for `make live`: it costs a few cents and needs `OPENAI_API_KEY`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif("OPENAI_API_KEY" not in os.environ, reason="OPENAI_API_KEY is not set, and a live run calls the real API"),
]

MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
MEETINGS = ("quick-call.json", "2026-q3/cafe-serra-clara.json", "2026-q3/stillwater-clinics-payroll.json")


def meetcli(folder: Path, task: str, paths: list[Path]) -> dict[str, Any]:
    command = [sys.executable, "-m", "meetcli", task, *map(str, paths), "--model", MODEL, "--summary", "json", "--yes"]
    command += ["--cache-dir", str(folder / "cache"), "-o", str(folder / "results")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@pytest.mark.parametrize("task", ["extract", "analyze"])
def test_the_real_model_answers_once_and_the_cache_after_it(task: str, tmp_path: Path, samples: Path) -> None:
    paths = [samples / name for name in MEETINGS]
    first = meetcli(tmp_path, task, paths)
    assert first["counts"]["miss"] == len(paths)
    assert first["usage"]["output_tokens"] > 0
    again = meetcli(tmp_path, task, paths)
    assert again["counts"]["hit"] == len(paths)
    assert again["requests"] == 0


def test_a_portuguese_meeting_gets_portuguese_minutes(tmp_path: Path, samples: Path) -> None:
    meetcli(tmp_path, "extract", [samples / "2026-q3" / "cafe-serra-clara.json"])
    result = json.loads(next((tmp_path / "results").rglob("*.json")).read_text(encoding="utf-8"))
    assert result["language"].startswith("pt")
    assert result["action_items"]
