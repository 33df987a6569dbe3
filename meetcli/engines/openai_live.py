"""Engines room: calls a chat.completions server now, through the OpenAI SDK.

Never reads a file, a cache or the environment.

The one place that retries transport. Concurrency is a pool of workers pulling from one iterator, so that memory does
not grow with the number of meetings; what one worker learns (a pause, a refused parameter, a dead key), all know.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from meetcli.engines import EngineOptions, host_of, is_openai
from meetcli.engines.openai_account import Account
from meetcli.engines.openai_client import open_client
from meetcli.engines.openai_dialect import Dialect
from meetcli.engines.openai_gate import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, SHORTEST_AGAIN_S, Gate, Pass, Timers
from meetcli.engines.openai_reading import ReadingCheck
from meetcli.engines.openai_replies import read_reply
from meetcli.engines.openai_standing import ACCOUNT, REQUEST, Standing
from meetcli.engines.openai_steps import Asking, Steps
from meetcli.engines.openai_wire import Failure, translate
from meetcli.errors import AnswerError, CallError, LaneNotServed, RunStopped
from meetcli.models import Reply, Request
from meetcli.money.reading import not_read

if TYPE_CHECKING:
    import openai

logger = logging.getLogger("meetcli.engines.openai")

MOST_TIMEOUTS: Final = 2
"""A whole deadline used up is asked again once: the model was probably at work, and is billed for it each time."""
REFUSALS: Final = frozenset({"rate_limited", "no_capacity"})
"""Reasons after which everybody goes more slowly, and not only the request that was refused."""
NEVER_THROUGH: Final = frozenset({"rate_limited", "unreachable"})
"""Reasons that one request's whole patience did not outlast."""


