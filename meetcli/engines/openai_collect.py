"""Engines room: what batches have to give. Keeps what they answered, knows what is on its way. Submits nothing.

A batch is over when each of its requests is accounted for: answered, refused or given up by a line of a result file, or
by the counts of a batch that was ended early. Until then it is looked at again, for days, whatever its state says.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

from meetcli.engines.batch_book import BatchBook
from meetcli.engines.openai_batch_lines import UNREADABLE, lines_of, read_results
from meetcli.engines.openai_batch_replies import RemoteBatch
from meetcli.engines.openai_files import BatchFiles, NotNow
from meetcli.engines.openai_find import LOOKED_FOR, BatchFinder, BatchScope
from meetcli.engines.openai_room import Room
from meetcli.engines.openai_wire import ONE_CALL
from meetcli.errors import LaneNotServed, RunStopped
from meetcli.models import BatchLine, Reply, Submission
from meetcli.plain_text import count_text

logger = logging.getLogger("meetcli.engines.openai")

LINES_AT_ONCE: Final = 500
MOST_FAILED: Final = 3
"""So many batches in a row that failed as a whole end a run that would submit the next one."""


@dataclass(slots=True)
class _Account:
    """What the result files of one batch say of its requests. `waiting` are those of which they say nothing.

    `answered` counts answers, also to those who are none of ours any more. `missing_files` are not there yet.
    """

    waiting: dict[str, BatchLine]
    answered: int = 0
    refused: dict[str, BatchLine] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    missing_files: list[str] = field(default_factory=list)

    def is_whole(self, remote: RemoteBatch) -> bool:
        """Whether nothing more will come."""
        if not self.waiting:
            return True
        if self.missing_files or remote.end in (None, "completed"):
            return False
        if remote.is_counted:
            return self.answered >= remote.completed
        return remote.end == "failed" or bool(remote.result_files)

    def trouble(self, remote: RemoteBatch) -> str:
        """Return what is not as it should be, as far as the server's part is concerned."""
        if remote.end is None:
            return f"is {remote.status!r}, a word unknown here" if remote.status else "is told of in words unknown here"
        if self.missing_files:
            return f"is {remote.status}, and the server does not have its file {self.missing_files[0]}"
        what = "its results lack" if remote.result_files else "it has no results of"
        return f"is {remote.status}, and {what} {count_text(len(self.waiting), 'request')}"


