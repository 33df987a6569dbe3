"""Bytes of a source: opened without waiting, bounded, whole or line by line.

Knows no format but the shape of JSON Lines.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from meetcli.errors import InputError

MAX_BYTES = 50_000_000
_HEAD_BYTES = 262_144
GZIP_START = b"\x1f\x8b"
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_BOM = b"\xef\xbb\xbf"


class Bytes:
    """Bytes to read, of a file or out of a container.

    `head` is all of a small one, so that opening, looking and reading cost one read.
    """

    head: bytes
    size: int

    def whole(self, max_bytes: int) -> bytes:
        """Return everything."""
        raise NotImplementedError

    def stream(self) -> BinaryIO:
        """Return the bytes as a stream of their own, from the start; the caller closes it."""
        raise NotImplementedError

    def part(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, or what is left of them."""
        with self.stream() as stream:
            stream.seek(offset)
            return stream.read(size)

    def lines(self, max_bytes: int) -> Iterator[tuple[int, int, bytes | InputError]]:
        """Yield (1-based number, offset, line without its end) for every line that is not blank.

        One line is in memory at a time.
        """
        with self.stream() as stream:
            number = offset = 0
            while line := stream.readline(max_bytes + 1):
                number += 1
                start, offset = offset, offset + len(line)
                if len(line) > max_bytes:
                    yield number, start, too_large("the line", max_bytes)
                    while not line.endswith(b"\n") and (line := stream.readline(_HEAD_BYTES)):
                        offset += len(line)
                elif (line := line.rstrip(b"\r\n")) and not line.isspace():
                    yield number, start, line

    def is_json_lines(self, is_expected: bool, max_bytes: int) -> bool:
        """Say whether each line is a document of its own: expected by suffix, or the first line closes and another
        opens.

        No single document looks like that, because after `}` comes a comma or the end, and a string holds no line end.
        """
        is_whole = len(self.head) == self.size
        if is_whole and not is_expected and b"\n" not in self.head:
            return False  # as most JSON is written
        stream = io.BytesIO(self.head) if is_whole else self.stream()
        with stream:
            lines = (line.strip() for line in iter(lambda: stream.readline(max_bytes), b""))
            first = next(filter(None, lines), b"").removeprefix(_BOM)
            if is_expected:
                return first not in (
                    b"{",
                    b"[",
                )  # a pretty-printed document with the wrong suffix is still one document
            return first.startswith(b"{") and first.endswith(b"}") and next(filter(None, lines), b"").startswith(b"{")

    def is_binary(self) -> bool:
        """Say whether this is no text: it holds NUL bytes and does not start as UTF-16 does."""
        return b"\0" in self.head and not self.head.startswith((b"\xff\xfe", b"\xfe\xff"))


class Held(Bytes):
    """Bytes that came out of a container and are in memory."""

    def __init__(self, content: bytes) -> None:
        self.head = content
        self.size = len(content)

    def whole(self, max_bytes: int) -> bytes:
        """Return everything."""
        if self.size > max_bytes:
            raise too_large("the file", max_bytes)
        return self.head

    def stream(self) -> BinaryIO:
        """Return the bytes as a stream."""
        return io.BytesIO(self.head)


class Raw(Bytes):
    """An open file."""

    def __init__(self, path: Path) -> None:
        try:
            # A pipe opened for reading waits for its writer, and a terminal may become ours: neither must happen to a
            # cron job.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            status = os.fstat(self._descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _not_a_file(status.st_mode)
            self.size = status.st_size
            self.identity = identity_of(status)
            self.head = os.read(self._descriptor, min(self.size + 1, _HEAD_BYTES))
        except OSError as error:
            os.close(self._descriptor)
            raise _unreadable(path, error) from error
        except InputError:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Raw:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)

    def is_still_at(self, path: Path) -> bool:
        """Say whether the path still leads to these bytes, as they were when they were opened."""
        try:
            now = path.stat()
        except OSError:
            return False
        return self.identity == identity_of(now)

    def whole(self, max_bytes: int) -> bytes:
        """Return the whole file."""
        if self.size > max_bytes:
            raise too_large("the file", max_bytes)
        if len(self.head) == self.size:
            return self.head
        with self.stream() as stream:
            content = stream.read(self.size + 1)  # memory is taken for all that is asked for, so no more is
            if len(content) > self.size:  # it grew while it was read
                content += stream.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise too_large("the file", max_bytes)
        return content

    def stream(self) -> BinaryIO:
        """Return the file as a stream from its start."""
        stream = open(self._descriptor, "rb", closefd=False)  # noqa: SIM115 - the caller closes it; the descriptor is ours
        stream.seek(0)
        return stream


def identity_of(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells two files, or two contents of one, apart without reading them."""
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def too_large(what: str, max_bytes: int) -> InputError:
    """Return the error for what is beyond the limit."""
    return InputError(f"{what} is larger than {max_bytes:,} bytes", hint="split it, or raise the limit")


def _not_a_file(mode: int) -> InputError:
    if stat.S_ISDIR(mode):
        return InputError("is a folder that cannot be listed")
    return InputError("is no regular file but a pipe, socket or device", hint="pipe it in and name it `-`")


def _unreadable(path: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return InputError("is a link to a file that is not there")
    return InputError(f"cannot be read: {error.strerror}")
