"""The half of the corridor that costs money: call, validate, save, write. One coroutine over one engine.

Each meeting is a small state machine: ask; raise the output cap once; repair once. A meeting that no window holds is as
many of them as it has chunks, and one more over their answers. Requests go out as they become ready. Never buys what a
killed run has bought already: a paid reply that does not settle its meeting is kept until it is settled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING

from meetcli.delivery import give_up
from meetcli.engines import Engine
from meetcli.errors import AnswerError, BudgetReached, InputError, ItemError, RunStopped
from meetcli.keys import part_digest, request_digest
from meetcli.long_meetings import Ask, LongMeeting, fits
from meetcli.models import Assignment, Entry, Job, Outcome, Reply, Request, Usage
from meetcli.spend.endings import Endings
from meetcli.spend.ledger import Ledger
from meetcli.spend.purchase import Parts, Purchase, Purse, cost_of, next_step
from meetcli.tasks.prompt import FIRST_CAP, compose
from meetcli.tasks.schema import schema_digest, sent_schema

if TYPE_CHECKING:
    from pydantic import BaseModel

RENEWAL_S = 20.0
"""A third of what a lease lasts."""
POLL_S = 0.25
"""How often jobs that somebody else is buying are looked at: a winner that died is noticed within a second."""


async def spend(jobs: Iterable[Job], *, assignment: Assignment, engine: Engine, ledger: Ledger, purse: Purse) -> None:
    """Make every job's calls and deliver every meeting, saved before it is shown.

    A job that somebody else is buying is left until last, and delivered as `shared` when they have.
    When no call can work or results cannot be written, what is under way is finished and saved, the rest is delivered
    as `not_attempted`, and the `RunStopped` propagates. What the budget has no room for is `not_attempted` too, and
    ends in `BudgetReached`. When `purse.is_stopping` turns true the same happens without an error, and for a bug with
    whatever it raised.
    """
    spending = _Spending(jobs, assignment, ledger, purse)
    renewal = asyncio.create_task(_renew(ledger)) if ledger.has_leases else None
    try:
        async with aclosing(engine.complete(spending.requests())) as replies:
            async for reply in replies:
                try:
                    spending.take(reply)
                except Exception as error:  # the calls under way are paid for, whatever happens to this meeting
                    spending.stop(error)
    except RunStopped as error:
        spending.stop(error)
    finally:
        if renewal is not None:
            renewal.cancel()
    spending.finish()


async def _renew(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(RENEWAL_S)
        ledger.renew()


class _Spending:
    def __init__(self, jobs: Iterable[Job], assignment: Assignment, ledger: Ledger, purse: Purse) -> None:
        self._jobs = iter(jobs)
        self._waiting: list[Job] = []
        self._assignment = assignment
        self._ledger = ledger
        self._purse = purse
        self._endings = Endings(assignment, ledger, purse, self._deliver)
        self._open: dict[str, Purchase] = {}
        self._ready: deque[Request] = deque()
        self._changed = asyncio.Event()
        self._stopped: Exception | None = None
        self._refused = 0
        self._model: type[BaseModel] = assignment.task.load_answer_model()
        self._schema = sent_schema(assignment.task)
        if assignment.task.schema is None:
            assert schema_digest(self._schema) == assignment.task.schema_sha256, "the task's schema digest is stale"  # noqa: S101  # a bug, not an input

    async def requests(self) -> AsyncIterator[Request]:
        """Yield requests as they become ready: follow-ups first, then new meetings, until every meeting is settled."""
        while not self._is_stopping() and not self._is_out_of_money():
            if self._ready:
                yield self._ready.popleft()
            elif (job := next(self._jobs, None)) is not None:
                self._start([job])
            elif self._waiting:
                await self._wait(POLL_S)
                waiting, self._waiting = self._waiting, []
                self._start(waiting)
            elif self._open:
                await self._wait(None)
            else:
                return

    async def _wait(self, limit_s: float | None) -> None:
        """Wait until a reply has moved something on, or for so long."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), limit_s)

    def take(self, reply: Reply) -> None:
        """Move the meeting that a reply belongs to one step on."""
        purchase = self._open[reply.request_id]
        if reply.is_collected:
            purchase.kept.append(purchase.request.digest)
        self._count(purchase, reply)
        self._step(purchase, reply)
        self._changed.set()

    def stop(self, error: Exception) -> None:
        """Remember why no further call can work; the first reason counts."""
        self._stopped = self._stopped or error
        self._changed.set()

    def finish(self) -> None:
        """Deliver what was not reached; raise what stopped the run."""
        reason = "budget" if self._refused and not self._is_stopping() else "stopped"
        while (
            self._open
        ):  # the youngest first: parts come after the meeting that they are of, and end it with the last of them
            self._end(self._open[next(reversed(self._open))], partial(self._endings.not_attempted, reason=reason))
        give_up((*self._waiting, *self._jobs), reason, self._deliver)
        if self._stopped:
            raise self._stopped
        if self._refused:
            raise BudgetReached(
                "--max-cost leaves no room for what is left", hint="run again to go on from there, or raise --max-cost"
            )

    def _is_stopping(self) -> bool:
        return self._stopped is not None or self._purse.is_stopping()

    def _is_out_of_money(self) -> bool:
        """Whether nothing that is left can fit, so that it need not even be read."""
        return self._refused > 0 and self._purse.budget is not None and self._purse.budget.is_exhausted(FIRST_CAP)

    # One meeting's steps

    def _start(self, jobs: list[Job]) -> None:
        """Begin to buy the jobs that are ours, take over what somebody else has bought, put off what they are
        buying.
        """
        ours = {id(job) for job in self._ledger.claim(jobs)}
        bought = {id(job): entry for job, entry in self._ledger.bought_meanwhile(jobs, self._purse.now())}
        for job in jobs:
            if id(job) in bought:
                self._endings.taken_over(job, bought[id(job)])
                self._ledger.release(job)
            elif id(job) in ours:
                self._begin(job)
            else:
                self._waiting.append(job)

    def _begin(self, job: Job) -> None:
        started = self._purse.monotonic()
        try:
            meeting = self._purse.read_again(job.source, job.input_sha256)
        except InputError as error:
            self._ledger.release(job)
            self._endings.unread(job, error)
            return
        task = self._assignment.task
        digest = request_digest(job.idempotency_key, job.fingerprint.digest, FIRST_CAP)
        request = Request(
            id=str(id(job)),
            digest=digest,
            task=task.name,
            meeting=meeting,
            language=self._assignment.language,
            messages=compose(task, meeting, self._assignment.language),
            schema=self._schema,
            temperature=task.temperature,
            max_output_tokens=FIRST_CAP,
        )
        purchase = Purchase(job, meeting, request, started, self._model, job.fingerprint.digest)
        self._open[request.id] = purchase
        window = self._purse.window
        if window is None or fits(request, window):
            self._send(purchase, request)
        else:
            cut = part_digest(self._assignment.parts, (), {"window": window.tokens})
            known = self._ledger.known_marks(job, cut)
            long = LongMeeting(task, request, self._model, window, known)
            if long.marks != known:
                self._ledger.keep_marks(job, cut, long.marks, self._entry(purchase))
            purchase.parts = Parts(long)
            self._ask(purchase, purchase.parts, long.first())

    # The parts of a long meeting

    def _ask(self, purchase: Purchase, parts: Parts, asks: list[Ask]) -> None:
        """Begin to buy what is asked about the parts of a meeting, but for what is known."""
        job = purchase.job
        begun = []
        for place, ask in enumerate(asks):
            asked = part_digest(
                self._assignment.parts,
                ((message.role, message.content) for message in ask.request.messages),
                ask.request.schema,
            )
            identity = f"{purchase.request.id}.{len(parts.new)}.{place}"
            request = ask.request._replace(id=identity, digest=request_digest(job.idempotency_key, asked, FIRST_CAP))
            part = Purchase(job, ask.request.meeting, request, purchase.started, ask.model, asked)
            part.has_full_summary, part.part_of, part.place = ask.has_full_summary, purchase, place
            self._open[identity] = part
            begun.append(part)
        parts.answers, parts.left = [""] * len(begun), len(begun)
        for part in begun:
            if part.request.id not in self._open:  # another one has failed meanwhile
                continue
            known = self._ledger.kept_part(job, part.part_name, part.request.id, self._purse.now())
            if known is None or known.text is None:
                self._send(part, part.request)
                continue
            part.paid = cost_of(known, self._purse.price)
            self._end_part(part, answer=known.text, is_new=known.usage != Usage())

    def _end_part(
        self,
        part: Purchase,
        *,
        answer: str = "",
        is_new: bool = False,
        ending: Callable[[], None] | None = None,
        is_final: bool = True,
    ) -> None:
        """Take the answer to a part, or how the meeting ends without it; go on when no part is under way.

        `is_final` says of an ending that the other parts are not worth buying.
        """
        purchase = part.part_of
        assert purchase is not None  # noqa: S101  # it is a part
        parts = purchase.parts
        assert parts is not None  # noqa: S101  # of a meeting that has them
        del self._open[part.request.id]
        purchase.add(part)
        parts.left -= 1
        parts.answers[part.place] = answer
        if is_new:
            parts.new[part.part_name] = answer
        if ending is not None:
            parts.ending = parts.ending or ending
            if is_final:
                self._drop_unsent(purchase, parts)
        if parts.left:
            return
        if parts.ending is not None:
            parts.ending()
            return
        asked = parts.meeting.then(parts.answers)
        if isinstance(asked, str):
            self._settle(purchase, asked)
        else:
            self._ask(purchase, parts, asked)

    def _drop_unsent(self, purchase: Purchase, parts: Parts) -> None:
        unsent = [
            request for request in self._ready if (part := self._open.get(request.id)) and part.part_of is purchase
        ]
        for request in unsent:
            self._ready.remove(request)
            del self._open[request.id]
            parts.left -= 1

    def _send(self, purchase: Purchase, request: Request) -> None:
        """Make a request ready, unless an interrupted run has paid for its reply already."""
        purchase.request = request
        kept = self._ledger.kept_reply(purchase.job, request.digest, request.id)
        if kept is None:
            self._ready.append(request)
        else:
            purchase.kept.append(request.digest)
            if kept.is_collected:
                self._count(purchase, kept)
            self._step(purchase, kept)

    def _count(self, purchase: Purchase, reply: Reply) -> None:
        """Count what a reply cost; one from a batch that tells no tokens may have cost the most it can, as it does
        live.
        """
        budget = self._purse.budget
        if budget is not None and reply.is_collected and not (reply.is_counted and reply.usage.input_tokens):
            reply = reply._replace(uncertain_usd=budget.most_usd(purchase.request, reply.lane))
        purchase.spent += cost_of(reply, self._purse.price)

    def _step(self, purchase: Purchase, reply: Reply) -> None:
        if reply.state != "answered":
            self._unanswered(purchase, reply)
            return
        if reply.error is not None:
            self._call_failed(purchase, reply.error)
            return
        if reply.finish == "unreadable":
            purchase.kept.remove(purchase.request.digest)
            self._ledger.forget_reply(purchase.job, purchase.request.digest)
            self._ready.append(purchase.request)
            return
        purchase.paid += cost_of(reply, self._purse.price)
        try:
            self._judge(purchase, reply)
        except BaseException:  # a bug must not lose a paid reply; it is raised again
            self._keep(purchase, reply)
            raise

    def _judge(self, purchase: Purchase, reply: Reply) -> None:
        step = next_step(purchase, reply, self._assignment, self._purse.window)
        if isinstance(step, str):
            self._settle(purchase, step)
        elif isinstance(step, AnswerError):
            self._answer_failed(purchase, step)
        else:
            self._keep(purchase, reply)
            self._send(purchase, step)

    # How a meeting ends

    def _settle(self, purchase: Purchase, answer: str) -> None:
        """Save the answer and end the meeting, or go on with the one that this is a part of."""
        if purchase.part_of is not None:
            paid = Reply("", answer, usage=purchase.paid.usage, lane=purchase.paid.lane)
            self._ledger.keep_reply(purchase.job, purchase.part_name, paid, self._entry(purchase))
            self._end_part(purchase, answer=answer, is_new=True)
            return
        entry = self._endings.save(purchase, answer)
        self._end(purchase, partial(self._endings.answered, entry=entry))

    def _answer_failed(self, purchase: Purchase, error: AnswerError) -> None:
        """Remember a failure that was paid for and would come again, then end the meeting with it."""
        if purchase.part_of is not None:
            self._end_part(purchase, ending=partial(self._answer_failed, purchase.part_of, error))
            return
        self._endings.remember(purchase, error)
        self._end(purchase, partial(self._endings.failed, error=error))

    def _unanswered(self, purchase: Purchase, reply: Reply) -> None:
        if reply.state == "submitted":
            self._end(purchase, self._endings.submitted, is_final=False)
        elif reply.state == "spooled":
            # Its turn comes with its batch; until then fifty thousand transcripts would be held.
            purchase.meeting = purchase.meeting._replace(transcript="", turns=())
            purchase.request = purchase.request._replace(meeting=purchase.meeting, messages=())
        elif reply.state == "again":
            self._ready.append(purchase.request)
        else:
            self._refused += reply.reason == "budget"
            self._end(purchase, partial(self._endings.not_attempted, reason=reply.reason))

    def _call_failed(self, purchase: Purchase, error: Exception) -> None:
        if not isinstance(error, ItemError):
            raise error
        self._end(purchase, partial(self._endings.failed, error=error))

    def _end(self, purchase: Purchase, end: Callable[[Purchase], None], *, is_final: bool = True) -> None:
        """Let a meeting end in a way; a part ends its meeting so, once no other part is under way. `is_final` as for
        `_end_part`.
        """
        if purchase.part_of is not None:
            self._end_part(purchase, ending=partial(self._end, purchase.part_of, end), is_final=is_final)
            return
        del self._open[purchase.request.id]
        self._ledger.release(purchase.job)
        end(purchase)

    def _deliver(self, outcome: Outcome, text: str | None) -> None:
        try:
            self._purse.deliver(outcome, text)
        except RunStopped as stop:
            self.stop(stop)

    def _entry(self, purchase: Purchase) -> Entry:
        return purchase.entry(self._assignment, self._purse.now())

    def _keep(self, purchase: Purchase, reply: Reply) -> None:
        purchase.kept.append(purchase.request.digest)
        self._ledger.keep_reply(
            purchase.job, purchase.request.digest, reply._replace(is_collected=False), self._entry(purchase)
        )
