"""Tasks of the user's own, from a TOML file: a name, instructions, and the shape of the result. What runs on them knows no difference.

What is asked for is `{language, result}`; the result is held to the user's whole schema, or to their pydantic model with its validators.
jsonschema, of the extra `tasks`, is imported when an answer is checked.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meetcli.errors import RunStopped, SchemaBroken, UsageError
from meetcli.models import Task
from meetcli.tasks.json_schema import Asked, strict_subset, without_absent
from meetcli.tasks.schema import schema_digest

if TYPE_CHECKING:
    from pydantic import BaseModel

ReadToml = Callable[[Path], Mapping[str, Any]]

_KEYS = {"name", "version", "instructions", "schema", "temperature"}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_MODEL = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_RULES = """Return one JSON object of the given shape: `result` is what was asked for above, `language` the language it is written in. What the transcript does not support is null or an empty list: never invent a name, a date, a number or a commitment."""
_QUOTES = """
- Every `quote` is copied from the transcript letter by letter, from one speaker, at most 40 words, the passage that best proves what stands beside it; null only where no single passage does and the shape allows null."""
_MOST_PROBLEMS = 12


def load_task_file(
    path: Path, read_toml: ReadToml, *, built_in: tuple[str, ...], announce: Callable[[str], None]
) -> Task:
    """Return the task in a file; `announce` is told of code before it runs. Raises `UsageError` that names the file and the field for one that cannot be used."""
    fields = read_toml(path)
    shown = repr(str(path))
    if unknown := fields.keys() - _KEYS:
        raise UsageError(f"{shown}: unknown field {min(unknown)!r}", hint=f"a task has {', '.join(sorted(_KEYS))}")
    name = fields.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in built_in:
        raise UsageError(
            f"{shown}: name = {name!r:.60} cannot name a task",
            hint=f"a name is of a-z, 0-9, - and _, at most 40, and not {' or '.join(built_in)}: files and cache entries carry it",
        )
    instructions = fields.get("instructions")
    if not isinstance(instructions, str) or not instructions.strip():
        raise UsageError(f"{shown}: instructions must be a text", hint="say what to look for in the transcript")
    temperature = fields.get("temperature", 0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | Decimal) or not 0 <= temperature <= 2:
        raise UsageError(f"{shown}: temperature = {temperature!s:.20} must be a number from 0 to 2")
    try:
        whole, model = _read_schema(fields.get("schema"), path.parent, announce)
        asked = strict_subset(whole)
    except UsageError as error:
        raise UsageError(f"{shown}: {error.message}", hint=error.hint) from error
    return Task(
        name=name,
        version=str(fields.get("version", "1")),
        instructions=f"{instructions.strip()}\n{_RULES}{_QUOTES if asked.has_quote else ''}",
        # The whole schema too: what answers are held to is part of what they are, even where strict mode cannot ask for it.
        schema_sha256=schema_digest(
            {"sent": _answer_schema(asked), "checked": whole} | ({"code": _code_of(model)} if model else {})
        ),
        temperature=float(temperature),
        load_answer_model=cache(partial(_answer_model, whole, model, asked)),
        schema=_answer_schema(asked),
        result_schema=whole,
    )


def _read_schema(
    given: object, folder: Path, announce: Callable[[str], None]
) -> tuple[dict[str, Any], type[BaseModel] | None]:
    """Return the user's whole JSON Schema, and the model it was made from where there is one."""
    if isinstance(given, Mapping):
        return _plain(given), None
    if not isinstance(given, str):
        raise UsageError(
            "schema must be a table, a JSON file, or module:Model", hint="write the JSON Schema below [schema]"
        )
    if _MODEL.fullmatch(given):
        announce(f"the task runs code of yours: {given}, looked for in {folder.resolve()} first")
        model = _import_model(given, folder)
        return model.model_json_schema(), model
    try:
        schema = json.loads((folder / given).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read the schema {given!r}: {error.strerror}", hint="its path starts at the task file"
        ) from error
    except ValueError as error:
        raise UsageError(f"the schema {given!r} is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise UsageError(f"the schema {given!r} is no JSON object")
    return schema, None


def _import_model(given: str, folder: Path) -> type[BaseModel]:
    """Import a model of the user's own; its module is looked for beside the task file first."""
    from pydantic import BaseModel

    module, _, name = given.partition(":")
    sys.path.insert(0, str(folder.resolve()))
    try:
        model = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise UsageError(
            f"cannot import {module!r} for schema = {given!r}: {error}", hint="put it beside the task file"
        ) from error
    except Exception as error:  # whatever a module of the user's own raises, as a SyntaxError
        said = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"cannot import {module!r} for schema = {given!r}: {said}", hint="python -c 'import ...' shows where"
        ) from error
    finally:
        sys.path.pop(0)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise UsageError(f"schema = {given!r} is no pydantic model")
    return model


