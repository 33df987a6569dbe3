"""The local engine: minutes by rules and word lists, offline, without a key or a model.

A private, free baseline; never chosen silently.

Importing this costs nothing: the version stands in every cache key, the libraries are needed only for a call.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from importlib.util import find_spec

from meetcli.errors import CallError, UsageError
from meetcli.models import Reply, Request

ALGORITHM_VERSION = "2"
"""Raise it with every change of what the engine answers: cached answers of another version are not hits."""

_LIBRARIES = ("sentencex", "snowballstemmer", "stop_words", "vader")


class LocalEngine:
    """Answers from the transcript alone: every sentence, name and quote stands in it. The same bytes on every run."""

    def __init__(self) -> None:
        missing = [library for library in _LIBRARIES if find_spec(library) is None]
        if missing:
            raise UsageError(
                f"the local engine is not installed: no {', '.join(missing)}", hint="pip install 'meetcli[local]'"
            )

    async def complete(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Reply]:
        """Answer one request after the other, in order. Nothing is paid for: usage is zero."""
        import asyncio  # whoever only asks for the version pays nothing for it

        async for request in requests:
            yield _reply(request)
            # Nothing here ever waits, and without a pause the loop would never see the signal that stops the run.
            await asyncio.sleep(0)


def _reply(request: Request) -> Reply:
    from meetcli.engines.local.minutes import write_analyze, write_extract

    write = {"extract": write_extract, "analyze": write_analyze}.get(request.task)
    if write is None:
        error = CallError(
            f"the local engine does extract and analyze, not {request.task}",
            reason="unsupported_task",
            hint="use --engine openai for other tasks",
        )
        return Reply(request.id, None, error=error)
    started = time.perf_counter()
    text = write(request.meeting)
    return Reply(request.id, text, latency_ms=(time.perf_counter() - started) * 1000)
