"""What a run would do with a meeting, and why, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.table import Table
from rich.text import Text

from meetcli.console import PipeSafeConsole


def print_explanation(
    title: str,
    facts: Iterable[tuple[str, str]],
    parts: list[tuple[str, str, str, str]],
    stream: TextIO,
    *,
    width: int | None = None,
) -> None:
    """Print facts by label, then the parts of both fingerprints side by side: name, ours, theirs, verdict."""
    console = PipeSafeConsole(file=stream, width=width, highlight=False, markup=False, emoji=False)
    console.print(Text(title, style="bold"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts:
        grid.add_row(label, Text(value))
    console.print(grid)
    if not parts:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("part", "asked now", "in the cache", ""):
        table.add_column(heading, no_wrap=heading == "part")
    for name, ours, theirs, verdict in parts:
        table.add_row(name, Text(ours), Text(theirs), Text(verdict, style="yellow" if verdict == "differs" else "dim"))
    console.print()
    console.print(table)
