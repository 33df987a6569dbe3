"""What a run holds and writes in the cache while it spends: leases, paid replies, answers, failures.

Never calls, never judges.

A lease is taken before a meeting is bought, so that two runs at once pay once. It fences the save of a run that was
suspended past its lease, not the call that run had already made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from meetcli import events
from meetcli.answers import count_unsupported
from meetcli.cache.entry import (
    Indexed,
    Pointer,
    answer_key,
    batch_reply_key,
    dump,
    dump_index,
    dump_pointer,
    dump_reply,
    failure_key,
    header_of,
    index_key,
    latest_key,
    load_at,
    load_header,
    load_pointer,
    load_reply,
    reply_key,
)
from meetcli.cache.forgiving import ForgivingCache
from meetcli.cache.leases import Leases
from meetcli.errors import CacheError
from meetcli.models import CLOCKS_DIFFER_S, Entry, Job, Reply, Rules, Usage

_CLOCKS_DIFFER = timedelta(seconds=CLOCKS_DIFFER_S)


class Ledger:
    """The cache of one run and its leases; either may be missing, and then nothing is kept, or nothing is fenced.

    `started_at` is when the run began: what was bought since then is an answer to it whatever its rules. `warn` takes
    the first trouble with the leases; the run goes on without them.
    """

    def __init__(
        self,
        task: str,
        cache: ForgivingCache | None = None,
        leases: Leases | None = None,
        *,
        rules: Rules,
        started_at: datetime,
        warn: Callable[[CacheError], None],
    ) -> None:
        self._task = task
        self._cache = cache
        self._leases = leases
        self._rules = rules
        self._started_at = started_at
        self._warn = warn
        self._unwritten: dict[str, str] = {}

    # Single flight

    def acquire(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the jobs that are ours to buy: those without a key, and those whose lease nobody else holds."""
        if self._leases is None:
            return list(jobs)
        try:
            ours = self._leases.acquire([self._answer_key(job) for job in jobs if job.is_kept])
        except CacheError as error:
            self._lose_leases(error)
            return list(jobs)
        return [job for job in jobs if not job.is_kept or self._answer_key(job) in ours]

    def bought_meanwhile(self, jobs: Iterable[Job], now: datetime) -> list[tuple[Job, Entry]]:
        """Return the jobs that another process has settled since the plan was made, each with its answer or failure."""
        if self._cache is None or self._leases is None:
            return []
        kept = [job for job in jobs if job.is_kept]
        rows = self._cache.get_many(name for job in kept for name in (self._answer_key(job), self._failure_key(job)))
        found: list[tuple[Job, Entry]] = []
        for job in kept:
            answer = load_at(rows, self._answer_key(job))
            failure = load_at(rows, self._failure_key(job))
            if answer is not None and self._settles(answer, now, is_asked_anew=self._rules.is_refresh):
                found.append((job, answer))
            elif failure is not None and self._settles(
                failure, now, is_asked_anew=self._rules.is_refresh or self._rules.is_failed_retried
            ):
                found.append((job, failure))
        return found

    def release(self, job: Job) -> None:
        """Give a job's lease back: it is settled, or will not be in this run."""
        if self._leases is not None and job.is_kept:
            try:
                self._leases.release([self._answer_key(job)])
            except CacheError as error:
                self._lose_leases(error)

    def renew(self) -> None:
        """Make every lease last from now on."""
        if self._leases is not None:
            try:
                self._leases.renew()
            except CacheError as error:
                self._lose_leases(error)

    @property
    def has_leases(self) -> bool:
        """Whether jobs may have to wait for somebody else."""
        return self._leases is not None

    # Paid replies of meetings that are not settled

    def kept_reply(self, job: Job, digest: str, request_id: str) -> Reply | None:
        """Return the reply to a request that an interrupted run has paid for, if there is one."""
        if self._cache is None:
            return None
        self._flush()
        names = self._reply_keys(job, digest)
        rows = self._cache.get_many(names)
        return next(
            (reply for name in names if (reply := load_reply(rows.get(name, ""), request_id)) is not None), None
        )

    def keep_reply(self, job: Job, digest: str, reply: Reply, bought: Entry) -> None:
        """Keep a paid reply until its meeting is settled; `bought` says for whom it was bought."""
        self.keep_arrived(job, digest, reply, bought)
        self._flush()

    def keep_arrived(self, job: Job, digest: str, reply: Reply, bought: Entry) -> None:
        """Keep a paid reply as `keep_reply` does, with the next `write`."""
        if self._cache is not None and (job.is_kept or reply.lane == "batch"):
            self._unwritten[self._reply_keys(job, digest)[0]] = dump_reply(reply, header_of(bought))

    def write(self) -> None:
        """Write the replies that were kept since, a moment's in one transaction."""
        self._flush()

    def _flush(self) -> None:
        if self._cache is not None and self._unwritten:
            rows, self._unwritten = self._unwritten, {}
            self._cache.set(rows)

    def forget_reply(self, job: Job, digest: str) -> None:
        """Forget a reply that is of no use, so that its request is asked again."""
        self._forget_replies(job, [digest])

    # Long meetings: each answer about a chunk is kept by itself, so that an edit buys its neighborhood only

    def kept_answer(self, job: Job, name: str, request_id: str, now: datetime) -> Reply | None:
        """Return the validated answer of this name, None where there is none or it is too old.

        Its usage is empty where a meeting was settled with it before.
        """
        text = self._reply_row(job, name)
        header, reply = load_header(text.partition("\n")[0]), load_reply(text, request_id)
        if header is None or reply is None:
            return None
        is_refused = (
            reply.usage == Usage() and self._rules.is_refresh and not self._is_of_this_time(header.created_at, now)
        )
        return reply if self._rules.is_fresh(header.created_at, now) and not is_refused else None

    def known_anchors(self, job: Job, cut: str) -> list[str]:
        """Return the anchors of the chunks that this meeting was last cut into.

        `cut` names what is asked of all its chunks alike.
        """
        kept = load_reply(self._reply_row(job, cut), "")
        return (kept.text or "").split() if kept else []

    def keep_anchors(self, job: Job, cut: str, anchors: Iterable[str], bought: Entry) -> None:
        """Keep the anchors of this meeting's chunks.

        This is done before the first chunk is bought, for a run that is killed after some are.
        """
        self.settle_answers(job, {cut: " ".join(anchors)}, bought)

    def settle_answers(self, job: Job, answers: Mapping[str, str], bought: Entry) -> None:
        """Keep answers about chunks, by name, beyond the meeting that they were bought for, as paid for."""
        if self._cache is not None and job.is_kept:
            header = header_of(bought)._replace(cost_usd=Decimal(0))
            self._cache.set(
                {self._reply_keys(job, name)[0]: dump_reply(Reply("", text), header) for name, text in answers.items()}
            )

    def _reply_row(self, job: Job, digest: str) -> str:
        if self._cache is None or not job.is_kept:
            return ""
        name = self._reply_keys(job, digest)[0]
        return self._cache.get_many([name]).get(name, "")

    # What settles a meeting

    def save(self, job: Job, entry: Entry, kept: Sequence[str], now: datetime) -> Entry:
        """Save a paid answer and return the answer that counts.

        That is somebody else's where our lease was lost and they saved first. `kept` names the requests whose replies
        were kept for this answer.
        """
        if self._cache is None or not job.is_kept:
            self._forget_replies(job, kept)
            return entry
        if self._leases is not None and not self.acquire([job]):
            for _, theirs in self.bought_meanwhile([job], now):
                if theirs.kind == "answer":
                    return theirs
        assert job.idempotency_key is not None  # noqa: S101  # only keyed meetings are kept
        name, latest = self._answer_key(job), latest_key(self._task, entry.engine, job.idempotency_key)
        before = load_pointer(self._cache.get_many([latest]).get(latest, ""))
        asked = job.fingerprint, entry.created_at
        rows = {name: dump(entry), latest: dump_pointer(before.followed_by(*asked) if before else Pointer(*asked))}
        if job.index_name is not None:
            place = index_key(job.index_name)
            unsupported = count_unsupported(entry.rendered)
            indexed = Indexed.of(name, entry, unsupported=unsupported, is_by_content=job.is_by_content)
            rows[place] = dump_index(place, indexed)
        if self._cache.set(rows, outlived=self._outlived(job, kept)):
            size = self._cache.size() if events.LOGGER.isEnabledFor(logging.INFO) else None
            events.cache_save(
                job.idempotency_key, ttl_s=self._rules.ttl_s, cache_size=size, backend=self._cache.backend
            )
        return entry

    def remember_failure(self, job: Job, entry: Entry, kept: Sequence[str]) -> None:
        """Save a failure that was paid for and would come again."""
        if self._cache is not None and job.is_kept:
            self._cache.set({self._failure_key(job): dump(entry)}, outlived=self._outlived(job, kept))

    def _forget_replies(self, job: Job, digests: Sequence[str]) -> None:
        if self._cache is not None and digests:
            self._cache.remove(self._outlived(job, digests))

    def _outlived(self, job: Job, digests: Sequence[str]) -> list[str]:
        """Name the rows of kept replies that are of no use any more; those not yet written will not be."""
        names = [name for digest in digests for name in self._reply_keys(job, digest)]
        for name in names:
            self._unwritten.pop(name, None)
        return names

    def _settles(self, entry: Entry, now: datetime, *, is_asked_anew: bool) -> bool:
        return self._is_of_this_time(entry.created_at, now) or (
            self._rules.is_fresh(entry.created_at, now) and not is_asked_anew
        )

    def _is_of_this_time(self, created_at: datetime, now: datetime) -> bool:
        """Say whether something was bought since the run began.

        What seems to come from the future was bought before a clock was set back.
        """
        return self._started_at <= created_at <= now + _CLOCKS_DIFFER

    def _answer_key(self, job: Job) -> str:
        return answer_key(self._task, job.idempotency_key or "", job.fingerprint.digest)

    def _failure_key(self, job: Job) -> str:
        return failure_key(self._task, job.idempotency_key or "", job.fingerprint.digest)

    def _reply_keys(self, job: Job, digest: str) -> list[str]:
        """Return the keys under which a paid reply may be kept.

        The first is the meeting's own, where it has one. The other is that of replies that came with a batch.
        """
        own = [reply_key(self._task, job.idempotency_key or "", digest)] if job.is_kept else []
        return [*own, batch_reply_key(digest)]

    def _lose_leases(self, error: CacheError) -> None:
        self._leases = None
        self._warn(error)
