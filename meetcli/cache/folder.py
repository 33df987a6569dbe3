"""The folder of the disk cache: ours alone, and on a disk of this machine. Never looks into the files there."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from meetcli.errors import CacheError, UsageError

_NETWORK_TYPES = frozenset(
    "9p afs afpfs beegfs ceph cifs davfs glusterfs gpfs lustre ncpfs nfs nfs4 prl_fs smb3 smbfs vboxsf webdav".split()  # noqa: SIM905  # read as a list of words
)


def prepare_folder(folder: Path) -> None:
    """Create the folder with mode 0700, or check the one that is there.

    Raises UsageError when it belongs to somebody else or others may write to it: whoever can write there decides what a
    run answers. Raises CacheError when it cannot be created. A folder readable by others is closed to them if nothing
    but the cache is in it; files of the cache are private in any case.
    """
    try:
        try:
            found = folder.stat()
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)  # mkdir's own mode is cut by the umask
            found = folder.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise UsageError(f"the cache folder {folder} is not a folder", hint="choose another one with --cache-dir")
        _refuse_unsafe(folder, found)
        if found.st_mode & 0o077 and all(entry.name.startswith("cache.") for entry in folder.iterdir()):
            with suppress(OSError):  # on a read-only medium it stays as it is
                folder.chmod(0o700)
    except OSError as error:
        raise CacheError(f"cannot use the cache folder {folder}: {error.strerror or error}") from error


def _refuse_unsafe(folder: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise UsageError(
            f"the cache folder {folder} belongs to user {found.st_uid}, not to you ({os.geteuid()})",
            hint="choose a folder of your own with --cache-dir",
        )
    if found.st_mode & 0o022:
        raise UsageError(
            f"the cache folder {folder} is writable by others (mode {stat.S_IMODE(found.st_mode):04o})",
            hint=f"run `chmod go-w {folder}`, or choose another folder with --cache-dir",
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock while the database is created or replaced; waits for whoever holds it.

    The kernel frees it with its process, so a killed one leaves nothing behind. Raises OSError.
    """
    handle = os.open(folder / "cache.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def network_type(folder: Path) -> str | None:
    """Return the file system's type, as `nfs4`, when the folder is on another machine.

    None when it is local or unknown. sqlite's write-ahead log needs memory that processes share, which no network file
    system gives.
    """
    try:
        if sys.platform == "darwin":
            import subprocess  # as dear as all other imports of this room together

            mounts = mounts_of_macos(
                subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False).stdout
            )
        else:
            mounts = mounts_of_linux(Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return None
    kind = type_at(os.path.realpath(folder), mounts)
    return kind if kind in _NETWORK_TYPES or kind.startswith(("fuse.sshfs", "fuse.s3")) else None


def mounts_of_linux(text: str) -> list[tuple[str, str]]:
    """Return (mount point, type) from the text of /proc/self/mounts, where spaces in a path are escaped."""
    fields = (line.split(" ") for line in text.splitlines())
    return [(_unescaped(field[1]), field[2]) for field in fields if len(field) > 2]


def _unescaped(path: str) -> str:
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(escaped, plain)
    return path


def mounts_of_macos(text: str) -> list[tuple[str, str]]:
    """Return (mount point, type) from what `mount` prints: `//host/share on /Volumes/share (smbfs, nodev)`."""
    found = []
    for line in text.splitlines():
        place, _, options = line.partition(" on ")[2].rpartition(" (")
        if place:
            found.append((place, options.rstrip(")").split(",")[0]))
    return found


def type_at(path: str, mounts: list[tuple[str, str]]) -> str:
    """Return the type of the file system that holds an absolute path, or an empty string.

    Of equal mounts the last one is on top.
    """
    best, kind = -1, ""
    for place, candidate in mounts:
        root = place.rstrip("/")
        if (path == root or path.startswith(root + "/")) and len(root) >= best:
            best, kind = len(root), candidate
    return kind
