"""How many calls a server that refuses for a minute costs, on a loop whose time jumps to whatever is waited for: exact,
and at once.
"""

import asyncio
import selectors
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from meetcli.engines import EngineOptions
from meetcli.engines.openai_gate import FIRST_AHEAD_S, Gate, Timers
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
    """Answers after `answer_s`. Refuses, after `refusal_s`, from request number `good` on for `refused_s`, or the first
    `refused_calls`, and what is beyond `slots`.
    """

    answer_s: float
    good: int = 10**9
    slots: int = 10**9
    refusal_s: float = 0.1
    refused_s: float = 60
    refused_calls: int | None = None
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
        if self.refused_calls is not None:
            refuses = self.requests < self.refused_calls
        else:
            refuses = self.refuses_until is not None and time() < self.refuses_until
        refuses |= self.answering >= self.slots
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


def run(server, count, *, concurrency, luck=0.5, **options):
    with (
        asyncio.Runner(loop_factory=JumpingLoop) as runner,
        patch.object(_Run, "_attempt", lambda *asked: server.attempt(*asked)),
    ):
        timers = Timers(monotonic=runner.get_loop().time, sleep=asyncio.sleep, random=lambda: luck)
        engine = OpenAIEngine(EngineOptions(model="gpt-4o", api_key=KEY, concurrency=concurrency, **options), timers)
        replies, error = runner.run(collect(engine, map(make_request, range(count))))
    assert error is None
    assert [reply.error for reply in replies] == [None] * count


@pytest.mark.parametrize("good", [0, 1, 9, 20, 41])
@pytest.mark.parametrize("answer_s", [0.003, 0.05, 0.3, 2, 10])
@pytest.mark.parametrize("luck", [0.0, 1.0])
def test_a_minute_of_refusals_costs_the_calls_under_way_and_a_handful(good, answer_s, luck):
    server = Server(answer_s, good, refusal_s=min(0.2, answer_s / 4))
    run(server, 43, concurrency=8, luck=luck)
    assert server.requests <= 43 + 8 + 4
    assert server.ended_at < 43 * max(answer_s, 0.5) / 8 + 60 + 45 * 1.5 + 4 * answer_s


@pytest.mark.parametrize("luck", [0.0, 1.0])
@pytest.mark.parametrize(
    ("retry_after_s", "refusals", "ended_at"), [(2, 4, 8), (0, 4, 1.5), (0.1, 3, 1.1), (20, 2, 40)]
)
def test_what_the_server_asks_for_is_what_is_waited_however_often_it_asks(retry_after_s, refusals, ended_at, luck):
    server = Server(0, 0, refusal_s=0, refused_calls=refusals, retry_after_s=retry_after_s)
    run(server, 1, concurrency=1, luck=luck)
    assert server.requests == refusals + 1
    assert server.ended_at == pytest.approx(ended_at)


def test_a_server_that_asks_to_come_back_is_asked_as_long_as_patience_lasts_whatever_the_retries():
    server = Server(0.1, 0, refused_s=55, retry_after_s=1)
    run(server, 20, concurrency=8, retries=2, max_wait_s=60)
    assert server.requests <= 20 + 8 + 60


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


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("answer_s", [1, 5, 20])
@pytest.mark.parametrize("count", [40, 300])
def test_a_server_that_takes_few_calls_at_once_is_kept_busy_and_answers_all(slots, answer_s, count):
    server = Server(answer_s, slots=slots)
    run(server, count, concurrency=8)
    assert server.ended_at <= 2.2 * count / slots * answer_s + 4


def test_hours_of_refusals_end_no_run_by_a_number_too_large():
    timers = Timers(monotonic=lambda: 0.0, random=lambda: 0.0)
    gate = Gate(8, requests_a_minute=None, tokens_a_minute=None, patience_s=600, timers=timers, is_over=bool)
    entered = gate._let_in(make_request(1), 0.0, 0.0)
    gate.leave(entered)
    assert [gate.refused(entered, None) for _ in range(2_000)][-1] == 45.0


@pytest.mark.parametrize("count", [64, 128, 1000])
def test_calls_begin_together_however_short_the_run(count):
    server = Server(5)
    run(server, count, concurrency=64)
    assert server.began[:64] == [0.0] * 64
    assert server.ended_at == 5 * -(-count // 64)


@pytest.mark.parametrize("has_user_limit", [False, True])
def test_a_limit_that_only_the_server_tells_is_waited_for_no_longer_than_patience(has_user_limit):
    now = [0.0]

    async def sleep(seconds):
        now[0] += seconds

    timers = Timers(monotonic=lambda: now[0], wall=lambda: 0.0, sleep=sleep)
    limit = 1 if has_user_limit else None
    gate = Gate(8, requests_a_minute=limit, tokens_a_minute=None, patience_s=5, timers=timers, is_over=lambda: False)

    async def enter():
        entered, waited_s = await gate.enter(make_request(1), lambda: True, 5.0)
        gate.leave(entered)
        return entered.at, waited_s

    asyncio.run(enter())
    gate.requests.learn(10, 0, 40_000.0, sent=1, now_s=0.0)
    at, waited_s = asyncio.run(enter())
    assert waited_s == 0
    assert at == pytest.approx(5) if not has_user_limit else 60 < at < 70


def test_while_nothing_is_under_way_the_time_of_the_next_call_is_told():
    told = []
    server = Server(2, 0, refused_s=10, retry_after_s=4)
    run(server, 8, concurrency=4, tell_wait=told.append)
    assert max(told) == pytest.approx(4, abs=0.2)
    assert len(told) >= 3 * 35
    told.clear()
    run(Server(2), 8, concurrency=4, tell_wait=told.append)
    assert told == []


@pytest.mark.parametrize("answer_s", [0.5, 2, 10])
def test_the_first_call_to_a_server_that_nobody_knows_goes_ahead_for_as_long_as_refusals_take(answer_s):
    server = Server(answer_s)
    run(server, 16, concurrency=8, base_url="http://127.0.0.1:9/v1")
    assert server.began[1] == pytest.approx(min(answer_s, FIRST_AHEAD_S), abs=0.02)
    assert server.ended_at < 3 * answer_s + 0.1
    assert server.peak == 8


def test_a_run_at_openai_waits_for_nothing():
    server = Server(2)
    run(server, 16, concurrency=8)
    assert server.began[:8] == [0] * 8
