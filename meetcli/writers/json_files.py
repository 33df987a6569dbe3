"""Writes one JSON file a meeting. Never touches a file whose bytes are right already."""

from __future__ import annotations

import os
from pathlib import Path

from meetcli.errors import RunStopped
from meetcli.models import Source
from meetcli.writers import result_name
from meetcli.writers.replace import replace_atomically, sweep


class JsonFiles:
    """One result a file, mode 0600, in folders made as needed."""

    def __init__(self, folder: Path, task: str) -> None:
        self._folder = os.fspath(folder)
        self._task = task
        self._ready: set[str] = set()

    def write(self, source: Source, text: str) -> str | None:
        """Write `text` unless the file holds these bytes already; return its path."""
        path = f"{self._folder}/{result_name(source, self._task)}.json"
        data = text.encode()
        if _holds(path, data):
            return path
        try:
            self._make_ready(path.rpartition("/")[0])
            replace_atomically(path, data)
        except OSError as error:
            raise RunStopped(
                f"cannot write {path}: {error.strerror or error}",
                hint="what was bought is safe in the cache; make room or give another folder with --output, and run again",
            ) from error
        return path

    def close(self) -> None:
        """Nothing is open between writes."""

    def _make_ready(self, folder: str) -> None:
        if folder not in self._ready:
            Path(folder).mkdir(parents=True, exist_ok=True)
            sweep(folder)
            self._ready.add(folder)


def _holds(path: str, data: bytes) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.fstat(handle).st_size == len(data) and os.read(handle, len(data) + 1) == data
    except OSError:
        return False
    finally:
        os.close(handle)
