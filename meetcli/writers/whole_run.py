"""Makes one file of a whole run: pieces in any order in, one file in the order of the inputs out.

Never keeps many pieces in memory: they wait on disk.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from meetcli.errors import RunStopped
from meetcli.models import Source
from meetcli.writers.replace import Folders, open_regular

_IN_MEMORY = 16_000_000
"""Bytes that are kept before a file without a name takes them."""


class WholeRun:
    """A file that is there, whole, once the run is over. A run without results leaves an earlier run's file alone.

    The order is that of the inputs' paths and places, so that a rerun gives the same bytes whatever finished first.
    """

    def __init__(self, path: Path, head: bytes = b"") -> None:
        self.path = str(path)
        self._head = head
        self._buffer = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="meetcli-")  # noqa: SIM115  # open as long as the run
        self._pieces: list[tuple[str, int, int, int]] = []
        self._end = 0
        self._is_whole = True

    def add(self, source: Source, piece: bytes) -> None:
        """Take what the file shall hold about one meeting; it may be empty."""
        try:
            self._buffer.write(piece)
        except OSError as error:
            self._is_whole = False
            raise RunStopped(
                f"cannot write to the folder for temporary files: {error.strerror}",
                hint="what was bought is safe in the cache; make room there or set TMPDIR, and run again",
            ) from error
        self._pieces.append((source.result_path, source.place or 0, self._end, len(piece)))
        self._end += len(piece)

    def close(self) -> None:
        """Put the file in its place, unless it holds these bytes already, or a piece of it was lost."""
        with self._buffer:
            if self._pieces and self._is_whole and not self._is_there():
                Folders().replace(self.path, self._chunks)

    def _chunks(self) -> Iterator[bytes]:
        yield self._head
        for _, _, start, size in sorted(self._pieces):
            self._buffer.seek(start)
            yield self._buffer.read(size)

    def _is_there(self) -> bool:
        try:
            with os.fdopen(open_regular(self.path), "rb") as file:
                return all(file.read(len(chunk)) == chunk for chunk in self._chunks()) and not file.read(1)
        except OSError:
            return False
