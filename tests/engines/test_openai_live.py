from __future__ import annotations

import asyncio
import email.utils
import gc
import itertools
import json
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meetcli.engines import open_engine
from meetcli.engines.openai_live import OpenAIEngine
from meetcli.errors import AnswerError, CallError, RunStopped, UsageError
from meetcli.models import Message, Reply, Request, Usage
from tests.engines.openai_driver import (
    KEY,
    SCHEMA,
    SPOKEN,
    HandClock,
    collect,
    complete,
    complete_one,
    make_request,
    options_for,
    stream,
)
from tests.loopback_server import (
    BAD_KEY,
    CUT,
    DRIP,
    DROP,
    EMPTY,
    FILTERED,
    GARBAGE,
    HANG,
    NO_CHOICES,
    PROMPT,
    QUOTA,
    RATE_LIMITED,
    REFUSAL,
    TRUNCATED,
    UNKNOWN_MODEL,
    Fault,
    LoopbackServer,
    always,
    at_random,
    finished,
    in_order,
    status,
)

PROJECT = Path(__file__).resolve().parents[2]
NO_CONTENT = finished("stop")


def reason_of(reply: Reply) -> str:
    if reply.reason is not None:
        assert (reply.state, reply.text, reply.error) == ("not_attempted", None, None)
        return reply.reason
    assert isinstance(reply.error, CallError | AnswerError)
    return reply.error.reason


class TestAnswers:
    def test_every_request_is_answered_once_and_costs_one_call(self):
        with LoopbackServer() as server:
            replies, error = complete(server, 43)
        assert error is None
        assert sorted(reply.request_id for reply in replies) == sorted(f"request-{number}" for number in range(43))
        assert server.requests == 43
        assert all(
            reply.usage.requests == 1 and reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0
            for reply in replies
        )
        assert all(set(json.loads(reply.text or "")) == {"summary", "score"} for reply in replies)

    def test_asks_for_a_strict_schema_at_the_given_temperature_and_cap(self):
        with LoopbackServer() as server:
            complete_one(server, make_request(temperature=0.2, max_output_tokens=777))
        [body] = server.bodies
        assert server.keys == [KEY]
        assert body == {
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": "You write minutes."},
                {"role": "user", "content": make_request().messages[1].content},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "extract", "strict": True, "schema": SCHEMA},
            },
            "temperature": 0.2,
            "max_tokens": 777,
        }

    def test_an_empty_stream_opens_no_connection(self):
        with LoopbackServer() as server:
            assert complete(server, 0) == ([], None)
            assert server.requests == 0

    def test_a_base_url_may_have_a_path_and_a_slash_at_its_end(self):
        with LoopbackServer() as server:
            reply = complete_one(server, base_url=f"http://127.0.0.1:{server.port}/gateway/openai/v1/")
        assert reply.text

    def test_a_server_without_keys_is_called_without_one_of_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        with LoopbackServer() as server:
            assert complete_one(server, api_key=None).text
        assert server.keys == ["none"]

    def test_no_organization_and_no_other_key_of_the_environment_is_sent(self, monkeypatch: pytest.MonkeyPatch):
        for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
            monkeypatch.setenv(name, "canary-environment")
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: kept\nAuthorization: Bearer canary-environment")
        with LoopbackServer() as server:
            assert complete_one(server).text
        assert "canary-environment" not in str(server.headers)
        assert server.headers[0]["x-gateway"] == "kept"

    def test_nothing_is_imported_before_the_first_request(self):
        code = (
            "import asyncio, sys\n"
            "from meetcli.engines import EngineOptions, open_engine\n"
            "async def none():\n"
            "    return\n"
            "    yield\n"
            "async def main():\n"
            "    async for _ in open_engine('openai', EngineOptions('gpt-4o')).complete(none()): pass\n"
            "asyncio.run(main())\n"
            "print(sorted({'openai', 'aiohttp', 'httpx2', 'pydantic'} & set(sys.modules)))\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
        assert ran.stdout == "[]\n"


class TestEndings:
    @pytest.mark.parametrize(
        ("fault", "finish", "text"),
        [
            (TRUNCATED, "length", '{"summary": "cut in mid-sent'),
            (finished("length"), "length", ""),
            (REFUSAL, "refusal", None),
            (FILTERED, "content_filter", None),
            (status(400, error={"code": "content_filter"}), "content_filter", None),
        ],
    )
    def test_truncation_refusal_and_filter_are_told_apart_and_not_retried(
        self, fault: Fault, finish: str, text: str | None
    ):
        with LoopbackServer(faults=always(fault)) as server:
            reply = complete_one(server)
        assert (reply.finish, reply.text, reply.error, reply.usage.requests) == (finish, text, None, 1)
        assert server.requests == 1

    @pytest.mark.parametrize("fault", [EMPTY, NO_CONTENT])
    def test_an_empty_answer_was_paid_for_and_is_a_reply_that_can_be_repaired(self, fault: Fault):
        with LoopbackServer(faults=always(fault)) as server:
            reply = complete_one(server)
        assert (reply.text, reply.error) == ("", None)
        assert reply.usage.input_tokens > 0
        assert server.requests == 1

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (status(400, error={"code": "context_length_exceeded"}), "too_long"),
            (status(413), "too_long"),
        ],
    )
    def test_a_request_the_server_cannot_take_fails_alone_and_at_once(self, fault: Fault, reason: str):
        with LoopbackServer(faults=in_order(fault)) as server:
            replies, error = complete(server, 2, concurrency=1)
        assert error is None
        assert reason_of(replies[0]) == reason
        assert replies[1].text
        assert server.requests == 2

    @pytest.mark.parametrize("code", [400, 422])
    @pytest.mark.parametrize("place", [0, 3])
    def test_one_request_that_is_refused_for_no_known_reason_fails_alone(self, code: int, place: int):
        def script(_: int, body: object) -> Fault | None:
            return status(code) if f"number {place} " in str(body) else None

        with LoopbackServer(faults=script) as server:
            replies, error = complete(server, 8, concurrency=1)
        assert error is None
        assert [reply.request_id for reply in replies if reply.text is None] == [f"request-{place}"]
        assert reason_of(replies[place]) == "bad_request"
        assert all("json_schema" in str(body) for body in server.bodies[-2:])  # nothing is learned from it
        assert server.requests <= 8 + 7


