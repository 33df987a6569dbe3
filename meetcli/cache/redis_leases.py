"""Leases across machines, on the Redis server of the shared cache, together with those of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from meetcli.cache.disk_leases import LEASE_S, DiskLeases
from meetcli.cache.redis import LEASE, PREFIX, connect, reported, shown_url
from meetcli.errors import CacheError, CacheRefused

T = TypeVar("T")

_RETRY_AFTER_S = 30.0

# Each script goes through KEYS and returns the places, from 1, of those that are ours. ARGV: our token, milliseconds,
# and for taking, the token of each key's last holder on this machine, known to be dead, or an empty string.
_TAKE = """
local ours = {}
for i, key in ipairs(KEYS) do
  local owner = redis.call('GET', key)
  if not owner or owner == ARGV[1] or owner == ARGV[2 + i] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    ours[#ours + 1] = i
  end
end
return ours
"""
_RELEASE = """
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    redis.call('DEL', key)
  end
end
"""


class RedisLeases:
    """The leases on one server, held under a token."""

    def __init__(self, url: str, token: str) -> None:
        self._token = token
        self._shown = shown_url(url)
        self._client = connect(url)

    def take(self, names: Mapping[str, str]) -> frozenset[str]:
        """Take the leases that are free, ours, or of the dead holder given with each; return those that are ours now.

        A lease that a restarted server forgot is free, so that taking it again renews it.
        """
        asked = list(names)
        if not asked:
            return frozenset()
        milliseconds = str(int(LEASE_S * 1000))
        with reported("keep leases in", self._shown):
            places = self._client.eval(_TAKE, len(asked), *map(_key, asked), self._token, milliseconds, *names.values())
        return frozenset(asked[place - 1] for place in places)

    def release(self, names: Iterable[str]) -> None:
        """Give back those that are ours."""
        done = list(names)
        if done:
            with reported("keep leases in", self._shown):
                self._client.eval(_RELEASE, len(done), *map(_key, done), self._token)

    def close(self) -> None:
        """Release the connection."""
        self._client.close()


class SharedLeases:
    """Leases of this machine and, for those, of all machines that share the server."""

    def __init__(
        self,
        there: RedisLeases,
        here: DiskLeases,
        *,
        clock: Callable[[], float],
        is_required: bool = False,
        warn: Callable[[CacheError], None] = lambda error: None,
    ) -> None:
        self._there = there
        self._here = here
        self._clock = clock
        self._is_required = is_required
        self._warn = warn
        self._has_warned = False
        self._retry_at = float("-inf")
        self._ours: set[str] = set()

    def acquire(self, names: Iterable[str]) -> frozenset[str]:
        """Take the leases that nobody living holds; return those of `names` that are ours now, new or already.

        A holder who died on another machine counts as living until its leases end.
        """
        here = self._here.take(names)
        there = self._attempt(lambda: self._there.take(here))
        ours = frozenset(here) if there is None else there
        if len(ours) < len(here):
            self._here.release(here.keys() - ours)
        self._ours |= ours
        return ours

    def renew(self) -> frozenset[str]:
        """Make all of ours last from now; return those that were lost to somebody else since."""
        lost = self._here.renew() & self._ours
        kept = dict.fromkeys(self._ours - lost, "")
        there = self._attempt(lambda: self._there.take(kept))
        if there is not None and (gone := kept.keys() - there):
            self._here.release(gone)
            lost |= gone
        self._ours -= lost
        return lost

    def release(self, names: Iterable[str]) -> None:
        """Give back those of `names` that are ours."""
        done = self._ours.intersection(names)
        self._ours -= done
        self._attempt(lambda: self._there.release(done))
        self._here.release(done)

    def close(self) -> None:
        """Give back everything."""
        try:
            self._attempt(lambda: self._there.release(self._ours))
        finally:
            self._there.close()
            self._here.close()

    def _attempt(self, work: Callable[[], T]) -> T | None:
        """Do the work on the server; None while it is lost, when this machine's leases are the best there is."""
        if self._clock() < self._retry_at:
            return None
        try:
            return work()
        except CacheError as error:
            if self._is_required:
                raise
            if (
                isinstance(error, CacheRefused) and not self._has_warned
            ):  # a server that is lost is told of by the cache
                self._has_warned = True
                self._warn(error)
            self._retry_at = self._clock() + _RETRY_AFTER_S
            return None


def _key(name: str) -> str:
    return f"{PREFIX}{LEASE}{name}"
