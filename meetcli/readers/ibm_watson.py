"""Reader of IBM Watson Speech to Text.

Seconds; words are lists of word, from and to, and speakers stand apart from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import Object, as_seconds, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, SpeakerTimes, meeting, sentences

_NO_WORD = "%HESITATION"
"""Stands where somebody hesitated; IBM's own guide tells users to take it out."""


def _recognizes(content: Content) -> bool:
    if is_object(content.document, "result_index", "results") and content.document["results"] == []:
        return True  # of a silent recording
    first = first_of(content.document, "results")
    best = first_of(first_of(first, "results") or first, "alternatives")
    is_marked = (
        is_object(content.document, "result_index") or is_object(first, "result_index") or is_object(first, "final")
    )
    return is_object(best, "transcript") and (isinstance(first_of(best, "timestamps"), list) or is_marked)


def _read(content: Content) -> list[Found]:
    document: Object = content.document
    # Saved jobs wrap each reply of the service in one more level of results.
    replies = children(document, "results") if is_object(first_of(document, "results"), "results") else [document]
    return meeting(piece for reply in replies for piece in _of_reply(reply))


def _of_reply(reply: Object) -> Iterator[Piece]:
    speakers = SpeakerTimes(
        (seconds(span, "from"), label(span, "speaker")) for span in children(reply, "speaker_labels")
    )
    for result in children(reply, "results"):
        if result.get("final") is False:  # comes again when it is final
            continue
        best = next(iter(children(result, "alternatives")), {})
        words = best.get("timestamps")
        if not words:
            yield from sentences(text(best, "transcript").replace(_NO_WORD, ""))
            continue
        for word in words if isinstance(words, list) else [words]:
            said, start_s, end_s = _word(word)
            yield Piece(speakers.at(start_s), "" if said == _NO_WORD else said, start_s, end_s)


def _word(word: Any) -> tuple[str, float | None, float | None]:  # noqa: ANN401 - judged here
    if not isinstance(word, list) or len(word) != 3 or not isinstance(word[0], str):
        raise InputError("timestamps are not lists of word, from and to", field="timestamps")
    return word[0], as_seconds(word[1], "timestamps"), as_seconds(word[2], "timestamps")


FORMATS = (Format("IBM Watson", "IBM Watson Speech to Text", _recognizes, _read),)
