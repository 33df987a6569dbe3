"""What is written under which key: paid answers and failures, pointers to the latest one, paid replies, the index.

Pure: strings in, records out. Whatever cannot be used, be it cut, changed, foreign or of a newer format, loads as None,
which everybody treats as absent. Keys are made of digests and names of tasks and engines, never of text or ids.

A value is lines: a header small enough to list a hundred thousand of them, the rest of the record with a checksum over
everything else, then the payload, which may have lines of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple
from zlib import crc32

from meetcli.models import Entry, Fingerprint, Reply, Usage

FORMAT = 1

_EARLIER = 7  # fingerprints beside the latest: 4 kB a meeting at most

_SEAL_LENGTH = len(',"crc32":"00000000"}')
_decode = json.JSONDecoder().raw_decode
_UNUSABLE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
_MAYBE_TEXT = (str, type(None))
_MOST_DIGITS = 18  # of an amount, on either side of its point: sums of more overflow
_TEXTS = ("task_version", "endpoint", "input_sha256", "meetcli_version", "render_id")


class Header(NamedTuple):
    """What lists and filters read of an answer, a failure or a paid reply. `size` is the payload's, in bytes."""

    kind: str
    task: str
    engine: str
    model: str
    meeting_id: str | None
    customer_id: str | None
    created_at: datetime
    cost_usd: Decimal | None
    size: int = 0


class Pointer(NamedTuple):
    """The latest answer of one task and engine for one meeting: what tells `changed` from `miss` and names the part.

    `earlier` are the fingerprints of answers before it, the latest first: whoever goes back to one of them and then
    changes one part is told of that part.
    """

    fingerprint: Fingerprint
    created_at: datetime
    earlier: tuple[Fingerprint, ...] = ()

    def nearest(self, ours: Fingerprint) -> Fingerprint:
        """Return the fingerprint that differs from ours in the fewest parts, the latest of equals.

        Our own, where that is the latest.
        """
        others = [one for one in self.earlier if one.digest != ours.digest and self.fingerprint.digest != ours.digest]
        return min((self.fingerprint, *others), key=lambda theirs: len(theirs.parts.items() ^ ours.parts.items()))

    def followed_by(self, fingerprint: Fingerprint, created_at: datetime) -> Pointer:
        """Return the pointer to an answer that is newer."""
        others = (one for one in (self.fingerprint, *self.earlier) if one.digest != fingerprint.digest)
        return Pointer(fingerprint, created_at, tuple(islice(others, _EARLIER)))


class Indexed(NamedTuple):
    """Where raw input leads: the row of its answer, and what a run that finds its result in place has to know.

    `unsupported` and `sha256` are those of the rendered result: its claims without evidence, the digest of its bytes.
    `is_by_content` says that the meeting has no ids and its key comes from what was said.
    """

    name: str
    render_id: str
    created_at: datetime
    cost_usd: Decimal | None
    unsupported: int
    sha256: str
    is_by_content: bool = False

    @classmethod
    def of(cls, name: str, entry: Entry, *, unsupported: int, is_by_content: bool) -> Indexed:
        """Return where the input leads that `entry`, kept under `name`, was rendered for."""
        sha256 = hashlib.sha256(entry.rendered.encode()).hexdigest()
        return cls(name, entry.render_id, entry.created_at, entry.cost_usd, unsupported, sha256, is_by_content)


def answer_key(task: str, idempotency_key: str, fingerprint_digest: str) -> str:
    """Name the place of one answer."""
    return f"answer:{task}:{idempotency_key}:{fingerprint_digest}"


def failure_key(task: str, idempotency_key: str, fingerprint_digest: str) -> str:
    """Name the place of one remembered failure; apart from the answer, which a failing refresh must not take away."""
    return f"failure:{task}:{idempotency_key}:{fingerprint_digest}"


def latest_key(task: str, engine: str, idempotency_key: str) -> str:
    """Name the place of the pointer to a meeting's latest answer."""
    return f"latest:{task}:{engine}:{idempotency_key}"


def reply_key(task: str, idempotency_key: str, request_digest: str) -> str:
    """Name the place of a paid reply whose meeting is not settled yet."""
    return f"reply:{task}:{idempotency_key}:{request_digest}"


def batch_reply_key(request_digest: str) -> str:
    """Name the place of a reply that came with a batch: whoever collects it knows the request and nothing else."""
    return reply_key("batch", "", request_digest)


def place_of(name: str) -> tuple[str, str]:
    """Return (idempotency key, digest of what was asked) of the name of an answer, a failure or a reply."""
    _, idempotency_key, digest = name.rsplit(":", 2)
    return idempotency_key, digest


