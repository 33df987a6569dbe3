import json
from decimal import Decimal
from pathlib import Path
from signal import Signals

import pytest

from meetcli.errors import BudgetReached, CallError, RunStopped, UsageError
from meetcli.models import Outcome, Source, Spent, Status, Usage
from meetcli.report import RunReport


def outcome(name="a.json", status=Status.MISS, *, key="k" * 64, place=None, **more) -> Outcome:
    return Outcome(
        Source(Path(name), name, f"in/{name}", name, is_named=False, place=place), status, idempotency_key=key, **more
    )


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


def report(*outcomes, **more) -> RunReport:
    made = RunReport("extract", "openai", "gpt-4o", "api.openai.com", Clock(), **more)
    for one in outcomes:
        made.add(one)
    return made


def test_the_summary_is_the_contract_s_object():
    made = report(
        outcome(
            "b.json",
            spent=Spent(Usage(1000, 200, 300, 2), Decimal("0.00510")),
            output="out/b.extract.json",
            unsupported=2,
        ),
        outcome("a.json", Status.HIT, saved_usd=Decimal("0.2")),
        outcome("c.json", Status.FAILED, key=None, reason="bad_input", error="no"),
        backend="disk",
    )
    made.clock.now = 12.34567
    assert made.summary() == {
        "schema_version": 1,
        "task": "extract",
        "engine": "openai",
        "model": "gpt-4o",
        "endpoint": "api.openai.com",
        "backend": "disk",
        "counts": {
            "skipped": 0, "bypassed": 0, "refreshed": 0, "hit": 1, "expired": 0, "changed": 0, "miss": 1, "shared": 0, "submitted": 0,
            "failed": 1, "not_attempted": 0, "total": 3, "unread": 0,
        },
        "hit_rate": 0.5,
        "known_by_content": {"total": 0},
        "requests": 2,
        "usage": {"input_tokens": 1000, "cached_input_tokens": 200, "output_tokens": 300, "requests": 2},
        "cost_usd": "0.0051",
        "saved_usd": "0.2",
        "unsupported": 2,
        "uncertain_usd": "0",
        "money": made.money(),
        "elapsed_s": 2.346,
        "exit_code": 1,
        "files": [
            {"source": "in/a.json", "status": "hit", "reason": None, "idempotency_key": "k" * 64,
             "output": None, "cost_usd": "0", "error": None, "unsupported": 0, "place": None},
            {"source": "in/b.json", "status": "miss", "reason": None, "idempotency_key": "k" * 64, "output": "out/b.extract.json",
             "cost_usd": "0.0051", "error": None, "unsupported": 2, "place": None},
            {"source": "in/c.json", "status": "failed", "reason": "bad_input", "idempotency_key": "no-idempotency-key-available",
             "output": None, "cost_usd": "0", "error": "in/c.json: no", "unsupported": 0, "place": None},
        ],
    }  # fmt: skip
    json.dumps(made.summary(), allow_nan=False)


def test_places_in_one_file_are_listed_in_their_order():
    made = report(*(outcome("l.json", place=place, output=str(place)) for place in (10, 9, 2)))
    assert [(file["source"], file["place"], file["output"]) for file in made.summary()["files"]] == [
        ("in/l.json", place, str(place)) for place in (2, 9, 10)
    ]


def test_an_unknown_price_is_unknown_and_the_known_part_is_kept():
    made = report(
        outcome(spent=Spent(cost_usd=Decimal("0.1"))),
        outcome(spent=Spent(cost_usd=None)),
        outcome(status=Status.HIT, saved_usd=None),
    )
    amounts = made.amounts()
    assert (made.spent.cost_usd, amounts["cost_usd"], made.saved_usd) == (None, Decimal("0.1"), None)
    assert (amounts["unknown_costs"], amounts["unknown_savings"]) == (1, 1)
    assert made.summary()["cost_usd"] is None


