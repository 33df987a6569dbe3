"""The batch lane where a command cannot reach: its limits, lost answers, and a book that cannot be written."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from meetcli.cache.batches import CachedBatches
from meetcli.cache.forgiving import ForgivingCache
from meetcli.engines.openai_batch import BatchEngine, BatchPolicy
from meetcli.engines.openai_batch_lines import read_results
from meetcli.engines.openai_batch_replies import RemoteBatch
from meetcli.engines.openai_dialect import Dialect
from meetcli.engines.openai_spool import MOST_REQUESTS, Spool
from meetcli.errors import CacheError, RunStopped
from meetcli.models import BatchLine, Message
from tests.engines.openai_driver import HandClock, collect, make_request, options_for
from tests.fakes import MemoryCache
from tests.loopback_batches import Batches
from tests.loopback_server import LoopbackServer

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BATCH_LANE = BatchPolicy(submits=True, asks_list=True)


class CountedFiles:
    """Takes files and only counts their lines."""

    def __init__(self):
        self.sizes = []

    async def listed(self, since):
        return []

    async def close(self):
        pass

    async def upload(self, file):
        file.seek(0)
        self.sizes.append((sum(1 for _ in file), file.tell()))
        return "file"

    async def create(self, file_id, digest, note):
        return RemoteBatch(f"batch_{len(self.sizes)}", "in_progress", digest, NOW, file_id, ())

    async def retrieve(self, batch_id):
        return RemoteBatch(batch_id, "in_progress", None, NOW, "file", ())


def batch_engine(server, cache=None, wishes=BATCH_LANE, **changes):
    book = CachedBatches(ForgivingCache(cache or MemoryCache(), lambda error: None), "openai")
    return BatchEngine(
        options_for(server), book, endpoint="e", wishes=wishes, **{"timers": HandClock().timers(), **changes}
    )


def small(number):
    return make_request(number, messages=(Message("user", "x"),))


def reasons(replies):
    found = {}
    for reply in replies:
        assert (reply.text, reply.error) == (None, None)
        found.setdefault(reply.reason or reply.state, set()).add(reply.request_id)
    return found


@pytest.mark.parametrize(
    ("count", "most"),
    [(1_200, 500), pytest.param(120_000, 50_000, marks=pytest.mark.soak)],
    ids=["scaled", "as OpenAI has it"],
)
def test_requests_are_split_by_the_limit_of_a_file(count, most):
    with LoopbackServer() as server:
        files = CountedFiles()
        engine = batch_engine(
            server, files=files, spool_limits={"most_requests": most} if most != MOST_REQUESTS else None
        )
        replies, error = asyncio.run(collect(engine, map(small, range(count))))
    assert error is None
    assert [lines for lines, _ in files.sizes] == [most, most, count - 2 * most]
    assert {reason: len(ids) for reason, ids in reasons(replies).items()} == {"spooled": count, "submitted": count}


def test_files_are_split_by_the_limit_of_bytes():
    with LoopbackServer() as server:
        files = CountedFiles()
        engine = batch_engine(server, files=files, spool_limits={"most_bytes": 20_000})
        asyncio.run(collect(engine, map(small, range(200))))
    assert sum(lines for lines, _ in files.sizes) == 200
    assert len(files.sizes) > 2
    assert all(size <= 20_000 for _, size in files.sizes)


def test_a_single_request_may_be_larger_than_the_limit_and_is_left_to_the_server():
    spool = Spool(Dialect("gpt-4o", None), most_bytes=10)
    assert spool.add(small(1))
    assert not spool.add(small(2))
    spool.close()


def test_a_batch_whose_creation_was_answered_by_nobody_is_looked_for_before_another_is_made():
    with LoopbackServer() as server:
        batches = Batches(server)
        lost = [True]

        def at(step):
            if step == "create after" and lost:
                lost.clear()
                raise ConnectionResetError

        batches.at = at
        original = server.routes

        def route(*arguments):
            try:
                return original(*arguments)
            except ConnectionResetError:
                return 504, b'{"error": {"message": "gateway"}}'

        server.routes = route
        replies, error = asyncio.run(collect(batch_engine(server), map(small, range(3))))
    assert error is None
    assert len(batches.batches) == 1
    assert len(reasons(replies)["submitted"]) == 3


def test_a_batch_that_a_slow_server_makes_after_a_gateway_gave_up_is_waited_for_before_another_is_made():
    looks = []
    with LoopbackServer() as server:
        batches = Batches(server)
        original, held = server.routes, []

        def route(method, path, headers, body):
            is_batches = path.partition("?")[0].endswith("/batches")
            if method == "POST" and is_batches and not held:
                held.append((method, path, headers, body))
                return 504, b'{"error": {"message": "gateway"}}'
            if method == "GET" and is_batches and held:
                looks.append(path)
                if len(looks) == 5:
                    original(*held[0])
            return original(method, path, headers, body)

        server.routes = route
        replies, error = asyncio.run(collect(batch_engine(server), map(small, range(3))))
    assert error is None
    assert len(batches.batches) == 1
    assert len(reasons(replies)["submitted"]) == 3
    assert len(looks) == 5


def test_a_refused_batch_is_asked_for_again_without_a_look():
    with LoopbackServer() as server:
        batches = Batches(server)
        original, failures = server.routes, [429, 429]
        looks = []

        def route(method, path, headers, body):
            if method == "POST" and path.endswith("/batches") and failures:
                return failures.pop(), b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
            looks.extend([path] if method == "GET" and failures != [429, 429] and not batches.batches else [])
            return original(method, path, headers, body)

        server.routes = route
        _, error = asyncio.run(collect(batch_engine(server), map(small, range(3))))
    assert (error, len(batches.batches), failures, looks) == (None, 1, [], [])


@pytest.mark.parametrize(
    ("status", "code"), [(400, "billing_hard_limit_reached"), (429, "insufficient_quota"), (404, None)]
)
def test_a_batch_that_was_refused_is_not_waited_for_by_the_next_run(status, code):
    cache = MemoryCache()
    with LoopbackServer() as server:
        batches = Batches(server)
        original, refusing = server.routes, [True]

        def route(method, path, headers, body):
            if method == "POST" and path.endswith("/batches") and refusing:
                return status, json.dumps({"error": {"message": "no", "code": code}}).encode()
            return original(method, path, headers, body)

        server.routes = route
        _, error = asyncio.run(collect(batch_engine(server, cache), map(small, range(3))))
        assert isinstance(error, RunStopped)
        refusing.clear()
        clock = HandClock()
        _, error = asyncio.run(collect(batch_engine(server, cache, timers=clock.timers()), map(small, range(3))))
    assert (error, len(batches.batches), clock.slept_s) == (None, 1, 0)


def test_each_request_for_a_batch_begins_the_time_that_it_is_waited_for_anew():
    cache, states = MemoryCache(), []
    with LoopbackServer() as server:
        batches = Batches(server)
        original, failures = server.routes, [504]

        def route(method, path, headers, body):
            if method == "POST" and path.endswith("/batches"):
                [one] = CachedBatches(ForgivingCache(cache, lambda error: None), "openai").submissions()
                states.append((one.state, one.created_at))
                if failures:
                    return failures.pop(), b"{}"
            return original(method, path, headers, body)

        server.routes = route
        _, error = asyncio.run(
            collect(batch_engine(server, cache, now=lambda: datetime.now(UTC)), map(small, range(3)))
        )
    assert (error, len(batches.batches)) == (None, 1)
    assert [state for state, _ in states] == ["asked", "asked"]
    assert states[0][1] < states[1][1]


@pytest.mark.parametrize("is_finished", [False, True], ids=["under way", "answered"])
@pytest.mark.parametrize("submits", [True, False], ids=["batch", "live"])
def test_what_another_run_submits_after_ours_began_is_neither_submitted_again_nor_called(submits, is_finished):
    cache = MemoryCache()

    async def late():
        yield small(1)  # ours, and by now the server has been asked what there is
        await collect(batch_engine(server, cache), [small(2)])
        if is_finished:
            batches.finish()
        yield small(2)

    async def both():
        engine = batch_engine(server, cache, BatchPolicy(submits=submits))
        return [reply async for reply in engine.complete(late())]

    with LoopbackServer() as server:
        batches = Batches(server)
        replies = asyncio.run(both())
        assert sorted(batches.asked) == (["digest-1", "digest-2"] if submits else ["digest-2"])
        assert server.requests == (0 if submits else 1)
    last = [reply for reply in replies if reply.request_id == "request-2"][-1]
    assert (last.text is not None) is is_finished
    assert is_finished or last.state == "submitted"


def test_a_batch_whose_file_was_on_its_way_when_we_looked_is_not_bought_again():
    cache = MemoryCache()
    has_looked, is_submitted = asyncio.Event(), asyncio.Event()

    async def late():
        has_looked.set()
        await is_submitted.wait()
        yield small(1)

    async def both():
        first, second = batch_engine(server, cache), batch_engine(server, cache)
        upload = first._files.upload

        async def slow(file):
            theirs.append(asyncio.create_task(collect_late(second)))
            await has_looked.wait()
            return await upload(file)

        async def collect_late(engine):
            return [reply async for reply in engine.complete(late())]

        theirs = []
        first._files.upload = slow
        await collect(first, [small(1)])
        is_submitted.set()
        return await theirs[0]

    with LoopbackServer() as server:
        batches = Batches(server)
        [reply] = asyncio.run(both())
    assert batches.asked == ["digest-1"]
    assert reply.state == "submitted"


def test_a_request_that_comes_twice_is_one_line():
    with LoopbackServer() as server:
        batches = Batches(server)
        replies, _ = asyncio.run(collect(batch_engine(server), [small(1), small(1)._replace(id="twin")]))
    assert batches.asked == ["digest-1"]
    assert reasons(replies)["submitted"] == {"request-1", "twin"}


def test_an_upload_that_fails_on_the_way_is_sent_again_whole():
    with LoopbackServer() as server:
        batches = Batches(server)
        failures = [504, 503]
        original = server.routes

        def route(method, path, headers, body):
            if path.endswith("/files") and failures:
                return failures.pop(), b'{"error": {"message": "gateway"}}'
            return original(method, path, headers, body)

        server.routes = route
        _, error = asyncio.run(collect(batch_engine(server), map(small, range(3))))
    assert (error, len(batches.asked), failures) == (None, 3, [])


def test_without_a_book_that_can_be_written_nothing_is_submitted(monkeypatch):
    cache = MemoryCache()

    def full(items, **options):
        raise CacheError("no space left")

    monkeypatch.setattr(cache, "set", full)
    with LoopbackServer() as server:
        batches = Batches(server)
        _, error = asyncio.run(collect(batch_engine(server, cache), [small(1)]))
    assert isinstance(error, RunStopped)
    assert batches.files == {}


def test_a_reasoning_model_s_batch_has_no_temperature_which_it_would_refuse_line_by_line():
    with LoopbackServer() as server:
        batches = Batches(server)
        engine = batch_engine(server)
        engine._options = engine._options._replace(model="gpt-5")
        asyncio.run(collect(engine, [small(1)]))
    [content] = batches.files.values()
    assert b"temperature" not in content


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"response": None, "error": {"code": "batch_expired"}}, "batch_expired"),
        ({"response": None, "error": {"code": "kanarienvogel"}}, "no reason given"),
        ({"response": {"status_code": 429, "body": {"error": {"code": "Some text 1"}}}}, "status 429"),
        ({"response": {"status_code": 500, "body": "nonsense"}}, "status 500"),
        ({"response": "nonsense"}, "no reason given"),
        ({}, "no reason given"),
    ],
)
def test_lines_without_an_answer_are_counted_by_reason(line, reason):
    found = read_results([{"custom_id": "a", **line}], {"a": BatchLine("a")})
    assert found == ([], [], [BatchLine("a", refusal=reason)], set())


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"status_code": 400, "body": {"error": {"code": "Some text 1"}}}, "status 400"),
        ({"status_code": 400, "body": {"error": {"code": "context_length_exceeded"}}}, "context_length_exceeded"),
        ({"status_code": 200, "body": {}}, "bad_reply"),
    ],
)
def test_lines_that_were_refused_are_told_apart(response, reason):
    found = read_results([{"custom_id": "a", "response": response}], {"a": BatchLine("a")})
    assert found == ([], [BatchLine("a", refusal=reason)], [], set())


def test_a_filtered_line_and_an_empty_one_are_what_they_are_live():
    filtered = {"status_code": 400, "body": {"error": {"code": "content_filter"}}}
    empty = {
        "status_code": 200,
        "body": {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}},
    }
    lines = [{"custom_id": name, "response": response} for name, response in (("a", filtered), ("b", empty))]
    (_, first), (_, second) = read_results(lines, {name: BatchLine(name) for name in "ab"}).replies
    assert (first.finish, first.text) == ("content_filter", None)
    assert (second.error, second.text, second.usage.input_tokens) == (None, "", 9)


def test_lines_that_nobody_asked_for_are_left_out():
    assert read_results([{"custom_id": "b"}, {"custom_id": None}], {"a": BatchLine("a")}) == ([], [], [], set())
