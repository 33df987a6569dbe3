"""What a run that needs no call must not load."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.loopback_server import LoopbackServer


def run(folder: Path, server: LoopbackServer, meeting: Path, *python_options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python_options, "-m", "meetcli", "extract", str(meeting), "--summary", "json"]
    command += ["--cache-dir", str(folder / "cache"), "-o", str(folder / "results"), "--base-url", server.base_url]
    environment = {**os.environ, "OPENAI_API_KEY": "loopback"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def test_a_run_that_only_hits_loads_no_sdk_no_prices_and_no_table(tmp_path: Path, samples: Path) -> None:
    meeting = samples / "quick-call.json"
    with LoopbackServer() as server:
        run(tmp_path, server, meeting)
        again = run(tmp_path, server, meeting, "-X", "importtime")
        assert server.requests == 1
    assert json.loads(again.stdout)["counts"]["hit"] == 1
    loaded = {name.split(".")[0] for name in re.findall(r"^import time:.*\| +(\S+)$", again.stderr, re.MULTILINE)}
    assert "meetcli" in loaded
    dear = {
        "openai",
        "diskcache",
        "aiohttp",
        "httpx",
        "httpx2",
        "genai_prices",
        "rich",
        "asyncio",
        "yake",
        "nltk",
        "numpy",
    }
    assert loaded & dear == set()
