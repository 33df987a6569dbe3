"""Makes the bytes of a result from a validated answer, its meeting and what is known of the purchase. Pure: same in, same bytes out."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC
from typing import Any

from meetcli.answers.due_dates import resolve_due_date
from meetcli.answers.evidence import Evidence, EvidenceFinder
from meetcli.answers.names import resolve_owner
from meetcli.answers.speaker_statistics import speaker_statistics
from meetcli.models import NO_KEY, Entry, Meeting, Source
from meetcli.plain_text import decimal_text

SCHEMA_VERSION = 1
POSITIVE_FROM = 0.6
NEUTRAL_FROM = 0.4


def render(entry: Entry, meeting: Meeting, source: Source) -> str:
    """Return the result as JSON text, indented, ending in a newline. `entry.answer` must be a validated answer of `entry.task`."""
    answer = json.loads(entry.answer)
    finder = EvidenceFinder(meeting)
    body = _minutes(answer, meeting, finder) if entry.task == "extract" else _sentiment(answer, meeting, finder)
    result = {
        "schema_version": SCHEMA_VERSION,
        "task": entry.task,
        "meeting_id": meeting.meeting_id,
        "customer_id": meeting.customer_id,
        "customer_name": meeting.customer_name or answer["customer_name"] or None,
        "banker_id": meeting.banker_id,
        "banker_name": meeting.banker_name or answer["banker_name"] or None,
        "meet_type": meeting.meet_type or answer["meet_type"] or None,
        "meet_date": meeting.meet_date,
        "language": answer["language"],
        "summary": answer["summary"],
        "key_points": [_claim({"text": item["text"]}, item, finder) for item in answer["key_points"]],
        "action_items": [_action_item(item, answer, meeting, finder) for item in answer["action_items"]],
        **body,
        "speaker_statistics": asdict(speaker_statistics(meeting)),
        "idempotency_key": entry.idempotency_key or NO_KEY,
        "source": source.name,
        "provenance": _provenance(entry),
    }
    return json.dumps(result, ensure_ascii=False, indent=2) + "\n"


def sentiment_label(score: float) -> str:
    """Return `positive` from 0.6, `neutral` from 0.4, else `negative`."""
    if score >= POSITIVE_FROM:
        return "positive"
    return "neutral" if score >= NEUTRAL_FROM else "negative"


def _minutes(answer: dict[str, Any], meeting: Meeting, finder: EvidenceFinder) -> dict[str, Any]:
    return {
        "topics": answer["topics"],
        "decisions": [_claim({"text": item["text"], "rationale": item["rationale"]}, item, finder) for item in answer["decisions"]],
        "open_questions": [_claim({"text": item["text"]}, item, finder) for item in answer["open_questions"]],
        "participants": answer["participants"],
    }


def _sentiment(answer: dict[str, Any], meeting: Meeting, finder: EvidenceFinder) -> dict[str, Any]:
    return {
        "sentiment_label": sentiment_label(answer["sentiment_score"]),
        "sentiment_score": answer["sentiment_score"],
        "risks": [_claim({"text": item["text"], "severity": item["severity"]}, item, finder) for item in answer["risks"]],
        "speakers": [_claim({"name": item["name"], **_scored(item)}, item, finder) for item in answer["speakers"]],
        "timeline": [
            _claim({"from_turn": first, "to_turn": last, "sentiment_score": item["sentiment_score"]}, item, finder)
            for item in answer["timeline"]
            if item["part"] <= len(meeting.stretches)
            for first, last in (meeting.stretches[item["part"] - 1],)
        ],
    }


def _scored(item: dict[str, Any]) -> dict[str, Any]:
    return {"sentiment_label": sentiment_label(item["sentiment_score"]), "sentiment_score": item["sentiment_score"]}


def _action_item(item: dict[str, Any], answer: dict[str, Any], meeting: Meeting, finder: EvidenceFinder) -> dict[str, Any]:
    due_date = resolve_due_date(item["due_text"], meeting.meet_at, answer["language"])
    fields = {
        "description": item["description"],
        "owner": resolve_owner(item["owner"], meeting, [person["name"] for person in answer.get("participants", ())]),
        "due_text": item["due_text"],
        "due_date": due_date.isoformat() if due_date else None,
        "status": item["status"],
    }
    return _claim(fields, item, finder)


def _claim(fields: dict[str, Any], item: dict[str, Any], finder: EvidenceFinder) -> dict[str, Any]:
    found = finder.find(item["quote"])
    return {**fields, "evidence": _evidence(found) if found else None}


def _evidence(found: Evidence) -> dict[str, Any]:
    return {
        "quote": found.quote,
        "turn": found.turn,
        "offset": found.offset,
        "speaker": found.speaker,
        "start_s": found.start_s,
        "score": found.score,
    }


def _provenance(entry: Entry) -> dict[str, Any]:
    return {
        "engine": entry.engine,
        "model": entry.model,
        "endpoint": entry.endpoint or None,
        "task_version": entry.task_version,
        "created_at": entry.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "input_sha256": entry.input_sha256,
        "fingerprint": entry.fingerprint.digest,
        "usage": {
            "input_tokens": entry.usage.input_tokens,
            "cached_input_tokens": entry.usage.cached_input_tokens,
            "output_tokens": entry.usage.output_tokens,
            "requests": entry.usage.requests,
        },
        "cost_usd": decimal_text(entry.cost_usd),
        "meetcli_version": entry.meetcli_version,
    }
