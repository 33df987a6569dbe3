"""README is true: its examples run as written, and its tables name exactly what the command and the code have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from meetcli.config import OPTIONS
from meetcli.models import Ended, Status
from meetcli.report import RunReport
from meetcli.report.metrics import Totals, metrics_text
from tests.loopback_batches import Batches
from tests.loopback_server import LoopbackServer
from tests.screenshots import runs_shown

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```console\n(?P<text>.*?)^```\n(?:<!-- not run: (?P<reason>.+?) -->)?", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"^(docker compose|cd /srv/minutes) ")
"""What these blocks do is tested with what runs at night."""
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


@pytest.mark.parametrize(
    "block", [block["text"] for block in BLOCK.finditer(README) if not block["reason"]], ids=commands_of
)
def test_examples_run_as_written(block: str, tmp_path: Path, samples: Path) -> None:
    shutil.copytree(samples.parent, tmp_path / "samples")
    command = f'meetcli() {{ "{sys.executable}" -m meetcli "$@"; }}\n'  # the clone's, installed or not
    with LoopbackServer() as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "loopback"}
        done = subprocess.run(
            ["bash", "-euc", command + commands_of(block)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    if shown := shown_below(block):
        assert without_times(done.stdout) == without_times(shown)


@pytest.mark.parametrize(
    "block", [block for block in re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S) if not ELSEWHERE.match(block)]
)
def test_what_is_there_to_be_adapted_runs_against_a_server_too(block: str, tmp_path: Path, samples: Path) -> None:
    shutil.copytree(samples, tmp_path / "meetings")
    command = f'meetcli() {{ "{sys.executable}" -m meetcli "$@"; }}\n'
    with LoopbackServer() as server:
        Batches(server)
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "loopback"}
        adapted = re.sub(r"http://127\.0\.0\.1:\d+/v1", server.base_url, block)
        done = subprocess.run(
            ["bash", "-euc", command + adapted],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("group", [(), ("cache",), ("batch",)])
def test_what_a_command_does_is_not_cut_in_the_list_of_commands(group: tuple[str, ...]) -> None:
    assert "..." not in meetcli_help(*group).split("\nCommands:\n")[1]


def test_every_option_is_in_the_table_and_the_table_has_no_other() -> None:
    documented = {option for row in table_below("Options") for option in OPTION.findall(row[0])}
    typed = [option for option in OPTIONS.values() if option.is_typed]
    assert documented == {name for option in typed for name in (option.flag, option.short) if name}
    for task in ("extract", "analyze", "run"):
        offered = {option for line in OFFERED.findall(meetcli_help(task)) for option in OPTION.findall(line)}
        assert documented | ({"--check"} if task == "run" else set()) == offered - {"-h", "--help"}


def test_every_older_variable_is_in_the_table() -> None:
    documented = {name for row in table_below("Options") for name in re.findall(r"\(`([A-Z_]+)`", row[0])}
    assert documented == {option.older[0] for option in OPTIONS.values() if option.older and option.is_typed}


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
    exposed = metrics_text(report, Totals({}, 0, {"extract": Ended(0, now, now)})).decode()
    names = {re.split(r"[ {]", line)[0] for line in exposed.splitlines() if not line.startswith("#")}
    written = README.split("\n### Metrics\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    explained = {name for name in re.findall(r"`(\w+)(?:\{\w+\})?`", written) if "_" in name}
    explained |= {name.replace("_sum", "_count") for name in explained if name.endswith("_sum")}
    assert explained == names


def test_the_pictures_are_there_and_load_nothing() -> None:
    pictures = re.findall(r"!\[[^]]{20,}\]\((samples/screenshots/[\w.]+)\)", README)
    assert {PROJECT / path for path in pictures} == set((PROJECT / "samples" / "screenshots").iterdir())
    for path in pictures:
        content = (PROJECT / path).read_bytes()
        assert len(content) < 200_000
        assert path.endswith(".png") or not re.search(rb"url\((?!#)|href=|@import|@font-face", content)


def test_the_picture_of_a_run_is_what_a_run_shows(tmp_path: Path) -> None:
    shown = words_of(runs_shown(tmp_path))
    root = ElementTree.parse(PROJECT / "samples" / "screenshots" / "extract.svg")
    rows = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words_of("".join(rows).partition("meetcli")[2]) == shown


def words_of(shown: str) -> str:
    """What is shown, without spaces, colors and times."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    return re.sub(r"time\d+\.\ds", "time", "".join(plain.split()))


def test_the_task_is_a_task(tmp_path: Path) -> None:
    section = README.split("\n## Tasks of your own\n", maxsplit=1)[1]
    (tmp_path / "task.toml").write_text(re.search(r"```toml\n(.*?)```", section, re.S)[1])  # type: ignore[index]
    subprocess.run(
        [sys.executable, "-m", "meetcli", "run", "--check", "task.toml"], cwd=tmp_path, check=True, capture_output=True
    )
