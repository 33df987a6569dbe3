"""What is asked: schemas that strict servers take, bounded from above, with digests that are told and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from meetcli.errors import UsageError
from meetcli.tasks import load_task
from meetcli.tasks.schema import schema_digest, strict_schema
from tests.corridor import extract_answer

TASKS = ["extract", "analyze"]


def schema_of(task: str) -> dict[str, Any]:
    return strict_schema(load_task(task).load_answer_model())


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


def analyze_answer(**changes: Any) -> dict[str, Any]:
    head = {
        name: value
        for name, value in extract_answer().items()
        if name not in ("topics", "decisions", "open_questions", "participants")
    }
    return {**head, "sentiment_score": 0.5, "risks": [], "speakers": [], "timeline": [], **changes}


@pytest.mark.parametrize("task", TASKS)
def test_the_digest_that_keys_are_made_of_is_the_schema_s(task: str) -> None:
    assert load_task(task).schema_sha256 == schema_digest(schema_of(task))


@pytest.mark.parametrize("task", TASKS)
def test_strict_servers_take_the_schema(task: str) -> None:
    schema = schema_of(task)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    for node in nodes(schema):
        if "type" in node:
            assert not {"title", "default"} & node.keys()
            assert not isinstance(node.get("description"), str)
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert sorted(node["required"]) == sorted(node["properties"])


@pytest.mark.parametrize("task", TASKS)
def test_lists_and_numbers_are_bounded_from_above(task: str) -> None:
    unbounded = [
        node
        for node in nodes(schema_of(task))
        if (node.get("type") == "array" and "maxItems" not in node)
        or (node.get("type") in ("number", "integer") and not {"minimum", "maximum"} <= node.keys())
    ]
    assert unbounded == []


@pytest.mark.parametrize("task", TASKS)
def test_every_claim_is_asked_for_a_quote(task: str) -> None:
    items = [
        node["items"]
        for node in nodes(schema_of(task))
        if node.get("type") == "array" and node["items"].get("type") == "object"
    ]
    without = {tuple(item["properties"]) for item in items if "quote" not in item["properties"]}
    assert without <= {("name", "role", "side")}, "a participant is no claim"
    assert items


@pytest.mark.parametrize("score", [-0.001, 1.001, -1023845678, "NaN", None])
def test_the_model_refuses_scores_that_a_grammar_lets_through(score: object) -> None:
    model = load_task("analyze").load_answer_model()
    model.model_validate_json(json.dumps(analyze_answer()))
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps(analyze_answer(sentiment_score=score)))


@pytest.mark.parametrize(
    ("task", "changes"),
    [
        ("extract", {"extra": 1}),
        ("extract", {"topics": ["t"] * 9}),
        ("extract", {"key_points": [{"text": "x"}]}),
        (
            "extract",
            {"action_items": [{"description": "x", "owner": None, "due_text": None, "status": "done", "quote": None}]},
        ),
        ("analyze", {"timeline": [{"part": 9, "sentiment_score": 0.5, "quote": None}]}),
        ("analyze", {"risks": [{"text": "x", "severity": "severe", "quote": None}]}),
    ],
)
def test_the_model_takes_exactly_what_was_asked_for(task: str, changes: dict[str, object]) -> None:
    answer = extract_answer(**changes) if task == "extract" else analyze_answer(**changes)
    with pytest.raises(ValidationError):
        load_task(task).load_answer_model().model_validate_json(json.dumps(answer))


def test_extract_is_asked_cold_and_analyze_a_little_warmer() -> None:
    assert [load_task(task).temperature for task in TASKS] == [0.0, 0.2]


def test_unknown_task_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'summarize'"):
        load_task("summarize")
