"""What the cache remembers of batches: a row a batch, a header line and then a line a request; replies as every paid
reply.

Pure but for the cache it is given. A row that cannot be read is as good as absent: the server's own list still knows
the batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from meetcli.cache import Cache
from meetcli.cache.entry import Header, batch_reply_key, dump_reply, load_reply
from meetcli.cache.forgiving import ForgivingCache
from meetcli.errors import RunStopped
from meetcli.models import BatchLine, Reply, Submission

MOST_BATCHES = 10_000
REPLIES_A_WRITE = 200
LATEST = "latest-batch"
TIMES = ("created_at", "lost_since")


class CachedBatches:
    """A `BatchBook` in the cache."""

    def __init__(self, cache: ForgivingCache, engine: str) -> None:
        self._cache = cache
        self._engine = engine

    def submissions(self) -> list[Submission]:
        """Return every batch that is remembered, oldest first."""
        rows = self._cache.first("batch:", MOST_BATCHES)
        found = [submission for _, line in rows if (submission := _load(line)) is not None]
        return sorted(found, key=lambda submission: submission.created_at)

    def latest(self) -> str:
        """Return a token that changes when any process records a batch or learns its id."""
        return self._cache.get_many([LATEST]).get(LATEST, "")

    def members(self, submission: Submission) -> list[BatchLine]:
        """Return the requests of a batch; of one that is collected, those that were refused in it."""
        name = _key(submission)
        lines = self._cache.get_many([name]).get(name, "").split("\n")[1:]
        return [member for line in lines if (member := _member(line)) is not None]

    def write(self, submission: Submission, members: Sequence[BatchLine] | None = None) -> None:
        """Remember a batch, with new members or with those it had."""
        lines = [
            _dump(submission),
            *(json.dumps(member) for member in (self.members(submission) if members is None else members)),
        ]
        rows = {_key(submission): "\n".join(lines)}
        is_learned = submission.state in ("submitted", "unread") and submission.lost_since is None
        if submission.state == "intended" or is_learned:
            rows[LATEST] = f"{submission.state} {submission.digest}"
        self._set(rows)

    def forget(self, submission: Submission) -> None:
        """Forget a batch that never came to be."""
        self._cache.remove([_key(submission)])

    def keep(self, submission: Submission, replies: Iterable[tuple[BatchLine, Reply]], now: datetime) -> None:
        """Keep paid replies until their meetings are settled."""
        left = iter(replies)
        while some := list(islice(left, REPLIES_A_WRITE)):
            rows = {}
            for member, reply in some:
                who = (member.meeting_id, member.customer_id)
                header = Header("reply", member.task, self._engine, submission.model, *who, now, None)
                rows[batch_reply_key(member.digest)] = dump_reply(reply, header)
            self._set(rows)

    def reply(self, digest: str, request_id: str) -> Reply | None:
        """Return the kept reply to a request."""
        text = self._cache.get_many([batch_reply_key(digest)]).get(batch_reply_key(digest))
        return None if text is None else load_reply(text, request_id)

    def _set(self, rows: dict[str, str]) -> None:
        if not self._cache.set(rows):
            raise RunStopped(
                "the cache cannot be written, and without it a batch would be paid twice",
                hint="make room in the cache folder",
            )


def forget_members(cache: Cache, is_doomed: Callable[[BatchLine], bool]) -> int:
    """Take requests out of every remembered batch; return how many.

    Replies that are still to come for them are nobody's then, and not kept.
    What cannot be read may be about anybody and is of no use: it goes too.
    """
    names = [name for name, _ in cache.scan("batch:")]
    forgotten = 0
    for name, text in cache.get_many(names).items():
        head, *lines = text.split("\n")
        kept = [line for line in lines if (member := _member(line)) is not None and not is_doomed(member)]
        if len(kept) < len(lines):
            cache.set({name: "\n".join((head, *kept))})
            forgotten += len(lines) - len(kept)
    return forgotten


def _key(submission: Submission) -> str:
    return f"batch:{submission.digest}"


def _dump(submission: Submission) -> str:
    times = {name: value.isoformat() for name, value in submission._asdict().items() if isinstance(value, datetime)}
    return json.dumps({**submission._asdict(), **times})


def _load(line: str) -> Submission | None:
    try:
        fields = json.loads(line)
        times = {name: datetime.fromisoformat(fields[name]) for name in TIMES if fields.get(name)}
        return Submission(**{name: fields[name] for name in Submission._fields if name in fields} | times)
    except (ValueError, TypeError, LookupError):
        return None


def _member(line: str) -> BatchLine | None:
    try:
        return BatchLine(*json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
