"""The nouns that cross doors. Knows nobody and does nothing: frozen records, no I/O.

Named tuples, because every run makes these classes and a frozen dataclass takes ten times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:  # pydantic is slow to import and an all-hit run never needs an answer model
    from pydantic import BaseModel

UNREAD = "unread"
"""The reason of a file that was skipped although it looks like a transcript."""

NO_KEY = "no-idempotency-key-available"
"""What results, tables and logs print where a meeting has no key. Inside the program the key is None."""


Lane = Literal["standard", "flex", "batch"]
"""At which price a call is made: at once; at half price when there is capacity; at half price within a day."""


class Status(StrEnum):
    """How a meeting ended; the order is the contract's."""

    SKIPPED = "skipped"
    BYPASSED = "bypassed"
    REFRESHED = "refreshed"
    HIT = "hit"
    EXPIRED = "expired"
    CHANGED = "changed"
    MISS = "miss"
    SHARED = "shared"
    SUBMITTED = "submitted"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"


class Source(NamedTuple):
    """Where one or more meetings stand: a file, one line of a JSON Lines file, or one place in a list.

    `name` is what results carry as `source`: the file's own name, `stdin` for standard input; always valid Unicode.
    `shown` is the path as people know it, for tables and errors. `result_path` is the path below the output folder
    without place and task, `/`-separated: `q3` for `q3.json`, `q3.vtt` for `q3.vtt`. `place` is the 1-based place in a
    list or JSON Lines file, None where the file is one meeting. `offset` and `size` are the bytes of a line, None for a
    whole file. `is_named` says that the user named this very file, so that it fails where one met in a folder is
    skipped. `member` is the 1-based place of a file inside an archive. `ordinal` counts the transcripts of a unit from
    0, to find one again. `given` are fields of the meeting that come from outside its bytes (sidecar, path, options),
    by name, in a fixed order.
    """

    path: Path
    name: str
    shown: str
    result_path: str
    is_named: bool
    place: int | None = None
    offset: int | None = None
    size: int | None = None
    member: int | None = None
    ordinal: int = 0
    given: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The file, or one place in it as `list.json#3`; not made safe to print."""
        return self.shown if self.place is None else f"{self.shown}#{self.place}"


class Turn(NamedTuple):
    """What one speaker said in one go.

    `offset` is the index of `text` in `Meeting.transcript`, in characters; times are seconds from the start of the
    recording.
    """

    speaker: str | None
    text: str
    offset: int
    start_s: float | None = None
    end_s: float | None = None


class Meeting(NamedTuple):
    """One meeting as given: trimmed ids, text as read, absent fields None.

    `meet_date` is the date as given; `meet_at` the same as a date-time, naive where no zone was given (a bare date is
    its midnight). `stretches` cuts the meeting into at most eight parts of about equal length for sentiment over time:
    (first turn, last turn), 1-based and inclusive.
    """

    transcript: str
    turns: tuple[Turn, ...]
    stretches: tuple[tuple[int, int], ...] = ()
    meeting_id: str | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    banker_id: str | None = None
    banker_name: str | None = None
    meet_type: str | None = None
    meet_date: str | None = None
    meet_at: datetime | None = None


class Task(NamedTuple):
    """What is asked of a transcript: instructions and the shape of the answer, side by side.

    `schema_sha256` is the digest of the JSON Schema of `load_answer_model()`; for a built-in task it is stated rather
    than computed because building the model costs twice what Python takes to start and an all-hit run has no other use
    for it. A test and every call hold the two against each other. `version` is provenance only: changed instructions or
    schema are noticed by digest. A task of the user's own also has the `schema` that is sent and their whole
    `result_schema`; both are None for a built-in one.
    """

    name: str
    version: str
    instructions: str
    schema_sha256: str
    temperature: float
    load_answer_model: Callable[[], type[BaseModel]]
    schema: Mapping[str, Any] | None = None
    result_schema: Mapping[str, Any] | None = None


class Abilities(NamedTuple):
    """What an engine is and can do. No part of any key: an ability that changes buys nothing again.

    The defaults are those of a paid service that has an address and prices of its own.

    - `is_free`: answers cost nothing, so there is no price to find and nothing to ask before a run.
    - `needs_key`: no call can be made without an API key. `OPENAI_API_KEY` is taken only by those that use a base URL.
    - `uses_base_url`: transcripts go to `--base-url`, by default to OpenAI.
    - `lanes`: the price lanes it has.
    - `has_window`: its models read only so many tokens at once; longer meetings are sent in parts.
    - `takes_any_task`: it does the tasks of users too, not only the built-in ones.
    - `keeps_budget`: it makes no attempt that `EngineOptions.budget` has no room for.
    - `is_extractive`: it repeats what was said, so no answer of it is in a wrong language.
    """

    is_free: bool = False
    needs_key: bool = True
    uses_base_url: bool = False
    lanes: tuple[Lane, ...] = ("standard",)
    has_window: bool = True
    takes_any_task: bool = True
    keeps_budget: bool = False
    is_extractive: bool = False


class EngineIdentity(NamedTuple):
    """Who answers, as keys, results and reports know it.

    `algorithm` is the version of a local algorithm, empty for a remote engine. `endpoint` is the normalized base URL
    without credentials, empty for an engine that has none; `host` is its host, the only part results and reports show.
    `is_openai` says that it is OpenAI's own.
    """

    engine: str
    model: str
    algorithm: str = ""
    endpoint: str = ""
    host: str = ""
    is_openai: bool = False
    abilities: Abilities = Abilities()


class Assignment(NamedTuple):
    """What a run asks of every meeting.

    `parts` are the fingerprint's parts that are the same for all of them; `render_version` is the renderer's.
    `requires_evidence` leaves out of results what the transcript does not support: a rule of rendering, which buys
    nothing anew.
    """

    task: Task
    identity: EngineIdentity
    language: str
    parts: Mapping[str, str]
    render_version: str
    requires_evidence: bool = False


CLOCKS_DIFFER_S = 60.0
"""How far ahead the clock of another machine may run that buys answers for the same cache."""


class Rules(NamedTuple):
    """What the user wants of a run, whatever is asked.

    `ttl_s` None means that answers never grow too old; `max_bytes` bounds a file.
    """

    ttl_s: float | None
    max_bytes: int
    on_change: Literal["reprocess", "keep", "fail"] = "reprocess"
    is_key_from_content: bool = False
    is_refresh: bool = False
    is_failed_retried: bool = False
    limit: int | None = None

    def is_fresh(self, created_at: datetime, now: datetime) -> bool:
        """Say whether what was bought then is still an answer.

        What was bought in the future, beyond what the clocks of two machines differ by, is none where answers have an
        end: with a clock set right it would stay one for as long again.
        """
        return self.ttl_s is None or -CLOCKS_DIFFER_S <= (now - created_at).total_seconds() < self.ttl_s


class Message(NamedTuple):
    """One chat message of a request."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(NamedTuple):
    """One call to an engine. `digest` names it across runs; `id` only within this one.

    `messages` is what a remote engine sends, `meeting` what a local one reads. `schema` is strict JSON Schema of the
    answer.
    """

    id: str
    digest: str
    task: str
    meeting: Meeting
    language: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    temperature: float
    max_output_tokens: int
    is_follow_up: bool = False


