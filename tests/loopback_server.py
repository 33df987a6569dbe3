"""A loopback HTTP server that speaks chat.completions well, slowly or badly, in a thread or in its own process.

    with LoopbackServer(faults=in_order(status(429, retry_after="0.01"), None)) as server:
        ...  # server.base_url, server.requests, server.bodies, server.peak

Every fault is scripted: the n-th request (from 0, in order of arrival) gets the n-th fault, None being a good answer.
`python tests/loopback_server.py --latency-ms 200` runs one in its own process and prints its base URL; GET /stats below
it tells how many requests there were, at most how many at once, and the seconds from the first request to the last
answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the process form is run as a script

from tests.loopback_answers import answer_to

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted misbehavior.

    `kind`: `respond` sends `status`, `headers` and `body` (None: a completion, with `choice` where one is given);
    `drop` closes without a byte, `cut` in mid-body, `drip` sends a byte every `interval_s` for ever, `hang` nothing for
    ever.
    """

    kind: str = "respond"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    choice: Mapping[str, Any] = field(default_factory=dict)
    interval_s: float = 0.005


Script = Callable[[int, Mapping[str, Any]], Fault | None]


def status(
    code: int, *, error: Mapping[str, Any] | None = None, retry_after: str | None = None, **headers: str
) -> Fault:
    """Answer with an HTTP error; `error` is the vendor's error object, `headers` take `_` for `-`."""
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if retry_after is not None:
        sent.append(("retry-after", retry_after))
    described = {"message": f"scripted {code}", "type": "scripted", "param": None, "code": None, **(error or {})}
    return Fault(status=code, headers=tuple(sent), body=json.dumps({"error": described}).encode())


def finished(reason: str, *, content: str | None = None, refusal: str | None = None) -> Fault:
    """Answer with a completion that ended by `reason`, with this content or refusal."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    return Fault(choice={"index": 0, "finish_reason": reason, "logprobs": None, "message": message})


DROP = Fault("drop")
CUT = Fault("cut")
DRIP = Fault("drip")
HANG = Fault("hang")
GARBAGE = Fault(body=b"<html>502 but cheerful</html>")
NO_CHOICES = Fault(body=b'{"id": "x", "object": "chat.completion", "choices": []}')
REFUSAL = finished("stop", refusal="I cannot help with that.")
FILTERED = finished("content_filter")
TRUNCATED = finished("length", content='{"summary": "cut in mid-sent')
EMPTY = finished("stop", content="")
RATE_LIMITED = status(429, error={"code": "rate_limit_exceeded"}, retry_after="0.01")
QUOTA = status(429, error={"code": "insufficient_quota", "type": "insufficient_quota"})
BAD_KEY = status(401, error={"code": "invalid_api_key", "message": "Incorrect API key provided: sk-scripted."})
UNKNOWN_MODEL = status(404, error={"code": "model_not_found"})
PROMPT = (RATE_LIMITED, status(500), status(503, retry_after="0.01"), DROP, CUT, GARBAGE)
"""One of each passing trouble that shows at once: 429, 500, 503, drop, cut, garbage. No deadline of the client's need
be near.
"""
MIXED = (*PROMPT, DRIP)
"""The same, and an answer that never ends, which only the client's deadline does."""


def in_order(*faults: Fault | None) -> Script:
    """Give the n-th request the n-th fault; those after the last are answered well."""
    return lambda number, _: faults[number] if number < len(faults) else None


def always(fault: Fault) -> Script:
    """Give every request the same fault."""
    return lambda _number, _body: fault


def at_random(share: float, faults: Sequence[Fault] = MIXED, *, seed: int = 1) -> Script:
    """Give this share of requests one of the faults, the same ones for the same seed."""

    def script(number: int, _: Mapping[str, Any]) -> Fault | None:
        chance = random.Random(f"{seed}/{number}")
        return chance.choice(faults) if chance.random() < share else None

    return script


