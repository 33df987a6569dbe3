"""Door of the tasks: what is asked of a transcript. Knows nothing of engines, caches or files of transcripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from meetcli.errors import UsageError
from meetcli.models import Task

if TYPE_CHECKING:
    from meetcli.tasks.custom import ReadToml

BUILT_IN = ("extract", "analyze")


def load_task(name: str) -> Task:
    """Return the built-in task called `name`; `UsageError` for another name."""
    if name == "extract":
        from meetcli.tasks.extract import EXTRACT

        return EXTRACT
    if name == "analyze":
        from meetcli.tasks.analyze import ANALYZE

        return ANALYZE
    raise UsageError(
        f"unknown task {name!r}", hint="the tasks are extract and analyze, or a task file of your own, as task.toml"
    )


def open_task(named: str, read_toml: ReadToml, announce: Callable[[str], None] = lambda text: None) -> Task:
    """Return the built-in task called so, or the one in a task file.

    `UsageError` where there is neither, or the file cannot be used.

    `read_toml` reads a TOML file, decimals as `Decimal`. `announce` is told of code in Python before it is run.
    """
    if named in BUILT_IN or not (named.endswith(".toml") or Path(named).is_file()):
        return load_task(named)
    from meetcli.tasks.custom import load_task_file

    return load_task_file(Path(named), read_toml, built_in=BUILT_IN, announce=announce)