class Usage(NamedTuple):
    """Tokens and calls that were paid for. `input_tokens` includes `cached_input_tokens`."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0

    def __add__(self, other: Usage) -> Usage:  # type: ignore[override]  # usages are added up, never joined as tuples
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
            self.requests + other.requests,
        )


class Spent(NamedTuple):
    """What calls cost, in US dollars; an amount is None where its price is unknown.

    `standard_usd` is what `cost_usd` would be at the standard price. `uncertain_usd` is the most that attempts of
    unknown fate cost, which is no part of `cost_usd`. `lane` is the one of the last call that used tokens.
    """

    usage: Usage = Usage()
    cost_usd: Decimal | None = Decimal(0)
    standard_usd: Decimal | None = Decimal(0)
    uncertain_usd: Decimal | None = Decimal(0)
    lane: Lane = "standard"

    def __add__(self, other: Spent) -> Spent:  # type: ignore[override]  # amounts are added up, never joined as tuples
        return Spent(
            self.usage + other.usage,
            add_usd(self.cost_usd, other.cost_usd),
            add_usd(self.standard_usd, other.standard_usd),
            add_usd(self.uncertain_usd, other.uncertain_usd),
            other.lane if other.usage.input_tokens or other.usage.output_tokens else self.lane,
        )

    @property
    def discount_usd(self) -> Decimal | None:
        """What the calls cost less than at the standard price, None where that is unknown."""
        return None if self.cost_usd is None or self.standard_usd is None else self.standard_usd - self.cost_usd


def add_usd(*amounts: Decimal | None) -> Decimal | None:
    """Add up amounts; one that is unknown makes the sum unknown."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