class OpenAIEngine:
    """The engine called `openai`: OpenAI itself and every server that speaks its chat.completions.

    `known` is asked about each request, and what it answers is not called.
    """

    def __init__(
        self,
        options: EngineOptions,
        timers: Timers | None = None,
        known: Callable[[Request], Awaitable[Reply | None]] | None = None,
    ) -> None:
        self._options = options
        self._timers = timers or Timers()
        self._known = known

    def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Answer the requests, at most `concurrency` at once; see `Engine.complete`.

        Requests that were pulled when `is_stopping` turned true end as `not_attempted`; no more are pulled.
        """
        return _Run(self._options, self._timers, requests, self._known).replies()


class _Run:
    """One call of `complete`."""

    def __init__(
        self,
        options: EngineOptions,
        timers: Timers,
        requests: AsyncIterator[Request],
        known: Callable[[Request], Awaitable[Reply | None]] | None,
    ) -> None:
        self._options = options
        self._known = known
        self._timers = timers
        self._requests = requests
        self._dialect = Dialect(options.model, options.base_url)
        self._steps = Steps(self._dialect)
        self._reading = ReadingCheck()
        self._longest = 0  # of the requests that were answered
        self._client: openai.AsyncOpenAI | None = None
        self._turn = asyncio.Lock()  # an async generator cannot be asked for two items at once
        self._pulling: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(2 * options.concurrency)  # replies not yet taken hold back further pulls
        self._done: asyncio.Queue[Reply | None] = asyncio.Queue()
        self._fatal: Exception | None = None
        self._pausing: Failure | None = None
        self._answered_at = float("-inf")
        self._standing = Standing(options.hits)
        self._gate = Gate(
            options.concurrency,
            requests_a_minute=options.requests_a_minute,
            tokens_a_minute=options.tokens_a_minute,
            patience_s=options.max_wait_s,
            timers=timers,
            is_over=self._is_over,
            tell=options.tell_wait,
            is_known=is_openai(options.base_url),
        )

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
        if self._fatal is None and not self._is_over() and (why := self._standing.lost_at_end()):
            self._stop(self._stopped_by(why))
        if self._fatal is not None:
            raise self._fatal

    async def _work(self) -> None:
        try:
            while (request := await self._pull()) is not None:
                reply = await self._known(request) if self._known else None
                self._done.put_nowait(reply or await self._answer(request))
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
        self._gate.wake()

    def _is_over(self) -> bool:
        return self._fatal is not None or self._options.is_stopping()

    async def _answer(self, request: Request) -> Reply:
        """Try until there is an answer, a failure that would repeat, or no patience left."""
        if self._client is None:
            self._client = open_client(self._options)
        if refusal := self._too_large(request):
            return _failed(request, refusal, Account(request, self._options.budget))
        asking = Asking(request, self._dialect, self._steps, self._gate.input_tokens)
        try:
            return await self._ask(request, asking)
        finally:
            asking.end()

    async def _ask(self, request: Request, asking: Asking) -> Reply:
        began_at = self._timers.monotonic()
        account, failed, waited_s, failed_at = Account(request, self._options.budget), 0, 0.0, float("-inf")
        timeouts = 0
        lane = self._options.lane
        while True:
            if cut := asking.useless():
                return _failed(request, cut, account)
            entered, paused_s = await self._gate.enter(request, account.reserve, self._options.max_wait_s - waited_s)
            waited_s += paused_s
            if entered is None:
                if self._pausing is not None and waited_s > self._options.max_wait_s:
                    return self._give_up(request, self._pausing, began_at, account)
                why = "stopped" if self._is_over() else "budget"
                return _failed(request, None, account)._replace(state="not_attempted", reason=why)
            if self._steps.is_held(asking.probe):
                account.give_back()
                self._gate.leave(entered)
                await self._steps.over()
                if hopeless := asking.hopeless():
                    return self._give_up(request, hopeless, began_at, account)
                continue
            body = asking.body(lane)
            try:
                outcome = await self._attempt(request, body, entered)
            finally:
                self._gate.leave(entered)
            account.settle(outcome)
            if isinstance(outcome, Reply):
                self._note_answer(outcome, entered)
                self._longest = max(self._longest, _size(request))
                asking.answered(outcome)
                return outcome._replace(usage=account.usage, uncertain_usd=account.uncertain_usd)
            if asking.adapts(outcome, is_last=failed >= self._options.retries):
                continue
            if outcome.reason == "no_capacity" and self._options.is_flex_fallback:
                lane = "standard"
                continue
            # Where others were answered since, the server takes calls, only not so many at once: no reason to give this
            # one up. Nor is it where the server says when to come back: --max-wait bounds that.
            is_crowded_out = outcome.reason in REFUSALS and self._answered_at > failed_at
            is_told_to_wait = (
                outcome.reason in REFUSALS and bool(self._options.retries) and outcome.retry_after_s is not None
            )
            failed += (
                outcome.ends == "attempt"
                and outcome.reason != "no_capacity"
                and not (is_crowded_out or is_told_to_wait)
            )
            failed_at = self._timers.monotonic()
            timeouts += outcome.reason == "timeout"
            wait_s = self._wait_s(outcome, failed, entered)
            if (
                outcome.ends != "attempt"
                or failed > self._options.retries
                or timeouts == MOST_TIMEOUTS
                or waited_s + wait_s > self._options.max_wait_s
            ):
                return self._give_up(request, asking.blamed(outcome), began_at, account)
            if outcome.reason not in REFUSALS:
                waited_s += await self._gate.sleep_until(self._timers.monotonic() + wait_s)

    def _note_answer(self, reply: Reply, entered: Pass) -> None:
        self._answered_at = self._timers.monotonic()
        self._standing.answered()
        self._gate.is_in_doubt = False
        if reply.error is None:  # else its count is no measure of what was sent
            self._gate.answered(entered, reply.usage.input_tokens, reply.usage.output_tokens)

    def _too_large(self, request: Request) -> CallError | None:
        """Refuse what no minute has room for: it would be waited for for ever."""
        limit, tokens = self._gate.tokens.limit, self._gate.input_tokens(request)
        if limit is None or tokens <= limit:
            return None
        message = f"the request has about {tokens:,.0f} tokens, and the limit is {limit:,.0f} a minute"
        return CallError(
            message, reason="too_large", hint="raise --tpm, or use an account or a model with a higher limit"
        )

    async def _attempt(self, request: Request, body: dict[str, Any], entered: Pass) -> Reply | Failure:
        """Make one call.

        The deadline is for all of it: a server that drips a byte now and then never trips a read timeout.
        """
        import httpx2

        assert self._client is not None  # noqa: S101  # opened with the first request
        began_at = self._timers.monotonic()
        try:
            async with asyncio.timeout(self._options.timeout_s):
                # Not `chat.completions.create`: it walks the body against a union of types and doubles the CPU of a
                # call (0.8 to 1.5 ms).
                response = await self._client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except Exception as error:
            failure = translate(error, body, self._timers.wall())
            if failure is None:
                raise
            self._gate.learn(failure.headers, entered)
            return failure
        self._gate.learn(response.headers, entered)
        outcome = read_reply(request.id, response.content, asked_lane="flex" if "service_tier" in body else "standard")
        if isinstance(outcome, Failure):
            return outcome
        unread = self._reading.unread(body, outcome.usage) if outcome.text is not None else None
        return outcome._replace(
            latency_ms=(self._timers.monotonic() - began_at) * 1000, error=not_read(*unread) if unread else None
        )

    def _wait_s(self, failure: Failure, failed: int, entered: Pass) -> float:
        """Return the pause before the next attempt.

        What the gate says after a refusal, else exponential with full jitter.
        """
        if failure.reason in REFUSALS or failure.retry_after_s is not None:
            self._pausing = failure
        if failure.reason in REFUSALS:
            return self._gate.refused(entered, failure.retry_after_s)
        jitter_s = self._timers.random() * min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** max(0, failed - 1))
        if failure.retry_after_s is None:
            return jitter_s
        asked_s = max(failure.retry_after_s, SHORTEST_AGAIN_S if failed > 1 else 0.0)
        self._gate.pause(asked_s)
        return asked_s

    def _give_up(self, request: Request, failure: Failure, began_at: float, account: Account) -> Reply:
        asked_whom = f"{self._options.model} at {host_of(self._options.base_url)}"
        self._standing.refused(failure)
        self._gate.is_in_doubt = self._standing.is_in_doubt
        if failure.reason == "lane_not_served":
            self._stop(LaneNotServed(f"{asked_whom}: {failure.message}", hint=failure.hint))
        elif why := self._standing.lost(self._gate.under_way):
            self._stop(self._stopped_by(why))
        elif failure.ends == "run" and failure.reason not in ACCOUNT | REQUEST:
            self._stop(self._stopped_by(failure))
        elif (failure.retry_after_s or 0) > self._options.max_wait_s:
            asked = f"the server asks to wait {failure.retry_after_s:.0f} s, longer than --max-wait allows"
            self._stop(RunStopped(f"{asked_whom}: {asked}", hint="try again later or raise --max-wait"))
        elif failure.reason in NEVER_THROUGH and self._answered_at < began_at:
            # Nobody got through since this request began: a thousand meetings must not wait their turn to learn the
            # same.
            self._stop(self._stopped_by(failure))
        if failure.reason == "content_filter":
            return _failed(request, None, account)._replace(finish="content_filter")
        # Only a code is sure enough to be remembered; words may be about the account, and are asked about again.
        reason = "content_filter" if failure.reason == "flagged" else failure.reason
        is_divisible = reason == "too_long" or (
            failure.is_unexplained and failure.ends == "request" and 0 < self._longest < _size(request)
        )
        error = CallError(
            failure.message,
            reason=reason,
            hint=failure.hint,
            is_divisible=is_divisible,
            window=failure.bounds.window,
        )
        return _failed(request, error, account)

    def _stopped_by(self, failure: Failure) -> RunStopped:
        asked_whom = f"{self._options.model} at {host_of(self._options.base_url)}"
        hint = failure.hint or "meetcli doctor asks the server"
        if failure.reason == "rate_limited":
            hint = "try again later; check the limits and the credit of the account"
        return RunStopped(f"{asked_whom}: {failure.message}", hint=hint)


def _size(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)


def _failed(request: Request, error: CallError | AnswerError | None, account: Account) -> Reply:
    return Reply(request.id, None, usage=account.usage, error=error, uncertain_usd=account.uncertain_usd)
