"""Leases across machines, on the Redis server of the shared cache, together with those of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from meetcli.cache.disk_leases import LEASE_S, DiskLeases
from meetcli.cache.redis_server import LEASE, PREFIX, Garbled, Refusal, Server
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
_LIFE_MS = str(int(LEASE_S * 1000))
_WITHOUT_SCRIPTS = (
    "the cache {} runs no scripts for this account (EVAL); leases are kept with plain commands, which another run "
    "can come between at the moment when a lease ends"
)


class RedisLeases:
    """The leases on one server, held under a token.

    One script takes all of them; in a cluster, which keeps keys apart, one a key; and where no script may run, plain
    commands do what they can: between looking at a lease and taking it another may take it, when its time just ended.
    """

    def __init__(self, url: str, token: str, *, patience_s: float = 600.0) -> None:
        self.doubt: CacheRefused | None = None
        self._token = token
        self._server = Server(url, patience_s=patience_s)
        self._ways = [self._take_at_once, self._take_each, self._take_plainly]

    def take(self, names: Mapping[str, str]) -> frozenset[str]:
        """Take the leases that are free, ours, or of the dead holder given with each; return those that are ours now.

        A lease that a restarted server forgot is free, so that taking it again renews it.
        """
        if not names:
            return frozenset()
        refused: Refusal | None = None
        with self._server.asking("keep leases in"):
            for place, take in enumerate(self._ways):
                try:
                    ours = take(names)
                except Refusal as error:
                    refused = refused or error
                    continue
                del self._ways[:place]
                if self._ways[0] == self._take_plainly and self.doubt is None:
                    self.doubt = CacheRefused(_WITHOUT_SCRIPTS.format(self._server.shown))
                return ours
            raise refused or Garbled("it has no way to keep a lease")

    def release(self, names: Iterable[str]) -> None:
        """Give back those that are ours."""
        done = [_key(name) for name in names]
        if not done:
            return
        with self._server.asking("keep leases in"):
            if self._ways[0] == self._take_at_once:
                try:
                    self._server.ask("EVAL", _RELEASE, len(done), *done, self._token)
                except Refusal:
                    pass
                else:
                    return
            if self._ways[0] != self._take_plainly:
                replies = self._server.ask_each([(key, ("EVAL", _RELEASE, 1, key, self._token)) for key in done])
                done = [key for key, reply in zip(done, replies, strict=True) if isinstance(reply, Refusal)]
            ours = [key for key, owner in zip(done, self._owners(done), strict=True) if owner == self._token]
            _accepted(self._server.ask_each([(key, ("DEL", key)) for key in ours]))

    def close(self) -> None:
        """Release the connection."""
        self._server.close()

    def _take_at_once(self, names: Mapping[str, str]) -> frozenset[str]:
        asked = list(names)
        keys = map(_key, asked)
        places = self._server.ask("EVAL", _TAKE, len(asked), *keys, self._token, _LIFE_MS, *names.values())
        return frozenset(asked[place - 1] for place in places)

    def _take_each(self, names: Mapping[str, str]) -> frozenset[str]:
        commands = [
            (key := _key(name), ("EVAL", _TAKE, 1, key, self._token, _LIFE_MS, dead)) for name, dead in names.items()
        ]
        return frozenset(
            name for name, taken in zip(names, _accepted(self._server.ask_each(commands)), strict=True) if taken
        )

    def _take_plainly(self, names: Mapping[str, str]) -> frozenset[str]:
        keys = {_key(name): name for name in names}
        free = _accepted(
            self._server.ask_each([(key, ("SET", key, self._token, "NX", "PX", _LIFE_MS)) for key in keys])
        )
        held = [key for key, is_set in zip(keys, free, strict=True) if not is_set]
        ours = [
            key
            for key, owner in zip(held, self._owners(held), strict=True)
            if owner is None or owner in (self._token, names[keys[key]])
        ]
        _accepted(self._server.ask_each([(key, ("SET", key, self._token, "PX", _LIFE_MS)) for key in ours]))
        return frozenset(names) - {keys[key] for key in held} | {keys[key] for key in ours}

    def _owners(self, keys: Sequence[str]) -> list[str | None]:
        replies = _accepted(self._server.ask_each([(key, ("GET", key)) for key in keys]))
        return [reply.decode(errors="replace") if isinstance(reply, bytes) else None for reply in replies]


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
            done = work()
        except CacheError as error:
            if self._is_required:
                raise
            if isinstance(error, CacheRefused):  # a server that is lost is told of by the cache
                self._warn_once(error)
            self._retry_at = self._clock() + _RETRY_AFTER_S
            return None
        if self._there.doubt is not None:
            self._warn_once(self._there.doubt)
        return done

    def _warn_once(self, error: CacheError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(error)


def _key(name: str) -> str:
    return f"{PREFIX}{LEASE}{name}"


def _accepted(replies: list[Any]) -> list[Any]:
    """Return the replies; raise the first refusal."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
