"""The cache commands and their options; what happens is told beside, in one module a family."""

from typing import Annotated

import typer

from meetcli.cli.options import (
    BankerId,
    BankerName,
    BaseUrl,
    CacheDir,
    CacheUrl,
    CustomerId,
    CustomerName,
    Engine,
    Json,
    KeyFallback,
    Language,
    MeetDate,
    MeetingId,
    MeetType,
    Model,
    OnChange,
    Patterns,
    Ttl,
)
from meetcli.wiring.exits import exits

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
TaskName = Annotated[str | None, typer.Option(metavar="NAME", help="Only this task.")]
ModelName = Annotated[str | None, typer.Option(metavar="NAME", help="Only this model.")]


def add_cache(app: typer.Typer) -> None:
    """Make the cache commands known."""
    cache = typer.Typer(help="Manage the cache of paid answers.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(cache, name="cache")
    for add in (_add_explain, _add_list, _add_show, _add_remove, _add_prune, _add_clear, _add_stats, _add_path):
        add(cache)


def _add_explain(cache: typer.Typer) -> None:
    @cache.command("explain", short_help="Say what a run would do with each meeting, and why.")
    def explain(
        files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Transcripts, folders, globs.")],
        task: Annotated[
            str | None, typer.Option(metavar="NAME", help="Only this task. [default: extract and analyze]")
        ] = None,
        engine: Engine = None,
        model: Model = None,
        base_url: BaseUrl = None,
        language: Language = None,
        ttl: Ttl = None,
        on_change: OnChange = None,
        key_fallback: KeyFallback = None,
        meeting_id: MeetingId = None,
        customer_id: CustomerId = None,
        meet_date: MeetDate = None,
        customer_name: CustomerName = None,
        banker_id: BankerId = None,
        banker_name: BankerName = None,
        meet_type: MeetType = None,
        patterns: Patterns = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        json: Json = False,
    ) -> None:
        """Say what a run with these settings would do with each meeting, and why. Calls nothing and changes nothing."""
        flags = {name: value for name, value in locals().items() if name not in ("files", "task", "json")}
        with exits():
            from meetcli.commands.cache_explain import explain

            explain(files, flags, task=task, is_json=json)


def _add_list(cache: typer.Typer) -> None:
    @cache.command("list", short_help="List what was bought, the oldest first.")
    def list_(
        task: TaskName = None,
        model: ModelName = None,
        customer: Annotated[str | None, typer.Option(metavar="ID", help="Only this customer.")] = None,
        older_than: Annotated[str | None, typer.Option(metavar="DURATION", help="Only older entries, as 30d.")] = None,
        newer_than: Annotated[str | None, typer.Option(metavar="DURATION", help="Only newer entries, as 24h.")] = None,
        ttl: Ttl = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        json: Json = False,
    ) -> None:
        """List what was bought: answers, remembered failures, kept replies; the oldest first."""
        with exits():
            from meetcli.commands.cache_entries import Filters, list_entries

            chosen = Filters.of(task=task, model=model, customer=customer, older_than=older_than, newer_than=newer_than)
            list_entries(chosen, {"ttl": ttl, "cache_dir": cache_dir, "cache_url": cache_url}, is_json=json)


def _add_show(cache: typer.Typer) -> None:
    @cache.command("show", short_help="Show the entries of one meeting with their results.")
    def show(
        key: Annotated[str, typer.Argument(metavar="KEY", help="An idempotency key, or its first digits.")],
        task: TaskName = None,
        model: ModelName = None,
        ttl: Ttl = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        json: Json = False,
    ) -> None:
        """Show the entries of one meeting with their results, the newest first."""
        with exits():
            from meetcli.commands.cache_entries import show_entries

            show_entries(
                key, {"ttl": ttl, "cache_dir": cache_dir, "cache_url": cache_url}, task=task, model=model, is_json=json
            )


def _add_remove(cache: typer.Typer) -> None:
    @cache.command("remove", short_help="Forget a meeting or a customer.")
    def remove(
        key: Annotated[
            str | None, typer.Argument(metavar="KEY", help="An idempotency key, or its first digits.")
        ] = None,
        meeting: Annotated[str | None, typer.Option(metavar="ID", help="Everything about this meeting.")] = None,
        customer: Annotated[str | None, typer.Option(metavar="ID", help="Everything about this customer.")] = None,
        results: Annotated[
            str | None, typer.Option(metavar="DIR", help="Remove the results below this folder too.")
        ] = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        yes: Yes = False,
    ) -> None:
        """Forget a meeting or a customer: answers, remembered failures, kept replies and all that leads to them."""
        with exits():
            from meetcli.commands.cache_entries import Doomed, remove_doomed

            doomed = Doomed.of(key=key, meeting=meeting, customer=customer)
            remove_doomed(doomed, {"cache_dir": cache_dir, "cache_url": cache_url}, results=results, is_confirmed=yes)


def _add_prune(cache: typer.Typer) -> None:
    @cache.command("prune")
    def prune(
        ttl: Ttl = None,
        max_size: Annotated[
            str | None, typer.Option(metavar="SIZE", help="Then the oldest, until so much is left: 500MB.")
        ] = None,
        cache_dir: CacheDir = None,
        yes: Yes = False,
    ) -> None:
        """Remove what has expired from the disk cache."""
        with exits():
            from meetcli.commands.cache import prune

            prune({"ttl": ttl, "cache_dir": cache_dir}, max_size=max_size, is_confirmed=yes)


def _add_clear(cache: typer.Typer) -> None:
    @cache.command("clear")
    def clear(
        shared: Annotated[
            bool, typer.Option("--shared", help="Empty the shared Redis cache instead, for everybody.")
        ] = False,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        yes: Yes = False,
    ) -> None:
        """Remove every paid answer from the disk cache."""
        with exits():
            from meetcli.commands.cache import clear, clear_shared

            flags: dict[str, object] = {"cache_dir": cache_dir, "cache_url": cache_url}
            if shared:
                clear_shared(flags, is_confirmed=yes)
            else:
                clear(flags, is_confirmed=yes)


def _add_stats(cache: typer.Typer) -> None:
    @cache.command("stats")
    def stats(
        zero: Annotated[bool, typer.Option("--zero", help="Count anew from now on; the lifetime is kept.")] = False,
        cache_dir: CacheDir = None,
        json: Json = False,
    ) -> None:
        """Show what the disk cache holds and what it was worth so far."""
        with exits():
            from meetcli.commands.cache_stats import stats

            stats({"cache_dir": cache_dir}, is_zero=zero, is_json=json)


def _add_path(cache: typer.Typer) -> None:
    @cache.command("path")
    def path(cache_dir: CacheDir = None) -> None:
        """Print the folder of the disk cache."""
        with exits():
            from meetcli.commands.cache import path

            path({"cache_dir": cache_dir})
