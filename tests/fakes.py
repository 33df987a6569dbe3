"""Stand-ins for the doors. They inherit nothing: the contract suites run over them and over the real ones alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

from meetcli.models import Reply, Request


class MemoryCache:
    """A cache in a dict; `items` is open to tests that plant or spoil values."""

    def __init__(self) -> None:
        self.backend = "disk"
        self.is_whole = True
        self.notices: list[str] = []
        self.items: dict[str, str] = {}

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self.items[key] for key in keys if key in self.items}

    def set(self, items: Mapping[str, str], *, outlived: Iterable[str] = ()) -> None:
        self.items.update(items)
        self.remove(outlived)

    def remove(self, keys: Iterable[str]) -> int:
        return sum(self.items.pop(key, None) is not None for key in keys)

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        for key in sorted(key for key in self.items if key.startswith(prefix)):
            yield key, self.items[key].partition("\n")[0]

    def size(self) -> int:
        return sum(key.startswith("answer:") for key in self.items)

    def clear(self) -> int:
        removed = self.size()
        self.items.clear()
        return removed

    def close(self) -> None:
        pass


class ScriptedEngine:
    """Answers each request with what `script` makes of it: a `Reply`, or an error that stops the run. `requests` is the
    history.
    """

    def __init__(self, script: Callable[[Request], Reply | Exception]) -> None:
        self.script = script
        self.requests: list[Request] = []

    async def complete(self, requests: AsyncIterator[Request]) -> AsyncIterator[Reply]:
        async for request in requests:
            self.requests.append(request)
            reply = self.script(request)
            if isinstance(reply, Exception):
                raise reply
            yield reply._replace(request_id=request.id)


class ScriptedLeases:
    """Leases of which `held` are somebody else's; `asked` is told of every request for some, `ours` is what we hold."""

    def __init__(self, held: Iterable[str] = (), asked: Callable[[set[str]], None] = lambda names: None) -> None:
        self.held = set(held)
        self.asked = asked
        self.ours: set[str] = set()

    def acquire(self, names: Iterable[str]) -> frozenset[str]:
        wanted = set(names)
        self.asked(wanted)
        self.ours |= wanted - self.held
        return frozenset(wanted - self.held)

    def renew(self) -> frozenset[str]:
        return frozenset(self.ours & self.held)

    def release(self, names: Iterable[str]) -> None:
        self.ours -= set(names)

    def close(self) -> None:
        self.ours.clear()
