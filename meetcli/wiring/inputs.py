"""What a command reads: its inputs, and what is known about them from outside.

That includes the patterns of paths that input folders bring along.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from meetcli.config import SETTINGS_FILE, Settings, load_folder_patterns
from meetcli.discover import discover
from meetcli.errors import UsageError
from meetcli.meetings.identity import Identity
from meetcli.models import Outcome, Source


def refuse_no_paths(paths: list[str], settings: Settings) -> None:
    """Raise `UsageError` where nothing says what to read."""
    if not paths and settings.files_from is None:
        raise UsageError(
            "no PATH given", hint="name files or folders, - for standard input, or a list with --files-from"
        )


def find_inputs(paths: list[str], settings: Settings, stdin_folder: str) -> list[Source | Outcome]:
    """Return the inputs of this command; `stdin_folder` is a private folder for standard input."""
    return discover(
        paths,
        files_from=None if settings.files_from is None else str(settings.files_from),
        stdin=sys.stdin.buffer,
        working_folder=Path(),
        stdin_folder=Path(stdin_folder),
    )


def open_identity(inputs: Iterable[Source | Outcome], settings: Settings) -> Identity:
    """Return what gives inputs the fields that their bytes do not have.

    A settings file in a folder of inputs may hold patterns and nothing else, since whoever made the folder must not
    choose where transcripts go: anything else raises `UsageError`. So does an id of one meeting where there are many.
    """
    sources = [item for item in inputs if isinstance(item, Source)]
    if (
        settings.meeting_id is not None
        and (files := sum(source.is_named or source.name != SETTINGS_FILE for source in sources)) > 1
    ):
        raise UsageError(
            f"--meeting-id names one meeting, and there are {files:,} files", hint="use a sidecar or a pattern for each"
        )
    folders = {os.path.realpath(folder) for folder in {os.path.dirname(source.path) for source in sources}}  # noqa: PTH120  # a Path a file costs more
    return Identity(settings.patterns, folder_patterns=_patterns_of(folders), options=settings.given)


def _patterns_of(folders: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the patterns of folders and, below the working folder, of those that they lie in.

    So a file is the same meeting, whether it is named or its folder is.
    """
    here = os.path.realpath(".")
    found: dict[str, tuple[str, ...]] = {}
    searched = {here}  # whose own file has been loaded as what it is
    for folder in folders:
        while folder not in searched:
            searched.add(folder)
            path = Path(folder, SETTINGS_FILE)
            if path.is_file():
                found[folder] = load_folder_patterns(path, os.path.relpath(path))
            if not folder.startswith(f"{here}/"):
                break
            folder = os.path.dirname(folder)  # noqa: PTH120  # a string, on the way up
    return found


def refuse_unstreamed(settings: Settings) -> None:
    """Raise `UsageError` where standard output is asked for what it does not take."""
    not_streamed = [name for name in settings.format if name not in {"json", "jsonl"}]
    if settings.is_streaming and not_streamed:
        raise UsageError(
            f"standard output takes JSON Lines, not {', '.join(not_streamed)}", hint="name a folder with --output"
        )
