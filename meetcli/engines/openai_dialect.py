"""Engines room: how this run's server is asked: the body of a request, and which optional parts of it stay out.

Never sends anything, never waits.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from meetcli.engines import is_azure, is_openai
from meetcli.models import Lane, Message, Request

logger = logging.getLogger("meetcli.engines.openai")

CAPS: Final = ("max_completion_tokens", "max_tokens")
SAME_ROLE: Final = "two messages of one role in a row"  # chat templates of some open models insist on turns
SYSTEM_ROLE: Final = "a system message"  # others know none
NO_STREAM: Final = "an answer in one piece"  # some models only stream
NAMES: Final = {
    "temperature": re.compile(r"\btemperature\b"),
    "max_tokens": re.compile(r"\bmax_tokens\b"),
    "max_completion_tokens": re.compile(r"\bmax_completion_tokens\b"),
    "json_schema": re.compile(r"response_?format|json_?schema|json schema"),
    SAME_ROLE: re.compile(r"\broles?\b.{0,40}\balternat"),
    SYSTEM_ROLE: re.compile(r"\bsystem\b.{0,20}\brole|\brole.{0,20}\bsystem\b"),
}
"""How the parts are called in the body. What a refusal names is tried first, and nothing else depends on it."""
ONLY_JSON: Final = "\n\nAnswer with one JSON object and nothing else, no fences. It must match this JSON Schema:\n"


class Dialect:
    """What this run's server takes. Starts from the endpoint, learns from refusals, is shared by all workers.

    `most_output` is the highest cap that it takes, `window` what it reads and writes at once; None where nobody said.
    `version` grows with everything that is learned.
    """

    def __init__(self, model: str, base_url: str | None) -> None:
        self._model = model
        self._refused: frozenset[str] = frozenset()
        # OpenAI's reasoning models refuse max_tokens, and its other models take both; most other servers know only
        # max_tokens.
        self._caps = CAPS if is_openai(base_url) or is_azure(base_url) else CAPS[::-1]
        self.most_output: int | None = None
        self.window: int | None = None
        self.version = 0

    def body(
        self, request: Request, lane: Lane = "standard", *, without: Collection[str] = (), cap: int | None = None
    ) -> dict[str, Any]:
        """Return the JSON body that asks for `request`, without what this server has refused so far, and `without`.

        `cap` is the highest output cap that is asked for.
        """
        refused = self._refused | set(without)
        is_schema_sent = "json_schema" not in refused
        messages = list(request.messages if is_schema_sent else _with_schema(request))
        if SYSTEM_ROLE in refused:
            messages = [message._replace(role="user") if message.role == "system" else message for message in messages]
        if refused & {SAME_ROLE, SYSTEM_ROLE}:
            messages = _merged(messages)
        body: dict[str, Any] = {"model": self._model}
        body["messages"] = [{"role": message.role, "content": message.content} for message in messages]
        if is_schema_sent:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": re.sub(r"[^A-Za-z0-9_-]", "_", request.task)[:64],
                    "strict": True,
                    "schema": request.schema,
                },
            }
        elif "json_object" not in refused:
            body["response_format"] = {"type": "json_object"}
        if "temperature" not in refused:
            body["temperature"] = request.temperature
        if name := next((name for name in self._caps if name not in refused), None):
            body[name] = min(most for most in (request.max_output_tokens, cap, self.most_output) if most is not None)
        if NO_STREAM in refused:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if lane == "flex":
            body["service_tier"] = "flex"
        return body

    def optional_parts(self, request: Request, said: str) -> list[frozenset[str]]:
        """Return what may be left out of the body of `request`, in the order in which it is tried.

        What the refusal `said`, in lower case, names by the name that it has in the body is tried first.
        """
        fixed: list[tuple[str, ...]] = [
            ("json_schema",),
            ("json_schema", "json_object"),
            ("temperature",),
            (self._caps[0],),
            *([(SAME_ROLE,)] if len(_merged(list(request.messages))) < len(request.messages) else []),
            *([(SAME_ROLE, SYSTEM_ROLE)] if any(message.role == "system" for message in request.messages) else []),
        ]
        if re.search(r"\bstream", said):
            fixed.insert(0, (NO_STREAM,))
        left = [frozenset(parts) for parts in fixed if not self._refused >= set(parts)]
        return sorted(left, key=lambda parts: not any(_is_named(part, said) for part in parts))

    def names_part(self, said: str) -> bool:
        """Return whether a refusal, in lower case, names any optional part by its name in the body."""
        return any(_is_named(part, said) for part in NAMES if part not in self._refused)

    def every_part(self, request: Request) -> frozenset[str]:
        """Return all that can be left out at once."""
        return frozenset(part for parts in self.optional_parts(request, "") for part in parts) | set(CAPS)

    @property
    def takes_schemas(self) -> bool:
        """Whether a schema is sent as one."""
        return "json_schema" not in self._refused

    def learn(self, *names: str) -> None:
        """Leave these parts out from now on, and say so once; what may change answers as a warning."""
        new = set(names) - self._refused
        if not new:
            return
        self._refused |= new
        self.version += 1
        if new & {"json_schema", "json_object"}:
            other = "the schema in the prompt" if "json_object" in self._refused else "json_object"
            logger.warning(
                "the server refused response_format %s; the rest of this run uses %s",
                "json_object" if "json_object" in new else "json_schema",
                other,
            )
        elif set(CAPS) <= self._refused:
            logger.warning("the server refused every cap of the output; the rest of this run goes without")
        if "temperature" in new:  # answers may then differ from one call to the next
            logger.warning("the server refused temperature; the rest of this run goes without")
        if rest := sorted(new - {"json_schema", "json_object", "temperature"}):
            logger.info("the server refused %s; the rest of this run goes without", ", ".join(rest))

    def learn_bounds(self, *, most_output: int | None = None, window: int | None = None) -> None:
        """Ask for no more than this from now on."""
        if most_output is not None and (self.most_output is None or most_output < self.most_output):
            self.most_output, self.version = most_output, self.version + 1
            logger.info("the server writes at most %s tokens", f"{most_output:,}")
        if window is not None and (self.window is None or window < self.window):
            self.window, self.version = window, self.version + 1
            logger.info("the server reads and writes at most %s tokens at once", f"{window:,}")


def _is_named(part: str, said: str) -> bool:
    return part in NAMES and NAMES[part].search(said) is not None


def _with_schema(request: Request) -> Iterator[Message]:
    """Yield the messages with the schema at the end of the instructions, so that a repair still shares their prefix."""
    asked = ONLY_JSON + json.dumps(request.schema, ensure_ascii=False, separators=(",", ":"))
    first_answer = next(
        (place for place, message in enumerate(request.messages) if message.role == "assistant"), len(request.messages)
    )
    for place, message in enumerate(request.messages):
        yield message._replace(content=message.content + asked) if place == first_answer - 1 else message


def _merged(messages: list[Message]) -> list[Message]:
    """Return the messages with neighbors of one role made one."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role:
            message = message._replace(content=f"{merged.pop().content}\n\n{message.content}")
        merged.append(message)
    return merged
