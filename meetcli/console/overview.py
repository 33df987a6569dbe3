"""What `inspect` shows of a folder: one line a file, so that a person sees at a glance whether it was understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from meetcli.console import PipeSafeConsole
from meetcli.console.inspection import Inspected, print_failure
from meetcli.console.table import shorten_path
from meetcli.models import UNREAD, Status
from meetcli.plain_text import count_text, money_text, printable, sum_text

_HEADINGS = ("file", "format", "turns", "speakers", "date", "ids")
_GAP = 2
_NARROW_FORMAT, _WIDE_FORMAT = 14, 24
_NARROW = 100
_DAY = len("2026-08-05")


def print_overview(found: Iterable[Inspected], stream: TextIO, *, width: int | None = None) -> list[Inspected]:
    """Print a line a file, then why files failed or were not read, and the totals; return all without their turns.

    Raises BrokenPipeError when nobody reads.
    """
    console = PipeSafeConsole(file=stream, width=width, highlight=False, markup=False, emoji=False)
    rows: list[tuple[Text, ...]] = []
    seen: list[Inspected] = []
    for one in found:
        if one.meeting is not None or one.status is Status.FAILED or one.reason == UNREAD:
            rows.append(_row(one))
        seen.append(one._replace(meeting=None))
    if rows:
        _print_rows(console, rows)
        console.print()
    told = [one for one in seen if one.status is Status.FAILED or one.reason == UNREAD]
    for group in _grouped(told):
        print_failure(console, group[0], others=len(group) - 1)
    if told:
        console.print()
    for line in _totals(seen):
        console.print(line)
    return seen


def _grouped(told: Iterable[Inspected]) -> list[list[Inspected]]:
    """Return what failed or was not read by reason and way out: each file has a line of its own above."""
    groups: dict[tuple[str | None, ...], list[Inspected]] = {}
    for one in told:
        groups.setdefault((one.status, one.error, one.hint), []).append(one)
    return list(groups.values())


def _row(one: Inspected) -> tuple[Text, ...]:
    name = Text(printable(one.source.label))
    if one.meeting is None:
        is_failed = one.status is Status.FAILED
        return name, Text("failed" if is_failed else "unread", style="bold red" if is_failed else "yellow")
    speakers = Text(f"{len(one.speakers)}: " if one.speakers else "not known", style="" if one.speakers else "dim")
    if one.doubts:
        speakers = Text(", ".join(_short(name, measure) for name, measure, _ in one.doubts), style="yellow")
    elif one.speakers:
        speakers.append(printable(", ".join(one.speakers)))
    lacking = len(one.missing_ids)
    ids = Text("all") if not lacking else Text("none" if lacking == 3 else f"{3 - lacking} of 3", style="dim")
    date = Text((one.meeting.meet_date or "–")[:_DAY])
    return name, Text(one.format), Text(f"{len(one.meeting.turns):,}"), speakers, date, ids


def _short(name: str, measure: float) -> str:
    number = f"{measure:g}" if measure >= 1 and name == "backwards" else f"{int(measure * 100)}%"
    return f"{name.replace('_', ' ')} {number}"


def _print_rows(console: PipeSafeConsole, rows: Sequence[tuple[Text, ...]]) -> None:
    """Print the lines in columns that fit: names and speakers give way, the file's own name says most."""
    widest = [
        max(cell_len(row[place].plain) for row in rows if len(row) > place) for place in range(len(max(rows, key=len)))
    ]
    widths = [max(cell_len(heading), size) for heading, size in zip(_HEADINGS, widest, strict=False)]
    if len(widths) > 1:
        widths[1] = min(widths[1], _NARROW_FORMAT if console.width < _NARROW else _WIDE_FORMAT)
    room = console.width - sum(widths[1:3]) - sum(widths[4:]) - _GAP * (len(widths) - 1)
    if len(widths) > 3:
        widths[0] = min(widths[0], max(room * 3 // 5, room - widths[3]))
        widths[3] = min(widths[3], room - widths[0])
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for heading, size in zip(_HEADINGS, widths, strict=False):
        table.add_column(heading, width=size, no_wrap=True, justify="right" if heading == "turns" else "left")
    for row in rows:
        table.add_row(Text(shorten_path(row[0].plain, widths[0])), *row[1:])
    console.print(table)


def _totals(seen: Sequence[Inspected]) -> Iterator[Text]:
    """Yield how many meetings, other files, unread and failed there were, what was odd, and what comes next."""
    understood = [one for one in seen if one.words]
    others = Counter(
        (one.reason or "").replace("_", " ") for one in seen if one.status is Status.SKIPPED and one.reason != UNREAD
    )
    line = Text(f"{count_text(len(understood), 'meeting')} understood")
    if others:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in others.most_common())
        line.append(f", {count_text(others.total(), 'other file')} ({kinds})")
    for count, what in (
        (sum(one.reason == UNREAD for one in seen), "unread"),
        (sum(one.status is Status.FAILED for one in seen), "failed"),
    ):
        if count:
            line.append(f", {count:,} {what}", style="yellow")
    yield line
    if not understood:
        return
    doubtful = [one for one in understood if one.doubts]
    if doubtful:
        yield Text(f"{count_text(len(doubtful), 'meeting')} in doubt: look at the turns with --turns", style="yellow")
    for way in _ways(understood):
        yield Text(printable(way), style="dim")
    price = sum_text(one.cost_usd for one in understood)
    known = "" if price == money_text(None) else f"about {price} for extract; "
    yield Text(f"{known}--long shows each in full, --turns who says what", style="dim")


def _ways(understood: Sequence[Inspected]) -> Iterator[str]:
    lacking = Counter(one.missing_ids for one in understood if one.missing_ids)
    for missing, count in lacking.most_common(1):
        first = next(one for one in understood if one.missing_ids == missing)
        yield f"{count_text(count, 'meeting')} without {', '.join(missing)}: {first.way_to_ids}"
