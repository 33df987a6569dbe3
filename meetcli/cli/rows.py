"""What a row of the command line says: commands, their arguments, and the options that are theirs alone.

The options that are settings have their rows in `meetcli.config.settings`; a command names those it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

Flags = Mapping[str, object]
"""Settings that were typed, by name, as they were typed."""


class Argument(NamedTuple):
    """What stands on the command line without a name. One of many values is a list."""

    name: str
    metavar: str
    help: str
    is_required: bool = True
    is_list: bool = False


class OwnOption(NamedTuple):
    """An option of a command that is no setting; without `metavar` it is a flag. `default` is what help says of it."""

    name: str
    help: str
    metavar: str | None = None
    short: str | None = None
    default: str | None = None


class Command(NamedTuple):
    """A command.

    `run` gets the settings that were typed and by keyword the command's own arguments and options, None where they were
    not typed and False for a flag; it returns the exit code, None for 0.

    `settings` None means every setting that can be typed. `short` is what the list of commands says, else `help`.
    """

    run: Callable[..., int | None]
    help: str
    short: str | None = None
    arguments: tuple[Argument, ...] = ()
    options: tuple[OwnOption, ...] = ()
    settings: tuple[str, ...] | None = ()


class Group(NamedTuple):
    """Commands that belong together, by name, in the order of the help."""

    help: str
    commands: Mapping[str, Command | Group]

    @property
    def short(self) -> str:
        """What the list of commands says."""
        return self.help
