"""Readers of Azure: Speech batch and fast transcription, and conversations for language analysis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, as_mapping, meeting

_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?")
_TICKS = 10_000_000


def _recognizes_batch(content: Content) -> bool:
    return is_object(content.document, "recognizedPhrases")


def _read_batch(content: Content) -> list[Found]:
    phrases = children(content.document, "recognizedPhrases")
    is_multichannel = _are_channels(phrases)
    return meeting(_of_batch(phrase, is_multichannel) for phrase in phrases)


def _of_batch(phrase: Object, is_multichannel: bool) -> Piece:
    # `nBest` holds readings of the same words, the likeliest first, each spelled in four ways. Only a success has any.
    best = next(iter(children(phrase, "nBest")), {})
    start_s = seconds(phrase, "offsetInTicks", per_second=_TICKS)
    if start_s is None:
        start_s = _duration(text(phrase, "offset"))
    length_s = seconds(phrase, "durationInTicks", per_second=_TICKS)
    if length_s is None:
        length_s = seconds(phrase, "durationTicks", per_second=_TICKS)
    if length_s is None:
        length_s = _duration(text(phrase, "duration"))
    return Piece(
        _speaker(phrase, is_multichannel),
        text(best, "display") or text(best, "lexical"),
        start_s,
        _end(start_s, length_s),
    )


def _recognizes_fast(content: Content) -> bool:
    phrase = first_of(content.document, "phrases")
    if is_object(content.document, "combinedPhrases", "phrases"):
        return is_object(phrase) or content.document["phrases"] == []
    return is_object(phrase, "offsetMilliseconds", "text")


def _read_fast(content: Content) -> list[Found]:
    phrases = children(content.document, "phrases")
    is_multichannel = _are_channels(phrases)
    return meeting(_of_fast(phrase, is_multichannel) for phrase in phrases)


def _of_fast(phrase: Object, is_multichannel: bool) -> Piece:
    # The API's preview had the same milliseconds without their unit in the name.
    start_s, length_s = (
        seconds(phrase, f"{name}Milliseconds" if f"{name}Milliseconds" in phrase else name, per_second=1000)
        for name in ("offset", "duration")
    )
    return Piece(_speaker(phrase, is_multichannel), text(phrase, "text"), start_s, _end(start_s, length_s))


def _are_channels(phrases: Sequence[Object]) -> bool:
    return len({str(phrase.get("channel")) for phrase in phrases}) > 1


def _speaker(phrase: Object, is_multichannel: bool) -> str | None:
    speaker = label(phrase, "speaker")
    if not is_multichannel:
        return speaker
    channel = f"Channel {phrase.get('channel')}"
    return channel if speaker is None else f"{channel}, {speaker}"


def _duration(iso: str) -> float | None:
    match = _DURATION.fullmatch(iso)
    return None if match is None else int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3] or 0)


def _end(start_s: float | None, length_s: float | None) -> float | None:
    return None if start_s is None or length_s is None else start_s + length_s


def _recognizes_conversation(content: Content) -> bool:
    document = content.document
    inner = document.get("analysisInput") if is_object(document, "analysisInput") else document
    return is_object(first_of(inner, "conversations"), "conversationItems")


def _read_conversations(content: Content) -> Iterator[Found]:
    inner = content.document.get("analysisInput") or content.document
    for place, conversation in enumerate(children(inner, "conversations"), 1):
        items = children(conversation, "conversationItems")
        turns = [Piece(label(item, "participantId"), text(item, "text")) for item in items]
        yield place, as_mapping(turns, {"meeting_id": text(conversation, "id") or None})


FORMATS = (
    Format("Azure Speech batch", "Azure Speech", _recognizes_batch, _read_batch),
    Format("Azure Speech fast", "Azure Speech", _recognizes_fast, _read_fast, is_from_documentation=True),
    Format(
        "Azure conversation",
        "Azure Language",
        _recognizes_conversation,
        _read_conversations,
        times="none",
        ids=("meeting_id",),
    ),
)
