"""Takes a meeting or a customer out of the results that earlier runs wrote, in every format.

Touches nothing that is not meetcli's.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from meetcli.errors import UsageError
from meetcli.marks import CSV_MARK, HTML_MARK, MARKDOWN_MARK, is_result
from meetcli.writers.replace import Folders
from meetcli.writers.tabular import plain_cell, table_text

IsDoomed = Callable[[Mapping[str, Any]], bool]
"""Takes what a result says of its meeting: `idempotency_key`, `meeting_id`, `customer_id`."""

_BYTE_ORDER_MARK = "\ufeff"

csv.field_size_limit(
    2**31 - 1
)  # the module's own is 131,072 characters, and a longer cell would keep everybody in its table


class Removal(NamedTuple):
    """What is to be done in a folder of results.

    `doomed` are whole files, `rewritten` what others shall hold instead, with how many results they lose. `opaque` are
    files of meetcli that do not say whom they are about: a report, and minutes without a result beside them.
    """

    doomed: list[Path]
    rewritten: list[tuple[Path, bytes, int]]
    opaque: list[Path]

    @property
    def results(self) -> int:
        """How many results go."""
        return len(self.doomed) + sum(count for _, _, count in self.rewritten)

    def carry_out(self) -> None:
        """Remove them. Raises RunStopped where a file cannot be replaced."""
        for path in self.doomed:
            path.unlink(missing_ok=True)
        for path, content, _ in self.rewritten:
            Folders().put(os.fspath(path), content)


def find_doomed(folder: Path, is_doomed: IsDoomed) -> Removal:
    """Look through a folder and those below it. Raises UsageError where there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder (--results)")
    removal = Removal([], [], [])
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            _look_into(path, is_doomed, removal)
    return removal


def _look_into(path: Path, is_doomed: IsDoomed, removal: Removal) -> None:
    suffix = path.suffix.lower()
    try:
        if suffix == ".json":
            result = _loaded(path.read_bytes())
            if is_result(result) and is_doomed(result):
                removal.doomed.append(path)
        elif suffix == ".jsonl":
            _add_rewritten(path, *_without_lines(path.read_bytes(), is_doomed), removal)
        elif suffix == ".csv":
            _add_rewritten(path, *_without_rows(path.read_bytes().decode(), is_doomed), removal)
        elif suffix == ".md" and path.read_text(encoding="utf-8").rstrip().rpartition("\n")[2].startswith(
            MARKDOWN_MARK
        ):
            _look_beside(path, is_doomed, removal)
        elif suffix == ".html" and HTML_MARK in path.read_text(encoding="utf-8")[:2000]:
            removal.opaque.append(path)
    except (OSError, UnicodeError, csv.Error):  # not ours to read
        return


def _look_beside(path: Path, is_doomed: IsDoomed, removal: Removal) -> None:
    """Judge minutes by the result of the same meeting, which bears the ids that they leave out."""
    beside = path.with_suffix(".json")
    result = _loaded(beside.read_bytes()) if beside.is_file() else None
    if not is_result(result):
        removal.opaque.append(path)
    elif is_doomed(result):
        removal.doomed.append(path)


def _add_rewritten(path: Path, content: bytes, count: int, removal: Removal) -> None:
    if count:
        removal.rewritten.append((path, content, count))


def _without_lines(content: bytes, is_doomed: IsDoomed) -> tuple[bytes, int]:
    lines = content.splitlines(keepends=True)
    kept = [line for line in lines if not (is_result(result := _loaded(line)) and is_doomed(result))]
    return b"".join(kept), len(lines) - len(kept)


def _without_rows(text: str, is_doomed: IsDoomed) -> tuple[bytes, int]:
    """Drop the rows of a table of ours; those of any other are left alone."""
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    if not text.removeprefix(mark).startswith(CSV_MARK):
        return b"", 0
    head, *rows = csv.reader(io.StringIO(text.removeprefix(mark), newline=""))
    kept = [
        row for row in rows if not is_doomed({name: plain_cell(cell) for name, cell in zip(head, row, strict=False)})
    ]
    return (mark + table_text(head, kept)).encode(), len(rows) - len(kept)


def _loaded(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def names_of(paths: list[Path]) -> Iterator[str]:
    """Yield so many paths as fit a warning."""
    yield from map(str, paths[:3])
    if len(paths) > 3:
        yield f"{len(paths) - 3:,} more"
