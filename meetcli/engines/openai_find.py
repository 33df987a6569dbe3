"""Engines room: finds batches. Ours by what the book says, those of a killed run and of other machines in the server's
list.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from meetcli.engines.batch_book import BatchBook
from meetcli.engines.openai_batch_lines import lines_of, request_of
from meetcli.engines.openai_batch_replies import RemoteBatch
from meetcli.engines.openai_files import MOST_LOOKS, BatchFiles, NotNow
from meetcli.errors import LaneNotServed, RunStopped
from meetcli.models import BatchLine, Submission

logger = logging.getLogger("meetcli.engines.openai")

OTHERS_AGE: Final = timedelta(days=30)
"""How far back another's batch in the same API project is collected: as long as the server keeps its results."""
INTENT_AGE: Final = timedelta(hours=48)
"""How long an intent without an id is looked for in the server's list."""
SETTLED_AFTER: Final = timedelta(minutes=1)
"""How long a server may take to list a batch that it was asked for by a run that was killed."""
REMEMBERED: Final = timedelta(days=35)
"""How long a collected batch is remembered, so that it is not collected again: longer than the server lists its files
(30 days).
"""
LOOKED_FOR: Final = timedelta(days=7)
"""How long is looked for what a server should have, and does not show."""


class BatchScope(NamedTuple):
    """Which batches a run looks for: those at its endpoint, `asks_list` also those that only the server knows, of this
    `model`.

    `needs_list` makes trouble with the server's list an error. `refusals` also gathers what batches were refused.
    """

    endpoint: str
    model: str
    needs_list: bool
    asks_list: bool
    refusals: bool


class BatchFinder:
    """Looks for the batches to look after. `trouble` is why the server's list is of no use to whoever submits."""

    def __init__(self, files: BatchFiles, book: BatchBook, looked_for: BatchScope, now: Callable[[], datetime]) -> None:
        self._files = files
        self._book = book
        self._looked_for = looked_for
        self._now = now
        self.trouble: LaneNotServed | None = None

    async def found(self) -> list[Submission]:
        """Return the batches to look after: ours, and those of others with the same API project. One without an id may
        have been made; what is in it is not to be asked for again.
        """
        known = self._book.submissions()
        for submission in known:
            if submission.is_over and self._age(submission) > REMEMBERED:
                self._book.forget(submission)
        ours = [one for one in known if one.endpoint == self._looked_for.endpoint and not one.is_over]
        without_id = [one for one in ours if one.batch_id is None]
        lost = [one for one in ours if one.lost_since is not None]
        if not (without_id or lost or self._looked_for.asks_list):
            return ours
        since = min([self._now() - OTHERS_AGE, *(one.created_at for one in without_id)])
        listed = await self._listed(since, is_needed=any(one.state == "asked" for one in without_id))
        if listed is not None:
            listed = await self._awaited(without_id, listed, since)
        found = [await self._with_id(one, listed, known) for one in ours]
        taken = {one.digest for one in known}
        for remote in reversed(listed or ()):
            if remote.digest is not None and remote.digest not in taken:
                taken.add(remote.digest)
                found.append(await self._adopted(remote.digest, remote))
        return [submission for submission in found if submission is not None]

    async def _awaited(
        self, without_id: list[Submission], listed: list[RemoteBatch], since: datetime
    ) -> list[RemoteBatch]:
        """Look again for batches that a run asked for and was killed just now: a slow server may still be making
        them.
        """
        is_told = False
        for _ in range(MOST_LOOKS):
            missing = [
                one
                for one in without_id
                if one.state == "asked" and self._age(one) < SETTLED_AFTER and _of(one, listed) is None
            ]
            if not missing:
                break
            if not is_told:
                logger.warning(
                    "a run asked for a batch just now and did not hear of it: "
                    "waiting for up to a minute whether there is one"
                )
            is_told = True
            await self._files.pause()
            listed = await self._listed(since, is_needed=True) or listed
        return listed

    def _age(self, submission: Submission) -> timedelta:
        return self._now() - submission.created_at

    async def _listed(self, since: datetime, *, is_needed: bool) -> list[RemoteBatch] | None:
        """Return the server's list, newest first; None where it has none, or none that is understood."""
        try:
            return await self._files.listed(since)
        except LaneNotServed as error:
            self.trouble = error
            return None
        except RunStopped as error:
            if self._looked_for.needs_list or (is_needed and not isinstance(error, NotNow)):
                raise
            return None

    async def _with_id(
        self, submission: Submission, listed: list[RemoteBatch] | None, known: list[Submission]
    ) -> Submission | None:
        """Complete an intent that reached the server; forget one that did not, in time."""
        remote = _of(submission, listed or ())
        if remote is None and submission.state in ("asked", "unread"):
            remote = await self._of_content(submission, listed or (), {one.batch_id for one in known})
        if (
            remote is not None
            and remote.id != submission.batch_id
            and (submission.batch_id is None or submission.lost_since)
        ):
            completed = submission._replace(batch_id=remote.id, state="submitted", lost_since=None)
            self._book.write(completed)
            return completed
        if submission.batch_id is not None or submission.state == "unread":
            return submission
        if submission.state == "asked" and (listed is None or any(_is_anybodys(one, submission) for one in listed)):
            if self._age(submission) < LOOKED_FOR:
                return submission
            logger.warning("a batch that may have been made is not found: its requests are asked again")
            self._book.forget(submission)
        elif self._age(submission) > INTENT_AGE:  # a younger one may be on its way at this moment
            self._book.forget(submission)
        return None

    async def _of_content(
        self, submission: Submission, listed: Iterable[RemoteBatch], known: set[str | None]
    ) -> RemoteBatch | None:
        """Look into the files of batches without our mark: some servers keep neither it nor the file's id."""
        ours = {member.digest for member in self._book.members(submission)}
        for remote in listed:
            is_candidate = remote.digest is None and remote.id not in known and remote.is_since(submission.created_at)
            if is_candidate and not ours.isdisjoint(await self._names(remote.input_file)):
                return remote
        return None

    async def _adopted(self, digest: str, remote: RemoteBatch) -> Submission | None:
        """Remember a batch that only the server knows; its own file says which requests it has, or what is left of it,
        its results. None as long as no file does.
        """
        named = await self._names(remote.input_file)
        for file in remote.result_files if not named else ():
            named += await self._names(file)
        if not named:
            return None
        members = [BatchLine(name) for name in dict.fromkeys(named)]
        adopted = Submission(
            digest,
            remote.id,
            "submitted",
            remote.created_at,
            self._looked_for.endpoint,
            self._looked_for.model,
            len(members),
            input_file=remote.input_file,
        )
        self._book.write(adopted, members)
        return adopted

    async def _names(self, file_id: str) -> list[str]:
        file = await self._files.fetch(file_id) if file_id else None
        if file is None:
            return []
        with file:
            return [name for line in lines_of(file) if (name := request_of(line))]


def _of(submission: Submission, listed: Iterable[RemoteBatch]) -> RemoteBatch | None:
    return next((one for one in listed if one.is_of(submission.digest, submission.input_file)), None)


def _is_anybodys(remote: RemoteBatch, submission: Submission) -> bool:
    """Whether nothing tells whose batch it is that was made after ours was asked for."""
    return remote.digest is None and not remote.input_file and remote.is_since(submission.created_at)
