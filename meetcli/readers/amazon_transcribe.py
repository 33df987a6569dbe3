"""Readers of Amazon Transcribe's output and of its analytics of calls.

Transcribe's times are seconds written as text; speakers stand apart from the words or on them, by age. Analytics,
Contact Lens's too, have milliseconds and whole utterances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, child, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, SpeakerTimes, glued, join, meeting, sentences, utterances


def _recognizes(content: Content) -> bool:
    results = content.document.get("results") if is_object(content.document, "results") else None
    is_answer = is_object(results, "items") or is_object(results, "channel_labels")
    return is_answer and (is_object(results, "transcripts") or is_object(first_of(results, "items"), "alternatives"))


def _read(content: Content) -> list[Found]:
    results = child(content.document, "results")
    channels = children(child(results, "channel_labels"), "channels")
    if channels:
        return meeting(piece for channel in channels for piece in _of_channel(channel))
    items = children(results, "items")
    if not items:
        return meeting(
            piece for whole in children(results, "transcripts") for piece in sentences(text(whole, "transcript"))
        )
    return meeting(glued(_words(items, _speakers(child(results, "speaker_labels")))))


def _of_channel(channel: Object) -> list[Piece]:
    speaker = label(channel, "channel_label")
    pieces = join(glued(_words(children(channel, "items"), SpeakerTimes(()))), is_split=True)
    return [
        piece._replace(speaker=speaker if piece.speaker is None else f"{speaker}, {piece.speaker}") for piece in pieces
    ]


def _speakers(labels: Object) -> SpeakerTimes:
    """Return who speaks when.

    A segment without items marks a stretch that nobody was found to speak in, and says nothing.
    """
    items = (item for segment in children(labels, "segments") for item in children(segment, "items"))
    return SpeakerTimes((seconds(item, "start_time"), label(item, "speaker_label")) for item in items)


def _words(items: Sequence[Object], speakers: SpeakerTimes) -> Iterator[tuple[Piece, bool]]:
    for item in items:
        start_s = seconds(item, "start_time")
        best = next(iter(children(item, "alternatives")), {})
        speaker = label(item, "speaker_label") or speakers.at(start_s)
        yield (
            Piece(speaker, text(best, "content"), start_s, seconds(item, "end_time")),
            item.get("type") == "punctuation",
        )


def _recognizes_analytics(content: Content) -> bool:
    return is_object(first_of(content.document, "Transcript"), "Content", "BeginOffsetMillis")


def _read_analytics(content: Content) -> list[Found]:
    return utterances(_analyzed(one) for one in children(content.document, "Transcript"))


def _analyzed(one: Object) -> Piece:
    speaker = label(one, "ParticipantRole") or label(one, "ParticipantId")
    times = (seconds(one, key, per_second=1000) for key in ("BeginOffsetMillis", "EndOffsetMillis"))
    return Piece(speaker, text(one, "Content"), *times)


FORMATS = (
    Format("Amazon Transcribe", "AWS", _recognizes, _read),
    Format(
        "Amazon call analytics",
        "AWS, Amazon Connect",
        _recognizes_analytics,
        _read_analytics,
        is_from_documentation=True,
    ),
)
