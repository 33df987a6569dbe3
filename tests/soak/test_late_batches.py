"""A batch whose files come late, under other words for its states: made once, collected whole, billed as the server
does.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_batches import Batches
from tests.loopback_server import LoopbackServer

MEETINGS, NIGHTS = 30, 16
WORDS = (
    {"in_progress": "IN_PROGRESS", "completed": "COMPLETED"},
    {"in_progress": "RUNNING", "completed": "SUCCEEDED"},
    {"in_progress": "Queued", "completed": "Done"},
    {"in_progress": "processing", "completed": "success"},
    {"in_progress": "JOB_STATE_PENDING", "completed": "JOB_STATE_SUCCEEDED"},
)
LATE = ("running", "no file named", "no such file", "no such batch", "no such file", "no file named")
"""What a look finds, in an order that differs from server to server, before the batch is as it should be."""


class LateBatches(Batches):
    """Every batch is at work as long as `late` has anything; each look of a client takes one of them."""

    def __init__(self, server: LoopbackServer, words: Mapping[str, str], late: list[str]) -> None:
        super().__init__(server)
        self._words = words
        self._late = late
        self._now = ""
        self.created = 0

    def look(self) -> None:
        """Begin another night: what is late is another thing now."""
        self._now = self._late.pop(0) if self._late else ""
        if self._now != "running":
            self.finish()

    def _create(self, asked: Mapping[str, Any]) -> tuple[int, Any]:
        self.created += 1
        status, batch = super()._create(asked)
        return status, self._shown(batch)

    def _list(self) -> tuple[int, Any]:
        status, listed = super()._list()
        return status, {**listed, "data": [self._shown(batch) for batch in listed["data"]]}

    def _retrieve(self, name: str) -> tuple[int, Any]:
        if self._now == "no such batch":
            return 404, {"error": {"message": f"no batch {name} here"}}
        status, batch = super()._retrieve(name)
        return status, self._shown(batch) if status == 200 else batch

    def _download(self, name: str) -> tuple[int, Any]:
        if self._now == "no such file":
            return 404, {"error": {"message": f"no file {name} here"}}
        return super()._download(name)

    def _shown(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        status = "in_progress" if self._now == "running" else batch["status"]
        shown = {**batch, "status": self._words.get(status, status)}
        return {**shown, "output_file_id": None} if self._now == "no file named" else shown


@pytest.mark.soak
@pytest.mark.parametrize("words", WORDS, ids=lambda words: words["completed"])
def test_late_batch_is_made_once_and_collected_whole(tmp_path: Path, words: Mapping[str, str]) -> None:
    late = list(LATE)
    random.Random(words["completed"]).shuffle(late)
    with LoopbackServer() as server:
        batches = LateBatches(server, words, late)
        meetcli = Command(tmp_path, server.base_url)
        meetcli.put("prices.toml", "[gpt-4o]\ninput = 2.5\noutput = 10\nbatch = 0.5\n")
        for number in range(MEETINGS):
            said = f"Ana: This is talk {number}.\nRui: I will send it."
            meetcli.put(f"in/{number}.json", explicit(said, meeting_id=f"M-{number}"))
        nights = []
        for _ in range(NIGHTS):
            nights.append(meetcli("extract", "in", "--lane", "batch", "--prices", "prices.toml", "--summary", "json"))
            batches.look()

    summaries = [night.summary for night in nights]
    assert batches.created == 1, [night.stderr for night in nights]
    assert len(batches.asked) == MEETINGS
    assert server.requests == 0
    assert len(meetcli.results()) == MEETINGS
    assert summaries[-1]["counts"]["hit"] == MEETINGS, [night.stderr for night in nights]
    theirs = sum((read * Decimal("2.5") + written * 10 for read, written in server.bill), Decimal(0)) / 2_000_000
    assert sum(Decimal(one["cost_usd"]) for one in summaries) == theirs
    bought = [one["counts"]["miss"] for one in summaries]
    assert bought.index(MEETINGS) == len(LATE) + 1, "each late look left the batch for another night"
    assert sum(bought) == MEETINGS
    assert {night.exit_code for night in nights} == {0}
