from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_batches import Batches
from tests.loopback_server import LoopbackServer


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A server that answers well until a test gives it faults."""
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def meetcli(tmp_path: Path, server: LoopbackServer) -> Command:
    """The command in an empty working folder, against that server."""
    return Command(tmp_path, server.base_url)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait a hundredth of what they wait for real."""
    monkeypatch.setattr("meetcli.engines.openai_live.FIRST_BACKOFF_S", 0.005)
    monkeypatch.setattr("meetcli.engines.openai_gate.FIRST_BACKOFF_S", 0.005)
    monkeypatch.setattr("meetcli.engines.openai_gate.LONGEST_PAUSE_S", 0.45)


@pytest.fixture
def batches(server: LoopbackServer) -> Batches:
    """The Files and Batches of that server."""
    return Batches(server)


@pytest.fixture
def four_meetings(tmp_path: Path) -> Path:
    """A folder of four short meetings."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.json").write_text(json.dumps(explicit(meeting_id=f"M-{number}")))
    return folder
