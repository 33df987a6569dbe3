"""What a command reads: its inputs, and what is known about them from outside, with the patterns that input folders bring along."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from meetcli.config import SETTINGS_FILE, Settings, load_folder_patterns
from meetcli.discover import discover
from meetcli.errors import UsageError
from meetcli.identity import Identity
from meetcli.models import Outcome, Source


def find_inputs(paths: list[str], settings: Settings, spool: str) -> list[Source | Outcome]:
    """Return the inputs of this command; `spool` is a private folder for standard input."""
    return discover(
        paths,
        files_from=None if settings.files_from is None else str(settings.files_from),
        stdin=sys.stdin.buffer,
        working_folder=Path(),
        spool_folder=Path(spool),
    )


def open_identity(inputs: Iterable[Source | Outcome], settings: Settings) -> Identity:
    """Return what gives inputs the fields that their bytes do not have.

    A settings file met in an input folder may hold patterns and nothing else, since whoever made the folder must not choose where
    transcripts go: anything else raises `UsageError`. So does an id of one meeting where there are many.
    """
    folders: dict[str, tuple[str, ...]] = {}
    files = 0
    for item in inputs:
        if not isinstance(item, Source):
            continue
        if item.path.name == SETTINGS_FILE and not item.is_named:
            folder = os.path.realpath(item.path.parent)
            if folder != os.path.realpath("."):  # the working folder's own file has been loaded as what it is
                folders[folder] = load_folder_patterns(item.path, item.shown)
        else:
            files += 1
    if settings.meeting_id is not None and files > 1:
        raise UsageError(f"--meeting-id names one meeting, and there are {files:,} files", hint="use a sidecar or a pattern for each")
    return Identity(settings.patterns, folder_patterns=folders, options=settings.given)
