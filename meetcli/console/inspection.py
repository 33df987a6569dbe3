"""What `inspect` and `formats` show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import NamedTuple, TextIO

from rich.table import Table
from rich.text import Text

from meetcli.console import PipeSafeConsole
from meetcli.models import UNREAD, Meeting, Source, Status, Turn
from meetcli.plain_text import count_text, failure_text, money_text, printable

_SHOWN_SPEAKERS = 8
_ALL_FIELDS = 7
"""So many fields can a meeting have: a format that holds them all needs no list of them."""


class Inspected(NamedTuple):
    """One meeting as it was understood, or why an input is none. `cost_usd` None means that the price is unknown.

    `way_to_ids` is what would give it those of `missing_ids`. `doubts` are (name, measure, what it says). `taken` says
    which list and fields of JSON or a table were taken for what, where nothing but their names says it.
    """

    source: Source
    status: Status
    reason: str | None = None
    error: str | None = None
    hint: str | None = None
    format: str = ""
    taken: tuple[tuple[str, str], ...] = ()
    meeting: Meeting | None = None
    key: str | None = None
    missing_ids: tuple[str, ...] = ()
    way_to_ids: str = ""
    doubts: tuple[tuple[str, float, str], ...] = ()
    words: int = 0
    tokens: int = 0
    cost_usd: Decimal | None = None

    @property
    def speakers(self) -> list[str]:
        """Who speaks, in the order of their first words; without those nobody knows."""
        turns = self.meeting.turns if self.meeting else ()
        return list(dict.fromkeys(turn.speaker for turn in turns if turn.speaker is not None))


class FormatLine(NamedTuple):
    """What a format carries."""

    name: str
    source: str
    speakers: str
    times: str
    ids: tuple[str, ...]
    is_from_documentation: bool


def print_inspected(
    found: Iterable[Inspected], stream: TextIO, *, shows_turns: bool, width: int | None = None
) -> list[Inspected]:
    """Print each meeting as it comes, then how many there are; return all of them without their turns.

    Raises BrokenPipeError when nobody reads.
    """
    console = PipeSafeConsole(
        file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=shows_turns
    )
    counts: Counter[str] = Counter()
    seen: list[Inspected] = []
    for one in found:
        if one.meeting is not None:
            counts["understood"] += 1
            console.print(_heading(one, one.meeting))
            if shows_turns:
                _print_turns(console, one.meeting.turns)
            console.print()
        elif one.status is Status.FAILED or one.reason == UNREAD:
            counts["failed" if one.status is Status.FAILED else UNREAD] += 1
            print_failure(console, one)
            console.print()
        else:
            counts[f"skipped: {(one.reason or '').replace('_', ' ')}"] += 1
        seen.append(one._replace(meeting=None))
    totals = [
        f"{count_text(counts.pop('understood', 0), 'meeting')} understood",
        *(f"{count:,} {what}" for what, count in counts.items()),
    ]
    console.print(Text(", ".join(totals)))
    return seen


def _heading(one: Inspected, meeting: Meeting) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in _facts(one, meeting):
        grid.add_row(name, Text(printable(value)))
    return grid


def _facts(one: Inspected, meeting: Meeting) -> Iterator[tuple[str, str]]:
    yield "file", printable(one.source.label)
    yield "format", one.format
    if one.taken:
        yield "taken as", ", ".join(f"{what}: {name}" for what, name in one.taken)
    yield "meeting", meeting.meeting_id or "-"
    yield (
        "customer",
        " ".join(filter(None, (meeting.customer_id, meeting.customer_name and f"({meeting.customer_name})"))) or "-",
    )
    yield "date", meeting.meet_date or "-"
    if meeting.banker_id or meeting.banker_name:
        yield "banker", " ".join(filter(None, (meeting.banker_id, meeting.banker_name and f"({meeting.banker_name})")))
    if meeting.meet_type:
        yield "type", meeting.meet_type
    if one.missing_ids:
        lacking = ", ".join(one.missing_ids)
        yield "key", f"{one.key} (of its content)" if one.key else f"none without {lacking}, so no answer can be kept"
        yield "ids", f"no {lacking}: {one.way_to_ids}"
    else:
        yield "key", one.key or "none"
    starts_and_ends = chain.from_iterable((turn.start_s, turn.end_s) for turn in meeting.turns)
    times = [time for time in starts_and_ends if time is not None]
    yield "turns", f"{len(meeting.turns):,}" + (f", times up to {_clock(max(times))}" if times else ", without times")
    yield "speakers", _speakers_text(one.speakers)
    for _, _, says in one.doubts:
        yield "doubt", says
    yield "words", f"{one.words:,}"
    yield "tokens", f"about {one.tokens:,} for extract"
    yield "price", f"about {money_text(one.cost_usd)}" if one.cost_usd is not None else "unknown"


def _speakers_text(speakers: Sequence[str]) -> str:
    if not speakers:
        return "not known"
    shown = ", ".join(speakers[:_SHOWN_SPEAKERS])
    return f"{len(speakers)}: {shown}" + (
        f" and {len(speakers) - _SHOWN_SPEAKERS} more" if len(speakers) > _SHOWN_SPEAKERS else ""
    )


def _print_turns(console: PipeSafeConsole, turns: Iterable[Turn]) -> None:
    for number, turn in enumerate(turns, 1):
        at = f" {_clock(turn.start_s)}" if turn.start_s is not None else ""
        line = Text(f"{number:>5}{at} ", style="dim")
        line.append(f"{printable(turn.speaker or '?')}: ", style="not dim bold")
        line.append(printable(" ".join(turn.text.split())), style="not dim not bold")
        console.print(line)


def print_failure(console: PipeSafeConsole, one: Inspected, *, others: int = 0) -> None:
    """Print why an input failed, or why what looks like a transcript was not read, and what to do.

    `others` is how many more there are of the same.
    """
    label = Text("unread: ", style="bold yellow") if one.reason == UNREAD else Text("error: ", style="bold red")
    why = failure_text(one.source.label, one.error) if one.error else one.reason or "failed"
    why = f"{others + 1:,} files, the first {why}" if others else why
    console.print(label.append(printable(why), style="default not bold"))
    if one.hint:
        console.print(Text("hint: ", style="bold").append(printable(one.hint), style="not bold"))


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _ids_text(ids: Sequence[str]) -> str:
    return "all" if len(ids) >= _ALL_FIELDS else ", ".join(ids) or "-"


def print_formats(lines: Iterable[FormatLine], stream: TextIO, *, width: int | None = None) -> None:
    """Print a line a format. Raises BrokenPipeError when nobody reads."""
    console = PipeSafeConsole(file=stream, width=width, highlight=False, markup=False, emoji=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    # As wide as their longest single word: a name is not cut at 80 columns.
    for heading, least in (("format", 20), ("written by", 21), ("speakers", 8), ("times", 10), ("ids", 11)):
        table.add_column(heading, min_width=least)
    for line in lines:
        name = Text(line.name).append(" *", style="dim") if line.is_from_documentation else Text(line.name)
        table.add_row(name, line.source, line.speakers, line.times.replace(" and ", ", "), _ids_text(line.ids))
    console.print(table)
    console.print(Text("\n* from documentation: no real file was at hand", style="dim"))
    console.print(
        Text(
            "Also .gz and .zip of these, JSON lists and .jsonl with one of these a place, and standard input.",
            style="dim",
        )
    )
