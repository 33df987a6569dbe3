"""A cache that is poisoned, cut, read-only or full costs a loud warning and perhaps a call, never a paid result or a
wrong one.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import sqlite3
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import LoopbackServer

UNUSABLE = "an answer in the cache is damaged or of a newer version: it counts as absent"


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    for number in range(3):
        meetcli.put(f"in/{number}.json", explicit(f"Ana: Talk {number}.\nRui: Yes.", meeting_id=f"M-{number}"))
    meetcli("extract", "in", "-q")
    return meetcli


@pytest.fixture
def database(meetcli: Command) -> Path:
    return Path(meetcli("cache", "path").stdout.rstrip("\n")) / "cache.db"


def execute(database: Path, statement: str, *arguments: object) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(statement, arguments)
    connection.close()


def test_cut_database_is_set_aside_with_a_warning(meetcli: Command, database: Path, server: LoopbackServer) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    with database.open("r+b") as file:
        file.truncate(5000)
    before = meetcli.results()
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, server.requests) == (0, 6)
    assert "moved to" in done.stderr
    assert len(meetcli.results()) == len(before) == 3
    assert meetcli("extract", "in", "--summary", "json").summary["counts"]["hit"] == 3


def test_garbage_in_place_of_the_database_is_set_aside(meetcli: Command, database: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    database.write_bytes(b"SQLite format 3\0" + os.urandom(8000))
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, done.summary["counts"]["miss"]) == (0, 3)
    assert "moved to" in done.stderr


@pytest.mark.parametrize(
    "value", ["", "[]", "{}\n{}\n{}", "\x00" * 50, '{"format": 1, "name": "answer:x", "rendering": "1"}']
)
def test_poisoned_rows_are_misses_and_are_replaced(
    meetcli: Command, database: Path, server: LoopbackServer, value: str
) -> None:
    before = meetcli.results()
    execute(database, "UPDATE Cache SET value = ?", value)
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, server.requests) == (0, 6)
    assert done.stderr == f"warning: [CACHE ERROR] error={UNUSABLE} | backend=disk\n", (
        "said once, however many there are"
    )
    assert json.loads(meetcli("cache", "stats", "--json").stdout)["lifetime"]["cache_errors"] == 3
    assert meetcli("extract", "in", "--summary", "json").summary["counts"]["hit"] == 3
    assert meetcli.results().keys() == before.keys()


def test_planted_pickles_are_never_loaded(meetcli: Command, database: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(meetcli.folder / "exploded"),)

    execute(database, "UPDATE Cache SET mode = 4, value = ?", pickle.dumps(Bomb()))
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, done.summary["counts"]["miss"]) == (0, 3)
    assert not (meetcli.folder / "exploded").exists()


def test_one_changed_letter_in_an_answer_is_not_believed(meetcli: Command, database: Path) -> None:
    execute(database, "UPDATE Cache SET value = replace(value, 'summary', 'sunmary') WHERE key LIKE 'answer:%'")
    # Nothing was paid for in vain while the result itself is in place and whole; the answer is read for what has to be
    # written.
    assert meetcli("extract", "in", "--summary", "json").summary["counts"]["hit"] == 3
    assert meetcli("extract", "in", "-o", "anew", "--summary", "json").summary["counts"]["miss"] == 3


def test_cache_that_cannot_be_written_is_one_loud_warning_and_the_results_are_there(
    meetcli: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("meetcli.cache.disk_store.DiskStore.set", full)
    done = meetcli("extract", "in", "--refresh", "-o", "anew", "--summary", "json")
    assert (done.exit_code, server.requests, len(meetcli.results("anew"))) == (0, 6, 3)
    assert done.stderr.count("[CACHE ERROR]") == 1
    assert "database or disk is full" in done.stderr


def test_cache_that_cannot_be_opened_is_one_loud_warning_and_the_results_are_there(
    meetcli: Command, server: LoopbackServer
) -> None:
    done = meetcli("extract", "in", "--cache-dir", "/proc/meetcli", "-o", "anew", "--summary", "json")
    assert (done.exit_code, server.requests, len(meetcli.results("anew"))) == (0, 6, 3)
    assert done.stderr.startswith("warning: [CACHE ERROR] ")
    assert (done.summary["backend"], done.summary["counts"]["bypassed"]) == ("none", 3)


def test_read_only_cache_still_hits_and_says_that_it_keeps_nothing(
    meetcli: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetcli.put("in/new.json", explicit(meeting_id="M-new"))

    def read_only(*_: object) -> None:  # root writes through any mode
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("meetcli.cache.disk_store.DiskStore.__init__", read_only)
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, done.summary["counts"]["hit"], done.summary["counts"]["miss"]) == (0, 3, 1)
    assert "Read-only file system" in done.stderr
    assert "new.extract.json" in meetcli.results()
