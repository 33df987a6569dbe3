"""The leases of one machine: a row in a sqlite file says who holds a name.

A file that the holder keeps locked says that the holder lives: the kernel frees the lock of a killed process at once,
so its leases go to the next who asks.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path

from meetcli.cache.folder import locked, prepare_folder
from meetcli.errors import CacheError

LEASE_S = 60.0
"""How long a lease outlives its last renewal; renew well before, at a third of it."""

_BULK = 500
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DiskLeases:
    """The leases of one machine, in a cache folder."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.token = os.urandom(8).hex()
        self._folder = folder
        self._clock = clock
        self._path = folder / "cache.leases.db"
        self._ours: set[str] = set()
        with self._reported():
            prepare_folder(folder)
            self._rows = self._opened()
            self._life = self._begin_life()
            self._bury_the_dead()

    def acquire(self, names: Iterable[str]) -> frozenset[str]:
        """Take the leases that nobody living holds; return those of `names` that are ours now, new or already."""
        return frozenset(self.take(names))

    def take(self, names: Iterable[str]) -> dict[str, str]:
        """Do as `acquire`, and say whose each lease was before: a token, empty where it was nobody's or ours."""
        taken: dict[str, str] = {}
        is_dead: dict[str, bool] = {}
        with self._reported(), self._transaction():
            now = self._clock()
            for chunk in _chunks(names):
                taken.update(dict.fromkeys(chunk, ""))
                for name, owner, ends_at in self._others(chunk):
                    if owner not in is_dead:
                        is_dead[owner] = self._is_dead(owner)
                    if is_dead[owner] or ends_at <= now:
                        taken[name] = owner
                    else:
                        del taken[name]
            self._rows.executemany(
                "INSERT OR REPLACE INTO lease (name, owner, ends_at) VALUES (?, ?, ?)",
                [(name, self.token, now + LEASE_S) for name in taken],
            )
        self._ours |= taken.keys()
        return taken

    def renew(self) -> frozenset[str]:
        """Make all of ours last from now; return those that were lost to somebody else since."""
        with self._reported(), self._transaction():
            self._rows.execute("UPDATE lease SET ends_at = ? WHERE owner = ?", (self._clock() + LEASE_S, self.token))
            kept = {name for (name,) in self._rows.execute("SELECT name FROM lease WHERE owner = ?", (self.token,))}
        lost = frozenset(self._ours - kept)
        self._ours = kept
        return lost

    def release(self, names: Iterable[str]) -> None:
        """Give back those of `names` that are ours."""
        done = list(names)
        self._ours.difference_update(done)
        with self._reported(), self._transaction():
            self._rows.executemany(
                "DELETE FROM lease WHERE name = ? AND owner = ?", [(name, self.token) for name in done]
            )

    def close(self) -> None:
        """Give back everything and leave no file of this run behind."""
        with self._reported():
            try:
                with self._transaction():
                    self._rows.execute("DELETE FROM lease WHERE owner = ?", (self.token,))
            finally:
                self._rows.close()
                self._life_of(self.token).unlink(missing_ok=True)
                os.close(self._life)

    def _others(self, names: list[str]) -> list[tuple[str, str, float]]:
        places = ",".join("?" * len(names))
        query = f"SELECT name, owner, ends_at FROM lease WHERE name IN ({places}) AND owner != ?"  # noqa: S608  # only question marks
        return self._rows.execute(query, (*names, self.token)).fetchall()

    # The rows

    def _opened(self) -> sqlite3.Connection:
        """Open the file of leases; one that is damaged is made anew, for it holds nothing that is worth keeping."""
        with locked(self._folder):
            try:
                return self._connected()
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in _DAMAGE:
                    raise
                for suffix in ("-wal", "-shm", ""):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)
                return self._connected()

    def _connected(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_CLOEXEC, 0o600))  # sqlite would follow the umask
        rows = sqlite3.connect(self._path, timeout=30.0, isolation_level=None)
        try:
            rows.execute("PRAGMA journal_mode = WAL")
            rows.execute("PRAGMA synchronous = NORMAL")  # nobody who held a lease survives a power cut
            rows.execute(
                "CREATE TABLE IF NOT EXISTS lease (name TEXT PRIMARY KEY, owner TEXT, ends_at REAL) WITHOUT ROWID"
            )
        except sqlite3.Error:
            rows.close()
            raise
        return rows

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._rows.execute("ROLLBACK")
            raise
        self._rows.execute("COMMIT")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise CacheError(f"cannot keep leases in {self._path}: {error}") from error

    # The living and the dead

    def _life_of(self, token: str) -> Path:
        return self._folder / f"cache.life-{token}.lock"

    def _begin_life(self) -> int:
        """Lock our file for as long as this process lives."""
        path = self._life_of(self.token)
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(handle).st_ino:
                    return handle
            os.close(handle)  # somebody took it for a dead one's between the two calls above, and removed it

    def _is_dead(self, token: str, at_end: Callable[[], object] = lambda: None) -> bool:
        """Say whether the holder's process is gone.

        `at_end` is called while nobody can mistake the holder's file for that of a living process.
        """
        try:
            handle = os.open(self._life_of(token), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(
                handle, fcntl.LOCK_SH | fcntl.LOCK_NB
            )  # shared, so that two who ask at once do not see each other
            at_end()
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def _bury_the_dead(self) -> None:
        """Remove what killed processes left behind, but for the rows of leases that have not ended: they name whose
        leases on a shared server are to be taken over.
        """
        for path in self._folder.glob("cache.life-*.lock"):
            token = path.name.removeprefix("cache.life-").removesuffix(".lock")
            if token != self.token:
                self._is_dead(token, partial(path.unlink, missing_ok=True))
        now = self._clock()
        ended = (now, now + LEASE_S)  # a clock that began anew with the machine is before all that it has told
        for (owner,) in self._rows.execute(
            "SELECT DISTINCT owner FROM lease WHERE ends_at <= ? OR ends_at > ?", ended
        ).fetchall():
            if self._is_dead(owner):
                self._rows.execute(
                    "DELETE FROM lease WHERE owner = ? AND (ends_at <= ? OR ends_at > ?)", (owner, *ended)
                )


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while chunk := list(islice(remaining, _BULK)):
        yield chunk
