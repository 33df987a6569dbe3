"""Engines are asked what they can do. No module but the table asks which one it has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from meetcli.engines import ENGINES, abilities_of, identify, identify_batches, open_batches, place_of
from meetcli.keys import asked_parts
from meetcli.models import Abilities, EngineIdentity

PACKAGE = Path(__file__).resolve().parents[2] / "meetcli"
TABLE = PACKAGE / "engines" / "__init__.py"
ASKING = {"identify", "open_engine", "abilities_of", "place_of"}


def names_asked_for(source: str) -> list[int]:
    """Return the lines that compare an engine with a name of the table, or ask the door for one by its name."""
    return sorted({node.lineno for node in ast.walk(ast.parse(source)) if any(_asked(node))})


def _asked(node: ast.AST) -> Iterator[bool]:
    match node:
        case ast.Compare(left=left, comparators=others):
            yield _is_about_engines(left, *others) and any(_names(side) for side in (left, *others))
        case ast.Match(subject=subject, cases=cases):
            yield _is_about_engines(subject) and any(_names(case.pattern) for case in cases)
        case ast.Call(func=function, args=arguments):
            yield ast.unparse(function).rpartition(".")[2] in ASKING and any(_names(one) for one in arguments)


def _is_about_engines(*sides: ast.AST) -> bool:
    # OpenAI is also a source of prices and a family of servers; the local engine shares its name with nothing.
    return any("engine" in ast.unparse(side) or "local" in _names(side) for side in sides)


def _names(side: ast.AST) -> set[str]:
    values = {node.value for node in ast.walk(side) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return values & set(ENGINES)


def test_only_the_table_knows_engines_by_name() -> None:
    asked = {
        str(path.relative_to(PACKAGE)): lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != TABLE and (lines := names_asked_for(path.read_text(encoding="utf-8")))
    }
    assert asked == {}


@pytest.mark.parametrize(
    "line",
    [
        "if settings.engine == 'local': pass",
        "if 'openai' != identity.engine: pass",
        "x = engine in {'openai', 'other'}",
        "x = provenance.get('engine') == 'local'",
        "x = name == 'local'",
        "identity = identify('openai', model=model, base_url=None)",
        "engine = engines.open_engine('local', options)",
        "match settings.engine:\n    case 'local': pass",
    ],
)
def test_a_question_for_a_name_is_noticed(line: str) -> None:
    assert names_asked_for(line) == [1]


@pytest.mark.parametrize(
    "line", ["x = settings.prices == 'openai'", "x = settings.engine == other.engine", "x = able.is_free"]
)
def test_what_is_no_such_question_passes(line: str) -> None:
    assert names_asked_for(line) == []


def test_abilities_are_no_part_of_what_is_the_same_answer() -> None:
    ours = identify("openai", model="gpt-4o", base_url=None)
    other = EngineIdentity("openai", "gpt-4o", endpoint=ours.endpoint, abilities=Abilities(is_free=True))
    parts = [
        asked_parts(instructions="i", schema_sha256="0" * 64, temperature=0, identity=one, language="auto")
        for one in (ours, other)
    ]
    assert parts[0] == parts[1]
    # By value: what was bought before there were abilities is found again.
    assert (parts[0]["engine"], parts[0]["endpoint"]) == (
        "627d09a0bbbd570340e323927897ad24",
        "d9617135d6fdd0a2cde722d637a1dfcc",
    )


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_is_known_by_its_name_and_abilities(name: str) -> None:
    identity = identify(name, model="m", base_url=None)
    assert (identity.engine, identity.abilities) == (name, abilities_of(name))
    assert "standard" in identity.abilities.lanes
    assert bool(identity.endpoint) is identity.abilities.uses_base_url
    assert place_of(name, "http://127.0.0.1:1/v1") == ("127.0.0.1:1" if identity.abilities.uses_base_url else name)


def test_an_engine_without_batches_never_gets_those_of_another() -> None:
    assert "batch" in identify_batches(model="m", base_url=None).abilities.lanes
    with pytest.raises(ValueError, match="other"):
        open_batches(None, None, identity=EngineIdentity("other", "m"), wishes=None, tell=print)  # type: ignore[arg-type]