class TestRetries:
    @pytest.mark.parametrize(
        "fault",
        [
            status(408),
            status(409),
            status(429),
            status(500),
            status(502),
            status(529),
            status(503),
            DROP,
            CUT,
            GARBAGE,
            NO_CHOICES,
        ],
    )
    def test_what_passes_is_tried_again(self, fault: Fault):
        with LoopbackServer(faults=in_order(fault, fault)) as server:
            reply = complete_one(server)
        assert reply.text
        assert reply.error is None
        assert reply.usage.requests == server.requests == 3

    @pytest.mark.parametrize("fault", [DRIP, HANG])
    def test_a_deadline_ends_an_attempt_that_drips_or_hangs(self, fault: Fault):
        with LoopbackServer(faults=in_order(fault)) as server:
            reply = complete_one(server, timeout_s=0.5)
        assert reply.text
        assert reply.usage.requests == 2

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (status(503), "server_error"),
            (DROP, "connection_lost"),
            (CUT, "connection_lost"),
            (GARBAGE, "bad_reply"),
        ],
    )
    def test_a_request_fails_when_its_retries_are_used_up(self, fault: Fault, reason: str):
        with LoopbackServer(faults=always(fault)) as server:
            reply = complete_one(server, retries=2, timeout_s=60)
        assert reason_of(reply) == reason
        assert reply.text is None
        assert reply.usage == Usage(requests=3)
        assert server.requests == 3

    @pytest.mark.parametrize("fault", [DRIP, HANG])
    def test_a_whole_deadline_used_up_is_asked_again_once_at_most(self, fault: Fault):
        with LoopbackServer(faults=always(fault)) as server:
            reply = complete_one(server, retries=5, timeout_s=0.3)
        assert reason_of(reply) == "timeout"
        assert server.requests == 2

    def test_backoff_doubles_and_is_jittered(self):
        slept = {}
        for luck in (0.0, 1.0):
            clock = HandClock(luck=luck)
            with LoopbackServer(faults=always(status(503))) as server:
                complete_one(server, clock=clock, retries=4)
            slept[luck] = clock.slept_s
        assert slept[0.0] == 0
        assert slept[1.0] == pytest.approx(0.5 + 1 + 2 + 4)

    def test_waiting_ends_with_patience(self):
        clock = HandClock(luck=1.0)
        with LoopbackServer(faults=always(status(503))) as server:
            reply = complete_one(server, clock=clock, retries=50, max_wait_s=10)
        assert reason_of(reply) == "server_error"
        assert clock.slept_s <= 10
        assert server.requests == 5  # 0.5 + 1 + 2 + 4 s of waiting, and 8 s more would be too much

    @pytest.mark.parametrize(
        "headers",
        [
            {"retry_after": "7"},
            {"retry_after": email.utils.formatdate(1_700_001_007, usegmt=True)},
            {"retry_after": "1", "retry_after_ms": "7000"},
            {"retry_after": "1700001007"},
            {"retry_after": "1700001007000"},
        ],
    )
    def test_the_server_says_how_long_to_wait(self, headers: dict[str, str]):
        clock = HandClock(luck=0.0)
        with LoopbackServer(faults=in_order(status(429, **headers))) as server:
            assert complete_one(server, clock=clock).text
        assert clock.slept_s == pytest.approx(7)

    @pytest.mark.parametrize("said", ["soon", "nan", "inf", "-5", "", "Thu, 99 Nov 2023 22:13:20 GMT"])
    def test_a_senseless_retry_after_is_ignored(self, said: str):
        clock = HandClock(luck=0.0)
        with LoopbackServer(faults=in_order(status(429, retry_after=said))) as server:
            assert complete_one(server, clock=clock).text
        assert clock.slept_s == 0

    def test_a_pause_one_worker_is_told_of_holds_all(self):
        clock = HandClock(luck=0.0)
        seen_at: list[float] = []

        def script(number: int, _: object) -> Fault | None:
            seen_at.append(clock.now)
            return status(429, retry_after="60") if number == 0 else None

        with LoopbackServer(faults=script) as server:
            replies, _ = complete(server, 12, clock=clock, concurrency=4)
        assert all(reply.text for reply in replies)
        assert sum(at < 1_060 for at in seen_at) <= 4  # those under way when the first was told

    def test_a_server_that_asks_for_more_than_max_wait_stops_the_run(self):
        with LoopbackServer(faults=always(status(429, retry_after="3600"))) as server:
            replies, error = complete(server, 50, concurrency=2)
        assert isinstance(error, RunStopped)
        assert "3600 s" in error.message
        assert len(replies) <= 2

    def test_a_third_of_answers_failing_in_every_way_loses_no_meeting(self):
        with LoopbackServer(faults=at_random(0.3, seed=4)) as server:
            replies, error = complete(server, 43, timeout_s=1.0, retries=8)
        assert error is None
        assert len(replies) == 43
        assert all(reply.text for reply in replies)
        # On a busy machine a deadline can end an attempt that the server has not read yet: never is one counted too
        # few.
        assert sum(reply.usage.requests for reply in replies) >= server.requests > 43

    @pytest.mark.parametrize("seed", [4, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(40))])
    def test_faults_in_any_order_lose_no_meeting_and_miscount_no_call(self, seed: int):
        with LoopbackServer(faults=at_random(0.3, PROMPT, seed=seed)) as server:
            replies, error = complete(server, 200, timeout_s=60.0, retries=12)
        assert error is None
        assert len({reply.request_id for reply in replies if reply.text}) == 200
        assert sum(reply.usage.requests for reply in replies) == server.requests > 200


