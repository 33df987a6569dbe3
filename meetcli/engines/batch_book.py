"""Door between the batch lane and what remembers it: which batches were submitted, with which requests, and their paid
replies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from meetcli.models import BatchLine, Reply, Submission


class BatchBook(Protocol):
    """Remembers batches across runs. Everything written is durable before the method returns, or it raises
    `RunStopped`.
    """

    def submissions(self) -> list[Submission]:
        """Return every batch that is remembered, oldest first."""
        ...

    def latest(self) -> str:
        """Return a token that changes when any process records a batch or learns its id."""
        ...

    def members(self, submission: Submission) -> list[BatchLine]:
        """Return the requests of a batch; of one that is collected, those that were refused in it."""
        ...

    def write(self, submission: Submission, members: Sequence[BatchLine] | None = None) -> None:
        """Remember a batch, with new members or with those it had."""
        ...

    def forget(self, submission: Submission) -> None:
        """Forget a batch that never came to be."""
        ...

    def keep(self, submission: Submission, replies: Iterable[tuple[BatchLine, Reply]], now: datetime) -> None:
        """Keep paid replies until their meetings are settled."""
        ...

    def reply(self, digest: str, request_id: str) -> Reply | None:
        """Return the kept reply to a request."""
        ...
