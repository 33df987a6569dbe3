"""What is asked about a meeting first: all of it where the window holds that, else each of its chunks.

Sends nothing. Learns the window from a server that refused a meeting as too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meetcli.errors import CallError
from meetcli.keys import question_digest
from meetcli.long_meetings import Ask, LongMeeting, Then, fits, the_answer
from meetcli.models import Assignment, Job, Meeting, Request, Spent
from meetcli.money.tokens import Window, generous, most_input_tokens
from meetcli.spend.ledger import Ledger
from meetcli.spend.ports import SpendPorts
from meetcli.spend.purchase import empty_entry
from meetcli.spend.questions import Question
from meetcli.tasks.prompt import FIRST_CAP, compose
from meetcli.tasks.schema import schema_digest, sent_schema

if TYPE_CHECKING:
    from pydantic import BaseModel

LEAST_WINDOW = 2_000
"""A smaller one has no room for instructions, a chunk and an answer."""


class Asking:
    """The questions of one run. `window` is the model's as far as it is known, None where every meeting fits."""

    def __init__(self, assignment: Assignment, ledger: Ledger, ports: SpendPorts) -> None:
        self._assignment = assignment
        self._ledger = ledger
        self._ports = ports
        self.window = ports.window
        self._model: type[BaseModel] = assignment.task.load_answer_model()
        self._schema = sent_schema(assignment.task)
        if assignment.task.schema is None:
            assert schema_digest(self._schema) == assignment.task.schema_sha256, "the task's schema digest is stale"  # noqa: S101  # a bug, not an input

    def about(self, job: Job, meeting: Meeting) -> tuple[list[Ask], Then]:
        """Return what is asked first, and what follows from the answers."""
        task = self._assignment.task
        whole = Request(
            id="",
            digest="",
            task=task.name,
            meeting=meeting,
            language=self._assignment.language,
            messages=compose(task, meeting, self._assignment.language),
            schema=self._schema,
            temperature=task.temperature,
            max_output_tokens=FIRST_CAP,
        )
        if self.window is None or fits(whole, self.window):
            return [Ask(whole, self._model, is_whole=True)], the_answer
        return self._by_chunk(job, whole, self.window)

    def smaller(self, question: Question, error: CallError) -> tuple[list[Ask], Then]:
        """Return what is asked chunk by chunk about a meeting that was too long for the server.

        Fewer than two where that is no way out.

        A window that the server names holds for the rest of the run. One that it does not name is taken for half of
        what it refused.
        """
        request = question.request
        if question.name is not None or request.is_follow_up or not request.messages:
            return [], the_answer
        count = self.window.count if self.window is not None else generous
        window = Window(error.window or 0, count)
        if error.window is None or fits(request, window):
            window = Window(most_input_tokens(request, count) // 2 + FIRST_CAP, count)
        else:
            self.window = window
        if window.tokens < LEAST_WINDOW:
            return [], the_answer
        return self._by_chunk(question.purchase.job, request, window)

    def _by_chunk(self, job: Job, whole: Request, window: Window) -> tuple[list[Ask], Then]:
        cut = question_digest(self._assignment.parts, (), {"window": window.tokens})
        known = self._ledger.known_anchors(job, cut)
        long = LongMeeting(self._assignment.task, whole, self._model, window, known)
        if long.anchors != known:
            entry = empty_entry(job, whole.meeting, Spent(), self._assignment, self._ports.now())
            self._ledger.keep_anchors(job, cut, long.anchors, entry)
        return long.first(), long.then
