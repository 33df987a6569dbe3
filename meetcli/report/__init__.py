"""Counts, tokens, money and time of one run, made from its outcomes, and the exit code they come to. Prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from signal import Signals
from typing import Any

from meetcli.errors import MeetcliError
from meetcli.models import NO_KEY, UNREAD, Forecast, Outcome, Spent, Status, Submission, add_usd
from meetcli.plain_text import decimal_text, failure_text

_CALLED = {Status.BYPASSED, Status.REFRESHED, Status.EXPIRED, Status.CHANGED, Status.MISS}
"""What a meeting ends as that was called; a dry run names it as the reason."""

_STOP_ORDER = (130, 143, 2, 3, 4, 1)
"""Exit codes of what can stop a run; the first that applies wins."""


@dataclass(slots=True)
class RunReport:
    """What became of every meeting of one run.

    `backend` is the cache really used, `none` without one. `cache_only` makes a meeting without an answer a failure of
    the run. `is_free` says that the engine costs nothing. `unread` counts the skipped files that look like a
    transcript. `content_keys` are the keys of meetings without ids, `ways_to_ids` what would give them some. `forecast`
    is what the plan of a dry run will take, `pending` the batches that somebody has to collect. `clock` counts seconds.
    """

    task: str
    engine: str
    model: str
    endpoint: str
    clock: Callable[[], float]
    backend: str = "none"
    cache_only: bool = False
    is_free: bool = False
    unread: int = 0
    content_keys: set[str] = field(default_factory=set)
    ways_to_ids: list[str] = field(default_factory=list)
    forecast: Forecast | None = None
    pending: list[Submission] = field(default_factory=list)
    stopped_by: MeetcliError | Signals | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    counts: Counter[Status] = field(default_factory=Counter)
    spent: Spent = field(default_factory=Spent)
    saved_usd: Decimal | None = Decimal(0)
    unsupported: int = 0
    _calls: int = 0
    _started: float = 0.0

    def __post_init__(self) -> None:
        self._started = self.clock()

    def add(self, outcome: Outcome) -> None:
        """Count one meeting's end."""
        self.outcomes.append(outcome)
        self.counts[outcome.status] += 1
        self.unread += is_unread(outcome)
        self.spent += outcome.spent
        self.saved_usd = add_usd(self.saved_usd, outcome.saved_usd)
        self.unsupported += outcome.unsupported
        self._calls += is_call(outcome)

    def stop(self, cause: MeetcliError | Signals) -> None:
        """Note what stopped the run; of several causes the one whose exit code comes first stays."""
        if self.stopped_by is None or _STOP_ORDER.index(_code_of(cause)) < _STOP_ORDER.index(_code_of(self.stopped_by)):
            self.stopped_by = cause

    @property
    def total(self) -> int:
        """How many meetings ended."""
        return len(self.outcomes)

    @property
    def hit_rate(self) -> float | None:
        """Hits over hits and calls, whatever the calls were made for, from 0 to 1; None where there was neither.

        In a dry run the calls are those that would be made.
        """
        hits = self.counts[Status.HIT]
        return hits / (hits + self._calls) if hits + self._calls else None

    @property
    def known_by_content(self) -> dict[str, int]:
        """How many meetings have no ids and are known by their content, in all and by status, planned ones too."""
        ended = Counter(
            (one.reason if is_planned(one) else one.status.value) or ""
            for one in self.outcomes
            if one.idempotency_key in self.content_keys
        )
        return {"total": ended.total(), **{status.value: ended[status] for status in Status if ended[status]}}

    def money(self) -> dict[str, dict[str, dict[str, str | None]]]:
        """Return what was spent and saved, by status and by lane, for those that have any meeting.

        Unknown sums are None.

        By status, what the cache saved; by lane, what the standard price of the same calls would have been more.
        """
        statuses = {
            status: [one for one in self.outcomes if one.status is status] for status in Status if self.counts[status]
        }
        bought = [one.spent for one in self.outcomes if one.spent.usage.requests]
        lanes = {
            lane: [one for one in bought if one.lane == lane] for lane in dict.fromkeys(one.lane for one in bought)
        }
        return {
            "by_status": {
                status.value: _money((one.spent.cost_usd, one.saved_usd) for one in some)
                for status, some in statuses.items()
            },
            "by_lane": {lane: _money((one.cost_usd, one.discount_usd) for one in some) for lane, some in lanes.items()},
        }

    @property
    def elapsed_s(self) -> float:
        """Seconds since the report was opened."""
        return self.clock() - self._started

    @property
    def exit_code(self) -> int:
        """What the process ends with, short of a bug."""
        if self.stopped_by is not None:
            return _code_of(self.stopped_by)
        return int(bool(self.counts[Status.FAILED] or (self.cache_only and self.counts[Status.NOT_ATTEMPTED])))

    def in_order(self) -> list[Outcome]:
        """Return the outcomes by path and place, not as they happened to end."""
        return sorted(self.outcomes, key=lambda outcome: (outcome.source.shown, outcome.source.place or 0))

    def amounts(self) -> dict[str, Decimal | int]:
        """Return what this run adds to the lifetime of its cache, by name and label as `hits.disk`.

        What is zero is left out.

        `hits` and `misses` are those of `hit_rate`, by the cache used; tokens and requests are by engine. `cost_usd`,
        `uncertain_usd` and `saved_usd` are what is known of them; `unknown_costs` and `unknown_savings` count the runs
        with a part that is not.
        """
        hits = self.counts[Status.HIT]
        bought = [outcome.duration_s for outcome in self.outcomes if outcome.spent.usage.requests]
        amounts: dict[str, Decimal | int] = {
            "runs": 1,
            "run_seconds": Decimal(f"{self.elapsed_s:.3f}"),
            **{f"meetings.{status.value}": count for status, count in self.counts.items()},
            f"hits.{self.backend}": hits,
            f"misses.{self.backend}": self._calls if self.backend != "none" else 0,  # without a cache nothing is missed
            **{f"{name}.{self.engine}": count for name, count in self.spent.usage._asdict().items()},
            "purchases": len(bought),
            "purchase_seconds": Decimal(f"{sum(bought):.3f}"),
            "cost_usd": _known(one.spent.cost_usd for one in self.outcomes),
            "uncertain_usd": _known(one.spent.uncertain_usd for one in self.outcomes),
            "saved_usd": _known(one.saved_usd for one in self.outcomes),
            "unknown_costs": int(self.spent.cost_usd is None),
            "unknown_savings": int(self.saved_usd is None),
        }
        return {name: amount for name, amount in amounts.items() if amount}

    def summary(self) -> dict[str, Any]:
        """Return the object that `--summary json` prints, ready for a JSON encoder; money as decimal strings."""
        summary: dict[str, Any] = {
            "schema_version": 1,
            "task": self.task,
            "engine": self.engine,
            "model": self.model,
            "endpoint": self.endpoint,
            "backend": self.backend,
            "counts": {status.value: self.counts[status] for status in Status}
            | {"total": self.total, "unread": self.unread},
            "hit_rate": self.hit_rate,
            "known_by_content": self.known_by_content,
            "requests": self.spent.usage.requests,
            "usage": self.spent.usage._asdict(),
            "cost_usd": decimal_text(self.spent.cost_usd),
            "saved_usd": decimal_text(self.saved_usd),
            "unsupported": self.unsupported,
            "uncertain_usd": decimal_text(self.spent.uncertain_usd),
            "money": self.money(),
            "elapsed_s": round(self.elapsed_s, 3),
            "exit_code": self.exit_code,
            "files": [_file_of(outcome) for outcome in self.in_order()],
        }
        if self.pending:
            summary["batches"] = [{"id": batch.name, "requests": batch.requests} for batch in self.pending]
        if self.forecast is not None:
            summary["plan"] = _plan_of(self.forecast)
        return summary


