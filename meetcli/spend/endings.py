"""How a meeting ends: what is saved of it, and what it and its twins are delivered as. Sends nothing and decides
nothing.
"""

from __future__ import annotations

from typing import Any

from meetcli.answers.render import render
from meetcli.delivery import Deliver, give_up
from meetcli.errors import AnswerError, InputError, ItemError
from meetcli.keys import render_id
from meetcli.models import Assignment, Entry, Job, Meeting, Outcome, Source, Status
from meetcli.plain_text import place_text
from meetcli.spend.ledger import Ledger
from meetcli.spend.purchase import Purchase, Purse


class Endings:
    """The ways in which whole meetings end. Twins end as their meeting does: answered by the same answer, or failed by
    the same failure.
    """

    def __init__(self, assignment: Assignment, ledger: Ledger, purse: Purse, deliver: Deliver) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._purse = purse
        self._deliver = deliver

    def save(self, purchase: Purchase, answer: str) -> Entry:
        """Save an answer and return the one that counts, which may be another's."""
        job = purchase.job
        answered = purchase.entry(self._assignment, self._purse.now())._replace(answer=answer)
        rendered = self._render(answered, purchase.meeting, job.source)
        ours = answered._replace(rendered=rendered, render_id=self._render_id(purchase.meeting, job.source))
        counts = self._ledger.save(job, ours, purchase.kept, self._purse.now())
        if purchase.parts is not None:
            self._ledger.settle_parts(job, purchase.parts.new, ours)
        return counts

    def answered(self, purchase: Purchase, entry: Entry) -> None:
        """Deliver a meeting and its twins with an answer that is saved."""
        job = purchase.job
        outcome = Outcome(
            job.source,
            job.status,
            job.reason,
            job.idempotency_key,
            duration_s=self._lasted_s(purchase),
            spent=purchase.spent,
        )
        self._deliver(outcome, self._render(entry, purchase.meeting, job.source))
        for source, input_sha256 in job.twins:
            self._share(job, entry, source, input_sha256)

    def taken_over(self, job: Job, entry: Entry) -> None:
        """Deliver a meeting and its twins with what somebody else has bought, an answer or a failure."""
        for source, input_sha256 in ((job.source, job.input_sha256), *job.twins):
            if entry.kind == "answer":
                self._share(job, entry, source, input_sha256)
            else:
                self._deliver(_failed(job, source, AnswerError(entry.message or "", reason="known_failure")), None)

    def remember(self, purchase: Purchase, error: AnswerError) -> None:
        """Save a failure that was paid for and would come again."""
        entry = purchase.entry(self._assignment, self._purse.now())._replace(
            kind="failure", reason=error.reason, message=error.message
        )
        self._ledger.remember_failure(purchase.job, entry, purchase.kept)

    def failed(self, purchase: Purchase, error: ItemError) -> None:
        """Deliver a meeting and its twins as failed."""
        job = purchase.job
        self._deliver(_failed(job, job.source, error, duration_s=self._lasted_s(purchase), spent=purchase.spent), None)
        for source, _ in job.twins:
            self._deliver(_failed(job, source, error), None)

    def unread(self, job: Job, error: InputError) -> None:
        """Deliver a meeting and its twins as failed that could not be read again, so that nothing was bought."""
        for source in (job.source, *(source for source, _ in job.twins)):
            self._deliver(_failed(job, source, error), None)

    def not_attempted(self, purchase: Purchase, reason: str | None) -> None:
        """Deliver a meeting and its twins as not attempted, with what was spent on it all the same."""
        job = purchase.job
        self._deliver(
            Outcome(job.source, Status.NOT_ATTEMPTED, reason, job.idempotency_key, spent=purchase.spent), None
        )
        give_up((job._replace(source=source, twins=[]) for source, _ in job.twins), reason, self._deliver)

    def submitted(self, purchase: Purchase) -> None:
        """Deliver a meeting and its twins as waiting in a batch."""
        job = purchase.job
        self._deliver(Outcome(job.source, Status.SUBMITTED, None, job.idempotency_key, spent=purchase.spent), None)
        for source, _ in job.twins:
            self._deliver(Outcome(source, Status.SUBMITTED, None, job.idempotency_key), None)

    def _share(self, job: Job, entry: Entry, source: Source, input_sha256: str) -> None:
        try:
            meeting = self._purse.read_again(source, input_sha256)
        except InputError as error:
            self._deliver(_failed(job, source, error), None)
            return
        outcome = Outcome(source, Status.SHARED, None, job.idempotency_key, saved_usd=entry.cost_usd)
        self._deliver(outcome, self._render(entry, meeting, source))

    def _lasted_s(self, purchase: Purchase) -> float:
        return self._purse.monotonic() - purchase.started

    def _render_id(self, meeting: Meeting, source: Source) -> str:
        return render_id(meeting, source, self._assignment.render_version)

    def _render(self, entry: Entry, meeting: Meeting, source: Source) -> str:
        if entry.render_id == self._render_id(meeting, source):
            return entry.rendered
        return render(entry, meeting, source, requires_evidence=self._assignment.requires_evidence)


def _failed(job: Job, source: Source, error: ItemError, **bought: Any) -> Outcome:  # noqa: ANN401  # the fields of Outcome that a purchase has
    message = f"{place_text(source.shown, source.place)}: {error.message}"
    return Outcome(source, Status.FAILED, error.reason, job.idempotency_key, error=message, hint=error.hint, **bought)
