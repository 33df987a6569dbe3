"""Fields of other people's JSON.

Absent or null is empty. A wrong type is an `InputError` that names the field, never its text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeGuard

from meetcli.errors import InputError

Object = Mapping[str, Any]

_MAX_DIGITS = 40
_MAX_SECONDS = 1e12
_BARE_LABEL = re.compile(r"\d{1,6}|[A-Z]")
_UNKNOWN = frozenset({"", "?", "UU", "unknown", "Unknown", "Unknown Speaker"})
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


def is_object(value: object, *keys: str) -> TypeGuard[Object]:
    """Say whether a value is an object with these keys."""
    return isinstance(value, dict) and all(key in value for key in keys)


def first_of(value: object, key: str) -> Any:  # noqa: ANN401 - it may be anything, which is the question
    """Return the first item of the list under a key, None where there is none.

    For functions that recognize a format: they judge nothing.
    """
    items = value.get(key) if isinstance(value, dict) else None
    return items[0] if isinstance(items, list) and items else None


def is_time(value: object) -> bool:
    """Say whether a value may be a time in seconds: a number, also as text, or none at all. A date is not.

    For functions that recognize a format.
    """
    if isinstance(value, str) and value and len(value) <= _MAX_DIGITS:
        try:
            float(value)
        except ValueError:
            return False
        return True
    return value is None or value == "" or type(value) in (int, float)


def child(value: Object, key: str) -> Object:
    """Return the object under a key, an empty one where there is none."""
    found = value.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise wrong(key, found, "an object")
    return found


def children(value: Object, key: str) -> Sequence[Object]:
    """Return the list of objects under a key, an empty one where there is none."""
    found = value.get(key)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise wrong(key, found, "a list")
    return [
        item if isinstance(item, dict) else _refuse(f"{key}[{number}]", item) for number, item in enumerate(found, 1)
    ]


def text(value: Object, key: str) -> str:
    """Return the text under a key, an empty one where there is none."""
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise wrong(key, found, "text")
    return found


def label(value: Object, key: str) -> str | None:
    """Return who speaks, None where the format does not know.

    A bare number becomes `Speaker 0`: 0 is a speaker like any other.
    """
    found = value.get(key)
    if found is None:
        return None
    if type(found) is str:
        return speaker_name(found)
    if type(found) is not int:
        raise wrong(key, found, "a speaker's name or number")
    if not 0 <= found < 10**6:
        raise InputError(f"{key} is no speaker's number", field=key)
    return speaker_name(str(found))


@lru_cache(1024)  # every word of a meeting may say who speaks
def speaker_name(name: str | None) -> str | None:
    """Return a speaker's name or label as turns carry it; None for what says that nobody knows."""
    name = " ".join((name or "").split())
    if name in _UNKNOWN:
        return None
    return f"Speaker {name}" if _BARE_LABEL.fullmatch(name) else name


def seconds(value: Object, key: str, *, per_second: float = 1) -> float | None:
    """Return a time in seconds, None where there is none.

    Numbers may be written as text; `per_second` is the format's unit.
    """
    return as_seconds(value.get(key), key, per_second=per_second)


def as_seconds(found: object, key: str, *, per_second: float = 1) -> float | None:
    """Return a value that is no field of an object as seconds; `key` names it in errors."""
    if type(found) is float and 0 <= found < _MAX_SECONDS:
        return found / per_second
    if found is None or found == "":
        return None
    if isinstance(found, str) and len(found) <= _MAX_DIGITS:
        try:
            found = float(found)
        except ValueError:
            raise InputError(f"{key} is no time", field=key) from None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise wrong(key, found, "a time")
    try:
        result = float(found) / per_second
    except OverflowError:
        result = math.inf
    if not -1 < result < math.inf:  # also false for NaN
        raise InputError(f"{key} is no time in a recording", field=key)
    return max(0.0, result)  # engines round to just before the start


def wrong(key: str, value: object, wanted: str) -> InputError:
    """Return the error for a field of a wrong type."""
    return InputError(f"{key} is {_KINDS.get(type(value), 'of a wrong type')}, not {wanted}", field=key)


def _refuse(key: str, value: object) -> Object:
    raise wrong(key, value, "an object")
