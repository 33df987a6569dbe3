"""What is worth a log line, in the wording operators search for. Costs one comparison where the level is off.

Callers pass keys, counts and settings; no function here takes text of a transcript or a reply.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from meetcli.errors import CacheError, MeetcliError
from meetcli.models import NO_KEY, Outcome, Status
from meetcli.plain_text import decimal_text, duration_text, elapsed_text, failure_text, money_text, printable

LOGGER = logging.getLogger("meetcli")


def cache_hit(key: str, *, age_s: float, cache_size: int | None, backend: str) -> None:
    """Log that an answer was found and fresh."""
    if LOGGER.isEnabledFor(logging.INFO):
        _cache_event(
            logging.INFO,
            "hit",
            idempotency_key=_short(key),
            age=f"{age_s:.1f}s",
            cache_size=cache_size,
            backend=backend,
        )


def cache_miss(key: str | None, *, cache_size: int | None, backend: str) -> None:
    """Log that there is no answer for a meeting."""
    if LOGGER.isEnabledFor(logging.DEBUG):
        _cache_event(logging.DEBUG, "miss", idempotency_key=_short(key), cache_size=cache_size, backend=backend)


def cache_save(key: str, *, ttl_s: float | None, cache_size: int | None, backend: str) -> None:
    """Log that a paid answer is safe in the cache."""
    if LOGGER.isEnabledFor(logging.INFO):
        _cache_event(
            logging.INFO,
            "save",
            idempotency_key=_short(key),
            cache_size=cache_size,
            ttl=duration_text(ttl_s),
            backend=backend,
        )


def cache_expired(key: str, *, age_s: float, cache_size: int | None, backend: str) -> None:
    """Log that an answer was found and is too old."""
    if LOGGER.isEnabledFor(logging.INFO):
        _cache_event(
            logging.INFO,
            "expired",
            idempotency_key=_short(key),
            age=f"{age_s:.1f}s",
            cache_size=cache_size,
            backend=backend,
        )


def cache_changed(key: str, *, part: str, cache_size: int | None, backend: str) -> None:
    """Log that the meeting is known with something else in `part`, as `content` or `model`."""
    if LOGGER.isEnabledFor(logging.INFO):
        _cache_event(
            logging.INFO, "changed", idempotency_key=_short(key), part=part, cache_size=cache_size, backend=backend
        )


def cache_cleared(removed: int, *, backend: str) -> None:
    """Log that the cache was emptied on purpose."""
    _cache_event(logging.INFO, "cleared", removed=f"{removed} items", backend=backend)


def cache_error(error: CacheError, *, backend: str) -> None:
    """Log that the cache could not be used."""
    _cache_event(logging.WARNING, "error", error=error.message, backend=backend)


def not_well(event: str, message: str, **fields: object) -> None:
    """Warn of what must not be missed: `--quiet` lets it through. `event` is its name in a JSON log."""
    LOGGER.warning("%s", message, extra={"event": event, "fields": fields, "is_kept": True})


def stopping(*, is_interrupt: bool) -> None:
    """Log that a run was asked to end, by Ctrl-C or by a signal that nobody typed, and why it does not yet."""
    LOGGER.warning(
        "stopping: no new call is made, and the answers to those under way are waited for and kept; %s leaves at once",
        "Ctrl-C again" if is_interrupt else "a second signal",
        extra={"event": "stopping", "fields": {}},
    )


def announced(text: str) -> None:
    """Warn of what is about to happen because a file says so: where data goes, or whose code is run."""
    LOGGER.warning("%s", text, extra={"event": "announced", "fields": {}})


def meeting_finished(outcome: Outcome, *, is_shown_later: bool = False) -> None:
    """Log how one meeting ended; a failed one as an error, so that it is heard under `--quiet` and in a log file.

    With `is_shown_later` the table explains failures where this line would be read, and nobody wants to read them
    twice.
    """
    level = logging.ERROR if outcome.status is Status.FAILED and not is_shown_later else logging.INFO
    if not LOGGER.isEnabledFor(level):
        return
    usage, cost_usd = outcome.spent.usage, outcome.spent.cost_usd
    error = outcome.error and failure_text(outcome.source.label, outcome.error)
    fields = {
        "source": outcome.source.shown,
        "place": outcome.source.place,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": decimal_text(cost_usd),
        "duration_s": round(outcome.duration_s, 3),
        "unsupported": outcome.unsupported,
        "error": error,
    }
    plain = printable(error or outcome.source.label)
    parts = [plain]
    parts.append(f"status={outcome.status.value}")
    if outcome.reason:
        parts.append(f"reason={outcome.reason}")
    parts.append(f"tokens={usage.input_tokens}+{usage.output_tokens}")
    parts.append(f"cost={money_text(cost_usd)}")
    parts.append(f"duration={elapsed_text(outcome.duration_s)}")
    if outcome.unsupported:
        parts.append(f"unsupported={outcome.unsupported}")
    LOGGER.log(level, "%s", " | ".join(parts), extra={"event": "meeting_finished", "fields": fields, "plain": plain})


def run_finished(summary: Mapping[str, Any]) -> None:
    """Log what a run came to; `summary` is its report's, of which the files have had lines of their own."""
    counts = {status: count for status, count in summary["counts"].items() if count and status != "total"}
    usage, cost_usd, saved_usd = summary["usage"], summary["cost_usd"], summary["saved_usd"]
    parts = [
        f"{summary['task']} finished",
        *(f"{status}={count}" for status, count in counts.items()),
        f"requests={usage['requests']}",
        f"tokens={usage['input_tokens']}+{usage['output_tokens']}",
        f"cost={money_text(None if cost_usd is None else Decimal(cost_usd))}",
        f"saved={money_text(None if saved_usd is None else Decimal(saved_usd))}",
        f"duration={elapsed_text(summary['elapsed_s'])}",
        f"exit_code={summary['exit_code']}",
    ]
    fields = {name: value for name, value in summary.items() if name not in ("schema_version", "counts", "files")}
    LOGGER.info("%s", " | ".join(parts), extra={"event": "run_finished", "fields": {**fields, "counts": counts}})


def failed(error: MeetcliError) -> None:
    """Log what ended the command."""
    LOGGER.error(
        "%s", error.message, extra={"event": "failed", "fields": {"hint": error.hint, "exit_code": error.exit_code}}
    )


def _cache_event(level: int, name: str, **fields: str | int | None) -> None:
    known = {field: value for field, value in fields.items() if value is not None}
    text = f"[CACHE {name.upper()}] " + " | ".join(f"{field}={value}" for field, value in known.items())
    LOGGER.log(level, "%s", text, extra={"event": f"cache_{name}", "fields": known})


def _short(key: str | None) -> str:
    """Return the start of a key, long enough to search for."""
    return NO_KEY if key is None else f"{key[:16]}..."
