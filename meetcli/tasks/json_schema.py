"""From a JSON Schema of the user's own to the subset that strict mode can ask for.

Pure; answers are still held to all of it.

Source: OpenAI, "Structured model outputs", supported schemas, read 2026-11.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from meetcli.errors import UsageError

_KEPT = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("pattern", "format"),
    "array": ("minItems", "maxItems"),
}
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_OURS = frozenset({"evidence", "unsupported"})
"""What code puts beside a `quote`."""

_BOUNDS = (
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minItems", "maxItems"),
    ("minLength", "maxLength"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)

Place = tuple[str, ...]
"""Names of fields from the result down; `[]` for the places of a list."""


class Asked(NamedTuple):
    """What strict mode is asked for.

    `optional` are the fields that the user's schema may miss: strict mode demands each, so null says it.

    `has_quote` says that some object has a `quote`, `unbounded` names the lists that may grow without end.
    """

    schema: dict[str, Any]
    optional: frozenset[Place]
    has_quote: bool
    unbounded: tuple[str, ...]


def strict_subset(schema: Mapping[str, Any]) -> Asked:
    """Return what of `schema` is asked for; the rest is only checked.

    Raises `UsageError` for what no strict schema can ask for.
    """
    reader = _Reader(schema)
    asked = reader.node(schema, ("result",), ())
    return Asked(asked, frozenset(reader.optional), reader.has_quote, tuple(reader.unbounded))


def without_absent(value: object, optional: frozenset[Place], place: Place = ("result",)) -> object:
    """Return `value` without the optional fields that are null: strict mode cannot leave a field out.

    Raises ValueError for a number that JSON does not have, as NaN: it would be kept as null.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it holds NaN or an infinite number, which JSON does not have")
    if isinstance(value, dict):
        inner = {name: (*place, name) for name in value}
        return {
            name: without_absent(item, optional, inner[name])
            for name, item in value.items()
            if item is not None or inner[name] not in optional
        }
    if isinstance(value, list):
        return [without_absent(item, optional, (*place, "[]")) for item in value]
    return value


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self.optional: set[Place] = set()
        self.has_quote = False
        self.unbounded: list[str] = []

    def node(self, schema: object, place: Place, references: tuple[str, ...]) -> dict[str, Any]:
        """Return the strict schema of one value; `references` are those that led here."""
        if not isinstance(schema, Mapping):
            raise _refused(place, "says nothing of what it holds")
        if "$ref" in schema:
            reference = schema["$ref"]
            if reference in references:
                raise _refused(place, f"refers to itself through {reference!r}", "write out as many levels as you need")
            merged = {
                **self._resolved(reference, place),
                **{name: item for name, item in schema.items() if name != "$ref"},
            }
            return self.node(merged, place, (*references, reference))
        if "allOf" in schema:
            return self.node(self._merged(schema, place), place, references)
        described = {"description": schema["description"]} if isinstance(schema.get("description"), str) else {}
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                options = _list(schema[choice], place, choice)
                return described | {"anyOf": [self.node(option, place, references) for option in options]}
        _refuse_contradictions(schema, place)
        if "const" in schema or "enum" in schema:
            values = [schema["const"]] if "const" in schema else _list(schema["enum"], place, "enum")
            return described | {"type": _types_of(values), "enum": values}
        return described | self._typed(schema, place, references)

    def _typed(self, schema: Mapping[str, Any], place: Place, references: tuple[str, ...]) -> dict[str, Any]:
        types = schema.get("type")
        names: list[Any] = types if isinstance(types, list) else [types]
        if not names or not all(isinstance(name, str) and name in _TYPES for name in names):
            raise _refused(place, "has no type", "give each field a type, an enum, or a choice with anyOf")
        made: dict[str, Any] = {"type": types}
        for name in names:
            made |= {word: schema[word] for word in _KEPT.get(name, ()) if word in schema}
        if any(isinstance(bound, bool) for bound in made.values()):
            raise _refused(
                place,
                "has a bound that is true or false, as in old drafts",
                "give exclusiveMinimum and the like as numbers",
            )
        if made.get("format", "date") not in _FORMATS:
            del made["format"]
        if "object" in names:
            made |= self._object(schema, place, references)
        if "array" in names:
            if "items" not in schema:
                raise _refused(place, "is a list of anything", "say with items what it holds")
            if "maxItems" not in schema:
                self.unbounded.append(_shown(place))
            made["items"] = self.node(schema["items"], (*place, "[]"), references)
        return made

    def _object(self, schema: Mapping[str, Any], place: Place, references: tuple[str, ...]) -> dict[str, Any]:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            raise _refused(
                place,
                "is an object without named fields",
                "name them in properties, or ask for a list of {name, value}",
            )
        if isinstance(schema.get("additionalProperties"), Mapping) or schema.get("patternProperties"):
            raise _refused(place, "takes fields of any name", "ask for a list of {name, value} instead")
        if "unsupported" in properties or ("quote" in properties and _OURS & properties.keys()):
            raise _refused(
                place,
                "has a field of its own called evidence or unsupported",
                "code puts these beside a quote; rename yours",
            )
        self.has_quote |= "quote" in properties
        required = schema.get("required", [])
        _refuse_unnamed(required, properties, schema, place)
        made = {}
        for name, inner in properties.items():
            made[name] = self.node(inner, (*place, name), references)
            if name not in required:
                self.optional.add((*place, name))
                made[name] = _or_null(made[name])
        return {"properties": made, "required": list(made), "additionalProperties": False}

    def _resolved(self, reference: object, place: Place) -> Mapping[str, Any]:
        found: Any = self._root
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise _refused(
                place, f"refers to {reference!r}", "only references within the schema are followed, as #/$defs/NAME"
            )
        for part in reference.removeprefix("#").strip("/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if name:
                found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise _refused(place, f"refers to {reference!r}, which is not there")
        return found

    def _merged(self, schema: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Return a schema with the fields of its `allOf` in it."""
        merged = {name: item for name, item in schema.items() if name != "allOf"}
        for part in _list(schema["allOf"], place, "allOf"):
            part = self._resolved(part["$ref"], place) if isinstance(part, Mapping) and "$ref" in part else part
            if not isinstance(part, Mapping):
                raise _refused(place, "has an allOf of something else than schemas")
            for name, item in part.items():
                if name == "properties":
                    merged[name] = {**item, **merged.get(name, {})}
                elif name == "required":
                    merged[name] = [*merged.get(name, []), *item]
                else:
                    merged.setdefault(name, item)
        return merged


def _refuse_contradictions(schema: Mapping[str, Any], place: Place) -> None:
    """Raise `UsageError` for bounds that no value can keep: every meeting would be paid for twice, for nothing."""
    for lower, upper in _BOUNDS:
        least, most = schema.get(lower), schema.get(upper)
        if not (isinstance(least, int | float) and isinstance(most, int | float)):
            continue
        is_open = lower.startswith("exclusive") or upper.startswith("exclusive")
        if least > most or (is_open and least == most):
            raise _refused(place, f"has {lower} {least} and {upper} {most}, which no value keeps")
    allowed = _values(schema, place)
    names = schema.get("type")
    if allowed is None or names is None:
        return
    types = set(names if isinstance(names, list) else [names])
    if "number" in types:
        types.add("integer")
    if not any(types & set(_names_of(value)) for value in allowed):
        raise _refused(place, f"has values that are no {' or '.join(sorted(types))}")


def _values(schema: Mapping[str, Any], place: Place) -> list[Any] | None:
    """Return the only values that a schema takes; None where it names none."""
    if "enum" not in schema:
        return [schema["const"]] if "const" in schema else None
    values = _list(schema["enum"], place, "enum")
    if "const" in schema and schema["const"] not in values:
        raise _refused(place, "has a const that its enum does not have")
    return values


def _names_of(value: object) -> list[str]:
    names = _types_of([value])
    return [names] if isinstance(names, str) else names


def _refuse_unnamed(required: object, properties: Mapping[str, Any], schema: Mapping[str, Any], place: Place) -> None:
    """Raise `UsageError` where fields are demanded that nobody may give."""
    if not isinstance(required, list):
        raise _refused(place, "has a required that is no list of names")
    for name in required:
        if name not in properties:
            from difflib import get_close_matches

            near = get_close_matches(str(name), list(properties), n=1)
            hint = f"did you mean {near[0]}?" if near else "name it in properties too, or take it out of required"
            raise _refused(place, f"demands {name!r}, which is none of its properties", hint)
    fewest, most = schema.get("minProperties"), schema.get("maxProperties")
    if isinstance(fewest, int) and fewest > len(properties):
        raise _refused(place, f"demands {fewest} fields and names {len(properties)}")
    if isinstance(most, int) and most < len(required):
        raise _refused(place, f"demands {len(required)} fields and takes {most}")


def fields_of(asked: Mapping[str, Any], place: Place = ("result",)) -> Iterator[str]:
    """Yield each field of a strict schema as a person would name it, as `result.findings[].severity: high | low`."""
    for option in asked.get("anyOf", ()):
        yield from fields_of(option, place)
    for name, inner in asked.get("properties", {}).items():
        yield f"{_shown((*place, name))}: {_kind(inner)}"
        yield from fields_of(inner, (*place, name))
    if "items" in asked:
        yield from fields_of(asked["items"], (*place, "[]"))


def _kind(node: Mapping[str, Any]) -> str:
    if "anyOf" in node:
        return " | ".join(dict.fromkeys(_kind(option) for option in node["anyOf"]))
    if "enum" in node:
        return " | ".join("null" if value is None else str(value) for value in node["enum"])
    types = node["type"]
    return " | ".join(types) if isinstance(types, list) else str(types)


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in node:
        return node if {"type": "null"} in node["anyOf"] else {**node, "anyOf": [*node["anyOf"], {"type": "null"}]}
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    made = {**node, "type": [*types, *(["null"] if "null" not in types else [])]}
    if "enum" in node and None not in node["enum"]:
        made["enum"] = [*node["enum"], None]
    return made


def _types_of(values: list[Any]) -> str | list[str]:
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}
    found = list(dict.fromkeys(names.get(type(value), "object") for value in values))
    return found[0] if len(found) == 1 else found


def _list(value: object, place: Place, word: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise _refused(place, f"has no list after {word}")
    return value


def _shown(place: Place) -> str:
    return ".".join(place).replace(".[]", "[]")


def _refused(place: Place, why: str, hint: str | None = None) -> UsageError:
    return UsageError(f"the schema's {_shown(place)} {why}", hint=hint)
