"""The table of formats, in the order they are asked.

A new format is a module with `FORMATS` and its name in one of the lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from meetcli.readers.content import DOCUMENT_SUFFIX, Content
from meetcli.readers.format import Format

_JSON = (
    "json_transcript",
    "captions_json",
    "whisper",
    "deepgram",
    "assemblyai",
    "amazon_transcribe",
    "ibm_watson",
    "google_speech",
    "azure_speech",
    "rev",
    "speechmatics",
    "bbc_kaldi",
    "call_recorders",
    "speech_json",
)
_TEXT = (
    "subtitles",
    "captions_ass",
    "captions_ttml",
    "turn_rows",
    "csv_table",
    "meeting_notes",
    "captions_html",
    "named_lines",
)
_DOCUMENTS = ("documents",)


def format_of(content: Content) -> Format | None:
    """Return the first format that recognizes a content; None where none does.

    A module is imported only when all before it have declined: most runs meet one or two formats.
    """
    return next((form for form in asked_formats(content) if form.recognizes(content)), None)


def asked_formats(content: Content) -> Iterator[Format]:
    """Yield the formats that a content may be of, in their order."""
    if content.suffix == DOCUMENT_SUFFIX:
        modules: tuple[str, ...] = _DOCUMENTS
    else:
        modules = _TEXT if content.document is None else _JSON
    return (form for module in modules for form in _formats(module))


def all_formats() -> Iterator[Format]:
    """Yield every format."""
    return (form for module in (*_JSON, *_TEXT, *_DOCUMENTS) for form in _formats(module))


@cache
def _formats(module: str) -> tuple[Format, ...]:
    formats: tuple[Format, ...] = import_module(f"meetcli.readers.{module}").FORMATS
    return formats
