"""The one free call: what servers answer when asked for a model, and what is said about it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from meetcli.engines import EngineOptions, ask_for_model
from meetcli.errors import CallError, UsageError

Answers = dict[str, tuple[int, str]]
KEY = "sk-canary-7351"
ONE = json.dumps({"id": "gpt-4o", "object": "model", "created": 0, "owned_by": "x"})


def listed(*names: str) -> str:
    return json.dumps(
        {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in names]}
    )


def refusal(code: str | None = None) -> str:
    return json.dumps({"error": {"message": f"no, {KEY}", "type": "invalid_request_error", "code": code}})


@pytest.fixture
def ask() -> Iterator[Callable[..., CallError | None]]:
    """Ask a server that gives these answers by path, and 404 for any other."""
    answers: Answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            status, body = answers.get(self.path, (404, "nothing here"))
            self.send_response(status)
            self.send_header("content-type", "application/json" if body.startswith(("{", "[")) else "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def asked(**given: tuple[int, str]) -> CallError | None:
        answers.update(
            {"/v1/models/gpt-4o" if name == "one" else "/v1/models": answer for name, answer in given.items()}
        )
        return ask_for_model(
            EngineOptions(model="gpt-4o", api_key=KEY, base_url=f"http://127.0.0.1:{server.server_port}/v1")
        )

    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_that_is_there_is_no_trouble(ask: Callable[..., CallError | None]) -> None:
    assert ask(one=(200, ONE)) is None


def test_a_server_that_only_lists_its_models_is_believed(ask: Callable[..., CallError | None]) -> None:
    assert ask(all=(200, listed("other", "gpt-4o"))) is None


@pytest.mark.parametrize(
    ("answers", "reason", "hint"),
    [
        ({"one": (401, refusal("invalid_api_key"))}, "key_refused", "check OPENAI_API_KEY"),
        ({"one": (403, refusal())}, "forbidden", "check the key's permissions, model and region"),
        (
            {"one": (404, refusal("model_not_found")), "all": (200, listed("b", "a"))},
            "unknown_model",
            "choose with --model: a, b",
        ),
        ({"one": (429, refusal("insufficient_quota"))}, "insufficient_quota", "check plan and billing of the account"),
        ({"one": (503, refusal())}, "server_error", None),
        ({"one": (200, "<html>hello</html>")}, "bad_reply", "check --base-url (it often ends in /v1)"),
        ({"one": (200, "{cut")}, "bad_reply", None),
        ({"all": (200, "<html>hello</html>")}, "not_found", "check --model and --base-url (it often ends in /v1)"),
        ({}, "not_found", "check --model and --base-url (it often ends in /v1)"),
    ],
)
def test_what_stands_in_the_way_is_named_with_what_to_do(
    ask: Callable[..., CallError | None], answers: Answers, reason: str, hint: str | None
) -> None:
    error = ask(**answers)
    assert error is not None
    assert (error.reason, error.hint) == (reason, hint)
    assert KEY not in f"{error.message} {error.hint}"


def test_a_server_that_is_not_there_is_unreachable() -> None:
    error = ask_for_model(EngineOptions(model="m", api_key=KEY, base_url="http://127.0.0.1:9/v1"))
    assert error is not None
    assert error.reason == "unreachable"


def test_a_key_that_nobody_could_send_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="characters that no key has"):
        ask_for_model(EngineOptions(model="m", api_key="sk-\n1", base_url="http://127.0.0.1:9/v1"))
