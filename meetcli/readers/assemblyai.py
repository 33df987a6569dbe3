"""Reader of AssemblyAI's transcripts. Times are whole milliseconds; speakers are letters, or numbers of channels."""

from __future__ import annotations

from collections.abc import Sequence

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import Object, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.speakers import speaker_keys, speaker_under
from meetcli.readers.spoken_times import unit_of
from meetcli.readers.turns import Piece, meeting, sentences, utterances

_JUDGED = 300
_UNITS = 1000.0
"""A second in the service's own answers; scripts that keep some of one, and services like it, write seconds too."""


def _recognizes(content: Content) -> bool:
    document = content.document
    if is_object(first_of(document, "utterances"), "speaker", "text", "start", "end") and (
        "status" in document or "words" in document
    ):
        return True
    if not is_object(document, "id", "status", "text"):
        return is_object(document, "id", "status", "audio_url", "error")
    return (
        "audio_url" in document
        or "audio_duration" in document
        or is_object(first_of(document, "words"), "text", "start", "end")
    )


def _read(content: Content) -> list[Found]:
    document: Object = content.document
    status = text(document, "status").lower()
    if status.endswith("error"):
        raise InputError("says itself that the transcription failed", field="status")
    if status.endswith(("queued", "processing")):
        raise InputError("was saved before the transcription was finished", field="status")
    spoken = children(document, "utterances")
    if spoken:
        return utterances(_pieces(document, spoken))
    return meeting(_pieces(document, children(document, "words")) or sentences(text(document, "text")))


def _pieces(document: Object, spoken: Sequence[Object]) -> list[Piece]:
    """Return pieces in seconds: of milliseconds where this is AssemblyAI's own answer, else as the first ones tell."""
    keys = speaker_keys(spoken)
    unit = _UNITS
    if not ("id" in document and ("audio_url" in document or "audio_duration" in document)):
        first = [_piece(one, keys, 1) for one in spoken[:_JUDGED]]
        unit = unit_of(((len(one.text), one.start_s, one.end_s) for one in first), _UNITS)
    return [_piece(one, keys, unit) for one in spoken]


def _piece(piece: Object, keys: Sequence[str], unit: float) -> Piece:
    speaker = speaker_under(piece, keys)
    channel = label(piece, "channel")
    if speaker is None and channel is not None:
        speaker = channel.replace("Speaker", "Channel")
    return Piece(
        speaker, text(piece, "text"), seconds(piece, "start", per_second=unit), seconds(piece, "end", per_second=unit)
    )


FORMATS = (Format("AssemblyAI", "AssemblyAI", _recognizes, _read),)
