"""What an option is. The table of them is `Settings`.

Command line, settings files, environment, help and `doctor` know a setting from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, NamedTuple

from meetcli.config.values import OneOf, SomeOf, parse_flag

INPUT, OUTPUT, MODEL = "Input", "Output", "Model and server"
MONEY, CACHE, LOGS = "Money", "Cache", "Logs"
"""Where help shows an option."""

Parse = Callable[[object], object]


class Option(NamedTuple):
    """One setting as people give it.

    `group` is where help shows it, `metavar` what stands for its value (a flag has none), `parse` what reads the value,
    `help` what it means, `default` the default as people would type it. `shown` is what help says of the default
    instead. `older` is the variable it had before `MEETCLI_...` and the parser of that variable. What is not typed has
    no flag: a key on the command line would be seen by everybody on the machine. `name` is its key in flags and files,
    `field` its name in `Settings`.
    """

    group: str
    metavar: str | None
    parse: Parse
    help: str
    default: str | None = None
    shown: str | None = None
    short: str | None = None
    older: tuple[str, Parse] | None = None
    is_typed: bool = True
    is_counted: bool = False
    name: str = ""
    field: str = ""

    @property
    def flag(self) -> str:
        """The option as typed on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The option's own environment variable."""
        return "MEETCLI_" + self.name.upper()

    @property
    def variables(self) -> tuple[str, ...]:
        """Every environment variable that sets it, the first one wins."""
        return (self.variable, self.older[0]) if self.older else (self.variable,)

    @property
    def shown_default(self) -> str | None:
        """What help says of the default, None where there is nothing to say."""
        return self.shown or (None if self.metavar is None else self.default or None)

    @property
    def choices(self) -> tuple[str, ...]:
        """The values it takes, where they are a list."""
        return self.parse.choices if isinstance(self.parse, OneOf | SomeOf) else ()


def row(
    group: str,
    metavar: str | None,
    parse: Parse,
    help: str,  # noqa: A002  # what help shows
    default: str | None = None,
    *,
    is_secret: bool = False,
    **more: Any,  # noqa: ANN401  # what else an option has
) -> Any:  # noqa: ANN401  # a field of any type
    """Return the field of a setting with its option; without a default its value is None, a secret is not in its repr.

    `more` are the other fields of `Option`.
    """
    option = Option(group, metavar, parse, help, default, **more)
    value = None if default is None else parse(default)
    return field(default=value, repr=not is_secret, metadata={"option": option})


def flag(group: str, help: str, **more: Any) -> Any:  # noqa: A002, ANN401  # as above
    """Return the field of a setting that is given or not."""
    return row(group, None, parse_flag, help, "no", **more)
