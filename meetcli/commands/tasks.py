"""What is said about a task without running it: whether its file can be used, and what its results look like."""

from __future__ import annotations

import json
from functools import partial

import typer

from meetcli.config import read_toml
from meetcli.errors import UsageError
from meetcli.plain_text import count_text
from meetcli.tasks import open_task
from meetcli.tasks.json_schema import fields_of, strict_subset
from meetcli.tasks.result_schema import result_schema


def check(paths: list[str]) -> None:
    """Print what a task asks for, after checking all of it. Raises `UsageError` for the first thing that is wrong."""
    if len(paths) != 1:
        raise UsageError(f"--check takes one task, not {len(paths)} names", hint="meetcli run --check task.toml")
    task = open_task(paths[0], read_toml, partial(typer.echo, err=True))
    task.load_answer_model()
    typer.echo(
        f"{task.name}, version {task.version}: {count_text(len(task.instructions.split()), 'word')} of instructions"
    )
    if task.result_schema is None:
        return
    asked = strict_subset(task.result_schema)
    for field in fields_of(asked.schema):
        typer.echo(f"  {field}")
    if not asked.has_quote:
        typer.echo("no object has a quote, so nothing will carry evidence")
    if asked.unbounded:
        typer.echo(f"without maxItems small models may never end: {', '.join(asked.unbounded)}")


def print_schema(named: str) -> None:
    """Print the JSON Schema of a task's result file."""
    typer.echo(json.dumps(result_schema(open_task(named, read_toml)), ensure_ascii=False, indent=2))
