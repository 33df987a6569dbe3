"""Door of the reading room: from a `Source` to plain mappings. Never judges a meeting's fields; that is `normalize`.

Reading is two steps, so that a run with nothing to do pays for one only: `read` gives the bytes of a unit and their
digest, which an index may already know; `parse` finds the transcripts in them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from meetcli.errors import InputError
from meetcli.models import Outcome, Source, Status
from meetcli.plain_text import place_text
from meetcli.readers.content import LINE_SUFFIXES, Content, NoTranscript, claims_cues, claims_json, open_content
from meetcli.readers.format import Format
from meetcli.readers.formats import all_formats, format_of
from meetcli.readers.own_marks import is_ours, is_sidecar
from meetcli.readers.raw import GZIP_START, MAX_BYTES, ZIP_STARTS, Bytes, Raw

__all__ = ["MAX_BYTES", "Content", "Format", "Rereader", "Transcript", "Unit", "all_formats", "parse", "read"]

_JUDGED_PLACES = 100
"""So many places of a list are looked at before it is no list of transcripts: a list of a million other things takes no minute."""

Identify = Callable[[Source], Source]
"""Gives a source the fields that come from outside its bytes; may raise `InputError`."""


class Unit(NamedTuple):
    """The bytes of one file, of one file in an archive, or of one line of a JSON Lines file, and their SHA-256 in hex."""

    source: Source
    content: bytes
    sha256: str


class Transcript(NamedTuple):
    """One transcript as plain data, not yet judged, and the format it was read as.

    `is_by_naming` says that it counts as one only because the user named the file.
    """

    source: Source
    mapping: Mapping[str, Any]
    format: str
    is_by_naming: bool = False


def _as_it_is(source: Source) -> Source:
    return source


def read(source: Source, *, max_bytes: int = MAX_BYTES, identify: Identify = _as_it_is) -> Iterator[Unit | Outcome]:
    """Yield the units of a file: itself, a unit a line of a JSON Lines file, those of every file in an archive.

    What cannot be read is a failed or skipped `Outcome`. `max_bytes` bounds a file, what comes out of a compressed one, and each
    line of a JSON Lines file, which may itself be of any size.
    """
    try:
        with Raw(source.path) as raw:
            if raw.head.startswith(ZIP_STARTS):
                yield from _members(source, raw, max_bytes, identify)
            else:
                yield from _units(identify(source), _unpacked(raw, max_bytes), max_bytes)
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

    The last unit is kept parsed, so that a list of meetings is not parsed anew for each of its places, and the last container
    unpacked.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._unit: tuple[object, ...] = ()
        self._found: list[Transcript | Outcome] = []
        self._container: tuple[object, ...] = ()
        self._unpacked: Bytes | None = None

    def read(self, source: Source, sha256: str) -> Transcript:
        """Return the transcript of `source`, whose unit had the digest `sha256`; `InputError` when it has changed since."""
        unit = (source.path, source.member, source.offset, sha256)
        if unit != self._unit:
            self._found, self._unit = self._parse(source, sha256), unit
        found = self._found[source.ordinal]
        if isinstance(found, Outcome):
            raise InputError("has changed while this run was under way", hint="run again")
        return found._replace(source=source)

    def _parse(self, source: Source, sha256: str) -> list[Transcript | Outcome]:
        with Raw(source.path) as raw:
            opened = self._opened(source, raw)
            if source.offset is None or source.size is None:
                content = opened.whole(self._max_bytes)
            else:
                content = opened.part(source.offset, source.size)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError("has changed while this run was under way", hint="run again")
        return _transcripts(Unit(source, content, sha256))

    def _opened(self, source: Source, raw: Raw) -> Bytes:
        if source.member is None and not raw.head.startswith(GZIP_START):
            return raw
        container = (source.path, source.member, raw.changed_at, raw.size)
        if self._unpacked is None or container != self._container:
            if source.member is None:
                self._unpacked = _unpacked(raw, self._max_bytes)
            else:
                from meetcli.readers.containers import member

                self._unpacked = _unpacked(member(raw, source.member, self._max_bytes), self._max_bytes)
            self._container = container
        return self._unpacked


# --- from files to units


def _unpacked(raw: Bytes, max_bytes: int) -> Bytes:
    if not raw.head.startswith(GZIP_START):
        return raw
    from meetcli.readers.containers import gunzip  # imported only for what is compressed, as most is not

    return gunzip(raw, max_bytes)


def _members(source: Source, raw: Raw, max_bytes: int, identify: Identify) -> Iterator[Unit | Outcome]:
    """Yield the units of every file in an archive, which is a folder to us: what is no transcript in it is skipped.

    An archive without any transcript is one skipped or refused file, however many it holds: documents are archives too.
    """
    from meetcli.readers.containers import members

    passed: list[Outcome] = []
    is_proven = False
    for member in members(raw, max_bytes):
        at = source._replace(
            name=os.path.basename(member.path),  # noqa: PTH119 - a string is all we have
            shown=f"{source.shown}/{member.path}",
            is_named=False,
            place=member.number,
            member=member.number,
        )
        for found in _of_member(at, member.path, member.content, max_bytes, identify):
            without = found if isinstance(found, Outcome) or is_proven else _skipped(found)
            if not is_proven and isinstance(without, Outcome):
                passed.append(without)
                continue
            is_proven = True
            yield from passed
            passed.clear()
            yield found
    if is_proven:
        return
    failed = [outcome for outcome in passed if outcome.status is Status.FAILED]
    if not failed:
        raise NoTranscript("is an archive without a transcript" if passed else "is an empty archive")
    yield from passed


def _skipped(unit: Unit) -> Outcome | None:
    """Return the outcome of a unit without a transcript; None for one that has any, or that claims to and is broken."""
    first = parse(unit)[0]
    return first if isinstance(first, Outcome) and first.status is Status.SKIPPED else None


def _of_member(at: Source, path: str, content: Bytes | InputError, max_bytes: int, identify: Identify) -> Iterator[Unit | Outcome]:
    if any(part.startswith(".") for part in path.split("/")) or path.startswith("__MACOSX/"):
        yield Outcome(at, Status.SKIPPED, reason="hidden")
        return
    try:
        if isinstance(content, InputError):
            raise content
        if content.head.startswith(ZIP_STARTS):
            raise NoTranscript("is an archive inside an archive")
        yield from _units(identify(at), _unpacked(content, max_bytes), max_bytes)
    except InputError as error:
        yield _refused(at, error)


def _units(source: Source, raw: Bytes, max_bytes: int) -> Iterator[Unit | Outcome]:
    suffix = _suffix(source)
    if claims_json(raw.head, suffix):
        if raw.is_json_lines(suffix in LINE_SUFFIXES, max_bytes):
            yield from _lines(source, raw, max_bytes)
            return
    elif claims_cues(raw.head, suffix):
        pass
    elif raw.is_binary():
        raise NoTranscript("is a binary file, not a transcript")
    elif raw.size > max_bytes:
        raise NoTranscript(f"is larger than {max_bytes:,} bytes and does not start as a transcript does")
    content = raw.whole(max_bytes)
    yield Unit(source, content, hashlib.sha256(content).hexdigest())


def _lines(source: Source, raw: Bytes, max_bytes: int) -> Iterator[Unit | Outcome]:
    if source.place is not None:
        source = source._replace(result_path=f"{source.result_path}.{source.place}")
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


# --- from a unit to transcripts


def _transcripts(unit: Unit) -> list[Transcript | Outcome]:
    content = open_content(unit.content, _suffix(unit.source), is_named=unit.source.is_named)
    if is_ours(content):
        raise NoTranscript("is a result that meetcli wrote, not a transcript", reason="own_result")
    if is_sidecar(unit.source.name, content):
        raise NoTranscript("says what is known about another file and holds no transcript", reason="sidecar")
    found: list[Transcript | Outcome] = []
    for ordinal, meeting in enumerate(_meetings(content)):
        at = _at(unit.source, meeting.places)._replace(ordinal=ordinal)
        if isinstance(meeting.mapping, InputError):
            found.append(_refused(at, meeting.mapping))
            continue
        is_alone = unit.source.offset is None and not any(meeting.places)
        mapping = _with_given(meeting.mapping, at, is_alone=is_alone)
        found.append(Transcript(at, mapping, meeting.format, meeting.is_by_naming))
    return found


class _Meeting(NamedTuple):
    """What stands at a place of a content, the places from the outermost in."""

    places: tuple[int | None, ...]
    mapping: Mapping[str, Any] | InputError
    format: str = ""
    is_by_naming: bool = False


def _meetings(content: Content) -> Iterator[_Meeting]:
    form = format_of(content)
    if form is not None:
        for place, mapping in form.read(content):
            yield _Meeting((place,), mapping, form.name, form.is_by_naming)
        return
    items = content.document if isinstance(content.document, list) else []
    if not any(isinstance(item, InputError) or format_of(_item(content, item)) for item in items[:_JUDGED_PLACES]):
        shape = "text" if content.document is None else "JSON"
        tried = ", ".join(form.name for form in all_formats() if form.is_json == (content.document is not None))
        raise NoTranscript(f"is {shape} of no known transcript shape (tried: {tried})")
    for number, item in enumerate(items, 1):
        try:
            yield from _of_item(content, number, item)
        except InputError as error:
            yield _Meeting((number,), error)


def _of_item(content: Content, number: int, item: object) -> Iterator[_Meeting]:
    """Yield the meetings at one place of a list, which is one unless its format holds several."""
    if isinstance(item, InputError):
        raise item
    inner = _item(content, item)
    form = format_of(inner)
    if form is None:
        raise InputError("is no meeting: it has neither `transcript` nor the shape of another format")
    for place, mapping in form.read(inner):
        yield _Meeting((number, place), mapping, form.name)


def _item(content: Content, document: object) -> Content:
    return content._replace(text="", document=document)


def _at(source: Source, inner: Iterable[int | None]) -> Source:
    """Return the source of a meeting inside a unit: all places but the last become part of its result's path."""
    places = [place for place in (source.place, *inner) if place is not None]
    outer = "".join(f".{place}" for place in places[:-1])
    return source._replace(place=places[-1] if places else None, result_path=f"{source.result_path}{outer}")