Finish = Literal["stop", "length", "refusal", "content_filter", "unreadable"]


State = Literal["answered", "spooled", "submitted", "again", "not_attempted"]
"""How far a request has come. Only `spooled` is not the last word: it waits for the rest of its batch.

`submitted` waits in a batch that a later run collects. `again` asks for the same request once more: its batch had no
room. `not_attempted` has no place in this run, for a `reason`.
"""


class Reply(NamedTuple):
    """What is said of one request.

    An `answered` one has `text` and `finish`, or `error`, which ends one meeting and is never raised.

    `usage.requests` counts every attempt the server saw, failed ones included. `text` is None for an error, a refusal
    or a filtered answer. `lane` is the one that is billed. `uncertain_usd` is the most that attempts of unknown fate
    cost, None where the price is unknown. `is_collected` says that it came from a batch and is in no run's account yet;
    only such a one is `unreadable`: it may have been billed. `reason` says why a request was `not_attempted`:
    `stopped`, `budget`, `batch_full` (the account has no room for more in batches) or `batch_ended` (without an answer
    to it).
    """

    request_id: str
    text: str | None
    finish: Finish = "stop"
    usage: Usage = Usage()
    latency_ms: float = 0.0
    error: Exception | None = None
    lane: Lane = "standard"
    uncertain_usd: Decimal | None = Decimal(0)
    is_collected: bool = False
    state: State = "answered"
    reason: str | None = None

    @property
    def is_answer(self) -> bool:
        """Whether it is to be judged: it was paid for, whatever is in it."""
        return self.state == "answered" and self.error is None and self.finish != "unreadable"

    @property
    def is_counted(self) -> bool:
        """Whether the tokens of an answer are known: of one that a server gave without a count, they are not."""
        used = self.usage
        return (
            not used.requests
            or self.text is None
            or (used.input_tokens > 0 and (used.output_tokens > 0 or not self.text))
        )


class Fingerprint(NamedTuple):
    """What exactly was asked.

    `digest` is made over named parts, each a short digest of its own, so that a change can be named.
    """

    digest: str
    parts: Mapping[str, str]


class Entry(NamedTuple):
    """One paid answer, or one paid failure that would repeat, as the cache keeps it.

    `answer` is the model's validated JSON; `rendered` the bytes of the result as text and `render_id` what they depend
    on besides the answer. A failure has `reason` and `message` and neither answer nor result. `idempotency_key` is None
    where nothing is kept. `cost_usd` is None when the price was unknown. `created_at` is aware UTC.
    """

    kind: Literal["answer", "failure"]
    task: str
    task_version: str
    idempotency_key: str | None
    fingerprint: Fingerprint
    engine: str
    model: str
    endpoint: str
    created_at: datetime
    input_sha256: str
    usage: Usage
    cost_usd: Decimal | None
    meetcli_version: str
    meeting_id: str | None = None
    customer_id: str | None = None
    reason: str | None = None
    message: str | None = None
    render_id: str = ""
    answer: str = ""
    rendered: str = ""


class Outcome(NamedTuple):
    """How one meeting ended, without its text. `spent` is this run's only; what a hit once cost is `saved_usd`.

    `error` does not name the file: whoever shows it puts `source.label` in front.
    `unsupported` counts the items of its result whose quote does not stand in the transcript.
    """

    source: Source
    status: Status
    reason: str | None = None
    idempotency_key: str | None = None
    output: str | None = None
    spent: Spent = Spent()
    saved_usd: Decimal | None = Decimal(0)
    error: str | None = None
    hint: str | None = None
    duration_s: float = 0.0
    unsupported: int = 0


