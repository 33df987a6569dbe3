from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import anyio
import httpx2
import openai
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.engines.openai_dialect import Dialect
from meetcli.engines.openai_replies import json_object_in, read_reply
from meetcli.engines.openai_wire import Failure, translate
from meetcli.models import Message, Reply, Usage
from tests.engines.openai_driver import SCHEMA, make_request

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
BODY: dict[str, Any] = {"model": "m", "messages": []}


def descendants(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


def vendor_exceptions() -> list[type[BaseException]]:
    """Every exception class the vendor's packages define, found by walking, so that an upgrade's new one is found
    too.
    """
    roots = (openai.OpenAIError, httpx2.HTTPError, aiohttp.ClientError)
    found = {kind for root in roots for kind in descendants(root)}
    for package in (openai, httpx2, aiohttp):
        found |= {kind for _, kind in inspect.getmembers(package, inspect.isclass) if issubclass(kind, Exception)}
    ours = [kind for kind in found if kind.__module__.split(".")[0] in ("openai", "httpx2", "aiohttp")]
    return sorted(ours, key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def an_error_of(kind: type[BaseException]) -> Exception:
    """Return an instance with the attributes a real one has, whatever its constructor asks for."""
    error = kind.__new__(kind)
    Exception.__init__(error, "scripted")
    assert isinstance(error, Exception)
    if not isinstance(error, openai.APIError):
        return error
    response = httpx2.Response(getattr(kind, "status_code", 418), request=REQUEST)
    for name, value in {
        "message": "scripted",
        "body": None,
        "code": None,
        "param": None,
        "type": None,
        "response": response,
        "status_code": response.status_code,
        "request": REQUEST,
    }.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize("kind", vendor_exceptions(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_exception_of_the_vendors_is_translated(kind: type[BaseException]):
    assert isinstance(translate(an_error_of(kind), BODY, 0.0), Failure)


def a_validation_error() -> pydantic.ValidationError:
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(int).validate_python("CANARY")
    return caught.value


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (json.JSONDecodeError("CANARY", "CANARY", 0), "bad_reply"),
        (UnicodeDecodeError("utf-8", b"CANARY", 0, 1, "CANARY"), "bad_reply"),
        (a_validation_error(), "bad_reply"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError("CANARY"), "connection_lost"),
        (OSError(24, "CANARY"), "connection_lost"),
        (anyio.EndOfStream(), "client_error"),
        (openai.APITimeoutError(REQUEST), "timeout"),
        (openai.APIConnectionError(request=REQUEST), "connection_lost"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_errors_the_sdk_lets_through_are_translated_too(error: Exception, reason: str):
    failure = translate(error, BODY, 0.0)
    assert failure is not None
    assert failure.reason == reason
    assert failure.ends == "attempt"
    assert "CANARY" not in f"{failure}"


@pytest.mark.parametrize("error", [AttributeError("x"), KeyError("x"), AssertionError(), ValueError("x")])
def test_a_bug_is_not_taken_for_a_failure_of_the_server(error: Exception):
    assert translate(error, BODY, 0.0) is None


@pytest.mark.parametrize(
    ("content", "reply"),
    [
        ({"content": "{}"}, Reply("r", "{}", usage=Usage(requests=1))),
        (
            {"content": [{"type": "text", "text": '{"a"'}, {"type": "text", "text": ":1}"}]},
            Reply("r", '{"a":1}', usage=Usage(requests=1)),
        ),
        ({"content": "{}", "refusal": "no"}, Reply("r", None, "refusal", Usage(requests=1))),
        ({"content": '{"a": "\ud800"}'}, Reply("r", '{"a": "?"}', usage=Usage(requests=1))),
    ],
)
def test_messages_are_read(content: dict[str, Any], reply: Reply):
    body = {"choices": [{"finish_reason": "stop", "message": content}]}
    assert read_reply("r", json.dumps(body).encode()) == reply


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (None, Usage(requests=1)),
        ({}, Usage(requests=1)),
        ("none", Usage(requests=1)),
        ({"prompt_tokens": 10, "completion_tokens": 3}, Usage(10, 0, 3, 1)),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(10, 8, 3, 1),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": None, "prompt_tokens_details": {"cached_tokens": 80}},
            Usage(10, 10, 0, 1),
        ),
        ({"prompt_tokens": -1, "completion_tokens": 1.5, "prompt_tokens_details": None}, Usage(0, 0, 2, 1)),
        ({"prompt_tokens": True, "completion_tokens": "7"}, Usage(0, 0, 0, 1)),
    ],
)
def test_usage_is_counted_and_its_absence_is_no_error(usage: object, counted: Usage):
    reply = read_reply("r", json.dumps({"choices": [{"message": {"content": "{}"}}], "usage": usage}).encode())
    assert isinstance(reply, Reply)
    assert reply.usage == counted


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "usage", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=40) | anything.map(lambda value: json.dumps(value).encode()))
def test_no_body_crashes_the_reader(content: bytes):
    assert isinstance(read_reply("r", content), Reply | Failure)


