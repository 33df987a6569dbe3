"""The commands and their options. Each option is declared once; what it means is `config`'s, what happens is
`cli.run`'s.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from meetcli import __version__
from meetcli.cli.options import (
    BankerId,
    BankerName,
    BaseUrl,
    CacheDir,
    CacheUrl,
    CustomerId,
    CustomerName,
    Engine,
    FilesFrom,
    KeyFallback,
    Language,
    MaxFileSize,
    MeetDate,
    MeetingId,
    MeetType,
    MetricsFile,
    Model,
    OnChange,
    Output,
    Paths,
    Patterns,
    Ttl,
    offers,
)
from meetcli.errors import UsageError
from meetcli.wiring.exits import exits, unwritable_output

RUN = "run"
"""The command whose first argument names the task."""


class _AsTyped:
    """Hands values over as they were typed: what a value means is `config`'s, wherever it comes from.

    Typer would make a pydantic validator for every option there is, given or not, and load half of pydantic for it: a
    fifth of a run that only hits. Options that act, as `--version`, still do when they are given.
    """

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401  # typer keeps the types of its context and parameters private
        """Return the parameters, each without conversion."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # the class it is mixed into has it
        for param in params:
            param.process_value = partial(_process, param)
        return params


def _process(param: Any, ctx: Any, value: Any) -> Any:  # noqa: ANN401  # as above
    return type(param).process_value(param, ctx, value) if param.callback is not None and value else value


class PlainCommand(_AsTyped, TyperCommand):
    """A command whose values stay as they were typed."""


class PlainGroup(_AsTyped, TyperGroup):
    """A group of commands whose own values stay as they were typed. What help and version are written to may be gone or
    full.
    """

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as above
        """Read the arguments; options that act do so here."""
        with unwritable_output():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # as above
        """Go on to the command, whose help is shown here."""
        with unwritable_output():
            return super().invoke(ctx)


OPTIONS_OF_INPUTS = (
    *("files_from", "max_file_size", "patterns", "key_fallback"),
    *("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type"),
)


