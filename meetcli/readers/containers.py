"""Files inside files: gzip and zip, in memory, bounded against bombs. Never writes, and uses a member's path for nothing but showing it."""

from __future__ import annotations

import gzip
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

from meetcli.errors import InputError
from meetcli.readers.content import NoTranscript
from meetcli.readers.raw import Bytes, Held, too_large

MAX_MEMBERS = 10_000
_MAX_RATIO = 200
"""Real transcripts shrink to a fifth, JSON with a time for every word to a twentieth."""

_FREE_BYTES = 1_000_000
"""Up to here any ratio will do: a short text that repeats itself is no bomb."""

_TOTAL_FACTOR = 20
_DIRECTORY_BYTES = 512 * MAX_MEMBERS
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_MAX_COMMENT = 65_535
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. `content` may be why it cannot be read. `path` has neither `..` nor a root."""

    number: int
    path: str
    content: Bytes | InputError


def gunzip(raw: Bytes, max_bytes: int) -> Held:
    """Return what a gzip file holds; `InputError` where that is too much or broken."""
    with raw.stream() as stream, gzip.GzipFile(fileobj=stream) as opened:
        try:
            return Held(_bounded(opened, raw.size, max_bytes))
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"is not valid gzip: {_problem(error)}") from None


def members(raw: Bytes, max_bytes: int) -> Iterator[Member]:
    """Yield the files of a zip archive in its own order, one in memory at a time.

    Raises `InputError` for an archive that is broken or holds more than an archive of transcripts ever would.
    """
    with raw.stream() as stream:
        _refuse_large_directory(stream, raw.size)
        try:
            with zipfile.ZipFile(stream) as archive:
                left = _TOTAL_FACTOR * max_bytes
                for number, entry in enumerate((entry for entry in archive.infolist() if not entry.is_dir()), 1):
                    if left <= 0:
                        raise InputError(
                            f"is an archive of more than {_TOTAL_FACTOR * max_bytes:,} bytes", hint="unpack it and name the folder"
                        )
                    content = _member(archive, entry, max_bytes)
                    left -= content.size if isinstance(content, Bytes) else 0
                    yield Member(number, _contained(entry.filename), content)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as error:
            raise InputError(f"is not a valid zip archive: {_problem(error)}") from None


def member(raw: Bytes, number: int, max_bytes: int) -> Bytes:
    """Return one file of a zip archive by its place; `InputError` where it is no longer there."""
    for found in members(raw, max_bytes):
        if found.number == number:
            if isinstance(found.content, InputError):
                raise found.content
            return found.content
    raise InputError("has changed while this run was under way", hint="run again")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> Held | InputError:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return NoTranscript("is a link inside an archive", reason="not_a_file")
    if entry.flag_bits & 1:
        return InputError("is encrypted", hint="unpack the archive")
    try:
        with archive.open(entry) as opened:
            return Held(_bounded(opened, entry.compress_size, max_bytes))
    except InputError as error:
        return error
    # The library raises whatever its decompressors do, and RuntimeError for what it was not made for.
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, ValueError, OverflowError, struct.error) as error:
        return InputError(f"cannot be unpacked: {_problem(error)}")


def _bounded(opened: IO[bytes] | gzip.GzipFile, packed_size: int, max_bytes: int) -> bytes:
    """Read no more than the limits allow, whatever the container says about its size."""
    content = bytearray()
    while chunk := opened.read(_CHUNK):
        content += chunk
        if len(content) > max_bytes:
            raise too_large("what it holds", max_bytes)
        if len(content) > _FREE_BYTES and len(content) > _MAX_RATIO * max(1, packed_size):
            raise InputError(
                f"holds more than {_MAX_RATIO} times its size, as no transcript does", hint="unpack it if it is none of a bomb"
            )
    return bytes(content)


def _refuse_large_directory(stream: BinaryIO, size: int) -> None:
    """Refuse an archive whose list of files would take more memory than its files."""
    tail_size = min(size, _MAX_COMMENT + _END_OF_DIRECTORY.size)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    stream.seek(0)
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END_OF_DIRECTORY.size:
        raise InputError("is not a valid zip archive: it is cut off")
    fields = _END_OF_DIRECTORY.unpack_from(tail, start)
    count, directory_size = fields[4], fields[5]
    if count > MAX_MEMBERS or directory_size > _DIRECTORY_BYTES:
        raise InputError(f"is an archive of more than {MAX_MEMBERS:,} files", hint="unpack it and name the folder")


def _contained(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "nameless"


def _problem(error: BaseException) -> str:
    """Name a library's complaint without quoting bytes of the file."""
    if isinstance(error, EOFError):
        return "it is cut off"
    return "it is damaged" if not isinstance(error, NotImplementedError) else "it is packed in a way that is not supported"
