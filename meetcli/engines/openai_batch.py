"""Engines room: the batch lane. Submits what it is asked, once, and collects what is ready, whoever submitted it.

Steps, each of which a kill may follow: the intent is written, the file uploaded, the batch made with our digest in its metadata,
its id written; later its results are kept, and the batch marked as collected. An intent without an id is looked for
in the server's list. So nothing is lost, and nothing submitted twice.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from meetcli.engines import Engine, EngineOptions
from meetcli.engines.batch_book import BatchBook
from meetcli.engines.openai_files import BatchFiles, RemoteBatch, Spool, read_results
from meetcli.engines.openai_gate import NAP_S, Timers
from meetcli.engines.openai_live import OpenAIEngine
from meetcli.engines.openai_wire import Dialect
from meetcli.errors import CallError, RunStopped
from meetcli.models import Member, Reply, Request, Submission

logger = logging.getLogger("meetcli.engines.openai")

LULL_S: Final = 0.05
"""A stream of requests that pauses for so long has given all that is ready: what is spooled is submitted."""
POLL_S: Final = 30.0
MOST_REFUSALS: Final = 2
OTHERS_AGE: Final = timedelta(hours=48)
"""How far back another's batch in the same API project is collected: its day, and one more."""
REMEMBERED: Final = timedelta(days=35)
"""How long a collected batch is remembered, so that it is not collected again: longer than the server lists its files (30 days)."""
NO_TEMPERATURE: Final = re.compile(r"(o\d|gpt-[5-9])")  # live, the server's refusal teaches it; in a batch every line would fail


