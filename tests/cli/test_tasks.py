"""Tasks from the command line: `run`, `run --check` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.command import Command
from tests.conftest import PROJECT
from tests.corridor import explicit
from tests.loopback_server import LoopbackServer

SALES = PROJECT / "samples" / "tasks" / "sales-call.toml"


def test_a_task_file_runs_as_a_built_in_task_does(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    first = meetcli("run", SALES, "in", "--summary", "json")
    assert (first.statuses, first.summary["task"]) == ({"in/a.json": "miss"}, "sales-call")
    result = json.loads(meetcli.results()["a.sales-call.json"])
    assert set(result["result"]) == {"stage", "needs", "objections", "budget", "decision_maker", "next_step"}
    assert meetcli("run", SALES, "in", "--summary", "json").statuses == {"in/a.json": "hit"}
    assert server.requests == 1
    dry = meetcli("run", SALES, "in", "--dry-run", "--refresh", "--summary", "json")
    assert (dry.statuses, server.requests) == ({"in/a.json": "not_attempted"}, 1)


def test_run_takes_a_built_in_task_too_and_shares_its_answers(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    assert meetcli("run", "extract", "in", "--summary", "json").statuses == {"in/a.json": "miss"}
    assert meetcli("extract", "in", "--summary", "json").statuses == {"in/a.json": "hit"}
    assert server.requests == 1


def test_the_local_engine_says_that_it_does_not_do_it(meetcli: Command) -> None:
    meetcli.put("in/a.json", explicit())
    done = meetcli("run", SALES, "in", "--engine", "local")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the local engine does extract and analyze, not sales-call\nhint: use --engine openai for other tasks\n"
    )


def test_a_validator_that_fails_by_itself_stops_the_run_and_loses_no_answer(
    meetcli: Command, server: LoopbackServer
) -> None:
    model = "from pydantic import BaseModel, field_validator\nclass Found(BaseModel):\n    stage: str\n"
    broken = f"{model}    @field_validator('stage')\n    def check(cls, value):\n        return {{}}[value]\n"
    meetcli.put("failing_model.py", broken)
    meetcli.put("task.toml", 'name = "found"\ninstructions = "Say the stage."\nschema = "failing_model:Found"\n')
    meetcli.put("in/a.json", explicit())
    done = meetcli.alone("run", "task.toml", "in")
    assert (done.exit_code, server.requests) == (3, 1)
    assert "a validator of failing_model:Found ended with KeyError" in done.stderr
    assert "Traceback" not in done.stderr
    again = meetcli.alone("run", "task.toml", "in")
    assert (again.exit_code, server.requests) == (3, 1), "its reply is kept and judged again"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "no TASK given"),
        (("run", "extract"), "no PATH given"),
        (("run", "nosuch", "in"), "unknown task 'nosuch'"),
        (("run", "nosuch.toml", "in"), "cannot read 'nosuch.toml'"),
        (("run", "--check"), "--check takes one task"),
        (("schema", "nosuch"), "unknown task"),
    ],
)
def test_what_is_missing_is_named(meetcli: Command, arguments: tuple[str, ...], said: str) -> None:
    done = meetcli(*arguments)
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_check_says_what_is_asked_for_and_calls_nothing(meetcli: Command, server: LoopbackServer) -> None:
    done = meetcli("run", "--check", SALES)
    assert done.exit_code == 0
    assert "result.needs[].quote: string | null" in done.stdout
    assert server.requests == 0
    meetcli.put("open.toml", 'name = "a"\ninstructions = "b"\nschema = {type = "array", items = {type = "string"}}\n')
    said = meetcli("run", "--check", "open.toml").stdout
    assert "nothing will carry evidence" in said
    assert "without maxItems" in said
    assert meetcli("run", "--check", "extract").exit_code == 0


def test_schema_prints_a_json_schema(meetcli: Command) -> None:
    assert "risks" in json.loads(meetcli("schema", "analyze").stdout)["properties"]
    assert json.loads(meetcli("schema", SALES).stdout)["$defs"]["result"]["required"][0] == "stage"


@pytest.mark.parametrize("task", ["extract", "analyze", SALES], ids=["extract", "analyze", "sales-call"])
def test_a_meeting_that_no_window_holds_is_asked_about_in_parts(
    meetcli: Command, server: LoopbackServer, task: str | Path
) -> None:
    lines = [
        f"{'Ana' if number % 2 else 'Rui'}: In point {number} we look at branch {number} and its costs."
        for number in range(600)
    ]
    meetcli.put("in/a.json", explicit("\n".join(lines)))
    prices = ("--prices", "openai", "--context-tokens", "8000")
    planned = meetcli("run", task, "in", "--dry-run", "--summary", "json", *prices).summary["plan"]["calls"]
    assert (
        meetcli("run", task, "in", "--summary", "json", *prices).summary["requests"] == server.requests == planned > 4
    )
    (result,) = map(json.loads, meetcli.results().values())
    jsonschema.Draft202012Validator(json.loads(meetcli("schema", task).stdout)).validate(result)
    chosen = (
        {"chosen": ["result.needs", "result.objections"]} if task == SALES else {}
    )  # three of each a chunk are more than its ten
    assert result["provenance"]["coverage"] == {"chunks": planned - 1, "turns": 600, **chosen}
    assert meetcli("run", task, "in", "--summary", "json").statuses == {
        "in/a.json": "hit"
    }  # the window is no part of the question
    lines[300] += " No, wait."
    meetcli.put("in/a.json", explicit("\n".join(lines)))
    edited = meetcli("run", task, "in", "--summary", "json", *prices).summary
    assert (edited["files"][0]["status"], edited["requests"] <= 4) == ("changed", True)
