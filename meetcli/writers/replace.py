"""Puts bytes at a path so that a reader sees the old file or the new one. Never touches a file whose bytes are right
already, and never leaves a temporary file for long.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from meetcli.errors import InputError, RunStopped

ENDING = ".tmp"


class Folders:
    """Writes files below folders that it makes as needed, each tidied once."""

    def __init__(self) -> None:
        self._ready: set[str] = set()

    def put(self, path: str, data: bytes) -> str:
        """Put `data` at `path` unless the file holds these bytes already; return the path. Raises as `replace` does."""
        if content_of(path) == data:
            return path
        return self.replace(path, lambda: (data,))

    def replace(self, path: str, chunks: Callable[[], Iterable[bytes]]) -> str:
        """Put what `chunks` returns at `path`, making its folder; return the path.

        Raises `InputError` where the name is too long for any file system, which is one meeting's trouble, else
        `RunStopped`.
        """
        folder = os.path.dirname(path) or "."  # noqa: PTH120  # strings throughout: a Path a file costs more than the comparison above
        try:
            if folder not in self._ready:
                Path(folder).mkdir(parents=True, exist_ok=True)
                sweep(folder)
                self._ready.add(folder)
            replace_atomically(path, chunks())
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise InputError(
                    f"the name of its result is too long: {Path(path).name}", hint="rename the transcript"
                ) from error
            raise RunStopped(
                f"cannot write {path}: {error.strerror or error}",
                hint=(
                    "what was bought is safe in the cache; make room or give "
                    "another folder with --output, and run again"
                ),
            ) from error
        return path


def replace_atomically(path: str, chunks: Iterable[bytes], *, mode: int = 0o600) -> None:
    """Put `chunks` at `path` with this mode; the folder must exist. Raises `OSError` and leaves what was there.

    A device or a pipe is written to: root could put a file in the place of `/dev/null`, for everybody.
    """
    if _is_stream(path):
        with open(path, "wb") as stream:  # noqa: PTH123  # strings throughout, as above
            stream.writelines(chunks)
        return
    folder = path.rpartition("/")[0]
    # The leading dot keeps a file that a killed run left behind out of every later run's inputs. A process writes one
    # file at a time, and the file's own name may be as long as names can be.
    temporary = f"{folder or '.'}/.meetcli.{_owner()}{ENDING}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
            if mode != 0o600:
                os.fchmod(handle, mode)  # not when it is opened: the umask would cut it
        os.replace(temporary, path)  # noqa: PTH105  # a Path a file costs more than the comparison that usually avoids this
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def content_of(path: str) -> bytes | None:
    """Return what stands in a file, None where there is none that can be read whole: at most 2 GB in one piece."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(handle, os.fstat(handle).st_size + 1)
    except OSError:
        return None
    finally:
        os.close(handle)


def nearest_place(path: Path) -> Path:
    """Return the path, or the folder above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


def is_writable(folder: Path) -> bool:
    """Return whether files can be made in a folder."""
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def sweep(folder: str) -> None:
    """Remove temporary files in `folder` whose process on this machine is gone, killed between writing and
    replacing.
    """
    node = f"{os.uname().nodename}-"
    for entry in os.scandir(folder):
        if not (entry.name.startswith(".") and entry.name.endswith(ENDING)):
            continue
        host, _, process_id = entry.name.removesuffix(ENDING).rpartition("-")
        if f"{host}-".endswith(f".{node}") and process_id.isdecimal() and not _is_running(int(process_id)):
            with contextlib.suppress(OSError):
                Path(entry.path).unlink()


def _is_stream(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # as above
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


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
