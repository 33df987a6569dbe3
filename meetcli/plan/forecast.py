"""What a plan will cost before anything is called: tokens counted from the very messages, prices in every lane, time.

Makes no call. Reads each input once more, one at a time, as spending would.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple, get_args

from meetcli.cache.entry import load, load_header
from meetcli.cache.forgiving import ForgivingCache
from meetcli.delivery import Deliver, failed, give_up
from meetcli.errors import InputError
from meetcli.keys import request_digest
from meetcli.long_meetings import LongMeeting, fits
from meetcli.models import (
    Assignment,
    Forecast,
    Job,
    Lane,
    LanePrice,
    Meeting,
    Outcome,
    Request,
    Source,
    Spent,
    Status,
    Usage,
    add_usd,
)
from meetcli.money.pricing import Price
from meetcli.money.tokens import CountTokens, Window, estimate, message_tokens, most_input_tokens
from meetcli.tasks.prompt import FIRST_CAP, RAISED_CAP, compose
from meetcli.tasks.schema import sent_schema

USUAL_OUTPUT_TOKENS: Final = 1_050
"""A summary of 100 to 200 words, 3 to 7 key points, decisions and action items, each with its quote, where no past
answer says better.
"""

REPAIR_TOKENS: Final = 2_000
"""More than the message that quotes the problems of an answer ever has, besides the answer itself."""

OUTPUT_TOKENS_A_SECOND: Final = 60
"""What models of the middle class write; only for the estimate of time."""

BATCH_S: Final = 86_400.0
"""Within which a batch is answered or expires."""

CHUNK_SUMMARY_TOKENS: Final = 100
"""The summary of one chunk, as the last call reads it."""

SAMPLED_ANSWERS: Final = 200


class ForecastInputs(NamedTuple):
    """What a forecast rests on.

    `count_tokens` is None where the model's tokenizer is not there. `price` and `serves` speak of the run's model.
    `output_tokens` is what an answer is expected to have, learned from `learned_from` past ones, 0 for the default.
    `requests_a_minute` and `tokens_a_minute` are None where no limit is known. `waiting` are the digests of requests
    that wait in a batch and are not asked again.
    """

    read_again: Callable[[Source, str], Meeting]
    count_tokens: CountTokens | None
    price: Price
    serves: Callable[[Lane], bool | None]
    lane: Lane
    output_tokens: int
    learned_from: int
    concurrency: int
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    window: Window | None = None
    waiting: Collection[str] = ()


def learn_output_tokens(cache: ForgivingCache | None, assignment: Assignment) -> tuple[int, int]:
    """Return the mean output tokens of past answers of this task and model, and how many answers those were.

    Return the default and 0 where there are none. Keys are digests, so the first ones of the cache are a random sample.
    """
    if cache is None:
        return USUAL_OUTPUT_TOKENS, 0
    identity = assignment.identity
    names = []
    for name, line in cache.first(f"answer:{assignment.task.name}:", SAMPLED_ANSWERS):
        header = load_header(line)
        if header is not None and (header.engine, header.model) == (identity.engine, identity.model):
            names.append(name)
    entries = [entry for text in cache.get_many(names).values() if (entry := load(text)) and entry.usage.output_tokens]
    if not entries:
        return USUAL_OUTPUT_TOKENS, 0
    return round(sum(entry.usage.output_tokens for entry in entries) / len(entries)), len(entries)


def forecast(
    jobs: Iterable[Job], *, assignment: Assignment, inputs: ForecastInputs, deliver: Deliver | None = None
) -> Forecast:
    """Return what buying the jobs will take.

    With `deliver`, each meeting ends as `not_attempted` with the status it would get as its reason and its share of the
    plan as its cost.
    """
    schema = sent_schema(assignment.task)
    count = inputs.count_tokens or estimate
    total = _Total(inputs)
    for job in jobs:
        if request_digest(job.idempotency_key, job.fingerprint.digest, FIRST_CAP) in inputs.waiting:
            if deliver:
                give_up([job], Status.SUBMITTED.value, deliver)
            continue
        try:
            meeting = inputs.read_again(job.source, job.input_sha256)
        except InputError as error:
            if deliver:
                for source in job.sources:
                    deliver(failed(source, error, job.idempotency_key), None)
            continue
        task = assignment.task
        messages = compose(task, meeting, assignment.language)
        request = Request(
            "", "", task.name, meeting, assignment.language, messages, schema, task.temperature, FIRST_CAP
        )
        if inputs.window is None or fits(request, inputs.window):
            cost_usd = total.add(message_tokens(request, count), most_input_tokens(request, count))
        else:
            cost_usd = total.add_long(LongMeeting(task, request, task.load_answer_model(), inputs.window), count)
        if deliver:
            for source in job.sources:
                is_first = source is job.source
                why = (job.status if is_first else Status.SHARED).value
                planned = Spent(cost_usd=cost_usd if is_first else Decimal(0))
                deliver(Outcome(source, Status.NOT_ATTEMPTED, why, job.idempotency_key, spent=planned), None)
    return total.forecast()


@dataclass(slots=True)
class _Total:
    inputs: ForecastInputs
    calls: int = 0
    input_tokens: int = 0
    expected: dict[Lane, Decimal | None] = field(default_factory=lambda: dict.fromkeys(get_args(Lane), Decimal(0)))
    highest: dict[Lane, Decimal | None] = field(default_factory=lambda: dict.fromkeys(get_args(Lane), Decimal(0)))

    def add(self, input_tokens: int, most_input: int) -> Decimal | None:
        """Add one meeting; return what it is expected to cost in the lane of the run."""
        self.calls += 1
        self.input_tokens += input_tokens
        expected = Usage(input_tokens, 0, self.inputs.output_tokens)
        # The longest way of a meeting: an answer that is cut, one that is whole and invalid, and its repair.
        highest = Usage(3 * most_input + RAISED_CAP + REPAIR_TOKENS, 0, FIRST_CAP + 2 * RAISED_CAP)
        for lane in self.expected:
            self.expected[lane] = add_usd(self.expected[lane], self.inputs.price(expected, lane))
            self.highest[lane] = add_usd(self.highest[lane], self.inputs.price(highest, lane))
        return self.inputs.price(expected, self.inputs.lane)

    def add_long(self, meeting: LongMeeting, count: CountTokens) -> Decimal | None:
        """Add a meeting that is asked about chunk by chunk, as if none were known."""
        asks = meeting.first()
        costs = [self.add(message_tokens(ask.request, count), most_input_tokens(ask.request, count)) for ask in asks]
        last = len(asks) * CHUNK_SUMMARY_TOKENS
        costs.append(self.add(last, last))
        return add_usd(*costs)

    def forecast(self) -> Forecast:
        inputs = self.inputs
        output_tokens = self.calls * inputs.output_tokens
        seconds = [self.calls * inputs.output_tokens / OUTPUT_TOKENS_A_SECOND / inputs.concurrency]
        if inputs.requests_a_minute:
            seconds.append(self.calls * 60 / inputs.requests_a_minute)
        if inputs.tokens_a_minute:
            seconds.append((self.input_tokens + output_tokens) * 60 / inputs.tokens_a_minute)
        return Forecast(
            calls=self.calls,
            input_tokens=self.input_tokens,
            is_counted=inputs.count_tokens is not None,
            output_tokens=output_tokens,
            learned_from=inputs.learned_from,
            lane=inputs.lane,
            lanes={
                lane: LanePrice(inputs.serves(lane), self.expected[lane], self.highest[lane]) for lane in self.expected
            },
            seconds=BATCH_S if inputs.lane == "batch" and self.calls else max(seconds),
        )
