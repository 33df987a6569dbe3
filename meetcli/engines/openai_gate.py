"""Engines room: the one gate that every attempt passes.

Pauses, limits and the number of calls at once, shared by all workers.

Who came first passes first. A server that refuses halves the number of calls at once; every answer brings back a
little. After a pause one call goes ahead of the others, and so does the first to a server that nobody knows. The pause
is what the server asks for; where it asks for nothing, pauses grow. So a minute of refusals costs a handful of calls,
however many workers wait.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from meetcli.engines.openai_limits import MINUTE_S, Allowance, read_limits
from meetcli.models import Request

FIRST_BACKOFF_S: Final = 0.5
LONGEST_BACKOFF_S: Final = 30.0
LONGEST_PAUSE_S: Final = 45.0
SHARE_OF_PATIENCE: Final = 1 / 3  # a pause that a request has no patience left for would lose it
SHORTEST_AGAIN_S: Final = 0.5  # a server that asks for less and refuses again has been asked too soon
BACKOFF_GROWTH: Final = 30.0
"""Where the server does not say how long: at most half a second, then 15 and 45 at least. A minute of refusals is met
by three calls, besides those under way as it begins.
"""
MOST_GROWTHS: Final = 9  # beyond all need; two hundred would be no number any more, and hours of refusals bring as many
AHEAD_S: Final = 0.5
"""How long others wait for the call that goes ahead: refusals come in a fraction of a second, answers take several."""
FIRST_AHEAD_S: Final = 2.0
"""How long at most others wait for the first call of a run, where nobody knows yet what the server takes."""
GLANCE_S: Final = 0.01  # how late they may notice that it is back
NAP_S: Final = 0.1  # how late a waiting worker may notice that the run is stopping
CHARACTERS_A_TOKEN: Final = 4.0
USUAL_OUTPUT_TOKENS: Final = 1_000.0
RECENT: Final = 0.1
"""Weight of the last answer in what is learned about the size of calls."""


@dataclass(frozen=True, slots=True)
class Timers:
    """Time and chance, passed in so that tests need neither."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Pass:
    """One attempt that was let through: when, as which, and for how many tokens."""

    at: float
    characters: int
    tokens: float
    requests_sent: float
    tokens_sent: float


