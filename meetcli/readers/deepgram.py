"""Reader of Deepgram's replies. Seconds. Utterances, paragraphs and words are three views of the same speech: one is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, child, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, join, meeting, sentences


def _claims(content: Content) -> bool:
    results = content.document.get("results") if is_object(content.document, "results") else None
    alternative = first_of(first_of(results, "channels"), "alternatives")
    return is_object(alternative, "transcript") or is_object(first_of(results, "utterances"), "transcript")


def _read(content: Content) -> list[Found]:
    results = child(content.document, "results")
    utterances = children(results, "utterances")
    if utterances:
        is_multichannel = len({str(utterance.get("channel")) for utterance in utterances}) > 1
        return meeting(_of_utterance(utterance, is_multichannel) for utterance in utterances)
    channels = [next(iter(children(channel, "alternatives")), {}) for channel in children(results, "channels")]
    return meeting(
        piece._replace(speaker=_in_channel(piece.speaker, number)) if len(channels) > 1 else piece
        for number, alternative in enumerate(channels)
        for piece in join(_of_alternative(alternative), is_split=len(channels) > 1)
    )


def _of_utterance(utterance: Object, is_multichannel: bool) -> Piece:
    speaker = label(utterance, "speaker")
    if is_multichannel:
        speaker = _in_channel(speaker, utterance.get("channel"))
    return Piece(speaker, text(utterance, "transcript"), seconds(utterance, "start"), seconds(utterance, "end"))


def _in_channel(speaker: str | None, channel: object) -> str:
    return f"Channel {channel}" if speaker is None else f"Channel {channel}, {speaker}"


def _of_alternative(alternative: Object) -> Iterator[Piece]:
    paragraphs = children(child(alternative, "paragraphs"), "paragraphs")
    words = children(alternative, "words")
    if paragraphs:
        yield from _of_paragraphs(paragraphs)
    elif words:
        for word in words:
            yield Piece(
                label(word, "speaker"), text(word, "punctuated_word") or text(word, "word"), seconds(word, "start"), seconds(word, "end")
            )
    else:
        yield from sentences(text(alternative, "transcript"))


def _of_paragraphs(paragraphs: Sequence[Object]) -> Iterator[Piece]:
    for paragraph in paragraphs:
        speaker = label(paragraph, "speaker")
        for sentence in children(paragraph, "sentences"):
            yield Piece(speaker, text(sentence, "text"), seconds(sentence, "start"), seconds(sentence, "end"))


FORMATS = (Format("Deepgram", "Deepgram", _claims, _read),)
