"""What help says of an option is its row: group, names, value, default and variables."""

from __future__ import annotations

import re

import pytest

from meetcli.cli.app import PROGRAM
from meetcli.cli.rows import Command as Row
from meetcli.cli.rows import Group
from meetcli.config import OPTIONS
from tests.cli.command import Command

GROUPS = ["Input", "Output", "Model and server", "Money", "Cache", "Logs"]


def commands(group: Group = PROGRAM, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], Row]:
    found: dict[tuple[str, ...], Row] = {}
    for name, row in group.commands.items():
        found |= commands(row, (*before, name)) if isinstance(row, Group) else {(*before, name): row}
    return found


def sections(shown: str) -> dict[str, str]:
    """Return what stands under each heading, with every run of spaces as one."""
    parts = re.split(r"^([A-Z][\w ]+):\n", shown, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("task", ["extract", "analyze", "run"])
def test_a_task_shows_every_option_in_its_group(meetcli: Command, task: str) -> None:
    found = sections(meetcli(task, "--help").stdout)
    assert [name for name in found if name in GROUPS] == GROUPS
    for option in OPTIONS.values():
        shown = [name for name, text in found.items() if re.search(rf"{option.flag}(?![\w-])", text)]
        assert shown == ([option.group] if option.is_typed else []), option.name


def test_an_option_says_its_value_its_default_and_its_variables(meetcli: Command) -> None:
    found = sections(meetcli("extract", "--help").stdout)
    assert (
        "--ttl DURATION An answer is valid while younger: 24h, 30d, none. [default: 24h] "
        "[env: MEETCLI_TTL, CACHE_TTL_HOURS]" in found["Cache"]
    )
    assert "-j, --concurrency N Calls at once. [default: 8] [env: MEETCLI_CONCURRENCY]" in found["Model and server"]
    assert "-q, --quiet Print failures only. [env: MEETCLI_QUIET]" in found["Logs"]
    assert "-v, --verbose -v for INFO, -vv for DEBUG. [env: MEETCLI_VERBOSE]" in found["Logs"]


@pytest.mark.parametrize("name", commands(), ids=" ".join)
def test_every_command_shows_the_settings_it_takes_and_no_other(meetcli: Command, name: tuple[str, ...]) -> None:
    row = commands()[name]
    taken = {option.name for option in OPTIONS.values() if option.is_typed} if row.settings is None else row.settings
    done = meetcli(*name, "--help")
    assert done.exit_code == 0
    shown = set(re.findall(r"\[env: MEETCLI_(\w+)", " ".join(done.stdout.split())))
    assert shown == {setting.upper() for setting in taken}
    assert set(taken) <= OPTIONS.keys()


def test_a_mistyped_command_is_told_the_nearest(meetcli: Command) -> None:
    done = meetcli("extrct")
    assert (done.exit_code, "Did you mean 'extract'?" in done.stderr) == (2, True)
