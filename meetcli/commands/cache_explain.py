"""`meetcli cache explain`: what a run would do with each meeting, and why. Calls nothing and changes nothing.

The plan itself decides, on a cache that takes no writes; here is only told what it decided from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from meetcli import events
from meetcli.cache import Cache
from meetcli.cache.entry import answer_key, failure_key, latest_key, load_at, load_pointer
from meetcli.cache.forgiving import ForgivingCache
from meetcli.commands.cache import Flags, opened
from meetcli.commands.explanations import Explanation, Part, print_explanations
from meetcli.config import Settings
from meetcli.delivery import give_up
from meetcli.errors import InputError
from meetcli.keys import fingerprint, idempotency_key, request_digest
from meetcli.meetings.identity import Identity
from meetcli.meetings.normalize import normalize
from meetcli.models import Assignment, Entry, Fingerprint, Meeting, Outcome, Source, Status
from meetcli.plain_text import duration_text, failure_text
from meetcli.plan import plan
from meetcli.plan.ports import PlanPorts
from meetcli.readers import parse, read
from meetcli.tasks.prompt import FIRST_CAP, told_metadata
from meetcli.wiring.assignment import assign, rules_of
from meetcli.wiring.inputs import find_inputs, open_identity
from meetcli.wiring.lanes import waiting_requests

TASKS = ("extract", "analyze")
_STORED_VALUES = ("engine", "model", "endpoint")


def explain(files: list[str], flags: Flags, *, task: str | None, is_json: bool) -> None:
    """Print for each meeting and task what would happen, the entry that decides and both fingerprints part by part."""
    now = datetime.now(UTC)
    with opened(flags, is_shared_used=True) as (settings, cache), TemporaryDirectory(prefix="meetcli-") as stdin_folder:
        inputs = find_inputs(files, settings, stdin_folder)
        explained = [
            explanation
            for name in ((task,) if task else TASKS)
            for explanation in _explained(inputs, assign(name, settings), settings, _Untouched(cache), now)
        ]
    print_explanations(explained, now, settings.ttl_s, is_json=is_json)


class _Untouched:
    """A cache that takes no writes."""

    def __init__(self, cache: Cache) -> None:
        self.notices: list[str] = []  # whoever opened the cache tells its own
        self.backend, self.is_whole = cache.backend, cache.is_whole
        self.get_many, self.scan, self.size = cache.get_many, cache.scan, cache.size

    def set(self, items: Mapping[str, str], *, outlived: Sequence[str] = ()) -> None:
        """Store nothing."""

    def remove(self, keys: Iterable[str]) -> int:
        """Remove nothing."""
        return 0

    def clear(self) -> int:
        """Remove nothing."""
        return 0

    def close(self) -> None:
        """Leave the cache to whoever opened it."""


def _explained(
    inputs: list[Source | Outcome], assignment: Assignment, settings: Settings, cache: Cache, now: datetime
) -> Iterator[Explanation]:
    outcomes: dict[Source, Outcome] = {}

    def note(outcome: Outcome, _: str | None) -> None:
        outcomes[outcome.source] = outcome

    forgiving = ForgivingCache(cache, lambda error: events.cache_error(error, backend=cache.backend))
    identity = open_identity(inputs, settings)
    planned = plan(
        inputs,
        assignment=assignment,
        rules=rules_of(settings),
        cache=None if settings.no_cache else forgiving,
        ports=PlanPorts(now, note, identity),
    )
    because = {source: job.reason for job in planned.jobs for source in job.sources}
    waiting = waiting_requests(settings, forgiving, assignment)
    for job in planned.jobs:
        is_waiting = request_digest(job.idempotency_key, job.fingerprint.digest, FIRST_CAP) in waiting
        give_up([job], Status.SUBMITTED.value if is_waiting else None, note)
    meetings = _meetings(inputs, settings, identity)
    for source, outcome in outcomes.items():
        part = because.get(source)
        if source not in meetings:
            why = failure_text(source.label, outcome.error) if outcome.error else "there is no transcript in it"
            yield Explanation(source, assignment.task.name, outcome, why)
        else:
            yield _decided(source, meetings[source], outcome, part, assignment, settings, forgiving)


def _meetings(inputs: Iterable[Source | Outcome], settings: Settings, identity: Identity) -> dict[Source, Meeting]:
    found: dict[Source, Meeting] = {}
    for item in inputs:
        for unit in (
            () if isinstance(item, Outcome) else read(item, max_bytes=settings.max_file_bytes, identify=identity)
        ):
            for transcript in () if isinstance(unit, Outcome) else parse(unit):
                if not isinstance(transcript, Outcome):
                    try:
                        found[transcript.source] = normalize(transcript.mapping)
                    except InputError:  # the plan has said so
                        continue
    return found


def _decided(
    source: Source,
    meeting: Meeting,
    outcome: Outcome,
    part: str | None,
    assignment: Assignment,
    settings: Settings,
    cache: ForgivingCache,
) -> Explanation:
    key = idempotency_key(meeting, fallback_to_content=settings.key_fallback == "content")
    ours = fingerprint(meeting, told_metadata(meeting), assignment.parts)
    entry = theirs = None
    if key is not None:
        entry, theirs = _found(key, ours, assignment, cache)
    parts = tuple(
        Part(
            name,
            digest,
            None if theirs is None else theirs.parts.get(name),
            _our_value(name, assignment),
            _their_value(name, entry),
        )
        for name, digest in ours.parts.items()
    )
    return Explanation(source, assignment.task.name, outcome, _why(outcome, part, meeting, settings), key, entry, parts)


def _found(
    key: str, ours: Fingerprint, assignment: Assignment, cache: ForgivingCache
) -> tuple[Entry | None, Fingerprint | None]:
    """Return the entry that decides and the fingerprint to compare with, which a lost entry's pointer still has."""
    task = assignment.task.name
    exact = answer_key(task, key, ours.digest), failure_key(task, key, ours.digest)
    latest = latest_key(task, assignment.identity.engine, key)
    rows = cache.get_many((*exact, latest))
    for name in exact:
        if entry := load_at(rows, name):
            return entry, entry.fingerprint
    pointer = load_pointer(rows.get(latest, ""))
    if pointer is None:
        return None, None
    theirs = pointer.nearest(ours)
    name = answer_key(task, key, theirs.digest)
    return load_at(cache.get_many([name]), name), theirs


