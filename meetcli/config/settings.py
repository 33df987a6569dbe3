"""The settings of a run and how people name them. Reads nothing: the door loads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

from meetcli.config import values
from meetcli.engines import DEFAULT_ENGINE, ENGINES, abilities_of, place_of
from meetcli.models import Lane
from meetcli.writers import WRITERS

FORMATS = tuple(WRITERS)
MEETING_FIELDS = ("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type")


@dataclass(frozen=True)
class Settings:
    """Every setting of a run, as its option's parser returns it.

    Durations in seconds; None means not given, for `ttl_s` that answers never grow too old. `cache_dir` is None only
    where neither a cache nor its counters are used. `prices` is `openai`, `none` or a path; `output` may be `-`.
    """

    output: Path = Path("results")
    format: tuple[str, ...] = ("json",)
    no_csv_bom: bool = False
    limit: int | None = None
    files_from: Path | None = None
    engine: str = DEFAULT_ENGINE
    api_key: str | None = field(default=None, repr=False)
    model: str = "gpt-4o"
    base_url: str | None = None
    prices: str = "openai"
    concurrency: int = 8
    rpm: int | None = None
    tpm: int | None = None
    timeout_s: float = 120.0
    retries: int = 5
    max_wait_s: float = 600.0
    lane: Lane = "standard"
    flex_fallback: bool = False
    wait: bool = False
    repair: Literal["batch", "live"] = "batch"
    ttl_s: float | None = 86_400.0
    cache_dir: Path | None = None
    cache_url: str | None = field(default=None, repr=False)
    cache_required: bool = False
    no_cache: bool = False
    refresh: bool = False
    cache_only: bool = False
    on_change: Literal["reprocess", "keep", "fail"] = "reprocess"
    key_fallback: Literal["content", "none"] = "content"
    retry_failed: bool = False
    dry_run: bool = False
    max_cost_usd: Decimal | None = None
    yes: bool = False
    context_tokens: int | None = None
    language: str = "auto"
    require_evidence: bool = False
    summary: Literal["table", "json", "none"] = "table"
    quiet: bool = False
    verbose: int = 0
    log_format: Literal["text", "json"] = "text"
    log_file: Path | None = None
    metrics_file: Path | None = None
    max_file_bytes: int = 50_000_000
    patterns: tuple[str, ...] = ()
    meeting_id: str | None = None
    customer_id: str | None = None
    meet_date: str | None = None
    customer_name: str | None = None
    banker_id: str | None = None
    banker_name: str | None = None
    meet_type: str | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether results go to standard output instead of a folder."""
        return str(self.output) == "-"

    @property
    def given(self) -> dict[str, str]:
        """The fields of a meeting that hold for every file without them."""
        return {name: value for name in MEETING_FIELDS if (value := getattr(self, name)) is not None}

    @property
    def key_variable(self) -> str:
        """The environment variable that the engine's key comes from; OpenAI's only where it may go there."""
        option = OPTIONS["api_key"]
        return option.older[0] if option.older and abilities_of(self.engine).uses_base_url else option.variable

    @property
    def endpoint(self) -> str:
        """Who is asked: host and port, the engine's name where it asks nobody or has one place only."""
        return place_of(self.engine, self.base_url)


class Option(NamedTuple):
    """One setting as people give it. `name` is its key in flags and files.

    `older` is the variable it had before `MEETCLI_...` and the parser of that variable; `stored_as` its name in
    `Settings` where that carries a unit.
    """

    name: str
    parse: Callable[[object], object]
    older: tuple[str, Callable[[object], object]] | None = None
    stored_as: str | None = None

    @property
    def field(self) -> str:
        """The option's name in `Settings`."""
        return self.stored_as or self.name

    @property
    def flag(self) -> str:
        """The option as typed on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The option's own environment variable."""
        return "MEETCLI_" + self.name.upper()


OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("output", values.parse_path),
        Option("format", values.some_of(FORMATS)),
        Option("no_csv_bom", values.parse_flag),
        Option("limit", values.whole_number(0)),
        Option("files_from", values.parse_path),
        Option("engine", values.one_of(tuple(ENGINES))),
        Option("api_key", values.parse_api_key, older=("OPENAI_API_KEY", values.parse_api_key)),
        Option("model", values.parse_text, older=("OPENAI_MODEL", values.parse_text)),
        Option("base_url", values.parse_base_url, older=("OPENAI_BASE_URL", values.parse_base_url)),
        Option("prices", values.parse_prices),
        Option("concurrency", values.whole_number(1, 1000)),
        Option("rpm", values.whole_number(1)),
        Option("tpm", values.whole_number(1)),
        Option("timeout", values.parse_positive_duration, stored_as="timeout_s"),
        Option("retries", values.whole_number(0, 100)),
        Option("max_wait", values.parse_duration, stored_as="max_wait_s"),
        Option("lane", values.one_of(("standard", "flex", "batch"))),
        Option("flex_fallback", values.parse_flag),
        Option("wait", values.parse_flag),
        Option("repair", values.one_of(("batch", "live"))),
        Option("ttl", values.parse_ttl, older=("CACHE_TTL_HOURS", values.parse_ttl_hours), stored_as="ttl_s"),
        Option("cache_dir", values.parse_path),
        Option("cache_url", values.parse_cache_url, older=("REDIS_URL", values.parse_cache_url)),
        Option("cache_required", values.parse_flag),
        Option("no_cache", values.parse_flag),
        Option("refresh", values.parse_flag),
        Option("cache_only", values.parse_flag),
        Option("on_change", values.one_of(("reprocess", "keep", "fail"))),
        Option("key_fallback", values.one_of(("content", "none"))),
        Option("retry_failed", values.parse_flag),
        Option("dry_run", values.parse_flag),
        Option("max_cost", values.parse_money, stored_as="max_cost_usd"),
        Option("yes", values.parse_flag),
        Option("context_tokens", values.whole_number(8_000)),
        Option("language", values.parse_language),
        Option("require_evidence", values.parse_flag),
        Option("summary", values.one_of(("table", "json", "none"))),
        Option("quiet", values.parse_flag),
        Option("verbose", values.whole_number(0)),
        Option("log_format", values.one_of(("text", "json"))),
        Option("log_file", values.parse_path),
        Option("metrics_file", values.parse_path),
        Option("max_file_size", values.parse_size, stored_as="max_file_bytes"),
        Option("patterns", values.parse_patterns),
        *(Option(name, values.parse_date if name == "meet_date" else values.parse_text) for name in MEETING_FIELDS),
    )
}