class Job(NamedTuple):
    """One call to make, for one meeting and every twin of it in this run.

    `status` and `reason` are what the first meeting ends as if the call succeeds; its twins end as `shared`. `twins`
    are the other inputs with the same key and fingerprint, each with the digest of its own bytes. `is_kept` says that
    the answer goes into the cache, `index_name` under which name its input finds it without being parsed. `worth_usd`
    is what the answer cost when it was bought before, if it was. `is_by_content` says that the key comes from what was
    said, since the meeting has no ids.
    """

    source: Source
    input_sha256: str
    idempotency_key: str | None
    fingerprint: Fingerprint
    status: Status
    twins: list[tuple[Source, str]]
    reason: str | None = None
    is_kept: bool = True
    index_name: str | None = None
    worth_usd: Decimal | None = None
    is_by_content: bool = False

    @property
    def sources(self) -> list[Source]:
        """Every input that it is for: the first meeting's, then its twins'."""
        return [self.source, *(source for source, _ in self.twins)]


class Plan(NamedTuple):
    """What is left to buy after every hit and every failure has been delivered, in the order of the inputs.

    `conflicts` are keys with more than one content, model or language in this run: (key, sources as shown).
    `without_ids` are the meetings that lack ids, by the ids they lack: how many, and the first of them. Those that the
    index knows are not looked into, and so not among them. `misspelled` are fields of meetings that are near misses, by
    name and kind of file: what was meant, and the first file. `doubts` are those about meetings to be called, by name:
    each with its source as shown and what it says.
    """

    jobs: list[Job]
    conflicts: list[tuple[str, tuple[str, ...]]]
    without_ids: Mapping[tuple[str, ...], tuple[int, Source]] = {}
    misspelled: Mapping[tuple[str, str], tuple[str, str]] = {}
    doubts: Mapping[str, list[tuple[str, str]]] = {}


class Submission(NamedTuple):
    """One batch as this side knows it.

    `digest` is made of the digests of its requests and stands in the batch's metadata, so that it is found again
    without `batch_id`, which is None until the server has given one; `input_file` is the file it was made of. What the
    states mean is drawn in `meetcli.engines.openai_batch`. `created_at` is when it was asked for. `size` is that of its
    file in bytes, 0 where it is not known; that of a crowded one includes `beside`, what waited when it was asked for.
    `lost_since` is since when something of it has been missing, `reply` what the server said: to its making, in no way
    that we understand, or why it failed as a whole.
    """

    digest: str
    batch_id: str | None
    state: Literal["intended", "asked", "unread", "submitted", "collected", "failed", "crowded"]
    created_at: datetime
    endpoint: str
    model: str
    requests: int
    size: int = 0
    beside: int = 0
    input_file: str = ""
    lost_since: datetime | None = None
    reply: str = ""

    @property
    def name(self) -> str:
        """The id that the server gave, or one of ours."""
        return self.batch_id or f"unread-{self.digest[:12]}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be had of it."""
        return self.state in ("collected", "failed", "crowded")

    @property
    def is_pending(self) -> bool:
        """Whether the server has it, as far as is known."""
        return self.state in ("submitted", "unread")


class BatchLine(NamedTuple):
    """One request of a batch by its digest, and for whom it was bought, so that removing a customer reaches its reply.

    `refusal` is why the server would not answer it, empty as long as it has not said no.
    """

    digest: str
    task: str = ""
    meeting_id: str | None = None
    customer_id: str | None = None
    refusal: str = ""


class LanePrice(NamedTuple):
    """What a plan costs in one lane, None where the price is unknown.

    `is_served` says whether the lane has the model, None where that is unknown. `highest_usd` is the most that
    meetcli itself can spend: every meeting cut once, then invalid, then repaired.
    """

    is_served: bool | None
    expected_usd: Decimal | None
    highest_usd: Decimal | None


class Forecast(NamedTuple):
    """What a plan will take. `is_counted` says that tokens were counted, not estimated.

    `learned_from` is how many past answers the expected output rests on, 0 for the default. `lane` is the one the run
    would use.
    """

    calls: int
    input_tokens: int
    is_counted: bool
    output_tokens: int
    learned_from: int
    lane: Lane
    lanes: Mapping[Lane, LanePrice]
    seconds: float


class Ended(NamedTuple):
    """How and when a task's last run ended, and when one last ended with exit code 0; that is None for never."""

    exit_code: int
    at: datetime
    succeeded_at: datetime | None
