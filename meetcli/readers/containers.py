"""Files inside files: gzip and zip, in memory, bounded against bombs.

Never writes, and uses a member's path for nothing but showing it.
"""

from __future__ import annotations

import gzip
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO

from meetcli.errors import InputError
from meetcli.meetings.sidecars import SIDECAR_SUFFIX, sidecar_fields, sidecar_names
from meetcli.readers.content import NoTranscript, declares_cues, declares_json, refuse_closed_document, suffix_of
from meetcli.readers.raw import GZIP_START, ZIP_STARTS, Bytes, Held, Raw

MAX_MEMBERS = 10_000
_MAX_RATIO = 200
"""Real transcripts shrink to a fifth, JSON with a time for every word to a twentieth."""

_FREE_BYTES = 1_000_000
"""Up to here any ratio will do: a short text that repeats itself is no bomb."""

_TOTAL_FACTOR = 20
_DIRECTORY_BYTES = 512 * MAX_MEMBERS
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_MAX_COMMENT = 65_535
_LARGE_END_OF_DIRECTORY = struct.Struct("<4sQ2H2L4Q")
_LARGE_LOCATOR_BYTES = 20
_HEAD_BYTES = 1 << 16
_CONTENT_TYPES = "[Content_Types].xml"
_WORD_PART = re.compile(r"word/document\d{0,3}\.xml")
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.text"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. `content` may be why it cannot be read. `path` has neither `..` nor a root."""

    number: int
    path: str
    content: Bytes | InputError


def gunzip(raw: Bytes, suffix: str, max_bytes: int) -> Held:
    """Return what a gzip file holds.

    `suffix` is the one of what it holds. Raises `InputError` where that is too much or broken, `NoTranscript` where it
    does not look like a transcript.
    """
    with raw.stream() as stream, gzip.GzipFile(fileobj=stream) as opened:
        try:
            return Held(_bounded(opened, raw.size, suffix, max_bytes))
        except (OSError, EOFError, zlib.error) as error:
            problem = _problem(error)
    # Out here, so that it does not hold the complaint of the library, which holds what was unpacked.
    raise _refusal(f"is not valid gzip: {problem}", b"", suffix)


