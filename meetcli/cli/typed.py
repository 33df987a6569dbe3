"""From rows to Typer's commands. What an option is called and says is the row's, what its value means is `config`'s."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from meetcli.cli.rows import Argument, Command, Group, OwnOption
from meetcli.wiring.exits import exits, unwritable_output

if TYPE_CHECKING:  # the list of commands needs no setting
    from meetcli.config import Option


class _AsTyped:
    """Hands values over as they were typed: what a value means is `config`'s, wherever it comes from.

    Typer would make a pydantic validator for every option there is, given or not, and load half of pydantic for it: a
    fifth of a run that only hits. What acts, as `--version`, or is missing is still Typer's.
    """

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401  # typer keeps the types of its context and parameters private
        """Return the parameters, each without conversion."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # the class it is mixed into has it
        for param in params:
            param.process_value = partial(_process, param)
        return params

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # as above
        """Write arguments and options under the heading of their group."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            name, text = param.get_help_record(ctx)
            if param.param_type_name == "argument":
                name, section = param.metavar, "Arguments"
            else:
                section = getattr(param, "rich_help_panel", None) or "Options"
            sections.setdefault(section, []).append((name, text))
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(records)


def _process(param: Any, ctx: Any, value: Any) -> Any:  # noqa: ANN401  # as above
    if (param.callback is not None and value) or (param.required and not value):
        return type(param).process_value(param, ctx, value)
    return value


class RowCommand(_AsTyped, TyperCommand):
    """A command made of a row."""


class RowGroup(_AsTyped, TyperGroup):
    """A group that makes its commands only when they are asked for.

    Typer prepares every option of every command it knows, whichever is called. That is half of a run of hits only.
    """

    rows: Mapping[str, Command | Group] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  # as above
        """Return the names of the commands in the order of the help."""
        return list(self.rows)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  # as above
        """Return a command, None where there is none of that name."""
        if cmd_name in self.rows and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _made(cmd_name, self.rows[cmd_name])
        return self.commands.get(cmd_name)

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # as above
        """Write the options, then what each command does."""
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.short or row.help) for name, row in self.rows.items()])

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
        """Read the arguments; options that act do so here, and what they write to may be gone or full."""
        with unwritable_output():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # as above
        """Go on to the command, whose help is shown here."""
        with unwritable_output():
            return super().invoke(ctx)


def group(name: str, row: Group, root: Callable[..., None] | None = None) -> Any:  # noqa: ANN401  # a RowGroup, as Typer makes it
    """Return a group of commands. `root` declares the options that act before any command; it makes the program."""
    app = typer.Typer(
        name=name,
        cls=RowGroup,
        help=row.help,
        no_args_is_help=True,
        add_completion=root is not None,
        rich_markup_mode=None,  # rich would double the time that --help takes
        pretty_exceptions_enable=False,  # a pretty traceback shows local variables, and those hold transcripts
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root or (lambda: None))
    made: Any = get_command(app)
    made.rows = row.commands
    made.commands = dict.fromkeys(row.commands)  # names, for what is mistyped; each is made when it is asked for
    return made


def _made(name: str, row: Command | Group) -> Any:  # noqa: ANN401  # as above
    if isinstance(row, Group):
        return group(name, row)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=RowCommand, help=row.help, short_help=row.short or row.help)(_function(row))
    return get_command(app)


def _function(row: Command) -> Callable[..., None]:
    """Return the function that Typer calls: its parameters are the row's, what it does is `run`."""
    settings = _settings(row)
    parameters = [_argument(argument) for argument in row.arguments]
    parameters += [_option(own, own.default) for own in row.options]
    parameters += [_setting(option) for option in settings]
    flags_of_its_own = [own.name for own in row.options if own.metavar is None]

    def function(**typed: Any) -> None:  # noqa: ANN401  # whatever is typed
        flags = {option.name: value for option in settings if (value := typed.pop(option.name)) is not None}
        typed |= {name: bool(typed[name]) for name in flags_of_its_own}
        with exits():
            code = row.run(flags, **typed)
        raise typer.Exit(code or 0)

    setattr(function, "__signature__", inspect.Signature(parameters))  # noqa: B010  # mypy knows no such attribute of functions
    return function


def _settings(row: Command) -> list[Option]:
    """Return the settings that the command takes, group by group."""
    if row.settings == ():
        return []
    from meetcli.config import OPTIONS

    taken = OPTIONS if row.settings is None else row.settings
    return [option for option in OPTIONS.values() if option.name in taken and option.is_typed]


def _argument(row: Argument) -> inspect.Parameter:
    default = typer.Argument(... if row.is_required else None, metavar=row.metavar, help=row.help)
    return _parameter(row.name, list[str] if row.is_list else str, default)


def _setting(option: Option) -> inspect.Parameter:
    return _option(
        option,
        option.shown_default,
        group=option.group,
        variables=option.variables,
        is_counted=option.is_counted,
        choices=option.choices,
    )


def _option(
    row: OwnOption | Option,
    default: str | None,
    *,
    group: str | None = None,
    variables: tuple[str, ...] = (),
    is_counted: bool = False,
    choices: tuple[str, ...] = (),
) -> inspect.Parameter:
    flag = "--" + row.name.replace("_", "-")
    notes = [f"default: {default}"] if default else []
    notes += [f"env: {', '.join(variables)}"] if variables else []
    declared = typer.Option(
        None,
        flag,
        *([row.short] if row.short else []),
        metavar=row.metavar,
        help=" ".join((row.help, *(f"[{note}]" for note in notes))),
        rich_help_panel=group,
        count=is_counted,
        autocompletion=_offers(choices) if choices else None,
    )
    return _parameter(row.name, int if is_counted else str if row.metavar else bool, declared)


def _parameter(name: str, kind: type, declared: Any) -> inspect.Parameter:  # noqa: ANN401  # typer's own
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=declared, annotation=kind)


def _offers(values: tuple[str, ...]) -> Callable[[str], Iterator[str]]:
    """Return what completes an option that takes these values; of several with commas, the last."""

    def complete(incomplete: str) -> Iterator[str]:
        given, comma, begun = incomplete.rpartition(",")
        return (f"{given}{comma}{value}" for value in values if value.startswith(begun))

    return complete
