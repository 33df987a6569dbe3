"""Answers for the loopback server: valid for any strict schema, plausible for the built-in tasks, the same for the same
request.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
from collections.abc import Mapping
from typing import Any

SPOKEN = re.compile(r"^[ \t]*(?:\[[^\]\n]*\][ \t]*)?([^\W\d_][^:\n<>{}\"]{0,40}):[ \t]+(\S.*)$", re.MULTILINE)
PART = re.compile(r"^<part-\w+ \d+>$", re.MULTILINE)
FENCED = re.compile(r"<transcript-(\w+)>\n(.*)\n</transcript-\1>", re.DOTALL)
SUMMARY_WORDS = 130
QUOTE_WORDS = 40  # as the instructions say; whole monologues passed the cap that the request set
PORTUGUESE = ("que", "não", "é", "de", "em", "o", "da", "na", "por", "com")
ENGLISH = ("the", "and", "to", "of", "is", "you")


def answer_to(body: Mapping[str, Any]) -> str:
    """Return the JSON text a well-behaved model would send for the chat.completions request `body`."""
    messages = body.get("messages") or []
    asked = itertools.takewhile(lambda message: message.get("role") != "assistant", messages)
    text = "\n".join(message["content"] for message in asked if message.get("role") == "user")
    schema = _schema_of(body, text)
    if schema is None:
        return "A plain answer."
    seed = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).digest()
    fenced = FENCED.search(text)  # instructions may stand in the same message, and nobody said those
    return json.dumps(
        _Answer(schema, fenced[2] if fenced else text, random.Random(seed)).value(schema, ""), ensure_ascii=False
    )


def _schema_of(body: Mapping[str, Any], text: str) -> Mapping[str, Any] | None:
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        schema: Mapping[str, Any] = wanted["json_schema"]["schema"]
        return schema
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            found: Mapping[str, Any] = json.loads(line)
            return found
    return None


class _Answer:
    """Walks one schema; `value` returns what a field of that name would hold."""

    def __init__(self, root: Mapping[str, Any], text: str, chance: random.Random) -> None:
        self._root = root
        self._chance = chance
        spoken = SPOKEN.findall(text)
        counts: dict[str, int] = {}
        for name, _ in spoken:
            counts[name] = counts.get(name, 0) + 1
        self._speakers = [name for name in counts if counts[name] > 1] or ["Ana"]
        self._lines = [line for name, line in spoken if name in self._speakers] or ["nothing was said"]
        self._words = [word for line in self._lines for word in line.split()]
        every_word = text.split()
        if len(self._words) < len(every_word) / 3:  # no transcript with speakers
            self._words = every_word
        self._parts = len(PART.findall(text))

    def value(self, schema: Mapping[str, Any], name: str, place: int = 0) -> Any:
        while "$ref" in schema:
            schema = self._root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        if "anyOf" in schema:
            given = [option for option in schema["anyOf"] if option.get("type") != "null"]
            return self.value(given[0], name, place) if name == "quote" or self._chance.random() < 0.7 else None
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._chance.choice(schema["enum"])
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next(item for item in kind if item != "null")
        if kind == "object":
            return {key: self.value(item, key, place) for key, item in schema.get("properties", {}).items()}
        if kind == "array":
            return self._items(schema, name)
        if kind in ("number", "integer"):
            return self._number(schema, name, place, whole=kind == "integer")
        if kind == "boolean":
            return self._chance.random() < 0.5
        return self._text(name, place)

    def _items(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        count = {"speakers": len(self._speakers), "participants": len(self._speakers), "timeline": self._parts}.get(
            name, 3
        )
        count = max(schema.get("minItems", 0), min(count, schema.get("maxItems", count)))
        return [self.value(schema["items"], name, place) for place in range(count)]

    def _number(self, schema: Mapping[str, Any], name: str, place: int, *, whole: bool) -> float:
        low, high = schema.get("minimum", 0), schema.get("maximum", 1)
        if name == "part":
            return min(low + place, high)
        return self._chance.randint(low, high) if whole else round(self._chance.uniform(low, high), 3)

    def _text(self, name: str, place: int) -> str:
        if name == "quote":
            return " ".join(self._chance.choice(self._lines).split(" ")[:QUOTE_WORDS])
        if name == "language":
            words = [word.strip(".,?!").casefold() for word in self._words]
            return "pt" if sum(map(words.count, PORTUGUESE)) > sum(map(words.count, ENGLISH)) else "en"
        if name in ("name", "owner"):
            return self._speakers[place % len(self._speakers)]
        if name == "summary":
            return " ".join(self._words[: min(SUMMARY_WORDS, max(8, len(self._words) // 2))])
        if name == "topics":
            return f"topic {place + 1}"
        start = self._chance.randrange(len(self._words))
        return " ".join(self._words[start : start + 12])
