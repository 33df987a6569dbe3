"""Adds a run to the counters beside its cache, and writes them as a metrics file where one is asked for."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from meetcli.cache import open_cache
from meetcli.cache.folder import locked, prepare_folder
from meetcli.cache.forgiving import ForgivingCache
from meetcli.cache.lifetime import add_run, read_lifetime
from meetcli.config import Settings
from meetcli.errors import CacheError, UsageError
from meetcli.report import RunReport

log = logging.getLogger("meetcli")


def check_metrics_file(settings: Settings) -> None:
    """Raise `UsageError` where the metrics file cannot be made.

    At night the missing file would be noticed before anybody reads a warning.
    """
    if settings.metrics_file is None:
        return
    import meetcli.report.metrics  # noqa: F401  # says which extra is missing

    folder = settings.metrics_file.parent
    if settings.metrics_file.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        why = "is a folder" if settings.metrics_file.is_dir() else f"{folder} is not a folder that you can write to"
        raise UsageError(
            f"cannot write the metrics {str(settings.metrics_file)!r} (--metrics-file): {why}", hint="name another file"
        )


def count_run(report: RunReport, settings: Settings, cache: ForgivingCache | None) -> None:
    """Add a finished run to the counters of its cache folder.

    A dry run did nothing to count, and without a folder there are none.

    A run without cache is counted only for a metrics file, which would forget money otherwise. Trouble is a warning.
    """
    if settings.cache_dir is None or settings.dry_run or (cache is None and settings.metrics_file is None):
        return
    amounts = report.amounts()
    if cache is not None and cache.errors:
        amounts["cache_errors"] = cache.errors
    try:
        if cache is None:
            prepare_folder(settings.cache_dir)
        lifetime = add_run(
            settings.cache_dir, amounts, task=report.task, exit_code=report.exit_code, at=datetime.now(UTC)
        )
        if lifetime.notice:
            log.warning("%s", lifetime.notice)
        if settings.metrics_file is not None:
            size = cache.size() if cache else _size_of(settings.cache_dir)
            _write_metrics(settings.metrics_file, settings.cache_dir, report, size)
    except (CacheError, UsageError) as error:
        if (
            cache is None or cache.loss is None or settings.metrics_file is not None
        ):  # else it has been said that nothing is kept here
            log.warning("%s", error.message)


def _size_of(folder: Path) -> int | None:
    """Return how many answers a cache holds that this run left alone."""
    try:
        cache = open_cache(folder)
    except CacheError:
        return None
    try:
        return cache.size()
    finally:
        cache.close()


def _write_metrics(path: Path, folder: Path, report: RunReport, cache_size: int | None) -> None:
    from meetcli.report.metrics import MODE, Totals, metrics_text
    from meetcli.writers.replace import replace_atomically

    try:
        with locked(folder):  # of two runs that end together, the one with the smaller counts must not write last
            lifetime = read_lifetime(folder)
            totals = Totals(lifetime.total, cache_size, lifetime.tasks)
            replace_atomically(str(path), (metrics_text(report, totals),), mode=MODE, may_be_stream=True)
    except OSError as error:
        log.warning("cannot write the metrics %s: %s", path, error.strerror or error)
