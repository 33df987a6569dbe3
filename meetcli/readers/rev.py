"""Reader of Rev: the API's transcripts and the editor's export. Seconds; spaces are elements of their own."""

from __future__ import annotations

from collections.abc import Mapping

from meetcli.readers.content import Content
from meetcli.readers.fields import Object, children, first_of, is_object, label, seconds, text
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, meeting


def _recognizes(content: Content) -> bool:
    if content.document == {"monologues": []}:
        return True  # of a silent recording
    monologue = first_of(content.document, "monologues")
    return is_object(monologue, "elements") or is_object(monologue, "spans")


def _read(content: Content) -> list[Found]:
    names = {
        who: label(speaker, "name")
        for speaker in children(content.document, "speakers")
        if (who := label(speaker, "id")) is not None
    }
    return meeting(_monologue(monologue, names) for monologue in children(content.document, "monologues"))


def _monologue(monologue: Object, names: Mapping[str, str | None]) -> Piece:
    elements = children(monologue, "elements") or children(monologue, "spans")
    speaker = label(monologue, "speaker")
    starts = [time for element in elements if (time := seconds(element, "ts")) is not None]
    told = (seconds(element, key) for element in elements for key in ("end_ts", "endTs"))
    ends = [time for time in told if time is not None]
    said = "".join(text(element, "value") for element in elements)
    return Piece(speaker and (names.get(speaker) or speaker), said, min(starts, default=None), max(ends, default=None))


FORMATS = (Format("Rev", "Rev.ai and Rev's editor", _recognizes, _read),)
