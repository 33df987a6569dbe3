"""Reader of Google Speech-to-Text, v1 and v2. Times are pairs of seconds and nanoseconds, or text as `12.900s`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, as_seconds, child, children, first_of, is_object, label, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, join, meeting, sentences

_STARTS = ("startTime", "startOffset", "start_time", "start_offset")
_ENDS = ("endTime", "endOffset", "end_time", "end_offset")
_SPEAKERS = ("speakerLabel", "speaker_label", "speakerTag", "speaker_tag")
"""The names of v1 and v2, as the services write them and as Python's client does."""


def _results(document: object) -> object:
    if is_object(document, "response"):  # a finished long-running operation
        document = document["response"]
    return document


def _recognizes(content: Content) -> bool:
    best = first_of(first_of(_results(content.document), "results"), "alternatives")
    return is_object(best, "transcript") or is_object(first_of(best, "words"), "word")


def _read(content: Content) -> list[Found]:
    document = child(content.document, "response") or content.document
    results = [(result, next(iter(children(result, "alternatives")), {})) for result in children(document, "results")]
    tagged = [
        alternative for _, alternative in results if any(_speaker(word) for word in children(alternative, "words"))
    ]
    # With diarization v1 says the whole recording again in its last result, where alone the words have their speakers.
    if (
        len(results) > 1
        and len(tagged) == 1
        and tagged[0] is results[-1][1]
        and _is_from_start(tagged[0], results[0][1])
    ):
        return meeting(_words(tagged[0]))
    channels = {_channel(result) for result, _ in results}
    return meeting(
        piece
        for result, alternative in results
        for piece in _of_result(result, alternative, is_multichannel=len(channels) > 1)
    )


def _is_from_start(last: Object, first: Object) -> bool:
    """Say whether the last result begins where the first one does.

    Else it is only the one part in which speakers were told apart.
    """
    starts = [next((piece.start_s for piece in _words(alternative)), None) for alternative in (last, first)]
    return starts[0] is None or starts[1] is None or starts[0] <= starts[1]


def _of_result(result: Object, alternative: Object, *, is_multichannel: bool) -> Iterator[Piece]:
    pieces = list(_words(alternative)) if alternative.get("words") else list(sentences(text(alternative, "transcript")))
    if not is_multichannel:
        yield from pieces
        return
    channel = f"Channel {_channel(result)}"
    for piece in join(pieces, is_split=True):
        yield piece._replace(speaker=channel if piece.speaker is None else f"{channel}, {piece.speaker}")


def _channel(result: Object) -> str:
    return str(result.get("channelTag") or result.get("channel_tag") or 0)


def _words(alternative: Object) -> Iterator[Piece]:
    words: Sequence[Object] = children(alternative, "words")
    for word in words:
        yield Piece(_speaker(word), text(word, "word"), _time(word, *_STARTS), _time(word, *_ENDS))


def _speaker(word: Object) -> str | None:
    return next(
        (speaker for key in _SPEAKERS if word.get(key) and (speaker := label(word, key))), None
    )  # tag 0: not told


def _time(word: Object, *keys: str) -> float | None:
    for key in keys:
        time = word.get(key)
        if isinstance(time, dict):
            return (as_seconds(time.get("seconds"), key) or 0) + (as_seconds(time.get("nanos"), key) or 0) / 1e9
        if isinstance(time, str):
            return as_seconds(time.removesuffix("s"), key)
        if time is not None:
            return as_seconds(time, key)
    return None


FORMATS = (Format("Google Speech-to-Text", "Google Cloud", _recognizes, _read),)
