"""Gives labels the names that a document says elsewhere: a map of labels to names, or a list of speakers with ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from meetcli.readers.field_names import IDS, PEOPLE, PEOPLE_NAMES, folded, under
from meetcli.readers.fields import speaker_name

_MAX_DEPTH = 5
_MAX_VISITED = 1_000
_MOST_PEOPLE = 500
_NESTED = ("signedinUser", "signedInUser", "anonymousUser", "phoneUser", "user", "profile", "person")
"""Where Google Meet's participants, and others', have their names."""


class WhoIsWho:
    """What a document says of who is who, looked up once for all meetings in it."""

    def __init__(self, document: object) -> None:
        self._document = document

    @cached_property
    def _told(self) -> list[tuple[bool, dict[str, str]]]:
        return [one for one in _maps(self._document) if one[1]] if isinstance(self._document, dict) else []

    def with_names(self, mapping: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a meeting whose turns are by the names that the document has for their labels.

        Itself where it has none.

        Labels that are names already stay. A map or list that is not called one of speakers must have them all.
        """
        turns = mapping.get("turns")
        if not isinstance(turns, list) or not self._told:
            return mapping
        labels = {turn["speaker"] for turn in turns if turn["speaker"]}
        best: dict[str, str] = {}
        for is_of_speakers, names in self._told:
            found = {label: name for label in labels if (name := names.get(label))}
            if len(found) < len(labels) and not is_of_speakers:
                continue
            if len(found) > len(best) and any(label != name for label, name in found.items()):
                best = found
        if not best:
            return mapping
        return {**mapping, "turns": [{**turn, "speaker": best.get(turn["speaker"], turn["speaker"])} for turn in turns]}


def _maps(document: Mapping[str, Any]) -> Iterator[tuple[bool, dict[str, str]]]:
    """Yield what a document may say of who is who, and whether it is called one of speakers, the outermost first.

    Nothing inside lists of speech is looked at.
    """
    pending: list[tuple[str, object, int]] = [("", document, 0)]
    for visited, (key, value, depth) in enumerate(pending):
        if visited == _MAX_VISITED:
            return
        if isinstance(value, list):
            if 0 < len(value) <= _MOST_PEOPLE and isinstance(value[0], dict) and _names_people(key):
                yield from ((_is_of_speakers(key), names) for names in _of_list(value))
        elif isinstance(value, dict):
            if _names_people(key) and len(value) <= _MOST_PEOPLE:
                names = {_label(label): name for label, who in value.items() if (name := _name(who))}
                yield _is_of_speakers(key), {label: name for label, name in names.items() if label}
            if depth < _MAX_DEPTH:
                pending += [(name, inner, depth + 1) for name, inner in value.items() if isinstance(inner, dict | list)]


def _names_people(key: str) -> bool:
    return PEOPLE.search(folded(key)) is not None


def _is_of_speakers(key: str) -> bool:
    return "speaker" in folded(key)


def _of_list(people: list[Any]) -> Iterator[dict[str, str]]:
    """Yield the names of a list by each field that may identify them."""
    objects = [one for one in people if isinstance(one, dict)]
    for field in filter(lambda key: folded(key) in IDS, dict.fromkeys(chain.from_iterable(objects))):
        names: dict[str, str] = {}
        for one in objects:
            name = _name({key: value for key, value in one.items() if key != field})
            label = _label(one.get(field))
            if name and label:
                names[label] = name
        if names:
            yield names


def _label(value: object) -> str:
    """Return a label as turns carry it."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return speaker_name(str(value)) or ""
    return ""


def _name(value: object) -> str:
    if isinstance(value, str):
        return " ".join(value.split()) if len(value) <= 120 else ""
    if not isinstance(value, dict):
        return ""
    for key in under(value, PEOPLE_NAMES):
        if isinstance(value[key], str) and value[key].strip():
            return _name(value[key])
    parts = [value.get(key) for key in ("first_name", "last_name", "firstName", "lastName", "name", "surname")]
    whole = " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
    if whole:
        return _name(whole)
    return next((name for key in _NESTED if isinstance(value.get(key), dict) and (name := _name(value[key]))), "")
