"""A shared cache that begins to drip a byte a second, at once or in the middle of a run, holds up no run for long."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import LoopbackServer

MEETINGS, MAX_WAIT_S = 20, 3
MOST_S = 60.0
"""A start, a few waits of --max-wait and 20 meetings, on a machine with much else to do."""


class DrippingProxy(socketserver.ThreadingTCPServer):
    """Stands before a Redis and passes on `whole` pieces of its answers as they come, the rest a byte a second."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, whole: int) -> None:
        super().__init__(("127.0.0.1", 0), _Pair)
        self.port = port
        self.whole = whole
        self.dripped = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server_address[1]}/0"

    def __enter__(self) -> DrippingProxy:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Pair(socketserver.BaseRequestHandler):
    server: DrippingProxy
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.port)) as redis, contextlib.suppress(OSError):
            threading.Thread(target=self._ask, args=(redis,), daemon=True).start()
            while piece := redis.recv(65536):
                self.server.whole -= 1
                if self.server.whole >= 0:
                    self.request.sendall(piece)
                    continue
                for byte in piece:
                    self.server.dripped += 1
                    self.request.sendall(bytes([byte]))
                    time.sleep(1)

    def _ask(self, redis: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := self.request.recv(65536):
                redis.sendall(piece)
            redis.shutdown(socket.SHUT_RDWR)


@pytest.mark.soak
@pytest.mark.skipif(find_spec("meetcli.cache.redis_limit") is None, reason="the deadline of a use is not built yet")
@pytest.mark.parametrize("whole", [0, 2, 5, 9, 30])
def test_redis_that_drips_ends_a_run_within_its_waits(tmp_path: Path, clean_redis: str, whole: int) -> None:
    port = int(clean_redis.rpartition(":")[2].partition("/")[0])
    with LoopbackServer(latency_s=0.05) as server, DrippingProxy(port, whole) as proxy:
        meetcli = Command(tmp_path, server.base_url)
        for number in range(MEETINGS):
            said = f"Ana: This is talk {number}.\nRui: I will send it."
            meetcli.put(f"in/{number}.json", explicit(said, meeting_id=f"M-{number}"))
        run = (
            "extract",
            "in",
            "--cache-url",
            proxy.url,
            "--max-wait",
            f"{MAX_WAIT_S}s",
            "--summary",
            "json",
            "-j",
            "2",
        )
        began_at = time.monotonic()
        done = meetcli.alone(*run)
        took_s = time.monotonic() - began_at
        alone = meetcli.alone(*("extract", "in", "--summary", "json"))

    assert proxy.dripped, "nothing was slow"
    assert done.exit_code == 0, done.stderr
    assert took_s < MOST_S
    assert "going on with the disk cache alone" in done.stderr
    assert (done.summary["counts"]["miss"], server.requests, len(meetcli.results())) == (MEETINGS, MEETINGS, MEETINGS)
    assert alone.summary["counts"]["hit"] == MEETINGS, "what was bought without it is on the disk"
