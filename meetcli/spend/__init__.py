"""The half of the corridor that costs money: call, validate, save, write. One coroutine over one engine.

Every meeting is bought by the answers to its questions; most have one, a meeting that no window holds has one a chunk
and then one over their answers. A question is a small state machine: ask; raise the output cap once; repair once.
Requests go out as they become ready. Never buys what a killed run has bought already: a paid reply that does not settle
its meeting is kept until it is settled.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, suppress

from meetcli.delivery import give_up
from meetcli.engines import Engine
from meetcli.errors import BudgetReached, RunStopped
from meetcli.models import Assignment, Job, Outcome, Reply, Request, Status
from meetcli.spend.buying import Buyer
from meetcli.spend.endings import Endings
from meetcli.spend.ledger import Ledger
from meetcli.spend.ports import SpendPorts
from meetcli.tasks.prompt import FIRST_CAP

RENEWAL_S = 20.0
"""A third of what a lease lasts."""
ENOUGH_INVALID = 5
"""So many answers in a row that break the same rule, with none that can be used, stop a run."""
_PLACES = re.compile(r"\[\d+\]")
POLL_S = 0.25
"""How often jobs that somebody else is buying are looked at: a winner that died is noticed within a second."""


async def spend(
    jobs: Iterable[Job], *, assignment: Assignment, engine: Engine, ledger: Ledger, ports: SpendPorts
) -> None:
    """Make every job's calls and deliver every meeting, saved before it is shown.

    A job that somebody else is buying is left until last, and delivered as `shared` when they have.
    When no call can work or results cannot be written, what is under way is finished and saved, the rest is delivered
    as `not_attempted`, and the `RunStopped` propagates. What the budget has no room for is `not_attempted` too, and
    ends in `BudgetReached`. When `ports.is_stopping` turns true the same happens without an error, and for a bug with
    whatever it raised.
    """
    spending = _Spending(jobs, assignment, ledger, ports)
    preparing = asyncio.create_task(asyncio.to_thread(ports.prepare))
    beside = [asyncio.create_task(spending.judge(preparing))]
    if ledger.has_leases:
        beside.append(asyncio.create_task(_renew(ledger)))
    try:
        async with aclosing(engine.complete(spending.requests())) as replies:
            async for reply in replies:
                spending.take(reply)
    except RunStopped as error:
        spending.stop(error)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(preparing, *beside, return_exceptions=True)
    spending.finish()


async def _renew(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(RENEWAL_S)
        ledger.renew()


class _Spending:
    """The stream of requests, and when it ends."""

    def __init__(self, jobs: Iterable[Job], assignment: Assignment, ledger: Ledger, ports: SpendPorts) -> None:
        self._jobs = iter(jobs)
        self._waiting: list[Job] = []
        self._ledger = ledger
        self._ports = ports
        self._endings = Endings(assignment, ledger, ports, self._deliver)
        self._buyer = Buyer(assignment, ledger, ports, self._endings)
        self._changed = asyncio.Event()
        self._taken: deque[Reply] = deque()
        self._has_taken = asyncio.Event()
        self._stopped: Exception | None = None
        self._broken: deque[str] = deque(maxlen=ENOUGH_INVALID)
        self._has_answered = False

    async def requests(self) -> AsyncIterator[Request]:
        """Yield requests as they become ready: follow-ups first, then new meetings, until every meeting has ended."""
        while not self._is_stopping() and not self._is_out_of_money():
            await asyncio.sleep(0)  # whoever asks has an answer to hand on, which is taken before more is asked
            if self._taken:  # what it says may stop the run, or ask something first
                await self._wait(None)
            elif (request := self._buyer.next_request()) is not None:
                yield request
            elif (job := next(self._jobs, None)) is not None:
                self._start([job])
            elif self._waiting:
                await self._wait(POLL_S)
                waiting, self._waiting = self._waiting, []
                self._start(waiting)
            elif not self._buyer.is_idle:
                await self._wait(None)
            else:
                return

    async def _wait(self, limit_s: float | None) -> None:
        """Wait until a reply has moved something on, or for so long."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), limit_s)

    def _start(self, jobs: list[Job]) -> None:
        """Begin to buy the jobs that are ours.

        What somebody else has bought is taken over; what somebody else is buying is put off.
        """
        ours = {id(job) for job in self._ledger.acquire(jobs)}
        bought = {id(job): entry for job, entry in self._ledger.bought_meanwhile(jobs, self._ports.now())}
        for job in jobs:
            if id(job) in bought:
                self._endings.taken_over(job, bought[id(job)])
                self._ledger.release(job)
            elif id(job) in ours:
                self._buyer.begin(job)
            else:
                self._waiting.append(job)

    def take(self, reply: Reply) -> None:
        """Keep an answer, to be judged when nothing else has arrived; move on at once by anything else that is said."""
        try:
            self._buyer.take(reply)
        except Exception as error:  # the calls under way are paid for, whatever happens to this meeting
            self.stop(error)
        if not reply.is_answer:
            self._move_on(reply)
            return
        self._taken.append(reply)
        self._has_taken.set()
        asyncio.get_running_loop().call_soon(self._ledger.write)  # with what else has arrived in this moment

    async def judge(self, preparing: asyncio.Future[None]) -> None:
        """Move meetings on by what was said of their requests, one after the other, for as long as there are any.

        After each one, what has arrived meanwhile is taken first: a paid reply is kept before anything is judged.
        """
        with suppress(Exception):  # what could not be prepared is said where it is missed
            await asyncio.shield(preparing)
        while True:
            await self._has_taken.wait()
            self._has_taken.clear()
            while self._taken:
                self._move_on(self._taken.popleft())
                await asyncio.sleep(0)

    def _move_on(self, reply: Reply) -> None:
        try:
            self._buyer.move_on(reply)
        except Exception as error:  # the calls under way are paid for, whatever happens to this meeting
            self.stop(error)
        self._changed.set()

    def stop(self, error: Exception) -> None:
        """Remember why no further call can work; the first reason counts."""
        self._stopped = self._stopped or error
        self._changed.set()

    def finish(self) -> None:
        """Judge what has arrived, deliver what was not reached; raise what stopped the run."""
        self._ledger.write()
        while self._taken:
            self._move_on(self._taken.popleft())
        has_refused = self._buyer.has_refused
        reason = "budget" if has_refused and not self._is_stopping() else "stopped"
        self._buyer.leave(reason)
        give_up((*self._waiting, *self._jobs), reason, self._deliver)
        if self._stopped:
            raise self._stopped
        if has_refused:
            raise BudgetReached(
                "--max-cost leaves no room for what is left", hint="run again to go on from there, or raise --max-cost"
            )

    def _is_stopping(self) -> bool:
        return self._stopped is not None or self._ports.is_stopping()

    def _is_out_of_money(self) -> bool:
        """Whether nothing that is left can fit, so that it need not even be read."""
        budget = self._ports.budget
        return self._buyer.has_refused and budget is not None and budget.is_exhausted(FIRST_CAP)

    def _watch(self, outcome: Outcome) -> None:
        """Stop before an archive is bought for nothing: every answer so far breaks the same rule."""
        if not outcome.spent.usage.requests:  # a twin ends as its meeting does
            return
        if outcome.status is Status.FAILED and outcome.reason == "invalid":
            self._broken.append(_PLACES.sub("[]", outcome.error or ""))
            is_full = len(self._broken) == self._broken.maxlen
            if is_full and len(set(self._broken)) == 1 and not self._has_answered:
                self.stop(
                    RunStopped(
                        f"{ENOUGH_INVALID} meetings in a row ended alike, and none was answered: {outcome.error}",
                        hint="put the task's schema or its instructions right; meetcli run --check looks at them",
                    )
                )
        elif outcome.status is not Status.FAILED:
            self._has_answered = True

    def _deliver(self, outcome: Outcome, text: str | None) -> None:
        self._watch(outcome)
        try:
            self._ports.deliver(outcome, text)
        except RunStopped as stop:
            self.stop(stop)
