"""How many calls a server that refuses for a minute costs, on a loop whose time jumps to whatever is waited for: exact,
and at once.
"""

import asyncio
import selectors
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from meetcli.engines import EngineOptions
from meetcli.engines.openai_gate import Gate, Timers
from meetcli.engines.openai_live import _Run
from meetcli.engines.openai_wire import Failure
from meetcli.models import Reply, Usage
from tests.engines.openai_driver import KEY, OpenAIEngine, collect, make_request


class JumpingSelector(selectors.DefaultSelector):
    """Passes the time that nothing happens in at once."""

    now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.selector = JumpingSelector()
        super().__init__(self.selector)

    def time(self):
        return self.selector.now


@dataclass
class Server:
    """Answers after `answer_s`. Refuses from request number `good` on for `refused_s`, after `refusal_s`, and what is
    beyond `slots`.
    """

    answer_s: float
    good: int = 10**9
    slots: int = 10**9
    refusal_s: float = 0.1
    refused_s: float = 60
    retry_after_s: float | None = None
    requests: int = 0
    underway: int = 0
    answering: int = 0
    peak: int = 0
    refuses_until: float | None = None
    ended_at: float = 0.0
    began: list[float] = field(default_factory=list)

    async def attempt(self, run, request, body, entered):
        time = asyncio.get_running_loop().time
        if self.requests >= self.good and self.refuses_until is None:
            self.refuses_until = time() + self.refused_s
        refuses = (self.refuses_until is not None and time() < self.refuses_until) or self.answering >= self.slots
        self.requests += 1
        self.began.append(time())
        self.underway += 1
        self.peak = max(self.peak, self.underway)
        self.answering += not refuses
        await asyncio.sleep(self.refusal_s if refuses else self.answer_s)
        self.answering -= not refuses
        self.underway -= 1
        self.ended_at = time()
        if refuses:
            return Failure("rate_limited", "slow down", "attempt", retry_after_s=self.retry_after_s)
        return Reply(request.id, "{}", usage=Usage(requests=1))


def run(server, count, *, concurrency, luck=0.5, expected=None, **options):
    with (
        asyncio.Runner(loop_factory=JumpingLoop) as runner,
        patch.object(_Run, "_attempt", lambda *asked: server.attempt(*asked)),
    ):
        timers = Timers(monotonic=runner.get_loop().time, sleep=asyncio.sleep, random=lambda: luck)
        calls = count if expected is None else expected
        engine = OpenAIEngine(
            EngineOptions(model="gpt-4o", api_key=KEY, concurrency=concurrency, calls=calls, **options), timers
        )
        replies, error = runner.run(collect(engine, map(make_request, range(count))))
    assert error is None
    assert [reply.error for reply in replies] == [None] * count


@pytest.mark.parametrize("good", [0, 1, 9, 20, 41])
@pytest.mark.parametrize("answer_s", [0.003, 0.05, 0.3, 2, 10])
@pytest.mark.parametrize(("luck", "retry_after_s"), [(0.0, None), (1.0, None), (0.0, 1), (0.0, 20)])
def test_a_minute_of_refusals_anywhere_in_a_short_run_costs_a_tenth_at_most(good, answer_s, luck, retry_after_s):
    server = Server(answer_s, good, refusal_s=min(0.2, answer_s / 4), retry_after_s=retry_after_s)
    run(server, 43, concurrency=8, luck=luck)
    assert server.requests <= 47
    assert server.ended_at < 43 * max(answer_s, 0.5) / 8 + 60 + 45 * 1.5 + 4 * answer_s


@pytest.mark.parametrize("refused_s", [10, 25, 40])
@pytest.mark.parametrize("luck", [0.0, 1.0])
def test_refusals_shorter_than_the_patience_lose_no_request(refused_s, luck):
    server = Server(2, 5, refused_s=refused_s)
    run(server, 40, concurrency=8, luck=luck, max_wait_s=60.0)


def test_without_patience_a_pause_is_still_a_pause():
    timers = Timers(monotonic=lambda: 0.0, random=lambda: 0.5)
    gate = Gate(8, requests_a_minute=None, tokens_a_minute=None, patience_s=0, timers=timers, is_over=bool)
    entered = gate._let_in(make_request(1), 0.0, 0.0)
    assert gate.refused(entered, None) > 0


@pytest.mark.parametrize("concurrency", [8, 64])
def test_a_minute_of_refusals_as_slow_as_answers_costs_what_is_under_way(concurrency):
    server = Server(5, 300, refusal_s=5)
    run(server, 1000, concurrency=concurrency)
    assert server.requests <= 1000 + concurrency + 2


@pytest.mark.parametrize("count", [43, 100, 320])
@pytest.mark.parametrize("concurrency", [8, 64])
def test_beginning_one_by_one_costs_a_short_run_two_answers_time_and_three_seconds_at_most(count, concurrency):
    for answer_s in (0.01, 0.3, 5):
        server = Server(answer_s)
        run(server, count, concurrency=concurrency)
        waves = -(-count // concurrency)
        assert server.ended_at <= (waves + 2) * answer_s + 2.7
        if answer_s == 5:
            assert server.peak == min(concurrency, count)


def test_many_parts_of_one_meeting_are_no_short_run_any_more():
    server = Server(0.5)
    run(server, 300, concurrency=64, expected=1)
    assert server.ended_at < 3.0 + 12


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("answer_s", [1, 5, 20])
@pytest.mark.parametrize("count", [40, 300])
def test_a_server_that_takes_few_calls_at_once_is_kept_busy_and_answers_all(slots, answer_s, count):
    server = Server(answer_s, slots=slots)
    run(server, count, concurrency=8)
    assert server.ended_at <= 2.2 * count / slots * answer_s + 4


@pytest.mark.parametrize(("answer_s", "follows_s"), [(0.1, 0.12), (5, 0.51)])
def test_in_a_short_run_others_follow_the_first_call_as_soon_as_it_is_answered_or_takes_long(answer_s, follows_s):
    server = Server(answer_s)
    run(server, 20, concurrency=8)
    assert min(answer_s, 0.5) <= server.began[1] <= follows_s


def test_hours_of_refusals_end_no_run_by_a_number_too_large():
    timers = Timers(monotonic=lambda: 0.0, random=lambda: 0.0)
    gate = Gate(8, requests_a_minute=None, tokens_a_minute=None, patience_s=600, timers=timers, is_over=bool)
    entered = gate._let_in(make_request(1), 0.0, 0.0)
    assert [gate.refused(entered, None) for _ in range(2_000)][-1] == 45.0


def test_calls_of_a_long_run_begin_together():
    server = Server(5)
    run(server, 1000, concurrency=64)
    assert server.began[:64] == [0.0] * 64
    assert server.ended_at == 5 * 16
