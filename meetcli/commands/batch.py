"""The batch commands: list, status, collect, cancel."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from meetcli.config import load_process_settings
from meetcli.engines import identify_batches
from meetcli.errors import UsageError
from meetcli.plain_text import count_text, printable
from meetcli.wiring.lanes import open_batch_engine, options_of
from meetcli.wiring.logs import set_up_logging
from meetcli.wiring.stores import opened_cache

if TYPE_CHECKING:
    from meetcli.engines.openai_batch import BatchEngine
    from meetcli.engines.openai_batch_replies import RemoteBatch
    from meetcli.models import Submission

T = TypeVar("T")
KEPT = "what it has answered is kept by the next run"
MOST_SHOWN = 300  # characters of a kept reply; --json has all of it


def list_batches(flags: Mapping[str, object], *, is_json: bool) -> None:
    """Keep what is ready and print what is pending."""
    pending = _with_engine(flags, lambda engine: engine.collect())
    rows = [_row(remote, submission.requests, submission) for submission, remote in pending]
    if is_json:
        sys.stdout.write(f"{json.dumps(rows, indent=2)}\n")
        return
    for row in rows:
        sys.stdout.write(f"{_line(row)}\n")
    if not rows:
        sys.stdout.write("no batch is pending\n")


def show_status(flags: Mapping[str, object], batch_id: str, *, is_json: bool) -> None:
    """Print how far one batch is."""
    remote = _with_engine(flags, lambda engine: engine.status(batch_id)) or _no_batch(batch_id)
    row = _row(remote, remote.total)
    sys.stdout.write(f"{json.dumps(row, indent=2) if is_json else _line(row)}\n")


def collect(flags: Mapping[str, object]) -> None:
    """Keep what is ready, and say how much is not."""
    pending = _with_engine(flags, lambda engine: engine.collect())
    waiting = f"{count_text(len(pending), 'batch', 'batches')} still pending"
    sys.stdout.write(f"what was ready is kept, the next run over the meetings writes it; {waiting}\n")


def cancel(flags: Mapping[str, object], batch_id: str) -> None:
    """Ask the server to end a batch."""
    remote = _with_engine(flags, lambda engine: engine.cancel(batch_id)) or _no_batch(batch_id)
    what = "the next run asks for its requests again" if remote.status == "forgotten" else KEPT
    sys.stdout.write(f"{remote.id} {remote.status}; {what}\n")


def _no_batch(batch_id: str) -> NoReturn:
    raise UsageError(f"the server knows no batch {batch_id!r}", hint="meetcli batch list")


def _with_engine(flags: Mapping[str, object], work: Callable[[BatchEngine], Awaitable[T]]) -> T:
    """Open cache and engine as a run in the batch lane would, and do the work."""
    engine_name = identify_batches(model="", base_url=None).engine
    loaded = load_process_settings({**flags, "lane": "batch", "engine": engine_name})
    settings = loaded.settings
    set_up_logging(loaded)
    if settings.api_key is None:
        raise UsageError("OPENAI_API_KEY is not set", hint="set it in the environment or in .env")
    identity = identify_batches(model=settings.model, base_url=settings.base_url)
    with opened_cache(settings) as cache:
        if cache is None:
            raise UsageError("the batch lane needs the cache", hint="name one with --cache-dir")
        engine = open_batch_engine(settings, options_of(settings), cache=cache, identity=identity)

        async def worked() -> T:
            try:
                return await work(engine)
            finally:
                await engine.close()

        return asyncio.run(worked())


def _row(remote: RemoteBatch, requests: int, submission: Submission | None = None) -> dict[str, Any]:
    row = {
        "id": remote.id,
        "status": remote.status or "unknown",
        "requests": requests,
        "completed": remote.completed,
        "failed": remote.failed,
        "created_at": remote.created_at.isoformat(),
    }
    if submission is not None and submission.lost_since is not None:
        row["lost_since"] = submission.lost_since.isoformat()
    if submission is not None and submission.state == "unread":
        row["reply"] = submission.reply
    return row


def _line(row: Mapping[str, Any]) -> str:
    progress = f"{row['completed']} of {row['requests']} done, {row['failed']} failed"
    line = f"{row['id']}  {row['status']}  {progress}  {row['created_at']}"
    if "lost_since" in row:
        line += f"  results missing since {row['lost_since'][:10]}"
    if "reply" in row:
        line += f"\n  the server answered to its making: {printable(row['reply'][:MOST_SHOWN])}"
    return line
