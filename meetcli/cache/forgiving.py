"""A cache whose trouble costs a warning, not the run. The only place that decides what a lost cache means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from meetcli.cache import Cache
from meetcli.errors import CacheError

T = TypeVar("T")


class ForgivingCache:
    """Wraps a cache: reads that fail find nothing, writes that fail say so.

    Each kind of trouble is given to `warn` once and counted in `errors`; the first one stays in `loss`. Whoever
    requires the cache ends the run on it, in order: what is being paid for still goes out, and into whatever cache is
    left. What the cache itself has to say is given to `notify`, once and as soon as it is known.
    """

    def __init__(
        self,
        cache: Cache,
        warn: Callable[[CacheError], None],
        *,
        notify: Callable[[str], None] = lambda notice: None,
    ) -> None:
        self._cache = cache
        self._warn = warn
        self._notify = notify
        self._warned: set[str] = set()
        self._unusable: set[str] = set()
        self._notified = 0
        self.errors = 0
        self.loss: CacheError | None = None
        self._pass_on_notices()

    @property
    def backend(self) -> str:
        """Return what is really used."""
        return self._cache.backend

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values that are there and can be read."""
        return self._attempt("read", lambda: self._cache.get_many(keys), {})

    def set(self, items: Mapping[str, str], *, outlived: Sequence[str] = ()) -> bool:
        """Store all items and remove what they outlive; return whether they are stored."""

        def store() -> bool:
            self._cache.set(items, outlived=outlived)
            return True

        return self._attempt("write", store, False)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the keys that are there, if the cache can be written."""
        self._attempt("write", lambda: self._cache.remove(keys), 0)

    def first(self, prefix: str, limit: int) -> list[tuple[str, str]]:
        """Return (key, first line of the value) of the first `limit` keys that start with `prefix`."""
        return self._attempt("read", lambda: list(islice(self._cache.scan(prefix), limit)), [])

    def note_unusable(self, name: str) -> None:
        """Count a row that is there but cannot be used, once each.

        Of the first one a warning says that what it held is asked for again. The cache does not count as lost:
        everything else in it is as good as before.
        """
        if name not in self._unusable:
            self._unusable.add(name)
            self.errors += 1
            self._warn_once(
                "row", CacheError("an answer in the cache is damaged or of a newer version: it counts as absent")
            )

    def size(self) -> int | None:
        """Return the number of answers, None where it is not cheaply known."""
        return self._attempt("read", self._cache.size, None)

    def _attempt(self, kind: str, work: Callable[[], T], otherwise: T) -> T:
        try:
            return work()
        except CacheError as error:
            self.errors += 1
            self.loss = self.loss or error
            self._warn_once(kind, error)
            return otherwise
        finally:
            self._pass_on_notices()

    def _warn_once(self, kind: str, error: CacheError) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            self._warn(error)

    def _pass_on_notices(self) -> None:
        for notice in self._cache.notices[self._notified :]:
            self._notified += 1
            self._notify(notice)
