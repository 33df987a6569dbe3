"""Damage that only a real file system shows, and what another version or another program left in the cache's place."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import LoopbackServer


@pytest.fixture
def meetings(meetcli: Command) -> Command:
    for number in range(8):
        meetcli.put(f"in/{number}.json", explicit("Ana: We talk. " * 300 + "\nRui: Yes.", meeting_id=f"M-{number}"))
    return meetcli


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for the database and little else."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=320k,mode=0700", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a file system is for root outside of containers")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_loses_no_result_and_says_what_is_not_kept(
    meetings: Command, server: LoopbackServer, small_disk: Path
) -> None:
    done = meetings("extract", "in", "--cache-dir", small_disk / "cache", "-j", "1", "--summary", "json")

    assert (done.exit_code, server.requests, len(meetings.results())) == (0, 8, 8)
    assert "full" in done.stderr
    again = meetings("extract", "in", "--cache-dir", small_disk / "cache", "--summary", "json")
    kept = again.summary["counts"]["hit"]
    assert (again.exit_code, server.requests) == (0, 16 - kept)
    assert 0 < kept < 8
    assert meetings.results().keys() == {f"{number}.extract.json" for number in range(8)}


def test_a_medium_without_writing_still_gives_its_answers(
    meetings: Command, server: LoopbackServer, small_disk: Path
) -> None:
    meetings("extract", "in/0.json", "--cache-dir", small_disk / "cache")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    done = meetings("extract", "in/0.json", "in/1.json", "--cache-dir", small_disk / "cache", "--summary", "json")
    assert done.exit_code == 0
    assert done.statuses == {"in/0.json": "hit", "in/1.json": "miss"}
    assert server.requests == 2
    assert done.stderr.count("[CACHE ERROR]") == 1
    assert meetings("cache", "list", "--cache-dir", small_disk / "cache").exit_code == 0


def test_a_required_cache_on_a_full_disk_ends_the_run_with_what_was_paid_for(
    meetings: Command, server: LoopbackServer, small_disk: Path
) -> None:
    done = meetings(
        "extract", "in", "--cache-dir", small_disk / "cache", "-j", "1", "--cache-required", "--summary", "json"
    )

    assert done.exit_code == 3
    assert server.requests == len(meetings.results()) < 8
    assert done.summary["counts"]["not_attempted"] == 8 - server.requests


def test_entries_of_a_newer_version_are_misses_and_counted_as_unreadable(
    meetings: Command, server: LoopbackServer
) -> None:
    meetings("extract", "in")
    with closing(sqlite3.connect(Path(meetings("cache", "path").stdout.strip()) / "cache.db")) as database, database:
        database.execute(
            "UPDATE Cache SET value = '[2' || substr(value, 3), tag = '[2' || substr(tag, 3) WHERE key LIKE 'answer:%'"
        )
        database.execute(
            "UPDATE Cache SET value = replace(value, '\"format\":1', '\"format\":2') WHERE key NOT LIKE 'answer:%'"
        )
        database.execute("UPDATE Cache SET value = replace(value, '[1,', '[2,') WHERE key LIKE 'index:%'")

    assert json.loads(meetings("cache", "stats", "--json").stdout)["unreadable"] == 8
    assert json.loads(meetings("cache", "list", "--json").stdout) == []
    removed = meetings("cache", "remove", "--customer", "C-1")
    assert "8 entries of the cache cannot be read and may be about anybody" in removed.stderr
    done = meetings("extract", "in", "--summary", "json")
    assert (done.exit_code, done.summary["counts"]["miss"]) == (0, 8)
    assert done.stderr.count("[CACHE ERROR] error=an answer in the cache is damaged or of a newer version") == 1


def test_a_database_of_another_program_is_moved_aside_whole(meetings: Command) -> None:
    folder = meetings.folder / "cache"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "cache.db")) as database, database:
        database.execute("CREATE TABLE theirs AS SELECT 42 AS answer")

    done = meetings("extract", "in", "--cache-dir", folder, "--summary", "json")
    assert (done.exit_code, done.summary["counts"]["miss"]) == (0, 8)
    assert f"moved to {folder / 'cache.damaged-1.db'}" in done.stderr
    with closing(sqlite3.connect(folder / "cache.damaged-1.db")) as database:
        assert database.execute("SELECT answer FROM theirs").fetchall() == [(42,)]


def test_a_network_file_system_is_said_once_and_used(meetings: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetcli.cache.folder.mounts_of_linux", lambda _: [("/", "nfs4")])
    monkeypatch.setattr("meetcli.cache.folder.mounts_of_macos", lambda _: [("/", "nfs")])

    done = meetings("extract", "in", "--summary", "json")
    assert (done.exit_code, done.summary["backend"]) == (0, "disk")
    assert done.stderr.count("is on a network file system") == 1
    assert "is on a network file system" in meetings("cache", "list").stderr


@pytest.mark.parametrize("command", ["list", "stats", "clear", "explain in/0.json"])
def test_an_unsafe_folder_is_refused_by_every_command(meetings: Command, command: str) -> None:
    folder = meetings.folder / "open"
    folder.mkdir()
    folder.chmod(0o777)

    done = meetings("cache", *command.split(), "--cache-dir", folder)
    assert done.exit_code == 2
    assert "writable by others" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(meetings: Command, server: LoopbackServer) -> None:
    folder = meetings.folder / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)

    assert meetings("extract", "in", "--cache-dir", folder).exit_code == 2
    assert server.requests == 0


@pytest.mark.parametrize("content", ["", "{", '{"format": 99}'])
def test_counters_that_cannot_be_used_are_moved_aside_by_the_next_run_and_every_reader_says_so(
    meetings: Command, content: str
) -> None:
    state = meetings.put("cache/cache.state.json", content)
    state.parent.chmod(0o700)
    for command in ("cache stats", "doctor --offline"):
        done = meetings(*command.split(), "--cache-dir", "cache")
        assert "cache.state.json cannot be used" in done.stdout + done.stderr
        assert state.read_text() == content
    done = meetings("extract", "in/0.json", "--cache-dir", "cache")
    assert (done.exit_code, done.stderr.count("moved to cache/cache.damaged-1.state.json")) == (0, 1)
    assert (state.parent / "cache.damaged-1.state.json").read_text() == content
    assert meetings("extract", "in/0.json", "--cache-dir", "cache").stderr == ""
