"""Reader of AssemblyAI's transcripts. Times are whole milliseconds; speakers are letters, or numbers of channels."""

from __future__ import annotations

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import Object, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, meeting, sentences, utterances


def _claims(content: Content) -> bool:
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
        return utterances(_piece(utterance) for utterance in spoken)
    return meeting([_piece(word) for word in children(document, "words")] or sentences(text(document, "text")))


def _piece(piece: Object) -> Piece:
    speaker = label(piece, "speaker")
    channel = label(piece, "channel")
    if speaker is None and channel is not None:
        speaker = channel.replace("Speaker", "Channel")
    return Piece(
        speaker, text(piece, "text"), seconds(piece, "start", per_second=1000), seconds(piece, "end", per_second=1000)
    )


FORMATS = (Format("AssemblyAI", "AssemblyAI", _claims, _read),)