@pytest.mark.parametrize(
    ("outcomes", "rate"),
    [
        ([], None),
        ([(Status.HIT, {}), (Status.MISS, {}), (Status.SHARED, {}), (Status.EXPIRED, {}), (Status.CHANGED, {})], 0.25),
        ([(Status.HIT, {}), (Status.SKIPPED, {}), (Status.BYPASSED, {"key": None}), (Status.REFRESHED, {})], 1 / 3),
        ([(Status.HIT, {}), (Status.SUBMITTED, {})], 0.5),
        ([(Status.HIT, {}), (Status.FAILED, {"key": None}), (Status.FAILED, {"reason": "known_failure"})], 1.0),
        ([(Status.HIT, {}), (Status.FAILED, {"reason": "timeout", "spent": Spent(Usage(requests=1))})], 0.5),
        ([(Status.HIT, {}), (Status.NOT_ATTEMPTED, {"reason": "limit"})], 1.0),
        (
            [
                (Status.HIT, {}),
                (Status.NOT_ATTEMPTED, {"reason": "miss"}),
                (Status.NOT_ATTEMPTED, {"reason": "bypassed"}),
            ],
            1 / 3,
        ),
        ([(Status.BYPASSED, {"key": None})], 0),
    ],
)
def test_the_hit_rate_is_hits_over_hits_and_calls(outcomes, rate):
    made = report(*(outcome(status=status, **more) for status, more in outcomes), backend="disk")
    assert made.hit_rate == rate
    hits, misses = (made.amounts().get(f"{name}.disk", 0) for name in ("hits", "misses"))
    assert (hits / (hits + misses) if hits + misses else None) == rate


def test_meetings_without_ids_are_counted_by_what_became_of_them():
    made = report(
        outcome("a.json", Status.HIT, key="c1"),
        outcome("b.json", Status.MISS, key="c2"),
        outcome("c.json", Status.NOT_ATTEMPTED, key="c3", reason="miss"),
        outcome("d.json", Status.NOT_ATTEMPTED, key="c4", reason="limit"),
        outcome("e.json", Status.CHANGED),
        outcome("f.json", Status.FAILED, key=None),
        content_keys={"c1", "c2", "c3", "c4", "of another run"},
    )
    assert made.summary()["known_by_content"] == {"total": 4, "hit": 1, "miss": 2, "not_attempted": 1}


@pytest.mark.parametrize(
    ("statuses", "cache_only", "code"),
    [
        ([], False, 0),
        ([Status.HIT, Status.SKIPPED, Status.MISS], False, 0),
        ([Status.NOT_ATTEMPTED], False, 0),
        ([Status.HIT, Status.FAILED], False, 1),
        ([Status.HIT, Status.NOT_ATTEMPTED], True, 1),
        ([Status.HIT], True, 0),
    ],
)
def test_outcomes_come_to_an_exit_code(statuses, cache_only, code):
    assert report(*(outcome(status=status) for status in statuses), cache_only=cache_only).exit_code == code


@pytest.mark.parametrize(
    ("causes", "code"),
    [
        ([Signals.SIGINT], 130),
        ([Signals.SIGTERM], 143),
        ([UsageError("x")], 2),
        ([RunStopped("x")], 3),
        ([BudgetReached("x")], 4),
        ([RunStopped("x"), Signals.SIGTERM], 143),
        ([Signals.SIGINT, RunStopped("x")], 130),
        ([BudgetReached("x"), RunStopped("x")], 3),
        ([CallError("x", reason="timeout"), BudgetReached("x")], 4),
    ],
)
def test_what_stopped_the_run_decides_before_its_outcomes(causes, code):
    made = report(outcome(status=Status.FAILED))
    for cause in causes:
        made.stop(cause)
    assert made.exit_code == code


def test_money_is_told_by_status_and_by_lane_and_unknown_stays_unknown():
    used = Usage(10, 0, 1, 1)
    made = report(
        outcome("a.json", spent=Spent(used, Decimal(1), Decimal(2), lane="batch")),
        outcome("b.json", spent=Spent(used, Decimal(3), Decimal(3))),
        outcome("c.json", Status.CHANGED, spent=Spent(used, None, None)),
        outcome("d.json", Status.HIT, saved_usd=Decimal(2)),
    )
    assert made.money() == {
        "by_status": {
            "hit": {"cost_usd": "0", "saved_usd": "2"},
            "changed": {"cost_usd": None, "saved_usd": "0"},
            "miss": {"cost_usd": "4", "saved_usd": "0"},
        },
        "by_lane": {"batch": {"cost_usd": "1", "saved_usd": "1"}, "standard": {"cost_usd": None, "saved_usd": None}},
    }
