"""Reader of Deepgram's replies.

Seconds. Utterances, paragraphs and words are three views of the same speech: one is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, child, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, join, meeting, sentences, utterances


def _recognizes(content: Content) -> bool:
    results = content.document.get("results") if is_object(content.document, "results") else None
    alternative = first_of(first_of(results, "channels"), "alternatives")
    is_alternative = is_object(alternative, "transcript") or is_object(first_of(alternative, "words"), "word", "start")
    return is_alternative or is_object(first_of(results, "utterances"), "transcript")


def _read(content: Content) -> list[Found]:
    results = child(content.document, "results")
    spoken = children(results, "utterances")
    if spoken:
        is_multichannel = len({str(utterance.get("channel")) for utterance in spoken}) > 1
        return utterances(_of_utterance(utterance, is_multichannel) for utterance in spoken)
    channels = [next(iter(children(channel, "alternatives")), {}) for channel in children(results, "channels")]
    if len(channels) == 1:
        paragraphs = _paragraphs(channels[0])
        return utterances(map(_whole, paragraphs)) if paragraphs else meeting(_of_alternative(channels[0]))
    return meeting(
        piece._replace(speaker=_in_channel(piece.speaker, number))
        for number, alternative in enumerate(channels)
        for piece in join(_of_alternative(alternative), is_split=True)
    )


def _of_utterance(utterance: Object, is_multichannel: bool) -> Piece:
    speaker = label(utterance, "speaker")
    if is_multichannel:
        speaker = _in_channel(speaker, utterance.get("channel"))
    return Piece(speaker, text(utterance, "transcript"), seconds(utterance, "start"), seconds(utterance, "end"))


def _in_channel(speaker: str | None, channel: object) -> str:
    return f"Channel {channel}" if speaker is None else f"Channel {channel}, {speaker}"


def _of_alternative(alternative: Object) -> Iterator[Piece]:
    paragraphs = _paragraphs(alternative)
    words = children(alternative, "words")
    if paragraphs:
        yield from (sentence for paragraph in paragraphs for sentence in paragraph)
    elif words:
        for word in words:
            yield Piece(
                label(word, "speaker"),
                text(word, "punctuated_word") or text(word, "word"),
                seconds(word, "start"),
                seconds(word, "end"),
            )
    else:
        yield from sentences(text(alternative, "transcript"))


def _paragraphs(alternative: Object) -> list[list[Piece]]:
    """Return the sentences of each paragraph that has any; the speaker is the paragraph's."""
    found = []
    for paragraph in children(child(alternative, "paragraphs"), "paragraphs"):
        speaker = label(paragraph, "speaker")
        spoken = children(paragraph, "sentences")
        found.append([Piece(speaker, text(one, "text"), seconds(one, "start"), seconds(one, "end")) for one in spoken])
    return [paragraph for paragraph in found if paragraph]


def _whole(paragraph: list[Piece]) -> Piece:
    first, last = paragraph[0], paragraph[-1]
    return Piece(first.speaker, " ".join(piece.text for piece in paragraph), first.start_s, last.end_s)


FORMATS = (Format("Deepgram", "Deepgram", _recognizes, _read),)
