"""Answers, before they are judged: the object that is meant, out of what some models put around it. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

_DEEPEST: Final = 3
"""How many envelopes may stand one in another."""


def undressed(text: str, fields: Collection[str]) -> str | None:
    """Return the object with `fields` that a reply holds, as strict JSON.

    It may have raw line breaks in its strings, or stand in an envelope, in a list of one, or in a string. None where
    there is no such object, or nothing was around it.
    """
    try:
        given = json.loads(text, strict=False)
        found = next((one for one in _objects(given, 0) if one.keys() >= set(fields)), None)
        return None if found is None else json.dumps(found, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _objects(value: object, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the objects in a value, the outer ones first."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and value.lstrip().startswith("{"):
        yield from _objects(json.loads(value, strict=False), depth + 1)
    elif isinstance(value, list) and len(value) == 1:
        yield from _objects(value[0], depth + 1)
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            if isinstance(inner, dict | list) or len(value) == 1:
                yield from _objects(inner, depth + 1)
