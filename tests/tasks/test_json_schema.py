"""What of a user's JSON Schema strict mode is asked for."""

import pytest

from meetcli.errors import UsageError
from meetcli.tasks.json_schema import fields_of, strict_subset, without_absent


def an_object(required=None, **properties):
    schema = {"type": "object", "properties": properties}
    return schema if required is None else {**schema, "required": required}


TEXT = {"type": "string"}


def test_every_object_demands_each_field_and_no_other():
    asked = strict_subset(an_object(["a"], a=an_object(["b"], b=TEXT), c=TEXT)).schema
    assert asked["required"] == ["a", "c"]
    assert asked["additionalProperties"] is asked["properties"]["a"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (TEXT, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"enum": ["a", 1]}, {"type": ["string", "integer", "null"], "enum": ["a", 1, None]}),
        ({"const": True}, {"type": ["boolean", "null"], "enum": [True, None]}),
        ({"oneOf": [TEXT, {"type": "integer"}]}, {"anyOf": [TEXT, {"type": "integer"}, {"type": "null"}]}),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT, {"type": "null"}]}),
    ],
)
def test_a_field_that_may_be_missing_may_be_null(given, asked):
    assert strict_subset(an_object([], x=given)).schema["properties"]["x"] == asked


def test_null_stands_for_missing_only_where_the_field_may_be_missing():
    inner = an_object(["kept"], kept={"type": ["string", "null"]}, gone=TEXT)
    asked = strict_subset(an_object(["items"], items={"type": "array", "items": inner}))
    value = {"items": [{"kept": None, "gone": None}, {"kept": "a", "gone": "b"}]}
    assert without_absent(value, asked.optional) == {"items": [{"kept": None}, {"kept": "a", "gone": "b"}]}


def test_what_strict_mode_does_not_know_is_left_for_the_check():
    asked = strict_subset(
        an_object(
            ["x", "y"],
            x={**TEXT, "minLength": 3, "format": "iban", "title": "X", "default": "a", "description": "why"},
            y={"type": "number", "minimum": 0, "$comment": "b"},
        )
    ).schema
    assert asked["properties"] == {"x": {"type": "string", "description": "why"}, "y": {"type": "number", "minimum": 0}}


def test_references_and_allof_are_written_out():
    more = an_object(["n"], n=TEXT)
    schema = {
        **an_object(
            ["a", "b"],
            a={"$ref": "#/$defs/text", "description": "mine"},
            b={"allOf": [{"$ref": "#/$defs/named"}, more]},
        ),
        "$defs": {"text": TEXT, "named": an_object(["name"], name=TEXT)},
    }
    asked = strict_subset(schema).schema
    assert asked["properties"]["a"] == {"description": "mine", "type": "string"}
    assert set(asked["properties"]["b"]["required"]) == {"n", "name"}
    assert "$defs" not in asked


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        (True, "result says nothing"),
        ({}, "result has no type"),
        ({"type": "text"}, "no type"),
        ({"type": []}, "no type"),
        (an_object(), "without named fields"),
        ({"type": "object", "additionalProperties": TEXT}, "without named fields"),
        ({**an_object(a=TEXT), "additionalProperties": TEXT}, "fields of any name"),
        ({**an_object(a=TEXT), "patternProperties": {"^x": TEXT}}, "fields of any name"),
        ({"type": "array"}, "list of anything"),
        (an_object(a={"type": "number", "exclusiveMinimum": True}), "bound that is true or false"),
        (an_object(a={"type": "array", "items": {"x": 1}}), r"result.a\[\] has no type"),
        ({"$ref": "#/$defs/none"}, "not there"),
        ({"$ref": "https://example.org/s"}, "refers to"),
        ({"$ref": "#"}, "refers to itself"),
        ({"anyOf": []}, "no list after anyOf"),
        ({"allOf": [3]}, "something else than schemas"),
        (an_object(quote=TEXT, evidence=TEXT), "evidence or unsupported"),
        (an_object(unsupported=TEXT), "evidence or unsupported"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_place(schema, word):
    with pytest.raises(UsageError, match=word):
        strict_subset(schema)


def test_quotes_and_endless_lists_are_noticed():
    quoted = {"type": "array", "items": an_object(["quote"], quote=TEXT)}
    asked = strict_subset(an_object(["a", "b"], a=quoted, b={"type": "array", "items": TEXT, "maxItems": 3}))
    assert (asked.has_quote, asked.unbounded) == (True, ("result.a",))
    assert list(fields_of(asked.schema)) == ["result.a: array", "result.a[].quote: string", "result.b: array"]
    assert not strict_subset(TEXT).has_quote
