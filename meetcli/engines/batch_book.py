"""Door between the batch lane and what remembers it: which batches were submitted, with which requests, and their paid
replies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from meetcli.models import Member, Reply, Submission


class BatchBook(Protocol):
    """Remembers batches across runs. Everything written is durable before the method returns, or it raises
    `RunStopped`.
    """

    def submissions(self) -> list[Submission]:
        """Return every batch that is remembered, oldest first."""
        ...

    def latest(self) -> str:
        """Return what tells whether anybody has intended a batch or learned its id since it was last asked for."""
        ...

    def members(self, submission: Submission) -> list[Member]:
        """Return the requests of a batch; of one that is collected, those that were refused in it."""
        ...

    def write(self, submission: Submission, members: Sequence[Member] | None = None) -> None:
        """Remember a batch, with new members or with those it had."""
        ...

    def forget(self, submission: Submission) -> None:
        """Forget a batch that never came to be."""
        ...

    def keep(self, submission: Submission, replies: Iterable[tuple[Member, Reply]], now: datetime) -> None:
        """Keep paid replies until their meetings are settled."""
        ...

    def reply(self, digest: str, request_id: str) -> Reply | None:
        """Return the kept reply to a request."""
        ...
