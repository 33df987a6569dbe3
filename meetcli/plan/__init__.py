"""The half of the corridor that spends nothing: read .. look up. Hits and failures leave at once; misses become jobs.

Never parses an input whose bytes the index knows, never holds more transcripts than one batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from meetcli import events
from meetcli.answers import count_unsupported
from meetcli.cache.entry import Indexed, Pointer, answer_key, dump, dump_index, index_key, place_of
from meetcli.cache.forgiving import ForgivingCache
from meetcli.delivery import failed, give_up
from meetcli.errors import InputError
from meetcli.keys import changed_part, fingerprint, idempotency_key, index_digest, index_prefix, render_id
from meetcli.meetings.missing_ids import missing_ids
from meetcli.meetings.normalize import normalize
from meetcli.models import Assignment, Entry, Fingerprint, Job, Meeting, Outcome, Plan, Rules, Source, Status
from meetcli.plan.look_up import Known, LookUp
from meetcli.plan.notes import PlanNotes
from meetcli.plan.ports import PlanPorts
from meetcli.plan.units import batched_units
from meetcli.readers import READERS_VERSION, Unit, parse
from meetcli.tasks.prompt import told_metadata


def plan(
    inputs: Iterable[Source | Outcome],
    *,
    assignment: Assignment,
    rules: Rules,
    cache: ForgivingCache | None,
    ports: PlanPorts,
) -> Plan:
    """Settle every meeting that needs no call and return the rest as jobs, in the order of the inputs.

    `cache` None plans without one: nothing is looked up, everything is called. Raises `UsageError`
    where two inputs would write the same result; nothing has been called then.
    """
    planner = _Planner(assignment, rules, cache, ports)
    for batch in batched_units(inputs, rules.max_bytes, ports):
        planner.settle(batch)
    return planner.finish()


class _Candidate(NamedTuple):
    """One meeting on its way through the plan; lives as long as its batch of inputs.

    `index_name` is None where its file holds other meetings too.
    """

    source: Source
    input_sha256: str
    meeting: Meeting
    key: str | None
    fingerprint: Fingerprint
    index_name: str | None

    @property
    def is_by_content(self) -> bool:
        """Whether its key comes from what was said."""
        return self.key is not None and bool(missing_ids(self.meeting))


class _Planner:
    def __init__(self, assignment: Assignment, rules: Rules, cache: ForgivingCache | None, ports: PlanPorts) -> None:
        self._assignment = assignment
        self._task = assignment.task.name
        self._rules = rules
        self._cache = cache
        self._look_up = (
            None if cache is None else LookUp(cache, self._task, assignment.identity.engine, rules=rules, now=ports.now)
        )
        self._deliver = ports.deliver
        self._find = ports.find
        self._jobs: dict[object, Job] = {}
        self._notes = PlanNotes(self._task, ports.content_keys)
        self._size = cache.size() if cache else None
        fallback = "content" if rules.is_key_from_content else "none"
        self._prefix = index_prefix(
            self._task,
            assignment.parts,
            render_version=assignment.render_version,
            key_fallback=fallback,
            readers_version=READERS_VERSION,
        )

    def settle(self, units: list[Unit]) -> None:
        names = [index_digest(self._prefix, unit.sha256, unit.source.name, unit.source.given) for unit in units]
        look_up = None if self._rules.is_refresh else self._look_up
        indexed = look_up.indexed(names) if look_up else {}
        unsettled = [
            pair
            for pair in zip(units, names, strict=True)
            if not self._is_in_place(pair[0].source, indexed.get(pair[1]))
        ]
        left = {name: indexed[name] for _, name in unsettled if name in indexed}
        answered = look_up.rendered(left) if look_up and left else {}
        candidates: list[_Candidate] = []
        for unit, name in unsettled:
            entry = answered.get(name)
            if entry is None:
                candidates.extend(self._candidates(unit, name))
            else:
                self._notes.reserve_result(unit.source)
                if indexed[name].is_by_content and entry.idempotency_key is not None:
                    self._notes.content_keys.add(entry.idempotency_key)
                self._hit(unit.source, entry, entry.rendered)
        known = (
            look_up.known((one.key, one.fingerprint.digest) for one in candidates if one.key is not None)
            if look_up
            else {}
        )
        learned: dict[str, str] = {}
        for candidate in candidates:
            self._decide(candidate, known.get((candidate.key or "", candidate.fingerprint.digest), Known()), learned)
        if learned and self._cache:
            self._cache.set(learned)

    def finish(self) -> Plan:
        jobs = list(self._jobs.values())
        if self._rules.limit is not None:
            give_up(jobs[self._rules.limit :], "limit", self._deliver)
            del jobs[self._rules.limit :]
        conflicts = self._notes.conflicts({job.idempotency_key for job in jobs})
        return Plan(jobs, conflicts, self._notes.without_ids, self._notes.misspelled, self._notes.doubts)

    # From units to candidates

    def _candidates(self, unit: Unit, index_name: str) -> Iterator[_Candidate]:
        found = parse(unit)
        for transcript in found:
            if isinstance(transcript, Outcome):
                self._deliver(transcript, None)
                continue
            source = transcript.source
            self._notes.reserve_result(source)
            self._notes.note_fields(transcript)
            try:
                meeting = normalize(transcript.mapping)
            except InputError as error:
                self._deliver(failed(source, error), None)
                continue
            key = idempotency_key(meeting, fallback_to_content=self._rules.is_key_from_content)
            self._notes.note_ids(meeting, source, key)
            asked = fingerprint(meeting, told_metadata(meeting), self._assignment.parts)
            # What an index row stands for must follow from the bytes and what is given: not from a place in them, nor
            # from being named.
            is_whole = len(found) == 1 and source == unit.source and not transcript.is_by_naming
            yield _Candidate(source, unit.sha256, meeting, key, asked, index_name if is_whole else None)

    def _is_in_place(self, source: Source, indexed: Indexed | None) -> bool:
        """Settle the hit whose result is in place, without a look at its answer."""
        if indexed is None:
            return False
        path = self._find(source, indexed.sha256)
        if path is None:
            return False
        key, digest = place_of(indexed.name)
        if indexed.is_by_content:
            self._notes.content_keys.add(key)
        self._notes.reserve_result(source)
        self._notes.reserve_key(key, digest, source)
        self._log_hit(key, indexed)
        hit = Outcome(source, Status.HIT, None, key, path, saved_usd=indexed.cost_usd, unsupported=indexed.unsupported)
        self._deliver(hit, None)
        return True

    # Deciding: the statuses in the contract's order

    def _decide(self, candidate: _Candidate, known: Known, learned: dict[str, str]) -> None:
        key, look_up, answer = candidate.key, self._look_up, known.answer
        if key is None or self._cache is None or look_up is None:
            self._call(candidate, Status.BYPASSED, "no_key" if key is None else "no_cache")
            return
        if self._rules.is_refresh:
            self._call(candidate, Status.REFRESHED)
            return
        if answer is not None and look_up.is_fresh(answer.created_at):
            self._answered(candidate, answer, learned)
            return
        if (
            known.failure is not None
            and look_up.is_fresh(known.failure.created_at)
            and not self._rules.is_failed_retried
        ):
            self._known_failure(candidate, known.failure)
            return
        if answer is not None:
            events.cache_expired(
                key, age_s=look_up.age_s(answer.created_at), cache_size=self._size, backend=self._cache.backend
            )
            self._call(candidate, Status.EXPIRED, worth_usd=answer.cost_usd)
            return
        if known.asked is not None and known.asked.fingerprint.digest != candidate.fingerprint.digest:
            self._changed(candidate, key, known.asked)
            return
        events.cache_miss(key, cache_size=self._size, backend=self._cache.backend)
        self._call(candidate, Status.MISS)

    def _answered(self, candidate: _Candidate, entry: Entry, learned: dict[str, str]) -> None:
        name = answer_key(self._task, candidate.key or "", candidate.fingerprint.digest)
        rendering = render_id(candidate.meeting, candidate.source, self._assignment.render_version)
        text = entry.rendered
        if entry.render_id != rendering:
            text = self._render(entry, candidate)
            if entry.render_id.partition("-")[0] != self._assignment.render_version:
                entry = entry._replace(render_id=rendering, rendered=text)
                learned[name] = dump(entry)
        if candidate.index_name is not None and entry.render_id == rendering:
            place = index_key(candidate.index_name)
            unsupported, is_by_content = count_unsupported(text), candidate.is_by_content
            indexed = Indexed.of(name, entry, unsupported=unsupported, is_by_content=is_by_content)
            learned[place] = dump_index(place, indexed)
        self._hit(candidate.source, entry, text)

    def _changed(self, candidate: _Candidate, key: str, asked: Pointer) -> None:
        assert self._cache and self._look_up  # noqa: S101, PT018  # what was asked came from them
        part = changed_part(candidate.fingerprint.parts, asked.nearest(candidate.fingerprint).parts)
        if self._rules.on_change == "keep":
            entry = self._look_up.answer(key, asked.fingerprint.digest)
            if entry is not None:
                self._hit(candidate.source, entry, self._render(entry, candidate), reason="kept")
                return
        events.cache_changed(key, part=part, cache_size=self._size, backend=self._cache.backend)
        if self._rules.on_change == "fail":
            error = f"the cache knows this meeting with another {part}"
            hint = "--on-change reprocess asks again, --on-change keep takes the answer that is there"
            self._deliver(Outcome(candidate.source, Status.FAILED, "changed", key, error=error, hint=hint), None)
            return
        self._call(candidate, Status.CHANGED, part)

    def _known_failure(self, candidate: _Candidate, entry: Entry) -> None:
        error = f"{entry.message or entry.reason} (remembered from {entry.created_at:%Y-%m-%d %H:%M} UTC)"
        hint = "it was paid for and would come again; --retry-failed asks again all the same"
        self._deliver(
            Outcome(candidate.source, Status.FAILED, "known_failure", candidate.key, error=error, hint=hint), None
        )

    def _hit(self, source: Source, entry: Entry, text: str, reason: str | None = None) -> None:
        assert entry.idempotency_key  # noqa: S101  # it came from the cache
        self._log_hit(entry.idempotency_key, entry)
        self._notes.reserve_key(entry.idempotency_key, entry.fingerprint.digest, source)
        self._deliver(Outcome(source, Status.HIT, reason, entry.idempotency_key, saved_usd=entry.cost_usd), text)

    def _call(
        self, candidate: _Candidate, status: Status, reason: str | None = None, worth_usd: Decimal | None = None
    ) -> None:
        """Make the candidate a job, or a twin of the job that asks the same about the same meeting."""
        self._notes.note_doubts(candidate.meeting, candidate.source)
        if candidate.key is not None:
            self._notes.reserve_key(candidate.key, candidate.fingerprint.digest, candidate.source)
            twin = self._jobs.get((candidate.key, candidate.fingerprint.digest))
            if twin is not None:
                twin.twins.append((candidate.source, candidate.input_sha256))
                return
        job = Job(
            candidate.source,
            candidate.input_sha256,
            candidate.key,
            candidate.fingerprint,
            status,
            [],
            reason,
            is_kept=candidate.key is not None and self._cache is not None,
            index_name=candidate.index_name,
            worth_usd=worth_usd,
            is_by_content=candidate.is_by_content,
        )
        self._jobs[candidate.source if candidate.key is None else (candidate.key, candidate.fingerprint.digest)] = job

    def _log_hit(self, key: str, answer: Entry | Indexed) -> None:
        assert self._cache and self._look_up  # noqa: S101, PT018  # the answer came from them
        events.cache_hit(
            key, age_s=self._look_up.age_s(answer.created_at), cache_size=self._size, backend=self._cache.backend
        )

    def _render(self, entry: Entry, candidate: _Candidate) -> str:
        from meetcli.answers.render import render  # an ordinary hit never renders, and pays for no import

        return render(entry, candidate.meeting, candidate.source, requires_evidence=self._assignment.requires_evidence)
