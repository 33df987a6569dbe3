"""Door of the tasks: what is asked of a transcript. Knows nothing of engines, caches or files of transcripts."""

from __future__ import annotations

from meetcli.errors import UsageError
from meetcli.models import Task


def load_task(name: str) -> Task:
    """Return the built-in task called `name`; `UsageError` for another name."""
    if name == "extract":
        from meetcli.tasks.extract import EXTRACT

        return EXTRACT
    if name == "analyze":
        from meetcli.tasks.analyze import ANALYZE

        return ANALYZE
    raise UsageError(f"unknown task {name!r}", hint="the tasks are extract and analyze")
