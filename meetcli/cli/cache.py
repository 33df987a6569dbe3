"""The cache commands: clear, stats, path."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import typer

from meetcli import events
from meetcli.cache import Cache, open_cache
from meetcli.cache.entry import load_header
from meetcli.cli.run import set_up_logging
from meetcli.config import load_process_settings
from meetcli.errors import UsageError
from meetcli.plain_text import count_text, money_text


def clear(cache_dir: str | None, *, is_confirmed: bool) -> None:
    """Remove everything, after asking on a terminal; say how many answers that were."""
    with _opened(cache_dir) as cache:
        if not is_confirmed and sys.stdin.isatty() and not typer.confirm(_question(cache.size() or 0, _folder(cache_dir))):
            raise typer.Exit(1)
        removed = cache.clear()
        events.cache_cleared(removed, backend=cache.backend)
    typer.echo(f"removed {count_text(removed, 'answer')}")


def _question(answers: int, folder: Path) -> str:
    return f"Remove {count_text(answers, 'paid answer')} from {folder}?"


def stats(cache_dir: str | None) -> None:
    """Print how many answers there are, of which tasks, how old, how large, and what they cost."""
    with _opened(cache_dir) as cache:
        headers = [header for _, line in cache.scan("answer:") if (header := load_header(line))]
        remembered = sum(1 for _ in cache.scan("failure:"))
    costs = [header.cost_usd for header in headers]
    rows = {
        "folder": str(_folder(cache_dir)),
        "answers": str(len(headers)),
        **{f"  {task}": str(sum(header.task == task for header in headers)) for task in sorted({header.task for header in headers})},
        "remembered failures": str(remembered),
        "size": f"{sum(header.size for header in headers) / 1_000_000:.1f} MB",
        "worth": money_text(None if None in costs else sum((cost for cost in costs if cost), Decimal(0))),
    }
    if headers:
        rows["oldest"] = f"{min(header.created_at for header in headers):%Y-%m-%d %H:%M:%S} UTC"
        rows["newest"] = f"{max(header.created_at for header in headers):%Y-%m-%d %H:%M:%S} UTC"
    for name, value in rows.items():
        typer.echo(f"{name:<20} {value}")


def path(cache_dir: str | None) -> None:
    """Print the folder of the cache."""
    typer.echo(str(_folder(cache_dir)))


def _folder(cache_dir: str | None) -> Path:
    folder = load_process_settings({"cache_dir": cache_dir}).settings.cache_dir
    if folder is None:
        raise UsageError("no cache is configured", hint="name one with --cache-dir")
    return folder


@contextmanager
def _opened(cache_dir: str | None) -> Iterator[Cache]:
    set_up_logging(load_process_settings({"cache_dir": cache_dir}).settings)
    cache = open_cache(_folder(cache_dir))
    for notice in cache.notices:
        events.LOGGER.warning(notice)
    try:
        yield cache
    finally:
        cache.close()
