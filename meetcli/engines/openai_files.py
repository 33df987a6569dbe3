"""Engines room: OpenAI's Files and Batches over the wire. Never decides what to submit, never remembers.

Everything is tried again as live calls are, but for the creation of a batch: one of unknown fate is looked for before
it is tried again, because a second one would be paid for as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

from meetcli.engines import EngineOptions
from meetcli.engines.openai_client import open_client
from meetcli.engines.openai_dialect import Dialect
from meetcli.engines.openai_gate import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Timers
from meetcli.engines.openai_replies import read_reply
from meetcli.engines.openai_wire import FILTER_CODES, is_known_code, translate
from meetcli.errors import LaneNotServed, RunStopped
from meetcli.models import Member, Reply, Request

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

logger = logging.getLogger("meetcli.engines.openai")

MOST_REQUESTS: Final = 50_000
MOST_BYTES: Final = 200_000_000
"""Of one file: OpenAI, "Batch API", rate limits (https://developers.openai.com/api/docs/guides/batch, read 2026-11)."""
MARK: Final = "meetcli"
"""Key of our digest in a batch's metadata."""
UNREADABLE: Final = "bad_reply"
PASSING_STATUSES: Final = frozenset({401, 402, 403, 408, 409, 425, 429})
"""What a server says of the account or of the moment, not of the request."""
LOOK_S: Final = 2.0
MOST_LOOKS: Final = 30
"""A server that is asked for a batch and does not answer may list it as late as a minute after."""
CROWDED: Final = re.compile(r"(token|request)_limit")
ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})


