"""The settings of a run: one row each, which says how people give it, what it means and where help shows it.

Reads nothing: the door loads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from meetcli.config import values
from meetcli.config.options import CACHE, INPUT, LOGS, MODEL, MONEY, OUTPUT, Option, Parse, flag, row
from meetcli.engines import DEFAULT_ENGINE, ENGINES, abilities_of, place_of
from meetcli.models import Lane
from meetcli.writers import WRITERS

FORMATS = tuple(WRITERS)
LEAST_WINDOW = 2_000  # tokens; less has no room for instructions and answer
MEETING_FIELDS = ("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type")


def _from_file(metavar: str, help: str, parse: Parse = values.parse_text) -> Any:  # noqa: A002, ANN401  # as above
    """Return the field of a setting that stands in for what an input does not say itself."""
    return row(INPUT, metavar, parse, help)


@dataclass(frozen=True)
class Settings:
    """Every setting of a run, one row each: group, how its value is written, parser, help, default.

    Durations in seconds; None means not given, for `ttl_s` that answers never grow too old. `cache_dir` is None only
    where neither a cache nor its counters are used. `prices` is `openai`, `none` or a path; `output` may be `-`.
    """

    files_from: Path | None = row(
        INPUT, "FILE", values.parse_path, "Take paths from a list, one a line or NUL-separated; - for standard input."
    )
    limit: int | None = row(INPUT, "N", values.whole_number(0), "Only the first N meetings that need a call.")
    max_file_bytes: int = row(INPUT, "SIZE", values.parse_size, "Refuse larger files.", "50MB", name="max_file_size")
    patterns: tuple[str, ...] = row(
        INPUT,
        "PATTERN",
        values.parse_patterns,
        "What a path says: {customer_id}/{meet_date}_{meeting_id}.vtt",
        "",
    )
    meeting_id: str | None = _from_file("ID", "The meeting's id, for one file without it.")
    customer_id: str | None = _from_file("ID", "The customer's id, for files without one.")
    meet_date: str | None = _from_file(
        "DATE", "The meeting's date in ISO 8601, for files without one.", values.parse_date
    )
    customer_name: str | None = _from_file("NAME", "The customer's name, for files without one.")
    banker_id: str | None = _from_file("ID", "The banker's id, for files without one.")
    banker_name: str | None = _from_file("NAME", "The banker's name, for files without one.")
    meet_type: str | None = _from_file("KIND", "The kind of meeting, for files without one.")

    output: Path = row(
        OUTPUT, "DIR", values.parse_path, "Folder for results; - streams JSON Lines.", "results", short="-o"
    )
    format: tuple[str, ...] = row(
        OUTPUT, "LIST", values.SomeOf(FORMATS), f"Which results to write: {', '.join(FORMATS)}.", "json"
    )
    no_csv_bom: bool = flag(OUTPUT, "Start CSV files without the byte order mark that Excel needs.")
    language: str = row(
        OUTPUT, "CODE", values.parse_language, "Language of the prose.", "auto", shown="auto, the transcript's"
    )
    require_evidence: bool = flag(OUTPUT, "Leave out of results what no quote in the transcript supports.")
    summary: Literal["table", "json", "none"] = row(
        OUTPUT,
        "KIND",
        values.OneOf(("table", "json", "none")),
        "What is printed about the run: table, json or none.",
        "table",
    )

    engine: str = row(
        MODEL, "NAME", values.OneOf(tuple(ENGINES)), "openai, or local: no key, no network.", DEFAULT_ENGINE
    )
    api_key: str | None = row(
        MODEL,
        "KEY",
        values.parse_api_key,
        "The server's key.",
        older=("OPENAI_API_KEY", values.parse_api_key),
        is_secret=True,
        is_typed=False,
    )
    model: str = row(
        MODEL, "NAME", values.parse_text, "The model.", "gpt-4o", older=("OPENAI_MODEL", values.parse_text)
    )
    base_url: str | None = row(
        MODEL,
        "URL",
        values.parse_base_url,
        "Any OpenAI-compatible server.",
        shown="OpenAI",
        older=("OPENAI_BASE_URL", values.parse_base_url),
    )
    organization: str | None = row(
        MODEL, "ID", values.parse_header, "Your organization at OpenAI.", older=("OPENAI_ORG_ID", values.parse_header)
    )
    project: str | None = row(
        MODEL, "ID", values.parse_header, "Your project at OpenAI.", older=("OPENAI_PROJECT_ID", values.parse_header)
    )
    ca_file: Path | None = row(
        MODEL,
        "FILE",
        values.parse_path,
        "Certificate authorities to trust beside the system's.",
        older=("REQUESTS_CA_BUNDLE", values.parse_path),
    )
    concurrency: int = row(MODEL, "N", values.whole_number(1, 1000), "Calls at once.", "8", short="-j")
    rpm: int | None = row(MODEL, "N", values.whole_number(1), "Requests a minute.", shown="learned from the server")
    tpm: int | None = row(MODEL, "N", values.whole_number(1), "Tokens a minute.", shown="learned from the server")
    timeout_s: float = row(
        MODEL, "DURATION", values.parse_positive_duration, "Time limit for one attempt.", "120s", name="timeout"
    )
    retries: int = row(MODEL, "N", values.whole_number(0, 100), "Transport retries of one request.", "5")
    max_wait_s: float = row(
        MODEL, "DURATION", values.parse_duration, "Longest total wait for one request.", "10m", name="max_wait"
    )
    context_tokens: int | None = row(
        MODEL,
        "N",
        values.whole_number(LEAST_WINDOW),
        "Tokens the model reads and writes at once.",
        shown="the model's, else 128000",
    )

    dry_run: bool = flag(MONEY, "Plan, price and stop; make no call.")
    max_cost_usd: Decimal | None = row(
        MONEY, "USD", values.parse_money, "Never spend more in this run; needs a known price.", name="max_cost"
    )
    yes: bool = flag(MONEY, "Do not ask before a plan above 10 USD.", short="-y")
    prices: str = row(
        MONEY,
        "SOURCE",
        values.parse_prices,
        "Where prices come from: openai, none, or a file of prices.",
        "openai",
        shown="openai for its endpoint, else none",
    )
    lane: Lane = row(
        MONEY,
        "NAME",
        values.OneOf(("standard", "flex", "batch")),
        "Price lane: standard, flex or batch.",
        "standard",
    )
    flex_fallback: bool = flag(MONEY, "Pay the standard price where flex has no capacity.")
    wait: bool = flag(MONEY, "Wait for the batches of this run.")
    repair: Literal["batch", "live"] = row(
        MONEY,
        "HOW",
        values.OneOf(("batch", "live")),
        "Repairs in the batch lane: batch (the next one) or live.",
        "batch",
    )

    ttl_s: float | None = row(
        CACHE,
        "DURATION",
        values.parse_ttl,
        "An answer is valid while younger: 24h, 30d, none.",
        "24h",
        name="ttl",
        older=("CACHE_TTL_HOURS", values.parse_ttl_hours),
    )
    cache_dir: Path | None = row(CACHE, "DIR", values.parse_path, "The disk cache.", shown="the user's cache folder")
    cache_url: str | None = row(
        CACHE,
        "URL",
        values.parse_cache_url,
        "A shared Redis cache in front of the disk cache: redis://host:6379/0.",
        older=("REDIS_URL", values.parse_cache_url),
        is_secret=True,
    )
    cache_required: bool = flag(CACHE, "Stop when any configured cache is lost.")
    no_cache: bool = flag(CACHE, "Neither read nor save answers.")
    refresh: bool = flag(CACHE, "Call again and save the new answers.")
    cache_only: bool = flag(CACHE, "Never call.")
    on_change: Literal["reprocess", "keep", "fail"] = row(
        CACHE,
        "WHAT",
        values.OneOf(("reprocess", "keep", "fail")),
        "A known meeting with other content, task or model: reprocess, keep, fail.",
        "reprocess",
    )
    key_fallback: Literal["content", "none"] = row(
        CACHE,
        "HOW",
        values.OneOf(("content", "none")),
        "A meeting without all three ids: known by its content, or none: asked again each run.",
        "content",
    )
    retry_failed: bool = flag(CACHE, "Try again what is remembered as failed.")

    quiet: bool = flag(LOGS, "Print failures only.", short="-q")
    verbose: int = row(
        LOGS, None, values.whole_number(0), "-v for INFO, -vv for DEBUG.", "0", short="-v", is_counted=True
    )
    log_format: Literal["text", "json"] = row(
        LOGS, "FORMAT", values.OneOf(("text", "json")), "How log lines look: text or json.", "text"
    )
    log_file: Path | None = row(LOGS, "FILE", values.parse_path, "Write logs there instead of standard error.")
    metrics_file: Path | None = row(
        LOGS,
        "FILE",
        values.parse_path,
        "Write Prometheus metrics there, for node_exporter's textfile collector.",
    )

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


def _options() -> Iterator[Option]:
    for field in fields(Settings):
        option: Option = field.metadata["option"]
        yield option._replace(name=option.name or field.name, field=field.name)


OPTIONS: Mapping[str, Option] = {option.name: option for option in _options()}
"""Every option by its name, in the order of the help."""
