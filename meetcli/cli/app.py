"""The program: its commands, what each runs, and which settings it takes."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperGroup

from meetcli import __version__
from meetcli.cli.batch_commands import BATCH
from meetcli.cli.cache_commands import CACHE
from meetcli.cli.rows import Argument, Command, Flags, Group, OwnOption
from meetcli.cli.typed import group
from meetcli.errors import UsageError

INPUTS = ("files_from", "max_file_size", "patterns", "key_fallback")
IDENTITY = ("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type")

PATHS = Argument("paths", "PATH...", "Files, folders, globs, or - for standard input.", is_required=False, is_list=True)
NAMED = Argument(
    "paths",
    "TASK PATH...",
    "The task: extract, analyze or a task file. Then files, folders, globs, or - for standard input.",
    is_required=False,
    is_list=True,
)
CHECK = OwnOption("check", "Only check a task file, and say what it asks for.")
JSON = OwnOption("json", "Print one JSON object.")


def _task(name: str, help: str) -> Command:  # noqa: A002  # what help shows
    """Return the row of a built-in task. All tasks take every setting."""

    def run(flags: Flags, *, paths: list[str] | None) -> int:
        from meetcli.commands.run import run_task

        return run_task(name, paths or [], flags)

    return Command(run, help, arguments=(PATHS,), settings=None)


def _run(flags: Flags, *, paths: list[str] | None, check: bool) -> int | None:
    named = paths or []
    if check:
        from meetcli.commands.tasks import check as check_task

        check_task(named)
        return None
    if not named:
        raise UsageError(
            "no TASK given",
            hint="meetcli run extract PATH..., or a task file of your own: meetcli run task.toml PATH...",
        )
    from meetcli.commands.run import run_task

    return run_task(named[0], named[1:], flags)


def _schema(_flags: Flags, *, task: str) -> None:
    from meetcli.commands.tasks import print_schema

    print_schema(task)


def _inspect(flags: Flags, *, paths: list[str] | None, long: bool, turns: bool, json: bool) -> int:
    from meetcli.commands.inspect import inspect

    return inspect(paths or [], flags, is_long=long, shows_turns=turns, is_json=json)


def _formats(_flags: Flags, *, json: bool) -> None:
    from meetcli.commands.inspect import list_formats

    list_formats(is_json=json)


def _show(_flags: Flags, *, results: list[str]) -> None:
    from meetcli.commands.show import show

    show(results)


def _report(_flags: Flags, *, paths: list[str], output: str | None, full: bool, language: str | None) -> None:
    from meetcli.commands.report import report

    report(paths, "report.html" if output is None else output, is_full=full, language=language)


def _doctor(flags: Flags, *, offline: bool) -> int:
    from meetcli.commands.doctor import examine

    return examine(flags, is_offline=offline)


PROGRAM = Group(
    "Turn folders of meeting transcripts into minutes or sentiment, and never pay twice for the same answer.",
    {
        "extract": _task("extract", "Write minutes: summary, decisions, action items, topics."),
        "analyze": _task("analyze", "Judge sentiment and risks."),
        "run": Command(
            _run,
            "Run any task: extract, analyze, or a task file of your own.",
            arguments=(NAMED,),
            options=(CHECK,),
            settings=None,
        ),
        "schema": Command(
            _schema,
            "Print the JSON Schema of a task's results.",
            arguments=(Argument("task", "TASK", "extract, analyze, or a task file."),),
        ),
        "inspect": Command(
            _inspect,
            "Show what is understood of transcripts; call nothing.\n\n"
            "A line a file: format, turns, speakers, date, ids, doubts. One file, or --long: words, tokens, price too.",
            short="Show what is understood of transcripts; call nothing.",
            arguments=(PATHS,),
            options=(
                OwnOption("long", "Show every meeting in full."),
                OwnOption("turns", "Print who says what, and when."),
                JSON,
            ),
            settings=(*INPUTS, *IDENTITY),
        ),
        "formats": Command(
            _formats, "List the transcript formats that are read, and what each carries.", options=(JSON,)
        ),
        "show": Command(
            _show,
            "Print a result as minutes, readable in the terminal.",
            arguments=(
                Argument("results", "RESULT...", "Results, folders of results, or - for standard input.", is_list=True),
            ),
        ),
        "report": Command(
            _report,
            "Make one page of results to look at and search.\n\nThe page stands alone: it loads nothing from anywhere.",
            short="Make one page of results to look at and search.",
            arguments=(
                Argument("paths", "PATH...", "Results, folders of results, or - for standard input.", is_list=True),
            ),
            options=(
                OwnOption("output", "The page; - for standard output.", "FILE", "-o", "report.html"),
                OwnOption("full", "Put in summaries and key points too."),
                OwnOption("language", "Language of the page at first: en or pt.", "CODE", default="the reader's"),
            ),
        ),
        "doctor": Command(
            _doctor,
            "Check settings, cache, endpoint and key, and say what to do next. "
            "Exit code 0, or 2 where a run would not work.",
            short="Check settings, cache, endpoint and key, and say what to do next.",
            options=(OwnOption("offline", "Ask neither the endpoint nor Redis."),),
            settings=(
                *("engine", "model", "base_url", "ca_file", "context_tokens"),
                *("output", "cache_dir", "cache_url", "metrics_file"),
            ),
        ),
        "cache": CACHE,
        "batch": BATCH,
    },
)


def build() -> TyperGroup:
    """Return the command line. Each command is made when it is called, or listed to a shell that completes it."""
    program: TyperGroup = group("meetcli", PROGRAM, _root)
    return program


def _show_version(value: bool) -> None:  # Typer calls it so
    if value:
        typer.echo(f"meetcli {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[  # the callback does the work
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass
