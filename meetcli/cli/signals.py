"""SIGINT and SIGTERM: the first asks for an orderly end, the second leaves at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether, and by which signal, the run was asked to end."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.is_spending = False

    @property
    def exit_code(self) -> int | None:
        """Return 130 or 143, None where nobody asked."""
        return None if self.signal_number is None else 128 + self.signal_number

    def is_asked(self) -> bool:
        """Return whether the run was asked to end."""
        return self.signal_number is not None

    def take(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal. Nothing is being paid for while the plan is made, so there it ends the run at once."""
        if self.signal_number is not None:
            os._exit(128 + number)  # calls under way would hold a second Ctrl-C up for as long as they take
        self.signal_number = number
        if not self.is_spending:
            raise KeyboardInterrupt


@contextmanager
def watched() -> Iterator[Stop]:
    """Install the handlers for the time of a run."""
    stop = Stop()
    before = {number: signal.signal(number, stop.take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
