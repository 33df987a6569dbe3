"""The OpenAI engine beside a bare `AsyncOpenAI` loop with the same transport, against a server in its own process.

The ideal is calls / concurrency x latency; time is the server's, from the first request to the last answer. CPU is that
of the calling process after its first round, which pays for imports and connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from statistics import median
from typing import Any

from meetcli.engines import EngineOptions, open_engine
from meetcli.engines.openai_dialect import Dialect
from meetcli.models import Meeting, Message, Request
from tests.bench.loopback import loopback_settings
from tests.bench.measure import PROJECT, Figure

LATENCY_MS = 200
ROUNDS = 3
SHARES = {16: 0.93, 64: 0.85}
TRANSCRIPT = (
    "Ana: we agreed to send the report by Friday.\nRui: yes, and the budget stays as it is.\n" * 230
)  # about 20 kB


def request() -> Request:
    from meetcli.tasks.answer_models import ExtractAnswer

    messages = (Message("system", "You write minutes."), Message("user", TRANSCRIPT))
    return Request("0", "0", "extract", Meeting("", ()), "auto", messages, ExtractAnswer.model_json_schema(), 0.0, 4096)


async def call_with_meetcli(base_url: str, calls: int, concurrency: int, **limits: int) -> float:
    """Make the calls with the engine; return the CPU seconds of a call."""
    asked = request()

    async def requests() -> AsyncIterator[Request]:
        for number in range(calls):
            yield asked._replace(id=str(number))

    engine = open_engine("openai", EngineOptions("gpt-4o", "key", base_url, concurrency=concurrency, **limits))
    done, cpu = 0, 0.0
    async for reply in engine.complete(requests()):
        assert reply.text is not None
        done += 1
        if done == concurrency:
            cpu = time.process_time()
    return (time.process_time() - cpu) / (calls - concurrency)


async def call_bare(base_url: str, calls: int, concurrency: int) -> float:
    """Make the calls as the SDK's documentation does; return the CPU seconds of a call."""
    import openai

    body: dict[str, Any] = Dialect("gpt-4o", base_url).body(request())
    transport = openai.DefaultAioHttpClient()
    done, cpu = 0, 0.0
    async with openai.AsyncOpenAI(api_key="key", base_url=base_url, max_retries=0, http_client=transport) as client:
        numbers = iter(range(calls))

        async def work() -> None:
            nonlocal done, cpu
            for _ in numbers:
                completion = await client.chat.completions.create(**body)
                assert completion.choices[0].message.content is not None
                done += 1
                if done == concurrency:
                    cpu = time.process_time()

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return (time.process_time() - cpu) / (calls - concurrency)


async def call_with_limits(base_url: str, calls: int, concurrency: int) -> float:
    """Make the calls with the engine under limits that hold nothing up, so that only their bookkeeping is measured."""
    return await call_with_meetcli(base_url, calls, concurrency, requests_a_minute=10**6, tokens_a_minute=10**10)


CALLERS = {"meetcli": call_with_meetcli, "limited": call_with_limits, "bare": call_bare}


def take(caller: str, concurrency: int) -> tuple[float, float]:
    """Return the share of the ideal and the CPU seconds of a call, with caller and server in fresh processes."""
    calls = max(1280, 20 * concurrency)
    with loopback_settings("--latency-ms", str(LATENCY_MS), "--canned") as settings:
        base_url = settings["OPENAI_BASE_URL"]
        command = [sys.executable, "-m", "tests.bench.bench_openai", caller, base_url, str(calls), str(concurrency)]
        ran = subprocess.run(
            command, cwd=PROJECT, check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
        )
        with urllib.request.urlopen(f"{base_url}/stats") as answer:
            stats = json.load(answer)
    assert stats["requests"] == calls
    return calls / concurrency * LATENCY_MS / 1000 / stats["elapsed_s"], float(ran.stdout)


def figures() -> Iterator[Figure]:
    """Yield the share of the ideal and the CPU of a call beside the bare loop's."""
    for concurrency, target in SHARES.items():
        rounds = [
            (take("meetcli", concurrency), take("bare", concurrency), take("limited", concurrency))
            for _ in range(ROUNDS)
        ]
        share, bare_share, limited_share = (median(taken[place][0] for taken in rounds) for place in (0, 1, 2))
        yield Figure(
            f"cold, {concurrency} calls at once: share of ideal",
            share,
            target,
            is_ceiling=False,
            note=f"bare {bare_share:.2f}",
        )
        name = f"cold, {concurrency} calls at once, limits on"
        yield Figure(f"{name}: share of ideal", limited_share, target, is_ceiling=False, note=f"bare {bare_share:.2f}")
        yield Figure(
            f"{name}: CPU a call / bare AsyncOpenAI", median(limited[1] / bare[1] for _, bare, limited in rounds), 1.2
        )
        cpu = median(ours[1] / bare[1] for ours, bare, _ in rounds)
        yield Figure(f"cold, {concurrency} calls at once: CPU a call / bare AsyncOpenAI", cpu, 1.2)


def main() -> None:
    parser = argparse.ArgumentParser(description="make the calls of one measurement")
    parser.add_argument("caller", choices=sorted(CALLERS))
    parser.add_argument("base_url")
    parser.add_argument("calls", type=int)
    parser.add_argument("concurrency", type=int)
    told = parser.parse_args()
    print(asyncio.run(CALLERS[told.caller](told.base_url, told.calls, told.concurrency)))  # noqa: T201  # read by `take`


if __name__ == "__main__":
    main()
