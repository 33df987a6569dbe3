"""A question about a meeting: asked, its output cap raised once, repaired once. Sends and saves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meetcli.answers.validate import Judgement, judge, repair_messages
from meetcli.errors import AnswerError
from meetcli.keys import request_digest
from meetcli.long_meetings import fits
from meetcli.models import Assignment, Message, Reply, Request, Spent
from meetcli.money.tokens import Window, most_input_tokens
from meetcli.spend.purchase import Purchase
from meetcli.tasks.prompt import FIRST_CAP, RAISED_CAP

if TYPE_CHECKING:
    from pydantic import BaseModel


FULL_CAP = 0.9
"""An answer that was cut with less of its cap used was not cut by it."""
_REFUSALS: Mapping[str, str] = {
    "refusal": "the model refused to answer",
    "content_filter": "the provider's content filter withheld the answer",
}


@dataclass(slots=True)
class Question:
    """One question about a meeting, or about a chunk of a long one, on its way to an answer.

    `place` is that of its answer in the purchase. `request` is the one that was asked last, `asked` the digest of what
    is asked without its follow-ups; `model` is what the answer is held to. `name` is the answer's across runs where it
    is kept by itself, None where it is the meeting's. `acceptable` is the answer that is taken where its repair is
    worse. `paid` covers earlier, killed runs too.
    """

    purchase: Purchase
    place: int
    request: Request
    asked: str
    name: str | None
    model: type[BaseModel]
    has_full_summary: bool
    cap: int = FIRST_CAP
    is_repaired: bool = False
    acceptable: str | None = None
    paid: Spent = field(default_factory=Spent)

    def drop_text(self) -> None:
        """Let go of what was said: the answer comes with a batch, to a later run, and fifty thousand may wait."""
        nothing = self.request.meeting._replace(transcript="", turns=())
        self.request = self.request._replace(meeting=nothing, messages=())
        if self.purchase.open == 1:  # nobody asks for the meeting's text any more
            self.purchase.meeting = nothing


def next_step(
    question: Question, reply: Reply, assignment: Assignment, window: Window | None
) -> str | AnswerError | Request:
    """Return the answer to a question, the failure that ends it, or the request that follows.

    A request follows where the cap is raised, once, or the answer is repaired, once.
    """
    if reply.finish in _REFUSALS:
        return AnswerError(_REFUSALS[reply.finish], reason=reply.finish)
    if reply.finish == "length":
        return _truncated(question, reply, window)
    text = reply.text or ""
    purchase = question.purchase
    words = sum(len(turn.text.split()) for turn in purchase.meeting.turns) if question.has_full_summary else 0
    language = purchase.wanted_language(assignment)
    judgement = judge(text, question.model, transcript_words=words, language=language)
    if judgement.answer is not None and (not judgement.problems or question.is_repaired):
        return judgement.answer
    if not question.is_repaired:
        question.is_repaired = True
        question.acceptable = judgement.answer
        again = _asked_again(question, repair_messages(text, judgement.problems), window)
        if window is None or again.max_output_tokens >= min(
            question.cap, window.count(text)
        ):  # as much as it had is what it needs
            return again
    if question.acceptable is not None:
        return question.acceptable
    return AnswerError(f"the answer is still invalid after one repair: {_broken_text(judgement)}", reason="invalid")


def _broken_text(judgement: Judgement) -> str:
    """Say which rule an answer breaks first, in words of the schema, and how many more there are."""
    first, *others = judgement.rules or ("it has no shape to judge",)
    return f"{first} (and {len(others)} more)" if others else first


def _truncated(question: Question, reply: Reply, window: Window | None) -> str | AnswerError | Request:
    """Ask again with the higher cap, never with the cut text; give up where that was cut too."""
    raised = (
        min(RAISED_CAP, window.tokens - most_input_tokens(question.request, window.count)) if window else RAISED_CAP
    )
    if question.cap > FIRST_CAP or raised <= question.cap:
        if question.acceptable is not None:
            return question.acceptable
        return _cut(reply, question.request.max_output_tokens)
    question.cap = raised
    return _asked_again(question, (), window)


def _cut(reply: Reply, cap: int) -> AnswerError:
    """Say what an answer ran out of: the cap, the model's window, or both for thoughts that nobody sees."""
    written = reply.usage.output_tokens
    if written and not (reply.text or "").strip():
        return AnswerError(
            f"the model spent {written:,} output tokens on reasoning and wrote no answer",
            reason="truncated",
            hint="use a model that reasons less, or turn its reasoning down at the server; then --retry-failed",
        )
    if 0 < written < FULL_CAP * cap:
        return AnswerError(
            f"the answer was cut after {written:,} output tokens, not at its cap of {cap:,}: the window was full",
            reason="truncated",
            hint="say the window's size with --context-tokens, or raise it at the server (Ollama: "
            "OLLAMA_CONTEXT_LENGTH or num_ctx); then --retry-failed",
        )
    return AnswerError(f"the answer was cut at {cap:,} output tokens", reason="truncated")


def _asked_again(question: Question, messages: tuple[Message, ...], window: Window | None) -> Request:
    """Return the follow-up with these messages; its answer may be as long as the window has room for beside them."""
    asked = (*question.request.messages, *messages)
    request = question.request._replace(messages=asked, max_output_tokens=question.cap, is_follow_up=True)
    if window is not None and not fits(request, window):
        request = request._replace(max_output_tokens=max(0, window.tokens - most_input_tokens(request, window.count)))
    added = tuple((message.role, message.content) for message in asked[3:])
    key = question.purchase.job.idempotency_key
    return request._replace(digest=request_digest(key, question.asked, request.max_output_tokens, added))
