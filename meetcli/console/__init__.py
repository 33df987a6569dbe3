"""What a person watching sees: `table` of a finished run, `progress` of a running one. The only importers of rich.

Importing either costs twice what Python takes to start: only a run that prints a table or has a terminal to animate
does.
"""

from __future__ import annotations

from rich.console import Console


class PipeSafeConsole(Console):
    """A console that leaves it to the caller what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Raise again: rich would end the process with exit code 1, and a closed pipe is no error here."""
        raise BrokenPipeError
