"""README is true: its examples run as written, and its tables name exactly what the command and the code have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meetcli.config import OPTIONS
from meetcli.metrics import Totals, metrics_text
from meetcli.models import Status
from meetcli.report import RunReport
from tests.loopback_server import LoopbackServer

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```console\n(?P<text>.*?)^```\n(?:<!-- not run: (?P<reason>.+?) -->)?", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
OFFERED = re.compile(r"^  (-.+?)(?:  .*)?$", re.MULTILINE)
"""A line of the help that begins an option: its names, and what follows two spaces."""


def commands_of(block: str) -> str:
    return "\n".join(line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))


def shown_below(block: str) -> str:
    return "\n".join(line for line in block.splitlines() if not line.startswith("$ "))


def without_times(output: str) -> str:
    """The same output however long it took and wherever its lines end in spaces."""
    return "\n".join(re.sub(r"\b\d+(\.\d+)?(m?s)\b", r"0\2", line).rstrip() for line in output.strip().splitlines())


def table_below(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    text = README.split(f"\n## {heading}\n", maxsplit=1)[1]
    lines = text[text.index("\n|") + 1 :].split("\n\n", maxsplit=1)[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def meetcli_help(*command: str) -> str:
    wide = {**os.environ, "COLUMNS": "250"}
    return subprocess.run(
        [sys.executable, "-m", "meetcli", *command, "--help"], env=wide, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("block", [block["text"] for block in BLOCK.finditer(README) if not block["reason"]], ids=commands_of)
def test_examples_run_as_written(block: str, tmp_path: Path, samples: Path) -> None:
    shutil.copytree(samples.parent, tmp_path / "samples")
    command = f'meetcli() {{ "{sys.executable}" -m meetcli "$@"; }}\n'  # the clone's, installed or not
    with LoopbackServer() as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "loopback"}
        done = subprocess.run(
            ["bash", "-euc", command + commands_of(block)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    if shown := shown_below(block):
        assert without_times(done.stdout) == without_times(shown)


def test_every_option_is_in_the_table_and_the_table_has_no_other() -> None:
    documented = {option for row in table_below("Options") for option in OPTION.findall(row[0])}
    for task in ("extract", "analyze", "run"):
        offered = {option for line in OFFERED.findall(meetcli_help(task)) for option in OPTION.findall(line)}
        assert documented | ({"--check"} if task == "run" else set()) == offered - {"-h", "--help"}


def test_every_older_variable_is_in_the_table() -> None:
    documented = {name for row in table_below("Options") for name in re.findall(r"\(`([A-Z_]+)`", row[0])}
    assert documented == {option.older[0] for option in OPTIONS.values() if option.older} - {"OPENAI_API_KEY"}  # no option of its own


def test_every_command_of_the_cache_is_named() -> None:
    offered = re.findall(r"^  (\w+) ", meetcli_help("cache").split("Commands:", maxsplit=1)[1], re.MULTILINE)
    assert set(re.findall(r"`meetcli cache (\w+)[^`]*`", README)) == set(offered)


def test_every_status_is_explained_in_the_order_of_the_contract() -> None:
    assert [row[0].strip("`") for row in table_below("Statuses")] == list(Status)


def test_every_make_target_is_explained() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    explained = {target for row in table_below("Development") for target in re.findall(r"`make (\w+)`", row[0])}
    assert explained == targets


def test_every_metric_is_explained() -> None:
    report = RunReport(task="extract", engine="openai", model="m", endpoint="e", clock=lambda: 0.0)
    now = datetime.now(UTC)
    exposed = metrics_text(report, Totals({}, 0, now, now)).decode()
    names = {re.split(r"[ {]", line)[0] for line in exposed.splitlines() if not line.startswith("#")}
    written = README.split("\n### Metrics\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    explained = {name for name in re.findall(r"`(\w+)(?:\{\w+\})?`", written) if "_" in name}
    explained |= {name.replace("_sum", "_count") for name in explained if name.endswith("_sum")}
    assert explained == names
