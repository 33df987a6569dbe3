"""Door of the reading room: from a `Source` to plain mappings. Never judges a meeting's fields; that is `normalize`.

Reading is two steps, so that a run with nothing to do pays for one only: `read` gives the bytes of a unit and their
digest, which an index may already know; `parse` finds the transcripts in them.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from meetcli.errors import InputError
from meetcli.meetings.normalize import normalize
from meetcli.models import UNREAD, Meeting, Outcome, Source
from meetcli.readers.content import DOCUMENT_SUFFIX, Content, NoTranscript, NotUtf8, open_content, suffix_of
from meetcli.readers.format import Format, Found
from meetcli.readers.formats import all_formats, asked_formats, format_of
from meetcli.readers.heads import Head
from meetcli.readers.own_marks import is_ours, is_sidecar, serves_another
from meetcli.readers.raw import MAX_BYTES, ZIP_STARTS, Bytes, Raw
from meetcli.readers.units import Identify, Unit, refused, units_of, unpacked
from meetcli.readers.version import READERS_VERSION
from meetcli.readers.who_is_who import WhoIsWho

if TYPE_CHECKING:
    from meetcli.readers.containers import ArchiveFile

__all__ = [
    "MAX_BYTES",
    "READERS_VERSION",
    "Content",
    "Format",
    "Rereader",
    "Transcript",
    "Unit",
    "all_formats",
    "parse",
    "read",
]

_JUDGED_PLACES = 100
"""So many places of a list are looked at before it is no list of transcripts: a list of a million other things takes no
minute.
"""


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

    What cannot be read is a failed or skipped `Outcome`. `max_bytes` bounds a file, what comes out of a compressed one,
    and each line of a JSON Lines file, which may itself be of any size.
    """
    return units_of(source, max_bytes, identify, _transcripts)


def parse(unit: Unit) -> list[Transcript | Outcome]:
    """Return the transcripts of a unit in their order; what holds none is one failed or skipped `Outcome`.

    A file of no known shape is skipped where it was met in a folder and fails where it was named. In a list or JSON
    Lines file that has transcripts, a place without one fails.
    """
    try:
        return _transcripts(unit)
    except InputError as error:
        return [refused(unit.source, _once(unit.source, error))]


