"""Makes the bytes of a result from a validated answer, its meeting and what is known of the purchase.

Pure: same in, same bytes out.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date
from typing import Any

from meetcli.answers.due_dates import resolve_due_date
from meetcli.answers.evidence import EvidenceFinder
from meetcli.answers.folding import choose_language
from meetcli.answers.names import find_people, is_among, resolve_owner
from meetcli.answers.speaker_statistics import speaker_statistics
from meetcli.models import NO_KEY, Entry, Meeting, Source
from meetcli.plain_text import decimal_text

SCHEMA_VERSION = 1
POSITIVE_FROM = 0.6
NEUTRAL_FROM = 0.4


def render(entry: Entry, meeting: Meeting, source: Source, *, requires_evidence: bool = False) -> str:
    """Return the result as JSON text, indented, ending in a newline.

    `entry.answer` must be a validated answer of `entry.task`.

    A claim whose quote does not stand in the transcript is marked `"unsupported": true`; with `requires_evidence` it is
    left out.
    """
    answer = json.loads(entry.answer)
    claims = _Claims(EvidenceFinder(meeting), requires_evidence)
    result = {
        "schema_version": SCHEMA_VERSION,
        "task": entry.task,
        "meeting_id": meeting.meeting_id,
        "customer_id": meeting.customer_id,
        "customer_name": meeting.customer_name or answer.get("customer_name") or None,
        "banker_id": meeting.banker_id,
        "banker_name": meeting.banker_name or answer.get("banker_name") or None,
        "meet_type": meeting.meet_type or answer.get("meet_type") or None,
        "meet_date": meeting.meet_date,
        "language": answer["language"],
        **_body(entry.task, answer, meeting, claims),
        "idempotency_key": entry.idempotency_key or NO_KEY,
        "source": source.name,
        "provenance": _provenance(entry) | ({"coverage": answer["coverage"]} if "coverage" in answer else {}),
    }
    return json.dumps(result, ensure_ascii=False, indent=2) + "\n"


def sentiment_label(score: float) -> str:
    """Return `positive` from 0.6, `neutral` from 0.4, else `negative`."""
    if score >= POSITIVE_FROM:
        return "positive"
    return "neutral" if score >= NEUTRAL_FROM else "negative"


class _Claims:
    """Puts evidence beside what was claimed; decides what becomes of a claim without any."""

    def __init__(self, finder: EvidenceFinder, requires_evidence: bool) -> None:
        self._finder = finder
        self._requires_evidence = requires_evidence

    def of(self, items: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
        """Return the named fields of each claim with its evidence."""
        return [{**{name: item[name] for name in names}, **proof} for item in items for proof in self.proofs(item)]

    def proofs(self, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the fields that say what a claim stands on; nothing for one that is to be left out."""
        evidence = self.evidence(item["quote"])
        if evidence is not None:
            yield {"evidence": evidence}
        elif not self._requires_evidence:
            yield {"evidence": None, "unsupported": True}

    def beside(self, value: Any) -> Any:  # noqa: ANN401  # any JSON
        """Return a value of any shape in which every object with a `quote` says what that stands on.

        Left out where it stands on nothing and evidence is required: from a list; elsewhere null takes its place.
        """
        if isinstance(value, list):
            made = [(item, self.beside(item)) for item in value]
            return [beside for item, beside in made if beside is not None or item is None]
        if not isinstance(value, dict):
            return value
        fields = {name: self.beside(item) for name, item in value.items()}
        if "quote" not in value:
            return fields
        quote = value["quote"]
        proof = next(self.proofs({"quote": quote if isinstance(quote, str) else None}), None)
        return None if proof is None else {**fields, **proof}

    def evidence(self, quote: str | None, turns: Container[int] | None = None) -> dict[str, Any] | None:
        """Return where a quote stands, as results say it; only in `turns` where those are given."""
        found = self._finder.find(quote, turns)
        return asdict(found) if found else None