class RemoteBatch(NamedTuple):
    """A batch as the server tells of it. `digest` is ours, None on batches of others.

    `error` is why the server did not begin it, empty where it did.
    """

    id: str
    status: str
    digest: str | None
    created_at: datetime
    input_file: str
    result_files: tuple[str, ...]
    total: int = 0
    completed: int = 0
    failed: int = 0
    error: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether no more results will come."""
        return self.status in ENDED

    @property
    def is_refused(self) -> bool:
        """Whether its requests are at fault; too much at once in this account is none."""
        return bool(self.error) and not self.result_files and "limit" not in self.error

    @property
    def is_crowded(self) -> bool:
        """Whether it never began because the account has no room for so much at once."""
        return not self.result_files and CROWDED.search(self.error) is not None


class Spool:
    """Requests on their way into one file, on disk: fifty thousand of them are not held in memory.

    The file has no name, so that nothing that was said stays behind when the process is killed.
    """

    def __init__(self, dialect: Dialect, *, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES) -> None:
        self._dialect = dialect
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self.size = 0
        self._digests: set[str] = set()
        self.members: list[Member] = []

    def add(self, request: Request) -> bool:
        """Write a request, once: a server takes no file that has an id twice. Return False where this file has no room
        for it.
        """
        if request.digest in self._digests:
            return True
        data = self._line(request)
        if self.members and (len(self.members) == self._most_requests or self.size + len(data) > self._most_bytes):
            return False
        self.file.write(data)
        self.size += len(data)
        self._digests.add(request.digest)
        self.members.append(
            Member(request.digest, request.task, request.meeting.meeting_id, request.meeting.customer_id)
        )
        return True

    def size_with(self, request: Request) -> int:
        """Return how large the file would be with a request in it."""
        return self.size if request.digest in self._digests else self.size + len(self._line(request))

    def _line(self, request: Request) -> bytes:
        line = {
            "custom_id": request.digest,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": self._dialect.body(request),
        }
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"

    def digest(self, at: datetime) -> str:
        """Return what names this batch across runs: the digest of its requests' digests and of when it was intended.

        The same requests may be submitted again, after a batch that answered none of them.
        """
        named = [at.isoformat(), *sorted(member.digest for member in self.members)]
        return hashlib.sha256("\n".join(named).encode()).hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()


class BatchFiles:
    """The server's side of the batch lane."""

    def __init__(self, options: EngineOptions, timers: Timers) -> None:
        self._options = options
        self._timers = timers

    @cached_property
    def _client(self) -> openai.AsyncOpenAI:
        return open_client(self._options)  # most live runs meet no batch, and a client takes 40 ms

    async def close(self) -> None:
        """Release connections."""
        if "_client" in vars(self):
            await self._client.close()

    async def upload(self, file: IO[bytes]) -> str:
        """Send a file of requests; return its id."""

        async def send() -> str:
            file.seek(0)  # an earlier attempt has read some of it
            made = await self._client.files.create(file=("meetcli.jsonl", file), purpose="batch")
            return made.id

        return await self._retried(send)

    async def create(
        self, file_id: str, digest: str, note: Callable[[Literal["intended", "asked"]], None]
    ) -> RemoteBatch:
        """Make a batch of an uploaded file, once. `note` is told `asked` before each request for it, `intended` when
        that is refused.
        """
        import openai

        is_asked = False

        async def make() -> RemoteBatch:
            nonlocal is_asked
            if is_asked and (found := await self._heard_of(digest)):
                return found
            is_asked = True
            note("asked")
            try:
                made = await self._client.batches.create(
                    input_file_id=file_id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                    metadata={MARK: digest},
                )
            except openai.APIStatusError as error:
                if error.status_code < 500 and error.status_code != 408:  # it was heard, and refused
                    is_asked = False
                    note("intended")
                raise
            return _remote(made)

        return await self._retried(make)

    async def retrieve(self, batch_id: str) -> RemoteBatch | None:
        """Return a batch; None where the server does not know it."""
        import openai

        try:
            return _remote(
                await self._retried(lambda: self._client.batches.retrieve(batch_id), passes=openai.NotFoundError)
            )
        except openai.NotFoundError:
            return None

    async def cancel(self, batch_id: str) -> RemoteBatch | None:
        """Ask for an end; what is finished is kept. None where the server does not know the batch."""
        import openai

        try:
            return _remote(
                await self._retried(lambda: self._client.batches.cancel(batch_id), passes=openai.NotFoundError)
            )
        except openai.NotFoundError:
            return None

    async def ours(self, since: datetime) -> list[RemoteBatch]:
        """Return the batches of this API project that meetcli made, newest first, back to `since`; none where the
        server has no batches.
        """
        import openai

        async def listed() -> list[RemoteBatch]:
            found: list[RemoteBatch] = []
            async for batch in self._client.batches.list(limit=100):
                remote = _remote(batch)
                if remote.created_at < since:
                    break
                if remote.digest:
                    found.append(remote)
            return found

        try:
            return await self._retried(listed, passes=openai.NotFoundError)
        except openai.NotFoundError:
            return []

    async def lines(self, file_id: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the lines of a file, as they come; none, with a warning, where the server has it no longer."""
        import openai

        with tempfile.TemporaryFile() as file:

            async def fetch() -> None:
                file.seek(0)
                file.truncate()
                async with self._client.files.with_streaming_response.content(file_id) as response:
                    async for some in response.iter_bytes():
                        file.write(some)

            try:
                await self._retried(fetch, passes=openai.NotFoundError)
            except openai.NotFoundError:  # deleted by hand, or after its thirty days: no run is to fail on it for ever
                logger.warning("the server has the file %s of a batch no longer", file_id)
                return
            file.seek(0)
            for line in file:
                if line.strip() and isinstance(found := _parsed(line), dict):
                    yield found

    async def pause(self) -> None:
        """Give a server time for the batch it was asked for; `RunStopped` when the run is to end meanwhile."""
        await self._timers.sleep(LOOK_S)
        if self._options.is_stopping():
            raise RunStopped("stopped while a batch may be on its way", hint="run again: nothing is submitted twice")

    async def _heard_of(self, digest: str) -> RemoteBatch | None:
        """Look for a batch whose making nobody told of, for as long as a slow server may take to list it."""
        for look in range(MOST_LOOKS):
            if look:
                await self.pause()
            async for batch in self._client.batches.list(limit=100):
                remote = _remote(batch)
                if remote.digest == digest:
                    return remote
        return None

    async def _retried(self, work: Callable[[], Awaitable[T]], *, passes: type[Exception] | tuple[()] = ()) -> T:
        """Try until it works. Raises `RunStopped` when patience ends, as `LaneNotServed` on a server without batches,
        and what `passes` names as it is.
        """
        failed = 0
        while True:
            try:
                async with asyncio.timeout(max(self._options.timeout_s, 600.0)):
                    return await work()
            except Exception as error:
                if isinstance(error, passes):
                    raise
                failure = translate(error, {}, self._timers.wall())
                if failure is None:
                    raise
                failed += 1
                if failure.ends != "attempt" or failed > self._options.retries or self._options.is_stopping():
                    stopped = LaneNotServed if failure.reason == "lane_not_served" else RunStopped
                    raise stopped(f"the batch lane: {failure.message}", hint=failure.hint) from error
                jitter_s = self._timers.random() * min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** (failed - 1))
                await self._timers.sleep(max(failure.retry_after_s or 0.0, jitter_s))


class Results(NamedTuple):
    """What lines of result files say: the paid replies, which requests were refused, and why each of the others has no
    answer.
    """

    replies: list[tuple[Member, Reply]]
    refused: list[Member]
    unanswered: list[str]


def read_results(lines: Iterable[dict[str, Any]], members: dict[str, Member]) -> Results:
    """Sort the lines of result files. What is not ours is left out."""
    results = Results([], [], [])
    for line in lines:
        member = members.get(str(line.get("custom_id")))
        if member is None:
            continue
        response = line.get("response")
        response = response if isinstance(response, dict) else {}
        body = response.get("body")
        status = response.get("status_code")
        if status == 200:
            reply = read_reply("", json.dumps(body).encode(), asked_lane="batch")
            if isinstance(reply, Reply):
                results.replies.append((member, reply._replace(is_collected=True)))
            else:
                results.refused.append(member._replace(refusal=UNREADABLE))
            continue
        error = line.get("error") or (body.get("error") if isinstance(body, dict) else None)
        code = error.get("code") or error.get("type") if isinstance(error, dict) else None
        if code in FILTER_CODES:
            results.replies.append((member, Reply("", None, "content_filter", lane="batch", is_collected=True)))
        elif isinstance(status, int) and 400 <= status < 500 and status not in PASSING_STATUSES:
            results.refused.append(member._replace(refusal=_reason(code, status)))
        else:
            results.unanswered.append(_reason(code, status))
    return results


def _reason(code: object, status: object) -> str:
    if isinstance(code, str) and is_known_code(code):
        return code
    return "no reason given" if status is None else f"status {status}"


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _remote(batch: Any) -> RemoteBatch:  # noqa: ANN401  # the vendor's type, whose fields servers of others leave out
    counts = batch.request_counts
    return RemoteBatch(
        id=batch.id,
        status=batch.status,
        digest=(batch.metadata or {}).get(MARK),
        created_at=datetime.fromtimestamp(batch.created_at, UTC),
        input_file=batch.input_file_id,
        result_files=tuple(file for file in (batch.output_file_id, batch.error_file_id) if file),
        total=counts.total if counts else 0,
        completed=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        error=_error_of(batch) if batch.status == "failed" else "",
    )


def _error_of(batch: Any) -> str:  # noqa: ANN401  # as above
    found = batch.errors.data if batch.errors else None
    return _reason(found[0].code if found else None, "failed")
