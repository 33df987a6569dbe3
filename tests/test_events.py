import logging
from decimal import Decimal
from pathlib import Path

import pytest

from meetcli import events
from meetcli.errors import CacheError
from meetcli.models import Outcome, Source, Spent, Status, Usage

KEY = "1294cd73c1b883ca35674a2104c3f15d96d12de37c403ec3bb7da78620d1a4b7"


@pytest.fixture
def records(monkeypatch):
    """Collect what is logged at any level."""
    seen = []

    class Collector(logging.Handler):
        def emit(self, record):
            seen.append(record)

    monkeypatch.setattr(events.LOGGER, "handlers", [Collector()])
    monkeypatch.setattr(events.LOGGER, "propagate", False)
    events.LOGGER.setLevel(logging.DEBUG)
    yield seen
    events.LOGGER.setLevel(logging.NOTSET)


DISK = {"cache_size": 1, "backend": "disk"}


@pytest.mark.parametrize(
    ("write", "level", "event", "line"),
    [
        (
            lambda: events.cache_hit(KEY, age_s=3.14, **DISK),
            "INFO",
            "cache_hit",
            "[CACHE HIT] idempotency_key=1294cd73c1b883ca... | age=3.1s | cache_size=1 | backend=disk",
        ),
        (
            lambda: events.cache_miss(KEY, cache_size=None, backend="redis"),
            "DEBUG",
            "cache_miss",
            "[CACHE MISS] idempotency_key=1294cd73c1b883ca... | backend=redis",
        ),
        (
            lambda: events.cache_miss(None, cache_size=None, backend="none"),
            "DEBUG",
            "cache_miss",
            "[CACHE MISS] idempotency_key=no-idempotency-key-available | backend=none",
        ),
        (
            lambda: events.cache_save(KEY, ttl_s=86_400, **DISK),
            "INFO",
            "cache_save",
            "[CACHE SAVE] idempotency_key=1294cd73c1b883ca... | cache_size=1 | ttl=24h | backend=disk",
        ),
        (
            lambda: events.cache_expired(KEY, age_s=90_000, **DISK),
            "INFO",
            "cache_expired",
            "[CACHE EXPIRED] idempotency_key=1294cd73c1b883ca... | age=90000.0s | cache_size=1 | backend=disk",
        ),
        (
            lambda: events.cache_changed(KEY, part="content", **DISK),
            "INFO",
            "cache_changed",
            "[CACHE CHANGED] idempotency_key=1294cd73c1b883ca... | part=content | cache_size=1 | backend=disk",
        ),
        (
            lambda: events.cache_cleared(42, backend="disk"),
            "INFO",
            "cache_cleared",
            "[CACHE CLEARED] removed=42 items | backend=disk",
        ),
        (
            lambda: events.cache_error(CacheError("disk full"), backend="disk"),
            "WARNING",
            "cache_error",
            "[CACHE ERROR] error=disk full | backend=disk",
        ),
    ],
)
def test_cache_lines_keep_the_wording_operators_search_for(records, write, level, event, line):
    write()
    (record,) = records
    assert (record.levelname, record.event, record.getMessage()) == (level, event, line)


def outcome(status, **more) -> Outcome:
    return Outcome(Source(Path("a"), "a.json", "in/a.json", "a", is_named=False), status, **more)


def test_a_finished_meeting_logs_status_tokens_cost_and_duration(records):
    events.meeting_finished(
        outcome(Status.MISS, spent=Spent(Usage(1200, 0, 300, 1), Decimal("0.0312")), duration_s=3.07)
    )
    assert records[0].getMessage() == "in/a.json | status=miss | tokens=1200+300 | cost=$0.0312 | duration=3.1s"
    assert records[0].levelname == "INFO"
    assert records[0].fields["cost_usd"] == "0.0312"


def test_a_failed_meeting_is_heard_even_when_quiet(records):
    events.LOGGER.setLevel(logging.ERROR)
    events.meeting_finished(outcome(Status.HIT))
    events.meeting_finished(outcome(Status.FAILED, reason="bad_input", error="not JSON", spent=Spent(cost_usd=None)))
    assert [record.getMessage() for record in records] == [
        "in/a.json: not JSON | status=failed | reason=bad_input | tokens=0+0 | cost=unknown | duration=0.0s"
    ]


def test_nothing_is_built_where_the_level_is_off(records):
    events.LOGGER.setLevel(logging.CRITICAL)
    events.cache_hit(KEY, age_s="formatting this would fail", cache_size=1, backend="disk")
    events.meeting_finished(outcome(Status.MISS, duration_s="so would this"))
    assert records == []
