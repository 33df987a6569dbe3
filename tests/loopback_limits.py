"""Limits for the loopback server: so many requests and tokens a minute, enforced in the ways that servers do.

The length of the minute and the clock are parameters, so that a test need not wait for either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.loopback_server import Fault, status


@dataclass(slots=True)
class Limits:
    """A script for `LoopbackServer.faults`. `kind`: `refill` all the time, as OpenAI does; a fixed `window`; a `log` of
    the last minute.

    A request weighs what `weigh` says in tokens. `accepted` and `refused` are times; `weights` the tokens of the
    accepted.
    """

    clock: Callable[[], float]
    requests: int = 120
    tokens: int = 10**9
    minute_s: float = 60.0
    kind: str = "refill"
    weigh: Callable[[Mapping[str, Any]], int] = lambda body: 1
    tells: bool = True
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    _log: deque[tuple[float, int]] = field(default_factory=deque)
    _began: float | None = None
    _used: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _seen: float = 0.0

    def __call__(self, number: int, body: Mapping[str, Any]) -> Fault | None:
        now = self.clock()
        self._began = now if self._began is None else self._began
        self._forget(now)
        weight = self.weigh(body)
        limits = (self.requests, self.tokens)
        fits = all(used + more <= limit for used, more, limit in zip(self._used, (1, weight), limits, strict=True))
        if fits:
            self._used = [self._used[0] + 1, self._used[1] + weight]
            self._log.append((now, weight))
            self.accepted.append(now)
            self.weights.append(weight)
        else:
            self.refused.append(now)
        headers = self._headers(now) if self.tells else {}
        if fits:
            return Fault(headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))
        return status(429, error={"code": "rate_limit_exceeded"}, **headers)

    def _forget(self, now: float) -> None:
        if self.kind == "refill":
            limits = (self.requests, self.tokens)
            passed = (now - self._seen) / self.minute_s
            self._used = [max(0.0, used - limit * passed) for used, limit in zip(self._used, limits, strict=True)]
        elif self.kind == "window":
            assert self._began is not None
            if (now - self._began) // self.minute_s > (self._seen - self._began) // self.minute_s:
                self._used = [0.0, 0.0]
        else:
            while self._log and self._log[0][0] <= now - self.minute_s:
                self._log.popleft()
            self._used = [float(len(self._log)), float(sum(weight for _, weight in self._log))]
        self._seen = now

    def _headers(self, now: float) -> dict[str, str]:
        said = {}
        for kind, used, limit in zip(("requests", "tokens"), self._used, (self.requests, self.tokens), strict=True):
            if self.kind == "refill":
                reset_s = used / limit * self.minute_s
            elif self.kind == "window":
                reset_s = self.minute_s - (now - (self._began or 0.0)) % self.minute_s
            else:
                reset_s = self._log[0][0] + self.minute_s - now if self._log else 0.0
            said[f"x_ratelimit_limit_{kind}"] = str(limit)
            said[f"x_ratelimit_remaining_{kind}"] = str(int(limit - used))
            said[f"x_ratelimit_reset_{kind}"] = _duration(reset_s)
        return said

    def share(self, *, after_minutes: float = 1.0, of: str = "requests") -> float:
        """Return which share of the allowance was used after so many minutes, until the last request."""
        assert self._began is not None
        start = self._began + after_minutes * self.minute_s
        span = (self.accepted[-1] - start) / self.minute_s
        used = sum(
            1 if of == "requests" else weight
            for at, weight in zip(self.accepted, self.weights, strict=True)
            if at >= start
        )
        return used / (span * (self.requests if of == "requests" else self.tokens))

    def refused_share(self, *, after_minutes: float = 1.0) -> float:
        """Return the share of 429s among the requests after so many minutes."""
        assert self._began is not None
        start = self._began + after_minutes * self.minute_s
        refused = sum(at >= start for at in self.refused)
        return refused / max(1, refused + sum(at >= start for at in self.accepted))


def _duration(seconds: float) -> str:
    """Write seconds as Go does, and OpenAI with it: `6m0s`, `1.5s`, `120ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:.3f}s" if minutes else f"{rest:.3f}s"