def _plan_of(forecast: Forecast) -> dict[str, Any]:
    return {
        "calls": forecast.calls,
        "input_tokens": forecast.input_tokens,
        "input_tokens_are": "counted" if forecast.is_counted else "estimated",
        "output_tokens": forecast.output_tokens,
        "output_learned_from": forecast.learned_from,
        "lane": forecast.lane,
        "lanes": {
            lane: {
                "served": price.is_served,
                "expected_usd": decimal_text(price.expected_usd),
                "highest_usd": decimal_text(price.highest_usd),
            }
            for lane, price in forecast.lanes.items()
        },
        "estimated_s": round(forecast.seconds, 1),
    }


def _file_of(outcome: Outcome) -> dict[str, Any]:
    return {
        # The path as people know it, not the result's bare file name: two folders may hold files of one name.
        "source": outcome.source.shown,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "idempotency_key": outcome.idempotency_key or NO_KEY,
        "output": outcome.output,
        "cost_usd": decimal_text(outcome.spent.cost_usd),
        "error": outcome.error and failure_text(outcome.source.label, outcome.error),
        "unsupported": outcome.unsupported,
        "place": outcome.source.place,
    }


def _money(amounts: Iterable[tuple[Decimal | None, Decimal | None]]) -> dict[str, str | None]:
    spent, saved = zip(*amounts, strict=True)
    return {"cost_usd": decimal_text(add_usd(*spent)), "saved_usd": decimal_text(add_usd(*saved))}


def _known(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def is_unread(outcome: Outcome) -> bool:
    """Say whether an input was left out that looks like a transcript."""
    return outcome.status is Status.SKIPPED and outcome.reason == UNREAD


def is_planned(outcome: Outcome) -> bool:
    """Say whether a dry run names in `reason` what the meeting would have been."""
    return outcome.status is Status.NOT_ATTEMPTED and outcome.reason in (*_CALLED, Status.SHARED)


def is_call(outcome: Outcome) -> bool:
    """Say whether a meeting was called, waits in a batch, or would be called; a failed one only if a server saw it."""
    if outcome.status is Status.FAILED:
        return outcome.spent.usage.requests > 0
    ended = outcome.reason if is_planned(outcome) else outcome.status
    return ended in _CALLED or ended == Status.SUBMITTED


def _code_of(cause: MeetcliError | Signals) -> int:
    return 128 + cause if isinstance(cause, Signals) else cause.exit_code
