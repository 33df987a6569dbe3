"""Engines room: how fast a server may be asked, from the user's limits or from what its answers say.

Knows a clock, never waits.

A limiter of our own because the limits move: none of the libraries (throttled-py, pyrate-limiter, limits, aiolimiter)
takes a new rate while it runs, gives back what a call did not use, or reads what the server says is left.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

MINUTE_S: Final = 60.0
DAY_S: Final = 86_400.0
FIRST_MOMENT_S: Final = 1e9
"""September 2001. As a wait it would be thirty years."""
SAFETY: Final = 0.95
"""Share of an allowance that is used, so that our clock and the server's need not agree."""
BURST_S: Final = 0.1
BURST_SHARE: Final = 1 / 60
"""What may be sent ahead of an even pace, so that a busy moment is made up for: so many seconds' worth, and no more
than this share of a short minute. A full bucket would let a whole minute through at once.
"""
MOST_CHARGE: Final = 20.0
SHORTEST_RESET_S: Final = 0.02
"""Shorter ones are rounded too coarsely to tell how long the server's minute is."""

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class Allowance:
    """How much of one kind (requests, or tokens) may be sent a minute; `limit` None as long as nobody has said.

    Sends are spread evenly. The server's minute need not be one: its length follows from how long the server says a
    reset takes. A server either refills all the time, where the reset grows with what is used, or all at once, where
    the reset only counts down; the two are told apart by that. With `learns_charge`, what a server charges for what we
    send is learned as well: some count tokens of the answer, some the output cap, some neither.
    """

    def __init__(self, limit: int | None, *, learns_charge: bool = False) -> None:
        self.limit: float | None = limit
        self._learns_charge = learns_charge
        self._charge = 1.0
        self._charged = self._charged_for = 0.0
        self._first_seen_at: float | None = None
        self.window_s = MINUTE_S
        self._given = limit
        self._due_at = -math.inf
        self._sent = 0.0
        self._left: tuple[float, float, float, float] | None = None  # remaining, sent until then, seen at, reset at
        self._refills_at_once = False
        self._longest_reset_s = 0.0
        self._longest_guess_s = 0.0

    def wait_s(self, amount: float, now_s: float, most_s: float = math.inf) -> float:
        """Return how long to wait before `amount` may be sent; at most `most_s` for what only the server has told."""
        if self.limit is None:
            return 0.0
        even_s = self._due_at - min(BURST_S, self.window_s * BURST_SHARE) - now_s
        if self._given is None:
            return max(0.0, min(most_s, max(even_s, self._refill_s(amount, now_s))))
        return max(0.0, even_s, min(most_s, self._refill_s(amount, now_s)))

    def take(self, amount: float, now_s: float) -> float:
        """Count `amount` as sent; return all that was sent so far."""
        self._sent += amount
        if self.limit is not None:
            self._due_at = max(self._due_at, now_s) + amount * self._charge / self._rate
        return self._sent

    def correct(self, difference: float) -> None:
        """Count what a send turned out to be more than was thought; negative gives back.

        A server that says what is left knows better.
        """
        if self.limit is not None and self._left is None:
            self._due_at += difference / self._rate

    def learn(self, limit: float, remaining: float | None, reset_s: float | None, *, sent: float, now_s: float) -> None:
        """Take in what an answer says; `sent` is what had been sent up to and with its request."""
        self.limit = limit if self._given is None else min(limit, self._given)
        if remaining is None:
            return
        if self._left is None or sent >= self._left[1]:
            self._learn_charge(limit, remaining, sent, now_s)
            self._left = (remaining, sent, now_s, now_s + (reset_s or 0.0))
        used = limit - remaining
        if reset_s is None or reset_s < SHORTEST_RESET_S or used <= 0:
            return
        guess_s = reset_s * limit / used  # the server's minute, if it refills all the time
        self._longest_guess_s = max(self._longest_guess_s, guess_s)
        self._longest_reset_s = max(self._longest_reset_s, reset_s)
        self._refills_at_once |= guess_s < 0.7 * self._longest_guess_s
        self.window_s = min(MINUTE_S, self._longest_reset_s if self._refills_at_once else guess_s)

    def _learn_charge(self, limit: float, remaining: float, sent: float, now_s: float) -> None:
        """Compare what is left with what was left before.

        Only in the first minute: later, older sends come back unseen.
        """
        if self._first_seen_at is None:
            self._first_seen_at = now_s
        if not self._learns_charge or self._left is None or now_s > self._first_seen_at + self.window_s:
            return
        left_before, sent_before, seen_at, _ = self._left
        refilled = 0.0 if self._refills_at_once else min((now_s - seen_at) * limit / self.window_s, limit - left_before)
        self._charged += left_before + refilled - remaining
        self._charged_for += sent - sent_before
        if self._charged > 0 and self._charged_for > 0:
            self._charge = min(MOST_CHARGE, max(1 / MOST_CHARGE, self._charged / self._charged_for))

    @property
    def _rate(self) -> float:
        """Units a second. A limit the user gives is one a real minute."""
        assert self.limit is not None  # noqa: S101  # asked only where there is a limit
        rate = self.limit * SAFETY / self.window_s
        return rate if self._given is None else min(rate, self._given * SAFETY / MINUTE_S)

    def _refill_s(self, amount: float, now_s: float) -> float:
        """Return how long the server needs until `amount` is left, as far as its last answer tells."""
        if self._left is None:
            return 0.0
        remaining, sent, seen_at, reset_at = self._left
        left = remaining - (self._sent - sent) * self._charge
        amount *= self._charge
        if self._refills_at_once:
            return reset_at - now_s if left < amount else 0.0
        refilled = left + (now_s - seen_at) * self._rate
        return (min(amount, self.limit or amount) - refilled) / self._rate


def read_limits(
    headers: Mapping[str, str], kind: str, wall_s: float
) -> tuple[float, float | None, float | None] | None:
    """Return (limit, remaining, seconds to the reset) of `requests` or `tokens` from OpenAI's `x-ratelimit-*` headers.

    None without. `wall_s` is the time now, for a reset that is told as a moment.
    """
    limit = _number(headers.get(f"x-ratelimit-limit-{kind}"))
    if not limit:
        return None
    return (
        limit,
        _number(headers.get(f"x-ratelimit-remaining-{kind}")),
        _reset_s(headers.get(f"x-ratelimit-reset-{kind}"), wall_s),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _reset_s(text: str | None, wall_s: float) -> float | None:
    """Return seconds from Go's durations, as OpenAI writes them (`6m0s`, `120ms`), or from a bare number, which may
    stand for a moment. A reset more than a day away says nothing about minutes: None.
    """
    parts = list(_DURATION.finditer(text or ""))
    if text and parts and sum(len(part[0]) for part in parts) == len(text):
        seconds: float | None = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    else:
        number = _number(text)
        seconds = None if number is None else seconds_until(number, wall_s)
    return None if seconds is None or seconds > DAY_S else seconds


def seconds_until(number: float, wall_s: float) -> float:
    """Return a number that a server gives as a wait in seconds.

    As servers mean it, one that is no wait of this world is a moment since 1970, in seconds or milliseconds.
    """
    if number < FIRST_MOMENT_S:
        return number
    return max(0.0, (number / 1000 if number >= 100 * FIRST_MOMENT_S else number) - wall_s)
