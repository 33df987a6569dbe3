"""Puts bytes at a path so that a reader sees the old file or the new one. Never leaves a temporary file for long."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ENDING = ".tmp"


def replace_atomically(path: str, data: bytes) -> None:
    """Put `data` at `path`, mode 0600; the folder must exist. Raises `OSError` and leaves what was there."""
    folder, _, name = path.rpartition("/")
    # The leading dot keeps a file that a killed run left behind out of every later run's inputs.
    temporary = f"{folder}/.{name[:120]}.{_owner()}{ENDING}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)  # noqa: PTH105  # a Path a file costs more than the comparison that usually avoids this
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def sweep(folder: str) -> None:
    """Remove temporary files in `folder` whose process on this machine is gone, killed between writing and replacing."""
    node = f"{os.uname().nodename}-"
    for entry in os.scandir(folder):
        if not (entry.name.startswith(".") and entry.name.endswith(ENDING)):
            continue
        host, _, process_id = entry.name.removesuffix(ENDING).rpartition("-")
        if f"{host}-".endswith(f".{node}") and process_id.isdecimal() and not _is_running(int(process_id)):
            with contextlib.suppress(OSError):
                Path(entry.path).unlink()


def _owner() -> str:
    return f"{os.uname().nodename}-{os.getpid()}"


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
