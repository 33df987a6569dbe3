"""SIGINT, SIGTERM and SIGHUP: the first asks for an orderly end, the second leaves at once.

SIGHUP, from a terminal that was closed, counts as SIGTERM: nobody is there to ask twice, and the calls under way are
paid for.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether, and by which signal, the run was asked to end.

    Also set, without a signal, when nobody reads its results any more.

    With `finishes_first` the run finishes what it has begun and `tell`, given the signal, says so; without, the first
    one raises KeyboardInterrupt. `tidy` is called before the second one ends the process.
    """

    def __init__(self, tidy: Callable[[], None] = lambda: None) -> None:
        self.signal_number: int | None = None
        self.is_unread = False
        self.finishes_first = False
        self.tell: Callable[[int], object] = lambda number: None
        self.tidy = tidy
        self._terminals = [handle for handle in (1, 2) if os.isatty(handle)]

    def is_asked(self) -> bool:
        """Return whether the run was asked to end."""
        return self.signal_number is not None or self.is_unread

    def take(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal."""
        if number == signal.SIGHUP:
            number = signal.SIGTERM
            self._leave_lost_terminal()
        if self.signal_number is not None:
            self.tidy()
            os._exit(128 + number)  # calls under way would hold a second Ctrl-C up for as long as they take
        self.signal_number = number
        if not self.finishes_first:
            raise KeyboardInterrupt(number)
        self.tell(number)

    def _leave_lost_terminal(self) -> None:
        """Send what is still to be shown nowhere.

        Writing to a terminal that is gone would fail a run that ends in order.
        """
        for handle in self._terminals:
            if not os.isatty(handle):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, handle)
                os.close(nowhere)


@contextmanager
def watched(tidy: Callable[[], None]) -> Iterator[Stop]:
    """Install the handlers for the time of a run."""
    stop = Stop(tidy)
    # A shell that starts a command in the background has it ignore Ctrl-C, `nohup` a closed terminal, and each means
    # it.
    heard = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, stop.take) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
