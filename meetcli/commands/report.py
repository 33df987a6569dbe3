"""`meetcli report`: results to one page."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from meetcli.cache.lifetime import read_lifetime
from meetcli.config import load_process_settings
from meetcli.errors import RunStopped, UsageError
from meetcli.plain_text import count_text, printable
from meetcli.readers.results import read_results
from meetcli.writers.replace import Folders

if TYPE_CHECKING:
    from meetcli.writers.html_report import Savings


def report(paths: list[str], output: str, *, is_full: bool, language: str | None) -> None:
    """Write the page and say what is in it.

    Raises `UsageError` where there is nothing to show or `language` is not one of the page's.
    """
    from meetcli.writers.html_report import LANGUAGES, make_page
    from meetcli.writers.report_payload import make_payload

    if language is not None and language not in LANGUAGES:
        raise UsageError(f"--language {language!r} must be one of {', '.join(LANGUAGES)}")
    found = read_results(paths)
    if not found.results:
        raise UsageError(
            f"no meetcli results in {', '.join(map(repr, paths))}", hint="extract and analyze write results"
        )
    payload = make_payload(((result.document, result.meeting_path) for result in found.results), is_full=is_full)
    page = make_page(
        payload, today=datetime.now(UTC).astimezone().date(), language=language, is_full=is_full, savings=_savings()
    )
    if output == "-":
        sys.stdout.buffer.write(page)
    else:
        _write(output, page)
    skipped = f", skipped {count_text(found.skipped, 'file')} without results" if found.skipped else ""
    older = f", left out {count_text(payload.older, 'older result')}" if payload.older else ""
    meetings = count_text(len(payload.meetings), "meeting")
    (sys.stderr if output == "-" else sys.stdout).write(
        f"{printable(output)}: {meetings} from {count_text(payload.results, 'result')}, "
        f"{len(page) / 1000:,.0f} kB{older}{skipped}\n"
    )


def _write(output: str, page: bytes) -> None:
    try:
        Folders().put(str(Path(output).absolute()), page, may_be_stream=True)
    except RunStopped as error:
        error.hint = "name another file with --output"  # nothing was bought
        raise


def _savings() -> Savings | None:
    """Return what the cache of this user has saved, None where it never did."""
    from meetcli.writers.html_report import Savings

    try:
        folder = load_process_settings({}).settings.cache_dir
    except UsageError:  # a user without a home folder, or settings that are wrong for a run: a report needs neither
        return None
    lifetime = read_lifetime(folder) if folder else None
    if lifetime is None or lifetime.began_at is None:
        return None
    hits = sum(amount for name, amount in lifetime.total.items() if name.partition(".")[0] == "hits")
    return Savings(lifetime.total.get("saved_usd", Decimal(0)), int(hits), lifetime.began_at.date()) if hits else None
