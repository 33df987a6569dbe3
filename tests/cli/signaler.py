"""Sends a signal to a running command at a moment that its server knows: between a call and its answer, or a little
after.
"""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress

from tests.loopback_server import Fault


class Signaler:
    """A server's script that sends a signal before the `at`-th answer, or `later_s` after it.

    The process may be told only once it runs: the server waits with its first answer until then.
    """

    def __init__(self, number: int, *, at: int, later_s: float = 0, fault: Fault | None = None) -> None:
        self._number = number
        self._at = at
        self._later_s = later_s
        self._fault = fault
        self._process_id = 0
        self._known = threading.Event()

    def aim(self, process: subprocess.Popen[bytes]) -> None:
        """Name the process."""
        self._process_id = process.pid
        self._known.set()

    def __call__(self, number: int, _body: object) -> Fault | None:
        if (
            self._known.wait(60) and number == self._at
        ):  # never without a process: 0 would be ours, and all others of its group
            if self._later_s:
                threading.Timer(self._later_s, self._send).start()
            else:
                self._send()
        return self._fault

    def _send(self) -> None:
        with suppress(ProcessLookupError):  # it was faster
            os.kill(self._process_id, self._number)
