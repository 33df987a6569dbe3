"""Talks to a Redis server or to the nodes of a cluster, and waits for no answer longer than it may. Knows no rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from meetcli.cache.redis_limit import ROUND_S, TOTAL_S, Limit, limited
from meetcli.errors import CacheError, CacheRefused, UsageError

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.crc import key_slot
    from redis.exceptions import AskError, ClusterDownError, MasterDownError, MovedError, NoPermissionError
    from redis.retry import Retry
except ImportError as error:
    raise UsageError("a Redis cache needs the redis library", hint="pip install 'meetcli[redis]'") from error

PREFIX = "idem:meetcli:"
"""What every key of ours begins with; `idem:<key>` alone belongs to the older service on the same servers."""

LEASE = "lease:"
"""What the key of a lease begins with, below the prefix: it says who is buying an answer right now."""

Command = tuple[Any, ...]
"""A command and its arguments, as it is sent."""

Refusal = redis.ResponseError
"""What a server answers that does not do what it is told."""

Garbled = redis.InvalidResponse
"""An answer to something else than was asked."""

_REDIRECTIONS = 5  # of one key; a cluster that moves a slot needs one or two
_UNKNOWN_COMMAND = re.compile(r"(?i)unknown (?:sub)?command")


def shown_url(url: str) -> str:
    """Return the URL without user, password and options, which may hold a password too."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "redis://…"
    return f"{parts.scheme}://{host}{port}{parts.path}"


