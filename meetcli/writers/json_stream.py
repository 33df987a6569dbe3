"""Streams results to standard output as JSON Lines, one compact object a meeting."""

from __future__ import annotations

from typing import BinaryIO

from meetcli.errors import RunStopped
from meetcli.models import Source
from meetcli.writers.json_lines import compact


class JsonStream:
    """One result a line, in the order in which meetings finish."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, source: Source, text: str) -> str | None:
        """Write one line and flush it, so that a reader sees each result when it is there."""
        try:
            self._stream.write(compact(text))
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RunStopped(
                f"cannot write to standard output: {error.strerror or error}",
                hint="what was bought is safe in the cache; run again",
            ) from error
        return None

    def close(self) -> None:
        """Standard output is not ours to close."""
