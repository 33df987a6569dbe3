"""What one more known meeting of 20 kB costs a run, beside the least any tool must do for it.

The floor: list the folder, read the file, parse it with orjson, hash it with SHA-256, one sqlite read, one stat of its
result. Both are slopes between two sizes of the same corpus, so neither's start-up counts.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import orjson

from tests.bench.corpus import write_corpus
from tests.bench.loopback import loopback_settings
from tests.bench.measure import MEETCLI, Figure, ratio, run_command, seconds, take_turns

SMALL, LARGE = 200, 2_000
ROUNDS = 5


def floor_of(corpus: Path, results: Path, cache: sqlite3.Connection) -> Callable[[], None]:
    """Return a function that does the least for every meeting of `corpus`."""

    def run() -> None:
        with os.scandir(corpus) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            raw = (corpus / name).read_bytes()
            orjson.loads(raw)
            key = hashlib.sha256(raw).hexdigest()
            cache.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
            (results / f"{name.removesuffix('.json')}.extract.json").stat()

    return run


def fill_floor_cache(path: Path, corpora: list[Path], value: str) -> sqlite3.Connection:
    """Make a sqlite table that holds one value of a real answer's size for every meeting."""
    cache = sqlite3.connect(path)
    cache.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, value TEXT)")
    files = (file for corpus in corpora for file in corpus.iterdir())
    cache.executemany(
        "INSERT OR IGNORE INTO answers VALUES (?, ?)",
        ((hashlib.sha256(file.read_bytes()).hexdigest(), value) for file in files),
    )
    cache.commit()
    return cache


def figures() -> Iterator[Figure]:
    """Yield the warm slope."""
    with tempfile.TemporaryDirectory() as name, loopback_settings("--canned") as settings:
        folder = Path(name)
        subjects: dict[str, Callable[[], float]] = {}
        corpora = {count: write_corpus(folder / f"corpus-{count}", count) for count in (SMALL, LARGE)}
        for count, corpus in corpora.items():
            command = (
                *MEETCLI,
                "extract",
                str(corpus),
                "--cache-dir",
                str(folder / "cache"),
                "-o",
                str(folder / f"results-{count}"),
            )
            command = (*command, "--ttl", "none", "--summary", "json", "-j", "32")
            run_command(command, settings=settings, folder=folder)
            subjects[f"run-{count}"] = lambda command=command: seconds(
                lambda: run_command(command, settings=settings, folder=folder)
            )
        some_result = next((folder / f"results-{SMALL}").rglob("*.json"))
        cache = fill_floor_cache(
            folder / "floor.sqlite", list(corpora.values()), some_result.read_text(encoding="utf-8")
        )
        for count, corpus in corpora.items():
            floor = floor_of(corpus, folder / f"results-{count}", cache)
            subjects[f"floor-{count}"] = lambda floor=floor: seconds(floor)
        rounds = take_turns(subjects, rounds=ROUNDS)
        cache.close()
    slopes = {
        which: [
            (large - small) / (LARGE - SMALL)
            for small, large in zip(rounds[f"{which}-{SMALL}"], rounds[f"{which}-{LARGE}"], strict=True)
        ]
        for which in ("run", "floor")
    }
    note = f"{median(slopes['run']) * 1e3:.3f} ms a file, floor {median(slopes['floor']) * 1e3:.3f} ms"
    yield Figure("warm: one more known 20 kB file / parse floor", ratio(slopes, "run", "floor"), 1, note=note)