def _code_of(model: type[BaseModel]) -> list[str]:
    """Return the lines of the model's module: its validators are as much of the shape as its fields. Comments and empty lines are not.

    Lines, because tokens and trees differ from one Python to the next, and an upgrade of Python must buy nothing.
    """
    file = getattr(sys.modules[model.__module__], "__file__", None)
    try:
        lines = Path(file or "").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # a module without a file, or without a readable one
        return []
    return [line.rstrip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _answer_schema(asked: Asked) -> dict[str, Any]:
    properties = {"language": {"type": "string"}, "result": asked.schema}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _answer_model(whole: Mapping[str, Any], model: type[BaseModel] | None, asked: Asked) -> type[BaseModel]:
    """Return the model that whole answers are held to."""
    from typing import Annotated

    from pydantic import AfterValidator, BeforeValidator, ConfigDict, WrapValidator, create_model

    drop = BeforeValidator(partial(without_absent, optional=asked.optional))
    if model is None:
        result: Any = Annotated[Any, drop, AfterValidator(_open_check(whole))]
    else:
        result = Annotated[model, WrapValidator(partial(_validated, model)), drop]
    return create_model(
        "CustomAnswer", __config__=ConfigDict(extra="forbid", frozen=True), language=(str, ...), result=(result, ...)
    )


def _open_check(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what raises ValueError, phrased for the model, where a result does not match the whole schema."""
    try:
        from jsonschema import Draft202012Validator, SchemaError
        from jsonschema.validators import validator_for
    except ImportError as error:
        raise UsageError(
            "checking results needs the jsonschema library", hint="pip install 'meetcli[tasks]'"
        ) from error
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"the schema is no JSON Schema: {error.json_path}: {error.message:.200}") from error
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)

    def check(result: Any) -> Any:  # noqa: ANN401  # any JSON
        broken = list(islice(validator.iter_errors(result), _MOST_PROBLEMS))
        if broken:
            raise SchemaBroken([f"{_path(error)}: {_rule(error)}" for error in broken])
        return result

    return check


def _path(error: Any) -> str:  # noqa: ANN401  # jsonschema has no types
    """Return where a rule is broken, as `complaints[0]`, by names of the schema's own."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return path.lstrip(".") or "the result"


def _rule(error: Any) -> str:  # noqa: ANN401  # jsonschema has no types
    """Return which rule of the schema is broken, in the schema's words.

    The library's message quotes what broke it: words that a transcript may have put there would then stand among our instructions.
    """
    if error.validator == "required":
        missing = next((name for name in error.validator_value if name not in error.instance), "a field")
        return f"{missing} is required"
    return f"breaks the rule {error.validator}: {json.dumps(error.validator_value, ensure_ascii=False):.200}"


def _plain(value: Any) -> Any:  # noqa: ANN401  # any TOML
    """Return TOML as JSON has it: decimals as numbers."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def _validated(model: type[BaseModel], value: Any, validate: Callable[[Any], Any]) -> Any:  # noqa: ANN401  # any JSON
    """Hold a value to a model of the user's own, whose validators may fail in ways that say nothing about the value."""
    try:
        return validate(value)
    except (ValueError, AssertionError):
        raise
    except Exception as error:
        # Its own words may be of the answer: only its kind is told. The replies are kept.
        said = f"a validator of {model.__module__}:{model.__qualname__} ended with {type(error).__name__}"
        raise RunStopped(said, hint="mend the model; what was bought is kept for it") from error
