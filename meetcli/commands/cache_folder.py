"""Where the disk cache is, and `meetcli cache path`, which says so and opens nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from meetcli.config import Settings, load_process_settings
from meetcli.errors import UsageError


def folder_of(settings: Settings) -> Path:
    """Return the folder of the disk cache; UsageError where the settings leave it out."""
    if settings.cache_dir is None:
        raise UsageError("no cache is configured", hint="name one with --cache-dir")
    return settings.cache_dir


def path(flags: Mapping[str, object]) -> None:
    """Print the folder of the cache."""
    sys.stdout.write(f"{folder_of(load_process_settings(flags).settings)}\n")
