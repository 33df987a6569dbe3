"""Engines room: reads out of a refusal how much a server takes. Pure; knows the look of such sentences, not a vendor's.

Every vendor words it differently, and all of them put the number beside a word for a limit:
"maximum context length is 8192 tokens", "208310 tokens > 199999 maximum", "`max_tokens` must be <= 4096".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

LEAST_BOUND: Final = 256
"""Smaller numbers are statuses, versions and lower ends of a range."""
NUMBER: Final = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.])\d{3,9}(?![\d\w])")
RANGE: Final = re.compile(r"\[\s*\d+\s*[,-]\s*(?P<most>\d{3,9})\s*\]")
CLAUSE: Final = re.compile(r"[.;](?:\s|$)|[,:](?=\s*\")|,\s(?!\d)")
LIMIT: Final = re.compile(
    r"\b(maximum|max|limit(ed)?|at most|up to|less than|no more than|not exceed|range|only|supports?|supported|allowed|"
    r"n_ctx|max_model_len|num_ctx|context (length|size|window))\b|[<>≤≥]"
)
LIMIT_AFTER: Final = re.compile(r"\W*(tokens?\W+)?(maximum|max\b|limit)")
EXCESS: Final = re.compile(r"\bby\W*(about\W*)?$")
WRITTEN: Final = re.compile(r"max_?(completion_|new_|output_?)?tokens|output|completion|generat")
READ: Final = re.compile(r"context|window|input|prompt|sequence|n_ctx|max_model_len|num_ctx")
COUNTED_BEFORE: Final = re.compile(r"\b(has|contains|input|prompt|messages|requested)\b")
COUNTED_AFTER: Final = re.compile(r"\W*(tokens?\W+)?(of |in |from )?(the |your |text |`)*(input|messages|prompt)")
TOO_LONG: Final = re.compile(
    r"\b(context|prompt|tokens?|sequence)\b.{0,60}\b(exceed|overflow|too (long|large|many)|larger than|longer than)"
    r"|(exceed|too (long|large|many)|larger than|longer than|reduce)\w*\b.{0,60}\b(context|prompt|tokens?|sequence)\b"
    r"|exceed_context",
    re.DOTALL,
)


class Bounds(NamedTuple):
    """What a refusal says, in tokens: the most that is written, the most that is read and written, what was read."""

    output: int | None = None
    window: int | None = None
    read: int | None = None


def read_bounds(said: str, *, cap: int | None, status: int = 0) -> Bounds:
    """Return the bounds that a refusal names. `said` is in lower case; `cap` is what was asked for."""
    found = [one for one in _numbers(said) if one.value != status]
    limits = [one for one in found if _is_limit(one)]
    if ranged := RANGE.search(said):
        return Bounds(output=int(ranged["most"]))
    if not limits:
        return Bounds()
    limit = min(limits, key=lambda one: one.value)
    most = limit.value - ("exclusive" in limit.after)
    is_written, is_read = bool(WRITTEN.search(limit.before)), bool(READ.search(limit.before))
    if not is_written and not is_read:
        is_written, is_read = bool(WRITTEN.search(limit.after)), bool(READ.search(said))
        is_written = is_written or (not is_read and cap is not None and cap > most)
    elif is_written and is_read:  # their sum
        is_written = False
    if is_written:
        return Bounds(output=most)
    others = [one for one in found if one not in limits and one.value != cap]
    counted = [one.value for one in others if COUNTED_AFTER.match(one.after)]
    counted = counted or [one.value for one in others if COUNTED_BEFORE.search(one.before)]
    return Bounds(window=most, read=max(counted, default=None))


def says_too_long(said: str) -> bool:
    """Return whether a refusal is about the length of what was sent."""
    return TOO_LONG.search(said) is not None


class _Number(NamedTuple):
    value: int
    before: str
    after: str


def _numbers(said: str) -> Iterator[_Number]:
    """Yield the numbers that may be bounds, each with its clause up to the numbers beside it."""
    found = [one for one in NUMBER.finditer(said) if int(one[0].replace(",", "")) >= LEAST_BOUND]
    for place, one in enumerate(found):
        since = found[place - 1].end() if place else 0
        until = found[place + 1].start() if place + 1 < len(found) else len(said)
        before = CLAUSE.split(said[since : one.start()])[-1]
        yield _Number(int(one[0].replace(",", "")), before, CLAUSE.split(said[one.end() : until])[0])


def _is_limit(one: _Number) -> bool:
    if EXCESS.search(one.before):
        return False
    return LIMIT.search(one.before) is not None or LIMIT_AFTER.match(one.after) is not None
