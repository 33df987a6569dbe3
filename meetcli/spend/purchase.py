"""A meeting while it is being bought: what was asked about it, what it cost so far, how it ends.

Sends and saves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from meetcli import __version__
from meetcli.answers.languages import meeting_language
from meetcli.errors import ItemError
from meetcli.long_meetings import Then
from meetcli.models import Assignment, Entry, Job, Meeting, Reply, Spent, Status
from meetcli.money.pricing import Price


class Left(NamedTuple):
    """The end of a meeting that this run neither buys nor fails.

    It waits in a batch, or was not attempted for a `reason`.
    """

    status: Literal[Status.SUBMITTED, Status.NOT_ATTEMPTED]
    reason: str | None = None


@dataclass(slots=True)
class Purchase:
    """One meeting while it is being bought, by the answers to one question or to several.

    `then` says what follows from the `answers`, by place, to all that was asked last; `open` counts the questions among
    them that are neither answered nor given up. `ending` is how the meeting ends once none is open, where one of them
    was not answered; `is_given_up` says that the others are not worth asking then.

    `kept` names the requests whose replies are kept until the meeting is settled; `new` are the answers about chunks of
    it that were paid for since, by name. `paid` covers earlier, killed runs too, `spent` only this one. `language` is
    what the meeting is held in, empty until somebody asks.
    """

    job: Job
    meeting: Meeting
    then: Then
    started: float
    answers: list[str] = field(default_factory=list)
    open: int = 0
    ending: ItemError | Left | None = None
    is_given_up: bool = False
    kept: list[str] = field(default_factory=list)
    new: dict[str, str] = field(default_factory=dict)
    paid: Spent = field(default_factory=Spent)
    spent: Spent = field(default_factory=Spent)
    language: str | None = ""

    def wanted_language(self, assignment: Assignment) -> str | None:
        """Return the language that its answers must be in.

        None where it is not certain, or where the engine only repeats what was said.
        """
        if assignment.identity.abilities.is_extractive:
            return None
        if assignment.language != "auto":
            return assignment.language
        if self.language == "":
            self.language = meeting_language(self.meeting)
        return self.language


def empty_entry(job: Job, meeting: Meeting, paid: Spent, assignment: Assignment, now: datetime) -> Entry:
    """Return what is kept of a meeting and of what was paid for it, as an answer that says nothing yet."""
    identity, task = assignment.identity, assignment.task
    return Entry(
        kind="answer",
        task=task.name,
        task_version=task.version,
        idempotency_key=job.idempotency_key,
        fingerprint=job.fingerprint,
        engine=identity.engine,
        model=identity.model,
        endpoint=identity.host,
        created_at=now,
        input_sha256=job.input_sha256,
        usage=paid.usage,
        cost_usd=paid.cost_usd,
        meetcli_version=__version__,
        meeting_id=meeting.meeting_id,
        customer_id=meeting.customer_id,
    )


def cost_of(reply: Reply, price: Price) -> Spent:
    """Return what a reply cost; unknown where the server did not count its tokens."""
    usage, lane = reply.usage, reply.lane
    if not reply.is_counted:
        return Spent(usage, None, None, reply.uncertain_usd, lane)
    return Spent(usage, price(usage, lane), price(usage, "standard"), reply.uncertain_usd, lane)
