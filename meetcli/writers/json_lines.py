"""Writes the results of a run into one JSON Lines file.

Never changes a result: each line is the same object as in its own file.
"""

from __future__ import annotations

import json
from pathlib import Path

from meetcli.models import Source
from meetcli.writers.whole_run import WholeRun


class JsonLines:
    """`results.TASK.jsonl` in the output folder, one compact object a meeting."""

    def __init__(self, folder: Path, task: str) -> None:
        self._file = WholeRun(folder / f"results.{task}.jsonl")

    def write(self, source: Source, text: str) -> str | None:
        """Take one result; return the path of the file that will hold it."""
        self._file.add(source, compact(text))
        return self._file.path

    def close(self) -> None:
        """Write the file."""
        self._file.close()


def compact(text: str) -> bytes:
    """Return a result's JSON on one line, with its line end."""
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
