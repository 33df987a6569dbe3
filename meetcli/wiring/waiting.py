"""Says that a run does nothing but wait for its server, and until when."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

log = logging.getLogger("meetcli")

EVERY_S: Final = 30.0
WORTH_A_LINE_S: Final = 5.0
"""Shorter waits are part of any run, and nobody wants a mail of them."""
WORTH_SHOWING_S: Final = 1.0
PAUSE_S: Final = 5.0
"""A silence this long means that calls were made in between: the next wait is another one."""


class WaitNotice:
    """One line about waiting: in the progress where there is one, else as a warning, at most every 30 seconds."""

    def __init__(
        self,
        progress: Callable[[], Callable[[str], None] | None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._progress = progress
        self._monotonic = monotonic
        self._now = now
        self._began_at = self._seen_at = self._logged_at = float("-inf")

    def tell(self, left_s: float) -> None:
        """Take in that everything waits, for `left_s` seconds more; called time and again while it does."""
        at = self._monotonic()
        if at - self._seen_at > PAUSE_S:
            self._began_at = at
        self._seen_at = at
        if show := self._progress():
            if left_s >= WORTH_SHOWING_S:
                show(f"waiting until {self._until(left_s)}")
        elif at - self._began_at + left_s >= WORTH_A_LINE_S and at - self._logged_at >= EVERY_S:
            self._logged_at = at
            log.warning("no call is under way: waiting until %s to ask the server again", self._until(left_s))

    def _until(self, left_s: float) -> str:
        return f"{(self._now() + timedelta(seconds=left_s)).astimezone():%H:%M:%S}"