def index_key(digest: str) -> str:
    """Name the place of what a digest of raw input and settings leads to."""
    return f"index:{digest}"


def header_of(entry: Entry) -> Header:
    """Return what lists read of an entry, without its size."""
    return Header(
        entry.kind,
        entry.task,
        entry.engine,
        entry.model,
        entry.meeting_id,
        entry.customer_id,
        entry.created_at,
        entry.cost_usd,
    )


def dump(entry: Entry) -> str:
    """Write an entry."""
    rest = {
        "task_version": entry.task_version,
        "idempotency_key": entry.idempotency_key,
        "fingerprint": entry.fingerprint.digest,
        "parts": dict(entry.fingerprint.parts),
        "endpoint": entry.endpoint,
        "input_sha256": entry.input_sha256,
        "usage": _usage_fields(entry.usage),
        "meetcli_version": entry.meetcli_version,
        "reason": entry.reason,
        "message": entry.message,
        "render_id": entry.render_id,
        "answer_length": len(entry.answer),
    }
    return _sealed(header_of(entry), rest, entry.answer + entry.rendered)


def load(text: str) -> Entry | None:
    """Read an entry; None when it cannot be used."""
    try:
        header, rest, payload = _unsealed(text)
        cut = rest["answer_length"]
        return Entry(
            kind=_one_of(header.kind, "answer", "failure"),
            task=header.task,
            engine=header.engine,
            model=header.model,
            meeting_id=header.meeting_id,
            customer_id=header.customer_id,
            created_at=header.created_at,
            cost_usd=header.cost_usd,
            idempotency_key=rest["idempotency_key"],
            fingerprint=Fingerprint(rest["fingerprint"], _texts(rest["parts"])),
            usage=_usage(rest["usage"]),
            reason=rest["reason"],
            message=rest["message"],
            answer=payload[:cut],
            rendered=payload[cut:],
            **_texts({name: rest[name] for name in _TEXTS}),
        )
    except _UNUSABLE:
        return None


def load_at(rows: Mapping[str, str], name: str) -> Entry | None:
    """Read the entry that stands under `name`.

    None where there is none, where it cannot be used, or where it belongs under another name.
    """
    entry = load(rows.get(name, ""))
    return entry if entry is not None and place_of(name) == (entry.idempotency_key, entry.fingerprint.digest) else None


def bought_at(name: str, text: str) -> datetime | None:
    """Return when what stands under a name was bought.

    None where it cannot be used, or is of a kind that has no such time.
    """
    kind = name.partition(":")[0]
    if kind in ("answer", "failure"):
        entry = load_at({name: text}, name)
        return entry.created_at if entry else None
    if kind == "reply":
        header = load_header(text.partition("\n")[0])
        return header.created_at if header and load_reply(text, "") else None
    if kind == "latest":
        pointer = load_pointer(text)
        return pointer.created_at if pointer else None
    indexed = load_index(name, text) if kind == "index" else None
    return indexed.created_at if indexed else None


def dump_reply(reply: Reply, header: Header) -> str:
    """Write a paid reply.

    `header` says for whom it was bought, so that removing a customer reaches it; its kind is `reply`.
    """
    rest = {
        "has_text": reply.text is not None,
        "finish": reply.finish,
        "usage": _usage_fields(reply.usage),
        "latency_ms": reply.latency_ms,
        "lane": reply.lane,
        "is_collected": reply.is_collected,
    }
    return _sealed(header._replace(kind="reply"), rest, reply.text or "")


def load_reply(text: str, request_id: str) -> Reply | None:
    """Read a paid reply as the answer to a request of this run; None when it cannot be used."""
    try:
        header, rest, payload = _unsealed(text)
        _one_of(header.kind, "reply")
        return Reply(
            request_id=request_id,
            text=payload if rest["has_text"] else None,
            finish=_one_of(rest["finish"], "stop", "length", "refusal", "content_filter", "unreadable"),
            usage=_usage(rest["usage"]),
            latency_ms=float(rest["latency_ms"]),
            lane=_one_of(rest.get("lane", "standard"), "standard", "flex", "batch"),
            is_collected=rest.get("is_collected", False) is True,
        )
    except _UNUSABLE:
        return None


def load_header(first_line: str) -> Header | None:
    """Read the first line of an answer, failure or reply, as `scan` yields it; None when it cannot be used.

    The checksum is out of reach here: a header is for showing and choosing, never an answer.
    """
    try:
        fields, end = _decode(first_line)  # half of what `json.loads` takes, and lists read a hundred thousand of them
        version, kind, task, engine, model, meeting_id, customer_id, created_at, cost_usd, size = fields
        if version != FORMAT or end != len(first_line):
            return None
        if not (type(kind) is type(task) is type(engine) is type(model) is str and type(size) is int):
            return None
        if not (type(meeting_id) in _MAYBE_TEXT and type(customer_id) in _MAYBE_TEXT):
            return None
        return Header(
            kind,
            task,
            engine,
            model,
            meeting_id,
            customer_id,
            _moment(created_at),
            None if cost_usd is None else _money(cost_usd),
            size,
        )
    except _UNUSABLE:
        return None


