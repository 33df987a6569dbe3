"""Reader of meetcli's own input shapes: explicit (`transcript`, `metadata`) and upstream raw (`meet_transcription`, `meet_id`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meetcli.errors import InputError
from meetcli.readers.content import Content

FORMAT = "meetcli JSON"
_TEXT_KEYS = ("transcript", "meet_transcription")
_OWN_METADATA = ("meeting_id", "meet_date")


def claims(content: Content) -> bool:
    """Claim a mapping of one of the shapes, and a list that holds at least one."""
    if isinstance(content.document, list):
        return any(isinstance(place, InputError) or _is_meeting(place) for place in content.document)
    return _is_meeting(content.document)


def transcripts(content: Content) -> Iterator[tuple[int | None, Mapping[str, Any] | InputError]]:
    """Yield the one meeting, or every place of the list: what is no meeting there is an error of its own."""
    if not isinstance(content.document, list):
        yield None, content.document
        return
    for number, place in enumerate(content.document, 1):
        is_readable = isinstance(place, InputError) or _is_meeting(place)
        yield number, place if is_readable else InputError("is no meeting: it has neither `transcript` nor `meet_transcription`")


def _is_meeting(document: object) -> bool:
    # A meeting whose text is missing is worth an error; other JSON, which may well have `metadata` and a `customer_id`, is not.
    if not isinstance(document, Mapping):
        return False
    metadata = document.get("metadata")
    return any(key in document for key in (*_TEXT_KEYS, "meet_id")) or (
        isinstance(metadata, Mapping) and any(key in metadata for key in _OWN_METADATA)
    )
