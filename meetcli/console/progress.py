"""The progress of a running run, on a terminal."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from types import TracebackType
from typing import Self, TextIO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from meetcli.console import PipeSafeConsole
from meetcli.models import Outcome, Status
from meetcli.plain_text import money_text


class RunProgress:
    """A bar with counts, running cost and time left, on a terminal. Log lines go above it; it leaves nothing behind."""

    def __init__(self, task: str, total: int, stream: TextIO) -> None:
        self._failed = 0
        self._cost = Decimal(0)
        # Standard output is left alone: results may stream there, and rich would print them on this stream instead.
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[spent]}"),
            TimeRemainingColumn(compact=True),
            console=PipeSafeConsole(file=stream),
            transient=True,
            redirect_stdout=False,
            refresh_per_second=5,
            expand=True,
        )
        self._id = self._progress.add_task(task, total=total, spent="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may be gone by now, and what was bought is still to be counted
            self._progress.stop()

    def tell(self, text: str) -> None:
        """Show a line about what is being waited for."""
        self._progress.update(self._id, spent=text)

    def add(self, outcome: Outcome) -> None:
        """Move on by one meeting."""
        self._failed += outcome.status is Status.FAILED
        self._cost += outcome.spent.cost_usd or 0
        parts = [money_text(self._cost)] if self._cost else []
        if self._failed:
            parts.append(f"{self._failed:,} failed")
        self._progress.update(self._id, advance=1, spent=" · ".join(parts))