def build(arguments: list[str]) -> typer.Typer:
    """Return the command line for these arguments.

    Typer prepares every option of every command it knows, whichever is called: half of a run that only hits. So where
    the first argument names a command, only that command is made known.
    """
    app = typer.Typer(
        name="meetcli",
        cls=PlainGroup,
        help="Turn folders of meeting transcripts into minutes or sentiment, and never pay twice for the same answer.",
        no_args_is_help=True,
        rich_markup_mode=None,  # rich would double the time that --help takes
        pretty_exceptions_enable=False,  # a pretty traceback shows local variables, and those hold transcripts
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    named = arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS
    for name in named:
        COMMANDS[name](app)
    return app


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


def _add_task(app: typer.Typer, name: str, description: str) -> None:
    """Make a task a command. All tasks take the same options, so they are declared here once."""
    given, about = "PATH...", "Files, folders, globs, or - for standard input."
    if name == RUN:
        given, about = f"TASK {given}", f"The task: extract, analyze or a task file. Then {about[0].lower()}{about[1:]}"

    @app.command(name=name, help=description, cls=PlainCommand)
    def command(
        paths: Annotated[
            list[str] | None,
            typer.Argument(metavar=given, help=about),
        ] = None,
        check: Annotated[
            bool | None, typer.Option("--check", help="Only check a task file, and say what it asks for.")
        ] = None,
        output: Output = None,
        format: Annotated[  # noqa: A002  # the option's name is the contract's
            str | None,
            typer.Option(
                metavar="LIST",
                help="Which results to write: json, jsonl, csv, md. [default: json]",
                autocompletion=offers("json", "jsonl", "csv", "md"),
            ),
        ] = None,
        no_csv_bom: Annotated[
            bool | None,
            typer.Option("--no-csv-bom", help="Start CSV files without the byte order mark that Excel needs."),
        ] = None,
        limit: Annotated[
            int | None, typer.Option(metavar="N", help="Only the first N meetings that need a call.")
        ] = None,
        files_from: FilesFrom = None,
        engine: Engine = None,
        model: Model = None,
        base_url: BaseUrl = None,
        prices: Annotated[
            str | None,
            typer.Option(
                metavar="SOURCE",
                help=(
                    "Where prices come from: openai, none, or a file of prices. "
                    "[default: openai for its endpoint, else none]"
                ),
            ),
        ] = None,
        concurrency: Annotated[
            int | None, typer.Option("--concurrency", "-j", metavar="N", help="Calls at once. [default: 8]")
        ] = None,
        rpm: Annotated[
            int | None, typer.Option(metavar="N", help="Requests a minute. [default: learned from the server]")
        ] = None,
        tpm: Annotated[
            int | None, typer.Option(metavar="N", help="Tokens a minute. [default: learned from the server]")
        ] = None,
        timeout: Annotated[
            str | None, typer.Option(metavar="DURATION", help="Time limit for one attempt. [default: 120s]")
        ] = None,
        retries: Annotated[
            int | None, typer.Option(metavar="N", help="Transport retries of one request. [default: 5]")
        ] = None,
        max_wait: Annotated[
            str | None, typer.Option(metavar="DURATION", help="Longest total wait for one request. [default: 10m]")
        ] = None,
        lane: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help="Price lane: standard, flex or batch. [default: standard]",
                autocompletion=offers("standard", "flex", "batch"),
            ),
        ] = None,
        flex_fallback: Annotated[
            bool | None, typer.Option("--flex-fallback", help="Pay the standard price where flex has no capacity.")
        ] = None,
        wait: Annotated[bool | None, typer.Option("--wait", help="Wait for the batches of this run.")] = None,
        repair: Annotated[
            str | None,
            typer.Option(
                metavar="HOW", help="Repairs in the batch lane: batch (the next one) or live. [default: batch]"
            ),
        ] = None,
        ttl: Ttl = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        cache_required: Annotated[
            bool | None, typer.Option("--cache-required", help="Stop when any configured cache is lost.")
        ] = None,
        no_cache: Annotated[bool | None, typer.Option("--no-cache", help="Neither read nor save answers.")] = None,
        refresh: Annotated[bool | None, typer.Option("--refresh", help="Call again and save the new answers.")] = None,
        cache_only: Annotated[bool | None, typer.Option("--cache-only", help="Never call.")] = None,
        on_change: OnChange = None,
        key_fallback: KeyFallback = None,
        retry_failed: Annotated[
            bool | None, typer.Option("--retry-failed", help="Try again what is remembered as failed.")
        ] = None,
        dry_run: Annotated[bool | None, typer.Option("--dry-run", help="Plan, price and stop; make no call.")] = None,
        max_cost: Annotated[
            str | None, typer.Option(metavar="USD", help="Never spend more in this run; needs a known price.")
        ] = None,
        yes: Annotated[bool | None, typer.Option("--yes", "-y", help="Do not ask before a plan above 10 USD.")] = None,
        language: Language = None,
        meeting_id: MeetingId = None,
        customer_id: CustomerId = None,
        meet_date: MeetDate = None,
        customer_name: CustomerName = None,
        banker_id: BankerId = None,
        banker_name: BankerName = None,
        meet_type: MeetType = None,
        patterns: Patterns = None,
        context_tokens: Annotated[
            int | None,
            typer.Option(
                metavar="N", help="Tokens the model reads and writes at once. [default: the model's, else 128000]"
            ),
        ] = None,
        require_evidence: Annotated[
            bool | None,
            typer.Option("--require-evidence", help="Leave out of results what no quote in the transcript supports."),
        ] = None,
        max_file_size: MaxFileSize = None,
        summary: Annotated[
            str | None,
            typer.Option(
                metavar="KIND",
                help="What is printed about the run: table, json or none. [default: table]",
                autocompletion=offers("table", "json", "none"),
            ),
        ] = None,
        quiet: Annotated[bool | None, typer.Option("--quiet", "-q", help="Print failures only.")] = None,
        verbose: Annotated[
            int | None, typer.Option("--verbose", "-v", count=True, help="-v for INFO, -vv for DEBUG.")
        ] = None,
        log_format: Annotated[
            str | None, typer.Option(metavar="FORMAT", help="How log lines look: text or json. [default: text]")
        ] = None,
        log_file: Annotated[
            str | None, typer.Option(metavar="FILE", help="Write logs there instead of standard error.")
        ] = None,
        metrics_file: MetricsFile = None,
    ) -> None:
        flags: dict[str, Any] = {
            key: value
            for key, value in locals().items()
            # What was not given is None or, where an option is counted, 0; a 0 that was given to another option is
            # meant.
            if key not in ("paths", "name", "check") and value is not None and (key, value) != ("verbose", 0)
        }
        with exits():
            if check:
                from meetcli.commands.tasks import check as check_task

                check_task(list(paths or ()))
                return
            from meetcli.commands.run import run_task

            raise typer.Exit(run_task(*_task_and_paths(name, paths), flags))

    if name != RUN:  # a built-in task has no file to check
        whole = inspect.signature(command)
        offered = [parameter for parameter in whole.parameters.values() if parameter.name != "check"]
        setattr(command, "__signature__", whole.replace(parameters=offered))  # noqa: B010  # mypy knows no such attribute of functions


