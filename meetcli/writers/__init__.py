"""Door of the writers: results to files and streams. Knows nothing of engines, caches or prices."""

from __future__ import annotations

from typing import Protocol

from meetcli.models import Source


class Writer(Protocol):
    """Where results go. Raises `RunStopped` when it cannot write: what was bought stays in the cache."""

    def write(self, source: Source, text: str) -> str | None:
        """Write one result, leaving unchanged bytes alone; return the path written to, None for a stream."""
        ...

    def close(self) -> None:
        """Finish what is open."""
        ...


def result_name(source: Source, task: str) -> str:
    """Return the path of a meeting's result below the output folder, without the ending of its format."""
    place = "" if source.place is None else f".{source.place}"
    return f"{source.result_path}{place}.{task}"
