"""Reader of meetcli's own input shapes: explicit (`transcript`, `metadata`) and upstream raw (`meet_transcription`, `meet_id`)."""

from __future__ import annotations

from collections.abc import Mapping

from meetcli.readers.content import Content
from meetcli.readers.format import Format, Found

_TEXT_KEYS = ("transcript", "meet_transcription")
_OWN_METADATA = ("meeting_id", "meet_date")


def _claims(content: Content) -> bool:
    # A meeting whose text is missing is worth an error; other JSON, which may well have `metadata` and a `customer_id`, is not.
    document = content.document
    if not isinstance(document, Mapping):
        return False
    metadata = document.get("metadata")
    if isinstance(metadata, Mapping) and any(key in metadata for key in _OWN_METADATA):
        return True
    return "meet_id" in document or any(key in document and not isinstance(document[key], dict | list) for key in _TEXT_KEYS)


def _read(content: Content) -> list[Found]:
    return [(None, content.document)]


FORMATS = (
    Format(
        "meetcli JSON",
        "meetcli",
        _claims,
        _read,
        speakers="names",
        times="none",
        ids=("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type"),
    ),
)
