"""Limits in real time: the command against a server that enforces 120 requests a minute, and tokens, in minutes of a
few seconds.

`tests/engines/test_openai_limits.py` holds the same on a clock that only waiting moves; here a busy machine may be too
slow to use what it is allowed.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.measure import MEETCLI, Figure, run_command
from tests.corridor import explicit
from tests.loopback_answers import answer_to
from tests.loopback_limits import Limits
from tests.loopback_server import LoopbackServer

MINUTE_S = 4.0
MINUTES_IN_ONE = round(60 / MINUTE_S)
REQUESTS, TOKENS = 120, 150_000
SPOKEN = "Ana: We will send the plan on Friday, as agreed.\nRui: Thank you, I will read it.\n"


def sent_tokens(body: Mapping[str, Any]) -> int:
    """Return about how many tokens a request sends."""
    return sum(len(message["content"]) for message in body["messages"]) // 4


def used_tokens(body: Mapping[str, Any]) -> int:
    """Weigh a request by what it really uses, as some servers do."""
    return sent_tokens(body) + len(answer_to(body)) // 4


def most_tokens(body: Mapping[str, Any]) -> int:
    """Weigh a request by the most it may use, as other servers do."""
    return sent_tokens(body) + int(body["max_tokens"])


def run_against(limits: Limits, calls: int, *flags: str) -> None:
    """Buy so many meetings from a server with these limits; every one must be bought."""
    with (
        tempfile.TemporaryDirectory() as name,
        LoopbackServer(faults=limits, latency_s=0.02, is_recording=False) as server,
    ):
        inputs = Path(name) / "in"
        inputs.mkdir()
        for number in range(calls):
            meeting = explicit(SPOKEN * (90 if number % 3 == 0 else 30), meeting_id=f"M-{number}")
            (inputs / f"{number}.json").write_text(json.dumps(meeting), encoding="utf-8")
        command = (*MEETCLI, "extract", "in", "--cache-dir", "cache", "--summary", "none", *flags)
        run_command(
            command, settings={"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "loopback"}, folder=Path(name)
        )
    assert len(limits.accepted) == calls


def figures() -> Iterator[Figure]:
    """Yield which share of each allowance is used after the first minute, beside the share of 429s."""
    per_minute = {"clock": time.monotonic, "minute_s": MINUTE_S}
    few, many = {"requests": REQUESTS}, {"requests": 10**6, "tokens": TOKENS}
    rpm, tpm = ("--rpm", str(REQUESTS * MINUTES_IN_ONE)), ("--tpm", str(TOKENS * MINUTES_IN_ONE))
    runs = [
        *(
            (f"requests learned, {kind}", Limits(kind=kind, **few, **per_minute), 420, ())
            for kind in ("refill", "window", "log")
        ),
        *(
            (f"requests given, {kind}", Limits(kind=kind, **few, **per_minute, tells=False), 420, rpm)
            for kind in ("refill", "window")
        ),
        *(
            (f"tokens learned, {kind}", Limits(kind=kind, **many, **per_minute, weigh=used_tokens), 420, ())
            for kind in ("refill", "window")
        ),
        *(
            (f"token caps learned, {kind}", Limits(kind=kind, **many, **per_minute, weigh=most_tokens), 160, ())
            for kind in ("refill", "window")
        ),
        ("tokens given, window", Limits(kind="window", **many, **per_minute, weigh=used_tokens, tells=False), 420, tpm),
    ]
    for name, limits, calls, flags in runs:
        run_against(limits, calls, *flags)
        of = "tokens" if limits.tokens == TOKENS else "requests"
        refused = limits.refused_share()
        yield Figure(f"limits: {name}, share used", limits.share(of=of), 0.9, is_ceiling=False)
        yield Figure(f"limits: {name}, share refused", refused, 0.02)
