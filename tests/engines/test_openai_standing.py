"""Fatal means that nobody gets through: one meeting's refusal is its own, and the run stops where all are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from meetcli.engines.openai_words import worded
from meetcli.errors import RunStopped
from tests.engines.openai_driver import complete
from tests.loopback_server import Fault, LoopbackServer, always, status

REFUSALS = [
    status(401, error={"message": "no"}),
    status(403, error={"message": "no"}),
    status(404, error={"message": "no"}),
    status(400, error={"message": "no"}),
    status(422, error={"message": "no"}),
    status(403, error={"message": "Your account was flagged"}),
    status(402, error={"message": "no"}),
    status(429, error={"code": "insufficient_quota"}),
    Fault(body=json.dumps({"error": {"code": 402, "message": "pay"}}).encode()),
    Fault(body=json.dumps({"error": {"code": 403, "message": "no"}}).encode()),
]
ABOUT_MEETINGS = REFUSALS[1:6]
STEPS = 7  # what one request leaves out of its body, part by part, where nothing says why it was refused
SIX = "number 6 "


def to_some(fault: Fault, *words: str) -> Callable[[int, Mapping[str, Any]], Fault | None]:
    """Give the fault to every request with one of the words in it."""
    return lambda _, body: fault if any(word in json.dumps(body) for word in words) else None


@pytest.mark.parametrize("concurrency", [1, 2, 8])
@pytest.mark.parametrize("fault", REFUSALS)
def test_where_nobody_is_answered_the_run_stops_within_a_handful_of_calls(fault: Fault, concurrency: int) -> None:
    with LoopbackServer(faults=always(fault)) as server:
        replies, error = complete(server, 50, concurrency=concurrency)
    assert isinstance(error, RunStopped)
    assert error.hint
    assert server.requests <= max(concurrency, 3) + (STEPS if fault.status in (400, 422) else 0)
    assert len(replies) <= max(concurrency, 3) + concurrency


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("fault", REFUSALS)
def test_the_refusal_of_one_is_its_own_where_others_are_answered(fault: Fault, concurrency: int) -> None:
    with LoopbackServer(faults=to_some(fault, SIX)) as server:
        replies, error = complete(server, 40, concurrency=concurrency)
    assert error is None
    assert sorted(reply.request_id for reply in replies if reply.text is None) == ["request-6"]
    assert len(replies) == 40


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("fault", ABOUT_MEETINGS)
def test_meetings_that_are_refused_first_do_not_stop_the_others(fault: Fault, concurrency: int) -> None:
    with LoopbackServer(faults=to_some(fault, "number 0 ", "number 1 "), latency_s=0.01) as server:
        replies, error = complete(server, 30, concurrency=concurrency)
    assert error is None
    assert sum(reply.text is not None for reply in replies) == 28


@pytest.mark.parametrize("fault", ABOUT_MEETINGS)
def test_a_night_with_only_refused_meetings_left_goes_on_where_the_cache_answered(fault: Fault) -> None:
    for left, hits, stops in ((1, 39, False), (2, 39, False), (3, 37, True)):
        with LoopbackServer(faults=always(fault)) as server:
            replies, error = complete(server, left, hits=hits)
        assert (error is not None, len(replies)) == (stops, left)


@pytest.mark.parametrize("fault", [REFUSALS[0], *REFUSALS[6:9]])
def test_for_an_account_only_live_answers_count(fault: Fault) -> None:
    with LoopbackServer(faults=always(fault)) as server:
        _, error = complete(server, 1, hits=39)
    assert isinstance(error, RunStopped)


@pytest.mark.parametrize("fault", [REFUSALS[0], *REFUSALS[6:9]])
def test_money_that_ends_in_the_middle_of_a_run_stops_it(fault: Fault) -> None:
    with LoopbackServer(faults=lambda number, _: fault if number >= 20 else None) as server:
        replies, error = complete(server, 200, concurrency=8)
    assert isinstance(error, RunStopped)
    assert sum(reply.text is not None for reply in replies) == 20
    assert server.requests <= 20 + 8 + 3


@pytest.mark.parametrize("fault", ABOUT_MEETINGS)
def test_any_number_of_meetings_may_be_refused_among_answered_ones(fault: Fault) -> None:
    refused = [f"number {number} " for number in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)]
    with LoopbackServer(faults=to_some(fault, *refused)) as server:
        replies, error = complete(server, 30, concurrency=2)
    assert error is None
    assert sum(reply.text is None for reply in replies) == len(refused)


@pytest.mark.parametrize(
    ("code", "words", "reason"),
    [
        (400, "Insufficient funds in wallet 12", "insufficient_quota"),
        (403, "You have no credits left this month", "insufficient_quota"),
        (429, "Team is over its budget of 50 USD", "insufficient_quota"),
        (503, "Your account is overdue", "insufficient_quota"),
        (400, "The access token is expired", "key_refused"),
        (403, "Missing API key", "key_refused"),
        (400, "Model tiny-2 was retired on Monday", "unknown_model"),
        (422, "No such model: tiny-2", "unknown_model"),
        (403, "Blocked by moderation: self-harm", "flagged"),
        (403, "Input was flagged. No credits were charged.", "flagged"),
        (400, "The batch has no credits field", None),
        (429, "You exceeded your current quota, retry in 30 s", None),
        (400, "This model does not support response_format", None),
        (403, "Your region is not served", None),
        (400, "the prompt was flagged for its length", None),
    ],
)
def test_words_tell_the_reason_that_a_status_hides(code: int, words: str, reason: str | None) -> None:
    assert worded(code, words.lower()) == reason
