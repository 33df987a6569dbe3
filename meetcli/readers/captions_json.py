"""Readers of transcripts published as JSON beside a recording: podcast namespace, Reduct, QMSum. Seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, children, first_of, is_object, is_time, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.spoken_times import in_seconds
from meetcli.readers.turns import Piece, as_mapping, meeting


def _recognizes_podcast(content: Content) -> bool:
    segment = first_of(content.document, "segments")
    return is_object(segment, "body", "startTime") and is_time(segment["startTime"])


def _read_podcast(content: Content) -> list[Found]:
    return meeting(in_seconds(_podcast_pieces(children(content.document, "segments"))))


def _podcast_pieces(segments: Sequence[Object]) -> Iterator[Piece]:
    speaker: str | None = None
    for segment in segments:
        # Only the first segment of a turn need have a speaker; an empty one says that nobody knows, which is not the
        # same.
        if segment.get("speaker") is not None:
            speaker = label(segment, "speaker")
        yield Piece(speaker, text(segment, "body"), seconds(segment, "startTime"), seconds(segment, "endTime"))


def _recognizes_reduct(content: Content) -> bool:
    return is_object(first_of(content.document, "segments"), "wdlist")


def _read_reduct(content: Content) -> list[Found]:
    return meeting(_reduct_piece(segment) for segment in children(content.document, "segments"))


def _reduct_piece(segment: Object) -> Piece:
    speaker = label(segment, "speaker_name") or label(segment, "speaker_id")
    # Words carry the space that follows them.
    said = "".join(text(word, "word") for word in children(segment, "wdlist"))
    return Piece(speaker, said, seconds(segment, "start"), seconds(segment, "end"))


def _recognizes_qmsum(content: Content) -> bool:
    return is_object(first_of(content.document, "meeting_transcripts"), "speaker", "content")


def _read_qmsum(content: Content) -> list[Found]:
    # Turns stay as they are: the questions and topics beside them point at their numbers.
    turns = children(content.document, "meeting_transcripts")
    return [(None, as_mapping(Piece(label(turn, "speaker"), text(turn, "content")) for turn in turns))]


FORMATS = (
    Format("podcast namespace JSON", "Podcasting 2.0", _recognizes_podcast, _read_podcast, speakers="names"),
    Format("Reduct", "Reduct", _recognizes_reduct, _read_reduct, speakers="names"),
    Format("QMSum", "the QMSum corpus", _recognizes_qmsum, _read_qmsum, speakers="names", times="none"),
)
