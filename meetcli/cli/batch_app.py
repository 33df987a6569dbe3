"""The batch commands and their options; what happens is told in `batch`."""

from typing import Annotated, Any

import typer

from meetcli.cli.options import BaseUrl, CacheDir, CacheUrl, Json
from meetcli.wiring.exits import exits

BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="The id of a batch.")]


def add_batch(app: typer.Typer) -> None:
    """Make the batch commands known."""
    batch = typer.Typer(help="Manage submitted batches.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(batch, name="batch")
    for add in (_add_list, _add_status, _add_collect, _add_cancel):
        add(batch)


def _flags(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in ("base_url", "cache_dir", "cache_url")}


def _add_list(batch: typer.Typer) -> None:
    @batch.command("list")
    def list_(
        base_url: BaseUrl = None, cache_dir: CacheDir = None, cache_url: CacheUrl = None, json: Json = False
    ) -> None:
        """Keep what is ready and list what is pending."""
        flags = _flags(locals())
        with exits():
            from meetcli.commands.batch import list_batches

            list_batches(flags, is_json=json)


def _add_status(batch: typer.Typer) -> None:
    @batch.command("status")
    def status(
        batch_id: BatchId,
        base_url: BaseUrl = None,
        cache_dir: CacheDir = None,
        cache_url: CacheUrl = None,
        json: Json = False,
    ) -> None:
        """Show how far one batch is."""
        flags = _flags(locals())
        with exits():
            from meetcli.commands.batch import show_status

            show_status(flags, batch_id, is_json=json)


def _add_collect(batch: typer.Typer) -> None:
    @batch.command("collect", short_help="Keep what is ready; the next run writes the results.")
    def collect(base_url: BaseUrl = None, cache_dir: CacheDir = None, cache_url: CacheUrl = None) -> None:
        """Keep what is ready; the next run over the meetings writes the results."""
        flags = _flags(locals())
        with exits():
            from meetcli.commands.batch import collect

            collect(flags)


def _add_cancel(batch: typer.Typer) -> None:
    @batch.command("cancel")
    def cancel(
        batch_id: BatchId, base_url: BaseUrl = None, cache_dir: CacheDir = None, cache_url: CacheUrl = None
    ) -> None:
        """End a batch; what it has answered is paid for and kept."""
        flags = _flags(locals())
        with exits():
            from meetcli.commands.batch import cancel

            cancel(flags, batch_id)
