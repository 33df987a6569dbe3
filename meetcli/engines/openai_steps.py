"""Engines room: steps down to what an unknown server takes, whatever the words of its refusals. Never sends anything.

One request at a time leaves the optional parts of its body out, one by one; the others wait for what it finds. A part
stays out for the run only where that same request is then answered. Refusals cost nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from meetcli.engines.openai_dialect import CAPS, Dialect
from meetcli.engines.openai_wire import Failure
from meetcli.errors import AnswerError
from meetcli.models import Lane, Reply, Request

MOST_PROBES: Final = 3
"""How many different first refusals of a run are looked into: a meeting may have one of its own beside the server's."""
LEAST_ROOM: Final = 512
"""Tokens that an answer needs at least; where a window leaves less, the request is too long for it."""
SPARE_SHARE: Final = 0.05  # of an estimate of what is read
SPARE_TOKENS: Final = 16
CHANGING: Final = re.compile(r"\S*\d\S*")  # numbers and ids of requests differ from one refusal to the next


class Probe:
    """What is tried for one refused request. `out` is what the next attempt leaves out, `first` why it was refused."""

    def __init__(self, request: Request, first: Failure, dialect: Dialect) -> None:
        self._request = request
        self._dialect = dialect
        self._kept_out: frozenset[str] = frozenset()
        self._said = _same(first)
        self._is_last = False
        self._left = deque(dialect.optional_parts(request, first.said))
        self.first = first
        self.out: frozenset[str] = frozenset()

    def go_on(self, refusal: Failure) -> bool:
        """Choose what to leave out next after a refusal; return whether anything is left to try.

        Another refusal than before is progress: what was left out stays out for what follows.
        """
        if self.out != self._kept_out and _same(refusal) != self._said:
            self._kept_out, self._said = self.out, _same(refusal)
            self._left = deque(self._dialect.optional_parts(self._request, refusal.said))
        while self._left:
            self.out = self._kept_out | self._left.popleft()
            if self.out != self._kept_out:
                return True
        self.out, is_new = self._dialect.every_part(self._request), not self._is_last
        self._is_last = True
        return is_new