def _with_given(mapping: Mapping[str, Any], source: Source, *, is_alone: bool) -> Mapping[str, Any]:
    """Fill the fields a meeting does not have itself with those that were given from outside.

    An id of a meeting is no id of each of many: a place in a list or table, or a line, is not given one.
    """
    if not source.given:
        return mapping
    own = mapping.get("metadata")
    fields = mapping if own is None else own
    if not isinstance(fields, Mapping):
        return mapping  # `normalize` says what is wrong with it
    absent = {name: value for name, value in source.given if _is_absent(fields, name) and (is_alone or name != "meeting_id")}
    filled = {**fields, **absent}
    return filled if own is None else {**mapping, "metadata": filled}


def _is_absent(fields: Mapping[str, Any], name: str) -> bool:
    names = ("meeting_id", "meet_id") if name == "meeting_id" else (name,)
    values = (fields.get(name) for name in names)
    return all(value is None or (isinstance(value, str) and not value.strip()) for value in values)


def _refused(source: Source, error: InputError) -> Outcome:
    # A line of a JSON Lines file is past the first one, which has shown that the file holds transcripts: it is a bad meeting.
    is_skipped = isinstance(error, NoTranscript) and not source.is_named and source.offset is None
    if is_skipped:
        return Outcome(source, Status.SKIPPED, reason=error.reason)
    return Outcome(
        source, Status.FAILED, reason=error.reason, error=f"{place_text(source.shown, source.place)}: {error.message}", hint=error.hint
    )


def _suffix(source: Source) -> str:
    name = source.name.lower()
    return os.path.splitext(name.removesuffix(".gz"))[1]  # noqa: PTH122 - a string is all we have
