"""Door of the engines: requests in, replies out, in any order. Concurrency, retries and vendor errors stay behind
it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from meetcli.errors import CallError
from meetcli.models import EngineIdentity, Lane, Reply, Request

if TYPE_CHECKING:  # a run of hits reserves nothing
    from meetcli.money.budget import Budget


class Engine(Protocol):
    """Who does the work."""

    def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Answer each request exactly once, in any order, pulling at most as many as it can work on.

        A request that got no answer is a `Reply` with `error`. Raises `RunStopped` when no call can work, but only
        after the calls under way have been answered and their replies yielded.
        """
        ...


class EngineOptions(NamedTuple):
    """Everything an engine is told. Durations in seconds; `base_url` None means OpenAI's own.

    The limits a minute are None where the server's own are to be learned. `is_flex_fallback` pays the standard price
    where the flex lane has no capacity. An attempt for which `budget` has no room is not made; its request ends as
    `CallError` with reason `budget`.

    `is_stopping` is asked before each attempt: once true, no new attempt is made and requests without an answer end as
    `CallError` with reason `stopped`, while attempts under way are waited for. `calls` are how many the run will make
    at least, where that is known.
    """

    model: str
    api_key: str | None = None
    base_url: str | None = None
    concurrency: int = 8
    timeout_s: float = 120.0
    retries: int = 5
    max_wait_s: float = 600.0
    budget: Budget | None = None
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    lane: Lane = "standard"
    is_flex_fallback: bool = False
    is_stopping: Callable[[], bool] = lambda: False
    calls: int | None = None


OPENAI_URL = "https://api.openai.com/v1"


def identify(name: Literal["openai", "local"], *, model: str, base_url: str | None) -> EngineIdentity:
    """Return who an engine with these settings is, without importing it. `base_url` None is OpenAI's own."""
    if name == "local":
        from meetcli.engines.local import ALGORITHM_VERSION

        return EngineIdentity("local", model="extractive", algorithm=ALGORITHM_VERSION)
    endpoint = (base_url or OPENAI_URL).rstrip("/")
    return EngineIdentity(
        "openai", model, endpoint=endpoint, host=urlsplit(endpoint).hostname or "", is_openai=endpoint == OPENAI_URL
    )


def host_of(base_url: str | None) -> str:
    """Return host and port of who is asked, for people to read."""
    return urlsplit(base_url or OPENAI_URL).netloc


def open_engine(name: str, options: EngineOptions) -> Engine:
    """Return the engine called `openai` or `local`, importing only that one."""
    if name == "local":
        from meetcli.engines.local import LocalEngine

        return LocalEngine()
    from meetcli.engines.openai_live import OpenAIEngine

    return OpenAIEngine(options)


def ask_for_model(options: EngineOptions) -> CallError | None:
    """Return why calls to this server would fail, None where they would not as far as one free call can tell. Starts a
    loop of its own.
    """
    import asyncio

    from meetcli.engines import openai_models

    return asyncio.run(openai_models.ask_for_model(options))
