"""Readers of the Whisper family: OpenAI's API and the open implementations.

Seconds; whisper.cpp writes milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import (
    Object,
    as_seconds,
    child,
    children,
    first_of,
    is_object,
    is_time,
    seconds,
    speaker_name,
    text,
    wrong,
)
from meetcli.readers.format import Format, Found
from meetcli.readers.speakers import speaker_keys, speaker_under
from meetcli.readers.spoken_times import in_seconds
from meetcli.readers.turns import Piece, sentences, utterances

_MARKER = re.compile(r"\[SPEAKER_TURN\]|^\s*\(speaker [\d?]\)")
_SEGMENT_TYPE = "transcript.text.segment"
_JUDGED_ROWS = 100
_START, _END, _TEXT = 2, 3, 4
"""Places in a segment of faster-whisper that was dumped as a plain array."""


def _has_segments(document: object) -> bool:
    segment = first_of(document, "segments")
    if is_object(document, "text", "segments"):
        return document["segments"] == [] or is_object(segment, "start", "end", "text")
    return is_object(segment, "start", "end", "text") and is_time(segment["start"])


def _is_diarized(content: Content) -> bool:
    segment = first_of(content.document, "segments")
    return is_object(segment, "text") and segment.get("type") == _SEGMENT_TYPE


def _is_whisperx(content: Content) -> bool:
    segment = first_of(content.document, "segments")
    is_marked = is_object(content.document, "word_segments") or is_object(first_of(segment, "words"), "word", "score")
    return _has_segments(content.document) and (is_marked or is_object(segment, "speaker"))


def _is_timestamped(content: Content) -> bool:
    segment = first_of(content.document, "segments")
    return _has_segments(content.document) and (
        is_object(segment, "confidence") or is_object(first_of(segment, "words"), "text", "start")
    )


def _is_verbose(content: Content) -> bool:
    document = content.document
    if is_object(document, "text", "usage") and document.keys() <= {"text", "usage", "logprobs"}:
        return is_object(document["usage"], "type")  # what the API answers where nothing more was asked for
    is_answer = is_object(document, "task", "text") and ("duration" in document or "language" in document)
    return is_answer and (_has_segments(document) or is_object(first_of(document, "words"), "word", "start"))


def _is_dump(content: Content) -> bool:
    is_pair = is_object(content.document, "segments", "info")
    rows = content.document["segments"] if is_pair else content.document
    if not isinstance(rows, list) or not rows:
        return is_pair and rows == []
    first = rows[0]
    if is_object(first, "start", "end", "text"):
        # Entities found in a text have a kind, and places in it for start and end.
        is_entity = not is_pair and (
            "label" in first or "entity" in first or first.get("type", _SEGMENT_TYPE) != _SEGMENT_TYPE
        )
        return is_time(first["start"]) and not is_entity
    return (
        isinstance(first, list)
        and len(first) > _TEXT
        and isinstance(first[_TEXT], str)
        and isinstance(first[_START], int | float)
    )


def _is_cpp(content: Content) -> bool:
    if is_object(content.document, "transcription", "result", "params") and content.document["transcription"] == []:
        return True  # of a silent recording
    segment = first_of(content.document, "transcription")
    return is_object(segment, "text") and (is_object(segment, "offsets") or is_object(segment, "timestamps"))


def _is_plain(content: Content) -> bool:
    return _has_segments(content.document)


def _read(content: Content) -> list[Found]:
    """Read `segments`, or `text` where there are none; never both, and never a list that repeats all words."""
    document: Object = content.document
    segments = children(document, "segments")
    keys = speaker_keys(segments)
    pieces = in_seconds(piece for segment in segments for piece in _of_segment(segment, keys))
    if any(piece.speaker for piece in pieces):
        return utterances(pieces)
    if not pieces and document.get("words"):
        return utterances(_timed(list(sentences(text(document, "text"))), children(document, "words")))
    return utterances([*pieces, *sentences(_beyond(pieces, text(document, "text")))])


def _beyond(pieces: Sequence[Piece], told: str) -> str:
    """Return what `text` says beyond the segments: they may be missing, all or the last ones.

    Nothing where the two differ.
    """
    told = " ".join(told.split())
    place = 0
    for piece in pieces:
        said = " ".join(piece.text.split())
        if not told.startswith(said, place):
            return ""
        place += len(said) + 1 if said else 0
    return told[place:]


def _timed(told: Sequence[Piece], words: Sequence[Object]) -> Sequence[Piece]:
    """Return sentences with the times of their words, as they were told where words and text differ."""
    left = iter(words)
    found: list[Piece] = []
    for sentence in told:
        start_s: float | None = None
        end_s: float | None = None
        place = 0
        said = max((number for number, letter in enumerate(sentence.text, 1) if letter.isalnum()), default=0)
        while place < said:
            word = next(left, None)
            spoken = "" if word is None else text(word, "word").strip()
            at = sentence.text.find(spoken, place) if spoken else -1
            if word is None or at < 0 or any(map(str.isalnum, sentence.text[place:at])):
                return told
            place = at + len(spoken)
            start_s = seconds(word, "start") if start_s is None else start_s
            end_s = seconds(word, "end")
        found.append(sentence._replace(start_s=start_s, end_s=end_s))
    return found


def _of_segment(segment: Object, keys: Sequence[str]) -> Iterator[Piece]:
    said = text(segment, "text")
    speaker = speaker_under(segment, keys)
    cuts = _changes_of_speaker(said, children(segment, "words")) if "words" in segment else []
    if not cuts:
        yield Piece(speaker, said, seconds(segment, "start"), seconds(segment, "end"))
        return
    ends = [*(place for place, _ in cuts[1:]), len(said)]
    for (place, word), end, following in zip(cuts, ends, [*(word for _, word in cuts[1:]), None], strict=True):
        end_s = seconds(segment, "end") if following is None else seconds(following, "start")
        yield Piece(_of_word(word), said[place:end], seconds(word, "start"), end_s)


def _of_word(word: Object) -> str | None:
    return speaker_under(word, ("speaker",))


def _changes_of_speaker(said: str, words: Sequence[Object]) -> list[tuple[int, Object]]:
    """Return where in a segment's text each run of a speaker starts, with its first word.

    Empty where one person speaks, or words and text differ.
    """
    cuts: list[tuple[int, Object]] = []
    place = 0
    for word in words:
        spoken = (text(word, "word") or text(word, "text")).strip()
        found = said.find(spoken, place)
        if found < 0:
            return []
        # A word without a speaker, often a number without times, belongs to who is speaking.
        if word.get("speaker") is not None and (not cuts or _of_word(word) != _of_word(cuts[-1][1])):
            cuts.append((found if cuts else 0, word))
        place = found + len(spoken)
    return cuts if len(cuts) > 1 else []


def _read_dump(content: Content) -> list[Found]:
    rows = content.document if isinstance(content.document, list) else content.document["segments"]
    if not isinstance(rows, list):
        raise wrong("segments", rows, "a list")
    keys = speaker_keys([row for row in rows[:_JUDGED_ROWS] if isinstance(row, dict)])
    return utterances(in_seconds(piece for row in rows for piece in _of_row(row, keys)))


def _of_row(row: object, keys: Sequence[str]) -> Iterator[Piece]:
    if isinstance(row, Mapping):
        yield from _of_segment(row, keys)
    elif isinstance(row, list) and len(row) > _TEXT and isinstance(row[_TEXT], str):
        yield Piece(None, row[_TEXT], as_seconds(row[_START], "start"), as_seconds(row[_END], "end"))
    else:
        raise InputError("a segment is neither an object nor a list of id, seek, start, end and text")


def _read_cpp(content: Content) -> list[Found]:
    return utterances(_of_cpp(segment) for segment in children(content.document, "transcription"))


def _of_cpp(segment: Object) -> Piece:
    said = _MARKER.sub("", text(segment, "text"))
    speaker = speaker_name(str(segment["speaker"])) if isinstance(segment.get("speaker"), str | int) else None
    offsets = child(segment, "offsets")
    if offsets:
        return Piece(speaker, said, seconds(offsets, "from", per_second=1000), seconds(offsets, "to", per_second=1000))
    times = child(segment, "timestamps")
    return Piece(speaker, said, _clock(text(times, "from")), _clock(text(times, "to")))


def _clock(time: str) -> float | None:
    parts = time.replace(",", ".").split(":")
    if len(parts) != 3:
        return None
    hours, minutes, rest = (as_seconds(part, "timestamps") or 0 for part in parts)
    return hours * 3600 + minutes * 60 + rest


FORMATS = (
    Format("OpenAI diarized_json", "OpenAI audio API", _is_diarized, _read),
    Format("OpenAI verbose_json", "OpenAI audio API (Whisper)", _is_verbose, _read, speakers="none"),
    Format("whisper.cpp JSON", "whisper.cpp", _is_cpp, _read_cpp, is_from_documentation=True),
    Format("WhisperX JSON", "WhisperX", _is_whisperx, _read),
    Format("whisper-timestamped JSON", "whisper-timestamped", _is_timestamped, _read, speakers="none"),
    Format("faster-whisper dump", "faster-whisper", _is_dump, _read_dump, speakers="none", is_from_documentation=True),
    Format("Whisper JSON", "Whisper, Voxtral", _is_plain, _read, speakers="none"),
)