class Archive:
    """The files of a zip archive, in its own order and without its folders.

    Opening raises `InputError` for an archive that is broken or holds more than one of transcripts ever would. Close it
    where its bytes come from an open file.
    """

    def __init__(self, raw: Bytes, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._stream = raw.stream()
        try:
            _refuse_large_directory(self._stream, raw.size)
            self._archive = zipfile.ZipFile(self._stream)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as error:
            self._stream.close()
            raise InputError(f"is not a valid zip archive: {_problem(error)}") from None
        except InputError:
            self._stream.close()
            raise
        if _overlap(self._archive.infolist()):
            self._close()
            raise InputError("is an archive whose files overlap, which none that holds transcripts does")
        self._entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        paths = ((_contained(entry.filename), number) for number, entry in enumerate(self._entries, 1))
        self._sidecars = {path: number for path, number in paths if path.endswith(SIDECAR_SUFFIX)}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._archive.close()
        self._stream.close()

    def document_part(self) -> int | None:
        """Return the place of the file with the text, where the archive is a document of Word or OpenDocument."""
        places = {entry.filename: number for number, entry in enumerate(self._entries, 1)}
        if _CONTENT_TYPES in places:
            return next((number for path, number in places.items() if _WORD_PART.fullmatch(path)), None)
        kind = places.get("mimetype")
        if kind is None or self._entries[kind - 1].file_size != len(_OPEN_DOCUMENT):
            return None
        content = _member(self._archive, self._entries[kind - 1], len(_OPEN_DOCUMENT))
        is_text = isinstance(content, Held) and content.head == _OPEN_DOCUMENT
        return places.get("content.xml") if is_text else None

    def refuse_excess(self, number: int) -> None:
        """Raise `InputError` where the file at this place says that it is larger than the limits allow."""
        entry = self._entries[number - 1]
        if excess := _excess(entry.file_size, entry.compress_size, self._max_bytes):
            raise InputError(excess[0], hint=excess[1])

    def path_of(self, number: int) -> str:
        """Return the path of the file at this place as the archive has it."""
        return self._entries[number - 1].filename

    def members(self) -> Iterator[Member]:
        """Yield every file, one in memory at a time; `InputError` where they are too large together."""
        left = _TOTAL_FACTOR * self._max_bytes
        for number, entry in enumerate(self._entries, 1):
            if left <= 0:
                raise InputError(
                    f"is an archive of more than {_TOTAL_FACTOR * self._max_bytes:,} bytes",
                    hint="unpack it and name the folder",
                )
            content = _member(self._archive, entry, self._max_bytes)
            left -= content.size if isinstance(content, Bytes) else 0
            yield Member(number, _contained(entry.filename), content)
            del content  # before the next one is unpacked

    def member(self, number: int) -> Bytes:
        """Return one file by its place; `InputError` where it cannot be read or is no longer there."""
        if number > len(self._entries):
            raise InputError("has changed while this run was under way", hint="run again")
        content = _member(self._archive, self._entries[number - 1], self._max_bytes)
        if isinstance(content, Bytes):
            return content
        raise content

    def sidecar(self, path: str) -> dict[str, str]:
        """Return what the sidecar of a file, in the same folder of the archive, says about it.

        `InputError` where it cannot be used.
        """
        folder, slash, name = path.rpartition("/")
        for sidecar in sidecar_names(name):
            number = self._sidecars.get(f"{folder}{slash}{sidecar}")
            if number is not None:
                try:
                    content = self.member(number).whole(self._max_bytes)
                except InputError as error:
                    raise InputError(f"its {sidecar} {error.message}") from error
                return sidecar_fields(content, sidecar)
        return {}


class ArchiveFile(Archive):
    """An archive together with the open file that it is, until it is closed."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.raw = Raw(path)
        try:
            super().__init__(self.raw, max_bytes)
        except InputError:
            self.raw.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        self._close()
        self.raw.close()


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> Held | InputError:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return NoTranscript("is a link inside an archive", reason="not_a_file")
    if entry.flag_bits & 1:
        return InputError("is encrypted", hint="unpack the archive")
    try:
        with archive.open(entry) as opened:
            suffix = suffix_of(entry.filename)
            return Held(_bounded(opened, entry.compress_size, suffix, max_bytes, size=entry.file_size))
    except InputError as error:
        # Where it was raised stands what was unpacked, and who catches it in a loop would hold both until the end.
        return error.with_traceback(None)
    # The library raises whatever its decompressors do, and RuntimeError for what it was not made for.
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        zlib.error,
        RuntimeError,
        ValueError,
        OverflowError,
        struct.error,
    ) as error:
        problem = _problem(error)
    return InputError(f"cannot be unpacked: {problem}")


def _bounded(
    opened: IO[bytes] | gzip.GzipFile, packed_size: int, suffix: str, max_bytes: int, *, size: int = 0
) -> bytes:
    """Read no more than the limits allow, whatever the container says about its size, and of a recording only the
    start.

    What says itself, by `size`, that it is too large is not read on: an archive gives no more than it says.
    """
    content = io.BytesIO()  # which gives its bytes away without a copy
    content.write(opened.read(_HEAD_BYTES))
    head = content.getvalue()
    refuse_closed_document(head)
    if Held(head).is_binary() and not head.startswith((GZIP_START, *ZIP_STARTS)) and not declares_json(head, suffix):
        raise NoTranscript("is a binary file, not a transcript")
    excess = _excess(max(size, len(head)), packed_size, max_bytes)
    while excess is None and (chunk := opened.read(_CHUNK)):
        content.write(chunk)
        excess = _excess(content.tell(), packed_size, max_bytes)
    if excess is not None:
        raise _refusal(excess[0], head, suffix, hint=excess[1])
    return content.getvalue()


def _excess(size: int, packed_size: int, max_bytes: int) -> tuple[str, str] | None:
    """Return why so many bytes are too many, and what to do about it; None where they are not."""
    if size > max_bytes:
        return f"what it holds is larger than {max_bytes:,} bytes", "unpack and split it, or raise the limit"
    if size > _FREE_BYTES and size > _MAX_RATIO * max(1, packed_size):
        return f"holds more than {_MAX_RATIO} times its size, as no transcript does", "unpack it if it is no bomb"
    return None


def _overlap(entries: list[zipfile.ZipInfo]) -> bool:
    """Say whether files of an archive share bytes, so that a small one holds more than any limit of one file shows."""
    places = sorted((entry.header_offset, entry.header_offset + entry.compress_size) for entry in entries)
    return any(end >= start for (_, end), (start, _) in pairwise(places))


def _refusal(message: str, head: bytes, suffix: str, *, hint: str | None = None) -> InputError:
    """Return why something cannot be used: an error only where it declares itself JSON or captions, as for any file."""
    is_declared = declares_json(head, suffix) or declares_cues(head, suffix)
    return InputError(message, hint=hint) if is_declared else NoTranscript(message)


def _refuse_large_directory(stream: BinaryIO, size: int) -> None:
    """Refuse an archive whose list of files would take more memory than its files."""
    tail_size = min(size, _MAX_COMMENT + _END_OF_DIRECTORY.size + _LARGE_LOCATOR_BYTES + _LARGE_END_OF_DIRECTORY.size)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    stream.seek(0)
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END_OF_DIRECTORY.size:
        raise InputError("is not a valid zip archive: it is cut off")
    fields = _END_OF_DIRECTORY.unpack_from(tail, start)
    count, directory_size = fields[4], fields[5]
    # The library believes the record of 64 bits that may stand before, whatever the shorter one says.
    large = start - _LARGE_LOCATOR_BYTES - _LARGE_END_OF_DIRECTORY.size
    if (
        large >= 0
        and tail[start - _LARGE_LOCATOR_BYTES :].startswith(b"PK\x06\x07")
        and tail[large:].startswith(b"PK\x06\x06")
    ):
        *_, count, directory_size, _ = _LARGE_END_OF_DIRECTORY.unpack_from(tail, large)
    if count > MAX_MEMBERS or directory_size > _DIRECTORY_BYTES:
        raise InputError(f"is an archive of more than {MAX_MEMBERS:,} files", hint="unpack it and name the folder")


def _contained(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "nameless"


def _problem(error: BaseException) -> str:
    """Name a library's complaint without quoting bytes of the file."""
    if isinstance(error, EOFError):
        return "it is cut off"
    return (
        "it is damaged" if not isinstance(error, NotImplementedError) else "it is packed in a way that is not supported"
    )
