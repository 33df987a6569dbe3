"""A transcript inside a transcript: WebVTT, SRT, Otter, Meet or JSON as the text of a field or of a table's cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from meetcli.errors import InputError
from meetcli.meetings.normalize import split_turns
from meetcli.models import Turn
from meetcli.readers.content import Content, declares_cues, declares_json, open_content
from meetcli.readers.field_names import folded
from meetcli.readers.format import Found
from meetcli.readers.formats import format_of

_JUDGED = 4_000
_STAMP = re.compile(r"\d:\d\d")
"""Every text that is more than `Name: text` lines has times near its start."""
_OPENINGS = frozenset("W0123456789[{")
"""How captions and JSON may begin."""
_KEYS = re.compile(r"transcri|caption|subtitle|vtt|srt|texto?\Z|content\Z|body\Z")
_MAX_DEPTH = 5
_MAX_VISITED = 1_000


def text_inside(said: str) -> Mapping[str, Any] | None:
    """Return the turns and metadata of a text that is a transcript of another format; None for plain `Name: text`.

    Raises `InputError` for captions that are broken.
    """
    head = said[:_JUDGED]
    is_opened = head.lstrip("\ufeff \t\r\n")[:1] in _OPENINGS
    start = head.encode(errors="replace") if is_opened else b""
    if is_opened and declares_cues(start, ""):
        content = _opened(said)
    elif is_opened and declares_json(start, ""):
        try:
            content = _opened(said)
        except InputError:
            return None  # words in brackets
    elif _STAMP.search(head):
        content = Content(said, None, "", is_named=False)
    else:
        return None
    form = None if content is None else format_of(content)
    if form is None or content is None:
        return None
    mapping = next(iter(form.read(content)), (None, {}))[1]
    if isinstance(mapping, InputError):
        raise mapping
    turns = mapping.get("turns")
    return mapping if isinstance(turns, list) and not _is_told_plainly(said, turns) else None


def _opened(said: str) -> Content | None:
    try:
        return open_content(said.encode(), "")
    except UnicodeEncodeError:
        return None  # half a character, which `normalize` refuses


def _is_told_plainly(said: str, turns: list[Mapping[str, Any]]) -> bool:
    """Say whether reading the text as it stands gives the same speakers and words, so that it stays as it is."""
    if "-->" in said[:_JUDGED]:
        return False
    plain: tuple[Turn, ...] = split_turns(said)
    return [(turn.speaker, *turn.text.split()) for turn in plain] == [
        (turn["speaker"], *turn["text"].split()) for turn in turns
    ]


def with_text_inside(mapping: Mapping[str, Any], said: str) -> Mapping[str, Any]:
    """Return a meeting with the turns of the text that is its transcript, its own fields kept; itself where plain."""
    inner = text_inside(said)
    return mapping if inner is None else with_turns(mapping, inner)


def with_turns(mapping: Mapping[str, Any], inner: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a meeting with the turns of another, and with what only the other knows of its fields."""
    known = {name: value for name, value in inner.get("metadata", {}).items() if value is not None}
    extra = {name: inner[name] for name in ("turns", "taken") if name in inner}
    own = mapping.get("metadata")
    if own is None:
        return {**known, **_given(mapping), **extra}
    return {**mapping, "metadata": {**known, **_given(own)} if isinstance(own, Mapping) else own, **extra}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def texts_in(document: object) -> Iterator[tuple[str, bool]]:
    """Yield the texts in a document, below no list, that may be transcripts: captions, or what is called one; and
    whether it is called a transcript.
    """
    pending: list[tuple[object, int]] = [(document, 0)]
    for visited, (value, depth) in enumerate(pending):
        if visited == _MAX_VISITED or not isinstance(value, dict):
            return
        for key, inner in value.items():
            if isinstance(inner, dict) and depth < _MAX_DEPTH:
                pending.append((inner, depth + 1))
            elif isinstance(inner, str) and (
                _KEYS.search(folded(key)) or declares_cues(inner[:300].encode(errors="replace"), "")
            ):
                yield inner, "transcri" in folded(key)


def read_inside(document: object, *, is_named: bool) -> list[Found]:
    """Return the meeting of a text in a document, or of one in each object of its first list; none where none is."""
    found = _first_inside(document, is_named)
    if found is not None:
        return [(None, found)]
    if not isinstance(document, dict):
        return []
    for value in document.values():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            each = [(place, _first_inside(one, is_named)) for place, one in enumerate(value, 1)]
            several: list[Found] = [(place, mapping) for place, mapping in each if mapping is not None]
            if several:
                return several
    return []


def _first_inside(document: object, is_named: bool) -> Mapping[str, Any] | None:
    for said, is_declared in texts_in(document):
        inner = text_inside(said)
        if inner is not None:
            return {"turns": inner["turns"], "metadata": inner.get("metadata", {})}
        form = format_of(Content(said, None, "", is_named=is_named or is_declared))
        if form is not None and form.speakers == "names":
            mapping = next(iter(form.read(Content(said, None, "", is_named=is_named or is_declared))), (None, None))[1]
            if isinstance(mapping, Mapping):
                return mapping
    return None
