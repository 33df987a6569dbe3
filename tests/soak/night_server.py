"""All dialects in one process, told apart by the model that is asked for.

`python -m tests.soak.night_server` prints its base URL; GET /v1/night tells, by model, how many calls there were,
which meetings were answered, and what was billed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.conftest import PROJECT
from tests.loopback_answers import answer_to
from tests.loopback_server import Fault, LoopbackServer, status
from tests.soak.dialects import DIALECTS, Dialect

NAME = re.compile(r"\[(M-\d+)\]")


@dataclass
class Kept:
    """What one server of the night did. `answered` are meetings with a whole answer that was sent; `billed` is what
    each piece of work cost: input, cached and output tokens, sent or lost.
    """

    calls: int = 0
    taken: int = 0
    answered: list[str] = field(default_factory=list)
    billed: list[tuple[int, int, int]] = field(default_factory=list)


class Night:
    """Answers every request as the dialect of its model does."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = defaultdict(Kept)
        self._dialects = {dialect.name: dialect for dialect in DIALECTS}

    def route(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes] | None:
        if not path.endswith("/night"):
            return None
        return 200, json.dumps({name: asdict(kept) for name, kept in self.kept.items()}).encode()

    def answer(self, number: int, body: Mapping[str, Any]) -> Fault:
        dialect = self._dialects[body["model"]]
        kept = self.kept[dialect.name]
        kept.calls += 1
        for part in dialect.refuses:
            if stands_in(part, body):
                code, said = dialect.words(PARTS.get(part, part))
                return Fault(status=code, body=(said if isinstance(said, str) else json.dumps(said)).encode())
        cap = body.get("max_tokens") or body.get("max_completion_tokens") or 0
        if dialect.most is not None and cap > dialect.most:
            return status(400, error={"message": f"max_tokens: {cap} is above the limit of {dialect.most}"})
        text = "\n".join(one["content"] for one in body["messages"])
        if dialect.flags is not None and "FLAGGED" in text:
            if dialect.flags.status == 200 and b"usage" in (dialect.flags.body or b""):
                kept.billed.append((500, 0, 1))
            return dialect.flags
        kept.taken += 1
        return self._work(dialect, kept, body, text)

    def _work(self, dialect: Dialect, kept: Kept, body: Mapping[str, Any], text: str) -> Fault:
        wrong = dialect.goes_wrong.get(kept.taken)
        if wrong is not None and wrong.status >= 400:
            return wrong
        said = answer_to(body)
        read, written = len(text) // 4, len(said) // 4
        if wrong is None or wrong.kind != "respond":
            kept.billed.append(dialect.billed(read, written))
        if wrong is not None:
            return wrong
        found = NAME.search(text)
        assert found is not None
        kept.answered.append(found[1])
        return dialect.answer(said, read, written)


PARTS = {"schema": "response_format", "json": "response_format", "turns": "messages", "whole": "stream"}


def stands_in(part: str, body: Mapping[str, Any]) -> bool:
    """Return whether a request has a part that is refused."""
    form, roles = (body.get("response_format") or {}).get("type"), [one["role"] for one in body["messages"]]
    found = {
        "schema": form == "json_schema",
        "json": form == "json_object",
        "system": "system" in roles,
        "turns": any(one == other for one, other in itertools.pairwise(roles)),
        "whole": not body.get("stream"),
    }
    return found.get(part, part in body)


@contextmanager
def night_server() -> Iterator[str]:
    """Run one; yield its base URL."""
    command = [sys.executable, "-m", "tests.soak.night_server"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def _run() -> None:
    night = Night()
    server = LoopbackServer(
        faults=night.answer, routes=night.route, answer=lambda body: "{}", latency_s=0.05, is_recording=False
    )
    listening = await server.listen()
    print(server.base_url, flush=True)  # noqa: T201  # whoever started it reads this
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run())
