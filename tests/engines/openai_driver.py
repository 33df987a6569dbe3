"""Drives the real OpenAI engine against a loopback server, with time in the test's hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from meetcli.engines import EngineOptions
from meetcli.engines.openai_gate import Timers
from meetcli.engines.openai_live import OpenAIEngine
from meetcli.models import Meeting, Message, Reply, Request
from tests.loopback_server import LoopbackServer

KEY = "sk-CANARY-key-1f9d"
SPOKEN = "CANARY-spoken-77aa"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "score": {"type": "number", "minimum": 0, "maximum": 1}},
    "required": ["summary", "score"],
    "additionalProperties": False,
}


class HandClock:
    """A clock that only sleeping moves."""

    def __init__(self, *, luck: float = 0.5) -> None:
        self.now = 1_000.0
        self.slept_s = 0.0
        self.luck = luck

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept_s += seconds
        await asyncio.sleep(0)

    def timers(self) -> Timers:
        return Timers(
            monotonic=lambda: self.now,
            wall=lambda: 1_700_000_000.0 + self.now,
            sleep=self.sleep,
            random=lambda: self.luck,
        )


def make_request(number: int = 0, **changes: Any) -> Request:
    spoken = f"Ana: {SPOKEN} number {number} is due on Friday\nRui: I will send it\nAna: good\nRui: bye"
    fields: dict[str, Any] = {
        "id": f"request-{number}",
        "digest": f"digest-{number}",
        "task": "extract",
        "meeting": Meeting(spoken, ()),
        "language": "auto",
        "messages": (Message("system", "You write minutes."), Message("user", spoken)),
        "schema": SCHEMA,
        "temperature": 0.0,
        "max_output_tokens": 4096,
    }
    return Request(**{**fields, **changes})


def options_for(server: LoopbackServer, **changes: Any) -> EngineOptions:
    return EngineOptions(**{"model": "gpt-4o", "api_key": KEY, "base_url": server.base_url, **changes})


async def stream(requests: Iterable[Request]) -> AsyncIterator[Request]:
    for request in requests:
        yield request


async def collect(engine: OpenAIEngine, requests: Iterable[Request]) -> tuple[list[Reply], Exception | None]:
    replies = []
    try:
        async for reply in engine.complete(stream(requests)):
            replies.append(reply)  # noqa: PERF401  # what came before an exception is the point
    except Exception as error:
        return replies, error
    return replies, None


def complete(
    server: LoopbackServer, count: int = 1, *, clock: HandClock | None = None, **options: Any
) -> tuple[list[Reply], Exception | None]:
    """Return the replies to `count` requests and what `complete` raised after them."""
    engine = OpenAIEngine(options_for(server, **options), (clock or HandClock()).timers())
    return asyncio.run(collect(engine, map(make_request, range(count))))


def complete_one(
    server: LoopbackServer, request: Request | None = None, *, clock: HandClock | None = None, **options: Any
) -> Reply:
    engine = OpenAIEngine(options_for(server, **options), (clock or HandClock()).timers())
    replies, error = asyncio.run(collect(engine, [request or make_request()]))
    assert error is None
    [reply] = replies
    return reply