class Steps:
    """The probes of one run: at most one at a time, and none once somebody was answered."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._probing: Probe | None = None
        self._over = asyncio.Event()
        self._looked_into: set[str] = set()
        self.is_answered = False
        self.cut_at: dict[str, int] = {}  # caps at which answers to open requests were cut
        self.uncounted = 0.0  # tokens that the server read beyond what was estimated, as a chat template

    def is_held(self, probe: Probe | None) -> bool:
        """Return whether an attempt that is no part of the probe under way has to wait for its end."""
        return self._probing is not None and self._probing is not probe

    async def over(self) -> None:
        """Wait until the probe under way is over."""
        await self._over.wait()

    def begin(self, request: Request, refusal: Failure) -> Probe | None:
        """Return a probe for a refused request, None where it would find nothing that is not known."""
        if self.is_answered or len(self._looked_into) >= MOST_PROBES or _same(refusal) in self._looked_into:
            return None
        self._looked_into.add(_same(refusal))
        self._probing = probe = Probe(request, refusal, self._dialect)
        self._over.clear()
        return probe

    def knows(self, refusal: Failure) -> bool:
        """Return whether one like that was looked into."""
        return _same(refusal) in self._looked_into

    def answered(self, probe: Probe | None) -> None:
        """Take in that a request was answered; what its probe left out stays out."""
        self.is_answered = True
        if probe is not None:
            self._dialect.learn(*probe.out)
            self.end(probe)

    def end(self, probe: Probe | None) -> None:
        """Let the others go on, where this is the probe that they wait for."""
        if probe is not None and self._probing is probe:
            self._probing = None
            self._over.set()


class Asking:
    """How one request is asked, from its first refusal to its end. `input_tokens` returns about how many it has."""

    def __init__(
        self, request: Request, dialect: Dialect, steps: Steps, input_tokens: Callable[[Request], float]
    ) -> None:
        self._request = request
        self._dialect = dialect
        self._steps = steps
        self._input_tokens = input_tokens
        self._without: frozenset[str] = frozenset()
        self._cap: int | None = None
        self._asked = 0
        self._version = 0
        self._waits_with: Failure | None = None
        self.probe: Probe | None = None

    def body(self, lane: Lane) -> dict[str, Any]:
        """Return the body to send now."""
        self._version = self._dialect.version
        without = self.probe.out if self.probe is not None else self._without
        body = self._dialect.body(self._request, lane, without=without, cap=self._most())
        self._asked = next((body[name] for name in CAPS if name in body), 0)
        return body

    def useless(self) -> AnswerError | None:
        """Return why asking would buy the same cut answer again, None where it would not."""
        was = self._steps.cut_at.get(self._request.id)
        most = [one for one in (self._most(), self._dialect.most_output) if one is not None]
        if was is None or not most or min(most) > was:
            return None
        return AnswerError(
            f"the answer was cut at {was:,} output tokens, the most that the server gives", reason="truncated"
        )

    def adapts(self, refusal: Failure, *, is_last: bool) -> bool:
        """Take in a refusal; return whether the request is worth asking again at once, because it is asked otherwise.

        `is_last` says that nothing else will be tried.
        """
        if refusal.reason in ("cap_refused", "too_long"):
            return self._takes_cap(refusal)
        if not refusal.is_unexplained:
            return False
        if refusal.ends == "attempt" and self.probe is None and not (is_last or self._dialect.names_part(refusal.said)):
            return False  # it may pass
        if self._version != self._dialect.version:
            return True
        if self._steps.is_held(self.probe):
            self._waits_with = refusal
            return True  # it will be asked otherwise, if the probe under way finds anything
        was = self._steps.cut_at.get(self._request.id)
        if was is not None and was < self._asked:
            self._cap = max(was, self._asked // 2)
            return True
        if self.probe is None:
            self.probe = self._steps.begin(self._request, refusal)
        if self.probe is not None:
            return self.probe.go_on(refusal)
        if self._without or not self._steps.is_answered or not self._dialect.takes_schemas or refusal.ends != "request":
            return False
        self._without = frozenset({"json_schema"})  # others are answered with one; this one may not be
        return True

    def hopeless(self) -> Failure | None:
        """Return its refusal where a probe is over that was begun for the same one and found nothing."""
        refusal, self._waits_with = self._waits_with, None
        is_new = refusal is None or self._version != self._dialect.version or not self._steps.knows(refusal)
        return None if is_new else refusal

    def answered(self, reply: Reply) -> None:
        """Take in that it was answered."""
        self._steps.answered(self.probe)
        if reply.finish == "length":
            self._steps.cut_at[self._request.id] = self._asked
        else:
            self._steps.cut_at.pop(self._request.id, None)

    def end(self) -> None:
        """Let others go on, however it ended."""
        self._steps.end(self.probe)

    def blamed(self, failure: Failure) -> Failure:
        """Return the failure that the request ends with: the one that came first, before parts of it were left out."""
        return self.probe.first if self.probe is not None and failure.is_unexplained else failure

    def _takes_cap(self, refusal: Failure) -> bool:
        bounds, before = refusal.bounds, self._most() or self._request.max_output_tokens
        if bounds.output is not None and bounds.output < self._asked:
            self._dialect.learn_bounds(most_output=bounds.output)
            return True
        if bounds.window is None:
            return False
        self._dialect.learn_bounds(window=bounds.window)
        if bounds.read is not None:
            beyond = bounds.read - self._input_tokens(self._request)
            self._steps.uncounted = max(self._steps.uncounted, beyond)
        left = self._left(bounds.read)
        self._cap = left if left is not None and left < min(self._asked or before, before) else self._cap
        return self._cap is not None and self._cap < self._asked

    def _most(self) -> int | None:
        """Return the highest cap to ask for, None where nothing is known."""
        left = self._left(None)
        caps = [one for one in (self._cap, left) if one is not None]
        return min(caps, default=None)

    def _left(self, read: int | None) -> int | None:
        """Return what the window leaves for the answer; None where that is not known, or too little for any."""
        window = self._dialect.window
        if window is None:
            return None
        estimate = self._input_tokens(self._request)
        taken = read or estimate + max(estimate * SPARE_SHARE, self._steps.uncounted)
        left = int(window - taken - SPARE_TOKENS)
        return left if left >= LEAST_ROOM else None


def _same(refusal: Failure) -> str:
    """Return what equal refusals have in common."""
    return f"{refusal.message} {CHANGING.sub('', refusal.said)}"
