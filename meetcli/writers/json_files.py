"""Writes one JSON file a meeting. Never touches a file whose bytes are right already."""

from __future__ import annotations

import os
from pathlib import Path

from meetcli.models import Source
from meetcli.writers import result_name
from meetcli.writers.replace import Folders


class JsonFiles:
    """One result a file, mode 0600, in folders made as needed."""

    def __init__(self, folder: Path, task: str) -> None:
        self._folder = os.fspath(folder)
        self._task = task
        self._folders = Folders()

    def write(self, source: Source, text: str) -> str | None:
        """Write `text` unless the file holds these bytes already; return its path."""
        return self._folders.put(f"{self._folder}/{result_name(source, self._task)}.json", text.encode())

    def close(self) -> None:
        """Nothing is open between writes."""
