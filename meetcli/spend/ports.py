"""What spending needs from outside. Does nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from meetcli.delivery import Deliver
from meetcli.models import Meeting, Source
from meetcli.money.budget import Budget
from meetcli.money.pricing import Price
from meetcli.money.tokens import Window


@dataclass(frozen=True, slots=True)
class SpendPorts:
    """The world as spending sees it, so that nothing here knows a clock, a price table or a signal.

    `read_again` returns the meeting of a source or raises `InputError` where its bytes are no longer those with the
    given digest. `price` is that of the run's model. `now` is aware UTC; `monotonic` counts seconds. `is_stopping`
    turns true for good when no new call may be made. `deliver` takes each meeting that has ended, with its result
    if it has one. `prepare` loads what judging needs; it is called in a thread while the first call is under way.
    `budget` is the one that the engine holds to; `window` is the model's, None where every meeting fits.
    """

    read_again: Callable[[Source, str], Meeting]
    price: Price
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    is_stopping: Callable[[], bool]
    deliver: Deliver
    prepare: Callable[[], None] = lambda: None
    budget: Budget | None = None
    window: Window | None = None
