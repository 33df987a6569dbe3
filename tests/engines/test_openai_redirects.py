"""A redirect leads nowhere but to the server that was asked: its body is a transcript."""

import asyncio

import httpx2
import pytest

from meetcli.engines.openai_client import stay_with
from meetcli.engines.openai_live import OpenAIEngine
from meetcli.engines.openai_wire import SentElsewhere
from meetcli.errors import RunStopped
from tests.engines.openai_driver import collect, make_request, options_for
from tests.loopback_server import Fault, LoopbackServer, in_order


def redirected(status: int, location: str) -> Fault:
    return Fault(status=status, headers=(("location", location),), body=b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_server_gets_nothing_and_the_run_ends_with_its_name(status: int) -> None:
    with LoopbackServer() as elsewhere, LoopbackServer() as server:
        server.faults = lambda number, body: redirected(status, f"{elsewhere.base_url}/chat/completions")
        replies, error = asyncio.run(
            collect(OpenAIEngine(options_for(server)), [make_request(number) for number in range(20)])
        )
        assert elsewhere.requests == 0
        assert not any(reply.text for reply in replies)
        assert server.requests <= 8  # those under way when the first one came back
        assert isinstance(error, RunStopped)
        assert "127.0.0.1" in error.message
        assert "--base-url" in (error.hint or "")


def test_the_same_server_may_send_a_request_to_another_path() -> None:
    with LoopbackServer() as server:
        server.faults = in_order(redirected(307, f"{server.base_url}/chat/completions"))
        [reply], error = asyncio.run(collect(OpenAIEngine(options_for(server)), [make_request()]))
        assert (error, reply.error, server.requests) == (None, None, 2)


@pytest.mark.parametrize(
    ("base_url", "url", "is_ours"),
    [
        ("https://api.test/v1", "https://api.test/v2/x", True),
        ("http://api.test/v1", "https://api.test/v1/x", True),
        ("https://api.test/v1", "https://api.test:443/v1/x", True),
        ("https://api.test/v1", "http://api.test/v1/x", False),
        ("https://api.test/v1", "https://api.test:8443/v1/x", False),
        ("https://api.test/v1", "https://other.test/v1/x", False),
        ("https://api.test/v1", "https://api.test.evil.test/v1", False),
        ("http://api.test:8080/v1", "https://api.test/v1/x", False),
    ],
)
def test_what_counts_as_the_same_server(base_url: str, url: str, is_ours: bool) -> None:
    asked = stay_with(base_url)(httpx2.Request("POST", url))
    if is_ours:
        asyncio.run(asked)
        return
    with pytest.raises(SentElsewhere):
        asyncio.run(asked)
