"""Engines room: the batch lane. Submits what it is asked, once, and collects what is ready, whoever submitted it.

The states of a batch as this side knows it; a kill may follow each arrow, and nothing is lost or submitted twice:

    intended ----> asked ----> submitted ----> collected    each request answered, refused or given up
     |  file        |  |        ^  |    |
     |  uploaded    |  |        |  |    `----> failed       as a whole, unbilled: nobody's refusal
     v              |  `-> unread  |    `----> crowded      unbilled: the account had no room for it
    forgotten <-----'     no id in |
     not made,            the reply|
     or in no list              .--'
     for days                   `--> submitted, lost_since: a file, a line or the batch itself is missing.
                                     Looked at again; seven days later its rest is given up and asked again

`asked` is written before the server is asked to make the batch, with our digest in its metadata and its file's id. A
batch without an id is looked for by both in the server's list.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, NoReturn

from meetcli.engines import Engine, EngineOptions
from meetcli.engines.batch_book import BatchBook
from meetcli.engines.openai_batch_replies import RemoteBatch
from meetcli.engines.openai_collect import BatchCollector, told_of
from meetcli.engines.openai_dialect import Dialect
from meetcli.engines.openai_files import BatchFiles
from meetcli.engines.openai_find import BatchScope
from meetcli.engines.openai_gate import NAP_S, Timers
from meetcli.engines.openai_live import OpenAIEngine
from meetcli.engines.openai_spool import Spool
from meetcli.errors import CallError, RunStopped
from meetcli.models import Reply, Request, State, Submission
from meetcli.plain_text import count_text

logger = logging.getLogger("meetcli.engines.openai")

LULL_S: Final = 0.05
"""A stream of requests that pauses for so long has given all that is ready: what is spooled is submitted."""
POLL_S: Final = 30.0
MOST_REFUSALS: Final = 2
MOST_SAID: Final = 100_000  # characters that are kept of a reply
NO_TEMPERATURE: Final = re.compile(
    r"(o\d|gpt-[5-9])"
)  # live, the server's refusal teaches it; in a batch every line would fail


@dataclass(slots=True)
class _Lane:
    """What one call of `complete` has under way in the batch lane.

    `writer` is the next file and `spooled` the requests in it; `live` are those asked at once; `waiting` are the ids of
    those that wait in a batch, by digest. None ends a queue.
    """

    writer: Spool
    spooled: list[Request] = field(default_factory=list)
    live: asyncio.Queue[Request | None] = field(default_factory=asyncio.Queue)
    replies: asyncio.Queue[Reply | None] = field(default_factory=asyncio.Queue)
    waiting: dict[str, str] = field(default_factory=dict)

    def tell(self, request_id: str, state: State, reason: str | None = None) -> None:
        """Say how far a request has come, or why it comes no further."""
        self.replies.put_nowait(Reply(request_id, None, state=state, reason=reason))


class BatchPolicy(NamedTuple):
    """What a run wants of batches. `submits` sends new requests by batch, `waits` until these are answered.

    With `repairs_live` what follows an answer is asked live all the same. `asks_list` also looks for batches that only
    the server knows. A request that two batches were refused is not submitted again, unless the run `forgives`: it
    would come back every night.
    """

    submits: bool = False
    waits: bool = False
    repairs_live: bool = False
    asks_list: bool = False
    forgives: bool = False


class BatchEngine:
    """Live calls with batches beside them. `book` remembers; `tell` takes a line about how far the batches are."""

    def __init__(
        self,
        options: EngineOptions,
        book: BatchBook,
        *,
        endpoint: str,
        wishes: BatchPolicy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timers: Timers | None = None,
        tell: Callable[[str], None] = logger.info,
        spool_limits: dict[str, int] | None = None,
        files: BatchFiles | None = None,
    ) -> None:
        self._options = options
        self._timers = timers or Timers()
        self._live: Engine = OpenAIEngine(options, timers, None if wishes.submits else self._known)
        self._files = files or BatchFiles(options, self._timers)
        looked_for = BatchScope(
            endpoint,
            options.model,
            needs_list=wishes.submits,
            asks_list=wishes.asks_list,
            refusals=wishes.submits and not wishes.forgives,
        )
        self._collector = BatchCollector(self._files, book, looked_for, now)
        self._book = book
        self._endpoint = endpoint
        self._wishes = wishes
        self._now = now
        self._tell = tell
        self._limits = spool_limits or {}
        self._afforded: set[str] = set()  # requests whose money is still set aside, for a batch that never began

    async def collect(self) -> list[tuple[Submission, RemoteBatch]]:
        """Keep what is ready; return every batch that is not collected yet, as the server tells of it."""
        return await self._collector.collect()

    async def status(self, batch_id: str) -> RemoteBatch | None:
        """Return a batch as the server tells of it; None where it does not know it."""
        kept = self._without_id(batch_id)
        return told_of(kept) if kept else await self._files.retrieve(batch_id)

    async def close(self) -> None:
        """Release connections; `complete` does so itself."""
        await self._files.close()

    async def cancel(self, batch_id: str) -> RemoteBatch | None:
        """Ask the server to end a batch; None where it does not know it. One that has no id is let go of: what it
        answers is lost, and its requests are asked again.
        """
        if (kept := self._without_id(batch_id)) is None:
            return await self._files.cancel(batch_id)
        self._book.forget(kept)
        return told_of(kept)._replace(status="forgotten")

    def _without_id(self, name: str) -> Submission | None:
        found = (one for one in self._book.submissions() if one.batch_id is None and one.name == name)
        return next(found, None)

    async def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Answer each request live or from a batch, or say that it waits in one; see `Engine.complete`."""
        try:
            await self.collect()
            if self._wishes.submits:
                self._check()
            async with aclosing(
                self._complete(requests) if self._wishes.submits else self._live.complete(requests)
            ) as answered:
                async for reply in answered:
                    yield reply
        finally:
            await self._files.close()

    def _check(self) -> None:
        """Raise `RunStopped` where no batch of this run can work."""
        if self._collector.trouble is not None:
            raise self._collector.trouble
        self._collector.stop_where_all_fail()

    async def _complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Submit what is asked, but for repairs that are to be live."""
        lane = _Lane(self._open_spool())
        failures: list[BaseException] = []

        async def run(work: Callable[[], Any]) -> None:
            try:
                await work()
            except BaseException as error:  # raised again below, after what is paid for
                failures.append(error)
            finally:
                lane.replies.put_nowait(None)

        async def distribute() -> None:
            try:
                await self._distribute(requests, lane)
            finally:
                lane.live.put_nowait(None)

        async def answer_live() -> None:
            async with aclosing(self._live.complete(_until_none(lane.live))) as answered:
                async for reply in answered:
                    lane.replies.put_nowait(reply)

        tasks: list[asyncio.Task[None]] = []
        try:
            tasks = [asyncio.create_task(run(work)) for work in (distribute, answer_live)]
            ended = 0
            while ended < len(tasks):
                reply = await lane.replies.get()
                if reply is None:
                    ended += 1
                    if tasks[1].done() or failures:  # nobody answers live any more, or nothing more is to be asked
                        tasks[0].cancel()
                else:
                    yield reply
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for failure in failures:
            if not isinstance(failure, asyncio.CancelledError):
                raise failure

    async def _distribute(self, requests: AsyncIterator[Request], lane: _Lane) -> None:
        stream = aiter(requests)
        asked: asyncio.Task[Request | None] = asyncio.ensure_future(_next(stream))
        try:
            while True:
                is_watching = bool(lane.writer.members or lane.waiting)
                done, _ = await asyncio.wait({asked}, timeout=LULL_S if is_watching else None)
                if not done:
                    await (self._submit(lane) if lane.writer.members else self._poll(lane))
                    continue
                request = asked.result()
                if request is None:
                    break
                asked = asyncio.ensure_future(_next(stream))
                known = await self._known(request)
                if request.digest in self._collector.pending:
                    self._leave(request, lane)
                elif known is not None:
                    lane.replies.put_nowait(known)
                elif self._wishes.repairs_live and request.is_follow_up:
                    lane.live.put_nowait(request)
                    await lane.live.join()  # no more is read than is being answered
                elif not await self._has_room(request, lane):
                    lane.tell(request.id, "not_attempted", "batch_full")
                elif self._is_affordable(request):
                    if not lane.writer.add(request):
                        await self._submit(lane)
                        lane.writer.add(request)
                    lane.spooled.append(request._replace(messages=(), schema={}))
                    if not self._wishes.waits:
                        lane.tell(request.id, "spooled")
                else:
                    lane.tell(request.id, "not_attempted", "budget")
            if lane.writer.members and not self._options.is_stopping():
                await self._submit(lane)
        finally:
            asked.cancel()
            lane.writer.close()

    async def _known(self, request: Request) -> Reply | None:
        """Answer a request that some batch has, or that batches were refused; None for any other."""
        if await self._collector.look_again() and (reply := self._book.reply(request.digest, request.id)) is not None:
            return reply
        if request.digest in self._collector.pending:
            return Reply(request.id, None, state="submitted")
        is_hopeless = len(self._collector.refusals.get(request.digest, ())) >= MOST_REFUSALS
        return self._told_refusal(request.id, request.digest) if is_hopeless else None

    def _told_refusal(self, request_id: str, digest: str) -> Reply:
        why = self._collector.refusals[digest]
        message = f"the server refused it in {count_text(len(why), 'batch', 'batches')} ({why[-1]})"
        hint = "--retry-failed asks again, --lane standard asks live and says more"
        return Reply(request_id, None, error=CallError(message, reason="batch_refused", hint=hint))

    def _open_spool(self) -> Spool:
        dialect = Dialect(self._options.model, self._options.base_url)
        if NO_TEMPERATURE.match(self._options.model):
            dialect.learn("temperature")
        return Spool(dialect, **self._limits)

    async def _has_room(self, request: Request, lane: _Lane) -> bool:
        """Return whether the account takes a request beside what waits; a run that stays waits until it does. One alone
        may always try.
        """
        while not self._collector.room.has_for(lane.writer.size_with(request), lane.writer.size):
            if not (self._wishes.waits and (lane.writer.members or lane.waiting)):
                return False
            await (self._submit(lane) if lane.writer.members else self._poll(lane))
        return True

    def _is_affordable(self, request: Request) -> bool:
        """Spend the most that a request can cost: nothing is given back before its batch is collected, by another
        run.
        """
        budget = self._options.budget
        if budget is None or budget.limit_usd is None or request.digest in self._afforded:
            return True
        most_usd = budget.most_usd(request, "batch")
        if most_usd is None or not budget.reserve(most_usd):
            return False
        budget.settle(most_usd, most_usd)
        return True

    def _leave(self, request: Request, lane: _Lane) -> None:
        if self._wishes.waits:
            lane.waiting[request.digest] = request.id
        else:
            lane.tell(request.id, "submitted")

    async def _submit(self, lane: _Lane) -> None:
        """Submit the file, then say so of each of its requests; begin the next one."""
        writer = lane.writer
        at = self._now()
        intent = Submission(
            writer.digest(at),
            None,
            "intended",
            at,
            self._endpoint,
            self._options.model,
            len(writer.members),
            size=writer.size,
            beside=self._collector.room.taken,
        )

        def note(state: Literal["intended", "asked"]) -> None:
            nonlocal intent
            intent = intent._replace(state=state, created_at=self._now())
            self._book.write(intent, writer.members)

        note("intended")
        try:
            file_id = await self._files.upload(writer.file)
            intent = intent._replace(input_file=file_id)
            made = await self._files.create(file_id, intent.digest, note)
        except RunStopped:
            if intent.state == "intended":  # else a batch may have been made
                self._book.forget(intent)
            raise
        if isinstance(made, str):
            self._keep_unread(intent, made, writer)
        submitted = intent._replace(batch_id=made.id, state="submitted")
        self._book.write(submitted, writer.members)
        logger.info("batch %s submitted with %d requests", made.id, len(writer.members))
        writer.close()
        self._collector.room.take(submitted, (request.digest for request in lane.spooled))
        self._collector.pending |= dict.fromkeys((request.digest for request in lane.spooled), submitted)
        for request in lane.spooled:
            self._leave(request, lane)
        lane.spooled.clear()
        lane.writer = self._open_spool()

    def _keep_unread(self, intent: Submission, said: str, writer: Spool) -> NoReturn:
        """Keep what a server said of a batch that it may have made; without its id nothing goes on."""
        unread = intent._replace(state="unread", reply=said[:MOST_SAID])
        self._book.write(unread, writer.members)
        raise RunStopped(
            f"the server's reply to the making of batch {unread.name} has no id of it",
            hint="meetcli batch list shows the reply, which is kept; the batch is looked for, and not made twice",
        )

    async def _poll(self, lane: _Lane) -> None:
        """Wait a while, then pass on what has come; a stop leaves the rest to the next run."""
        until = self._timers.monotonic() + POLL_S
        while self._timers.monotonic() < until and not self._options.is_stopping():
            await self._timers.sleep(NAP_S)
        if self._options.is_stopping():
            for request_id in lane.waiting.values():
                lane.tell(request_id, "submitted")
            lane.waiting.clear()
            return
        batches = await self.collect()
        for submission, remote in batches:
            self._tell(f"batch {remote.id} {remote.status}: {remote.completed} of {submission.requests}")
        for digest, request_id in list(lane.waiting.items()):
            if digest not in self._collector.pending:
                del lane.waiting[digest]
                reply = self._book.reply(digest, request_id)
                if reply is None and digest in self._collector.refusals:
                    reply = self._told_refusal(request_id, digest)
                if digest in self._collector.room.crowded:
                    self._afforded.add(digest)
                if reply is not None:
                    lane.replies.put_nowait(reply)
                elif digest in self._collector.room.crowded:
                    lane.tell(request_id, "again")
                else:
                    lane.tell(request_id, "not_attempted", "batch_ended")


async def _next(stream: AsyncIterator[Request]) -> Request | None:
    return await anext(stream, None)


async def _until_none(queue: asyncio.Queue[Request | None]) -> AsyncIterator[Request]:
    while (request := await queue.get()) is not None:
        queue.task_done()
        yield request
