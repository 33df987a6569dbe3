"""How fast the engine goes, against a server that enforces limits on a clock that only waiting moves."""

import asyncio
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.engines.openai_gate import Gate
from meetcli.engines.openai_limits import Allowance, read_limits
from meetcli.errors import CallError, RunStopped
from meetcli.models import Message
from tests.engines.openai_driver import HandClock, OpenAIEngine, collect, complete, make_request, options_for
from tests.loopback_limits import Limits
from tests.loopback_server import LoopbackServer, status

KINDS = ("refill", "window", "log")
WALL_S = 1_800_000_000.0
REFUSED = status(429, error={"code": "rate_limit_exceeded"})


def run(limits, clock, count, *, request=make_request, **options):
    """Time stands still while calls are under way, so that the server sees them when they are sent."""
    gates = []
    let_in = Gate._let_in

    async def sleep(seconds):
        while gates and gates[0]._inside:
            await asyncio.sleep(0.0002)
        await HandClock.sleep(clock, seconds)

    def note(gate, *arguments):
        gates[:] = [gate]
        return let_in(gate, *arguments)

    timers = replace(clock.timers(), sleep=sleep)
    with (
        LoopbackServer(faults=limits, is_recording=False) as server,
        patch.object(Gate, "_let_in", note),
        patch("meetcli.engines.openai_gate.FIRST_AHEAD_S", 0.0),  # the pace of many calls is measured
    ):
        engine = OpenAIEngine(options_for(server, max_wait_s=10**6, retries=50, **options), timers)
        replies, error = asyncio.run(collect(engine, map(request, range(count))))
    assert error is None
    assert all(reply.text for reply in replies)
    return replies


def long_request(number, words=800):
    return make_request(number, messages=(Message("user", "word " * (words if number % 3 else 3 * words)),))


def weight_of(body):
    return len(body["messages"][0]["content"]) // 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("minute_s", [60.0, 3.0])
def test_learned_request_limits_are_used_and_not_overrun(kind, minute_s):
    clock = HandClock()
    limits = Limits(lambda: clock.now, kind=kind, minute_s=minute_s)
    run(limits, clock, 480, concurrency=16)
    assert limits.share() >= 0.9
    assert limits.refused_share() <= 0.02


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("minute_s", [60.0, 3.0])
def test_learned_token_limits_are_used_and_not_overrun(kind, minute_s):
    clock = HandClock()
    limits = Limits(lambda: clock.now, kind=kind, minute_s=minute_s, requests=10**6, tokens=100_000, weigh=weight_of)
    run(limits, clock, 350, request=long_request, concurrency=16)
    assert limits.share(of="tokens") >= 0.9
    assert limits.refused_share() <= 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_given_limits_hold_from_the_first_request(kind):
    clock = HandClock()
    limits = Limits(lambda: clock.now, kind=kind, tells=False)
    run(limits, clock, 480, concurrency=64, requests_a_minute=120)
    assert limits.refused == []
    assert limits.share(after_minutes=0) >= 0.9


def test_given_token_limits_hold_without_a_word_of_the_server():
    clock = HandClock()
    limits = Limits(lambda: clock.now, tells=False, requests=10**6, tokens=100_000, weigh=weight_of, kind="window")
    run(limits, clock, 300, request=long_request, concurrency=16, tokens_a_minute=100_000)
    assert limits.refused_share(after_minutes=0) <= 0.02


def test_a_burst_at_the_start_is_small():
    clock = HandClock()
    limits = Limits(lambda: clock.now)
    run(limits, clock, 240, concurrency=64, requests_a_minute=120)
    assert sum(at < limits.accepted[0] + 1 for at in limits.accepted) <= 6