class TestStops:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (BAD_KEY, "API key was refused"),
            (status(403), "may not do this"),
            (UNKNOWN_MODEL, "model is not known"),
            (status(404), "no such model or path"),
            (status(400, error={"code": "model_not_found"}), "model is not known"),
            (QUOTA, "no quota left"),
            (status(402), "no quota left"),
        ],
    )
    def test_where_no_call_can_work_the_run_stops_at_once(self, fault: Fault, words: str):
        with LoopbackServer(faults=always(fault)) as server:
            replies, error = complete(server, 50, concurrency=4)
        assert isinstance(error, RunStopped)
        assert words in error.message
        assert error.hint
        assert server.requests <= 4
        assert {reason_of(reply) for reply in replies} <= {reason_of(replies[0]), "stopped"}

    def test_calls_under_way_are_answered_and_yielded_first(self):
        def script(number: int, _: object) -> Fault | None:
            return BAD_KEY if number >= 2 else None

        with LoopbackServer(faults=script, latency_s=0.02) as server:
            replies, error = complete(server, 50, concurrency=4)
        assert isinstance(error, RunStopped)
        assert sum(reply.text is not None for reply in replies) == 2
        assert server.requests <= 2 + 4 + 3

    @pytest.mark.parametrize("hits", [0, 5])
    def test_refusals_without_end_stop_the_run_after_one_request_s_patience(self, hits: int):
        clock = HandClock(luck=1.0)
        with LoopbackServer(faults=always(status(429))) as server:
            replies, error = complete(server, 1000, clock=clock, max_wait_s=600, hits=hits)
        assert isinstance(error, RunStopped)
        assert len(replies) <= 8
        assert clock.slept_s <= 600
        assert server.requests <= 8 + 12

    def test_an_endpoint_nobody_listens_at_stops_the_run_after_its_retries(self):
        clock = HandClock(luck=1.0)
        with LoopbackServer() as server:
            pass
        replies, error = complete(server, 1000, clock=clock, retries=2)
        assert isinstance(error, RunStopped)
        assert "cannot be reached" in error.message
        assert len(replies) <= 8
        assert {reply.usage.requests for reply in replies} == {0}
        assert {reason_of(reply) for reply in replies} <= {"unreachable", "stopped"}

    def test_a_base_url_that_is_none_stops_the_run(self):
        with LoopbackServer() as server:
            _, error = complete(server, 3, base_url="ftp://127.0.0.1/v1")
        assert isinstance(error, RunStopped)

    @pytest.mark.parametrize("key", ["sk-CANARY\n", "sk-CANARY ü", "sk-CANARY key"])
    def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(self, key: str):
        with LoopbackServer() as server:
            _, error = complete(server, 3, api_key=key)
        assert isinstance(error, UsageError)
        assert "CANARY" not in f"{error!r} {error.hint}"
        assert server.requests == 0

    def test_an_error_of_the_request_stream_surfaces_after_the_answers(self):
        async def broken() -> AsyncIterator[Request]:
            yield make_request(1)
            raise ZeroDivisionError

        async def main(server: LoopbackServer) -> list[Reply]:
            replies = OpenAIEngine(options_for(server)).complete(broken())
            answered = [await anext(replies)]
            with pytest.raises(ZeroDivisionError):
                await anext(replies)
            return answered

        with LoopbackServer() as server:
            [reply] = asyncio.run(main(server))
        assert reply.text