class Rereader:
    """Reads a transcript a second time, when its turn to be called has come.

    The last unit is kept parsed, so that a list of meetings is not parsed anew for each of its places, the last
    compressed file unpacked, and the last archive open. Each gives way before the next one is read.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._unit: tuple[object, ...] = ()
        self._found: list[Transcript | Outcome] = []
        self._packed: tuple[object, ...] = ()
        self._unpacked: Bytes | None = None
        self._archive_path: Path | None = None
        self._archive: ArchiveFile | None = None
        self._close_archive: Callable[[], object] = lambda: None

    def read(self, source: Source, sha256: str) -> Transcript:
        """Return the transcript of `source`, whose unit had the digest `sha256`.

        `InputError` when it has changed since.
        """
        unit = (source.path, source.member, source.offset, sha256)
        if unit != self._unit:
            self._unit, self._found = (), []
            self._found, self._unit = self._parse(source, sha256), unit
        found = self._found[source.ordinal]
        if isinstance(found, Outcome):
            raise InputError("has changed while this run was under way", hint="run again")
        return found._replace(source=source)

    def meeting(self, source: Source, sha256: str) -> Meeting:
        """Return the meeting of `source`; raise as `read` does, or where it breaks the contract."""
        return normalize(self.read(source, sha256).mapping)

    def _parse(self, source: Source, sha256: str) -> list[Transcript | Outcome]:
        content = self._content(source)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError("has changed while this run was under way", hint="run again")
        return _transcripts(Unit(source, content, sha256))

    def _content(self, source: Source) -> bytes:
        if source.member is not None:
            archive = self._opened(source.path)
            packed = archive.raw.identity, source.member
            return self._part(source, packed, lambda: archive.member(source.member or 0))
        with Raw(source.path) as raw:
            return self._part(source, (raw.identity, None), lambda: raw)

    def _part(self, source: Source, packed: tuple[object, ...], read_packed: Callable[[], Bytes]) -> bytes:
        """Return the bytes of the unit, of what is unpacked already where it is of the same file."""
        opened = self._unpacked if packed == self._packed else None
        if opened is None:
            self._packed, self._unpacked = (), None
            raw = read_packed()
            opened = unpacked(raw, source.name, self._max_bytes)
            if opened is not raw or (source.member is not None and source.offset is not None):
                self._packed, self._unpacked = packed, opened
        if source.offset is None or source.size is None:
            return opened.whole(self._max_bytes)
        return opened.part(source.offset, source.size)

    def _opened(self, path: Path) -> ArchiveFile:
        from meetcli.readers.containers import ArchiveFile

        if self._archive is None or path != self._archive_path or not self._archive.raw.is_still_at(path):
            self._close_archive()
            self._archive = None  # the next one may not open
            self._archive_path, self._archive = path, ArchiveFile(path, self._max_bytes)
            self._close_archive = weakref.finalize(self, self._archive.close)
        return self._archive


# From a unit to transcripts


def _once(source: Source, error: InputError) -> InputError:
    """Return what is wrong with a file.

    Of a sidecar that was only met, that is said once, of the file that it is about.
    """
    if source.is_named or source.member is not None or not serves_another(source.path):
        return error
    return NoTranscript(error.message, reason="sidecar")


def _transcripts(unit: Unit) -> list[Transcript | Outcome]:
    suffix = suffix_of(unit.source.name)
    try:
        content = _content_of(unit, suffix)
    except NotUtf8 as error:
        # What would be a transcript in UTF-8 must not vanish among the skipped; nor is it guessed how its letters are
        # meant.
        guessed = Content(unit.content.decode("latin-1"), None, suffix, is_named=unit.source.is_named)
        if format_of(guessed._replace(is_named=False)):
            raise InputError(error.message, hint=error.hint) from None
        if _looks_unread(guessed, unit.source.name):
            raise NoTranscript(error.message, reason=UNREAD, hint=error.hint) from None
        raise
    if is_ours(content):
        raise NoTranscript("is a result that meetcli wrote, not a transcript", reason="own_result")
    if is_sidecar(unit.source.name, content):
        raise NoTranscript("says what is known about another file and holds no transcript", reason="sidecar")
    found: list[Transcript | Outcome] = []
    for ordinal, meeting in enumerate(_meetings(content, unit.source.name)):
        at = _at(unit.source, meeting.places)._replace(ordinal=ordinal)
        if isinstance(meeting.mapping, InputError):
            found.append(refused(at, meeting.mapping))
            continue
        is_alone = unit.source.offset is None and not any(meeting.places)
        mapping = _with_given(meeting.mapping, at, is_alone=is_alone)
        found.append(Transcript(at, mapping, meeting.format, meeting.is_by_naming))
    return found


def _content_of(unit: Unit, suffix: str) -> Content:
    if not unit.content.startswith(ZIP_STARTS):
        return open_content(unit.content, suffix, is_named=unit.source.is_named)
    from meetcli.readers.documents import document_text

    return Content(document_text(unit.content), None, DOCUMENT_SUFFIX, unit.source.is_named)


class _Meeting(NamedTuple):
    """What stands at a place of a content, the places from the outermost in."""

    places: tuple[int | None, ...]
    mapping: Mapping[str, Any] | InputError
    format: str = ""
    is_by_naming: bool = False


def _looks_unread(content: Content, name: str) -> NoTranscript | None:
    """Return why a file that was only met looks like a transcript; one that was named says what was tried."""
    if content.is_named:
        return None
    from meetcli.readers.unread import unread  # most files are read

    return unread(name, content)


def _meetings(content: Content, name: str) -> Iterator[_Meeting]:
    form = format_of(content)
    if form is not None:
        for place, mapping in _found(form, content):
            yield _Meeting((place,), mapping, form.name, form.is_by_naming)
        return
    items = content.document if isinstance(content.document, list) else []
    if not any(isinstance(item, InputError) or format_of(_item(content, item)) for item in items[:_JUDGED_PLACES]):
        if content.suffix == DOCUMENT_SUFFIX:
            raise _looks_unread(content, name) or NoTranscript(
                "is a document without a transcript: neither names before what is said, nor times"
            )
        shape = "text" if content.document is None else "JSON"
        tried = ", ".join(form.name for form in asked_formats(content))
        raise _looks_unread(content, name) or NoTranscript(f"is {shape} of no known transcript shape (tried: {tried})")
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
    for place, mapping in _found(form, inner):
        yield _Meeting((number, place), mapping, form.name)


def _found(form: Format, content: Content) -> Iterator[Found]:
    """Yield the meetings of a content, their speakers called as a document says elsewhere."""
    names = WhoIsWho(content.document) if form.is_json else None
    for place, mapping in form.read(content):
        yield place, mapping if names is None or isinstance(mapping, InputError) else names.with_names(mapping)


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
    head = mapping.get("head")
    day = head.meet_date if isinstance(head, Head) else None
    if not source.given and day is None:
        return mapping
    own = mapping.get("metadata")
    fields = mapping if own is None else own
    if not isinstance(fields, Mapping):
        return mapping  # `normalize` says what is wrong with it
    absent = {
        name: value for name, value in source.given if _is_absent(fields, name) and (is_alone or name != "meeting_id")
    }
    if day is not None and "meet_date" not in absent and _is_absent(fields, "meet_date"):
        absent["meet_date"] = day  # what a person gave beside the file says more than a line that looks like a date
    filled = {**fields, **absent}
    return filled if own is None else {**mapping, "metadata": filled}


def _is_absent(fields: Mapping[str, Any], name: str) -> bool:
    names = ("meeting_id", "meet_id") if name == "meeting_id" else (name,)
    values = (fields.get(name) for name in names)
    return all(value is None or (isinstance(value, str) and not value.strip()) for value in values)
