"""From a job to the end of its meeting: what is asked about it, what becomes of each question, what is kept on the way.

A question is answered or given up; when none about a meeting is open, the answers say what is asked next, or what the
meeting's answer is. Waits for nobody.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from itertools import count

from meetcli.errors import AnswerError, CallError, InputError, ItemError
from meetcli.keys import question_digest, request_digest
from meetcli.long_meetings import Ask
from meetcli.models import Assignment, Entry, Job, Reply, Request, Status, Usage
from meetcli.money.reading import about_sent, is_below_floor, not_read, tokens_read
from meetcli.spend.asking import Asking
from meetcli.spend.endings import Endings
from meetcli.spend.ledger import Ledger
from meetcli.spend.ports import SpendPorts
from meetcli.spend.purchase import Left, Purchase, cost_of, empty_entry
from meetcli.spend.questions import Question, next_step
from meetcli.tasks.prompt import FIRST_CAP

log = logging.getLogger("meetcli")


class Buyer:
    """The meetings that are being bought. `has_refused` says that the budget had no room for a request."""

    def __init__(self, assignment: Assignment, ledger: Ledger, ports: SpendPorts, endings: Endings) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._ports = ports
        self._asking = Asking(assignment, ledger, ports)
        self._endings = endings
        self._purchases: dict[int, Purchase] = {}  # begun and not ended, by the identity of their job
        self._questions: dict[str, Question] = {}  # open, by the id of their request
        self._ready: deque[Question] = deque()
        self._ids = map(str, count())
        self.has_refused = False

    @property
    def is_idle(self) -> bool:
        """Whether no meeting is being bought."""
        return not self._purchases

    def next_request(self) -> Request | None:
        """Return a request that is ready to be sent, None where there is none as long as nothing is answered."""
        while self._ready:
            question = self._ready.popleft()
            if not question.purchase.is_given_up:
                return question.request
            self._close(question)
        return None

    def take(self, reply: Reply) -> None:
        """Count what a reply cost, and keep it if it is paid for, before anybody judges it."""
        question = self._questions[reply.request_id]
        self._count(question, reply)
        if reply.is_answer:
            self._pay(question, reply)
        if reply.is_collected:  # the engine has kept it, as in nobody's account yet
            question.purchase.kept.append(question.request.digest)
        if reply.is_answer and not self._assignment.identity.abilities.is_free:
            self._keep(question, reply, self._ledger.keep_arrived)

    def move_on(self, reply: Reply) -> None:
        """Move the question that a reply belongs to one step on."""
        self._step(self._questions[reply.request_id], reply)

    def leave(self, reason: str) -> None:
        """End every meeting that is being bought: not attempted, where it has no other ending yet."""
        for purchase in list(self._purchases.values()):
            self._end(purchase, purchase.ending or Left(Status.NOT_ATTEMPTED, reason))

    # How a meeting begins

    def begin(self, job: Job) -> None:
        """Begin to buy a job that is ours."""
        started = self._ports.monotonic()
        try:
            meeting = self._ports.read_again(job.source, job.input_sha256)
        except InputError as error:
            self._ledger.release(job)
            self._endings.unread(job, error)
            return
        asks, then = self._asking.about(job, meeting)
        purchase = self._purchases[id(job)] = Purchase(job, meeting, then, started)
        self._ask(purchase, asks)

    # From a question to its answer

    def _ask(self, purchase: Purchase, asks: list[Ask]) -> None:
        """Begin to buy the answers to some questions about a meeting, but for those that are known."""
        questions = [self._question(purchase, place, ask) for place, ask in enumerate(asks)]
        self._questions |= {question.request.id: question for question in questions}
        purchase.answers, purchase.open = [""] * len(questions), len(questions)
        for question in questions:
            known = None
            if question.name is not None:
                known = self._ledger.kept_answer(purchase.job, question.name, question.request.id, self._ports.now())
            if known is None or known.text is None:
                self._send(question)
            else:
                self._pay(question, known)
                self._answered(question, known.text, is_new=known.usage != Usage())

    def _question(self, purchase: Purchase, place: int, ask: Ask) -> Question:
        key = purchase.job.idempotency_key
        if ask.is_whole:
            asked, name = purchase.job.fingerprint.digest, None
        else:
            messages = ((message.role, message.content) for message in ask.request.messages)
            asked = question_digest(self._assignment.parts, messages, ask.request.schema)
            name = request_digest(key, asked, 0)
        request = ask.request._replace(id=next(self._ids), digest=request_digest(key, asked, FIRST_CAP))
        return Question(purchase, place, request, asked, name, ask.model, ask.has_full_summary)

    def _send(self, question: Question) -> None:
        """Make a question ready to be asked, unless an interrupted run has paid for its reply already."""
        purchase, request = question.purchase, question.request
        kept = self._ledger.kept_reply(purchase.job, request.digest, request.id)
        if kept is None:
            self._ready.append(question)
        else:
            purchase.kept.append(request.digest)
            if kept.is_answer:
                self._pay(question, kept)
            if kept.is_collected:
                self._count(question, kept)
                if kept.is_answer:  # what it cost is in this run's account now
                    kept = self._checked(request, kept)
                    self._keep(question, kept._replace(error=None), self._ledger.keep_arrived)
            self._step(question, kept)

    def _checked(self, request: Request, reply: Reply) -> Reply:
        """Return a reply from a batch, as a failure where the server did not read all of the request: a live engine
        says that itself.
        """
        texts = [message.content for message in request.messages]
        if reply.text is None or not is_below_floor(texts, reply.usage):
            return reply
        return reply._replace(error=not_read(tokens_read(reply.usage), about_sent(texts)))

    def _step(self, question: Question, reply: Reply) -> None:
        """Move a question on by what is said of it: asked again, given up, or judged."""
        if reply.state == "spooled":
            question.drop_text()
        elif reply.state == "again":
            self._ready.append(question)
        elif reply.state == "submitted":
            self._give_up(question, Left(Status.SUBMITTED), is_final=False)
        elif reply.state == "not_attempted":
            self.has_refused |= reply.reason == "budget"
            self._give_up(question, Left(Status.NOT_ATTEMPTED, reply.reason))
        elif isinstance(reply.error, CallError) and reply.error.is_divisible and self._divide(question, reply.error):
            pass  # its chunks are asked about now
        elif isinstance(reply.error, ItemError):
            if reply.text is not None:  # paid for and of no use: the next run asks again
                self._keep(question, reply._replace(error=None, finish="unreadable"), self._ledger.keep_reply)
            self._give_up(question, reply.error)
        elif reply.error is not None:
            raise reply.error
        elif reply.finish == "unreadable":
            question.purchase.kept.remove(question.request.digest)
            self._ledger.forget_reply(question.purchase.job, question.request.digest)
            self._ready.append(question)
        else:
            self._judge(question, reply)

    def _divide(self, question: Question, error: CallError) -> bool:
        """Ask about a meeting chunk by chunk where it is too long for the server, once; return whether it is."""
        purchase = question.purchase
        asks, then = self._asking.smaller(question, error)
        if len(asks) < 2:
            return False
        log.info("%s; it is asked about in %d parts", error.message, len(asks))
        purchase.then = then
        del self._questions[question.request.id]
        self._ask(purchase, asks)
        return True

    def _judge(self, question: Question, reply: Reply) -> None:
        step = next_step(question, reply, self._assignment, self._asking.window)
        if isinstance(step, str):
            self._keep_answer(question, step)
            self._answered(question, step, is_new=True)
        elif isinstance(step, AnswerError):
            self._give_up(question, step)
        else:
            question.request = step
            self._send(question)

    def _answered(self, question: Question, answer: str, *, is_new: bool) -> None:
        """Take the answer to a question; `is_new` says that it was paid for since a meeting was last settled."""
        purchase = question.purchase
        purchase.answers[question.place] = answer
        if is_new and question.name is not None:
            purchase.new[question.name] = answer
        self._close(question)

    def _give_up(self, question: Question, ending: ItemError | Left, *, is_final: bool = True) -> None:
        """Note how the meeting ends once no question about it is open; the first ending counts.

        `is_final` says that the other questions are not worth asking then.
        """
        purchase = question.purchase
        purchase.ending = purchase.ending or ending
        purchase.is_given_up |= is_final
        self._close(question)

    def _close(self, question: Question) -> None:
        """Go on with the meeting when no question about it is open: end it, or ask what follows from the answers."""
        purchase = question.purchase
        del self._questions[question.request.id]
        purchase.open -= 1
        if purchase.open:
            return
        follows = purchase.ending or purchase.then(purchase.answers)
        if isinstance(follows, list):
            self._ask(purchase, follows)
        else:
            self._end(purchase, follows)

    def _end(self, purchase: Purchase, ending: str | ItemError | Left) -> None:
        """End a meeting with its answer, its failure, or as one that is left. What is paid for is saved first."""
        settled = self._endings.save(purchase, ending) if isinstance(ending, str) else ending
        if isinstance(ending, AnswerError):
            self._endings.remember(purchase, ending)
        del self._purchases[id(purchase.job)]
        self._ledger.release(purchase.job)
        self._endings.deliver(purchase, settled)

    # What is paid for

    def _count(self, question: Question, reply: Reply) -> None:
        """Count what a reply of this run cost.

        One from a batch that tells no tokens may have cost the most it can, as a live one may.
        """
        budget = self._ports.budget
        if budget is not None and reply.is_collected and not (reply.is_counted and reply.usage.input_tokens):
            reply = reply._replace(uncertain_usd=budget.most_usd(question.request, reply.lane))
        question.purchase.spent += cost_of(reply, self._ports.price)

    def _pay(self, question: Question, reply: Reply) -> None:
        """Count what an answer cost, in whichever run it was bought."""
        cost = cost_of(reply, self._ports.price)
        question.paid += cost
        question.purchase.paid += cost

    def _keep(self, question: Question, reply: Reply, keep: Callable[[Job, str, Reply, Entry], None]) -> None:
        """Keep a paid reply until its meeting is settled; its cost stands in this run's account."""
        digest = question.request.digest
        question.purchase.kept.append(digest)
        keep(question.purchase.job, digest, reply._replace(is_collected=False), self._entry_of(question))

    def _keep_answer(self, question: Question, answer: str) -> None:
        """Keep the answer about a chunk by itself."""
        if question.name is not None:
            paid = Reply("", answer, usage=question.paid.usage, lane=question.paid.lane)
            self._ledger.keep_reply(question.purchase.job, question.name, paid, self._entry_of(question))

    def _entry_of(self, question: Question) -> Entry:
        purchase = question.purchase
        return empty_entry(purchase.job, purchase.meeting, question.paid, self._assignment, self._ports.now())
