"""Writes one JSON file a meeting. Never touches a file whose bytes are right already."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from meetcli.models import Source
from meetcli.writers import result_name
from meetcli.writers.replace import Folders, content_of


class JsonFiles:
    """One result a file, mode 0600, in folders made as needed."""

    def __init__(self, folder: Path, task: str) -> None:
        self._folder = os.fspath(folder)
        self._task = task
        self._folders = Folders()

    def write(self, source: Source, text: str) -> str | None:
        """Write `text` unless the file holds these bytes already; return its path."""
        return self._folders.put(self._path(source), text.encode())

    def holds(self, source: Source, sha256: str) -> str | None:
        """Return the path of the result, if there is a file with these bytes."""
        path = self._path(source)
        content = content_of(path)
        return path if content is not None and hashlib.sha256(content).hexdigest() == sha256 else None

    def close(self) -> None:
        """Nothing is open between writes."""

    def _path(self, source: Source) -> str:
        return f"{self._folder}/{result_name(source, self._task)}.json"
