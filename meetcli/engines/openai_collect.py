"""Engines room: what batches have to give. Finds them, keeps what they answered, knows what is on its way. Submits
nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from meetcli.engines.batch_book import BatchBook
from meetcli.engines.openai_files import MOST_LOOKS, UNREADABLE, BatchFiles, RemoteBatch, read_results
from meetcli.engines.openai_wire import ONE_CALL
from meetcli.errors import RunStopped
from meetcli.models import Member, Reply, Submission
from meetcli.plain_text import count_text

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
CROWDED_FOR: Final = timedelta(days=7)
"""How long smaller files are made after one that the account had no room for: a tier rises, and others' batches end."""


class LookedFor(NamedTuple):
    """Which batches a run looks for: those at its endpoint, `asks_list` also those that only the server knows, of this
    `model`.

    `needs_list` makes trouble with the server's list an error. `refusals` also gathers what batches were refused.
    """

    endpoint: str
    model: str
    needs_list: bool
    asks_list: bool
    refusals: bool


class BatchCollector:
    """Batches that were submitted. `pending` are the requests under way by digest; `refusals` why requests were
    refused, each time.

    `room` is how many bytes may wait at once, None as long as the account has taken every batch; `taken` is how many
    do. `crowded` are the requests that it had no room for and that are in no batch since.
    """

    def __init__(self, files: BatchFiles, book: BatchBook, looked_for: LookedFor, now: Callable[[], datetime]) -> None:
        self._files = files
        self._book = book
        self._looked_for = looked_for
        self._now = now
        self._seen = ""
        self._looking = asyncio.Lock()
        self.pending: dict[str, Submission] = {}
        self.refusals: dict[str, list[str]] = {}
        self.room: int | None = None
        self.taken = 0
        self.crowded: set[str] = set()

    async def collect(self) -> list[tuple[Submission, RemoteBatch]]:
        """Keep what is ready, learn what is pending; return every batch that is not collected yet, as the server tells
        of it.
        """
        found: list[tuple[Submission, RemoteBatch]] = []
        self._seen = self._book.latest()
        self.pending = {}
        crowded: list[tuple[Submission, RemoteBatch]] = []
        for submission in await self._reconciled():
            remote = await self._files.retrieve(submission.batch_id) if submission.batch_id else None
            if remote is None:
                self._book.forget(submission)
                continue
            if remote.is_crowded:
                crowded.append((submission, remote))
                continue
            if remote.has_ended:
                await self._keep(submission, remote)
                continue
            self.pending |= dict.fromkeys((member.digest for member in self._book.members(submission)), submission)
            found.append((submission, remote))
        self._note_crowded(crowded, [submission for submission, _ in found])
        self.refusals = self._refused()
        return found

    def _note_crowded(self, crowded: list[tuple[Submission, RemoteBatch]], pending: list[Submission]) -> None:
        """Learn from batches that the account had no room for. One of a single request, alone, will never fit: that is
        a refusal.
        """
        for submission, remote in crowded:
            waiting = sum(one.size for one in pending if one.model == submission.model)
            taken = max(submission.beside, waiting)  # what was beside it may be over by now, or another run's
            members = self._book.members(submission)
            self.crowded |= {member.digest for member in members}
            is_hopeless = len(members) == 1 and not taken
            refused = [member._replace(refusal=remote.error) for member in members if is_hopeless]
            self._book.write(
                submission._replace(state="crowded", size=submission.size and submission.size + taken), refused
            )
            logger.warning(
                "batch %s did not begin: the account has no room for %s at once (%s): %s",
                remote.id,
                count_text(submission.requests, "request"),
                remote.error,
                "it is asked again once" if is_hopeless else "smaller batches follow, one after another",
            )
        self.taken = sum(one.size for one in pending if one.model == self._looked_for.model)
        sizes = [one.size for one in self._book.submissions() if self._is_lesson(one)]
        self.room = min(sizes) // 2 if sizes else None

    def _is_lesson(self, one: Submission) -> bool:
        is_ours = (one.endpoint, one.model) == (self._looked_for.endpoint, self._looked_for.model)
        return is_ours and one.state == "crowded" and one.size > 0 and self._now() - one.created_at < CROWDED_FOR

    def _refused(self) -> dict[str, list[str]]:
        """Return the requests that batches of the last weeks were refused, and why each time."""
        found: dict[str, list[str]] = {}
        for submission in self._book.submissions() if self._looked_for.refusals else ():
            if submission.is_over:
                for member in self._book.members(submission):
                    found.setdefault(member.digest, []).append(member.refusal)
        return found

    async def look_again(self) -> bool:
        """Collect if anybody has intended a batch or learned its id since; return whether.

        Whoever held the lease of a meeting until now may have submitted it, also by a batch whose file was on its way
        when we looked.
        """
        async with self._looking:
            if self._book.latest() == self._seen:
                return False
            await self.collect()
            return True

    async def _reconciled(self) -> list[Submission]:
        """Return the batches to look after: ours, with their ids, and those of others with the same API project."""
        known = self._book.submissions()
        for submission in known:
            if submission.is_over and self._now() - submission.created_at > REMEMBERED:
                self._book.forget(submission)
        ours = [
            submission
            for submission in known
            if submission.endpoint == self._looked_for.endpoint and not submission.is_over
        ]
        unknown_ids = [submission for submission in ours if submission.batch_id is None]
        if not (unknown_ids or self._looked_for.asks_list):
            return ours
        since = min([self._now() - OTHERS_AGE, *(submission.created_at for submission in unknown_ids)])
        listed = await self._listed(since, is_needed=bool(unknown_ids))
        listed = await self._awaited([one for one in unknown_ids if one.digest not in listed], since) or listed
        found = [self._with_id(submission, listed) for submission in ours]
        taken = {submission.digest for submission in known}
        for digest, remote in listed.items():
            if digest is not None and digest not in taken:
                found.append(await self._adopt(digest, remote))
        return [submission for submission in found if submission is not None]

    async def _awaited(self, missing: list[Submission], since: datetime) -> dict[str | None, RemoteBatch]:
        """Look again for batches that a run asked for and was killed just now: a slow server may still be making
        them.
        """
        listed: dict[str | None, RemoteBatch] = {}
        is_told = False
        for _ in range(MOST_LOOKS):
            missing = [
                one
                for one in missing
                if one.digest not in listed and one.state == "asked" and self._age(one) < SETTLED_AFTER
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
            listed = await self._listed(since, is_needed=True)
        return listed

    def _age(self, submission: Submission) -> timedelta:
        return self._now() - submission.created_at

    async def _listed(self, since: datetime, *, is_needed: bool) -> dict[str | None, RemoteBatch]:
        try:
            return {remote.digest: remote for remote in reversed(await self._files.ours(since))}
        except RunStopped:
            if is_needed or self._looked_for.needs_list:
                raise
            return {}  # a server without batches

    def _with_id(self, submission: Submission, listed: dict[str | None, RemoteBatch]) -> Submission | None:
        """Complete an intent that reached the server; forget one that did not, in time."""
        if submission.batch_id is not None:
            return submission
        remote = listed.get(submission.digest)
        if remote is None:
            if self._now() - submission.created_at > INTENT_AGE:  # a younger one may be on its way at this moment
                self._book.forget(submission)
            return None
        completed = submission._replace(batch_id=remote.id, state="submitted")
        self._book.write(completed)
        return completed

    async def _adopt(self, digest: str, remote: RemoteBatch) -> Submission:
        """Remember a batch that only the server knows; its own file says which requests it has, or what is left of it,
        its results.
        """
        named = await self._names(remote.input_file)
        if not named:
            named = [name for file in remote.result_files for name in await self._names(file)]
        members = [Member(name) for name in named]
        adopted = Submission(
            digest,
            remote.id,
            "submitted",
            remote.created_at,
            self._looked_for.endpoint,
            self._looked_for.model,
            len(members),
        )
        self._book.write(adopted, members)
        return adopted

    async def _names(self, file: str) -> list[str]:
        return [str(line.get("custom_id")) async for line in self._files.lines(file)]

    async def _keep(self, submission: Submission, remote: RemoteBatch) -> None:
        """Keep what a batch that has ended has answered; what it has not goes to the next batch."""
        members = {member.digest: member for member in self._book.members(submission)}
        missing: Counter[str] = Counter()
        refused: list[Member] = []
        kept: set[str] = set()
        for file in remote.result_files:
            some: list[dict[str, Any]] = []
            async for line in self._files.lines(file):
                some.append(line)
                if len(some) == 500:
                    kept |= self._keep_lines(submission, some, members, missing, refused)
                    some = []
            kept |= self._keep_lines(submission, some, members, missing, refused)
        if remote.is_refused:
            refused = [member._replace(refusal=remote.error) for member in members.values()]
        self._book.write(submission._replace(state="collected"), refused)
        if len(kept) < len(members):
            missing.update(member.refusal for member in refused)
            logger.warning(
                "batch %s ended as %s with %d of %d answered (%s): the rest is asked again%s",
                remote.id,
                remote.status,
                len(kept),
                len(members),
                ", ".join(f"{count} {reason}" for reason, count in missing.items()) or remote.error or "no answer",
                ", but what a second batch is refused too" if refused else "",
            )

    def _keep_lines(
        self,
        submission: Submission,
        lines: list[dict[str, Any]],
        members: dict[str, Member],
        missing: Counter[str],
        refused: list[Member],
    ) -> set[str]:
        """Keep what lines of result files say; return the digests of the requests that they answer: a line may come
        twice.
        """
        results = read_results(lines, members)
        # An answer that nobody can read may be billed: its request is asked again, and whoever asks counts it.
        lost = Reply("", None, "unreadable", usage=ONE_CALL, lane="batch", is_collected=True)
        unreadable = [(member, lost) for member in results.refused if member.refusal == UNREADABLE]
        self._book.keep(submission, [*unreadable, *results.replies], self._now())
        missing.update(results.unanswered)
        refused += results.refused
        return {member.digest for member, _ in results.replies}