class TestStopping:
    def test_calls_under_way_are_waited_for_and_no_more_are_made(self):
        stopping = threading.Event()

        def script(number: int, _: object) -> None:
            if number == 3:
                stopping.set()

        with LoopbackServer(faults=script, latency_s=0.01) as server:
            replies, error = complete(server, 100, concurrency=4, is_stopping=stopping.is_set)
        assert error is None
        assert server.requests <= 8
        assert sum(reply.text is not None for reply in replies) == server.requests
        assert len(replies) - server.requests <= 4

    def test_a_retry_sleep_ends_at_once(self):
        clock = HandClock(luck=1.0)
        with LoopbackServer(faults=always(status(503, retry_after="300"))) as server:
            reply = complete_one(server, clock=clock, is_stopping=lambda: clock.slept_s > 1)
        assert reason_of(reply) == "stopped"
        assert reply.usage.requests == server.requests == 1
        assert clock.slept_s < 2


class TestPool:
    def test_at_most_concurrency_calls_and_pulls_at_once(self):
        pulled = answered = ahead = 0

        async def counted() -> AsyncIterator[Request]:
            nonlocal pulled, ahead
            for number in range(60):
                pulled += 1
                ahead = max(ahead, pulled - answered)
                yield make_request(number)

        async def main(server: LoopbackServer) -> None:
            nonlocal answered
            async for _ in OpenAIEngine(options_for(server, concurrency=5)).complete(counted()):
                answered += 1

        with LoopbackServer(latency_s=0.003) as server:
            asyncio.run(main(server))
        assert answered == 60
        assert server.peak == 5
        assert ahead <= 2 * 5 + 1  # five under way, and as many replies not yet taken

    def test_a_reader_that_takes_no_replies_is_not_flooded(self):
        async def main(server: LoopbackServer) -> int:
            replies = OpenAIEngine(options_for(server, concurrency=2)).complete(stream(map(make_request, range(100))))
            await anext(replies)
            for _ in range(200):
                await asyncio.sleep(0.0005)
            made = server.requests
            await replies.aclose()
            return made

        with LoopbackServer() as server:
            assert asyncio.run(main(server)) <= 5

    def test_a_request_may_depend_on_an_earlier_reply(self):
        async def main(server: LoopbackServer) -> list[str]:
            follow_ups: asyncio.Queue[Request | None] = asyncio.Queue()
            follow_ups.put_nowait(make_request(0))

            async def requests() -> AsyncIterator[Request]:
                while (request := await follow_ups.get()) is not None:
                    yield request

            answered = []
            async for reply in OpenAIEngine(options_for(server)).complete(requests()):
                answered.append(reply.request_id)
                follow_ups.put_nowait(make_request(len(answered)) if len(answered) < 3 else None)
            return answered

        with LoopbackServer() as server:
            assert asyncio.run(main(server)) == ["request-0", "request-1", "request-2"]

    def test_a_stop_wakes_workers_that_wait_for_a_request(self):
        async def main(server: LoopbackServer) -> None:
            async def requests() -> AsyncIterator[Request]:
                yield make_request()
                await asyncio.Event().wait()

            async for _ in OpenAIEngine(options_for(server)).complete(requests()):
                pass

        with LoopbackServer(faults=always(BAD_KEY)) as server, pytest.raises(RunStopped):
            asyncio.run(main(server))

    def test_closing_early_leaves_no_task_and_no_connection(self):
        async def main(server: LoopbackServer) -> set[asyncio.Task[object]]:
            replies = OpenAIEngine(options_for(server)).complete(stream(map(make_request, range(100))))
            await anext(replies)
            await replies.aclose()
            gc.collect()  # an unclosed session would warn, and warnings are errors
            return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[return-value]  # a test is a task

        with LoopbackServer(latency_s=0.001) as server:
            assert asyncio.run(main(server)) == set()
            assert server.requests < 100


