"""Reader of the BBC's Kaldi output. Seconds; who speaks stands apart from the words."""

from __future__ import annotations

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, child, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, SpeakerTimes, meeting


def _recognizes(content: Content) -> bool:
    answer = content.document.get("retval") if is_object(content.document, "retval") else None
    return is_object(first_of(answer, "words"), "word", "start")


def _read(content: Content) -> list[Found]:
    answer = child(content.document, "retval")
    spans = children(child(answer, "segmentation"), "segments")
    speakers = SpeakerTimes((seconds(span, "start"), label(child(span, "speaker"), "@id")) for span in spans)
    return meeting(_word(word, speakers) for word in children(answer, "words"))


def _word(word: Object, speakers: SpeakerTimes) -> Piece:
    start_s = seconds(word, "start")
    # `punct` is the word as written, with its capitals and marks.
    return Piece(speakers.at(start_s), text(word, "punct") or text(word, "word"), start_s, seconds(word, "end"))


FORMATS = (Format("BBC Kaldi", "BBC", _recognizes, _read),)