class BatchCollector:
    """Batches that were submitted. `pending` are the requests under way by digest; `refusals` why requests were
    refused, each time. `trouble` is why this server's batches are not to be used, None where they are.
    """

    def __init__(self, files: BatchFiles, book: BatchBook, looked_for: BatchScope, now: Callable[[], datetime]) -> None:
        self._files = files
        self._book = book
        self._looked_for = looked_for
        self._now = now
        self._finder = BatchFinder(files, book, looked_for, now)
        self._seen = ""
        self._looking = asyncio.Lock()
        self._told: set[str] = set()
        self.room = Room(book, looked_for.endpoint, looked_for.model, now)
        self.pending: dict[str, Submission] = {}
        self.refusals: dict[str, list[str]] = {}

    @property
    def trouble(self) -> LaneNotServed | None:
        """Why the lane cannot be used with this server, None where it can."""
        return self._finder.trouble

    async def collect(self) -> list[tuple[Submission, RemoteBatch]]:
        """Keep what is ready, learn what is pending; return every batch that is not collected yet, as the server tells
        of it.
        """
        found: list[tuple[Submission, RemoteBatch]] = []
        crowded: list[tuple[Submission, RemoteBatch]] = []
        self._seen = self._book.latest()
        self.pending = {}
        for submission in await self._finder.found():
            remote: RemoteBatch | None = None
            left: Submission | None = submission
            try:
                remote = await self._files.retrieve(submission.batch_id) if submission.batch_id else None
                if remote is not None and remote.is_crowded:
                    crowded.append((submission, remote))
                    continue
                left = await self._looked_at(submission, remote)
            except NotNow as error:
                self._say(submission, f"cannot be looked at now: {error.message}")
            if left is not None:
                members = (member for member in self._book.members(left) if not member.refusal)
                self.pending |= dict.fromkeys((member.digest for member in members), left)
                found.append((left, remote or told_of(left)))
        self.room.learn(crowded, [submission for submission, _ in found])
        self.refusals = self._refused()
        return found

    def stop_where_all_fail(self) -> None:
        """Raise `RunStopped` where one batch after the other fails as a whole: the next one would too."""
        whose = (self._looked_for.endpoint, self._looked_for.model)
        over = [one for one in self._book.submissions() if one.is_over and (one.endpoint, one.model) == whose]
        last = over[-MOST_FAILED:]
        if len(last) == MOST_FAILED and all(one.state == "failed" for one in last) and last[-1].name in self._told:
            raise RunStopped(
                f"the last {MOST_FAILED} batches failed as a whole ({last[-1].reply})",
                hint="check --model and the account, or use --lane standard; the next run tries again",
            )

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

    def _refused(self) -> dict[str, list[str]]:
        """Return the requests that batches of the last weeks were refused, and why each time."""
        found: dict[str, list[str]] = {}
        for submission in self._book.submissions() if self._looked_for.refusals else ():
            for member in self._book.members(submission) if submission.is_over else ():
                found.setdefault(member.digest, []).append(member.refusal)
        return found

    async def _looked_at(self, submission: Submission, remote: RemoteBatch | None) -> Submission | None:
        """Keep what a batch has to give; return it as it is remembered then, None where it is over."""
        if submission.batch_id is None:
            why = "told of without an id" if submission.state == "unread" else "asked for, and nobody told of it"
            self._say(
                submission, f"was {why}: it is looked for, and not made twice; meetcli batch cancel lets go of it"
            )
            return submission
        if remote is None:
            return self._lost(submission, "is not known to the server now")
        if remote.is_under_way:
            if submission.lost_since is not None:
                submission = submission._replace(lost_since=None)
                self._book.write(submission)
            return submission
        if remote.never_began:
            self._failed(submission, remote)
            return None
        account = await self._accounted(submission, remote)
        if not account.is_whole(remote) and submission.lost_since is None:  # it may be a matter of seconds
            await self._files.pause()
            remote = await self._files.retrieve(remote.id) or remote
            account = await self._accounted(submission, remote)
        if account.is_whole(remote):
            self._over(submission, remote.status, account)
            return None
        self._book.write(submission, [*account.waiting.values(), *account.refused.values()])
        return self._lost(submission, account.trouble(remote), account)

    def _lost(self, submission: Submission, trouble: str, account: _Account | None = None) -> Submission | None:
        """Look again in the next run, for days; then give up what nobody has heard of."""
        since = submission.lost_since or self._now()
        if self._now() - since >= LOOKED_FOR:
            self._say(submission, f"{trouble}: nothing has come of it since {since:%Y-%m-%d}, and its rest is given up")
            waiting = {one.digest: one for one in self._book.members(submission)}
            self._over(submission, "lost", account or _Account(waiting))
            return None
        self._say(submission, f"{trouble}: it is looked at again, until {since + LOOKED_FOR:%Y-%m-%d}")
        if submission.lost_since is None:
            submission = submission._replace(lost_since=since)
            self._book.write(submission)
        return submission

    def _failed(self, submission: Submission, remote: RemoteBatch) -> None:
        """Remember that a batch never began. That is nobody's refusal: its requests are asked again."""
        self._book.write(submission._replace(state="failed", reply=remote.error), [])
        self._say(submission, f"failed as a whole ({remote.error}), at no cost: its requests are asked again")

    def _over(self, submission: Submission, status: str, account: _Account) -> None:
        """Remember what a batch that is over refused; what it has not answered goes to the next batch."""
        refused = list(account.refused.values())
        self._book.write(submission._replace(state="collected"), refused)
        if not (account.waiting or refused or account.reasons):
            return
        reasons = account.reasons + Counter(member.refusal for member in refused)
        logger.warning(
            "batch %s ended as %s with %d of %d answered (%s): the rest is asked again%s",
            submission.name,
            status,
            max(0, submission.requests - len(account.waiting) - len(refused) - account.reasons.total()),
            submission.requests,
            ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "no answer",
            ", but what a second batch is refused too" if refused else "",
        )

    def _say(self, submission: Submission, what: str) -> None:
        """Say once in a run what is not as it should be."""
        if submission.name not in self._told:
            self._told.add(submission.name)
            logger.warning("batch %s %s", submission.name, what)

    async def _accounted(self, submission: Submission, remote: RemoteBatch) -> _Account:
        """Keep the answers in a batch's result files; return what these say of each request."""
        members = {member.digest: member for member in self._book.members(submission)}
        account = _Account({digest: member for digest, member in members.items() if not member.refusal})
        answered: set[str] = set()
        for file_id in remote.result_files:
            file = await self._files.fetch(file_id)
            if file is None:
                account.missing_files.append(file_id)
                continue
            with file:
                lines = lines_of(file)
                while some := list(islice(lines, LINES_AT_ONCE)):
                    answered |= self._keep(submission, some, members, account)
        account.answered = len(answered)
        account.refused |= {one.digest: one for one in members.values() if one.refusal}
        for digest in answered:
            account.refused.pop(digest, None)
        return account

    def _keep(
        self, submission: Submission, lines: list[dict[str, Any]], members: dict[str, BatchLine], account: _Account
    ) -> set[str]:
        """Keep what lines of result files say; return who is answered: a line may come twice."""
        results = read_results(lines, members)
        # An answer that nobody can read may be billed: its request is asked again, and whoever asks counts it.
        lost = Reply("", None, "unreadable", usage=ONE_CALL, lane="batch", is_collected=True)
        unreadable = [
            (one, lost) for one in results.refused if one.refusal == UNREADABLE and one.digest in account.waiting
        ]
        self._book.keep(submission, [*unreadable, *results.replies], self._now())
        for member in results.unanswered:
            account.reasons[member.refusal] += member.digest in account.waiting
        account.refused |= {member.digest: member for member in results.refused}
        answered = {member.digest for member, _ in results.replies}
        for digest in answered | {member.digest for member in (*results.refused, *results.unanswered)}:
            account.waiting.pop(digest, None)
        return answered | results.strangers


def told_of(submission: Submission) -> RemoteBatch:
    """Return a batch of which the server tells nothing."""
    status = "unknown" if submission.batch_id else submission.state
    return RemoteBatch(
        submission.name, status, submission.digest, submission.created_at, "", (), total=submission.requests
    )