class TestLearning:
    SAYS_MAX_TOKENS = status(
        400,
        error={
            "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "code": "unsupported_parameter",
            "param": "max_tokens",
        },
    )
    SAYS_TEMPERATURE = status(
        400,
        error={
            "message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
            "code": "unsupported_value",
            "param": "temperature",
        },
    )

    def test_a_reasoning_model_is_asked_for_what_it_accepts_from_then_on(self):
        def script(_: int, body: dict[str, object]) -> Fault | None:
            if "max_tokens" in body:
                return self.SAYS_MAX_TOKENS
            return self.SAYS_TEMPERATURE if "temperature" in body else None

        with LoopbackServer(faults=script) as server:
            replies, error = complete(server, 20, concurrency=2, retries=0)
        assert error is None
        assert all(reply.text for reply in replies)
        assert server.requests <= 20 + 2 * 2
        assert server.bodies[-1]["max_completion_tokens"] == 4096
        assert "temperature" not in server.bodies[-1]

    @pytest.mark.parametrize(
        "refusal",
        [
            status(400, error={"message": "'response_format' of type 'json_schema' is not supported with this model."}),
            status(
                500, error={"message": "Input should be 'text' or 'json_object' body.response_format.type json_schema"}
            ),
            Fault(
                status=422,
                body=b'{"detail": [{"loc": ["body", "response_format", "type"], "msg": "unexpected value"}]}',
            ),
        ],
    )
    def test_without_strict_schemas_the_schema_goes_into_the_prompt(
        self, refusal: Fault, caplog: pytest.LogCaptureFixture
    ):
        def script(_: int, body: dict[str, dict[str, str]]) -> Fault | None:
            return refusal if body.get("response_format", {}).get("type") == "json_schema" else None

        with LoopbackServer(faults=script) as server, caplog.at_level(logging.WARNING, "meetcli"):
            replies, _ = complete(server, 10, concurrency=3, retries=0)
        assert all(set(json.loads(reply.text or "")) == {"summary", "score"} for reply in replies)
        assert server.requests <= 13
        assert server.bodies[-1]["response_format"] == {"type": "json_object"}
        assert server.bodies[-1]["messages"][-1]["content"].endswith(json.dumps(SCHEMA, separators=(",", ":")))
        assert len(caplog.records) == 1

    def test_without_any_response_format_the_object_is_found_in_the_text(self, caplog: pytest.LogCaptureFixture):
        def script(_: int, body: dict[str, dict[str, str]]) -> Fault | None:
            if "response_format" in body:
                return status(400, error={"message": "response_format is not supported", "param": "response_format"})
            return finished("stop", content='Sure!\n```json\n{"summary": "s", "score": 0.5}\n```\nAnything else?')

        with LoopbackServer(faults=script) as server, caplog.at_level(logging.WARNING, "meetcli"):
            replies, _ = complete(server, 5, concurrency=2)
        assert {reply.text for reply in replies} == {'{"summary": "s", "score": 0.5}'}
        assert len(caplog.records) == 1

    def test_a_chat_template_that_insists_on_turns_gets_them(self):
        def script(_: int, body: dict[str, list[dict[str, str]]]) -> Fault | None:
            roles = [message["role"] for message in body["messages"]]
            said = {
                "message": "After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."
            }
            return status(500, error=said) if any(a == b for a, b in itertools.pairwise(roles)) else None

        messages = (Message("system", "s"), Message("user", "transcript"), Message("user", "instructions"))
        with LoopbackServer(faults=script) as server:
            assert complete_one(server, make_request(messages=messages)).text
        assert [message["content"] for message in server.bodies[-1]["messages"]] == ["s", "transcript\n\ninstructions"]

    def test_a_server_that_refuses_everything_ends_the_request(self):
        def script(_: int, body: dict[str, object]) -> Fault:
            return status(400, error={"message": f"unsupported: {' '.join(body)}"})

        with LoopbackServer(faults=script) as server:
            reply = complete_one(server)
        assert reason_of(reply) == "bad_request"
        assert server.requests <= 8  # two response formats, temperature, cap and roles, one by one, then all

    def test_a_cap_that_is_too_large_is_not_mistaken_for_an_unknown_parameter(self):
        said = {
            "message": "max_tokens is too large: 16384. This model supports at most 4096 completion tokens.",
            "param": "max_tokens",
        }
        with LoopbackServer(faults=always(status(400, error={**said, "code": "invalid_value"}))) as server:
            assert reason_of(complete_one(server)) == "cap_refused"
        assert server.requests == 1


