"""From a pydantic answer model to the strict JSON Schema that is sent, and its digest. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from meetcli.models import Task

if TYPE_CHECKING:
    from pydantic import BaseModel


def sent_schema(task: Task) -> Mapping[str, Any]:
    """Return the JSON Schema that is sent for a task."""
    return task.schema if task.schema is not None else strict_schema(task.load_answer_model())


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of `model` in the subset that OpenAI's strict mode and grammar-based servers both take.

    References are written out (older servers do not follow them); titles and docstrings are left out (a reworded
    docstring must not buy every answer again). Everything is required and nothing else allowed, as the models
    themselves demand. Source: OpenAI, "Structured model outputs", supported schemas, read 2026-11.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    written_out = _written_out(schema, definitions)
    assert isinstance(written_out, dict)  # noqa: S101  # a model's schema is an object
    return written_out


def schema_digest(schema: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of a schema, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(schema, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _written_out(node: object, definitions: dict[str, Any]) -> object:
    if isinstance(node, list):
        return [_written_out(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _written_out(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {
        key: {name: _written_out(value, definitions) for name, value in item.items()}
        if key == "properties"
        else _written_out(item, definitions)
        for key, item in node.items()
        if key not in ("title", "description")
    }
