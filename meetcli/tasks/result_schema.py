"""The JSON Schema of a task's result file, for whoever reads results with a program.

Pure; a test holds real results against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meetcli.models import Task

_TEXT: Mapping[str, Any] = {"type": "string"}
_TEXT_OR_NULL: Mapping[str, Any] = {"type": ["string", "null"]}
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_PLACE: Mapping[str, Any] = {"type": "integer", "minimum": 1}
_SCORE: Mapping[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
_SENTIMENT: Mapping[str, Any] = {"enum": ["positive", "neutral", "negative"]}
_EVIDENCE: Mapping[str, Any] = {"anyOf": [{"$ref": "#/$defs/evidence"}, {"type": "null"}]}
_HEAD = ("meeting_id", "customer_id", "customer_name", "banker_id", "banker_name", "meet_type", "meet_date")
_OF_OBJECTS = frozenset({"properties", "$ref", "anyOf", "oneOf", "allOf"})


def result_schema(task: Task) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what `task` writes for one meeting."""
    own = {"extract": _extract, "analyze": _analyze}.get(task.name)
    body = {"result": {"$ref": "#/$defs/result"}} if own is None else _minutes() | own()
    properties = {
        "schema_version": {"const": 1},
        "task": {"const": task.name},
        **dict.fromkeys(_HEAD, _TEXT_OR_NULL),
        "language": _TEXT,
        **body,
        "idempotency_key": {"type": "string", "pattern": "^([0-9a-f]{64}|no-idempotency-key-available)$"},
        "source": _TEXT,
        "provenance": _provenance(),
    }
    definitions = {"evidence": _evidence()}
    if own is None:
        definitions["result"] = with_evidence(task.result_schema or {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"meetcli {task.name}",
        **_object(properties),
        "$defs": definitions,
    }


def with_evidence(schema: Any) -> Any:  # noqa: ANN401  # any part of a schema
    """Return a user's schema as a result has it, with `evidence` beside every `quote`.

    Where there is no evidence, `unsupported` stands there too. What is unsupported may be null: it is left out where
    evidence is required, and a list of objects may then be shorter than asked for.
    """
    if isinstance(schema, list):
        return [with_evidence(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for name, item in schema.items():
        if name in ("$schema", "$id"):
            continue
        if name in ("properties", "$defs", "definitions") and isinstance(item, Mapping):
            made[name] = {inner: with_evidence(value) for inner, value in item.items()}
        elif name == "$ref" and isinstance(item, str):
            made[name] = item.replace("#", "#/$defs/result", 1)
        else:
            made[name] = item if name in ("enum", "const", "required", "default", "examples") else with_evidence(item)
    if isinstance(made.get("items"), dict) and made["items"].keys() & _OF_OBJECTS:
        made = {
            name: item
            for name, item in made.items()
            if name not in ("minItems", "contains", "minContains", "maxContains")
        }
    if isinstance(made.get("properties"), dict) and "quote" in made["properties"]:
        made = {name: item for name, item in made.items() if name not in ("maxProperties", "propertyNames")}
        made["properties"] |= {"evidence": _EVIDENCE, "unsupported": {"const": True}}
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _minutes() -> dict[str, Any]:
    action = {
        "description": _TEXT,
        "owner": _TEXT_OR_NULL,
        "due_text": _TEXT_OR_NULL,
        "due_date": {"type": ["string", "null"], "format": "date"},
        "status": {"enum": ["agreed", "tentative"]},
    }
    return {"summary": _TEXT, "key_points": _claims({"text": _TEXT}), "action_items": _claims(action)}


def _extract() -> dict[str, Any]:
    participant = {"name": _TEXT, "role": _TEXT_OR_NULL, "side": _TEXT_OR_NULL}
    return {
        "topics": _list(_TEXT),
        "decisions": _claims({"text": _TEXT, "rationale": _TEXT_OR_NULL}),
        "open_questions": _claims({"text": _TEXT}),
        "participants": _list(_object(participant)),
        "speaker_statistics": _statistics(),
    }


def _analyze() -> dict[str, Any]:
    speaker = {"name": _TEXT, "sentiment_label": _SENTIMENT, "sentiment_score": _SCORE, "evidence": _EVIDENCE}
    stretch = {"from_turn": _PLACE, "to_turn": _PLACE, "sentiment_score": _SCORE, "evidence": _EVIDENCE}
    return {
        "sentiment_label": _SENTIMENT,
        "sentiment_score": _SCORE,
        "risks": _claims({"text": _TEXT, "severity": {"enum": ["low", "medium", "high"]}}),
        "speakers": _list(_object(speaker)),
        "timeline": _list(_object(stretch)),
        "speaker_statistics": _statistics(),
    }


def _statistics() -> dict[str, Any]:
    speaker = {
        "name": _TEXT_OR_NULL,
        "turns": _COUNT,
        "words": _COUNT,
        "share": _SCORE,
        "questions": _COUNT,
        "longest_turn_words": _COUNT,
    }
    seconds = {"type": ["number", "null"], "minimum": 0}
    return _object({"share_by": {"enum": ["time", "words"]}, "silence_s": seconds, "speakers": _list(_object(speaker))})


def _evidence() -> dict[str, Any]:
    place = {
        "quote": _TEXT,
        "turn": _PLACE,
        "offset": _COUNT,
        "speaker": _TEXT_OR_NULL,
        "start_s": {"type": ["number", "null"]},
    }
    return _object({**place, "score": _SCORE})


def _provenance() -> dict[str, Any]:
    usage = dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens", "requests"), _COUNT)
    texts = dict.fromkeys(
        ("engine", "model", "task_version", "created_at", "input_sha256", "fingerprint", "meetcli_version"), _TEXT
    )
    made = {**texts, "endpoint": _TEXT_OR_NULL, "usage": _object(usage), "cost_usd": _TEXT_OR_NULL}
    return _object(made, {"coverage": _object({"chunks": _PLACE, "turns": _PLACE}, {"chosen": _list(_TEXT)})})


def _claims(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a list of claims: each with its evidence, marked where there is none."""
    return _list(_object({**fields, "evidence": _EVIDENCE}, {"unsupported": {"const": True}}))


def _list(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(item)}


def _object(fields: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }
