"""The disk cache: one sqlite file in diskcache's format, in a private folder.

Reads go to the file directly: diskcache's own start writes some forty times, its `get` costs 1.6x a bare read and it
has no way to read many keys, or headers alone, at once. Writes go through diskcache (`disk_store`). Never unpickles
anything.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import quote

from meetcli.cache.folder import locked, network_type, prepare_folder
from meetcli.errors import CacheError

if TYPE_CHECKING:
    from meetcli.cache.disk_store import DiskStore

P = ParamSpec("P")
T = TypeVar("T")

_BULK = 500  # keys a statement; sqlite takes at least 999 variables everywhere
_PAGE = 2000  # rows a scan holds in memory
_LOCK_TIMEOUT_S = 30.0
# Only what diskcache calls raw text: rows of any other mode, pickles among them, are as good as absent.
_LAYOUT = "SELECT key, tag, value FROM Cache WHERE raw = 1 AND mode = 1 LIMIT 0"
_IS_TEXT = "raw = 1 AND mode = 1 AND typeof(value) = 'text'"
_GET = f"SELECT key, CASE WHEN {_IS_TEXT} THEN value END FROM Cache WHERE key IN ({{}})"  # noqa: S608  # our own words
_SCAN = (  # sqlite reads a row's columns from left to right: `tag` stands before `value`, whose pages stay unread
    "SELECT key, tag FROM Cache WHERE raw = 1 AND mode = 1 AND typeof(tag) = 'text' AND key {} ? ORDER BY key LIMIT ?"
)
_SIZE = "SELECT count(*) FROM Cache WHERE raw = 1 AND key > 'answer:' AND key < 'answer;'"


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _ForeignFileError(sqlite3.DatabaseError):
    """Something that is no cache."""


class DiskCache:
    """A cache in `folder`, which is created with mode 0700.

    Raises UsageError for a folder that is not safely ours and CacheError for one that cannot be used. A database that
    is damaged or not ours is moved aside, at once or when the damage is met, and `notices` says so.
    """

    backend = "disk"
    is_whole = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notices: list[str] = []
        self._path = folder / "cache.db"
        self._inode: int | None = None
        self._reader: sqlite3.Connection | None = None
        self._store: DiskStore | None = None
        self._reading = (
            threading.Lock()
        )  # a read that begins while another is under way would see what was there when that one began
        self._do("open", self._connect)
        if kind := network_type(folder):
            self.notices.append(
                f"the cache folder {folder} is on a network file system ({kind}), where sqlite can lose data"
            )

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values of the keys that are there."""
        wanted = list(keys)
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _BULK):
            chunk = wanted[start : start + _BULK]
            rows = self._do("read", self._select, _GET.format(",".join("?" * len(chunk))), chunk)
            found.update((name, value) for name, value in rows if value is not None)
            if any(value is None for _, value in rows):
                self._note_no_text()
        return found

    def _note_no_text(self) -> None:
        notice = f"{self._path} has rows that are no text, which meetcli never writes: they count as absent"
        if notice not in self.notices:
            self.notices.append(notice)

    def set(self, items: Mapping[str, str], *, outlived: Sequence[str] = ()) -> None:
        """Store all items durably, and remove what they outlive, in one short transaction."""
        self._do("write", lambda: self._writer().set(items, outlived))

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the keys that are there; return how many were."""
        doomed = list(keys)
        return self._do("write", lambda: self._writer().remove(doomed))

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield (key, first line of the value) for every key that starts with `prefix`, in key order.

        Keys that come or go meanwhile may or may not be seen.
        """
        after, last = ">=", prefix
        while rows := self._do("read", self._select, _SCAN.format(after), (last, _PAGE)):
            after, last = ">", rows[-1][0]
            if not last.startswith(prefix):
                yield from (row for row in rows if row[0].startswith(prefix))
                return
            yield from rows

    def size(self) -> int:
        """Return the number of keys that start with `answer:`; takes 12 ms for 100,000."""
        return self._do("read", self._count)

    def clear(self) -> int:
        """Remove everything; return how many keys that start with `answer:` there were."""
        return self._do("clear", self._clear)

    def close(self) -> None:
        """Release the file."""
        if self._store is not None and not self._store.close():
            self.notices.append(
                f"another process is reading {self._path}: until it ends, what was removed can be found in its bytes"
            )
        if self._reader is not None:
            self._reader.close()
        self._reader = self._store = None

    def _count(self) -> int:
        return int(self._select(_SIZE)[0][0])

    def _clear(self) -> int:
        with self._writer().clearing():
            return self._count()

    def _select(self, query: str, arguments: Sequence[str | int] = ()) -> list[tuple[str, str]]:
        if self._reader is None:
            self._connect()
        assert self._reader is not None  # noqa: S101  # for the type checker
        with self._reading:
            try:
                return self._reader.execute(query, arguments).fetchall()
            except sqlite3.OperationalError as error:
                if hasattr(error, "sqlite_errorcode"):
                    raise
            # The text in a row is no UTF-8, which Python says by quoting it. The others are to be had, and no checksum
            # will fit that one.
            self._reader.text_factory = _decoded
            try:
                return [row for row in self._reader.execute(query, arguments) if "\ufffd" not in row[0]]
            finally:
                self._reader.text_factory = str

    def _writer(self) -> DiskStore:
        if self._reader is not None and self._inode_there() != self._inode:
            self.close()  # moved aside or deleted by somebody: what is written to the open file would be lost
        if self._reader is None:
            self._connect()
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def _open_store(self) -> DiskStore:
        from meetcli.cache.disk_store import DiskStore

        return DiskStore(self.folder)

    def _inode_there(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except FileNotFoundError:
            return None

    def _do(self, verb: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work, a second time on a new file if the first met damage.

        Whatever else goes wrong is a CacheError.
        """
        try:
            try:
                return work(*args, **kwargs)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._replace(str(error))
                return work(*args, **kwargs)
        except UnicodeError as error:  # its text quotes the value
            raise CacheError(f"cannot {verb} the cache {self._path}: a key or value is not valid Unicode") from error
        except (sqlite3.Error, OSError) as error:
            raise CacheError(f"cannot {verb} the cache {self._path}: {error}") from error

    def _connect(self) -> None:
        """Open the reading connection; make the database first if there is none."""
        prepare_folder(self.folder)
        if self._open_reader():
            return
        with locked(self.folder):
            if self._open_reader():
                return  # another process made it
            os.close(os.open(self._path, os.O_CREAT | os.O_CLOEXEC, 0o600))  # sqlite would follow the umask
            self._store = self._open_store()
            if not self._open_reader():
                raise sqlite3.OperationalError("the new file is not there")

    def _open_reader(self) -> bool:
        """Return False when there is no database, or one that was never finished."""
        self._inode = self._inode_there()
        if self._inode is None:
            return False
        if self._path.is_dir():
            raise _ForeignFileError("it is a folder")
        try:
            self._reader = self._opened("mode=rw")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            # On a medium or in a folder that cannot be written sqlite has nowhere to share memory with other processes.
            self._reader = self._opened("immutable=1")
            self.notices.append(f"the cache {self._path} cannot be written: answers bought now are not kept")
        return self._reader is not None

    def _opened(self, mode: str) -> sqlite3.Connection | None:
        reader = sqlite3.connect(
            f"file:{quote(os.fsencode(self._path.absolute()))}?{mode}",
            uri=True,
            timeout=_LOCK_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,  # sqlite itself takes care of that
        )
        try:
            reader.execute("PRAGMA query_only = ON")
            tables = {name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "Cache" in tables:
                reader.execute(_LAYOUT)
                return reader
        except sqlite3.Error as error:
            reader.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # no such column
                raise _ForeignFileError("file is not a cache") from error
            raise
        reader.close()
        if tables - {"Settings"}:
            raise _ForeignFileError("file is not a cache")
        return None

    def _replace(self, cause: str) -> None:
        """Move the database that was met aside, unless another process has done so, and open the new one."""
        met = self._inode
        self.close()
        prepare_folder(self.folder)
        with locked(self.folder):
            if met is not None and self._inode_there() == met:
                aside = self._move_aside()
                self.notices.append(
                    f"the cache {self._path} cannot be used ({cause}): moved to {aside}, and a new one begun"
                )
        self._connect()

    def _move_aside(self) -> Path:
        number = 1
        while (aside := self.folder / f"cache.damaged-{number}.db").exists():
            number += 1
        # The log goes first: beside a new database an old log would be played into it.
        for suffix in ("-wal", ""):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
        Path(f"{self._path}-shm").unlink(missing_ok=True)
        return aside


def _decoded(text: bytes) -> str:
    return text.decode(errors="replace")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, _ForeignFileError):
        return True
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE  # absent where Python's own checks raise
