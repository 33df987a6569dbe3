"""Reader of meetcli's own input shapes: explicit (`transcript`, `metadata`) and upstream raw (`meet_transcription`,
`meet_id`).

What stands in the place of the text may be a transcript of another format, as APIs hand it over: captions, or a list of
turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meetcli.meetings.normalize import split_turns
from meetcli.readers.content import Content, is_own_shape
from meetcli.readers.format import Format, Found
from meetcli.readers.inner_text import with_text_inside, with_turns

_METADATA = "metadata"


def _recognizes(content: Content) -> bool:
    return is_own_shape(content.document)


def _read(content: Content) -> list[Found]:
    document: Mapping[str, Any] = content.document
    key = "transcript" if document.get("transcript") is not None else "meet_transcription"
    said = document.get(key)
    if isinstance(said, str):
        found = with_text_inside(document, said)
        if found is document and _has_more(document, key) and not any(turn.speaker for turn in split_turns(said)):
            found = _with_speech(document, {name: value for name, value in document.items() if name != key})
        return [(None, found)]
    if isinstance(said, list | dict):
        return [(None, _with_speech(document, said))]
    return [(None, document)]


def _has_more(document: Mapping[str, Any], key: str) -> bool:
    return any(isinstance(value, list | dict) for name, value in document.items() if name not in (key, _METADATA))


def _with_speech(document: Mapping[str, Any], inner: object) -> Mapping[str, Any]:
    """Return a meeting with the turns of a list of speech in it that says who speaks, or that is all it has."""
    from meetcli.readers.speech_json import is_likely, meeting_of  # imported for few files
    from meetcli.readers.speech_lists import speech_in

    speech = speech_in(inner)
    if speech is None or not is_likely(speech) or (not speech.speakers and isinstance(document.get("transcript"), str)):
        return document
    return with_turns(document, meeting_of(inner, speech))


FORMATS = (
    Format(
        "meetcli JSON",
        "meetcli",
        _recognizes,
        _read,
        speakers="names",
        times="none",
        ids=("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type"),
    ),
)