def _body(task: str, answer: dict[str, Any], meeting: Meeting, claims: _Claims) -> dict[str, Any]:
    """Return what a result has between its head and its purchase: a task of the user's own has its own."""
    if task not in ("extract", "analyze"):
        return {"result": claims.beside(answer["result"])}
    # A deadline is given in the words of the meeting, whatever language its minutes are in.
    spoken = choose_language(meeting.transcript) or answer["language"]
    people = find_people(meeting, [person["name"] for person in answer.get("participants", ())])
    return {
        "summary": answer["summary"],
        "key_points": claims.of(answer["key_points"], "text"),
        "action_items": [
            {**_action_item(item, people, proof, resolve_due_date(item["due_text"], meeting.meet_at, spoken)), **proof}
            for item in answer["action_items"]
            for proof in claims.proofs(item)
        ],
        **(_minutes(answer, people, claims) if task == "extract" else _sentiment(answer, meeting, people, claims)),
        "speaker_statistics": asdict(speaker_statistics(meeting)),
    }


def _minutes(answer: dict[str, Any], people: Sequence[str], claims: _Claims) -> dict[str, Any]:
    return {
        "topics": answer["topics"],
        "decisions": claims.of(answer["decisions"], "text", "rationale"),
        "open_questions": claims.of(answer["open_questions"], "text"),
        "participants": _participants(answer["participants"], people),
    }


def _participants(asked: list[dict[str, Any]], people: Sequence[str]) -> list[dict[str, Any]]:
    """Name participants as owners are named, each once: parts of a long meeting may know one by several names.

    Left out is who neither speaks nor is named anywhere in the meeting.
    """
    found: dict[str, dict[str, Any]] = {}
    for person in asked:
        if not is_among(person["name"], people):
            continue
        name = resolve_owner(person["name"], people) or person["name"]
        known = found.setdefault(name, {"name": name, "role": None, "side": None})
        known.update({field: known[field] or person[field] for field in ("role", "side")})
    return list(found.values())


def _sentiment(answer: dict[str, Any], meeting: Meeting, people: Sequence[str], claims: _Claims) -> dict[str, Any]:
    """Return the fields of a sentiment result.

    A score sums up many turns, so its quote is one example, of that speaker or stretch. A score without one is no
    unsupported claim.
    """
    spoken: dict[str | None, set[int]] = {}
    for number, turn in enumerate(meeting.turns, 1):
        spoken.setdefault(turn.speaker, set()).add(number)
    speakers = [(resolve_owner(item["name"], people) or item["name"], item) for item in answer["speakers"]]
    return {
        "sentiment_label": sentiment_label(answer["sentiment_score"]),
        "sentiment_score": answer["sentiment_score"],
        "risks": claims.of(answer["risks"], "text", "severity"),
        "speakers": [
            {"name": name, **_scored(item), "evidence": claims.evidence(item["quote"], spoken.get(name))}
            for name, item in speakers
        ],
        "timeline": [
            {
                "from_turn": first,
                "to_turn": last,
                "sentiment_score": item["sentiment_score"],
                "evidence": claims.evidence(item["quote"], range(first, last + 1)),
            }
            for item in answer["timeline"]
            if item["part"] <= len(meeting.stretches)
            for first, last in (meeting.stretches[item["part"] - 1],)
        ],
    }


def _scored(item: dict[str, Any]) -> dict[str, Any]:
    return {"sentiment_label": sentiment_label(item["sentiment_score"]), "sentiment_score": item["sentiment_score"]}


def _action_item(
    item: dict[str, Any], people: Sequence[str], proof: dict[str, Any], due_date: date | None
) -> dict[str, Any]:
    evidence = proof["evidence"]
    return {
        "description": item["description"],
        "owner": resolve_owner(item["owner"], people, speaking=evidence["speaker"] if evidence else None),
        "due_text": item["due_text"],
        "due_date": due_date.isoformat() if due_date else None,
        "status": item["status"],
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