class BatchEngine:
    """Live calls with batches beside them. `submits` sends new requests by batch, `waits` until these are answered.

    With `repairs_live` what follows an answer is asked live all the same. `book` remembers; `asks_list` also looks for
    batches that only the server knows. A request that two batches were refused is not submitted again, unless the engine `forgives`: it
    would come back every night. `tell` takes a line about how far the batches are.
    """

    def __init__(
        self,
        options: EngineOptions,
        book: BatchBook,
        *,
        endpoint: str,
        submits: bool = False,
        waits: bool = False,
        repairs_live: bool = False,
        asks_list: bool = False,
        forgives: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timers: Timers | None = None,
        tell: Callable[[str], None] = logger.info,
        spool_limits: dict[str, int] | None = None,
    ) -> None:
        self._options = options
        self._timers = timers or Timers()
        self._live: Engine = OpenAIEngine(options, timers, None if submits else self._known)
        self._files = BatchFiles(options, self._timers)
        self._book = book
        self._endpoint = endpoint
        self._submits = submits
        self._waits = waits
        self._repairs_live = repairs_live
        self._asks_list = asks_list
        self._forgives = forgives
        self._now = now
        self._tell = tell
        self._limits = spool_limits or {}
        self._seen = ""
        self._looking = asyncio.Lock()
        self._pending: dict[str, Submission] = {}
        self._refusals: dict[str, list[str]] = {}
        self._waiting: dict[str, str] = {}

    # What is there

    async def collect(self) -> list[tuple[Submission, RemoteBatch]]:
        """Keep what is ready, learn what is pending; return every batch that is not collected yet, as the server tells of it."""
        found: list[tuple[Submission, RemoteBatch]] = []
        self._seen = self._book.latest()
        self._pending = {}
        for submission in await self._reconciled():
            remote = await self._files.retrieve(submission.batch_id) if submission.batch_id else None
            if remote is None:
                self._book.forget(submission)
                continue
            if remote.has_ended:
                await self._keep(submission, remote)
                continue
            self._pending |= dict.fromkeys((member.digest for member in self._book.members(submission)), submission)
            found.append((submission, remote))
        self._refusals = self._refused()
        return found

    def _refused(self) -> dict[str, list[str]]:
        """Return the requests that batches of the last weeks were refused, and why each time."""
        found: dict[str, list[str]] = {}
        for submission in self._book.submissions() if self._submits and not self._forgives else ():
            if submission.state == "collected":
                for member in self._book.members(submission):
                    found.setdefault(member.digest, []).append(member.refusal)
        return found

    async def status(self, batch_id: str) -> RemoteBatch | None:
        """Return a batch as the server tells of it; None where it does not know it."""
        return await self._files.retrieve(batch_id)

    async def close(self) -> None:
        """Release connections; `complete` does so itself."""
        await self._files.close()

    async def cancel(self, batch_id: str) -> RemoteBatch | None:
        """Ask the server to end a batch; None where it does not know it."""
        return await self._files.cancel(batch_id)

    async def _reconciled(self) -> list[Submission]:
        """Return the batches to look after: ours, with their ids, and those of others with the same API project."""
        known = self._book.submissions()
        for submission in known:
            if submission.state == "collected" and self._now() - submission.created_at > REMEMBERED:
                self._book.forget(submission)
        ours = [submission for submission in known if submission.endpoint == self._endpoint and submission.state != "collected"]
        unknown_ids = [submission for submission in ours if submission.batch_id is None]
        if not (unknown_ids or self._asks_list):
            return ours
        since = min([self._now() - OTHERS_AGE, *(submission.created_at for submission in unknown_ids)])
        listed = {remote.digest: remote for remote in reversed(await self._listed(since, is_needed=bool(unknown_ids)))}
        found = [self._with_id(submission, listed) for submission in ours]
        taken = {submission.digest for submission in known}
        for digest, remote in listed.items():
            if digest is not None and digest not in taken:
                found.append(await self._adopt(digest, remote))
        return [submission for submission in found if submission is not None]

    async def _listed(self, since: datetime, *, is_needed: bool) -> list[RemoteBatch]:
        try:
            return await self._files.ours(since)
        except RunStopped:
            if is_needed or self._submits:
                raise
            return []  # a server without batches

    def _with_id(self, submission: Submission, listed: dict[str | None, RemoteBatch]) -> Submission | None:
        """Complete an intent that reached the server; forget one that did not, in time."""
        if submission.batch_id is not None:
            return submission
        remote = listed.get(submission.digest)
        if remote is None:
            if self._now() - submission.created_at > OTHERS_AGE:  # a younger one may be on its way at this moment
                self._book.forget(submission)
            return None
        completed = submission._replace(batch_id=remote.id, state="submitted")
        self._book.write(completed)
        return completed

    async def _adopt(self, digest: str, remote: RemoteBatch) -> Submission:
        """Remember a batch that only the server knows; its own file says which requests it has."""
        members = [Member(str(line.get("custom_id"))) async for line in self._files.lines(remote.input_file)]
        adopted = Submission(digest, remote.id, "submitted", remote.created_at, self._endpoint, self._options.model, len(members))
        self._book.write(adopted, members)
        return adopted

    async def _keep(self, submission: Submission, remote: RemoteBatch) -> None:
        """Keep what a batch that has ended has answered; what it has not goes to the next batch."""
        members = {member.digest: member for member in self._book.members(submission)}
        missing: Counter[str] = Counter()
        refused: list[Member] = []
        kept = 0
        for file in remote.result_files:
            some: list[dict[str, Any]] = []
            async for line in self._files.lines(file):
                some.append(line)
                if len(some) == 500:
                    kept += self._keep_lines(submission, some, members, missing, refused)
                    some = []
            kept += self._keep_lines(submission, some, members, missing, refused)
        if remote.is_refused:
            refused = [member._replace(refusal=remote.error) for member in members.values()]
        self._book.write(submission._replace(state="collected"), refused)
        if kept < len(members):
            missing.update(member.refusal for member in refused)
            logger.warning(
                "batch %s ended as %s with %d of %d answered (%s): the rest is asked again%s",
                remote.id,
                remote.status,
                kept,
                len(members),
                ", ".join(f"{count} {reason}" for reason, count in missing.items()) or remote.error or "no answer",
                ", but what a second batch is refused too" if refused else "",
            )

    def _keep_lines(
        self, submission: Submission, lines: list[dict[str, Any]], members: dict[str, Member], missing: Counter[str], refused: list[Member]
    ) -> int:
        results = read_results(lines, members)
        self._book.keep(submission, results.replies, self._now())
        missing.update(results.unanswered)
        refused += results.refused
        return len(results.replies)

    # What is asked

    async def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Answer each request: live, with its answer from a batch, or as `CallError` with reason `submitted`; see `Engine.complete`."""
        try:
            await self.collect()
            async with aclosing(self._complete(requests) if self._submits else self._live.complete(requests)) as answered:
                async for reply in answered:
                    yield reply
        finally:
            await self._files.close()

    async def _complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Submit what is asked, but for repairs that are to be live."""
        replies: asyncio.Queue[Reply | None] = asyncio.Queue()
        live: asyncio.Queue[Request | None] = asyncio.Queue()
        failures: list[BaseException] = []

        async def run(work: Callable[[], Any]) -> None:
            try:
                await work()
            except BaseException as error:  # raised again below, after what is paid for
                failures.append(error)
            finally:
                replies.put_nowait(None)

        async def distribute() -> None:
            try:
                await self._distribute(requests, live, replies)
            finally:
                live.put_nowait(None)

        async def answer_live() -> None:
            async with aclosing(self._live.complete(_until_none(live))) as answered:
                async for reply in answered:
                    replies.put_nowait(reply)

        tasks: list[asyncio.Task[None]] = []
        try:
            tasks = [asyncio.create_task(run(work)) for work in (distribute, answer_live)]
            ended = 0
            while ended < len(tasks):
                reply = await replies.get()
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

    async def _distribute(
        self, requests: AsyncIterator[Request], live: asyncio.Queue[Request | None], replies: asyncio.Queue[Reply | None]
    ) -> None:
        spool: list[Request] = []
        writer = self._open_spool()
        stream = aiter(requests)
        asked: asyncio.Task[Request | None] = asyncio.ensure_future(_next(stream))
        try:
            while True:
                is_watching = bool(writer.members or self._waiting)
                done, _ = await asyncio.wait({asked}, timeout=LULL_S if is_watching else None)
                if not done:
                    writer = await self._use_lull(writer, spool, replies)
                    continue
                request = asked.result()
                if request is None:
                    break
                asked = asyncio.ensure_future(_next(stream))
                known = await self._known(request)
                if request.digest in self._pending:
                    self._leave(request, replies)
                elif known is not None:
                    replies.put_nowait(known)
                elif self._repairs_live and request.is_follow_up:
                    live.put_nowait(request)
                    await live.join()  # no more is read than is being answered
                elif self._is_affordable(request, replies):
                    if not writer.add(request):
                        writer = await self._submit(writer, spool, replies)
                        writer.add(request)
                    spool.append(request._replace(messages=(), schema={}))
                    if not self._waits:
                        replies.put_nowait(_told(request, "spooled"))
            if writer.members and not self._options.is_stopping():
                writer = await self._submit(writer, spool, replies)
        finally:
            asked.cancel()
            writer.close()

    async def _use_lull(self, writer: Spool, spool: list[Request], replies: asyncio.Queue[Reply | None]) -> Spool:
        if writer.members:
            return await self._submit(writer, spool, replies)
        await self._poll(replies)
        return writer

    async def _known(self, request: Request) -> Reply | None:
        """Answer a request that some batch has, or that batches were refused; None for any other."""
        async with self._looking:
            if self._book.latest() != self._seen:  # whoever held this meeting until now may have submitted it
                await self.collect()
                if (reply := self._book.reply(request.digest, request.id)) is not None:
                    return reply
        if request.digest in self._pending:
            return _told(request, "submitted")
        is_hopeless = len(self._refusals.get(request.digest, ())) >= MOST_REFUSALS
        return self._told_refusal(request.id, request.digest) if is_hopeless else None

    def _told_refusal(self, request_id: str, digest: str) -> Reply:
        why = self._refusals[digest]
        message = f"the server refused it in {len(why)} {'batch' if len(why) == 1 else 'batches'} ({why[-1]})"
        hint = "--retry-failed asks again, --lane standard asks live and says more"
        return Reply(request_id, None, error=CallError(message, reason="batch_refused", hint=hint))

    def _open_spool(self) -> Spool:
        dialect = Dialect(self._options.model, self._options.base_url)
        if NO_TEMPERATURE.match(self._options.model):
            dialect.learn("temperature")
        return Spool(dialect, **self._limits)

    def _is_affordable(self, request: Request, replies: asyncio.Queue[Reply | None]) -> bool:
        """Spend the most that a request can cost: nothing is given back before its batch is collected, by another run."""
        budget = self._options.budget
        if budget is None or budget.limit_usd is None:
            return True
        most_usd = budget.most_usd(request, "batch")
        if most_usd is None or not budget.reserve(most_usd):
            replies.put_nowait(_told(request, "budget"))
            return False
        budget.settle(most_usd, most_usd)
        return True

    def _leave(self, request: Request, replies: asyncio.Queue[Reply | None]) -> None:
        if self._waits:
            self._waiting[request.digest] = request.id
        else:
            replies.put_nowait(_told(request, "submitted"))

    async def _submit(self, writer: Spool, spool: list[Request], replies: asyncio.Queue[Reply | None]) -> Spool:
        """Submit a file, then say so of each of its requests; return the next file."""
        at = self._now()
        intent = Submission(writer.digest(at), None, "intended", at, self._endpoint, self._options.model, len(writer.members))
        self._book.write(intent, writer.members)
        try:
            file_id = await self._files.upload(writer.file)
        except RunStopped:
            self._book.forget(intent)
            raise
        remote = await self._files.create(file_id, intent.digest)
        submitted = intent._replace(batch_id=remote.id, state="submitted")
        self._book.write(submitted, writer.members)
        logger.info("batch %s submitted with %d requests", remote.id, len(writer.members))
        writer.close()
        self._pending |= dict.fromkeys((request.digest for request in spool), submitted)
        for request in spool:
            self._leave(request, replies)
        spool.clear()
        return self._open_spool()

    async def _poll(self, replies: asyncio.Queue[Reply | None]) -> None:
        """Wait a while, then pass on what has come; a stop leaves the rest to the next run."""
        until = self._timers.monotonic() + POLL_S
        while self._timers.monotonic() < until and not self._options.is_stopping():
            await self._timers.sleep(NAP_S)
        if self._options.is_stopping():
            for request_id in self._waiting.values():
                replies.put_nowait(Reply(request_id, None, error=_error("submitted")))
            self._waiting.clear()
            return
        batches = await self.collect()
        for submission, remote in batches:
            self._tell(f"batch {remote.id} {remote.status}: {remote.completed} of {submission.requests}")
        for digest, request_id in list(self._waiting.items()):
            if digest not in self._pending:
                del self._waiting[digest]
                reply = self._book.reply(digest, request_id)
                if reply is None and digest in self._refusals:
                    reply = self._told_refusal(request_id, digest)
                replies.put_nowait(reply or Reply(request_id, None, error=_error("batch_ended")))


def _told(request: Request, reason: str) -> Reply:
    return Reply(request.id, None, error=_error(reason))


def _error(reason: str) -> CallError:
    messages = {
        "submitted": "waits in a batch",
        "spooled": "is about to be submitted",
        "budget": "the budget has no room for this request",
        "batch_ended": "its batch ended without an answer to it; the next run asks again",
    }
    return CallError(messages[reason], reason=reason)


async def _next(stream: AsyncIterator[Request]) -> Request | None:
    return await anext(stream, None)


async def _until_none(queue: asyncio.Queue[Request | None]) -> AsyncIterator[Request]:
    while (request := await queue.get()) is not None:
        queue.task_done()
        yield request
