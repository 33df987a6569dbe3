"""A meeting while it is being bought: what is known and what it cost so far, and what follows from a reply. Sends and
saves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from meetcli import __version__
from meetcli.answers.languages import meeting_language
from meetcli.answers.validate import Judgement, judge, repair_messages
from meetcli.errors import AnswerError
from meetcli.keys import request_digest
from meetcli.long_meetings import LongMeeting, fits
from meetcli.models import Assignment, Entry, Job, Meeting, Message, Outcome, Reply, Request, Source, Spent
from meetcli.money.budget import Budget
from meetcli.money.pricing import Price
from meetcli.money.tokens import Window, most_input_tokens
from meetcli.tasks.prompt import FIRST_CAP, RAISED_CAP

if TYPE_CHECKING:
    from pydantic import BaseModel


FULL_CAP = 0.9
"""An answer that was cut with less of its cap used was not cut by it."""
_REFUSALS: Mapping[str, str] = {
    "refusal": "the model refused to answer",
    "content_filter": "the provider's content filter withheld the answer",
}


@dataclass(frozen=True, slots=True)
class Purse:
    """What spending needs from outside, so that nothing here knows a clock, a price table or a signal.

    `read_again` returns the meeting of a source or raises `InputError` where its bytes are no longer those with the
    given digest. `price` returns what a request cost, None where that is unknown. `now` is aware UTC; `monotonic`
    counts seconds. `is_stopping` turns true for good when no new call may be made. `deliver` takes each meeting that
    has ended, with its result if it has one. `budget` is the one that the engine holds to; `window` is the model's,
    None where every meeting fits.
    """

    read_again: Callable[[Source, str], Meeting]
    price: Price
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    is_stopping: Callable[[], bool]
    deliver: Callable[[Outcome, str | None], None]
    budget: Budget | None = None
    window: Window | None = None


@dataclass(slots=True)
class Parts:
    """The parts of a long meeting that are asked about at one time.

    `answers` are theirs, by place; `new` those of all times that this purchase bought, by digest. `ending` is how the
    meeting ends when the parts under way are back, where one of them has failed.
    """

    meeting: LongMeeting
    answers: list[str] = field(default_factory=list)
    left: int = 0
    new: dict[str, str] = field(default_factory=dict)
    ending: Callable[[], None] | None = None


@dataclass(slots=True)
class Purchase:
    """One meeting, or one part of a long one, while it is being bought.

    `model` is what its answer is held to and `asked` the digest of what is asked. `paid` covers earlier, killed runs
    too, `spent` only this one. `language` is what the meeting is held in, empty
    until somebody asks. A long meeting has `parts`; each is a purchase too, `part_of` it.
    """

    job: Job
    meeting: Meeting
    request: Request
    started: float
    model: type[BaseModel]
    asked: str
    kept: list[str] = field(default_factory=list)
    paid: Spent = field(default_factory=Spent)
    spent: Spent = field(default_factory=Spent)
    is_cap_raised: bool = False
    is_repaired: bool = False
    acceptable: str | None = None
    cap: int = FIRST_CAP
    language: str | None = ""
    has_full_summary: bool = True
    parts: Parts | None = None
    part_of: Purchase | None = None
    place: int = 0

    def add(self, part: Purchase) -> None:
        """Take over what a part has cost."""
        self.paid += part.paid
        self.spent += part.spent
        self.kept += part.kept

    @property
    def part_name(self) -> str:
        """The name of its answer across runs, where it is a part."""
        return request_digest(self.job.idempotency_key, self.asked, 0)

    def entry(self, assignment: Assignment, now: datetime) -> Entry:
        """Return what is kept of it, as an answer that says nothing yet."""
        job, identity, task = self.job, assignment.identity, assignment.task
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
            usage=self.paid.usage,
            cost_usd=self.paid.cost_usd,
            meetcli_version=__version__,
            meeting_id=self.meeting.meeting_id,
            customer_id=self.meeting.customer_id,
        )


def next_step(
    purchase: Purchase, reply: Reply, assignment: Assignment, window: Window | None
) -> str | AnswerError | Request:
    """Return the answer that settles a purchase, the failure that ends it, or what is asked next: the cap raised once,
    one repair.
    """
    if reply.finish in _REFUSALS:
        return AnswerError(_REFUSALS[reply.finish], reason=reply.finish)
    if reply.finish == "length":
        return _truncated(purchase, reply, window)
    text = reply.text or ""
    whole = purchase.part_of or purchase
    words = sum(len(turn.text.split()) for turn in whole.meeting.turns) if purchase.has_full_summary else 0
    judgement = judge(text, purchase.model, transcript_words=words, language=_wanted_language(whole, assignment))
    if judgement.answer is not None and (not judgement.problems or purchase.is_repaired):
        return judgement.answer
    if not purchase.is_repaired:
        purchase.is_repaired = True
        purchase.acceptable = judgement.answer
        again = _asked_again(purchase, repair_messages(text, judgement.problems), window)
        if window is None or again.max_output_tokens >= min(
            purchase.cap, window.count(text)
        ):  # as much as it had is what it needs
            return again
    if purchase.acceptable is not None:
        return purchase.acceptable
    return AnswerError(f"the answer is still invalid after one repair: {_broken_text(judgement)}", reason="invalid")


def _broken_text(judgement: Judgement) -> str:
    """Say which rule an answer breaks first, in words of the schema, and how many more there are."""
    first, *others = judgement.rules or ("it has no shape to judge",)
    return f"{first} (and {len(others)} more)" if others else first


def _truncated(purchase: Purchase, reply: Reply, window: Window | None) -> str | AnswerError | Request:
    """Ask again with the higher cap, never with the cut text; give up where that was cut too."""
    raised = (
        min(RAISED_CAP, window.tokens - most_input_tokens(purchase.request, window.count)) if window else RAISED_CAP
    )
    if purchase.is_cap_raised or raised <= purchase.cap:
        if purchase.acceptable is not None:
            return purchase.acceptable
        return _cut(reply, purchase.request.max_output_tokens)
    purchase.is_cap_raised, purchase.cap = True, raised
    return _asked_again(purchase, (), window)


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


def _asked_again(purchase: Purchase, messages: tuple[Message, ...], window: Window | None) -> Request:
    """Return the follow-up with these messages; its answer may be as long as the window has room for beside them."""
    asked = (*purchase.request.messages, *messages)
    request = purchase.request._replace(messages=asked, max_output_tokens=purchase.cap, is_follow_up=True)
    if window is not None and not fits(request, window):
        request = request._replace(max_output_tokens=max(0, window.tokens - most_input_tokens(request, window.count)))
    added = tuple((message.role, message.content) for message in asked[3:])
    return request._replace(
        digest=request_digest(purchase.job.idempotency_key, purchase.asked, request.max_output_tokens, added)
    )


def _wanted_language(purchase: Purchase, assignment: Assignment) -> str | None:
    """Return the language that an answer must be in; None where it is not certain, or the engine only repeats what was
    said.
    """
    if assignment.identity.abilities.is_extractive:
        return None
    if assignment.language != "auto":
        return assignment.language
    if purchase.language == "":
        purchase.language = meeting_language(purchase.meeting)
    return purchase.language


def cost_of(reply: Reply, price: Price) -> Spent:
    """Return what a reply cost; unknown where the server did not count its tokens."""
    usage, lane = reply.usage, reply.lane
    if not reply.is_counted:
        return Spent(usage, None, None, reply.uncertain_usd, lane)
    return Spent(usage, price(usage, lane), price(usage, "standard"), reply.uncertain_usd, lane)