def _task_and_paths(name: str, given: Iterable[str] | None) -> tuple[str, list[str]]:
    """Return the task and its paths; `run` takes the task as its first argument."""
    paths = list(given or ())
    if name != RUN:
        return name, paths
    if not paths:
        raise UsageError(
            "no TASK given",
            hint="meetcli run extract PATH..., or a task file of your own: meetcli run task.toml PATH...",
        )
    return paths[0], paths[1:]


def _add_schema(app: typer.Typer) -> None:
    @app.command("schema")
    def schema(
        task: Annotated[str, typer.Argument(metavar="TASK", help="extract, analyze, or a task file.")],
    ) -> None:
        """Print the JSON Schema of a task's results."""
        with exits():
            from meetcli.commands.tasks import print_schema

            print_schema(task)


def _add_inspect(app: typer.Typer) -> None:
    @app.command("inspect")
    def inspect(
        paths: Paths = None,
        turns: Annotated[bool, typer.Option("--turns", help="Print who says what, and when.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
        files_from: FilesFrom = None,
        meeting_id: MeetingId = None,
        customer_id: CustomerId = None,
        meet_date: MeetDate = None,
        customer_name: CustomerName = None,
        banker_id: BankerId = None,
        banker_name: BankerName = None,
        meet_type: MeetType = None,
        patterns: Patterns = None,
        key_fallback: KeyFallback = None,
        max_file_size: MaxFileSize = None,
    ) -> None:
        """Show what is understood of transcripts; call nothing.

        Format, ids, turns, speakers, words, tokens and price, meeting by meeting.
        """
        flags: dict[str, Any] = {
            key: value for key, value in locals().items() if key in OPTIONS_OF_INPUTS and value is not None
        }
        with exits():
            from meetcli.commands.inspect import inspect

            raise typer.Exit(inspect(paths or [], flags, shows_turns=turns, is_json=json))


def _add_formats(app: typer.Typer) -> None:
    @app.command("formats")
    def formats(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
        """List the transcript formats that are read, and what each carries."""
        with exits():
            from meetcli.commands.inspect import list_formats

            list_formats(is_json=json)


def _add_show(app: typer.Typer) -> None:
    @app.command("show")
    def show(
        results: Annotated[
            list[str], typer.Argument(metavar="RESULT...", help="Results, folders of results, or - for standard input.")
        ],
    ) -> None:
        """Print a result as minutes, readable in the terminal."""
        with exits():
            from meetcli.commands.show import show

            show(results)


def _add_report(app: typer.Typer) -> None:
    @app.command("report")
    def report(
        paths: Annotated[
            list[str], typer.Argument(metavar="PATH...", help="Results, folders of results, or - for standard input.")
        ],
        output: Annotated[
            str, typer.Option("--output", "-o", metavar="FILE", help="The page; - for standard output.")
        ] = "report.html",
        full: Annotated[bool, typer.Option("--full", help="Put in summaries and key points too.")] = False,
        language: Annotated[
            str | None,
            typer.Option(metavar="CODE", help="Language of the page at first: en or pt. [default: the reader's]"),
        ] = None,
    ) -> None:
        """Make one page of results to look at and search.

        The page stands alone: it loads nothing from anywhere.
        """
        with exits():
            from meetcli.commands.report import report

            report(paths, output, is_full=full, language=language)


def _add_doctor(app: typer.Typer) -> None:
    @app.command("doctor")
    def doctor(
        engine: Engine = None,
        model: Model = None,
        base_url: BaseUrl = None,
        output: Output = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        metrics_file: MetricsFile = None,
        offline: Annotated[bool, typer.Option("--offline", help="Ask neither the endpoint nor Redis.")] = False,
    ) -> None:
        """Check settings, cache, endpoint and key, and say what to do next. Exit code 0, or 2 where a run would not
        work.
        """
        flags = {name: value for name, value in locals().items() if name != "offline"}
        with exits():
            from meetcli.commands.doctor import examine

            raise typer.Exit(examine(flags, is_offline=offline))


def _add_cache(app: typer.Typer) -> None:
    from meetcli.cli.cache_app import add_cache

    add_cache(app)


def _add_batch(app: typer.Typer) -> None:
    from meetcli.cli.batch_app import add_batch

    add_batch(app)


COMMANDS: Mapping[str, Callable[[typer.Typer], None]] = {
    "extract": lambda app: _add_task(app, "extract", "Write minutes: summary, decisions, action items, topics."),
    "analyze": lambda app: _add_task(app, "analyze", "Judge sentiment and risks."),
    RUN: lambda app: _add_task(app, RUN, "Run any task: extract, analyze, or a task file of your own."),
    "schema": _add_schema,
    "inspect": _add_inspect,
    "formats": _add_formats,
    "show": _add_show,
    "report": _add_report,
    "cache": _add_cache,
    "batch": _add_batch,
    "doctor": _add_doctor,
}
"""What makes each command known, in the order of the help."""
