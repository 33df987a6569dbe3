"""What planning needs from outside. Does nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from meetcli.delivery import Deliver
from meetcli.models import Source

Find = Callable[[Source, str], str | None]
"""Returns where a meeting's result is, if one of this SHA-256 is in its place already."""


class PlanPorts(NamedTuple):
    """What planning needs from outside, so that nothing here knows a clock, a sidecar or a writer.

    `now` is aware UTC. `deliver` takes each meeting that is settled. `identify` gives an input the fields of its
    meeting that come from outside its bytes. A hit whose result `find` finds is delivered without it. `content_keys`
    is filled with the keys of meetings without ids, each before its meeting is delivered.
    """

    now: datetime
    deliver: Deliver
    identify: Callable[[Source], Source] = lambda source: source
    find: Find = lambda source, sha256: None
    content_keys: set[str] | None = None
