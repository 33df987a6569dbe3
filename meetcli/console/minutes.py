"""The minutes of a result, readable in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from meetcli.console import PipeSafeConsole
from meetcli.minutes import Claim, Minutes, Section, Sentiment

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 110
"""Columns of prose beyond which eyes lose the next line."""


def print_minutes(minutes: Sequence[Minutes], stream: TextIO, *, width: int | None = None) -> None:
    """Print minutes one after the other, in color on a terminal. Raises BrokenPipeError when nobody reads."""
    console = PipeSafeConsole(file=stream, width=width, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, _WIDEST)
    for number, one in enumerate(minutes):
        if number:
            console.print()
            console.rule(style="dim")
            console.print()
        _print_one(console, one)


def sparkline(scores: Sequence[float]) -> str:
    """Return scores from 0 to 1 as bars, one character each."""
    return "".join(_BARS[min(int(score * len(_BARS)), len(_BARS) - 1)] for score in scores)


def _print_one(console: Console, minutes: Minutes) -> None:
    console.print(Text(minutes.title, style="bold"))
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")  # not rich's ellipsis: minutes lose nothing, however long a word
    for label, value in minutes.facts:
        facts.add_row(label, Text(value))
    if minutes.sentiment:
        facts.add_row(minutes.sentiment.title, _sentiment(minutes.sentiment))
    console.print(facts)
    if minutes.summary:
        _heading(console, minutes.summary_title)
        console.print(Padding(Text(minutes.summary), (0, 0, 0, 2)))
    for section in minutes.sections:
        _print_section(console, section)


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold cyan"))


def _print_section(console: Console, section: Section) -> None:
    _heading(console, section.title)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for claim in section.claims:
        grid.add_row("  ☐" if section.is_checklist else "  •", _claim(claim))
    console.print(grid)


def _claim(claim: Claim) -> Text:
    text = Text(claim.text)
    if claim.details:
        text.append(f" ({', '.join(claim.details)})", style="yellow")
    if claim.quote:
        who = ", ".join(part for part in (claim.quote.speaker, claim.quote.time) if part)
        text.append(f"\n“{claim.quote.text}”" + (f" — {who}" if who else ""), style="dim italic")
    return text


def _sentiment(sentiment: Sentiment) -> Text:
    text = Text(f"{sentiment.label} ({sentiment.score:.2f})", style=_style(sentiment.score))
    if sentiment.course:
        text.append("  ")
        for score in sentiment.course:
            text.append(sparkline([score]), style=_style(score))
    return text


def _style(score: float) -> str:
    """Return the color of a score, from the thresholds of the contract's labels."""
    if score >= 0.6:
        return "green"
    return "yellow" if score >= 0.4 else "red"
