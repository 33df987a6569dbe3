"""What a command may load before it does its work. A list of what may be, so that nothing slow slips in unseen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback_server import LoopbackServer

PYTHONS_OWN = (
    "typer",
    "__future__",
    "gc",
    "datetime",
    "decimal",
    "hashlib",
    "json",
    "logging",
    "sqlite3",
    "unicodedata",
)
"""Typer, and modules of Python's library: a command may load what their import loads, whatever that is in this version of Python."""

EVERY_COMMAND = """
    cli cli.app cli.batch_commands cli.cache_commands cli.rows cli.typed
    commands config config.options config.settings config.values engines errors plain_text wiring wiring.exits
"""
SETTINGS = "events models wiring.logs"
HITS = f"""
    {EVERY_COMMAND} {SETTINGS}
    answers
    cache cache.disk cache.entry cache.folder cache.forgiving cache.lifetime
    commands.notices commands.results commands.run
    delivery discover engines keys marks
    meetings meetings.*
    plan plan.look_up plan.notes plan.ports plan.units
    readers readers.*
    report spelling
    tasks tasks.extract tasks.prompt tasks.wording
    wiring.assignment wiring.counters wiring.inputs wiring.signals wiring.stores
    writers writers.json_files writers.replace
"""
"""What a run may load that finds every answer in the cache. No engine, no prices, no answer models, no pydantic. Files
of the rooms with a star come and go with what is read; what they load from elsewhere is held against the list.
"""


def loaded_by(*command: str | Path, **environment: str) -> set[str]:
    """Return every module that a command loads. It must end with exit code 0."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *map(str, command)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.fixture(scope="module")
def pythons_own() -> set[str]:
    """What Python and the libraries that every command may load bring along."""
    return loaded_by("-c", f"import runpy, {', '.join(PYTHONS_OWN)}")


@pytest.fixture
def hit(tmp_path: Path, samples: Path) -> list[str | Path]:
    """A run that finds its only answer in the cache."""
    run = ["-m", "meetcli", "extract", samples / "quick-call.json", "--cache-dir", tmp_path / "cache"]
    run += ["-o", tmp_path / "results"]
    with LoopbackServer() as server:
        run += ["--base-url", server.base_url]
        loaded_by(*run, OPENAI_API_KEY="loopback")
        assert server.requests == 1
    return run  # the server is gone: whatever calls now fails


def names(modules: str) -> set[str]:
    return {"meetcli", "typer.*", *(f"meetcli.{name}" for name in modules.split())}


def unexpected(loaded: set[str], allowed: set[str]) -> set[str]:
    """Return what was loaded and may not be; `x.*` allows all that is below `x`."""
    below = tuple(name[:-1] for name in allowed if name.endswith(".*"))
    return {name for name in loaded - allowed if not name.startswith(below)}


def test_a_run_that_only_hits_loads_what_it_needs(hit: list[str | Path], pythons_own: set[str]) -> None:
    loaded = loaded_by(*hit, "--summary", "json", OPENAI_API_KEY="loopback")
    assert "meetcli.commands.run" in loaded
    assert unexpected(loaded, pythons_own | names(HITS)) == set()


def test_the_table_adds_rich_and_nothing_else(hit: list[str | Path], pythons_own: set[str]) -> None:
    loaded = loaded_by(*hit, "--summary", "json", OPENAI_API_KEY="loopback")
    added = loaded_by(*hit, OPENAI_API_KEY="loopback") - loaded
    rich = loaded_by("-c", "import rich.console, rich.table, rich.text")
    assert "meetcli.console.table" in added
    assert unexpected(added, pythons_own | rich | names("console console.table")) == set()


LINE = "cli cli.app cli.batch_commands cli.cache_commands cli.rows cli.typed errors plain_text wiring wiring.exits"
DOORS = "spelling config config.options config.settings config.values engines models writers"
"""What settings are made of: the doors whose tables say which engines and writers there are, never what is behind."""


@pytest.mark.parametrize(
    ("command", "rooms"),
    [
        ("--help", LINE),
        ("extract --help", f"{LINE} {DOORS}"),
        ("cache list --help", f"{LINE} {DOORS}"),
        ("cache path", f"{LINE} {DOORS} commands commands.cache_folder"),
    ],
)
def test_a_command_loads_no_room_it_does_not_need(command: str, rooms: str, pythons_own: set[str]) -> None:
    assert unexpected(loaded_by("-m", "meetcli", *command.split()), pythons_own | names(rooms)) == set()
