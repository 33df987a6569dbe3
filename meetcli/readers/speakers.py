"""Who speaks, in any of the ways JSON says it: a name, a label, a number, an object with one, under many keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meetcli.readers.field_names import PEOPLE_NAMES, SPEAKERS, folded, under
from meetcli.readers.fields import Object, label, speaker_name

_JUDGED = 100
_FIRST_NAMES = frozenset({"firstname", "givenname"})
_LAST_NAMES = frozenset({"lastname", "familyname", "surname"})


def speaker_keys(items: Sequence[Object]) -> tuple[str, ...]:
    """Return the keys of some objects that say who speaks, a name before a label before a number."""
    return under({key: None for item in items[:_JUDGED] for key in item}, SPEAKERS)


def speaker_under(item: Object, keys: Sequence[str]) -> str | None:
    """Return who speaks by the first of the keys that says it; `InputError` for what is no speaker."""
    for key in keys:
        value = item.get(key)
        if value is not None:
            found = who(value) if type(value) is dict else label(item, key)
            if found is not None:
                return found
    return None


def who(value: object) -> str | None:
    """Return who speaks: a name, a label, a number, or an object that has one."""
    if type(value) is str:
        return speaker_name(value) if len(value) <= 200 else None
    if type(value) is int:
        return speaker_name(str(value)) if value >= 0 else None
    if type(value) is float and value.is_integer() and 0 <= value < 1e6:
        return speaker_name(str(int(value)))
    return _who_of(value) if type(value) is dict else None


def _who_of(value: Mapping[str, Any]) -> str | None:
    for key in under(value, PEOPLE_NAMES):
        if isinstance(value[key], str) and value[key].strip():
            return who(value[key])
    named = [(folded(key), said) for key, said in value.items() if isinstance(said, str)]
    firsts = [said for name, said in named if name in _FIRST_NAMES]
    parts = [*firsts, *(said for name, said in named if name in _LAST_NAMES)]
    if parts:
        return who(" ".join(parts))
    for key in (*under(value, SPEAKERS), "id", "source", "email"):
        found = value.get(key)
        if isinstance(found, str | int) and not isinstance(found, bool) and (name := who(found)):
            return name
    return next((name for inner in value.values() if isinstance(inner, dict) and (name := _who_of(inner))), None)
