"""Engines room: calls a chat.completions server now, through the OpenAI SDK. Never reads a file, a cache or the environment.

The one place that retries transport. Concurrency is a pool of workers pulling from one iterator, so that memory does not grow with the
number of meetings; what one worker learns (a pause, a refused parameter, a dead key), all know.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from meetcli.engines import OPENAI_URL, EngineOptions
from meetcli.engines.openai_wire import Dialect, Failure, read_reply, translate
from meetcli.errors import CallError, RunStopped, UsageError
from meetcli.models import Reply, Request, Usage

if TYPE_CHECKING:
    import openai

logger = logging.getLogger("meetcli.engines.openai")

FIRST_BACKOFF_S: Final = 0.5
LONGEST_BACKOFF_S: Final = 30.0
CONNECT_TIMEOUT_S: Final = 15.0
NAP_S: Final = 0.1  # how late a waiting worker may notice that the run is stopping


@dataclass(frozen=True, slots=True)
class Timers:
    """Time and chance, passed in so that tests need neither."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random


class OpenAIEngine:
    """The engine called `openai`: OpenAI itself and every server that speaks its chat.completions."""

    def __init__(self, options: EngineOptions, timers: Timers | None = None) -> None:
        self._options = options
        self._timers = timers or Timers()

    def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Answer the requests, at most `concurrency` at once; see `Engine.complete`.

        Requests that were pulled when `is_stopping` turned true end as `CallError` with reason `stopped`; no more are pulled.
        """
        return _Run(self._options, self._timers, requests).replies()


class _Run:
    """One call of `complete`."""

    def __init__(self, options: EngineOptions, timers: Timers, requests: AsyncIterator[Request]) -> None:
        self._options = options
        self._timers = timers
        self._requests = requests
        self._dialect = Dialect(options.model, options.base_url)
        self._client: openai.AsyncOpenAI | None = None
        self._turn = asyncio.Lock()  # an async generator cannot be asked for two items at once
        self._pulling: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(2 * options.concurrency)  # replies not yet taken hold back further pulls
        self._done: asyncio.Queue[Reply | None] = asyncio.Queue()
        self._admission = asyncio.Lock()  # who came first is first to be admitted
        self._freed = asyncio.Event()
        self._fatal: Exception | None = None
        self._paused_until = 0.0
        self._answered_at = float("-inf")

    async def replies(self) -> AsyncGenerator[Reply]:
        """Yield replies as they come; raise what stopped the run once the calls under way are answered."""
        workers = [asyncio.create_task(self._work()) for _ in range(self._options.concurrency)]
        try:
            working = len(workers)
            while working:
                reply = await self._done.get()
                if reply is None:
                    working -= 1
                    continue
                yield reply
                self._room.release()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            if self._client is not None:
                await self._client.close()
        if self._fatal is not None:
            raise self._fatal

    async def _work(self) -> None:
        try:
            while (request := await self._pull()) is not None:
                if self._client is None:
                    self._client = open_client(self._options)
                self._done.put_nowait(await self._answer(request))
        except Exception as error:  # a bug here or in the iterator: others finish what is paid for, then it is raised
            self._stop(error)
        finally:
            self._done.put_nowait(None)

    async def _pull(self) -> Request | None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # only workers pull
        self._pulling.add(task)
        try:
            await self._room.acquire()
            async with self._turn:
                return None if self._is_over() else await anext(self._requests, None)
        finally:
            self._pulling.discard(task)

    def _stop(self, error: Exception) -> None:
        """Let calls under way finish and nothing new begin; whoever waits for a request is woken."""
        if self._fatal is None:
            self._fatal = error
        for task in self._pulling:
            task.cancel()

    def _is_over(self) -> bool:
        return self._fatal is not None or self._options.is_stopping()

    async def _answer(self, request: Request) -> Reply:
        """Try until there is an answer, a failure that would repeat, or no patience left."""
        began_at = self._timers.monotonic()
        spent, failed, waited_s = _Spent(), 0, 0.0
        while True:
            waited_s += await self._wait_out_pause()
            reserved_usd = await self._reserve(request)
            if self._is_over():
                self._settle(reserved_usd, Decimal(0))
                return _failed(request, CallError("the run was stopped before an answer came", reason="stopped"), spent)
            if reserved_usd is None:
                return _failed(request, CallError("the budget has no room for this request", reason="budget"), spent)
            body = self._dialect.body(request)
            outcome = await self._attempt(request, body)
            self._account(request, outcome, reserved_usd, spent)
            if isinstance(outcome, Reply):
                self._answered_at = self._timers.monotonic()
                return outcome._replace(usage=spent.usage, uncertain_usd=spent.uncertain_usd)
            if outcome.refused is not None:
                self._dialect.learn(outcome.refused)
                continue
            failed += outcome.ends == "attempt"
            wait_s = self._wait_s(outcome, failed)
            if outcome.ends != "attempt" or failed > self._options.retries or waited_s + wait_s > self._options.max_wait_s:
                return self._give_up(request, outcome, began_at, spent)
            waited_s += await self._wait_until(self._timers.monotonic() + wait_s)

    async def _reserve(self, request: Request) -> Decimal | None:
        """Hold the most that an attempt can cost, once what others hold lets it fit; return None where it never will."""
        budget = self._options.budget
        if budget is None or budget.limit_usd is None:
            return Decimal(0)
        most_usd = budget.most_usd(request)
        async with self._admission:
            while most_usd is None or not budget.reserve(most_usd):
                if most_usd is None or budget.is_idle:
                    return None
                self._freed.clear()
                await self._freed.wait()
        return most_usd

    def _settle(self, reserved_usd: Decimal | None, spent_usd: Decimal) -> None:
        budget = self._options.budget
        if budget is not None and budget.limit_usd is not None and reserved_usd is not None:
            budget.settle(reserved_usd, spent_usd)
            self._freed.set()

    def _account(self, request: Request, outcome: Reply | Failure, reserved_usd: Decimal, spent: _Spent) -> None:
        """Count what an attempt cost. One of unknown fate, or without a count of tokens, may have cost the most it can."""
        spent.usage += outcome.usage
        budget = self._options.budget
        if budget is None:
            return
        is_uncertain = outcome.is_uncertain if isinstance(outcome, Failure) else not outcome.usage.input_tokens
        if is_uncertain:
            most_usd = budget.most_usd(request)
            spent.uncertain_usd = None if most_usd is None or spent.uncertain_usd is None else spent.uncertain_usd + most_usd
            self._settle(reserved_usd, reserved_usd)
        else:
            self._settle(reserved_usd, budget.price(outcome.usage) or Decimal(0))

    async def _attempt(self, request: Request, body: dict[str, Any]) -> Reply | Failure:
        """Make one call. The deadline is for all of it: a server that drips a byte now and then never trips a read timeout."""
        import httpx2

        assert self._client is not None  # noqa: S101  # opened with the first request
        began_at = self._timers.monotonic()
        try:
            async with asyncio.timeout(self._options.timeout_s):
                # Not `chat.completions.create`: it walks the body against a union of types and doubles the CPU of a call (0.8 to 1.5 ms).
                response = await self._client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except Exception as error:
            failure = translate(error, body, self._timers.wall())
            if failure is None:
                raise
            return failure
        outcome = read_reply(request.id, response.content)
        if isinstance(outcome, Failure):
            return outcome
        return outcome._replace(latency_ms=(self._timers.monotonic() - began_at) * 1000)

    def _wait_s(self, failure: Failure, failed: int) -> float:
        """Return the pause before the next attempt: exponential with full jitter, on top of what the server asked everybody for."""
        jitter_s = self._timers.random() * min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** max(0, failed - 1))
        if failure.retry_after_s is None:
            return jitter_s
        self._paused_until = max(self._paused_until, self._timers.monotonic() + failure.retry_after_s)
        return failure.retry_after_s + jitter_s

    async def _wait_out_pause(self) -> float:
        """Sleep while a server's pause lasts, also where others' answers prolong it; return for how long."""
        waited_s = 0.0
        while self._paused_until > self._timers.monotonic() and not self._is_over():
            waited_s += await self._wait_until(self._paused_until)
        return waited_s

    async def _wait_until(self, moment: float) -> float:
        """Sleep until `moment` of the monotonic clock or until the run is over; return for how long."""
        began_at = now = self._timers.monotonic()
        while now < moment and not self._is_over():
            await self._timers.sleep(min(NAP_S, moment - now))
            now = self._timers.monotonic()
        return now - began_at

    def _give_up(self, request: Request, failure: Failure, began_at: float, spent: _Spent) -> Reply:
        if failure.ends == "run":
            self._stop(RunStopped(failure.message, hint=failure.hint))
        elif failure.reason == "unreachable" and self._answered_at < began_at:
            # Nobody got through since this request began: a thousand meetings must not wait their turn to learn the same.
            self._stop(RunStopped(failure.message, hint=failure.hint))
        elif (failure.retry_after_s or 0) > self._options.max_wait_s:
            asked = f"the server asks to wait {failure.retry_after_s:.0f} s, longer than --max-wait allows"
            self._stop(RunStopped(asked, hint="try again later or raise --max-wait"))
        if failure.reason == "content_filter":
            return _failed(request, None, spent)._replace(finish="content_filter")
        return _failed(request, CallError(failure.message, reason=failure.reason, hint=failure.hint), spent)


@dataclass(slots=True)
class _Spent:
    """What the attempts at one request have cost."""

    usage: Usage = field(default_factory=Usage)
    uncertain_usd: Decimal | None = Decimal(0)


def _failed(request: Request, error: CallError | None, spent: _Spent) -> Reply:
    return Reply(request.id, None, usage=spent.usage, error=error, uncertain_usd=spent.uncertain_usd)


def open_client(options: EngineOptions) -> openai.AsyncOpenAI:
    """Return a client that neither retries nor looks into the environment for what the settings did not say."""
    key = options.api_key or "none"  # servers without keys take any; the SDK insists on one
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError("the API key has characters that no key has", hint="check OPENAI_API_KEY for spaces, quotes and line ends")

    import openai

    client = openai.AsyncOpenAI(
        api_key=key,
        admin_api_key="",
        webhook_secret="",
        base_url=options.base_url or OPENAI_URL,
        max_retries=0,
        timeout=openai.Timeout(None, connect=min(CONNECT_TIMEOUT_S, options.timeout_s)),
        http_client=openai.DefaultAioHttpClient(),
        default_headers={"Authorization": f"Bearer {key}"},  # OPENAI_CUSTOM_HEADERS may serve a gateway, but never replaces the key
    )
    client.organization = client.project = None
    return client
