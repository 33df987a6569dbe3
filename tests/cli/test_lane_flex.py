"""`--lane flex`: the same call at half price, when the server has room for it."""

import json
from decimal import Decimal

import pytest

from meetcli.models import Usage
from meetcli.money.pricing import open_price
from tests.corridor import explicit
from tests.loopback_server import in_order, status

PRICE = open_price("openai", "gpt-5", read_toml=None)
NO_CAPACITY = status(429, error={"code": "resource_unavailable", "message": "Resource Unavailable"})


@pytest.fixture
def meeting(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(explicit()))
    return path


def run(meetcli, meeting, *options):
    return meetcli(
        "extract", meeting, "--model", "gpt-5", "--prices", "openai", "--lane", "flex", "--summary", "json", *options
    )


def standard_usd(summary):
    usage = summary["usage"]
    return PRICE(Usage(usage["input_tokens"], 0, usage["output_tokens"]), "standard")


def test_flex_asks_for_the_tier_and_costs_half(server, meetcli, meeting):
    done = run(meetcli, meeting)
    assert (done.exit_code, server.bodies[0]["service_tier"]) == (0, "flex")
    assert Decimal(done.summary["cost_usd"]) * 2 == standard_usd(done.summary)


def test_what_the_server_gives_is_what_is_counted(server, meetcli, meeting):
    server.tier = lambda body: "default"
    done = run(meetcli, meeting)
    assert Decimal(done.summary["cost_usd"]) == standard_usd(done.summary)


def test_without_capacity_a_run_waits(server, meetcli, meeting, hasty):
    server.faults = in_order(*[NO_CAPACITY] * 8)
    done = run(meetcli, meeting, "--retries", "1")
    assert (done.exit_code, server.requests) == (0, 9)
    assert all(body["service_tier"] == "flex" for body in server.bodies)


def test_without_capacity_a_fallback_pays_the_standard_price(server, meetcli, meeting, hasty):
    server.faults = in_order(NO_CAPACITY)
    done = run(meetcli, meeting, "--flex-fallback")
    assert ["service_tier" in body for body in server.bodies] == [True, False]
    assert Decimal(done.summary["cost_usd"]) == standard_usd(done.summary)


def test_patience_has_an_end(server, meetcli, meeting):
    server.faults = lambda number, body: NO_CAPACITY
    done = run(meetcli, meeting, "--max-wait", "0")
    assert (done.exit_code, done.summary["files"][0]["reason"]) == (1, "no_capacity")


def test_a_model_that_the_lane_does_not_have_is_a_usage_error_before_any_call(server, meetcli, meeting):
    done = run(meetcli, meeting, "--model", "gpt-4o")
    assert (done.exit_code, server.requests) == (2, 0)
    assert "gpt-4o" in done.stderr


def test_a_server_that_says_so_itself_has_the_same_exit_code(server, meetcli, meeting):
    refusal = {
        "code": "invalid_request_error",
        "message": "Flex is not available for this model.",
        "param": "service_tier",
    }
    server.faults = lambda number, body: status(400, error=refusal)
    done = meetcli("extract", meeting, "--model", "mine", "--lane", "flex", "--summary", "json")
    assert (done.exit_code, server.requests, done.summary["cost_usd"]) == (2, 1, "0")


def test_the_local_engine_has_no_lanes(meetcli, meeting):
    assert meetcli("extract", meeting, "--engine", "local", "--lane", "flex").exit_code == 2


def test_a_budget_holds_at_the_standard_price_which_a_server_may_still_bill(server, meetcli, meeting):
    assert run(meetcli, meeting, "--max-cost", "0.03").exit_code == 4
    assert server.requests == 0
    assert run(meetcli, meeting, "--max-cost", "0.06").exit_code == 0
