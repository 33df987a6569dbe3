"""Puts bytes at a path so that a reader sees the old file or the new one.

Never touches a file whose bytes are right already, never leaves a temporary file for long, and never writes through
what somebody else planted in its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from meetcli.errors import InputError, RunStopped

ENDING = ".tmp"
_OWNED = re.compile(r"(?P<host>.+)-(?P<process_id>\d{1,10})(?:-[0-9a-f]{16})?")


class Folders:
    """Writes files below folders that it makes as needed, each tidied once."""

    def __init__(self) -> None:
        self._ready: set[str] = set()

    def put(self, path: str, data: bytes, *, may_be_stream: bool = False) -> str:
        """Put `data` at `path` unless the file holds these bytes already; return the path. Raises as `replace` does."""
        if content_of(path) == data:
            return path
        return self.replace(path, lambda: (data,), may_be_stream=may_be_stream)

    def replace(self, path: str, chunks: Callable[[], Iterable[bytes]], *, may_be_stream: bool = False) -> str:
        """Put what `chunks` returns at `path`, making its folder, for its owner only; return the path.

        Raises `InputError` where the name is too long for any file system, which is one meeting's trouble, else
        `RunStopped`.
        """
        folder = os.path.dirname(path) or "."  # noqa: PTH120  # strings throughout: a Path a file costs more than the comparison above
        try:
            if folder not in self._ready:
                make_private(Path(folder))
                sweep(folder)
                self._ready.add(folder)
            replace_atomically(path, chunks(), may_be_stream=may_be_stream)
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


def replace_atomically(path: str, chunks: Iterable[bytes], *, mode: int = 0o600, may_be_stream: bool = False) -> None:
    """Put `chunks` at `path` with this mode; the folder must exist. Raises `OSError` and leaves what was there.

    Whatever stands at `path` is replaced, a link or a pipe that somebody planted too. Where a person named the path,
    `may_be_stream` says that a device or a pipe there is written to: root could put a file in the place of
    `/dev/null`, for everybody.
    """
    if may_be_stream and _is_stream(path):
        # Without a reader at its other end a pipe would be waited for without end.
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(handle, True)
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(chunks)
        return
    folder = path.rpartition("/")[0]
    # The leading dot keeps a file that a killed run left behind out of every later run's inputs, and the file's own
    # name may be as long as names can be. Nobody can guess the name, so nobody can plant a file or a link under it.
    temporary = f"{folder or '.'}/.meetcli.{_owner()}-{os.urandom(8).hex()}{ENDING}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
            if mode != 0o600:
                os.fchmod(handle, mode)  # not when it is opened: the umask would cut it
        os.replace(temporary, path)  # noqa: PTH105  # a Path a file costs more than the comparison that usually avoids this
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def open_regular(path: str) -> int:
    """Open a file of ours for reading. Raises OSError for a link, whatever it points to, and for what is no file: a
    pipe that somebody planted would be waited for without end.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "no file", path)
    return handle


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner only: file names tell who was met."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # raises where a file stands in its place


def content_of(path: str) -> bytes | None:
    """Return what stands in a file, None where there is none that can be read whole: at most 2 GB in one piece."""
    try:
        handle = open_regular(path)
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


def openness(folder: Path) -> str | None:
    """Say why others than its owner decide what a folder holds, as `writable by its group`; None where they do not."""
    try:
        found = folder.stat()
    except OSError:
        return None
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to user {found.st_uid}"
    if found.st_mode & stat.S_IWOTH:
        return f"everybody can write to it, mode {stat.S_IMODE(found.st_mode):04o}"
    if found.st_mode & stat.S_IWGRP:
        return f"its group can write to it, mode {stat.S_IMODE(found.st_mode):04o}"
    return None


def sweep(folder: str) -> None:
    """Remove temporary files in `folder` whose process on this machine is gone.

    Such a process was killed between writing and replacing.
    """
    node = f"{os.uname().nodename}-"
    for entry in os.scandir(folder):
        if not (entry.name.startswith(".") and entry.name.endswith(ENDING)):
            continue
        # Older versions wrote no random part behind the process's id.
        named = _OWNED.fullmatch(entry.name.removesuffix(ENDING))
        if named and f"{named['host']}-".endswith(f".{node}") and not _is_running(int(named["process_id"])):
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
