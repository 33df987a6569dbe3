"""How long a Redis server may take. A socket's own timeout begins anew with every byte, so that a server which sends
one a second would be waited for without end.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

ROUND_S = 5.0
"""How long one round trip may take, unless the URL's own `socket_timeout` is longer."""

LEAST_S = 1.0
"""How long a use may take at least, however little is asked for."""

TOTAL_S = 600.0
"""How long all round trips of one use may take together, unless told."""


class Limit:
    """The time that one use of a server may take: each of its round trips, and all together."""

    def __init__(self, *, total_s: float = TOTAL_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.round_s = ROUND_S
        self._total_s = max(total_s, LEAST_S)
        self._clock = clock
        self._end = self._until = float("inf")

    @property
    def is_over(self) -> bool:
        """Say whether the time is up."""
        return self.left_s() <= 0

    @property
    def seconds(self) -> str:
        """Return how long a round trip may take, as people read it."""
        return f"{min(self.round_s, self._total_s):g} s"

    def begin(self) -> None:
        """Begin one use."""
        self._end = self._clock() + self._total_s
        self.next_round()

    def next_round(self) -> None:
        """Begin a round trip."""
        self._until = min(self._clock() + self.round_s, self._end)

    def left_s(self) -> float:
        """Return the seconds left for this round trip."""
        return self._until - self._clock()


def limited(connection: type[Any], limit: Limit) -> type[Any]:
    """Return the same kind of connection, whose socket keeps to the limit."""

    class LimitedConnection(connection):  # type: ignore[misc]  # plain, TLS or unix, as the URL says
        def _connect(self) -> _LimitedSocket:
            return _LimitedSocket(super()._connect(), limit)

    return LimitedConnection


class _LimitedSocket:
    """A socket each of whose waits ends with the limit, or before it with the socket's own timeout."""

    def __init__(self, plain: socket.socket, limit: Limit) -> None:
        self._plain = plain
        self._limit = limit
        self._timeout_s = plain.gettimeout()

    def __getattr__(self, name: str) -> object:
        return getattr(self._plain, name)

    def settimeout(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._plain.settimeout(timeout_s)

    def recv(self, size: int, flags: int = 0) -> bytes:
        return self._ready().recv(size, flags) if flags else self._ready().recv(size)  # TLS takes no flags

    def recv_into(self, buffer: bytearray) -> int:
        return self._ready().recv_into(buffer)

    def sendall(self, data: bytes) -> None:
        self._ready().sendall(data)

    def _ready(self) -> socket.socket:
        left_s = self._limit.left_s()
        if left_s <= 0:
            raise TimeoutError("timed out")
        self._plain.settimeout(left_s if self._timeout_s is None else min(left_s, self._timeout_s))
        return self._plain
