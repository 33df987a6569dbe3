"""What the settings ask of every meeting and want of a run, for a run and for whoever explains one."""

from __future__ import annotations

from meetcli import events
from meetcli.answers import render_version
from meetcli.config import Settings, read_toml
from meetcli.engines import identify
from meetcli.errors import UsageError
from meetcli.keys import asked_parts
from meetcli.models import Assignment, Rules
from meetcli.tasks import BUILT_IN, open_task
from meetcli.tasks.prompt import instructions_text


def assign(task_name: str, settings: Settings) -> Assignment:
    """Return what a task with these settings asks.

    Raises UsageError for a task that does not exist, or not for this engine.
    """
    task = open_task(task_name, read_toml, events.announced)
    identity = identify(settings.engine, model=settings.model, base_url=settings.base_url)
    if not identity.abilities.takes_any_task and task.name not in BUILT_IN:
        raise UsageError(
            f"the {settings.engine} engine does {' and '.join(BUILT_IN)}, not {task.name}",
            hint="use --engine openai for other tasks",
        )
    parts = asked_parts(
        instructions=instructions_text(task),
        schema_sha256=task.schema_sha256,
        temperature=task.temperature,
        identity=identity,
        language=settings.language,
    )
    version = render_version(requires_evidence=settings.require_evidence)
    return Assignment(task, identity, settings.language, parts, version, requires_evidence=settings.require_evidence)


def rules_of(settings: Settings) -> Rules:
    """Return what the settings want of a run."""
    return Rules(
        ttl_s=settings.ttl_s,
        max_bytes=settings.max_file_bytes,
        on_change=settings.on_change,
        is_key_from_content=settings.key_fallback == "content",
        is_refresh=settings.refresh,
        is_failed_retried=settings.retry_failed,
        limit=settings.limit,
    )
