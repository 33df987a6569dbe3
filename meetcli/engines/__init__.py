"""Door of the engines: requests in, replies out, in any order. Concurrency, retries and vendor errors stay behind
it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from meetcli.errors import CallError
from meetcli.models import Abilities, EngineIdentity, Lane, Reply, Request

if TYPE_CHECKING:  # a run of hits reserves nothing, and knows no batch
    from meetcli.engines.batch_book import BatchBook
    from meetcli.engines.openai_batch import BatchEngine, BatchPolicy
    from meetcli.money.budget import Budget


class Engine(Protocol):
    """Who does the work."""

    def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Say of each request what became of it, in any order, pulling at most as many as it can work on.

        Each gets one last word: a `Reply` in any state but `spooled`, which may come once before it. A call that failed
        is `answered` with an `error`. Raises `RunStopped` when no call can work, but only after the calls under way
        have been answered and their replies yielded.
        """
        ...


class EngineOptions(NamedTuple):
    """Everything an engine is told. Durations in seconds; `base_url` None means OpenAI's own.

    The limits a minute are None where the server's own are to be learned. `is_flex_fallback` pays the standard price
    where the flex lane has no capacity. An attempt for which `budget` has no room is not made; its request ends as
    `not_attempted` with reason `budget`.

    `is_stopping` is asked before each attempt: once true, no new attempt is made and requests without an answer end as
    `not_attempted` with reason `stopped`, while attempts under way are waited for. `tell_wait` is told time and again,
    as long as no attempt is under way because the server has to be waited for, in how many seconds the next is made.
    `hits` are the answers of the same endpoint and model that the run found in the cache. `organization` and `project`
    go to OpenAI only; `ca_file` holds authorities to trust beside the system's.
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
    tell_wait: Callable[[float], None] = lambda left_s: None
    hits: int = 0
    organization: str | None = None
    project: str | None = None
    ca_file: Path | None = None


class ServerWindow(NamedTuple):
    """How many tokens a server reads and writes at once, as it tells; None where it does not say. `most` is what its
    model could, `remedy` how to raise it.
    """

    server: str
    tokens: int | None
    most: int | None
    remedy: str


OPENAI_URL = "https://api.openai.com/v1"
AZURE_DOMAINS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".openai.azure.us")


def _open_openai(options: EngineOptions) -> Engine:
    from meetcli.engines.openai_live import OpenAIEngine

    return OpenAIEngine(options)


def _identify_openai(name: str, model: str, base_url: str | None) -> EngineIdentity:
    endpoint = (base_url or OPENAI_URL).rstrip("/")
    return EngineIdentity(
        name, model, endpoint=endpoint, host=urlsplit(endpoint).hostname or "", is_openai=endpoint == OPENAI_URL
    )


def _open_local(_options: EngineOptions) -> Engine:
    from meetcli.engines.local import LocalEngine

    return LocalEngine()


def _identify_local(name: str, _model: str, _base_url: str | None) -> EngineIdentity:
    from meetcli.engines.local import ALGORITHM_VERSION

    return EngineIdentity(name, model="extractive", algorithm=ALGORITHM_VERSION)


def _identify_by_model(name: str, model: str, _base_url: str | None) -> EngineIdentity:
    return EngineIdentity(name, model)


class EngineRow(NamedTuple):
    """One engine of the table: how it is opened, what it can do, and who it is.

    `identify` takes name, model and base URL. It may import only what costs no time: every run asks it.
    """

    open: Callable[[EngineOptions], Engine]
    abilities: Abilities = Abilities()
    identify: Callable[[str, str, str | None], EngineIdentity] = _identify_by_model


ENGINES: Final[Mapping[str, EngineRow]] = {
    "openai": EngineRow(
        _open_openai,
        Abilities(uses_base_url=True, lanes=("standard", "flex", "batch"), keeps_budget=True),
        _identify_openai,
    ),
    "local": EngineRow(
        _open_local,
        Abilities(is_free=True, needs_key=False, has_window=False, takes_any_task=False, is_extractive=True),
        _identify_local,
    ),
}
"""Every engine by the name that `--engine` takes. A new one is a module in this folder and a row here.

No other module asks which engine it has; it asks what the engine can do.
"""


DEFAULT_ENGINE: Final = next(iter(ENGINES))


def abilities_of(name: str) -> Abilities:
    """Return what the engine of this name can do, without importing it."""
    return ENGINES[name].abilities


def identify(name: str, *, model: str, base_url: str | None) -> EngineIdentity:
    """Return who an engine with these settings is, without importing it. `base_url` None is OpenAI's own."""
    row = ENGINES[name]
    return row.identify(name, model, base_url)._replace(abilities=row.abilities)


def identify_batches(*, model: str, base_url: str | None) -> EngineIdentity:
    """Return who takes batches, whatever engine answers a run: batches outlive the run that made them."""
    (name,) = (name for name, row in ENGINES.items() if "batch" in row.abilities.lanes)
    return identify(name, model=model, base_url=base_url)


def is_openai(base_url: str | None) -> bool:
    """Return whether OpenAI itself is asked, in any of its regions."""
    host = urlsplit(base_url or OPENAI_URL).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def is_azure(base_url: str | None) -> bool:
    """Return whether a resource of Azure is asked."""
    return (urlsplit(base_url or OPENAI_URL).hostname or "").endswith(AZURE_DOMAINS)


def host_of(base_url: str | None) -> str:
    """Return host and port of who is asked, for people to read."""
    return urlsplit(base_url or OPENAI_URL).netloc


def place_of(name: str, base_url: str | None) -> str:
    """Return who reads the transcripts, for people: host and port, the engine's own name where it has no base URL."""
    return host_of(base_url) if ENGINES[name].abilities.uses_base_url else name


def open_engine(name: str, options: EngineOptions) -> Engine:
    """Return the engine of this name, importing only that one."""
    return ENGINES[name].open(options)


def open_batches(
    options: EngineOptions,
    book: BatchBook,
    *,
    identity: EngineIdentity,
    wishes: BatchPolicy,
    tell: Callable[[str], None],
) -> BatchEngine:
    """Return the engine that knows batches. Raises `ValueError` for one that has no such lane: its transcripts would
    go to somebody else.
    """
    if "batch" not in identity.abilities.lanes:
        raise ValueError(f"the engine {identity.engine} has no batches")
    from meetcli.engines.openai_batch import BatchEngine

    return BatchEngine(options, book, endpoint=identity.endpoint, wishes=wishes, tell=tell)


def ask_for_model(options: EngineOptions) -> CallError | None:
    """Return why calls to this server would fail, None where they would not as far as one free call can tell. Starts a
    loop of its own.
    """
    import asyncio

    from meetcli.engines import openai_models

    return asyncio.run(openai_models.ask_for_model(options))


def ask_for_window(options: EngineOptions) -> ServerWindow | None:
    """Return what a server of one's own tells of its window, None where it tells nothing. Starts a loop of its own."""
    import asyncio

    from meetcli.engines import openai_window

    return asyncio.run(openai_window.ask_for_window(options))
