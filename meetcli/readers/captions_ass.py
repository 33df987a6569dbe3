"""Reader of SubStation Alpha, `.ass` and `.ssa`: a table of lines with times, a name and words.

pysubs2 1.8 was tried: it takes the columns in one order whatever the file says about them, so that words can go to the
wrong person, and refuses all for one style that it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import speaker_name
from meetcli.readers.format import Format, Found
from meetcli.readers.subtitles import Cue, said_in_cues
from meetcli.readers.turns import Piece, utterances

_MARK = re.compile(r"\s*\[Script Info\]", re.IGNORECASE)
_SECTION = re.compile(r"\[[^\]]{1,60}\]")
_COLUMNS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
"""Their order where a file does not say it."""

_TIME = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)")
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_DRAWING = re.compile(r"\\p[1-9]")


def _recognizes(content: Content) -> bool:
    return bool(_MARK.match(content.text))


def _read(content: Content) -> list[Found]:
    pieces = list(_once(_dialogue(content.text)))
    if not pieces:
        raise InputError("has no line of dialogue")
    if any(piece.speaker for piece in pieces):
        return utterances(pieces)
    return said_in_cues([Cue(piece.start_s or 0.0, piece.end_s or 0.0, piece.text.split("\n")) for piece in pieces])


def _dialogue(text: str) -> Iterator[Piece]:
    columns: Sequence[str] = _COLUMNS
    is_events = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if _SECTION.fullmatch(line):
            is_events = line.lower() == "[events]"
            continue
        kind, _, rest = line.partition(":")
        if is_events and kind == "Format":
            columns = _columns(rest)
        elif is_events and kind == "Dialogue":
            values = rest.lstrip().split(",", len(columns) - 1)
            if len(values) < len(columns):
                raise InputError(f"line {number} has {len(values)} columns where {len(columns)} are named")
            if piece := _piece(dict(zip(columns, values, strict=True)), number):
                yield piece


def _columns(line: str) -> list[str]:
    columns = [name.strip().lower().replace("actor", "name") for name in line.split(",")]
    if columns[-1] != "text" or not {"start", "end"} <= set(columns) or len(set(columns)) < len(columns):
        raise InputError("the columns of its dialogue are not those of SubStation Alpha")
    return columns


def _piece(values: dict[str, str], number: int) -> Piece | None:
    if _DRAWING.search(values["text"]):
        return None  # shapes, not words
    text = _OVERRIDE.sub("", values["text"])
    text = text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    speaker = speaker_name(values.get("name", ""))
    return Piece(speaker, text, _seconds(values["start"], number), _seconds(values["end"], number))


def _seconds(time: str, number: int) -> float:
    match = _TIME.fullmatch(time.strip())
    if match is None:
        raise InputError(f"line {number} has no time such as `0:00:01.00`")
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def _once(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Leave out what is only drawn twice, as a shadow and its letters."""
    last: Piece | None = None
    for piece in pieces:
        if piece != last:
            yield piece
        last = piece


FORMATS = (
    Format(
        "SubStation Alpha",
        "Aegisub, Whisper tools, .ass and .ssa",
        _recognizes,
        _read,
        speakers="names",
        is_json=False,
        is_from_documentation=True,
    ),
)
