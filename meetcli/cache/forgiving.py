"""A cache whose trouble costs a warning, not the run. The only place that decides what a lost cache means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from meetcli.cache import Cache
from meetcli.errors import CacheError, RunStopped


class ForgivingCache:
    """Wraps a cache: reads that fail find nothing, writes that fail say so.

    Each kind of trouble is given to `warn` once and counted in `errors`. With `is_required` it stops the run instead.
    """

    def __init__(self, cache: Cache, warn: Callable[[CacheError], None], *, is_required: bool = False) -> None:
        self._cache = cache
        self._warn = warn
        self._is_required = is_required
        self._warned: set[str] = set()
        self.errors = 0

    @property
    def backend(self) -> str:
        """Return what is really used."""
        return self._cache.backend

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values that are there and can be read."""
        try:
            return self._cache.get_many(keys)
        except CacheError as error:
            self._trouble("read", error)
            return {}

    def set(self, items: Mapping[str, str]) -> bool:
        """Store all items; return whether they are stored."""
        try:
            self._cache.set(items)
        except CacheError as error:
            self._trouble("write", error)
            return False
        return True

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the keys that are there, if the cache can be written."""
        try:
            self._cache.remove(keys)
        except CacheError as error:
            self._trouble("write", error)

    def size(self) -> int | None:
        """Return the number of answers, None where it is not cheaply known."""
        try:
            return self._cache.size()
        except CacheError as error:
            self._trouble("read", error)
            return None

    def _trouble(self, kind: str, error: CacheError) -> None:
        self.errors += 1
        if self._is_required:
            raise RunStopped(error.message, hint="the cache is required (--cache-required); bring it back and run again") from error
        if kind not in self._warned:
            self._warned.add(kind)
            self._warn(error)