def _our_value(name: str, assignment: Assignment) -> str | None:
    identity = assignment.identity
    values = {
        "engine": identity.engine,
        "model": identity.model,
        "endpoint": identity.host,
        "language": assignment.language,
    }
    return values.get(name) or None


def _their_value(name: str, entry: Entry | None) -> str | None:
    return getattr(entry, name) or None if entry is not None and name in _STORED_VALUES else None


def _why(outcome: Outcome, part: str | None, meeting: Meeting, settings: Settings) -> str:
    """Say what the status means for this meeting."""
    if outcome.error:
        return failure_text(outcome.source.label, outcome.error)
    ids = {"meeting_id": meeting.meeting_id, "meet_date": meeting.meet_date, "customer_id": meeting.customer_id}
    absent = " and ".join(name for name, value in ids.items() if value is None)
    if part == "no_cache":
        return "--no-cache neither reads nor saves answers: every run asks again"
    sentences = {
        "hit": f"this very answer is in the cache and younger than the TTL of {duration_text(settings.ttl_s)}",
        "kept": "the cache has another answer to this meeting, and --on-change keep takes it",
        "expired": (
            "this very answer is in the cache, and older than the TTL of "
            f"{duration_text(settings.ttl_s)}: it is bought again"
        ),
        "changed": (
            f"the cache knows this meeting with something else in {part}: it is asked anew, and both answers are kept"
        ),
        "miss": "the cache has no answer for this meeting: it is asked",
        "shared": "another of these inputs is the same meeting: it is asked once for both",
        "refreshed": "--refresh asks again, whatever the cache has",
        "bypassed": f"there is no {absent or 'key'}, so there is no key to find an answer under: every run asks again",
        "limit": "--limit leaves it out",
        "submitted": "it waits in a batch: a run collects the answer once it is there",
    }
    return sentences[outcome.reason or outcome.status.value]