class Server:
    """The server at `redis://`, `rediss://` or `unix://`; nothing is sent before the first command.

    Raises UsageError for a URL that cannot be read. A connection that a restarted server has cut is made anew once.
    Where the server says that a key is kept by another node of its cluster, that node is asked.
    """

    def __init__(self, url: str, *, patience_s: float = TOTAL_S) -> None:
        self.shown = shown_url(url)
        self._limit = Limit(total_s=patience_s)
        self._home = _connect(url, self._limit)
        self._nodes: dict[tuple[str, int], redis.Redis] = {}
        self._node_of_slot: dict[int, redis.Redis] = {}

    @contextmanager
    def asking(self, verb: str) -> Iterator[None]:
        """Give all commands within one time together, and turn what the client raises into CacheError.

        What is refused is a CacheRefused, other trouble is none: the server may be back in a while.
        """
        self._limit.begin()
        try:
            yield
        except UnicodeError as error:  # its text quotes the value
            raise CacheError(f"cannot {verb} the cache {self.shown}: a key or value is not valid Unicode") from error
        except Refusal as error:
            raise self._refusal(verb, error) from error
        except (TypeError, ValueError, LookupError, AttributeError) as error:  # the client itself trips over those, too
            said = "it answered something else than it was asked for"
            raise CacheError(f"cannot {verb} the cache {self.shown}: {said}") from error
        except (redis.RedisError, OSError) as error:
            late = f" (it had {self._limit.seconds} for its answer)" if self._limit.is_over else ""
            raise CacheError(f"cannot {verb} the cache {self.shown}: {_said(error)}{late}") from error

    def ask(self, *command: object) -> Any:  # noqa: ANN401  # each command has a reply of its own kind
        """Send one command to the server that the URL names; raise what it refuses."""
        self._limit.next_round()
        return _sent(self._home, command)

    def ask_together(self, commands: Sequence[Command]) -> None:
        """Send the commands as one transaction, which only a server that is no cluster takes for keys of all kinds."""
        self._limit.next_round()
        with self._home.pipeline(transaction=True) as pipeline:
            for command in commands:
                _sent(pipeline, command)
            pipeline.execute()

    def ask_each(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        """Send each command, given with the one key that it is about, to the node that keeps the key.

        Returns a reply for each, or the Refusal that it got.
        """
        replies: list[Any] = [None] * len(commands)
        left = list(range(len(commands)))
        for _ in range(_REDIRECTIONS):
            groups: dict[redis.Redis, list[int]] = defaultdict(list)
            for place in left:
                groups[self._node(commands[place][0])].append(place)
            left = []
            for node, places in groups.items():
                for place, reply in zip(places, self._pipe(node, [commands[p][1] for p in places]), strict=True):
                    replies[place] = reply
                    if isinstance(reply, MovedError):
                        slot = key_slot(commands[place][0].encode())
                        self._node_of_slot[slot] = self._node_at(reply.host, reply.port)
                        left.append(place)
                    elif isinstance(reply, AskError):  # this one time: the slot is on its way there
                        there = self._node_at(reply.host, reply.port)
                        replies[place] = self._pipe(there, [("ASKING",), commands[place][1]])[1]
            if not left:
                break
        return replies

    def names(self, pattern: str) -> Iterator[Any]:
        """Yield the names of all keys that fit; one may come twice."""
        for node in self._masters():
            cursor: Any = 0
            while True:
                self._limit.next_round()
                cursor, found = _sent(node, ("SCAN", cursor, "MATCH", pattern, "COUNT", 1000))
                yield from found
                if not int(cursor):
                    break

    def is_cluster(self) -> bool:
        """Say whether the server says that it is one, where it may be asked."""
        try:
            return bool(self.ask("CLUSTER", "SLOTS"))
        except Refusal:
            return False

    def close(self) -> None:
        """Release the connections."""
        for node in (self._home, *self._nodes.values()):
            node.close()

    def _refusal(self, verb: str, error: Refusal) -> CacheError:
        said = _said(error)
        if isinstance(error, MovedError | AskError):
            said = f"this server is a Redis cluster whose nodes name each other in turn ({said})"
        elif "SELECT" in said and "cluster" in said:
            said = "this server is a Redis cluster, which has database 0 alone"
        elif "DB index" in said:  # said before the first command: nothing can be read there either
            said = "the server has no such database"
        elif isinstance(error, ClusterDownError | MasterDownError):
            said = f"the server waits for others of its kind ({said})"
        else:
            return CacheRefused(f"cannot {verb} the cache {self.shown}: {said}")
        return CacheError(f"cannot {verb} the cache {self.shown}: {said}")

    def _node(self, key: str) -> redis.Redis:
        return self._node_of_slot.get(key_slot(key.encode()), self._home) if self._node_of_slot else self._home

    def _node_at(self, host: str, port: int) -> redis.Redis:
        """Return the client of a node, with the password and options of the first; `host` may be left out by a node."""
        known = self._home.connection_pool.connection_kwargs
        if host in ("", "?"):
            host = known.get("host", "localhost")
        if (host, port) not in self._nodes:
            self._nodes[host, port] = redis.Redis(
                connection_pool=redis.ConnectionPool(
                    connection_class=self._home.connection_pool.connection_class,
                    **{**known, "host": host, "port": port},
                )
            )
        return self._nodes[host, port]

    def _pipe(self, node: redis.Redis, commands: Sequence[Command]) -> list[Any]:
        self._limit.next_round()
        try:
            with node.pipeline(transaction=False) as pipeline:
                for command in commands:
                    _sent(pipeline, command)
                return pipeline.execute(raise_on_error=False)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            if node is self._home:
                raise
            self._node_of_slot.clear()  # another node may have taken its place: the first one knows
            place = next(f"{host}:{port}" for (host, port), known in self._nodes.items() if known is node)
            said = f"this server is a Redis cluster, and its node {place} cannot be reached: {_said(error)}"
            raise type(error)(said) from error

    def _masters(self) -> list[redis.Redis]:
        """Return the nodes that have keys between them; the one that the URL names, where it says of no others."""
        try:
            slots = self.ask("CLUSTER", "SLOTS")
        except Refusal:
            slots = []
        places = {(_text(master[0]), int(master[1])) for _first, _last, master, *_copies in slots}
        if len(places) < 2:
            return [self._home]
        return [self._node_at(host, port) for host, port in sorted(places)]


def is_unknown(error: Exception) -> bool:
    """Say whether a server does not have a command, or not for this account."""
    return isinstance(error, NoPermissionError) or bool(_UNKNOWN_COMMAND.search(str(error)))


def _connect(url: str, limit: Limit) -> redis.Redis:
    try:
        client = redis.Redis.from_url(
            url,
            protocol=2,  # servers before Redis 6 and many proxies know no other; the URL may ask for 3
            socket_connect_timeout=1.0,
            socket_timeout=2.0,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),  # a timeout would only be doubled
        )
        pool = client.connection_pool
        # Texts would be taken for nothing of ours, and bought again.
        pool.connection_kwargs.pop("decode_responses", None)
        # An option that is none is refused here, not by the first command.
        pool.connection_class(**pool.connection_kwargs)
        limit.round_s = max(ROUND_S, pool.connection_kwargs.get("socket_timeout") or 0)
        pool.connection_class = limited(pool.connection_class, limit)
    except (ValueError, TypeError, redis.RedisError):
        # What went wrong quotes parts of the URL, a badly escaped password among them.
        hint = "write redis://[user:password@]host[:port][/database]; options such as ssl_ca_certs need rediss://"
        raise UsageError("the Redis URL cannot be read, or has an option that is none", hint=hint) from None
    return client


def _sent(client: redis.Redis, command: Command) -> Any:  # noqa: ANN401  # as above
    return client.execute_command(*command)  # type: ignore[no-untyped-call]  # the library says nothing of its types


def _said(error: Exception) -> str:
    return str(error).rstrip(".")  # more of our own sentence follows


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
