"""What an older meetcli left behind is used: its answers are hits, its open batch is collected, nothing is bought again.

`tests/data/from-c449d18.tar.xz` was written by commit c449d18 against the loopback server on the port below: `in` with
meetings with and without ids, a sidecar and a meeting longer than the window of 8,000 tokens, `refused` with one that
the model refused, `waiting` with two whose batch was open, the cache, the results, and what the server knew of the batch.
"""

import json
import sqlite3
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.loopback_batches import Batches
from tests.loopback_server import LoopbackServer

PORT = 18431
"""The endpoint is a part of every fingerprint, its port included."""

LEFT_BEHIND = Path(__file__).parents[1] / "data" / "from-c449d18.tar.xz"
OPTIONS = ("--prices", "openai", "--ttl", "none", "--cache-dir", "cache", "--key-fallback", "content")


@pytest.fixture
def older(tmp_path: Path) -> Command:
    """The command in a folder where c449d18 has worked."""
    with tarfile.open(LEFT_BEHIND) as archive:
        archive.extractall(tmp_path, filter="data")
    return Command(tmp_path, f"http://127.0.0.1:{PORT}/v1")


@pytest.mark.parametrize("task", ["extract", "analyze", "task.toml"])
def test_every_answer_is_a_hit(older: Command, task: str) -> None:
    before = older.results()
    done = older("run", task, "in", *OPTIONS, "--context-tokens", "8000", "--summary", "json", "--retries", "0")
    assert done.exit_code == 0, done.stderr
    counts = done.summary["counts"]
    assert (counts["hit"], counts["skipped"], counts["total"]) == (7, 1, 8)
    assert (done.summary["requests"], done.summary["cost_usd"]) == (0, "0")
    assert older.results().keys() == before.keys()


def test_a_failure_that_was_paid_for_is_remembered(older: Command) -> None:
    done = older("extract", "refused", *OPTIONS, "--summary", "json", "--retries", "0")
    [file] = done.summary["files"]
    assert (done.exit_code, file["status"], file["reason"], done.summary["requests"]) == (
        1,
        "failed",
        "known_failure",
        0,
    )


def test_its_open_batch_is_collected(older: Command) -> None:
    today = datetime.now(UTC).isoformat()
    with sqlite3.connect(older.folder / "cache" / "cache.db") as rows:
        changed = 0
        for key, value in rows.execute("SELECT key, value FROM Cache WHERE key LIKE 'batch:%'").fetchall():
            head, _, rest = value.partition("\n")
            row = json.loads(head) | {"created_at": today}  # a batch is looked for no longer than the server keeps it
            changed += rows.execute(
                "UPDATE Cache SET value = ? WHERE key = ?", (f"{json.dumps(row)}\n{rest}", key)
            ).rowcount
    rows.close()
    assert changed == 1
    with _server() as server:
        batches = Batches(server)
        known = json.loads((older.folder / "server.json").read_text())
        batches.files = {name: text.encode() for name, text in known["files"].items()}
        batches.batches = known["batches"]
        for batch in batches.batches.values():
            batch["created_at"] = int(time.time())
        batches.finish()
        done = older("extract", "waiting", *OPTIONS, "--lane", "batch", "--summary", "json")
        assert done.exit_code == 0, done.stderr
        assert (done.summary["counts"]["miss"], server.requests, len(batches.batches)) == (2, 0, 1)
    assert older("extract", "waiting", *OPTIONS, "--summary", "json").summary["counts"]["hit"] == 2


def _server() -> LoopbackServer:
    """The server that the batch was given to, or a skip where another process has its port."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            pytest.skip(f"port {PORT} is taken")
    return LoopbackServer(port=PORT)
