"""Times as people write them, and whether a document counts in seconds or milliseconds: told by how fast people speak.

Nobody says a hundred letters a second or one in ten seconds, and the two units are a thousand apart, so letters over
spans tell them apart where a field's name may lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, NamedTuple

from meetcli.readers.turns import Piece

Kind = Literal["number", "seconds", "moment"]

_SLOWEST, _FASTEST = 0.3, 100.0
"""Letters a second."""
_FASTEST_MS = 50.0
_LEAST_MS = 300.0
"""What ends before this many milliseconds is no recording."""
_JUDGED = 300
_MAX_CHARACTERS = 40
_EPOCH = 1e9
_MS = 1000.0
_HOUR_S = 3600.0
"""A clock that begins later shows the time of day, and not how long a recording has run."""
_MOST_DAYS_S = 5 * 86_400.0

_CLOCK = re.compile(r"[\[(]?(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})(?:[.,](\d{1,9}))?[\])]?")
_FRAMES = re.compile(r"(\d{1,3})[:;](\d{2})[:;](\d{2})[:;](\d{2})")
_FRAMES_A_SECOND = 30
_ISO_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?")
_SUFFIXED = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s?(ms|s|sec|seconds)", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


class Time(NamedTuple):
    """A time as it stands: a bare number, of which the unit is not known yet; seconds; or a moment, since 1970."""

    value: float
    kind: Kind


def time_of(value: object) -> Time | None:
    """Return a time written in any of the usual ways; None for what is none."""
    if type(value) is float or type(value) is int:
        return _of_number(float(value)) if -1 < value < 1e17 else None
    if type(value) is str:
        return _of_text(value.strip()) if len(value) <= _MAX_CHARACTERS else None
    if type(value) is dict:
        return _of_object(value)
    return None


def _of_number(number: float) -> Time:
    if number >= _EPOCH:  # a recording of thirty years in seconds, of eleven days in milliseconds
        while number >= _EPOCH * 100:
            number /= _MS
        return Time(number, "moment")
    return Time(max(0.0, number), "number")


def _of_object(value: dict[str, object]) -> Time | None:
    if "relative" in value and value["relative"] is not None:
        return time_of(value["relative"])
    if "seconds" in value or "nanos" in value:
        whole, nanos = time_of(value.get("seconds") or 0), time_of(value.get("nanos") or 0)
        return Time(whole.value + min(nanos.value, 1e9) / 1e9, "seconds") if whole and nanos else None
    return time_of(value.get("absolute"))


def _of_text(text: str) -> Time | None:
    if not text:
        return None
    if text[0].isdigit() and ":" not in text and "-" not in text:
        try:
            return _of_number(float(text.replace(",", ".")))
        except ValueError:
            pass
        suffixed = _SUFFIXED.fullmatch(text)
        if suffixed:
            return Time(float(suffixed[1]) / (_MS if suffixed[2].lower() == "ms" else 1), "seconds")
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, whole, part = clock.groups()
        return Time(int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{whole}.{part or 0}"), "seconds")
    frames = _FRAMES.fullmatch(text)
    if frames:
        hours, minutes, whole, part = frames.groups()
        return Time(int(hours) * 3600 + int(minutes) * 60 + int(whole) + int(part) / _FRAMES_A_SECOND, "seconds")
    duration = _ISO_DURATION.fullmatch(text)
    if duration and text != "PT":
        hours, minutes, whole = (float(part or 0) for part in duration.groups())
        return Time(hours * 3600 + minutes * 60 + whole, "seconds")
    return _of_moment(text)


def _of_moment(text: str) -> Time | None:
    if not _MOMENT.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Time((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), "moment")


class Spoken(NamedTuple):
    """A piece as it stands in a document, its times not judged yet."""

    speaker: str | None
    text: str
    start: Time | None
    end: Time | None
    duration: Time | None = None


def unit_of(spans: Iterable[tuple[int, float | None, float | None]], default: float) -> float:
    """Return how many units of bare numbers are a second, 1 or 1000, from letters, start and end of each piece.

    The default where nothing tells.
    """
    known = [(letters, start, end) for letters, start, end in _first(spans) if letters and start is not None]
    rates = [letters / (end - start) for letters, start, end in known if end is not None and end > start]
    starts = [(letters, start) for letters, start, _ in known if start is not None]
    if not rates:
        rates = [letters / (after - start) for (letters, start), (_, after) in pairwise(starts) if after > start]
        rates = sorted(rates)[len(rates) // 2 :]  # who falls silent says nothing about how fast people speak
    if not rates:
        return default
    rate = sorted(rates)[len(rates) // 2]
    last = max(end if end is not None else start for _, start, end in known if start is not None)
    if _SLOWEST <= rate <= _FASTEST:
        return 1
    return _MS if _SLOWEST <= rate * _MS <= _FASTEST_MS and last >= _LEAST_MS else default


def _first(
    spans: Iterable[tuple[int, float | None, float | None]],
) -> list[tuple[int, float | None, float | None]]:
    found = []
    for span in spans:
        found.append(span)
        if len(found) == _JUDGED:
            break
    return found


def in_seconds(pieces: Iterable[Piece], *, default: float = 1) -> list[Piece]:
    """Return pieces whose times are bare numbers with times in seconds, as the pieces tell the unit."""
    found = list(pieces)
    return scaled(found, unit_of(((len(piece.text), piece.start_s, piece.end_s) for piece in found), default))


def scaled(pieces: list[Piece], unit: float) -> list[Piece]:
    """Return pieces with times in seconds, of which each is so many units."""
    if unit == 1:
        return pieces
    return [
        Piece(speaker, text, None if start is None else start / unit, None if end is None else end / unit)
        for speaker, text, start, end in pieces
    ]


def timed(
    spoken: Sequence[Spoken], *, unit: float | None = None, origin: float | None = None
) -> tuple[list[Piece], str]:
    """Return pieces with times in seconds from the start of the recording, and how their times were written.

    `unit` says how many units are a second where the format does, `origin` when the recording began, since 1970.
    """
    kinds = {one.start.kind for one in spoken if one.start}
    if "moment" in kinds:
        return _of_moments(spoken, origin), "dates and times"
    if "number" not in kinds and kinds and next(one.start.value for one in spoken if one.start) >= _HOUR_S:
        return [Piece(one.speaker, one.text) for one in spoken], "times of day, left out"
    if unit is None:
        unit = unit_of(map(_bare, spoken), 1) if "number" in kinds else 1
    name = {1: "seconds", 1000: "milliseconds"}.get(int(unit), f"1/{unit:g} s")
    return [_piece(one, unit) for one in spoken], name if "number" in kinds else "clock times" if kinds else ""


def _bare(one: Spoken) -> tuple[int, float | None, float | None]:
    start = one.start.value if one.start and one.start.kind == "number" else None
    end = one.end.value if one.end and one.end.kind == "number" else None
    if end is None and start is not None and one.duration and one.duration.kind == "number":
        end = start + one.duration.value
    return len(one.text), start, end


def _piece(one: Spoken, unit: float) -> Piece:
    start, end, length = (_scaled(time, unit) for time in (one.start, one.end, one.duration))
    if end is None and start is not None and length is not None:
        end = start + length
    return Piece(one.speaker, one.text, start, end)


def _scaled(time: Time | None, unit: float) -> float | None:
    if time is None or time.kind == "moment":
        return None
    return time.value / unit if time.kind == "number" else time.value


def _of_moments(spoken: Sequence[Spoken], origin: float | None) -> list[Piece]:
    starts = [one.start.value for one in spoken if one.start and one.start.kind == "moment"]
    first = min(starts)
    if origin is None or not 0 <= first - origin <= _MOST_DAYS_S:
        origin = first
    unit = unit_of(((len(one.text), 0.0, one.duration.value) for one in spoken if one.duration), 1)
    pieces = []
    for one in spoken:
        start, end = (
            round(time.value - origin, 3) if time and time.kind == "moment" and time.value >= origin else None
            for time in (one.start, one.end)
        )
        if end is None and start is not None and one.duration:
            end = start + one.duration.value / (unit if one.duration.kind == "number" else 1)
        pieces.append(Piece(one.speaker, one.text, start, end))
    return pieces
