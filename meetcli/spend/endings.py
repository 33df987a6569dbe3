"""How a meeting ends: what is saved of it, and what it and its twins are delivered as.

Sends nothing and decides nothing.
"""

from __future__ import annotations

from meetcli.answers.render import render
from meetcli.delivery import Deliver, failed
from meetcli.errors import AnswerError, InputError, ItemError
from meetcli.keys import render_id
from meetcli.models import Assignment, Entry, Job, Meeting, Outcome, Source, Status
from meetcli.spend.ledger import Ledger
from meetcli.spend.ports import SpendPorts
from meetcli.spend.purchase import Left, Purchase, empty_entry


class Endings:
    """The ways in which meetings end.

    Twins end as their meeting does: answered by the same answer, or failed by the same failure. What was spent is
    counted for the meeting alone.
    """

    def __init__(self, assignment: Assignment, ledger: Ledger, ports: SpendPorts, deliver: Deliver) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._ports = ports
        self._deliver = deliver

    def save(self, purchase: Purchase, answer: str) -> Entry:
        """Save an answer and return the one that counts, which may be another's."""
        job = purchase.job
        answered = self._entry(purchase)._replace(answer=answer)
        rendered = self._render(answered, purchase.meeting, job.source)
        ours = answered._replace(rendered=rendered, render_id=self._render_id(purchase.meeting, job.source))
        counts = self._ledger.save(job, ours, purchase.kept, self._ports.now())
        if purchase.new:
            self._ledger.settle_answers(job, purchase.new, ours)
        return counts

    def remember(self, purchase: Purchase, error: AnswerError) -> None:
        """Save a failure that was paid for and would come again."""
        entry = self._entry(purchase)._replace(kind="failure", reason=error.reason, message=error.message)
        self._ledger.remember_failure(purchase.job, entry, purchase.kept)

    def deliver(self, purchase: Purchase, ending: Entry | ItemError | Left) -> None:
        """Deliver a meeting and its twins: answered, failed, or left."""
        job, spent = purchase.job, purchase.spent
        lasted_s = self._ports.monotonic() - purchase.started
        if isinstance(ending, Entry):
            outcome = Outcome(job.source, job.status, job.reason, job.idempotency_key, spent=spent, duration_s=lasted_s)
            self._deliver(outcome, self._render(ending, purchase.meeting, job.source))
            for source, input_sha256 in job.twins:
                self._share(job, ending, source, input_sha256)
        elif isinstance(ending, Left):
            left = Outcome(job.source, ending.status, ending.reason, job.idempotency_key)
            self._deliver(left._replace(spent=spent), None)
            for source, _ in job.twins:
                self._deliver(left._replace(source=source), None)
        else:
            end = failed(job.source, ending, job.idempotency_key)
            self._deliver(end._replace(spent=spent, duration_s=lasted_s), None)
            for source, _ in job.twins:
                self._deliver(end._replace(source=source), None)

    def taken_over(self, job: Job, entry: Entry) -> None:
        """Deliver a meeting and its twins with what somebody else has bought, an answer or a failure."""
        for source, input_sha256 in ((job.source, job.input_sha256), *job.twins):
            if entry.kind == "answer":
                self._share(job, entry, source, input_sha256)
            else:
                error = AnswerError(entry.message or "", reason="known_failure")
                self._deliver(failed(source, error, job.idempotency_key), None)

    def unread(self, job: Job, error: InputError) -> None:
        """Deliver a meeting and its twins as failed that could not be read again, so that nothing was bought."""
        for source in job.sources:
            self._deliver(failed(source, error, job.idempotency_key), None)

    def _share(self, job: Job, entry: Entry, source: Source, input_sha256: str) -> None:
        try:
            meeting = self._ports.read_again(source, input_sha256)
        except InputError as error:
            self._deliver(failed(source, error, job.idempotency_key), None)
            return
        outcome = Outcome(source, Status.SHARED, None, job.idempotency_key, saved_usd=entry.cost_usd)
        self._deliver(outcome, self._render(entry, meeting, source))

    def _entry(self, purchase: Purchase) -> Entry:
        return empty_entry(purchase.job, purchase.meeting, purchase.paid, self._assignment, self._ports.now())

    def _render_id(self, meeting: Meeting, source: Source) -> str:
        return render_id(meeting, source, self._assignment.render_version)

    def _render(self, entry: Entry, meeting: Meeting, source: Source) -> str:
        if entry.render_id == self._render_id(meeting, source):
            return entry.rendered
        return render(entry, meeting, source, requires_evidence=self._assignment.requires_evidence)