def dump_pointer(pointer: Pointer) -> str:
    """Write a pointer, on one line."""
    return _json(
        {
            "format": FORMAT,
            "fingerprint": pointer.fingerprint.digest,
            "parts": dict(pointer.fingerprint.parts),
            "created_at": pointer.created_at.isoformat(),
            "earlier": [[one.digest, dict(one.parts)] for one in pointer.earlier],
        }
    )


def load_pointer(text: str) -> Pointer | None:
    """Read a pointer; None when it cannot be used."""
    try:
        fields = _record(text)
        earlier = tuple(Fingerprint(digest, _texts(parts)) for digest, parts in fields.get("earlier", ()))
        return Pointer(
            Fingerprint(fields["fingerprint"], _texts(fields["parts"])), _moment(fields["created_at"]), earlier
        )
    except _UNUSABLE:
        return None


def dump_index(place: str, indexed: Indexed) -> str:
    """Write which answer raw input leads to, on one line.

    The line starts with a checksum of itself and its place, because a hit may rest on this line alone.
    """
    name, render_id, created_at, cost_usd, unsupported, sha256, is_by_content = indexed
    row = _json(
        [
            FORMAT,
            name,
            render_id,
            created_at.isoformat(),
            None if cost_usd is None else str(cost_usd),
            unsupported,
            sha256,
            is_by_content,
        ]
    )
    return f"{crc32((place + row).encode()):08x}{row}"


def load_index(place: str, text: str) -> Indexed | None:
    """Read what `dump_index` wrote to this place; None when it cannot be used."""
    try:
        row = text[8:]
        if text[:8] != f"{crc32((place + row).encode()):08x}":
            return None
        version, name, render_id, created_at, cost_usd, unsupported, sha256, *later = json.loads(row)
        if version != FORMAT or len(later) > 1:
            return None
        cost_usd = None if cost_usd is None else _money(cost_usd)
        # Rows of earlier versions end before the last field; no run looks for them, but lists and upkeep read them.
        is_by_content = later == [True]
        return Indexed(name, render_id, _moment(created_at), cost_usd, unsupported, sha256, is_by_content)
    except _UNUSABLE:
        return None


def _sealed(header: Header, rest: Mapping[str, object], payload: str) -> str:
    size = len(payload.encode("utf-8", "surrogatepass"))
    first = _json(
        [
            FORMAT,
            *header[:6],
            header.created_at.isoformat(),
            None if header.cost_usd is None else str(header.cost_usd),
            size,
        ]
    )
    second = _json(rest)[:-1]
    return f"{first}\n{second}{_seal(first, second, payload)}\n{payload}"


def _unsealed(text: str) -> tuple[Header, dict[str, Any], str]:
    """Raise ValueError when a single character differs from what was written."""
    first, _, remainder = text.partition("\n")
    second, _, payload = remainder.partition("\n")
    body, seal = second[:-_SEAL_LENGTH], second[-_SEAL_LENGTH:]
    header = load_header(first)
    if header is None or seal != _seal(first, body, payload):
        raise ValueError("not an entry of this format, or damaged")
    return header, json.loads(second), payload


def _seal(first: str, second: str, payload: str) -> str:
    checksum = crc32(f"{first}\n{second}\n{payload}".encode("utf-8", "surrogatepass"))
    return f',"crc32":"{checksum:08x}"}}'


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _record(text: str) -> dict[str, Any]:
    fields = json.loads(text)
    if type(fields) is not dict or fields.get("format") != FORMAT:
        raise ValueError("not of this format")
    return fields


def _usage_fields(usage: Usage) -> list[int]:
    return [usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.requests]


def _usage(fields: list[int]) -> Usage:
    if [type(field) for field in fields] != [int, int, int, int]:
        raise TypeError("usage is four numbers")
    return Usage(*fields)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _money(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:
        raise ValueError("not an amount")
    return amount


def _texts(fields: Mapping[Any, Any]) -> dict[Any, str]:
    if any(type(field) is not str for field in fields.values()):
        raise TypeError("a field is not text")
    return dict(fields)


def _one_of(word: Any, *allowed: Any) -> Any:  # noqa: ANN401  # one of the words of a Literal
    if word not in allowed:
        raise ValueError("not one of the known words")
    return word
