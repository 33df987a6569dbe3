"""Readers of Speechmatics: json-v2, batch and real time, and the older v1. Seconds, as text in v1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import Object, child, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, SpeakerTimes, glued, join, meeting

_MESSAGE = "AddTranscript"
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_V1_MARKS = frozenset(".,?!")


def _recognizes_v2(content: Content) -> bool:
    document = content.document
    if isinstance(document, list):
        is_session = is_object(next(iter(document), None), "message")
        messages = document if is_session else document[:20]
        return any(is_object(message, "message", "results") and message["message"] == _MESSAGE for message in messages)
    result = first_of(document, "results")
    is_marked = is_object(document, "format", "results") and (
        is_object(document, "metadata") or is_object(document, "message")
    )
    return is_marked and (document["results"] == [] or is_object(result, "type", "alternatives"))


def _read_v2(content: Content) -> list[Found]:
    messages = content.document if isinstance(content.document, list) else [content.document]
    if broken := next((message for message in messages if isinstance(message, InputError)), None):
        raise broken
    if sum(is_object(message, "message") and message["message"] == "RecognitionStarted" for message in messages) > 1:
        raise InputError(
            "holds several real-time sessions, whose times start anew", hint="put each in a file of its own"
        )
    # Other messages of a real-time session, partial transcripts among them, say nothing that does not come again.
    final = [
        message
        for message in messages
        if is_object(message, "results") and message.get("message", _MESSAGE) == _MESSAGE
    ]
    results = [result for message in final for result in children(message, "results")]
    channels = {str(result["channel"]) for result in results if "channel" in result}
    if len(channels) <= 1:
        return meeting(glued(_words(results)), delimiter=_delimiter(final, results))
    pieces = []
    for channel in sorted(channels):
        own = [result for result in results if str(result.get("channel")) == channel]
        spoken = join(glued(_words(own)), delimiter=_delimiter(final, results), is_split=True)
        pieces += [
            piece._replace(speaker=channel if piece.speaker is None else f"{channel}, {piece.speaker}")
            for piece in spoken
        ]
    return meeting(pieces)


def _words(results: Sequence[Object]) -> Iterator[tuple[Piece, bool]]:
    """Yield words; an entity (`$2.05`) is one, and repeats its words in two more forms."""
    is_opened = False
    for result in results:
        best = next(iter(children(result, "alternatives")), {})
        if result.get("type") == "speaker_change":
            continue
        piece = Piece(
            label(best, "speaker"), text(best, "content"), seconds(result, "start_time"), seconds(result, "end_time")
        )
        attaches = result.get("attaches_to", "previous" if result.get("type") == "punctuation" else None)
        yield piece, attaches in ("previous", "both") or is_opened
        is_opened = attaches in ("next", "both")


def _delimiter(messages: Sequence[Object], results: Sequence[Object]) -> str:
    """Return what stands between words.

    The language pack may say "nothing" where it means "not told", so the script decides.
    """
    told = child(child(messages[0], "metadata"), "language_pack_info").get("word_delimiter") if messages else None
    is_unspaced = any(_UNSPACED.search(piece.text) for piece, _ in _words(results[:50]))
    return "" if told == "" and is_unspaced else " "


def _recognizes_v1(content: Content) -> bool:
    document = content.document
    return is_object(document, "job", "words") and is_object(first_of(document, "words"), "name", "time")


def _read_v1(content: Content) -> list[Found]:
    speakers = SpeakerTimes(
        (seconds(span, "time"), label(span, "name")) for span in children(content.document, "speakers")
    )
    return meeting(glued(_v1_words(children(content.document, "words"), speakers)))


def _v1_words(words: Sequence[Object], speakers: SpeakerTimes) -> Iterator[tuple[Piece, bool]]:
    for word in words:
        start_s = seconds(word, "time")
        end_s = None if start_s is None else start_s + (seconds(word, "duration") or 0)
        yield Piece(speakers.at(start_s), text(word, "name"), start_s, end_s), word.get("name") in _V1_MARKS


FORMATS = (
    Format("Speechmatics json-v2", "Speechmatics", _recognizes_v2, _read_v2),
    Format("Speechmatics v1", "Speechmatics", _recognizes_v1, _read_v1),
)
