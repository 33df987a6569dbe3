"""Finds the results that meetcli wrote: what `show` and `report` read.

Never judges them beyond that they are results.
"""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meetcli.errors import InputError, UsageError
from meetcli.marks import is_result
from meetcli.readers.content import LINE_SUFFIXES, open_content

_SUFFIXES = {".json", *LINE_SUFFIXES}


@dataclass(frozen=True, slots=True)
class Result:
    """One result.

    `meeting_path` is its path without task and ending, which results of one meeting share; None in a list.
    """

    document: Mapping[str, Any]
    meeting_path: str | None


@dataclass(slots=True)
class Found:
    """The results in some paths, in the order of the files, and how many files held none."""

    results: list[Result] = field(default_factory=list)
    skipped: int = 0


def read_results(paths: Iterable[str]) -> Found:
    """Read every result in files, folders (searched recursively), globs and `-`; each file once.

    Raises `UsageError` for a path that does not exist or cannot be listed. A file that is no result is counted and left
    out.
    """
    found = Found()
    for file in dict.fromkeys(file for path in paths for file in _files(path)):
        results = list(_results_in(file))
        found.results += results
        found.skipped += not results
    return found


def _files(path: str) -> Iterator[Path | None]:
    """Yield the files a path stands for, sorted; None is standard input."""
    if path == "-":
        yield None
        return
    start = Path(path)
    if start.is_dir():
        yield from sorted(
            file for file in start.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(start))
        )
    elif start.exists():
        yield start
    elif matches := sorted(glob.glob(path, recursive=True)):  # noqa: PTH207  # a Path has no glob of a whole pattern
        for match in matches:
            yield from _files(match)
    else:
        raise UsageError(f"{path!r} does not exist", hint="name results, or folders that hold them")


def _is_hidden(below: Path) -> bool:
    return any(part.startswith(".") for part in below.parts)


def _results_in(path: Path | None) -> Iterator[Result]:
    suffix = ".json" if path is None else path.suffix.lower()
    if suffix not in _SUFFIXES:
        return
    try:
        data = sys.stdin.buffer.read() if path is None else path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    documents = list(_documents(data, suffix))
    for document in documents:
        if is_result(document):
            yield Result(document, _meeting_path(path, document) if len(documents) == 1 else None)


def _documents(data: bytes, suffix: str) -> Iterator[object]:
    """Yield the JSON documents of a file: itself, the places of a list, or one a line.

    What is no JSON yields nothing.
    """
    is_lines = suffix in LINE_SUFFIXES
    try:
        document = None if is_lines else open_content(data, ".json").document
    except InputError:
        is_lines = True  # standard input has no suffix that would say so
    if not is_lines:
        yield from document if isinstance(document, list) else [document]
        return
    for line in data.splitlines():
        try:
            yield open_content(line, ".json").document
        except InputError:
            continue


def _meeting_path(path: Path | None, document: Mapping[str, Any]) -> str | None:
    if path is None:
        return None
    ending = f".{document.get('task')}.json"
    return str(path).removesuffix(ending) if str(path).endswith(ending) else None
