"""The recipes for extending meetcli work word for word: each is applied to a copy of the package and run as a command.

Every run has the address of a server that speaks OpenAI's language and a transcript with a word that stands nowhere
else: what goes to the wrong place is seen there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import meetcli
from tests.loopback_server import LoopbackServer

PACKAGE = Path(meetcli.__file__).parent
BLOCK = re.compile(r"```(?P<kind>python|diff|toml)\n(?P<text>.*?)```", re.DOTALL)
PATH = re.compile(r"`((?:meetcli/)?[\w/]+\.(?:py|toml))`")
CANARY = "zanzibarine"
SPOKEN = f"Ana: We will send the {CANARY} plan on Friday.\nRui: Thank you, that helps."
OTHER_MODEL = """#!{python}
import json, sys
sys.path.insert(0, {project!r})
from tests.loopback_answers import answer_to
asked = json.load(sys.stdin)
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], asked["messages"]]) + "\\n")
schema = {{"type": "json_schema", "json_schema": {{"schema": asked["schema"]}}}}
text = answer_to({{"messages": asked["messages"], "response_format": schema}})
json.dump({{"text": text, "read": 900, "written": 90}}, sys.stdout)
"""
"""What the recipe's engine asks: a program that notes its model and what it was told."""


def apply(recipe: str, folder: Path) -> None:
    """Do what a section of the recipes says to the package in `folder`."""
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n### {recipe}\n", maxsplit=1)[1].split("\n### ", maxsplit=1)[0]
    for block in BLOCK.finditer(section):
        path = folder / PATH.findall(section[: block.start()])[-1]
        if block["kind"] == "diff":
            change(path, block["text"].splitlines())
        else:
            assert not path.exists()
            path.write_text(block["text"], encoding="utf-8")


def change(path: Path, lines: list[str]) -> None:
    """Add the lines with `+` among the others, which stand in the file exactly once."""
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    content = path.read_text(encoding="utf-8")
    assert content.count(before) == 1, f"{path.name} has no such place, or more than one: {before}"
    path.write_text(content.replace(before, "\n".join(line[1:] for line in lines)), encoding="utf-8")


class Extended:
    """A folder with a package of its own, a transcript, and a server that would be seen to read it."""

    def __init__(self, folder: Path, server: LoopbackServer) -> None:
        self.folder = folder
        self.server = server
        shutil.copytree(PACKAGE, folder / "meetcli", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "in").mkdir()
        ids = {"meeting_id": "M-1", "customer_id": "C-1", "meet_date": "2026-08-05T09:00:00Z"}
        self.add("call.json", {"transcript": SPOKEN, "metadata": {**ids, "customer_name": "Larkfield"}})

    def add(self, name: str, document: object) -> None:
        (self.folder / "in" / name).write_text(json.dumps(document), encoding="utf-8")

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            # Coverage would count the copy as code that hardly anything runs.
            **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
            "PYTHONPATH": str(self.folder),
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "OPENAI_BASE_URL": self.server.base_url,
            "MEETCLI_CACHE_DIR": str(self.folder / "cache"),
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "meetcli", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def result(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "results" / path).read_text(encoding="utf-8"))
        return found

    @property
    def leaked(self) -> bool:
        return CANARY in json.dumps(self.server.bodies)


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Extended]:
    with LoopbackServer() as server:
        yield Extended(tmp_path, server)


def test_what_is_sent_to_openai_is_seen(extended: Extended) -> None:
    assert extended.run("extract", "in", OPENAI_API_KEY="sk-loopback").returncode == 0
    assert extended.leaked


def test_the_format_is_read(extended: Extended) -> None:
    apply("A format", extended.folder)
    lines = [{"who": "Ana", "said": "Hello.", "at": 1.5}, {"who": "Rui", "said": "Hi.", "at": 3}]
    extended.add("bot.json", {"acme_lines": lines})
    done = extended.run("inspect", "in/bot.json", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["inputs"][0]["format"] == "Acme"
    done = extended.run("extract", "in", "--engine", "local", "--summary", "json")
    counts = json.loads(done.stdout)["counts"]
    assert (done.returncode, counts["miss"]) == (0, 2), done.stderr  # the bot names no meeting: its words are its key


def test_the_task_is_run(extended: Extended) -> None:
    apply("A task", extended.folder)
    done = extended.run("run", "risks.toml", "in", OPENAI_API_KEY="sk-loopback")
    assert done.returncode == 0, done.stderr
    assert extended.result("call.risks.json")["result"].keys() == {"risks"}


def test_the_writer_writes_and_its_file_is_no_transcript(extended: Extended) -> None:
    apply("A writer", extended.folder)
    command = ("extract", "in", "--engine", "local", "--format", "titles,json")
    for _ in range(2):  # bought, then known
        done = extended.run(*command)
        assert done.returncode == 0, done.stderr
    assert (extended.folder / "results" / "titles.extract.md").read_text(encoding="utf-8").endswith("- Larkfield\n")
    done = extended.run("extract", "results", "--engine", "local", "--summary", "json")
    assert json.loads(done.stdout)["counts"]["skipped"] == 2, done.stderr


def test_the_engine_answers_and_nobody_else_reads_the_transcript(extended: Extended) -> None:
    apply("An engine", extended.folder)
    log = extended.folder / "asked.jsonl"
    program = extended.folder / "other-model"
    project = str(Path(__file__).resolve().parents[1])
    program.write_text(OTHER_MODEL.format(python=sys.executable, project=project, log=str(log)), encoding="utf-8")
    program.chmod(0o700)
    command = ("extract", "in", "--engine", "other", "--model", "mine")

    keyless = extended.run(*command, OPENAI_API_KEY="sk-of-openai")
    assert (keyless.returncode, "MEETCLI_API_KEY is not set" in keyless.stderr) == (2, True)
    for refused in (("--max-cost", "1"), ("--lane", "batch"), ("--lane", "flex")):
        assert extended.run(*command, *refused, MEETCLI_API_KEY="k").returncode == 2
    dry = extended.run(*command, "--dry-run", MEETCLI_API_KEY="k")
    assert (dry.returncode, "unknown expected" in dry.stdout) == (0, True)
    assert not log.exists()

    done = extended.run(*command, MEETCLI_API_KEY="k")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^engine +other, mine *$", done.stdout, re.MULTILINE)
    asked = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [model for model, _ in asked] == [["mine"]] * len(asked)
    assert CANARY in json.dumps(asked)
    made = extended.result("call.extract.json")["provenance"]
    assert (made["engine"], made["model"], made["endpoint"], made["cost_usd"]) == ("other", "mine", None, None)

    again = extended.run(*command, "--summary", "json")  # a hit needs no key
    assert (again.returncode, json.loads(again.stdout)["counts"]["hit"]) == (0, 1), again.stderr
    assert len(log.read_text(encoding="utf-8").splitlines()) == len(asked)
    assert extended.server.requests == 0
