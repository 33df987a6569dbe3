"""The one definition of "the same meeting" (idempotency key) and "the same answer" (fingerprint). Pure; cannot fail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from meetcli.meetings.normalize import canonical_text
from meetcli.models import EngineIdentity, Fingerprint, Meeting, Source

CONTENT_KEY_PREFIX = b"meetcli-content-1\0"


def idempotency_key(meeting: Meeting, *, fallback_to_content: bool = False) -> str | None:
    """Return the key of a meeting, 64 hex digits, or None where an id is missing and there is no fallback.

    SHA-256 of `meeting_id + meet_date.isoformat() + customer_id`, UTF-8, no separator: the keys of the service meetcli
    continues. Two meetings can collide ("a1" + "1" and "a" + "11" around equal dates); the fingerprint keeps their
    answers apart.
    """
    if meeting.meeting_id is not None and meeting.meet_at is not None and meeting.customer_id is not None:
        return _sha256((meeting.meeting_id + meeting.meet_at.isoformat() + meeting.customer_id).encode())
    if fallback_to_content:
        return _sha256(CONTENT_KEY_PREFIX + canonical_text(meeting.transcript).encode())
    return None


def asked_parts(
    *, instructions: str, schema_sha256: str, temperature: float, identity: EngineIdentity, language: str
) -> dict[str, str]:
    """Return the parts of the fingerprint that are the same for every meeting of a run, by name, each a short digest.

    They are everything that is sent besides the meeting: the intended request, before anything a server forces.
    Transport, lane, output cap and prices are no part of it: they never change what the answer should be.
    """
    return {
        "instructions": _short(instructions),
        "schema": schema_sha256[:32],
        "engine": _short(f"{identity.engine}\0{identity.algorithm}"),
        "model": _short(identity.model),
        "endpoint": _short(identity.endpoint),
        "sampling": _short(f"temperature={temperature}"),
        "language": _short(language),
    }


def fingerprint(meeting: Meeting, told_metadata: Mapping[str, str | None], asked: Mapping[str, str]) -> Fingerprint:
    """Return what exactly would be asked about a meeting.

    That is its content and the metadata that is told, joined with the run's `asked_parts`.
    """
    parts = {
        "content": _short(canonical_text(meeting.transcript)),
        "metadata": _short(_canonical(told_metadata)),
        **asked,
    }
    return Fingerprint(_sha256(_canonical(parts).encode()), parts)


def changed_part(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """Return the names of the parts in which two fingerprints differ, comma-separated, in the order of ours."""
    return ",".join(
        name for name in (*ours, *(name for name in theirs if name not in ours)) if ours.get(name) != theirs.get(name)
    )


def render_id(meeting: Meeting, source: Source, render_version: str) -> str:
    """Return the renderer's version and a digest of what else a rendered result depends on besides the answer.

    That is the result's own head, the text as given (evidence carries offsets into it, line ends included) and the
    times of its turns.
    """
    head = [
        source.name,
        meeting.meeting_id,
        meeting.customer_id,
        meeting.customer_name,
        meeting.banker_id,
        meeting.banker_name,
        meeting.meet_type,
        meeting.meet_date,
    ]
    digest = hashlib.sha256(json.dumps(head).encode())
    digest.update(meeting.transcript.encode())
    if any(turn.start_s is not None for turn in meeting.turns):
        digest.update(json.dumps([turn.start_s for turn in meeting.turns]).encode())
    return f"{render_version}-{digest.hexdigest()[:32]}"


def request_digest(
    key: str | None, fingerprint_digest: str, max_output_tokens: int, follow_up: tuple[tuple[str, str], ...] = ()
) -> str:
    """Return the name of one request across runs.

    It covers which meeting, what is asked, the output cap, and what follows a first answer.
    """
    return _sha256(json.dumps([key, fingerprint_digest, max_output_tokens, follow_up]).encode())


def question_digest(asked: Mapping[str, str], messages: Iterable[tuple[str, str]], schema: Mapping[str, object]) -> str:
    """Return the name of a question about one chunk of a long meeting, or about all chunks' answers.

    It covers all that is sent and to whom. The rest of the meeting is no part of it, so that an edit elsewhere leaves
    it.
    """
    return _sha256(json.dumps([dict(asked), list(messages), schema]).encode())


def index_prefix(
    task: str, asked: Mapping[str, str], *, render_version: str, key_fallback: str, readers_version: int
) -> str:
    """Return the digest of all but the input on which the result of given bytes depends; computed once a run."""
    return _sha256(json.dumps([task, dict(asked), render_version, key_fallback, readers_version]).encode())


def index_digest(prefix: str, input_sha256: str, source_name: str, given: tuple[tuple[str, str], ...] = ()) -> str:
    """Return the name under which the settled result of a raw input is found without parsing it.

    `given` is what is known about the meeting from outside its bytes, as from a sidecar: a stale hit otherwise.
    """
    outside = f"\0{json.dumps(given)}" if given else ""
    return _sha256(f"{prefix}{input_sha256}{source_name}{outside}".encode())


def _canonical(mapping: Mapping[str, str | None]) -> str:
    return json.dumps(mapping, sort_keys=True, separators=(",", ":"))


def _short(text: str) -> str:
    # 128 bits: the digest over all parts decides what is the same answer, so no part may collide by chance or by work.
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
