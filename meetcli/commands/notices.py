"""What a run says besides its log: warnings about its plan and its calls, the table or summary, why it was stopped."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from meetcli import events
from meetcli.config import Settings
from meetcli.errors import MeetcliError, RunStopped
from meetcli.meetings.missing_ids import IDS, way_to_ids
from meetcli.models import Plan, Status, add_usd
from meetcli.plain_text import count_text, duration_text, failure_text, money_text
from meetcli.report import RunReport, is_unread
from meetcli.wiring.exits import leave_standard_output, say

MANY = 10
"""Above so many expired answers, a run says what they cost and how to avoid it."""

log = logging.getLogger("meetcli")


def warn_of_plan(planned: Plan, ttl_s: float | None) -> None:
    """Say what is about to be bought again, and which inputs pass for one meeting and are not."""
    warn_of_bypassed(planned)
    expired = [job for job in planned.jobs if job.status is Status.EXPIRED]
    if len(expired) > MANY:
        log.warning(
            "%d answers are older than the TTL of %s; buying them again costs about %s, a longer --ttl keeps them",
            len(expired),
            duration_text(ttl_s),
            money_text(add_usd(*(job.worth_usd for job in expired))),
        )
    for key, sources in planned.conflicts:
        log.warning(
            "%s have the same idempotency key %s... and are not the same: each gets an answer",
            " and ".join(sources),
            key[:16],
        )


def warn_of_bypassed(planned: Plan) -> None:
    """Say, before the first call, which meetings every run buys again."""
    bypassed = [job for job in planned.jobs if job.status is Status.BYPASSED and job.reason == "no_key"]
    if bypassed:
        events.not_well(
            "no_ids",
            f"{count_text(len(bypassed), 'meeting')} without all three ids ({', '.join(IDS)}) cannot be recognized, "
            "and every run asks anew: --key-fallback content recognizes a meeting by its content",
        )


def warn_of_doubts(planned: Plan) -> None:
    """Say, before the first call, which meetings may not have been understood, once a kind of doubt."""
    for name, cases in planned.doubts.items():
        shown, says = cases[0]
        others = f", and so in {count_text(len(cases) - 1, 'other meeting')}" if len(cases) > 1 else ""
        events.not_well(
            "doubt", f"{shown}: {says}{others}; meetcli inspect shows what was understood", doubt=name, count=len(cases)
        )


def warn_of_unread(report: RunReport, planned: Plan, *, is_shown_later: bool) -> None:
    """Say what looks like a transcript and was not read, and where nothing was read at all.

    With `is_shown_later` the table explains each file where this would be read.
    """
    unread = [outcome for outcome in report.in_order() if is_unread(outcome)]
    if unread and not is_shown_later:
        looks = "1 file looks like a transcript and was not read"
        if len(unread) > 1:
            looks = f"{len(unread):,} files look like transcripts and were not read; the first"
        way = f" ({unread[0].hint})" if unread[0].hint else ""
        why = failure_text(unread[0].source.label, unread[0].error or "nobody knows why")
        events.not_well("unread", f"{looks}: {why}{way}", count=len(unread))
    if not planned.jobs and all(outcome.status is Status.SKIPPED for outcome in report.outcomes):
        others = report.total - len(unread)
        held = f" among {count_text(others, 'other file')}" if others else ""
        events.not_well("nothing_read", f"no transcripts found{held}")


def warn_of_fields(*found: Mapping[tuple[str, str], tuple[str, str]]) -> None:
    """Say which fields nobody reads because their names are near misses, once a field and kind of file."""
    for (name, kind), (meant, shown) in {key: said for some in found for key, said in some.items()}.items():
        events.not_well(
            "misspelled_field",
            f"the field {name!r} ({kind}, first of {shown}) is not read: did you mean {meant}?",
            field=name,
            meant=meant,
        )


def ways_to_ids(planned: Plan) -> list[str]:
    """Return which ids are missing and what would give them, the most frequent case first."""
    cases = sorted(planned.without_ids.items(), key=lambda case: -case[1][0])
    return [
        f"{count_text(count, 'meeting')} without {', '.join(missing)}: {way_to_ids(missing, first)}"
        for missing, (count, first) in cases
    ]


def shows_failures(settings: Settings) -> bool:
    """Return whether the table will explain every failure on the screen that the log goes to.

    Then the log need not say it as well.
    """
    if settings.summary != "table" or settings.quiet or settings.log_file or settings.log_format != "text":
        return False
    return sys.stderr.isatty() and _stream(settings).isatty()


def show(report: RunReport, settings: Settings) -> None:
    """Print the table or the summary, then what stopped the run. Raises `RunStopped` where they cannot be written."""
    stream = _stream(settings)
    try:
        if settings.summary == "json":
            stream.write(_summary_text(report.summary()))
        elif settings.summary == "table" and not settings.quiet:
            from meetcli.console.table import print_report

            print_report(report, stream)
        stream.flush()
    except BrokenPipeError:
        leave_standard_output()
    except OSError as error:
        leave_standard_output()
        raise RunStopped(
            f"cannot write to standard output: {error.strerror}", hint="what was bought is safe in the cache"
        ) from error
    if isinstance(report.stopped_by, MeetcliError):
        say(report.stopped_by)


def _summary_text(summary: dict[str, Any]) -> str:
    """Return the summary as JSON, a line a file.

    Indented all through, Python's encoder would be slower than the whole look-up.
    """
    files = ",\n    ".join(json.dumps(file) for file in summary["files"])
    totals = json.dumps({name: value for name, value in summary.items() if name != "files"}, indent=2)
    listed = f"\n    {files}\n  " if files else ""
    return f'{totals[:-2]},\n  "files": [{listed}]\n}}\n'


def _stream(settings: Settings) -> TextIO:
    """Return where the table and the summary go: beside streamed results, to standard error."""
    return sys.stderr if settings.is_streaming else sys.stdout