def test_a_body_nested_too_deep_is_a_bad_reply():
    assert isinstance(read_reply("r", b"[" * 100_000), Failure)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', '{"a": 1}'),
        (' {"a": ', ' {"a": '),
        ('{"a": {"b": 1}, "c": ', '{"a": {"b": 1}, "c": '),
        ('{"a": 1}\n\nAnything else?', '{"a": 1}'),
        ('```json\n{"a": {"b": "}"}}\n```', '{"a": {"b": "}"}}'),
        ('Here {it} is: {"a": 1} and more', '{"a": 1}'),
        ('<think>maybe {"a": 0}</think>{"a": 1}', '{"a": 1}'),
        ("no object at all", "no object at all"),
        ("{" * 3, "{" * 3),
    ],
)
def test_the_object_is_found_in_what_is_around_it(text: str, found: str):
    assert json_object_in(text) == found


@pytest.mark.parametrize(
    ("base_url", "cap"),
    [
        (None, "max_completion_tokens"),
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1/", "max_completion_tokens"),
        ("https://x.openai.azure.com/openai/v1/", "max_completion_tokens"),
        ("http://127.0.0.1:8080/v1", "max_tokens"),
        ("https://notopenai.com/v1", "max_tokens"),
    ],
)
def test_the_cap_has_the_name_the_endpoint_knows(base_url: str | None, cap: str):
    body = Dialect("m", base_url).body(make_request())
    assert body[cap] == 4096
    assert len({"max_tokens", "max_completion_tokens"} & set(body)) == 1


def test_a_task_name_becomes_a_schema_name_the_server_takes():
    body = Dialect("m", None).body(make_request(task="my task/ü" * 20))
    assert body["response_format"]["json_schema"]["name"] == ("my_task__" * 20)[:64]


def test_the_schema_stands_after_the_instructions_so_that_a_repair_shares_their_prefix():
    dialect = Dialect("m", None)
    dialect.learn("json_schema")
    asked = (Message("system", "s"), Message("user", "transcript"), Message("user", "instructions"))
    first = dialect.body(make_request(messages=asked))["messages"]
    repair = dialect.body(make_request(messages=(*asked, Message("assistant", "{}"), Message("user", "repair"))))[
        "messages"
    ]
    assert first[1]["content"] == "transcript"
    assert first[2]["content"].startswith("instructions\n\n")
    assert json.loads(first[2]["content"].splitlines()[-1]) == SCHEMA
    assert repair[: len(first)] == first
    assert repair[-1]["content"] == "repair"


@pytest.mark.parametrize("kind", [aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError])
def test_where_tls_fails_the_way_out_is_named(kind: type[BaseException]):
    failure = translate(an_error_of(kind), BODY, 0.0)
    assert failure is not None
    assert "TLS failed" in failure.message
    assert "SSL_CERT_FILE" in (failure.hint or "")
