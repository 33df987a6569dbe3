"""Limits in real time: the command against a server that enforces 120 requests a minute, and tokens, in minutes of two seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_answers import answer_to
from tests.loopback_limits import Limits
from tests.loopback_server import LoopbackServer

MINUTE_S = 2.0
MINUTES_IN_ONE = round(60 / MINUTE_S)
REQUESTS, TOKENS = 120, 150_000
SPOKEN = "Ana: We will send the plan on Friday, as agreed.\nRui: Thank you, I will read it.\n"


def sent_tokens(body: Mapping[str, Any]) -> int:
    return sum(len(message["content"]) for message in body["messages"]) // 4


def used_tokens(body: Mapping[str, Any]) -> int:
    return sent_tokens(body) + len(answer_to(body)) // 4


def most_tokens(body: Mapping[str, Any]) -> int:
    return sent_tokens(body) + int(body["max_tokens"])


@pytest.fixture
def run(meetcli: Command, server: LoopbackServer) -> Any:
    def run(limits: Limits, calls: int, *flags: str) -> None:
        for number in range(calls):
            meetcli.put(f"in/{number}.json", explicit(SPOKEN * (90 if number % 3 == 0 else 30), meeting_id=f"M-{number}"))
        server.faults, server.latency_s, server.is_recording = limits, 0.02, False
        done = meetcli.alone("extract", "in", "--summary", "json", *flags)
        assert (done.exit_code, done.summary["counts"]["miss"]) == (0, calls)
        assert limits.refused_share() <= 0.02
        assert limits.share(of="tokens" if limits.tokens == TOKENS else "requests") >= 0.9

    return run


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["refill", "window", "log"])
def test_a_learned_limit_of_requests_is_used_and_hardly_ever_overrun(run: Any, kind: str) -> None:
    run(Limits(time.monotonic, kind=kind, minute_s=MINUTE_S, requests=REQUESTS), 420)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["refill", "window"])
def test_a_given_limit_of_requests_is_used_and_hardly_ever_overrun(run: Any, kind: str) -> None:
    limits = Limits(time.monotonic, kind=kind, minute_s=MINUTE_S, requests=REQUESTS, tells=False)
    run(limits, 420, "--rpm", str(REQUESTS * MINUTES_IN_ONE))


@pytest.mark.soak
@pytest.mark.parametrize("weigh", [used_tokens, most_tokens], ids=["what is used", "the output cap"])
@pytest.mark.parametrize("kind", ["refill", "window"])
def test_a_learned_limit_of_tokens_is_used_and_hardly_ever_overrun(run: Any, kind: str, weigh: Any) -> None:
    run(
        Limits(time.monotonic, kind=kind, minute_s=MINUTE_S, requests=10**6, tokens=TOKENS, weigh=weigh),
        160 if weigh is most_tokens else 420,
    )


@pytest.mark.soak
def test_a_given_limit_of_tokens_is_used_and_hardly_ever_overrun(run: Any) -> None:
    limits = Limits(time.monotonic, kind="window", minute_s=MINUTE_S, requests=10**6, tokens=TOKENS, weigh=used_tokens, tells=False)
    run(limits, 420, "--tpm", str(TOKENS * MINUTES_IN_ONE))
