"""Paid answers in every dress: where the text stands, how it ended, what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from meetcli.engines.openai_replies import read_reply
from meetcli.engines.openai_wire import Failure
from meetcli.models import Reply, Usage
from tests.engines.openai_driver import complete_one
from tests.loopback_server import Fault, LoopbackServer, always, in_order

OBJECT = '{"summary": "Ana opens the vault", "score": 0.5}'
CUT = OBJECT[:25]


def read(body: Any) -> Reply | Failure:
    return read_reply("r", body if isinstance(body, bytes) else json.dumps(body).encode())


def answer(body: Any) -> Reply:
    found = read(body)
    assert isinstance(found, Reply), found
    return found


def completion(message: Mapping[str, Any] | None = None, finish: Any = "stop", **rest: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "finish_reason": finish, "message": message or {"content": OBJECT}}], **rest}


def events(*pieces: Mapping[str, Any], end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + end).encode()


def piece(delta: Mapping[str, Any], finish: str | None = None, **rest: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **rest}


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "reasoning_content": OBJECT},
        {"content": "", "reasoning": f"A draft: {{}}. Now the answer: {OBJECT}"},
        {"content": " ", "reasoning_details": [{"type": "reasoning.text", "text": OBJECT}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "{}"}]},
                {"type": "text", "text": OBJECT},
            ]
        },
        {"content": json.loads(OBJECT)},
        {"content": None, "parsed": json.loads(OBJECT)},
        {"content": None, "tool_calls": [{"type": "function", "function": {"name": "extract", "arguments": OBJECT}}]},
        {"content": "I call it.", "tool_calls": [{"function": {"name": "extract", "arguments": json.loads(OBJECT)}}]},
        {"content": None, "function_call": {"name": "extract", "arguments": OBJECT}},
    ],
)
def test_the_answer_is_found_wherever_the_message_has_it(message: dict[str, Any]):
    reply = answer(completion(message, "tool_calls"))
    assert json.loads(reply.text or "") == json.loads(OBJECT)
    assert reply.finish == "stop"


@pytest.mark.parametrize(
    "body",
    [
        [completion()],
        {"success": True, "errors": [], "result": completion()},
        {"status": 200, "data": {"response": completion()}},
        {"choices": [{"finish_reason": "stop", "text": OBJECT}]},
        {"choices": [{"message": {"content": ""}}, {"index": 1, "message": {"content": OBJECT}}]},
        {"choices": [{"delta": {"content": OBJECT}, "finish_reason": "stop"}]},
        {"model": "m", "message": {"role": "assistant", "content": OBJECT}, "done": True, "done_reason": "stop"},
        {"type": "message", "content": [{"type": "text", "text": OBJECT}], "stop_reason": "end_turn"},
        b"\xef\xbb\xbf\n\n" + json.dumps(completion()).encode(),
        json.dumps(completion()).replace("opens the", "opens\\nthe").replace("\\n", "\n").encode(),
    ],
)
def test_the_completion_is_found_in_any_one_envelope(body: Any):
    reply = answer(body)
    assert "opens" in (reply.text or "")
    assert reply.finish == "stop"


@pytest.mark.parametrize("own", [{}, {"usage": None}])
def test_tokens_that_stand_beside_the_envelope_are_counted(own: Mapping[str, Any]):
    usage = {"prompt_tokens": 900, "completion_tokens": 40}

    assert answer({"took_ms": 3, "result": completion(**own), "usage": usage}).usage == Usage(900, 0, 40, 1)
    assert answer({"data": {"reply": completion(**own)}, **usage}).usage == Usage(900, 0, 40, 1)


def test_the_counts_of_the_completion_come_before_those_of_its_envelope():
    told = completion(usage={"prompt_tokens": 900, "completion_tokens": 40})

    assert answer({"result": told, "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).usage == Usage(900, 0, 40, 1)


@pytest.mark.parametrize(
    "body",
    [
        events(
            piece({"content": OBJECT[:9]}),
            piece({"content": OBJECT[9:]}),
            piece({}, "stop"),
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
        ),
        b": waiting\n\nevent: chunk\nid: 1\n"
        + events(piece({"content": OBJECT}, "stop", usage={"prompt_tokens": 9, "completion_tokens": 4})),
        events(
            piece({"content": OBJECT}),
            piece({}, "stop", x_groq={"usage": {"prompt_tokens": 9, "completion_tokens": 4}}),
            end="",
        ),
        events(
            piece({"tool_calls": [{"index": 0, "function": {"name": "e", "arguments": OBJECT[:9]}}]}),
            piece(
                {"tool_calls": [{"index": 0, "function": {"arguments": OBJECT[9:]}}]},
                "tool_calls",
                usage={"prompt_tokens": 9, "completion_tokens": 4},
            ),
        ),
        b"\n".join(
            json.dumps(line).encode()
            for line in (
                {"message": {"content": OBJECT[:9]}},
                {"message": {"content": OBJECT[9:]}, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4},
            )
        ),
        events(piece({"content": OBJECT}, "stop", usage={"prompt_tokens": 9, "completion_tokens": 4})).replace(
            b"\n", b"\r\n"
        ),
    ],
)
def test_a_stream_that_nobody_asked_for_is_read_to_its_end(body: bytes):
    assert answer(body) == Reply("r", OBJECT, usage=Usage(9, 0, 4, 1))


def test_a_stream_that_breaks_off_is_no_answer_unless_the_answer_is_whole():
    assert isinstance(read(events(piece({"content": CUT}), end="")), Failure)
    assert answer(events(piece({"content": OBJECT}), end="")).text == OBJECT
    assert isinstance(read(events(piece({"content": CUT}), {"error": {"code": 502, "message": "gone"}})), Failure)


@pytest.mark.parametrize(
    "finish", ["length", "model_length", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"]
)
def test_a_cut_answer_is_known_by_every_word_for_it(finish: str):
    assert answer(completion({"content": CUT}, finish))._replace(usage=Usage()) == Reply("r", CUT, "length")
    assert answer(completion(finish=finish)).finish == "stop"  # it had room for all of it


@pytest.mark.parametrize(
    "finish",
    ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "guardrail_intervened", "sensitive", "OTHER"],
)
def test_a_withheld_answer_is_known_by_every_word_for_it(finish: str):
    reply = answer(completion({"content": None}, finish))
    assert (reply.finish, reply.text) == ("content_filter", None)


@pytest.mark.parametrize(
    "finish", ["stop", None, "eos", "end_turn", "EOS_TOKEN", "STOP", "stop_sequence", "tool_calls", "unheard_of"]
)
def test_a_whole_answer_is_taken_whatever_the_word_at_its_end(finish: str | None):
    assert answer(completion(finish=finish)).text == OBJECT


@pytest.mark.parametrize("finish", ["error", "abort", "network_error", "insufficient_system_resource"])
def test_an_answer_that_broke_in_the_middle_is_an_attempt_that_failed(finish: str):
    found = read(completion({"content": CUT}, finish, usage={"prompt_tokens": 7, "completion_tokens": 2}))
    assert isinstance(found, Failure)
    assert (found.ends, found.usage, found.is_uncertain) == ("attempt", Usage(7, 0, 2, 1), False)


def test_a_choice_with_an_error_is_asked_again_as_it_was():
    broken = {"index": 0, "finish_reason": "error", "error": {"code": 503}, "message": {"content": CUT}}
    with LoopbackServer(faults=in_order(Fault(choice=broken))) as server:
        reply = complete_one(server)
    assert reply.text
    assert server.requests == 2
    assert server.bodies[0] == server.bodies[1]
    assert reply.usage.input_tokens == sum(tokens for tokens, _ in server.bill)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 402, "message": "x"}, "insufficient_quota"),
        ({"code": "429"}, "rate_limited"),
        ({"message": "x"}, "server_error"),
    ],
)
def test_an_error_in_a_200_is_what_its_code_says(error: dict[str, Any], reason: str):
    found = read({"id": "x", "error": error})
    assert isinstance(found, Failure)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        # Thoughts outside of completion_tokens, told by the total or by the details.
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 150}, Usage(100, 0, 50, 1)),
        (
            {"prompt_tokens": 100, "completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 30}},
            Usage(100, 0, 50, 1),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(100, 0, 50, 1),
        ),
        # The cache: inside of prompt_tokens, at the top level, beside it.
        ({"prompt_tokens": 100, "completion_tokens": 5, "cached_tokens": 60}, Usage(100, 60, 5, 1)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
            },
            Usage(100, 64, 5, 1),
        ),
        (
            {
                "prompt_tokens": 40,
                "completion_tokens": 5,
                "total_tokens": 105,
                "prompt_tokens_details": {"cached_tokens": 60},
            },
            Usage(100, 60, 5, 1),
        ),
        (
            {"input_tokens": 40, "output_tokens": 5, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 10},
            Usage(110, 60, 5, 1),
        ),
        ({"prompt_tokens": 40, "completion_tokens": 5, "cached_tokens": 60}, Usage(100, 60, 5, 1)),
        # Numbers as some languages write them, and what is missing but follows.
        ({"prompt_tokens": 100.0, "completion_tokens": 4.2, "total_tokens": 105.0}, Usage(100, 0, 5, 1)),
        ({"prompt_tokens": None, "completion_tokens": 5, "total_tokens": 105}, Usage(100, 0, 5, 1)),
        ({"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}, Usage(0, 0, 0, 1)),
    ],
)
def test_tokens_are_counted_wherever_a_vendor_counts_them(usage: dict[str, Any], counted: Usage):
    assert answer(completion(usage=usage)).usage == counted


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": 9}])
def test_an_answer_without_a_count_is_not_a_free_one(usage: dict[str, Any] | None):
    assert not answer(completion(usage=usage)).is_counted


def test_an_empty_stream_and_an_empty_body_are_no_answers():
    for body in (b"", b"data: [DONE]\n\n", b": only a comment\n\n", events({"choices": []})):
        assert isinstance(read(body), Failure)


def test_an_event_stream_is_one_call():
    body = events(piece({"content": OBJECT}, "stop", usage={"prompt_tokens": 90, "completion_tokens": 9}))
    with LoopbackServer(faults=always(Fault(body=body, headers=(("x-kind", "stream"),)))) as server:
        assert complete_one(server).text == OBJECT
    assert server.requests == 1
