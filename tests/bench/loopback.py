"""The loopback server in a process of its own, so that its work is not measured as meetcli's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.measure import PROJECT


@contextmanager
def loopback_settings(*options: str) -> Iterator[dict[str, str]]:
    """Run the server with these options and yield the environment that leads meetcli to it."""
    command = [sys.executable, "tests/loopback_server.py", *options]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield {"OPENAI_BASE_URL": server.stdout.readline().strip(), "OPENAI_API_KEY": "loopback"}
        finally:
            server.terminate()
