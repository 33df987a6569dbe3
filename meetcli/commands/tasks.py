"""What is said about a task without running it: whether its file can be used, and what its results look like."""

from __future__ import annotations

import json
import sys

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
    task = open_task(paths[0], read_toml, _say)
    task.load_answer_model()
    words = count_text(len(task.instructions.split()), "word")
    sys.stdout.write(f"{task.name}, version {task.version}: {words} of instructions\n")
    if task.result_schema is None:
        return
    asked = strict_subset(task.result_schema)
    for field in fields_of(asked.schema):
        sys.stdout.write(f"  {field}\n")
    if not asked.has_quote:
        sys.stdout.write("no object has a quote, so nothing will carry evidence\n")
    if asked.unbounded:
        sys.stdout.write(f"without maxItems small models may never end: {', '.join(asked.unbounded)}\n")


def print_schema(named: str) -> None:
    """Print the JSON Schema of a task's result file."""
    schema = result_schema(open_task(named, read_toml))
    sys.stdout.write(f"{json.dumps(schema, ensure_ascii=False, indent=2)}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
