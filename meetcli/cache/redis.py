"""The shared cache on a Redis server. Never shows a password and never touches keys outside our prefix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from meetcli.errors import CacheError, CacheRefused, UsageError

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    raise UsageError("a Redis cache needs the redis library", hint="pip install 'meetcli[redis]'") from error

T = TypeVar("T")

PREFIX = "idem:meetcli:"
"""What every key of ours begins with; `idem:<key>` alone belongs to the older service on the same servers."""

LEASE = "lease:"
"""What the key of a lease begins with, below the prefix: it says who is buying an answer right now."""

_LIFE_S = 400 * 24 * 3600  # tidies up only: the reader's TTL decides what is valid
_BULK = 500  # keys a command, so that the server is never busy with one of ours for long
_FIRST_LINE = 1024  # bytes that hold the first line of everything we write; longer ones are read whole


def shown_url(url: str) -> str:
    """Return the URL without user, password and options, which may hold a password too."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "redis://…"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def connect(url: str) -> redis.Redis:
    """Return a client of the server at `redis://`, `rediss://` or `unix://`; nothing is sent yet.

    Raises UsageError for a URL that cannot be read. A connection that a restarted server has cut is made anew once.
    """
    try:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=1.0,
            socket_timeout=2.0,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),  # a timeout would only be doubled
        )
        pool = client.connection_pool
        pool.connection_kwargs.pop(
            "decode_responses", None
        )  # texts would be taken for nothing of ours, and bought again
        pool.connection_class(
            **pool.connection_kwargs
        )  # an option that is none is refused here, not by the first command
    except (ValueError, TypeError, redis.RedisError):
        # What went wrong quotes parts of the URL, a badly escaped password among them.
        hint = "write redis://[user:password@]host[:port][/database]; options such as ssl_ca_certs need rediss://"
        raise UsageError("the Redis URL cannot be read, or has an option that is none", hint=hint) from None
    return client


@contextmanager
def reported(verb: str, shown: str) -> Iterator[None]:
    """Turn what the client raises into CacheError."""
    try:
        yield
    except UnicodeError as error:  # its text quotes the value
        raise CacheError(f"cannot {verb} the cache {shown}: a key or value is not valid Unicode") from error
    except redis.ResponseError as error:
        if "DB index" in str(error):  # said before the first command: nothing can be read there either
            raise CacheError(f"cannot {verb} the cache {shown}: the server has no such database") from error
        raise CacheRefused(f"cannot {verb} the cache {shown}: {_said(error)}") from error
    except (redis.RedisError, OSError) as error:
        raise CacheError(f"cannot {verb} the cache {shown}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return str(error).rstrip(".")  # more of our own sentence follows


class RedisCache:
    """A cache on the server at `url`, shared by everybody who uses it. Opening connects to nothing."""

    backend = "redis"

    def __init__(self, url: str) -> None:
        self.notices: list[str] = []
        self._shown = shown_url(url)
        self._client = connect(url)

    def ping(self) -> None:
        """Raise CacheError when the server does not answer."""
        with reported("reach", self._shown):
            self._client.ping()

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values of the keys that are there."""
        found: dict[str, str] = {}
        with reported("read", self._shown):
            for chunk in _chunks(keys):
                values: Any = self._client.mget([PREFIX + key for key in chunk])
                found.update(
                    (key, text) for key, value in zip(chunk, values, strict=True) if (text := _text(value)) is not None
                )
        return found

    def set(self, items: Mapping[str, str]) -> None:
        """Store all items in one transaction."""
        with reported("write", self._shown), self._client.pipeline(transaction=True) as pipeline:
            for key, value in items.items():
                pipeline.set(PREFIX + key, value, ex=_LIFE_S)
            pipeline.execute()

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the keys that are there; return how many were."""
        with reported("write", self._shown):
            return sum(self._unlink(PREFIX + key for key in chunk) for chunk in _chunks(keys))

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield (key, first line of the value) for every key that starts with `prefix`, in key order."""
        with reported("read", self._shown):
            keys = sorted(self._keys(prefix))
        for chunk in _chunks(keys):
            with reported("read", self._shown):
                lines = self._first_lines(chunk)
            yield from lines

    def size(self) -> None:
        """Return None: only a walk over the whole server would tell."""
        return

    def clear(self) -> int:
        """Remove everything below our prefix; return how many keys that start with `answer:` there were."""
        answers = 0
        with reported("clear", self._shown):
            for chunk in _chunks(self._keys("")):
                self._unlink(PREFIX + key for key in chunk)
                answers += sum(key.startswith("answer:") for key in chunk)
        return answers

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def _unlink(self, names: Iterable[str]) -> int:
        removed: Any = self._client.unlink(*names)
        return int(removed)

    def _keys(self, prefix: str) -> AbstractSet[str]:
        """Return our keys that start with `prefix`, each once, leases left out.

        The server may name one twice.
        """
        pattern = re.sub(r"([*?\[\]\\^-])", r"\\\1", PREFIX + prefix) + "*"
        names = (_text(name) for name in self._client.scan_iter(match=pattern, count=1000))
        keys = {name[len(PREFIX) :] for name in names if name is not None}
        return {key for key in keys if not key.startswith(LEASE)}

    def _first_lines(self, keys: list[str]) -> list[tuple[str, str]]:
        with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.getrange(PREFIX + key, 0, _FIRST_LINE - 1)
            starts = pipeline.execute(raise_on_error=False)
        unsure = {
            key for key, start in zip(keys, starts, strict=True) if start == b"" or _is_cut(start)
        }  # absent ones are empty here
        whole = self.get_many(unsure)
        found = []
        for key, start in zip(keys, starts, strict=True):
            text = (
                whole.get(key)
                if key in unsure
                else _text(start.partition(b"\n")[0] if isinstance(start, bytes) else None)
            )
            if text is not None:
                found.append((key, text.partition("\n")[0]))
        return found


def _is_cut(start: object) -> bool:
    return isinstance(start, bytes) and len(start) == _FIRST_LINE and b"\n" not in start


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
