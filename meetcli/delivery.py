"""How a settled meeting is handed on, and how jobs end that nobody bought."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from meetcli.errors import ItemError
from meetcli.models import Job, Outcome, Source, Status

Deliver = Callable[[Outcome, str | None], None]
"""Takes one settled meeting with its result, if it has one; writes and reports it."""


def failed(source: Source, error: ItemError, idempotency_key: str | None = None) -> Outcome:
    """Return the end of a meeting that an error ends."""
    return Outcome(source, Status.FAILED, error.reason, idempotency_key, error=error.message, hint=error.hint)


def give_up(jobs: Iterable[Job], reason: str | None, deliver: Deliver) -> None:
    """Deliver jobs, twins included, as `not_attempted`; `reason` None gives the status each would have ended as."""
    for job in jobs:
        for source in job.sources:
            why = reason or (job.status if source is job.source else Status.SHARED).value
            deliver(Outcome(source, Status.NOT_ATTEMPTED, why, job.idempotency_key), None)