@dataclass(slots=True)
class LoopbackServer:
    """One server on 127.0.0.1; a context manager that runs it in a thread.

    `answer` turns a request body into the model's text. `count_tokens` turns a text into tokens; about four characters
    each unless told. `is_recording` keeps every body in `bodies`; `is_canned` reads no body at all and answers every
    request with the first one's answer, which is what a benchmark wants. `bill` is (input tokens, output tokens) of all
    that the model did, delivered or not. `routes` may answer other paths: (method, path, headers, body) to (status,
    body).
    """

    faults: Script = field(default=lambda _number, _body: None)
    latency_s: float = 0.0
    answer: Callable[[Mapping[str, Any]], str] = answer_to
    count_tokens: Callable[[str], int] = field(default=lambda text: max(1, len(text) // 4))
    tier: Callable[[Mapping[str, Any]], str] = field(default=lambda body: body.get("service_tier", "default"))
    is_recording: bool = True
    is_canned: bool = False
    port: int = 0
    requests: int = 0
    peak: int = 0
    underway: int = 0
    first_at: float | None = None
    last_at: float = 0.0
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    canned: bytes = b""
    bill: list[tuple[int, int]] = field(default_factory=list)
    routes: Callable[[str, str, Mapping[str, str], bytes], tuple[int, bytes] | None] = field(default=lambda *_: None)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _connections: set[asyncio.Transport] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def keys(self) -> list[str]:
        """The key of each recorded request."""
        return [headers.get("authorization", "").removeprefix("Bearer ") for headers in self.headers]

    async def listen(self) -> asyncio.Server:
        """Start accepting on the running loop; returns the listening server, `port` is set."""
        server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    def __enter__(self) -> LoopbackServer:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        server = await self.listen()
        ready.set()
        await self._stopped.wait()
        server.close()
        for transport in list(self._connections):
            transport.abort()
        await asyncio.sleep(0)

    def completion(self, body: Mapping[str, Any], fault: Fault) -> bytes:
        """Return the body of a completion, changed as `fault` says."""
        text = self.answer(body)
        message = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = fault.choice or {"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}
        input_tokens = sum(self.count_tokens(item["content"]) for item in body.get("messages", ()))
        output_tokens = self.count_tokens(choice["message"]["content"] or "")
        self.bill.append((input_tokens, output_tokens))
        usage = {
            "prompt_tokens": input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }
        reply = {
            "id": f"chatcmpl-{self.requests}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": body.get("model"),
            "choices": [choice],
            "usage": usage,
            "service_tier": self.tier(body),
            "system_fingerprint": "fp_loopback",
        }
        return json.dumps(reply).encode()


class _Connection(asyncio.Protocol):
    """One keep-alive connection; parses just enough HTTP to be cheap."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            size = end + 4 + int(headers.get("content-length", 0))
            if len(self._received) < size:
                return
            body = bytes(self._received[end + 4 : size])
            del self._received[:size]
            self._route(*head[0].split(" ")[:2], headers, body)

    def _route(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        server = self._server
        if (routed := server.routes(method, path, headers, body)) is not None:
            self._send(*routed)
        elif method == "POST" and path.endswith("/chat/completions"):
            number = server.requests
            server.first_at = server.first_at or time.monotonic()
            server.requests += 1
            server.underway += 1
            server.peak = max(server.peak, server.underway)
            asyncio.get_running_loop().call_later(server.latency_s, self._complete, number, headers, body)
        elif path.endswith("/models"):
            self._send(
                200,
                b'{"object": "list", "data": [{"id": "gpt-4o", "object": "model", "created": 0, "owned_by": "loopback"}]}',
            )
        elif path.endswith("/stats"):
            elapsed_s = server.last_at - (server.first_at or server.last_at)
            self._send(
                200, json.dumps({"requests": server.requests, "peak": server.peak, "elapsed_s": elapsed_s}).encode()
            )
        else:
            self._send(404, b'{"error": {"message": "no such path", "type": "invalid_request_error"}}')

    def _complete(self, number: int, headers: Mapping[str, str], raw: bytes) -> None:
        server = self._server
        server.underway -= 1
        server.last_at = time.monotonic()
        if server.is_canned and server.canned:
            self._send(200, server.canned)
            return
        body = json.loads(raw)
        if server.is_recording:
            server.bodies.append(body)
            server.headers.append(headers)
        fault = server.faults(number, body) or Fault()
        if fault.kind != "respond" or (fault.status == 200 and fault.body is not None):
            server.completion(body, fault)  # what is lost on the way is billed all the same
        if fault.kind == "drop":
            self._transport.abort()
        elif fault.kind == "cut":
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n" + b'{"id": "chat'
            )
            self._transport.close()
        elif fault.kind == "drip":
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999999\r\n\r\n"
            )
            self._drip(fault.interval_s)
        elif fault.kind == "respond":
            sent = server.completion(body, fault) if fault.body is None else fault.body
            server.canned = sent
            self._send(fault.status, sent, fault.headers)

    def _drip(self, interval_s: float) -> None:
        if not self._transport.is_closing():
            self._transport.write(b" ")
            asyncio.get_running_loop().call_later(interval_s, self._drip, interval_s)

    def _send(self, code: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> None:
        lines = [
            f"HTTP/1.1 {code} {REASONS.get(code, 'Scripted')}",
            "content-type: application/json",
            f"content-length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers]
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)


async def _run_process(options: argparse.Namespace) -> None:
    faults = at_random(options.fail_share, seed=options.seed)
    server = LoopbackServer(
        faults=faults,
        latency_s=options.latency_ms / 1000,
        is_recording=False,
        is_canned=options.canned,
        port=options.port,
    )
    listening = await server.listen()
    sys.stdout.write(server.base_url + "\n")
    sys.stdout.flush()
    async with listening:
        await listening.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a loopback server that speaks chat.completions")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--fail-share", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--canned", action="store_true")
    asyncio.run(_run_process(parser.parse_args()))
