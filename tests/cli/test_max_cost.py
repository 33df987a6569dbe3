"""`--max-cost` against a server that keeps its own books: everything it did for us is billed, whether we got it or
not.
"""

import json
import os
import pty
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetcli.models import Usage
from meetcli.money.budget import Budget
from meetcli.money.pricing import open_price
from meetcli.money.tokens import open_counter
from tests.corridor import explicit
from tests.loopback_server import CUT, DROP, GARBAGE, at_random, finished, in_order, status

PRICE = open_price("openai", "gpt-4o", read_toml=None)
MEETINGS = 5


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(MEETINGS):
        spoken = "Ana: We will send the plan on Friday, as agreed.\nRui: Thank you, I will read it.\n" * (
            5 + 40 * number
        )
        (folder / f"{number}.json").write_text(json.dumps(explicit(spoken, meeting_id=f"M-{number}")))
    return folder


@pytest.fixture
def counting(server):
    server.count_tokens = cache(open_counter("gpt-4o"))
    return server


def billed_usd(server, since=0):
    return sum((PRICE(Usage(given, 0, output), "standard") for given, output in server.bill[since:]), Decimal(0))


def run(meetcli, inputs, *options):
    return meetcli("extract", inputs, "--prices", "openai", "--summary", "json", "-j", "3", *options)


def full_price(meetcli, inputs, server):
    assert run(meetcli, inputs, "--no-cache").exit_code == 0
    return billed_usd(server)


@pytest.mark.parametrize(
    "faults", [(), (DROP, CUT, GARBAGE, status(500), status(429, retry_after="0.001"))], ids=["well", "faulty"]
)
def test_25_budgets_are_never_exceeded_and_the_runs_together_buy_everything_once(
    counting, meetcli, inputs, hasty, faults, tmp_path
):
    full_usd = full_price(meetcli, inputs, counting)
    for step in range(25):
        budget_usd = full_usd * step / 24 * 8  # a call reserves some eight times of what it then costs
        counting.bill.clear()
        counting.requests = 0
        counting.faults = at_random(0.3, faults, seed=step) if faults else in_order()
        options = ("--cache-dir", tmp_path / f"cache-{step}")
        first = run(meetcli, inputs, *options, "--max-cost", f"{budget_usd:.12f}")
        assert billed_usd(counting) <= budget_usd
        assert first.exit_code in (0, 4) or faults
        reasons = {file["reason"] for file in first.summary["files"] if file["status"] == "not_attempted"}
        assert reasons <= {"budget"}
        assert Decimal(first.summary["cost_usd"]) + Decimal(first.summary["uncertain_usd"]) <= budget_usd
        counting.faults = in_order()
        second = run(meetcli, inputs, *options)
        assert second.exit_code == 0
        assert second.summary["counts"]["hit"] == first.summary["counts"]["miss"]
        if not faults:
            assert len(counting.bill) == MEETINGS
            assert billed_usd(counting) == full_usd
            assert Decimal(first.summary["cost_usd"]) + Decimal(second.summary["cost_usd"]) == full_usd


@pytest.mark.soak
@pytest.mark.shared
@pytest.mark.parametrize(
    "faults", [(), (DROP, CUT, GARBAGE, status(500), status(429, retry_after="0.001"))], ids=["well", "faulty"]
)
def test_25_budgets_up_to_the_full_price_of_the_reference_meetings(
    server, meetcli, hasty, faults, shared_data, tmp_path
):
    server.count_tokens, server.is_recording = cache(open_counter("gpt-4o")), False
    transcripts = shared_data / "transcripts"
    full_usd = full_price(meetcli, transcripts, server)
    bought = []
    for step in range(25):
        budget_usd = full_usd * step / 24
        server.bill.clear()
        server.requests = 0
        server.faults = at_random(0.3, faults, seed=step) if faults else in_order()
        options = ("--cache-dir", tmp_path / f"cache-{step}", "-o", tmp_path / f"results-{step}")
        first = run(meetcli, transcripts, *options, "--max-cost", f"{budget_usd:.12f}")
        assert billed_usd(server) <= budget_usd
        assert Decimal(first.summary["cost_usd"]) + Decimal(first.summary["uncertain_usd"]) <= budget_usd
        assert first.exit_code == 4
        server.faults, paid = in_order(), len(server.bill)
        second = run(meetcli, transcripts, *options)
        done = first.summary["counts"]["miss"]
        assert (second.exit_code, second.summary["counts"]["hit"], second.summary["counts"]["miss"]) == (
            0,
            done,
            43 - done,
        )
        assert len(server.bill) - paid == 43 - done
        assert faults or billed_usd(server) == full_usd
        bought.append(done)
    assert bought[0] == 0
    assert faults or bought[12] > 15, "half of the money buys more than a third of the meetings"


