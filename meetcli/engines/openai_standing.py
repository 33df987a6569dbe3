"""Engines room: does anybody get through? Tells one meeting's refusal from a run in which no call can work.

Never sends, never waits.

A refusal is its own meeting's failure as long as others are answered. From the first one with nobody answered since,
the run is in doubt: calls under way are waited for, and others go one at a time. Where that brings no answer either,
the run stops.
"""

from __future__ import annotations

from typing import Final

from meetcli.engines.openai_wire import Failure

ACCOUNT: Final = frozenset({"key_refused", "insufficient_quota"})
"""Refusals of an account, which past answers in the cache say nothing about: it may have changed since."""
REQUEST: Final = frozenset({"forbidden", "not_found", "unknown_model", "bad_request", "flagged"})
"""Refusals that may be about what one meeting says."""
ENOUGH: Final = 3
"""So many meetings refused in a row, and nobody answered, are no matter of the meetings any more."""


class Standing:
    """Who was answered and who was refused so far.

    `hits` are this run's answers from the cache, from the same endpoint and model: it was able to answer then.
    """

    def __init__(self, hits: int) -> None:
        self._hits = hits
        self._answers = 0
        self._refused = 0  # since the last answer
        self._first: Failure | None = None
        self._account: Failure | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether calls go one at a time until one is answered."""
        return self._refused > 0

    def answered(self) -> None:
        """Take in a live answer."""
        self._answers += 1
        self._refused, self._first, self._account = 0, None, None

    def refused(self, failure: Failure) -> None:
        """Take in that a meeting was given up; other reasons than refusals count for nothing."""
        if failure.reason in ACCOUNT:
            self._account = self._account or failure
        elif failure.reason not in REQUEST or self._answers:
            return
        self._refused += 1
        self._first = self._first or failure

    def lost(self, under_way: int) -> Failure | None:
        """Return why no call can work, None while one may. `under_way` are the calls that may still be answered."""
        if under_way or not self._refused:
            return None
        needed = 1 if self._account and not self._answers else ENOUGH
        return (self._account or self._first) if self._refused >= needed else None

    def lost_at_end(self) -> Failure | None:
        """Return why nobody was answered, once there is no more to ask; None where somebody was."""
        why = self._account or self._first
        if why is None or self._answers or (self._hits and self._account is None):
            return None
        # One or two that are refused without a reason may be what is wrong with these meetings.
        return None if why.reason in {"bad_request", "flagged"} else why
