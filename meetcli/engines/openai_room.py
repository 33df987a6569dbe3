"""Engines room: how much room an account has for batches. Never sends anything.

A server that has no room for a batch fails it as a whole, unbilled. For a week the files are then half as large as what
was too much, and one waits for another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from meetcli.engines.batch_book import BatchBook
from meetcli.engines.openai_batch_replies import RemoteBatch
from meetcli.models import Submission
from meetcli.plain_text import count_text

logger = logging.getLogger("meetcli.engines.openai")

CROWDED_FOR: Final = timedelta(days=7)
"""How long smaller files are made after one that the account had no room for: a tier rises, and others' batches end."""


class Room:
    """The room that an account has for batches of one model, in bytes of their files.

    `most` may wait at once, None as long as every batch was taken; `taken` does. `crowded` are the requests that there
    was no room for and that are in no batch since.
    """

    def __init__(self, book: BatchBook, endpoint: str, model: str, now: Callable[[], datetime]) -> None:
        self._book = book
        self._whose = (endpoint, model)
        self._now = now
        self.most: int | None = None
        self.taken = 0
        self.crowded: set[str] = set()

    def learn(self, crowded: Iterable[tuple[Submission, RemoteBatch]], pending: list[Submission]) -> None:
        """Learn from batches that the account had no room for, and from what waits in it."""
        for submission, remote in crowded:
            self._note(submission, remote, pending)
        self.taken = sum(one.size for one in pending if one.model == self._whose[1])
        sizes = [one.size for one in self._book.submissions() if self._is_lesson(one)]
        self.most = min(sizes) // 2 if sizes else None

    def has_for(self, size: int, waiting: int) -> bool:
        """Return whether a file may grow to `size` bytes from `waiting`. One request alone may always try."""
        if self.most is None or not (self.taken or waiting):
            return True
        return self.taken + size <= self.most

    def take(self, submission: Submission, digests: Iterable[str]) -> None:
        """Count a batch that the account has taken."""
        self.taken += submission.size
        self.crowded.difference_update(digests)

    def _note(self, submission: Submission, remote: RemoteBatch, pending: list[Submission]) -> None:
        """Remember what was too much. A single request, alone, will never fit: that is a refusal."""
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

    def _is_lesson(self, one: Submission) -> bool:
        is_ours = (one.endpoint, one.model) == self._whose
        return is_ours and one.state == "crowded" and one.size > 0 and self._now() - one.created_at < CROWDED_FOR
