"""The shared cache on a Redis server. Never shows a password and never touches keys outside our prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, TypeVar

from meetcli.cache.redis_server import LEASE, PREFIX, Command, Garbled, Refusal, Server, is_unknown
from meetcli.errors import ListingRefused

T = TypeVar("T")

_LIFE_S = 400 * 24 * 3600  # tidies up only: the reader's TTL decides what is valid
_BULK = 100  # keys a command, so that neither the server is busy for long nor one answer is long on its way
_FIRST_LINE = 1024  # bytes that hold the first line of everything we write; longer ones are read whole


class RedisCache:
    """A cache on the server at `url`, shared by everybody who uses it. Opening connects to nothing.

    A cluster keeps keys apart, and an account may lack commands: what asks for many keys at once is then asked again
    with `GET`, `SET` and `DEL`, a key at a time, and from then on in this way alone.
    """

    backend = "redis"

    def __init__(self, url: str, *, patience_s: float = 600.0) -> None:
        self.notices: list[str] = []
        self._server = Server(url, patience_s=patience_s)
        self._is_plain = False
        self._refused: ListingRefused | None = None

    @property
    def is_whole(self) -> bool:
        """Say whether `scan` yields all that there is."""
        return self._refused is None

    def ping(self) -> None:
        """Raise CacheError when the server does not answer."""
        with self._server.asking("reach"):
            try:
                self._server.ask("PING")
            except Refusal as error:  # an answer, too
                if not is_unknown(error):
                    raise

    def examine(self) -> list[str]:
        """Try all that a run does, with a row that lasts a moment; return what this server or account does not do.

        Raises CacheError where nothing can be read.
        """
        name = f"{LEASE}doctor:{os.urandom(8).hex()}"
        self.get_many([name])
        key = PREFIX + name
        trials: Mapping[str, Command] = {
            "nothing can be written ({}): what is bought is shared with nobody": ("SET", key, "", "PX", 10_000),
            "rows cannot be removed ({}): nothing can be forgotten": ("DEL", key),
            "scripts cannot be run ({}): leases are kept with plain commands": ("EVAL", "return 1", 1, key),
        }
        with self._server.asking("try"):
            replies = self._server.ask_each([(key, command) for command in trials.values()])
            refused = [
                says.format(reply) for says, reply in zip(trials, replies, strict=True) if isinstance(reply, Refusal)
            ]
            try:
                self._server.ask("SCAN", 0, "COUNT", 1)
            except Refusal as error:
                refused.append(f"keys cannot be listed ({error}): cache list and remove see this disk alone")
        return refused

    def kind(self) -> str:
        """Return what the server is: one, or a cluster."""
        with self._server.asking("try"):
            return "Redis cluster, asked for one key at a time" if self._server.is_cluster() else "Redis server"

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values of the keys that are there."""
        found: dict[str, str] = {}
        with self._server.asking("read"):
            for chunk in _chunks(keys):
                found.update(self._read(chunk))
        return found

    def set(self, items: Mapping[str, str], *, outlived: Sequence[str] = ()) -> None:
        """Store all items, in one transaction where the server has them, then remove what they outlive."""
        self._store(items)
        if outlived:
            self.remove(outlived)

    def _store(self, items: Mapping[str, str]) -> None:
        commands = [(PREFIX + key, ("SET", PREFIX + key, value, "EX", _LIFE_S)) for key, value in items.items()]
        with self._server.asking("write"):
            if not commands:
                return
            if not self._is_plain:
                try:
                    self._server.ask_together([command for _, command in commands])
                except Refusal:
                    pass  # asked again below, where what no way helps against is raised
                else:
                    return
            _all_done(self._server.ask_each(commands))
            self._is_plain = True

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the keys that are there; return how many were."""
        with self._server.asking("write"):
            return sum(self._unlink([PREFIX + key for key in chunk]) for chunk in _chunks(keys))

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield (key, first line of the value) for every key that starts with `prefix`, in key order.

        Raises ListingRefused where the account may not list keys.
        """
        keys = sorted(self._keys(prefix, "read"))
        for chunk in _chunks(keys):
            with self._server.asking("read"):
                lines = self._first_lines(chunk)
            yield from lines

    def size(self) -> None:
        """Return None: only a walk over the whole server would tell."""
        return

    def clear(self) -> int:
        """Remove everything below our prefix; return how many keys that start with `answer:` there were."""
        answers = 0
        keys = self._keys("", "clear")
        for chunk in _chunks(keys):
            with self._server.asking("clear"):
                self._unlink([PREFIX + key for key in chunk])
            answers += sum(key.startswith("answer:") for key in chunk)
        return answers

    def close(self) -> None:
        """Release the connections."""
        self._server.close()

    def _read(self, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        values = self._values([PREFIX + key for key in keys])
        return ((key, text) for key, value in zip(keys, values, strict=True) if (text := _text(value)) is not None)

    def _values(self, names: Sequence[str]) -> list[Any]:
        if not self._is_plain:
            try:
                values = self._server.ask("MGET", *names)
            except Refusal:
                pass
            else:
                if not isinstance(values, list) or len(values) != len(names):
                    raise Garbled("it answered something else than it was asked for")
                return values
        replies = self._server.ask_each([(name, ("GET", name)) for name in names])
        values = [None if _is_other_kind(reply) else reply for reply in replies]
        _all_done(values)
        self._is_plain = True
        return values

    def _unlink(self, names: Sequence[str]) -> int:
        if not self._is_plain:
            try:
                return int(self._server.ask("UNLINK", *names))
            except Refusal:
                pass
        replies = self._server.ask_each([(name, ("DEL", name)) for name in names])
        _all_done(replies)
        return sum(map(int, replies))

    def _keys(self, prefix: str, verb: str) -> AbstractSet[str]:
        """Return our keys that start with `prefix`, each once, leases left out.

        The server may name one twice.
        """
        pattern = re.sub(r"([*?\[\]\\^-])", r"\\\1", PREFIX + prefix) + "*"
        with self._server.asking(verb):
            try:
                names = {_text(name) for name in self._server.names(pattern)}
            except Refusal as error:
                if not is_unknown(error):
                    raise
                self._refused = ListingRefused(f"the cache {self._server.shown} does not list its keys (SCAN)")
                raise self._refused from error
        keys = {name[len(PREFIX) :] for name in names if name is not None}
        return {key for key in keys if not key.startswith(LEASE)}

    def _first_lines(self, keys: list[str]) -> list[tuple[str, str]]:
        starts = self._server.ask_each([(name := PREFIX + key, ("GETRANGE", name, 0, _FIRST_LINE - 1)) for key in keys])
        unsure = [key for key, start in zip(keys, starts, strict=True) if _is_unsure(start)]
        whole = dict(self._read(unsure)) if unsure else {}
        found = []
        for key, start in zip(keys, starts, strict=True):
            text = whole.get(key) if _is_unsure(start) else _text(start.partition(b"\n")[0])
            if text is not None:
                found.append((key, text.partition("\n")[0]))
        return found


def _all_done(replies: Iterable[Any]) -> None:
    """Raise the first refusal."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply


def _is_other_kind(reply: object) -> bool:
    """Say whether a row is of a kind that we do not write, a list for instance."""
    return isinstance(reply, Refusal) and str(reply).startswith("WRONGTYPE")


def _is_unsure(start: object) -> bool:
    """Say whether a value has to be read whole: absent ones are empty here, and a long first line is cut."""
    return not isinstance(start, bytes) or start == b"" or (len(start) == _FIRST_LINE and b"\n" not in start)


def _text(value: object) -> str | None:
    """Decode what the server gave; None for what is absent or was not written by us."""
    try:
        return value.decode() if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return None


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, _BULK)):
        yield chunk
