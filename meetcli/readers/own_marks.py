"""How meetcli knows what it wrote itself. Every writer that makes a new kind of file adds its mark here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from meetcli.marks import CSV_MARK, HTML_MARK, MARKDOWN_MARK, is_result
from meetcli.meetings.sidecars import SIDECAR_SUFFIX, sidecar_names
from meetcli.readers.content import Content

_TRANSCRIPTS = {"transcript", "meet_transcription"}

_START = _END = 2_000
"""Within so many characters of its start a report carries its mark, of their end minutes theirs."""


def is_ours(content: Content) -> bool:
    """Say whether a unit is a result of meetcli, a list of nothing else, or anything that a writer marked as its
    own.
    """
    document = content.document
    if document is None:
        return _is_marked(content.text)
    if isinstance(document, list):
        return bool(document) and all(is_result(place) for place in document)
    return is_result(document)


def is_sidecar(name: str, content: Content) -> bool:
    """Say whether a file only says what is known about another one: `x.meta.json` without a transcript."""
    document = content.document
    return (
        name.lower().endswith(SIDECAR_SUFFIX) and isinstance(document, Mapping) and not (document.keys() & _TRANSCRIPTS)
    )


def serves_another(path: Path) -> bool:
    """Say whether a file is the sidecar of another one beside it, which fails where the sidecar cannot be used."""
    if not path.name.endswith(SIDECAR_SUFFIX):
        return False
    try:
        with os.scandir(path.parent) as listing:
            names = {entry.name for entry in listing if entry.is_file() and not entry.name.startswith(".")}
    except OSError:
        return False
    return any(
        next((sidecar for sidecar in sidecar_names(name) if sidecar in names), None) == path.name for name in names
    )


def _is_marked(text: str) -> bool:
    if text.startswith(CSV_MARK) or HTML_MARK in text[:_START]:
        return True
    last_line = text[-_END:].rstrip().rpartition("\n")[2]
    return text.startswith(MARKDOWN_MARK) or last_line.startswith(MARKDOWN_MARK)