class TestSecrecy:
    @pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422, 429, 500, 503])
    def test_what_the_server_quotes_is_in_no_error_and_no_log(self, code: int, caplog: pytest.LogCaptureFixture):
        quoted = f"Incorrect API key provided: {KEY}. You said: {SPOKEN}"
        fault = status(code, error={"message": quoted, "code": KEY, "type": SPOKEN, "param": SPOKEN})
        with LoopbackServer(faults=always(fault)) as server, caplog.at_level(logging.DEBUG):
            replies, error = complete(server, 3, retries=1)
        shown = (
            "".join(f"{reply.error!r} {getattr(reply.error, 'hint', '')}" for reply in replies)
            + f"{error!r}"
            + caplog.text
        )
        assert "CANARY" not in shown
        assert replies[0].error is not None

    def test_a_reply_is_in_no_log(self, caplog: pytest.LogCaptureFixture):
        with LoopbackServer() as server, caplog.at_level(logging.DEBUG):
            reply = complete_one(server)
        assert SPOKEN in (reply.text or "")
        assert "CANARY" not in caplog.text


def test_the_door_opens_this_engine():
    with LoopbackServer(faults=in_order(RATE_LIMITED)) as server:
        engine = open_engine("openai", options_for(server))
        assert isinstance(engine, OpenAIEngine)
        replies, error = asyncio.run(collect(engine, [make_request()]))
    assert error is None
    assert replies[0].text
