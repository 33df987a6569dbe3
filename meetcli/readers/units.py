"""From a file to its units: itself, the lines of a JSON Lines file, what an archive holds. Knows no format."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from meetcli.errors import InputError
from meetcli.models import UNREAD, Outcome, Source, Status
from meetcli.readers.content import (
    DOCUMENT_HINT,
    DOCUMENT_SUFFIXES,
    LINE_SUFFIXES,
    NoTranscript,
    declares_cues,
    declares_json,
    declares_session,
    refuse_closed_document,
    suffix_of,
)
from meetcli.readers.raw import GZIP_START, ZIP_STARTS, Bytes, Raw

if TYPE_CHECKING:
    from meetcli.readers.containers import Archive, Member

Identify = Callable[[Source], Source]
"""Gives a source the fields that come from outside its bytes; may raise `InputError`."""


class Unit(NamedTuple):
    """The bytes of one file, and their SHA-256 in hex.

    Also of one file in an archive, or of one line of a JSON Lines file.
    """

    source: Source
    content: bytes
    sha256: str


_JUDGED_LINES = 100
"""A file whose first so many lines are all broken is one failure, not one a line."""

Probe = Callable[[Unit], object]
"""Raises `NoTranscript` for a unit that is none."""


def units_of(source: Source, max_bytes: int, identify: Identify, probe: Probe) -> Iterator[Unit | Outcome]:
    """Yield the units of a file, or why there are none."""
    try:
        with Raw(source.path) as raw:
            if raw.head.startswith(ZIP_STARTS):
                with _opened(source, raw, max_bytes) as archive:
                    if archive.document_part() is None:
                        yield from _members(source, archive, max_bytes, identify, probe)
                    else:
                        yield _document(identify(source), raw, archive, max_bytes)
            else:
                yield from _units(identify(source), unpacked(raw, source.name, max_bytes), max_bytes, probe)
    except InputError as error:
        yield refused(source, error)


def unpacked(raw: Bytes, name: str, max_bytes: int) -> Bytes:
    """Return what a gzip file of this name holds, and any other bytes as they are."""
    if not raw.head.startswith(GZIP_START):
        return raw
    from meetcli.readers.containers import gunzip  # imported only for what is compressed, as most is not

    return gunzip(raw, suffix_of(name), max_bytes)


def _document(source: Source, raw: Bytes, archive: Archive, max_bytes: int) -> Unit:
    """Return a document as the one unit that it is, although it is packed as an archive."""
    part = archive.document_part()
    if part is None:
        raise NoTranscript("is an archive inside an archive")
    archive.refuse_excess(part)
    content = raw.whole(max_bytes)
    return Unit(source, content, hashlib.sha256(content).hexdigest())


def _members(
    source: Source, archive: Archive, max_bytes: int, identify: Identify, probe: Probe
) -> Iterator[Unit | Outcome]:
    """Yield the units of every file in an archive, which is a folder to us: what is no transcript in it is skipped.

    An archive without any transcript is one skipped or refused file, however many it holds: spreadsheets are archives
    too.
    """
    passed: list[Outcome] = []
    is_proven = False
    for member in archive.members():
        at = source._replace(
            name=os.path.basename(member.path),  # noqa: PTH119 - a string is all we have
            shown=f"{source.shown}/{member.path}",
            is_named=False,
            place=member.number,
            member=member.number,
        )
        for found in _of_member(at, member, max_bytes, partial(_with_sidecar, archive, member.path, identify), probe):
            without = found if isinstance(found, Outcome) or is_proven else _skipped(found, probe)
            if not is_proven and isinstance(without, Outcome):
                passed.append(without)
                continue
            is_proven = True
            yield from passed
            passed.clear()
            yield found
    if is_proven:
        return
    told = [outcome for outcome in passed if outcome.status is Status.FAILED or outcome.reason == UNREAD]
    if not told:
        raise NoTranscript("is an archive without a transcript" if passed else "is an empty archive")
    yield from passed


def _with_sidecar(archive: Archive, path: str, identify: Identify, at: Source) -> Source:
    return identify(at._replace(given=tuple(archive.sidecar(path).items())))


def _opened(source: Source, raw: Bytes, max_bytes: int) -> Archive:
    from meetcli.readers.containers import Archive  # as above

    try:
        return Archive(raw, max_bytes)
    except InputError as error:
        # Programs and documents are zip archives by other names; only what is called one is expected to be read.
        suffix = suffix_of(source.name)
        if suffix in DOCUMENT_SUFFIXES:
            raise NoTranscript(error.message, reason="unread", hint=DOCUMENT_HINT) from error
        raise error if suffix == ".zip" else NoTranscript(error.message) from error


def _skipped(unit: Unit, probe: Probe) -> Outcome | None:
    """Return the outcome of a unit without a transcript; None where it has one, or is a broken one."""
    try:
        probe(unit)
    except NoTranscript as error:
        return refused(unit.source, error)
    except InputError:
        pass  # fails when its turn has come
    return None


def _of_member(
    at: Source, member: Member, max_bytes: int, identify: Identify, probe: Probe
) -> Iterator[Unit | Outcome]:
    path, content = member.path, member.content
    if any(part.startswith(".") for part in path.split("/")) or path.startswith("__MACOSX/"):
        yield Outcome(at, Status.SKIPPED, reason="hidden")
        return
    if isinstance(content, InputError):
        yield refused(at, content)
        return
    try:
        yield from _units(identify(at), unpacked(content, at.name, max_bytes), max_bytes, probe)
    except InputError as error:
        yield refused(at, error)


def _units(source: Source, raw: Bytes, max_bytes: int, probe: Probe) -> Iterator[Unit | Outcome]:
    suffix = suffix_of(source.name)
    if raw.head.startswith(ZIP_STARTS):
        with _opened(source, raw, max_bytes) as archive:
            yield _document(source, raw, archive, max_bytes)
        return
    refuse_closed_document(raw.head)
    if declares_json(raw.head, suffix):
        if not declares_session(raw.head) and raw.is_json_lines(suffix in LINE_SUFFIXES, max_bytes):
            yield from _lines(source, raw, max_bytes, probe)
            return
    elif declares_cues(raw.head, suffix):
        pass
    elif raw.is_binary():
        raise NoTranscript("is a binary file, not a transcript")
    elif raw.size > max_bytes:
        raise NoTranscript(f"is larger than {max_bytes:,} bytes and does not start as a transcript does")
    content = raw.whole(max_bytes)
    yield Unit(source, content, hashlib.sha256(content).hexdigest())


def _lines(source: Source, raw: Bytes, max_bytes: int, probe: Probe) -> Iterator[Unit | Outcome]:
    if source.place is not None:
        source = source._replace(result_path=f"{source.result_path}.{source.place}")
    unread: list[Unit | Outcome] = []
    is_proven = False
    for place, offset, line in raw.lines(max_bytes):
        at = source._replace(place=place, offset=offset)
        if isinstance(line, InputError):
            found: Unit | Outcome = refused(at, line)
        else:
            found = Unit(at._replace(size=len(line)), line, hashlib.sha256(line).hexdigest())
        if not is_proven and not _proves(found, probe):
            unread.append(found)
            if len(unread) == _JUDGED_LINES:
                raise InputError(f"is not JSON Lines: none of its first {_JUDGED_LINES} lines can be read")
            continue
        is_proven = True
        yield from unread
        unread.clear()
        yield found
    if not is_proven and not unread:
        raise NoTranscript("is empty")
    yield from unread


def _proves(found: Unit | Outcome, probe: Probe) -> bool:
    """Say whether a line shows that its file holds transcripts, or raise `NoTranscript` where it shows that it holds
    none.

    So a log of a million lines is one skipped file. A line that is broken shows neither: the others may be good.
    """
    if isinstance(found, Outcome):
        return False
    try:
        probe(found)
    except NoTranscript:
        raise
    except InputError:
        return False
    return True


def refused(source: Source, error: InputError) -> Outcome:
    """Return the outcome of what cannot be read: skipped where it is no transcript and was only met, else failed."""
    # A line of a JSON Lines file is past the first one, which has shown that the file holds transcripts: it is a bad
    # meeting.
    is_skipped = isinstance(error, NoTranscript) and not source.is_named and source.offset is None
    if is_skipped and error.reason != UNREAD:
        return Outcome(source, Status.SKIPPED, reason=error.reason)
    status = Status.SKIPPED if is_skipped else Status.FAILED
    return Outcome(source, status, reason=error.reason, error=error.message, hint=error.hint)
