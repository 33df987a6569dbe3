"""`meetcli cache stats`: what the disk cache holds, and what all runs on it together hit, missed, paid and saved."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from meetcli import events
from meetcli.cache.entry import Header
from meetcli.cache.lifetime import Amounts, Lifetime, read_lifetime, zero
from meetcli.cache.upkeep import all_rows
from meetcli.commands.cache import Flags, opened
from meetcli.commands.cache_entries import print_json
from meetcli.commands.cache_folder import folder_of
from meetcli.models import add_usd
from meetcli.plain_text import bytes_text, decimal_text, sum_text

_COUNTED = {
    "runs": "runs",
    "hits": "hits",
    "misses": "misses",
    "changed": "meetings.changed",
    "expired": "meetings.expired",
    "failed": "meetings.failed",
    "calls": "requests",
    "cache_errors": "cache_errors",
    "paid_usd": "cost_usd",
    "uncertain_usd": "uncertain_usd",
    "saved_usd": "saved_usd",
    "runs_of_unknown_cost": "unknown_costs",
    "runs_of_unknown_savings": "unknown_savings",
}
"""What is shown of the counters, with the amount it comes from; all labels of a name that has none here are added up.
"""
_RARE = {"uncertain_usd", "runs_of_unknown_cost", "runs_of_unknown_savings"}
"""Not shown to people where there is nothing of it."""
_UNKNOWN_IN = {"paid_usd": "runs_of_unknown_cost", "saved_usd": "runs_of_unknown_savings"}
"""Sums of money, with the count of the runs in which a part of them is not known."""


def stats(flags: Flags, *, is_zero: bool, is_json: bool) -> None:
    """Print both; with `is_zero` count anew from now on first."""
    with opened(flags, is_shared_used=False) as (settings, cache):
        folder = folder_of(settings)
        lifetime = zero(folder, at=datetime.now(UTC)) if is_zero else read_lifetime(folder)
        if lifetime.notice:
            events.LOGGER.warning("%s", lifetime.notice)
        found = [header for _, header in all_rows(cache)]
    headers = [header for header in found if header]
    unreadable = len(found) - len(headers)
    if is_json:
        print_json({"folder": str(folder), **_held(headers, unreadable, folder), **_lived(lifetime)})
        return
    sys.stdout.writelines(f"{name:<23} {value}\n" for name, value in _held_lines(headers, unreadable, folder))
    sys.stdout.write("\n")
    sys.stdout.writelines(_lived_lines(lifetime))


def _held(headers: list[Header], unreadable: int, folder: Path) -> dict[str, Any]:
    answers = [header for header in headers if header.kind == "answer"]
    kinds = Counter(header.kind for header in headers)
    times = [header.created_at for header in answers]
    return {
        "answers": len(answers),
        "answers_by_task": dict(sorted(Counter(header.task for header in answers).items())),
        "remembered_failures": kinds["failure"],
        "kept_replies": kinds["reply"],
        "unreadable": unreadable,
        "size": sum(header.size for header in headers),
        "size_on_disk": sum(path.stat().st_size for path in folder.glob("cache.db*")),
        "worth_usd": decimal_text(add_usd(*(header.cost_usd for header in answers))),
        "oldest": min(times).isoformat() if times else None,
        "newest": max(times).isoformat() if times else None,
    }


def _held_lines(headers: list[Header], unreadable: int, folder: Path) -> Iterator[tuple[str, str]]:
    held = _held(headers, unreadable, folder)
    yield "folder", str(folder)
    yield "answers", f"{held['answers']:,}"
    for task, count in held["answers_by_task"].items():
        yield f"  {task}", f"{count:,}"
    for name in ("remembered_failures", "kept_replies", "unreadable"):
        if held[name]:
            yield _words(name), f"{held[name]:,}"
    yield "size", f"{bytes_text(held['size'])}, {bytes_text(held['size_on_disk'])} on disk"
    yield "worth", sum_text(header.cost_usd for header in headers if header.kind == "answer")
    for name in ("oldest", "newest"):
        if held[name]:
            yield name, _moment_text(datetime.fromisoformat(held[name]))


def _lived(lifetime: Lifetime) -> dict[str, Any]:
    times = {name: at and at.isoformat() for name, at in lifetime._asdict().items() if name.endswith("_at")}
    return {
        **times,
        "lifetime": _numbers(_counted(lifetime.total)),
        "since_zero": _numbers(_counted(lifetime.since_zero)),
    }


def _lived_lines(lifetime: Lifetime) -> Iterator[str]:
    total, recent = _counted(lifetime.total), _counted(lifetime.since_zero)
    yield f"{'':<23} {'lifetime':>17} {'since --zero':>17}\n"
    for name, amount in total.items():
        if amount or name not in _RARE:
            yield f"{_words(name):<23} {_text(name, total):>17} {_text(name, recent):>17}\n"
    for name, at in (
        ("counted since", lifetime.began_at),
        ("set to zero", lifetime.zeroed_at),
        ("last run", lifetime.last_run_at),
        ("last success", lifetime.last_success_at),
    ):
        if at is not None:
            yield f"{name:<23} {_moment_text(at)}\n"


def _counted(amounts: Amounts) -> dict[str, Decimal | None]:
    """Return what is shown of the counters; `hit_rate` is None where nothing was looked up."""
    shown: dict[str, Decimal | None] = {}
    for name, source in _COUNTED.items():
        labels = (amount for label, amount in amounts.items() if source in (label, label.partition(".")[0]))
        shown[name] = count = sum(labels, Decimal(0))
        if name == "misses":
            hits = shown["hits"] or Decimal(0)
            shown["hit_rate"] = hits / (hits + count) if hits + count else None
    return shown


def _numbers(counted: Mapping[str, Decimal | None]) -> dict[str, int | float | str | None]:
    """Return counts as numbers, money as decimal strings; null where nothing is known of what was spent or saved."""
    return {name: None if _is_unknown(name, counted) else _number(name, amount) for name, amount in counted.items()}


def _number(name: str, amount: Decimal | None) -> int | float | str | None:
    if amount is None or name.endswith("_usd"):
        return decimal_text(amount)
    return round(float(amount), 4) if name == "hit_rate" else int(amount)


def _text(name: str, counted: Mapping[str, Decimal | None]) -> str:
    amount = counted[name]
    if amount is None:
        return "–"
    if name.endswith("_usd"):
        return sum_text((amount, None) if counted.get(_UNKNOWN_IN.get(name, "")) else (amount,))
    return f"{amount:.1%}" if name == "hit_rate" else f"{amount:,.0f}"


def _is_unknown(name: str, counted: Mapping[str, Decimal | None]) -> bool:
    return bool(counted.get(_UNKNOWN_IN.get(name, ""))) and not counted[name]


def _words(name: str) -> str:
    return name.removesuffix("_usd").replace("_", " ")


def _moment_text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
