"""A server in a process of its own that writes down what it was asked and what it answered, and when.

`python -m tests.soak.recorded_server JOURNAL` prints its base URL. A line of the journal is one JSON object: `event` is
`asked` or `answered`, `name` what `[M-1]` in the transcript says, `at` a time of the clock that all processes share,
`key` the API key of a call that is asked. An answer is written down whether or not anybody is there to take it.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tests.conftest import PROJECT
from tests.loopback_server import Fault, LoopbackServer

NAME = re.compile(rb"\[(M-\d+)\]")


class Event(NamedTuple):
    """One line of the journal."""

    event: str
    name: str
    at: float
    key: str = ""


class Recorder:
    """Writes the journal of a server whose answers take from 0.2 to 0.8 seconds."""

    def __init__(self, server: LoopbackServer, journal: TextIO) -> None:
        self._server = server
        self._journal = journal
        self._random = random.Random(14)
        server.routes = self.asked
        server.faults = self.answered

    def asked(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        if method == "POST":
            self._server.latency_s = self._random.uniform(0.2, 0.8)
            self._write("asked", body, headers["authorization"].removeprefix("Bearer "))

    def answered(self, number: int, body: Mapping[str, Any]) -> Fault | None:
        self._write("answered", json.dumps(body).encode())
        return None

    def _write(self, event: str, body: bytes, key: str = "") -> None:
        found = NAME.search(body)
        assert found is not None
        self._journal.write(json.dumps(Event(event, found[1].decode(), time.monotonic(), key)._asdict()) + "\n")
        self._journal.flush()


def journal_of(path: Path) -> list[Event]:
    """Return what has been written so far; a line that is not whole yet is left out."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [Event(**json.loads(line)) for line in lines]


@contextmanager
def recorded_server(journal: Path) -> Iterator[str]:
    """Run one; yield its base URL."""
    command = [sys.executable, "-m", "tests.soak.recorded_server", str(journal)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def _run(path: str) -> None:
    server = LoopbackServer(is_recording=False)
    with Path(path).open("a") as journal:
        Recorder(server, journal)
        listening = await server.listen()
        print(server.base_url, flush=True)  # noqa: T201  # whoever started it reads this
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1]))
