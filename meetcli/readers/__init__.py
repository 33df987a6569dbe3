"""Door of the reading room: from a `Source` to plain mappings. Never judges a meeting's fields; that is `normalize`.

Reading is two steps, so that a run with nothing to do pays for one only: `read` gives the bytes of a unit and their
digest, which an index may already know; `parse` finds the transcripts in them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from meetcli.errors import InputError
from meetcli.models import Outcome, Source, Status
from meetcli.plain_text import place_text
from meetcli.readers.content import LINE_SUFFIXES, Content, NoTranscript, claims_json, open_content
from meetcli.readers.own_marks import is_ours
from meetcli.readers.raw import MAX_BYTES, Raw

__all__ = ["MAX_BYTES", "Content", "Reader", "Rereader", "Transcript", "Unit", "parse", "read"]


class Unit(NamedTuple):
    """The bytes of one file, or of one line of a JSON Lines file, and their SHA-256 in hex."""

    source: Source
    content: bytes
    sha256: str


class Transcript(NamedTuple):
    """One transcript as plain data, not yet judged, and the format it was read as."""

    source: Source
    mapping: Mapping[str, Any]
    format: str


class Reader(Protocol):
    """One format or family of formats. A module with these names is a reader."""

    FORMAT: str
    """What people call it."""

    def claims(self, content: Content) -> bool:
        """Say whether this is the format, by its keys or marks; never by a name and never by the size of a number."""
        ...

    def transcripts(self, content: Content) -> Iterable[tuple[int | None, Mapping[str, Any] | InputError]]:
        """Yield (1-based place, or None where the file is one meeting; what `normalize` takes, or why not).

        The mapping is one of the canonical shapes, or `{"turns": [{"speaker", "text", "start_s", "end_s"}], "metadata": {...}}`, with
        times in seconds and None for what the format does not say.
        """
        ...


def _readers() -> Iterator[Reader]:
    """Yield every reader in the order they are asked, importing each only when those before it have declined.

    A new format is a module in this folder and two lines here; the strictest claims come first.
    """
    from meetcli.readers import json_transcript

    yield json_transcript


def read(source: Source, *, max_bytes: int = MAX_BYTES) -> Iterator[Unit | Outcome]:
    """Yield the unit of a file, or one a line of a JSON Lines file; what cannot be read is a failed or skipped `Outcome`.

    `max_bytes` bounds a file, and each line of a JSON Lines file, which may itself be of any size.
    """
    try:
        with Raw(source.path) as raw:
            yield from _units(source, raw, max_bytes)
    except InputError as error:
        yield _refused(source, error)


def parse(unit: Unit) -> list[Transcript | Outcome]:
    """Return the transcripts of a unit in their order; what holds none is one failed or skipped `Outcome`.

    A file of no known shape is skipped where it was met in a folder and fails where it was named. In a list or JSON Lines
    file that has transcripts, a place without one fails.
    """
    try:
        return _transcripts(unit)
    except InputError as error:
        return [_refused(unit.source, error)]


class Rereader:
    """Reads a transcript a second time, when its turn to be called has come.

    The last unit is kept parsed, so that a list of meetings is not parsed anew for each of its places.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._unit: tuple[object, ...] = ()
        self._places: dict[int | None, Transcript] = {}

    def read(self, source: Source, sha256: str) -> Transcript:
        """Return the transcript of `source`, whose unit had the digest `sha256`; `InputError` when it has changed since."""
        unit = (source.path, source.offset, sha256)
        if unit != self._unit:
            self._places, self._unit = self._parse(source, sha256), unit
        return self._places[source.place]

    def _parse(self, source: Source, sha256: str) -> dict[int | None, Transcript]:
        with Raw(source.path) as raw:
            if source.offset is None or source.size is None:
                content, source = raw.whole(self._max_bytes), source._replace(place=None)
            else:
                content = raw.part(source.offset, source.size)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError("has changed while this run was under way", hint="run again")
        found = _transcripts(Unit(source, content, sha256))
        return {one.source.place: one for one in found if isinstance(one, Transcript)}


def _units(source: Source, raw: Raw, max_bytes: int) -> Iterator[Unit | Outcome]:
    suffix = _suffix(source)
    if claims_json(raw.head, suffix):
        if raw.is_json_lines(suffix in LINE_SUFFIXES, max_bytes):
            yield from _lines(source, raw, max_bytes)
            return
    elif raw.is_binary():
        raise NoTranscript("is a binary file, not a transcript")
    elif raw.size > max_bytes:
        raise NoTranscript(f"is larger than {max_bytes:,} bytes and does not start as a transcript does")
    content = raw.whole(max_bytes)
    yield Unit(source, content, hashlib.sha256(content).hexdigest())


def _lines(source: Source, raw: Raw, max_bytes: int) -> Iterator[Unit | Outcome]:
    is_first = True
    for place, offset, line in raw.lines(max_bytes):
        at = source._replace(place=place, offset=offset)
        if isinstance(line, InputError):
            yield _refused(at, line)
        else:
            unit = Unit(at._replace(size=len(line)), line, hashlib.sha256(line).hexdigest())
            if is_first:
                _require_transcripts(unit)
            yield unit
        is_first = False
    if is_first:
        raise NoTranscript("is empty")


def _require_transcripts(first: Unit) -> None:
    """Raise `NoTranscript` for a whole JSON Lines file by its first line, so that a log of a million lines is one skipped file."""
    try:
        _transcripts(first)
    except NoTranscript:
        raise
    except InputError:
        pass  # one bad line; the others may be good


def _transcripts(unit: Unit) -> list[Transcript | Outcome]:
    content = open_content(unit.content, _suffix(unit.source))
    if is_ours(content):
        raise NoTranscript("is a result that meetcli wrote, not a transcript", reason="own_result")
    for reader in _readers():
        if reader.claims(content):
            return [_found(unit.source, place, found, reader.FORMAT) for place, found in reader.transcripts(content)]
    shape = "text" if content.document is None else "JSON"
    tried = ", ".join(reader.FORMAT for reader in _readers())
    raise NoTranscript(f"is {shape} of no known transcript shape (tried: {tried})")


def _found(source: Source, place: int | None, found: Mapping[str, Any] | InputError, name: str) -> Transcript | Outcome:
    at = source if place is None else source._replace(place=place)
    return _refused(at, found) if isinstance(found, InputError) else Transcript(at, found, name)


def _refused(source: Source, error: InputError) -> Outcome:
    # A line of a JSON Lines file is past the first one, which has shown that the file holds transcripts: it is a bad meeting.
    is_skipped = isinstance(error, NoTranscript) and not source.is_named and source.offset is None
    if is_skipped:
        return Outcome(source, Status.SKIPPED, reason=error.reason)
    return Outcome(
        source, Status.FAILED, reason=error.reason, error=f"{place_text(source.shown, source.place)}: {error.message}", hint=error.hint
    )


def _suffix(source: Source) -> str:
    return os.path.splitext(source.name)[1].lower()  # noqa: PTH122 - a string is all we have
