"""Metrics room: what all runs on one cache counted together, in Prometheus's text format. Reads and writes no file.

Counters are given, already added up over runs: a process that ends each night cannot count for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from meetcli.errors import UsageError
from meetcli.models import Ended, Status
from meetcli.report import RunReport

try:
    from prometheus_client import Metric, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
    from prometheus_client.registry import Collector
except ImportError as error:
    raise UsageError(
        "a metrics file needs the prometheus-client library", hint="pip install 'meetcli[metrics]'"
    ) from error

MODE = 0o644
"""Of the file: its reader is another user, and it holds counts only."""


class Totals(NamedTuple):
    """What was counted over all runs, this one included.

    `amounts` are named as by `RunReport.amounts`. `cache_size` is None where the number of answers is not cheaply
    known. `tasks` says how each task's last run ended.
    """

    amounts: Mapping[str, Decimal]
    cache_size: int | None
    tasks: Mapping[str, Ended]


def metrics_text(report: RunReport, totals: Totals) -> bytes:
    """Return the text of a node_exporter textfile: totals over all runs, and how this last one ended."""
    return generate_latest(_Counted(report, totals))


class _Counted(Collector):
    """Everything that is exposed, in the shape the library asks for."""

    def __init__(self, report: RunReport, totals: Totals) -> None:
        self._report = report
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Yield the families whose names the contract fixes, then those of our own."""
        backend = (
            "disk" if self._report.backend == "none" else self._report.backend
        )  # what a run without cache left alone
        backends = sorted(_labels(self._totals.amounts, "hits", "misses") | {backend})
        yield self._labeled(
            "cache_hits", "Meetings answered from the cache.", "backend", {name: f"hits.{name}" for name in backends}
        )
        yield self._labeled(
            "cache_misses",
            "Meetings without a fresh answer there.",
            "backend",
            {name: f"misses.{name}" for name in backends},
        )
        if self._totals.cache_size is not None:
            yield _gauge("cache_size", "Answers in the cache.", self._totals.cache_size, backend=backend)
        tokens = {"input": "input_tokens.openai", "output": "output_tokens.openai"}
        yield self._labeled("openai_tokens", "Tokens that were paid for.", "type", tokens)
        # It only grows, but the library would end a counter's name in _total.
        yield _gauge(
            "openai_estimated_cost_usd", "What all calls cost, as far as prices are known.", self._amount("cost_usd")
        )

        yield self._single(
            "meetcli_cached_input_tokens",
            "Of the input tokens, those at the reduced price.",
            "cached_input_tokens.openai",
        )
        yield self._single("meetcli_requests", "Requests the server saw, failed ones included.", "requests.openai")
        yield self._single("meetcli_runs_of_unknown_cost", "Runs with a call of unknown price.", "unknown_costs")
        yield _gauge("meetcli_saved_usd", "What the answers taken from the cache once cost.", self._amount("saved_usd"))
        yield self._single("meetcli_cache_errors", "Cache errors.", "cache_errors")
        yield self._labeled(
            "meetcli_meetings", "Meetings by how they ended.", "status", {name: f"meetings.{name}" for name in Status}
        )
        about = "From a meeting's first request to its last answer."
        yield self._summary("meetcli_request_duration_seconds", about, "purchases", "purchase_seconds")
        yield self._summary("meetcli_run_duration_seconds", "How long runs took.", "runs", "run_seconds")
        ends = self._totals.tasks
        yield _by_task(
            "meetcli_last_run_exit_code", "How the last run ended.", {task: end.exit_code for task, end in ends.items()}
        )
        yield _by_task(
            "meetcli_last_run_timestamp_seconds",
            "When the last run ended.",
            {task: end.at.timestamp() for task, end in ends.items()},
        )
        succeeded = {task: end.succeeded_at.timestamp() for task, end in ends.items() if end.succeeded_at}
        yield _by_task("meetcli_last_success_timestamp_seconds", "When a run last ended with code 0.", succeeded)

    def _amount(self, name: str) -> float:
        return float(self._totals.amounts.get(name, 0))

    def _single(self, name: str, about: str, amount: str) -> Metric:
        return CounterMetricFamily(name, about, value=self._amount(amount))

    def _labeled(self, name: str, about: str, label: str, amounts: Mapping[str, str]) -> Metric:
        """Return a counter by label.

        What was never counted is there as 0, so that its first increase is seen as one.
        """
        family = CounterMetricFamily(name, about, labels=[label])
        for value, amount in amounts.items():
            family.add_metric([value], self._amount(amount))
        return family

    def _summary(self, name: str, about: str, count: str, seconds: str) -> Metric:
        return SummaryMetricFamily(name, about, count_value=int(self._amount(count)), sum_value=self._amount(seconds))


def _gauge(name: str, about: str, value: float, **labels: str) -> Metric:
    family = GaugeMetricFamily(name, about, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _by_task(name: str, about: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=["task"])
    for task, value in values.items():
        family.add_metric([task], value)
    return family


def _labels(amounts: Mapping[str, Decimal], *names: str) -> set[str]:
    return {label for name, dot, label in (full.partition(".") for full in amounts) if dot and name in names}
