"""What the metrics say, read back by the library that scrapers use."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from meetcli.models import Ended, Status
from meetcli.report import RunReport
from meetcli.report.metrics import Totals, metrics_text

NIGHT = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TASKS = {"extract": Ended(0, NIGHT, NIGHT), "analyze": Ended(3, NIGHT, None)}
AMOUNTS = {
    "runs": Decimal(3),
    "run_seconds": Decimal("12.5"),
    "hits.disk": Decimal(40),
    "misses.disk": Decimal(3),
    "hits.redis+disk": Decimal(7),
    "meetings.hit": Decimal(47),
    "meetings.miss": Decimal(3),
    "input_tokens.openai": Decimal(9000),
    "cached_input_tokens.openai": Decimal(4000),
    "output_tokens.openai": Decimal(1200),
    "requests.openai": Decimal(4),
    "purchases": Decimal(3),
    "purchase_seconds": Decimal("6.25"),
    "cost_usd": Decimal("0.0345"),
    "saved_usd": Decimal("1.2"),
}


def samples_of(text: bytes) -> dict[str, float]:
    """Values by name and labels as the format writes them."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def report() -> RunReport:
    return RunReport(task="extract", engine="openai", model="m", endpoint="e", clock=lambda: 0.0, backend="disk")


def shown(**totals: object) -> dict[str, float]:
    given = {"amounts": AMOUNTS, "cache_size": 43, "tasks": TASKS, **totals}
    return samples_of(metrics_text(report(), Totals(**given)))


def test_the_names_of_the_contract_are_there_exactly() -> None:
    assert {name: value for name, value in shown().items() if not name.startswith("meetcli_")} == {
        'cache_hits_total{backend="disk"}': 40,
        'cache_hits_total{backend="redis+disk"}': 7,
        'cache_misses_total{backend="disk"}': 3,
        'cache_misses_total{backend="redis+disk"}': 0,
        'cache_size{backend="disk"}': 43,
        'openai_tokens_total{type="input"}': 9000,
        'openai_tokens_total{type="output"}': 1200,
        "openai_estimated_cost_usd": 0.0345,
    }


def test_meetings_durations_and_the_last_run_are_there_too() -> None:
    own = shown()
    assert own['meetcli_meetings_total{status="hit"}'] == 47
    assert sum(name.startswith("meetcli_meetings_total{status=") for name in own) == len(Status)
    assert (own["meetcli_request_duration_seconds_count"], own["meetcli_request_duration_seconds_sum"]) == (3, 6.25)
    assert (own["meetcli_run_duration_seconds_count"], own["meetcli_run_duration_seconds_sum"]) == (3, 12.5)
    assert own['meetcli_last_run_exit_code{task="extract"}'] == 0
    assert own['meetcli_last_run_exit_code{task="analyze"}'] == 3
    assert own['meetcli_last_success_timestamp_seconds{task="extract"}'] == NIGHT.timestamp()
    assert 'meetcli_last_success_timestamp_seconds{task="analyze"}' not in own


def test_what_is_not_known_is_left_out_and_what_never_happened_is_0() -> None:
    first = shown(amounts={}, cache_size=None, tasks={})
    assert not {name for name in first if name.startswith(("cache_size", "meetcli_last_success"))}
    assert first['cache_hits_total{backend="disk"}'] == first['openai_tokens_total{type="input"}'] == 0


@pytest.mark.parametrize("line", metrics_text(report(), Totals(AMOUNTS, 43, TASKS)).decode().splitlines())
def test_every_line_is_help_type_or_sample(line: str) -> None:
    assert line.startswith(("# HELP ", "# TYPE ")) or len(line.rsplit(" ", 1)) == 2