@pytest.mark.parametrize("concurrency", [8, 64])
@pytest.mark.parametrize("retry_after", [None, "1"])
def test_a_minute_of_refusals_costs_those_under_way_a_handful_and_no_meeting(concurrency, retry_after):
    clock = HandClock()
    began = clock.now
    refused = status(
        429, error={"code": "rate_limit_exceeded"}, **({"retry_after": retry_after} if retry_after else {})
    )
    with LoopbackServer(
        faults=lambda number, body: refused if clock.now < began + 60 else None, is_recording=False
    ) as server:
        replies, error = complete(server, 1000, clock=clock, concurrency=concurrency)
        asked_again = 8 if retry_after is None else 60 + 8
        assert server.requests <= 1000 + concurrency + asked_again
    assert error is None
    assert all(reply.text for reply in replies)
    assert clock.now - began < 120


def test_what_waits_for_its_turn_in_a_pause_loses_patience_as_the_others_do():
    clock = HandClock()
    began = clock.now
    with LoopbackServer(faults=lambda number, body: REFUSED) as server:
        replies, error = complete(server, 20, clock=clock, concurrency=8, retries=100, max_wait_s=100)
    assert isinstance(error, RunStopped)
    assert {reply.error.reason for reply in replies if reply.error} == {"rate_limited"}
    assert clock.now - began <= 100


def test_calls_at_once_come_back_after_refusals():
    clock = HandClock()
    began = clock.now
    with LoopbackServer(
        faults=lambda number, body: REFUSED if clock.now < began + 5 else None, latency_s=0.005
    ) as server:
        complete(server, 200, clock=clock, concurrency=8)
        server.peak = 0
        assert complete(server, 40, clock=clock, concurrency=8)[1] is None
        assert server.peak == 8


def test_a_request_larger_than_the_limit_of_tokens_is_refused_unsent():
    with LoopbackServer() as server:
        engine = OpenAIEngine(options_for(server, tokens_a_minute=1_000), HandClock().timers())
        replies, _ = asyncio.run(collect(engine, [long_request(1, words=2_000), make_request(2)]))
        assert server.requests == 1
    [error] = [reply.error for reply in replies if reply.error]
    assert isinstance(error, CallError)
    assert error.reason == "too_large"
    assert "1,000 a minute" in error.message


def test_a_request_that_the_server_calls_too_large_is_not_sent_again():
    too_large = status(
        429, error={"code": "rate_limit_exceeded", "message": "Request too large for gpt-4o on tokens per min (TPM)"}
    )
    with LoopbackServer(faults=lambda number, body: too_large) as server:
        [reply], _ = complete(server, 1)
        assert (server.requests, reply.error.reason) == (1, "too_large")


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1h2m3.5s", 3723.5),
        ("0.25", 0.25),
        ("soon", None),
        ("", None),
        ("1800000012", 12.0),
        ("1800000012000", 12.0),
        ("1799999990", 0.0),
        ("1800100000", None),
        ("100000", None),
        ("36h0m0s", None),
    ],
)
def test_reset_times_are_read_as_servers_write_them(reset, seconds):
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": reset,
    }
    assert read_limits(headers, "requests", WALL_S) == (60, 59, seconds)
    assert read_limits(headers, "tokens", WALL_S) is None


@pytest.mark.parametrize("limit", ["", "0", "-1", "nan", "inf", "many"])
def test_a_senseless_limit_is_no_limit(limit):
    assert read_limits({"x-ratelimit-limit-requests": limit}, "requests", WALL_S) is None


@given(
    said=st.lists(
        st.tuples(st.floats(1, 10**6), st.floats(0, 10**6), st.none() | st.floats(0, 10**5), st.floats(0, 100)),
        max_size=20,
    ),
    amount=st.floats(1, 10**4),
)
def test_whatever_a_server_says_the_wait_is_a_time(said, amount):
    allowance = Allowance(None)
    now = 0.0
    for limit, remaining, reset_s, passed in said:
        now += passed
        sent = allowance.take(amount, now)
        allowance.learn(limit, remaining, reset_s, sent=sent, now_s=now)
        assert 0 <= allowance.wait_s(amount, now) < 10**9
