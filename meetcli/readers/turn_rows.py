"""Reader of tables with one turn a row: Whisper's `.tsv` and `.csv`, and columns of times, speaker and text by any of
their usual names, in Markdown too. Times are milliseconds, seconds or clock times, as the rows tell.

openai-whisper writes `start`, `end`, `text` with tabs, whisper.cpp the same with commas; both count milliseconds.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any, Literal, NamedTuple

from meetcli.errors import InputError
from meetcli.readers.content import Content, NoTranscript
from meetcli.readers.csv_table import DELIMITERS, FIELDS, first_line, is_table, table
from meetcli.readers.field_names import TEXTS, folded, under
from meetcli.readers.format import Format, Found
from meetcli.readers.speech_json import is_likely, is_proven, meeting_of
from meetcli.readers.speech_lists import Shape, Speech, shape_of, speech_of

_JUDGED_ROWS = 60
_JUDGED_CHARACTERS = 60_000
_RULE = re.compile(r"[\s:-]*")
"""A cell of the line below the names of a Markdown table."""
_WHISPER = ["start", "end", "text"]
_MEETINGS = frozenset({"meetingid", "meetid", "callid", "recordingid", "conversationid", "sessionid", "filename"})
"""Columns that say which meeting a row is of."""


class _Rows(NamedTuple):
    """The columns of a table and its delimiter."""

    names: list[str]
    delimiter: str

    def read(self, text: str, *, is_whole: bool) -> Iterator[dict[str, Any]]:
        """Yield the rows as objects; a broken row is left out of a part, and fails a whole table."""
        is_unquoted = self.delimiter == "\t" and self.names == _WHISPER  # a quote at a line's start is a word's there
        quoting: Literal[0, 3] = csv.QUOTE_NONE if is_unquoted else csv.QUOTE_MINIMAL
        rows = csv.reader(StringIO(text, newline=""), delimiter=self.delimiter, strict=is_whole, quoting=quoting)
        try:
            next(rows)
            for place, row in enumerate(filter(any, rows), 1):
                if self.delimiter == "|" and all(_RULE.fullmatch(cell) for cell in row):
                    continue
                if len(row) == len(self.names):
                    yield dict(zip(self.names, row, strict=True))
                elif is_whole:
                    raise InputError(
                        f"has {len(row)} columns at row {place} where the first line names {len(self.names)}",
                        hint="put a text with a delimiter in quotes",
                    )
        except csv.Error:
            if is_whole:
                raise InputError(
                    f"is no valid CSV at line {rows.line_num}: a quote is not closed or stands alone"
                ) from None


def _judged(content: Content) -> tuple[_Rows, Speech] | None:
    """Return the columns of a table of turns with its first rows; None where this is none."""
    line = first_line(content)
    for delimiter in DELIMITERS:
        if delimiter not in line:
            continue
        cells = next(csv.reader([line], delimiter=delimiter), [])
        names = [name.strip() or f"column {number}" for number, name in enumerate(cells, 1)]  # pandas names none
        if len(names) < 2 or len(set(names)) < len(names) or not under(names, TEXTS):
            continue
        rows = _Rows(names, delimiter)
        cut = content._replace(text=content.text[:_JUDGED_CHARACTERS])
        sample = []
        for row in rows.read(table(cut), is_whole=False):
            sample.append(row)
            if len(sample) == _JUDGED_ROWS:
                break
        shape = shape_of((), sample)
        if shape is not None and shape.texts and (shape.speakers or shape.starts):
            return rows, speech_of(shape, sample)
    return None


def _recognizes_whisper(content: Content) -> bool:
    found = _judged(content)
    return found is not None and found[0].names == _WHISPER and is_proven(found[1])


def _recognizes(content: Content) -> bool:
    found = _judged(content)
    if found is None or not found[1].spoken:
        return False
    if is_proven(found[1]):
        return True
    return content.is_named and is_likely(found[1]) and not is_table(content)


def _read(content: Content) -> Iterator[Found]:
    found = _judged(content)
    if found is None:
        raise NoTranscript("is a table without a row")
    rows, sample = found
    objects = list(rows.read(table(content), is_whole=True))
    key = next((name for name in rows.names if folded(name) in _MEETINGS), None)
    meetings: dict[str, list[dict[str, Any]]] = {}
    for row in objects:
        meetings.setdefault(row[key] if key else "", []).append(row)
    for place, of_one in enumerate(meetings.values(), 1):
        yield place if len(meetings) > 1 else None, _meeting(sample.shape, of_one)


def _meeting(shape: Shape, rows: list[dict[str, Any]]) -> dict[str, Any]:
    mapping = meeting_of({}, speech_of(shape, rows))
    fields = {field: rows[0][name] for name in rows[0] if (field := folded(name)) in _FIELDS}
    return {**mapping, "metadata": {_FIELDS[name]: value for name, value in fields.items()}}


_FIELDS = {folded(name): name for name in FIELDS}

FORMATS = (
    Format(
        "Whisper table",
        "openai-whisper .tsv, whisper.cpp .csv",
        _recognizes_whisper,
        _read,
        speakers="none",
        is_json=False,
    ),
    Format(
        "CSV of turns",
        "spreadsheets and editors, one turn a row",
        _recognizes,
        _read,
        speakers="names",
        ids=FIELDS,
        is_json=False,
    ),
)