class Gate:
    """Lets attempts through.

    `patience_s` is the most that a request waits in all; `is_over` says that the run ends, and everybody waiting goes
    on to notice. While no attempt is under way and one waits, `tell` is told time and again in how many seconds the
    next can be made. `is_known` says that nothing is to be learned from a first call alone.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        requests_a_minute: int | None,
        tokens_a_minute: int | None,
        patience_s: float,
        timers: Timers,
        is_over: Callable[[], bool],
        tell: Callable[[float], None] = lambda left_s: None,
        is_known: bool = True,
    ) -> None:
        self.requests = Allowance(requests_a_minute)
        self.tokens = Allowance(tokens_a_minute, learns_charge=True)
        self._timers = timers
        self._is_over = is_over
        self.is_in_doubt = False
        """Whether attempts are let in one at a time, because nobody may get through."""
        self._tell = tell
        self._waiting_until: list[float] = []
        self._longest_pause_s = min(LONGEST_PAUSE_S, max(FIRST_BACKOFF_S, patience_s * SHARE_OF_PATIENCE))
        self._most = concurrency
        self._width = float(concurrency)
        self._inside = 0
        self._freed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._paused_until = 0.0
        self._paused_s = 0.0
        self._narrowed_at = float("-inf")
        self._sends_one_ahead = not is_known
        self._ahead: Pass | None = None
        self._ahead_until = float("-inf")
        self._ahead_s = FIRST_AHEAD_S
        self._refusals = 0
        self._characters_a_token = CHARACTERS_A_TOKEN
        self._output_tokens = USUAL_OUTPUT_TOKENS

    def input_tokens(self, request: Request) -> float:
        """Return about how many tokens a request sends; learned from what the server has counted so far."""
        return _characters(request) / self._characters_a_token

    async def enter(
        self, request: Request, has_room: Callable[[], bool | None], patience_s: float = float("inf")
    ) -> tuple[Pass | None, float]:
        """Wait until an attempt at `request` may be made.

        Return its pass, and how long pauses lasted, also while others had their turn.

        `has_room` reserves the money: False waits until another attempt has ended, None is for ever. Then, and when the
        run is over, there is no pass; nor where a pause lasts longer than `patience_s`, which the time returned then
        is, too. A limit that only the server's headers tell is waited for no longer than `patience_s` either; then it
        is tried out.
        """
        paused_before_s, held_s = self._paused_s, 0.0
        async with self._turn:
            tokens = self.input_tokens(request) + self._output_tokens
            while not self._is_over():
                now = self._timers.monotonic()
                waited_s = self._paused_s - paused_before_s
                if (pause_s := self._paused_until - now) > 0:
                    if waited_s + pause_s > patience_s:
                        return None, waited_s + pause_s
                    await self._wait_out_pause()
                elif self._ahead_until > now:
                    await self.sleep_until(min(self._ahead_until, now + GLANCE_S))
                elif self._inside >= (1 if self.is_in_doubt else int(self._width)):
                    await self._wait_for_room()
                elif (wait_s := self._limits_s(tokens, now, patience_s - waited_s - held_s)) > 0:
                    held_s += await self.sleep_until(now + wait_s)
                elif room := has_room():
                    return self._let_in(request, tokens, now), waited_s
                elif room is None:
                    break
                else:
                    await self._wait_for_room()
            return None, self._paused_s - paused_before_s

    @property
    def under_way(self) -> int:
        """How many attempts are inside."""
        return self._inside

    def leave(self, entered: Pass) -> None:
        """Note that an attempt is over."""
        self._inside -= 1
        if entered is self._ahead:
            self._ahead_until = float("-inf")
        self._freed.set()

    def learn(self, headers: Mapping[str, str], entered: Pass) -> None:
        """Take in what an answer, good or bad, says about the limits."""
        now = self._timers.monotonic()
        for allowance, kind, sent in (
            (self.requests, "requests", entered.requests_sent),
            (self.tokens, "tokens", entered.tokens_sent),
        ):
            if said := read_limits(headers, kind, self._timers.wall()):
                allowance.learn(*said, sent=sent, now_s=now)

    def answered(self, entered: Pass, input_tokens: int, output_tokens: int) -> None:
        """Take in an answer: calls are welcome, and this is how large they are."""
        if entered.at >= self._narrowed_at:  # what was let in before a refusal does not say that it is over
            self._refusals = 0
            self._width = min(self._most, self._width + 1 / self._width)
        if input_tokens:
            self._characters_a_token += RECENT * (entered.characters / input_tokens - self._characters_a_token)
            self._output_tokens += RECENT * (output_tokens - self._output_tokens)
            self.tokens.correct(input_tokens + output_tokens - entered.tokens)

    def refused(self, entered: Pass, retry_after_s: float | None) -> float:
        """Take in a refusal for going too fast; return how long everybody waits now."""
        now = self._timers.monotonic()
        # Of the calls that were under way together, the first refusal speaks for all.
        if entered.at >= self._narrowed_at:
            self._narrowed_at = now
            # Those under way may be all that the server takes at once. A call that went ahead by itself says nothing
            # about how many, only that it is too early.
            if entered is not self._ahead or self._inside:
                self._width = max(1.0, min(self._width / 2, self._inside))
            self._refusals = max(1, self._refusals + (not self._inside))
            self._sends_one_ahead = True
            self._ahead_s = max(AHEAD_S, 2 * (now - entered.at))
        if retry_after_s is None:
            pause_s = self._grown_s()
        else:
            pause_s = max(retry_after_s, SHORTEST_AGAIN_S if self._refusals > 1 else 0.0)
        self._paused_until = max(self._paused_until, now + pause_s)
        return pause_s

    def _grown_s(self) -> float:
        """Return how long to pause where the server does not say."""
        minutes = min(self.requests.window_s, self.tokens.window_s) / MINUTE_S  # a server's minute need not be one
        growths = min(max(0, self._refusals - 1), MOST_GROWTHS)
        grown_s = min(self._longest_pause_s * minutes, FIRST_BACKOFF_S * BACKOFF_GROWTH**growths)
        return grown_s * (self._timers.random() if self._refusals <= 1 else 1 + self._timers.random() / 2)

    def _limits_s(self, tokens: float, now: float, most_s: float) -> float:
        return max(self.requests.wait_s(1, now, most_s), self.tokens.wait_s(tokens, now, most_s))

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long."""
        self._paused_until = max(self._paused_until, self._timers.monotonic() + seconds)

    def wake(self) -> None:
        """Let whoever waits for room see whether the run is over."""
        self._freed.set()

    async def sleep_until(self, moment: float) -> float:
        """Sleep until `moment` of the monotonic clock or until the run is over; return for how long."""
        began_at = now = self._timers.monotonic()
        self._waiting_until.append(moment)
        try:
            while now < moment and not self._is_over():
                if not self._inside:
                    self._tell(min(self._waiting_until) - now)
                await self._timers.sleep(min(NAP_S, moment - now))
                now = self._timers.monotonic()
        finally:
            self._waiting_until.remove(moment)
        return now - began_at

    async def _wait_out_pause(self) -> None:
        """Sleep while a server's pause lasts, as it is now: answers to others may prolong it."""
        self._paused_s += await self.sleep_until(self._paused_until)

    async def _wait_for_room(self) -> None:
        self._freed.clear()
        await self._freed.wait()

    def _let_in(self, request: Request, tokens: float, now: float) -> Pass:
        self._inside += 1
        entered = Pass(now, _characters(request), tokens, self.requests.take(1, now), self.tokens.take(tokens, now))
        if self._sends_one_ahead:
            self._sends_one_ahead, self._ahead, self._ahead_until = False, entered, now + self._ahead_s
        return entered


def _characters(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)
