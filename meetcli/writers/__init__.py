"""Door of the writers: results to files and streams. Knows nothing of engines, caches or prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple, Protocol, runtime_checkable

from meetcli.models import Source


class Writer(Protocol):
    """Where results go. Raises `RunStopped` when it cannot write: what was bought stays in the cache.

    A single result that has no place, as for its name, raises `InputError`: the others go on.
    """

    def write(self, source: Source, text: str) -> str | None:
        """Write one result, leaving unchanged bytes alone; return the path written to, None for a stream."""
        ...

    def close(self) -> None:
        """Finish what is open. Raises as `write` does: files that hold a whole run are made only now."""
        ...


@runtime_checkable
class ComparingWriter(Writer, Protocol):
    """A writer that can tell by a digest that a result is in its place already, so that it need not be made anew."""

    def holds(self, source: Source, sha256: str) -> str | None:
        """Return the path of one result where it is known to have these bytes already.

        None where it has to be written.
        """
        ...


def path_held(writer: Writer, source: Source, sha256: str) -> str | None:
    """Return the path where the writer has a result of these bytes already, None where it does not or cannot tell."""
    return writer.holds(source, sha256) if isinstance(writer, ComparingWriter) else None


class Wishes(NamedTuple):
    """What a run wants of its writers; each takes what concerns it.

    `has_csv_mark` starts CSV files with a byte order mark.
    """

    has_csv_mark: bool = True


def _open_json(folder: Path, task: str, _wishes: Wishes) -> Writer:
    from meetcli.writers.json_files import JsonFiles

    return JsonFiles(folder, task)


def _open_jsonl(folder: Path, task: str, _wishes: Wishes) -> Writer:
    from meetcli.writers.json_lines import JsonLines

    return JsonLines(folder, task)


def _open_csv(folder: Path, task: str, wishes: Wishes) -> Writer:
    from meetcli.writers.tabular import Tabular

    return Tabular(folder, task, has_byte_order_mark=wishes.has_csv_mark)


def _open_md(folder: Path, task: str, _wishes: Wishes) -> Writer:
    from meetcli.writers.markdown import Markdown

    return Markdown(folder, task)


WRITERS: Final[Mapping[str, Callable[[Path, str, Wishes], Writer]]] = {
    "json": _open_json,
    "jsonl": _open_jsonl,
    "csv": _open_csv,
    "md": _open_md,
}
"""Every writer of files by the name that `--format` takes. A new one is a module in this folder and a row here."""


def open_writer(formats: Sequence[str], folder: Path, task: str, *, has_csv_mark: bool = True) -> Writer:
    """Return what writes every format of `formats` below `folder`, importing only those.

    `has_csv_mark` starts CSV files with a byte order mark.
    """
    writers = [WRITERS[name](folder, task, Wishes(has_csv_mark)) for name in formats]
    return writers[0] if len(writers) == 1 else _Together(writers)


def result_name(source: Source, task: str) -> str:
    """Return the path of a meeting's result below the output folder, without the ending of its format."""
    place = "" if source.place is None else f".{source.place}"
    return f"{source.result_path}{place}.{task}"


class _Together:
    """Several formats of one run."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self._writers = writers

    def write(self, source: Source, text: str) -> str | None:
        """Write with each; return the path of the first, which is the one that was asked for first."""
        paths = [writer.write(source, text) for writer in self._writers]
        return paths[0]

    def close(self) -> None:
        """Close each, whatever happens to the others."""
        with ExitStack() as closing:
            for writer in self._writers:
                closing.callback(writer.close)
