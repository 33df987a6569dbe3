"""Stepping down to what an unknown server takes, in whatever words it refuses, and caps and windows read from them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from meetcli.engines.openai_bounds import Bounds, read_bounds, says_too_long
from meetcli.errors import AnswerError, CallError
from meetcli.models import Message, Reply
from tests.engines.openai_driver import OpenAIEngine, collect, complete, complete_one, make_request, options_for
from tests.loopback_server import Fault, LoopbackServer, Script, always, finished, status

TURNS = (Message("system", "s"), Message("user", "transcript"), Message("user", "instructions"))


def refusing(is_refused: Any, said: str, code: int = 400) -> Script:
    return lambda number, body: status(code, error={"message": said}) if is_refused(body) else None


def kind(body: Any) -> str | None:
    return body.get("response_format", {}).get("type")


@pytest.mark.parametrize("code", [400, 422])
@pytest.mark.parametrize(
    ("is_refused", "said"),
    [
        (lambda body: kind(body) == "json_schema", "Das Schema hat zu viele Zustände."),
        (lambda body: kind(body) == "json_schema", "grammar compilation failed at node 0x7f3a"),
        (lambda body: kind(body), "bad input"),
        (lambda body: body.get("temperature") not in (None, 1), "sampling: only the default is served"),
        (lambda body: "max_tokens" in body, "extra inputs"),
        (lambda body: any(message["role"] == "system" for message in body["messages"]), "unknown author"),
    ],
)
def test_a_refused_part_is_found_whatever_the_words(
    is_refused: Any, said: str, code: int, caplog: pytest.LogCaptureFixture
):
    with LoopbackServer(faults=refusing(is_refused, said, code)) as server, caplog.at_level(logging.INFO, "meetcli"):
        replies, error = complete(server, 12, concurrency=4)
    assert error is None
    assert all(reply.text for reply in replies)
    assert server.requests - 12 <= 4 + 6  # those under way, and one request that is asked step by step
    assert sum("refused" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("said", ["bad input", "json_schema is not served"])
def test_a_run_costs_one_refusal_however_many_calls_begin_at_once(said: str):
    def is_refused(body: Any) -> bool:
        return kind(body) == "json_schema"

    with LoopbackServer(faults=refusing(is_refused, said), latency_s=0.05) as server:
        engine = OpenAIEngine(options_for(server, concurrency=16))
        replies, error = asyncio.run(collect(engine, map(make_request, range(40))))
    assert error is None
    assert all(reply.text for reply in replies)
    assert server.requests == 41


def test_a_window_is_asked_for_once_though_the_server_counts_more_than_was_estimated():
    def script(_: int, body: Any) -> Fault | None:
        read = sum(len(message["content"]) for message in body["messages"]) // 4 + 700
        if read + body["max_tokens"] <= 4096:
            return None
        said = f"maximum context length is 4096 tokens and your request has {read} input tokens"
        return status(400, error={"message": said})

    with LoopbackServer(faults=script, latency_s=0.05) as server:
        engine = OpenAIEngine(options_for(server, concurrency=8))
        replies, error = asyncio.run(collect(engine, map(make_request, range(20))))
    assert error is None
    assert all(reply.text for reply in replies)
    assert server.requests == 21


def test_only_what_was_refused_stays_out():
    with LoopbackServer(faults=refusing(lambda body: "temperature" in body, "no")) as server:
        complete(server, 3)
    assert kind(server.bodies[-1]) == "json_schema"
    assert server.bodies[-1]["max_tokens"] == 4096
    assert "temperature" not in server.bodies[-1]


def test_two_parts_that_are_refused_one_after_the_other_are_both_found():
    def script(_: int, body: Any) -> Fault | None:
        if "max_tokens" in body:
            return status(400, error={"message": "first complaint"})
        return status(400, error={"message": "second complaint"}) if "temperature" in body else None

    with LoopbackServer(faults=script) as server:
        assert complete_one(server).text
    assert kind(server.bodies[-1]) == "json_schema"
    assert server.requests <= 8


def test_a_server_error_that_names_a_part_is_stepped_around_at_once_and_another_one_when_it_does_not_pass():
    for said, most in (("unsupported json_schema", 2), ("internal", 4)):
        with LoopbackServer(faults=refusing(lambda body: kind(body) == "json_schema", said, 500)) as server:
            assert complete_one(server, retries=2).text
        assert server.requests == most


def test_a_model_that_only_streams_is_asked_for_a_stream():
    pieces = b'data: {"choices": [{"delta": {"content": "{}"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'

    def script(_: int, body: Any) -> Fault:
        return (
            Fault(body=pieces)
            if body.get("stream")
            else status(400, error={"message": "this model supports streaming only"})
        )

    with LoopbackServer(faults=script) as server:
        assert complete_one(server).text == "{}"
    assert server.requests == 2


def test_an_answer_that_the_server_cannot_put_into_the_schema_is_asked_for_without_it_for_that_meeting_alone():
    def script(_: int, body: Any) -> Fault | None:
        is_refused = "number 5 " in str(body) and kind(body) == "json_schema"
        return status(400, error={"code": "json_validate_failed"}) if is_refused else None

    with LoopbackServer(faults=script) as server:
        replies, _ = complete(server, 8, concurrency=1)
    assert all(reply.text for reply in replies)
    assert server.requests == 9
    assert kind(server.bodies[-1]) == "json_schema"


def test_where_nothing_helps_the_first_refusal_is_told_and_few_calls_are_made():
    with LoopbackServer(faults=always(status(400, error={"code": "invalid_request_error"}))) as server:
        replies, _ = complete(server, 3, concurrency=1)
    assert {reply.error.message for reply in replies if isinstance(reply.error, CallError)} == {
        "the server answered 400 (invalid_request_error)"
    }
    assert server.requests <= 3 + 7


def raised(server: LoopbackServer, **options: Any) -> tuple[Reply, Reply]:
    """Return the replies to a request and, where it was cut, to the same with the higher cap, in one run."""
    import asyncio

    from meetcli.engines.openai_live import OpenAIEngine
    from tests.engines.openai_driver import HandClock, options_for

    async def main() -> list[Reply]:
        again: asyncio.Queue[Any] = asyncio.Queue()
        again.put_nowait(make_request())

        async def requests() -> Any:
            while (request := await again.get()) is not None:
                yield request

        replies = []
        async for reply in OpenAIEngine(options_for(server, **options), HandClock().timers()).complete(requests()):
            replies.append(reply)
            again.put_nowait(make_request(max_output_tokens=16_384, is_follow_up=True) if len(replies) == 1 else None)
        return replies

    first, second = asyncio.run(main())
    return first, second


def capped(most: int, said: str, *, enough: int = 99_999) -> Script:
    def script(_: int, body: Any) -> Fault | None:
        if body["max_tokens"] > most:
            return status(400, error={"message": said})
        return finished("length", content="{") if body["max_tokens"] < enough else None

    return script


@pytest.mark.parametrize("said", ["the range of max_tokens is [1, 8192]", "max_tokens must be at most 8,192", "Nope."])
def test_a_raised_cap_is_what_the_server_takes(said: str):
    with LoopbackServer(faults=capped(8192, said, enough=8192)) as server:
        first, second = raised(server)
    assert (first.finish, second.finish) == ("length", "stop")
    assert [body["max_tokens"] for body in server.bodies] == [4096, 16_384, 8192]


@pytest.mark.parametrize("said", ["at most 4096 completion tokens are supported", "Nope."])
def test_a_cap_that_cannot_be_raised_is_not_bought_again(said: str):
    with LoopbackServer(faults=capped(4096, said)) as server:
        _, second = raised(server)
    assert isinstance(second.error, AnswerError)
    assert second.error.reason == "truncated"
    assert "4,096" in second.error.message
    assert sum(body["max_tokens"] == 4096 for body in server.bodies) == 1


def test_the_answer_gets_what_the_window_leaves():
    def script(_: int, body: Any) -> Fault | None:
        said = f"max_tokens is too large: {body['max_tokens']}. The context length is 4200 tokens and your request has 900 input tokens"
        return status(400, error={"message": said}) if body["max_tokens"] + 900 > 4200 else None

    with LoopbackServer(faults=script) as server:
        assert complete_one(server).text
    assert server.bodies[-1]["max_tokens"] == 4200 - 900 - 16
    assert server.requests == 2


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        (
            "maximum context length is 4,097 tokens. however, your messages resulted in 5,120 tokens.",
            Bounds(window=4097, read=5120),
        ),
        (
            "requested 9100 tokens: 5004 tokens from the input messages. context window: at most 8192",
            Bounds(window=8192, read=5004),
        ),
        ('{"n_prompt_tokens": 9001, "n_ctx": 2048}', Bounds(window=2048)),
        ("input length (9000) exceeds the model's maximum context length (8192)", Bounds(window=8192, read=9000)),
        ("max_tokens: 16384 > 8192, the maximum allowed number of output tokens", Bounds(output=8192)),
        (
            "maxoutputtokens is 16384 but the supported range is from 1 (inclusive) to 8193 (exclusive)",
            Bounds(output=8192),
        ),
        ("`max_tokens` must be <= `2048`, which is less than the `context_window`", Bounds(output=2048)),
        ("prompt too long; exceeded by 3000 tokens", Bounds()),
        ("your credit balance is too low; 4096 requests so far", Bounds()),
    ],
)
def test_bounds_are_read_from_the_words_beside_a_number(said: str, bounds: Bounds):
    assert read_bounds(said, cap=16_384) == bounds


def test_too_long_is_known_without_a_number():
    assert says_too_long("the prompt is too long for this model")
    assert says_too_long("context size has been exceeded")
    assert not says_too_long("budget has been exceeded")
    assert not says_too_long("max_tokens is too large")


def test_a_template_that_knows_no_system_gets_one_message():
    def script(_: int, body: Any) -> Fault | None:
        roles = [message["role"] for message in body["messages"]]
        return status(500, error={"message": "System role not supported"}) if roles != ["user"] else None

    with LoopbackServer(faults=script) as server:
        assert complete_one(server, make_request(messages=TURNS)).text
    assert server.bodies[-1]["messages"][0]["content"] == "s\n\ntranscript\n\ninstructions"