def test_what_does_not_fit_is_not_attempted_with_exit_code_4_and_a_way_on(counting, meetcli, inputs):
    done = run(meetcli, inputs, "--max-cost", "0.05")
    assert done.exit_code == 4
    assert done.summary["counts"]["miss"] >= 1
    assert {file["reason"] for file in done.summary["files"] if file["status"] == "not_attempted"} == {"budget"}
    assert "run again to go on from there" in done.stderr


def test_a_budget_without_a_known_price_is_a_usage_error_before_any_call(server, meetcli, inputs):
    done = meetcli("extract", inputs, "--max-cost", "5")
    assert (done.exit_code, server.requests) == (2, 0)
    assert "--prices" in done.stderr


def test_an_attempt_of_unknown_fate_counts_as_spent_and_is_shown(counting, meetcli, inputs, hasty):
    counting.faults = in_order(DROP)
    done = run(meetcli, inputs / "0.json", "--max-cost", "1")
    assert done.exit_code == 0
    assert Decimal(done.summary["uncertain_usd"]) > Decimal("0.04"), "the whole output cap"
    assert Decimal(done.summary["cost_usd"]) < Decimal("0.03")
    again = meetcli("extract", inputs / "1.json", "--prices", "openai", "--max-cost", "1")
    assert "uncertain" not in again.stdout
    counting.faults = lambda number, body: DROP if number == counting.requests - 1 else None
    shown = meetcli("extract", inputs / "2.json", "--prices", "openai", "--retries", "0")
    assert "uncertain" in shown.stdout


def test_uncertain_is_known_without_a_budget_and_unknown_without_a_price(counting, meetcli, inputs, hasty):
    counting.faults = in_order(DROP)
    assert Decimal(run(meetcli, inputs / "0.json").summary["uncertain_usd"]) > 0
    counting.faults = lambda number, body: DROP if number == 2 else None
    assert meetcli("extract", inputs / "1.json", "--summary", "json").summary["uncertain_usd"] is None


def test_a_repair_that_does_not_fit_goes_on_in_the_next_run(counting, meetcli, inputs):
    counting.faults = in_order(finished("stop", content="{}"))
    first = run(meetcli, inputs / "0.json", "--max-cost", "0.045")
    assert (first.exit_code, first.summary["files"][0]["reason"], counting.requests) == (4, "budget", 1)
    assert Decimal(first.summary["cost_usd"]) == billed_usd(counting)
    second = run(meetcli, inputs / "0.json")
    assert (second.exit_code, counting.requests) == (0, 2)
    assert [message["role"] for message in counting.bodies[1]["messages"]][-2:] == ["assistant", "user"]


amounts = st.decimals(0, 10, places=4)


@settings(max_examples=200)
@given(limit=amounts, calls=st.lists(st.tuples(amounts, st.floats(0, 1), st.booleans()), max_size=20))
def test_a_budget_never_holds_and_spends_more_than_its_limit(limit, calls):
    budget = Budget(limit, lambda usage, lane: None)
    held, spent = [], Decimal(0)
    for most, share, is_late in calls:
        fits = spent + sum(amount for amount, _ in held) + most <= limit
        assert budget.reserve(most) is fits
        if fits:
            held.append((most, (most * Decimal(share)).quantize(Decimal("0.0001"))))
        if held and not is_late:
            amount, cost = held.pop(0)
            budget.settle(amount, cost)
            spent += cost
        assert budget.spent_usd == spent <= limit
        assert budget.is_idle is not bool(held)


@pytest.mark.parametrize(("given", "calls", "reason"), [("n", 0, "declined"), ("y", 1, None), ("\x04", 0, "declined")])
def test_on_a_terminal_a_plan_above_10_usd_asks_first(server, meetcli, given, calls, reason):
    meetcli.put("in/a.json", explicit())
    meetcli.put("dear.toml", '["gpt-4o"]\ninput = 20000\noutput = 20000\n')
    ours, theirs = pty.openpty()
    with meetcli.start(
        "extract", "in", "--prices", "dear.toml", "--summary", "json", stdin=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        asked = b""
        while b"Go on?" not in asked:
            asked += os.read(ours, 1024)
        os.write(ours, f"{given}\n".encode())
        summary = json.loads(process.stdout.read())
    os.close(ours)
    assert "1 call for about $" in asked.decode()
    assert (server.requests, summary["files"][0]["reason"]) == (calls, reason)


def test_a_script_is_not_asked(server, meetcli):
    meetcli.put("in/a.json", explicit())
    meetcli.put("dear.toml", '["gpt-4o"]\ninput = 20000\noutput = 20000\n')
    assert meetcli("extract", "in", "--prices", "dear.toml").exit_code == 0
    assert server.requests == 1
