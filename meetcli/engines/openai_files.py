"""Engines room: OpenAI's Files and Batches over the wire. Never decides what to submit, never remembers.

Everything is tried again as live calls are, but for the creation of a batch: one of unknown fate is looked for before
it is tried again, because a second one would be paid for as well.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TypeVar
from urllib.parse import quote

from meetcli.engines import EngineOptions
from meetcli.engines.openai_batch_replies import (
    MARK,
    RemoteBatch,
    has_more,
    parsed,
    read_batch,
    read_file_id,
    read_list,
)
from meetcli.engines.openai_client import open_client
from meetcli.engines.openai_gate import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Timers
from meetcli.engines.openai_wire import failure_in_body, translate
from meetcli.errors import LaneNotServed, RunStopped

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

logger = logging.getLogger("meetcli.engines.openai")

LOOK_S: Final = 2.0
MOST_LOOKS: Final = 30
"""A server that is asked for a batch and does not answer may list it as late as a minute after."""
MADE_AT_MOST_AGO: Final = timedelta(days=2)
"""How long before it is looked for a batch was made at the earliest, by clocks and time zones that may be wrong."""
PAGE: Final = 100
MOST_PAGES: Final = 100
UNKNOWN_STATUSES: Final = frozenset({400, 404, 405, 409, 410, 422, 501})
"""What servers say of a batch or file that they do not have, or not yet."""
UNREAD_FILE: Final = frozenset({"pending", "processing", "running", "queued", "uploading", "validating"})


class NotNow(RunStopped):
    """Say that a server was asked in vain for as long as patience lasts; later it may answer."""


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
        """Send a file of requests; return its id as soon as the server is done with reading it."""

        async def send() -> str:
            file.seek(0)  # an earlier attempt has read some of it
            made = await self._client.files.with_raw_response.create(file=("meetcli.jsonl", file), purpose="batch")
            return made.text

        answered = parsed(await self._retried(send))
        found = read_file_id(answered)
        if found is None:
            raise self._refused(answered) or not_understood("an upload")
        file_id, status = found
        for _ in range(MOST_LOOKS):  # Azure takes no batch of a file that it is not done with
            if status not in UNREAD_FILE:
                break
            await self.pause()
            told = await self._told(f"/files/{quote(file_id, safe='')}")
            status = (read_file_id(parsed(told or "")) or ("", ""))[1]
        return file_id

    async def create(
        self, file_id: str, digest: str, note: Callable[[Literal["intended", "asked"]], None]
    ) -> RemoteBatch | str:
        """Make a batch of an uploaded file, once; return the reply itself where the batch has no id in it. `note` is
        told `asked` before each request for it, `intended` when that is refused.
        """
        import openai

        is_asked = False

        async def make() -> RemoteBatch | str:
            nonlocal is_asked
            if is_asked and (found := await self._heard_of(digest, file_id, MOST_LOOKS)):
                return found
            is_asked = True
            note("asked")
            try:
                made = await self._client.batches.with_raw_response.create(
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
            return made.text

        made = await self._retried(make)
        if not isinstance(made, str):
            return made
        answered = parsed(made)
        if remote := read_batch(answered, self._now()):
            return remote
        if refused := self._refused(answered):
            note("intended")
            raise refused
        try:
            return await self._heard_of(digest, file_id, 1) or made
        except RunStopped:
            return made

    async def retrieve(self, batch_id: str) -> RemoteBatch | None:
        """Return a batch; None where the server does not know it. What it tells may be not understood: no status."""
        for path in _paths("/batches", batch_id):
            if (told := await self._told(path)) is not None:
                return self._understood(told, batch_id)
        return None

    async def cancel(self, batch_id: str) -> RemoteBatch | None:
        """Ask for an end; what is finished is kept. None where the server does not know the batch."""
        for path in _paths("/batches", batch_id):
            told = await self._told(f"{path}/cancel", method="post")
            if told is not None and self._understood(told, batch_id).status:
                return self._understood(told, batch_id)
        remote = await self.retrieve(batch_id)  # it may have ended before
        if remote is None or remote.end or "cancel" in remote.status:
            return remote
        raise RunStopped(
            f"the server did not cancel batch {batch_id}: it is {remote.status or 'in no state that is understood'}",
            hint="cancel it where the server's account is managed; what it answers is kept by the next run",
        )

    async def listed(self, since: datetime) -> list[RemoteBatch] | None:
        """Return the batches of this API project, newest first, back to `since`; None where the server lists none.

        Raises `LaneNotServed` where the list is not understood.
        """
        found: dict[str, RemoteBatch] = {}
        after = ""
        for _ in range(MOST_PAGES):
            told = await self._told("/batches", {"limit": PAGE} | ({"after": after} if after else {}))
            if told is None and not after:
                told = await self._told("/batches")  # a server may take no limit, or none so high
            if told is None:
                return list(found.values()) if after else None
            answered = parsed(told)
            page = read_list(answered, self._now())
            if page is None:
                raise self._refused(answered) or not_understood("a question for its batches")
            new = [one for one in page if one.id not in found]  # some servers give the same page for ever
            found |= {one.id: one for one in new}
            is_descending = len(page) > 1 and page[0].created_at >= page[-1].created_at
            is_past = is_descending and all(one.created_at < since for one in page)
            if not new or is_past or not has_more(answered):
                break
            after = page[-1].id
        recent = [one for one in found.values() if one.created_at >= since]
        return sorted(recent, key=lambda one: one.created_at, reverse=True)

    async def fetch(self, file_id: str) -> IO[bytes] | None:
        """Return what a file says, to be closed by the caller; None where the server does not have it."""
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the caller

        async def load() -> None:
            file.seek(0)
            file.truncate()
            async with self._client.files.with_streaming_response.content(file_id) as response:
                async for some in response.iter_bytes():
                    file.write(some)

        try:
            if not await self._known(load):
                for path in _paths("/files", file_id)[1:]:
                    if (told := await self._told(f"{path}/content")) is not None:
                        file.write(told.encode())
                        break
                else:
                    file.close()
                    return None
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    async def pause(self) -> None:
        """Give a server time for the batch it was asked for; `RunStopped` when the run is to end meanwhile."""
        await self._timers.sleep(LOOK_S)
        if self._options.is_stopping():
            raise RunStopped("stopped while a batch may be on its way", hint="run again: nothing is submitted twice")

    async def _heard_of(self, digest: str, file_id: str, most_looks: int) -> RemoteBatch | None:
        """Look for a batch whose making nobody told of, for as long as a slow server may take to list it."""
        begun = self._now()
        since = begun - MADE_AT_MOST_AGO
        for look in range(most_looks):
            if look:
                await self.pause()
            listed = await self.listed(since)
            if found := next((one for one in listed or () if one.is_of(digest, file_id)), None):
                return found
            is_unclear = listed is None or any(one.digest is None and one.is_since(begun) for one in listed)
            if is_unclear and look == most_looks - 1:
                raise RunStopped(
                    "the batch lane: a batch may have been made, and the server's list does not tell whether",
                    hint="run again later: it is not made twice",
                )
        return None

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._timers.wall(), UTC)

    def _understood(self, told: str, batch_id: str) -> RemoteBatch:
        """Return the batch that was asked for; a server may call it something else in its replies."""
        remote = read_batch(parsed(told), self._now())
        return remote._replace(id=batch_id) if remote else RemoteBatch(batch_id, "", None, self._now(), "", ())

    @staticmethod
    def _refused(answered: object) -> RunStopped | None:
        """Return what an error in the body of a 200 means; None where there is none."""
        failure = failure_in_body(answered)
        return RunStopped(f"the batch lane: {failure.message}", hint=failure.hint) if failure else None

    async def _told(self, path: str, query: dict[str, Any] | None = None, *, method: str = "get") -> str | None:
        """Return the body of a reply; None where the server does not know what is asked for."""
        bodies: list[str] = []

        async def ask() -> None:
            if method == "post":
                bodies.append(await self._client.post(path, cast_to=str))
            else:
                bodies.append(await self._client.get(path, cast_to=str, options={"params": query or {}}))

        return bodies[-1] if await self._known(ask) else None

    async def _known(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Return whether the server knows what is asked for, at this moment."""
        import openai

        try:
            await self._retried(work, passes=UNKNOWN_STATUSES)
        except openai.APIStatusError:
            return False
        return True

    async def _retried(self, work: Callable[[], Awaitable[T]], *, passes: Collection[int] = ()) -> T:
        """Try until it works. Raises `NotNow` when patience ends, `RunStopped` where nothing can work, as
        `LaneNotServed` on a server without batches, and a status that `passes` names as it is.
        """
        failed = 0
        while True:
            try:
                async with asyncio.timeout(max(self._options.timeout_s, 600.0)):
                    return await work()
            except Exception as error:
                if getattr(error, "status_code", None) in passes:
                    raise
                failure = translate(error, {}, self._timers.wall())
                if failure is None:
                    raise
                failed += 1
                if failure.ends != "attempt" or failed > self._options.retries or self._options.is_stopping():
                    stopped = NotNow if failure.ends == "attempt" else RunStopped
                    stopped = LaneNotServed if failure.reason == "lane_not_served" else stopped
                    raise stopped(f"the batch lane: {failure.message}", hint=failure.hint) from error
                jitter_s = self._timers.random() * min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** (failed - 1))
                await self._timers.sleep(max(failure.retry_after_s or 0.0, jitter_s))


def _paths(folder: str, name: str) -> list[str]:
    """Return where a thing may stand: some servers' ids have slashes, which not all of them take escaped."""
    return list(dict.fromkeys(f"{folder}/{one}" for one in (quote(name, safe=""), name, name.rpartition("/")[2])))


def not_understood(what: str) -> LaneNotServed:
    """Return what refuses the lane on a server that speaks of batches in another way."""
    return LaneNotServed(
        f"the batch lane: what the server answers to {what} is not understood", hint="use --lane standard"
    )
