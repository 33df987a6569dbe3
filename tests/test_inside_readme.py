"""The architecture page, `meetcli/README.md`, says what the tree is: its rooms, rows, digests and states are read and
compared.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from meetcli.cache import entry
from meetcli.models import Submission
from tests.test_architecture import ALLOWED, NOUNS, PACKAGE, PURE, ROOMS, modules, room_of

ROOT = PACKAGE.parent
CODE = re.compile(r"`([^`\n]+)`")
GROUPS = {"nouns": NOUNS, "pure": PURE, "doors": ROOMS, "all but `cli`, `__main__`": ALLOWED["commands"] | {"commands"}}
PATH = re.compile(r"(?:[a-z_]+/)+[a-z_]+\.py|(?:tests|[a-z_]+)/(?:[a-z_]+/?)*")


@cache
def page() -> str:
    return (PACKAGE / "README.md").read_text(encoding="utf-8").split("\n## Extending meetcli\n", maxsplit=1)[0]


def codes() -> list[str]:
    """All that is set as code in running text, pictures aside."""
    return CODE.findall("".join(page().split("```")[::2]))


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = page().split(f"\n## {heading}\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def known_by(cell: str) -> set[str]:
    """The rooms that the last cell of a room's row stands for."""
    known: set[str] = set()
    for name, group in GROUPS.items():
        if name in cell:
            known |= group
            cell = cell.replace(name, "")
    return known | set(CODE.findall(cell))


def test_the_table_of_rooms_is_the_tree() -> None:
    assert sorted(CODE.findall(row[0])[0] for row in rows("The rooms")) == sorted(
        {room_of(name) for name in modules() if name}
    )


@pytest.mark.parametrize("row", rows("The rooms"), ids=lambda row: row[0].strip("`"))
def test_a_room_may_know_what_its_row_says(row: list[str]) -> None:
    room = CODE.findall(row[0])[0]
    assert known_by(row[2] if len(row) > 2 else "") - {room} == ALLOWED[room] - {room}


def test_the_groups_of_rooms_are_named() -> None:
    said = page().split("*Nouns*", maxsplit=1)[1].split("\n\n", maxsplit=1)[0]
    nouns, rest = said.split("*Pure*")
    pure, doors = rest.split("*Doors*")
    assert [set(CODE.findall(part)) for part in (nouns, pure, doors)] == [NOUNS, PURE, ROOMS]


def test_every_kind_of_row_is_in_the_table() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "cache").glob("*.py"))
    prefixes = set(re.findall(r'return f"([a-z-]+):\{', written))
    constants = set(re.findall(r'^[A-Z]+ = "([a-z-]+):?"$', written, re.MULTILINE))
    assert prefixes | constants == {row[0] for row in rows("What the cache holds")}


def test_the_keys_of_rows_have_the_parts_that_the_table_gives() -> None:
    templates = {row[0]: CODE.findall(row[1])[0] for row in rows("What the cache holds")}
    made = {
        "answer": entry.answer_key("<task>", "<idempotency_key>", "<fingerprint>"),
        "failure": entry.failure_key("<task>", "<idempotency_key>", "<fingerprint>"),
        "latest": entry.latest_key("<task>", "<engine>", "<idempotency_key>"),
        "reply": entry.reply_key("<task>", "<idempotency_key>", "<request_digest>"),
        "index": entry.index_key("<index_digest>"),
    }
    assert {name: templates[name] for name in made} == made


@pytest.mark.parametrize("row", rows("Digests"), ids=lambda row: row[0])
def test_a_digest_is_made_where_its_row_says(row: list[str]) -> None:
    made_in = (PACKAGE / CODE.findall(row[1])[0]).read_text(encoding="utf-8")
    assert "sha256" in made_in
    for name in CODE.findall(row[0]):
        assert name in {"schema_sha256", "input_sha256", "Submission.digest"} or f"def {name}(" in made_in


def test_the_states_of_a_batch_are_drawn() -> None:
    drawn = page().split("\n## A batch\n", maxsplit=1)[1].split("```", maxsplit=2)[1]
    assert set(get_args(get_type_hints(Submission)["state"])) | {"forgotten"} <= set(re.findall(r"[a-z]+", drawn))


def test_every_path_that_is_named_is_there() -> None:
    named = {path for code in codes() for path in PATH.findall(code) if path == code}
    assert len(named) > 20
    assert [path for path in sorted(named) if not any((folder / path).exists() for folder in (PACKAGE, ROOT))] == []


def test_every_name_in_capitals_is_in_the_code() -> None:
    names = {code for code in codes() if re.fullmatch(r"[A-Z]+_[A-Z_]+", code)}
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in [*PACKAGE.rglob("*.py"), *Path(ROOT, "tests").glob("*.py")]
    )
    assert names
    assert [name for name in sorted(names) if f"\n{name}" not in sources] == []


def test_nothing_points_outside_the_project() -> None:
    texts = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob(".github/*.md")]
    outside = re.compile(r"DESIGN(?:\.md| \d)|CONTRACT\.md|FINDINGS\.md|\.\./shared")
    assert [path.name for path in texts if outside.search(path.read_text(encoding="utf-8"))] == []
