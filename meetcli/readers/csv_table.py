"""Reader of tables: one meeting a row, the columns named as the fields of a meeting."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO

from meetcli.errors import InputError
from meetcli.readers.content import Content, NoTranscript
from meetcli.readers.format import Format, Found
from meetcli.readers.inner_text import with_text_inside

_TEXTS = ("transcript", "meet_transcription")
DELIMITERS = ",;\t|"
_LINE_END = re.compile(r"[\r\n]")
_SEPARATOR_LINE = re.compile(r'\s*"?sep=[,;\t|]"?[ \t]*\r?\n', re.IGNORECASE)
"""What Excel writes above the table where the delimiter is not the country's own."""

FIELDS = (
    "meeting_id",
    "meet_id",
    "customer_id",
    "customer_name",
    "banker_id",
    "banker_name",
    "meet_date",
    "meet_type",
)
_HEADER_CHARACTERS = 10_000

csv.field_size_limit(
    2**31 - 1
)  # the module's own is 131,072 characters, two hours of speech; the file's size is bounded


def first_line(content: Content) -> str:
    """Return the line that names the columns."""
    return _LINE_END.split(table(content._replace(text=content.text[:_HEADER_CHARACTERS])), maxsplit=1)[0].strip()


def table(content: Content) -> str:
    """Return a table without what Excel writes above it."""
    return (
        _SEPARATOR_LINE.sub("", content.text, count=1)
        if _SEPARATOR_LINE.match(content.text)
        else content.text.lstrip("\r\n")
    )


def _columns(content: Content) -> tuple[list[str], str]:
    """Return the names of the columns in small letters and the delimiter; none where this is no such table."""
    line = first_line(content)
    if not any(name in line.lower() for name in _TEXTS):
        return [], ","
    for delimiter in DELIMITERS:
        names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
        if any(name in _TEXTS for name in names) and (len(names) > 1 or content.suffix == ".csv"):
            return names, delimiter
    return [], ","


def is_table(content: Content) -> bool:
    """Say whether this is a table of meetings."""
    return bool(_columns(content)[0])


def _read(content: Content) -> Iterator[Found]:
    names, delimiter = _columns(content)
    twice = sorted({name for name in names if name in (*_TEXTS, *FIELDS) and names.count(name) > 1})
    if twice:
        raise InputError(f"has the column {twice[0]} twice, so it is ambiguous", field=twice[0])
    rows = csv.reader(StringIO(table(content), newline=""), delimiter=delimiter, strict=True)
    place = 0
    try:
        next(rows)
        for place, row in enumerate(filter(any, rows), 1):
            yield place, _meeting(names, row)
    except csv.Error:
        raise InputError(f"is no valid CSV at line {rows.line_num}: a quote is not closed or stands alone") from None
    if not place:
        raise NoTranscript("is a table without a row")


def _meeting(names: list[str], row: list[str]) -> Mapping[str, object] | InputError:
    if len(row) != len(names):
        return InputError(
            f"has {len(row)} columns where the first line names {len(names)}",
            hint="put a text with a delimiter in quotes",
        )
    fields = dict(zip(names, row, strict=True))
    said = next(fields[name] for name in _TEXTS if name in fields)
    meeting = {"transcript": said, "metadata": {name: value for name, value in fields.items() if name not in _TEXTS}}
    try:
        return with_text_inside(meeting, said)
    except InputError as error:
        return error


FORMATS = (
    Format(
        "CSV",
        "spreadsheets, one meeting a row",
        is_table,
        _read,
        speakers="names",
        times="start",
        ids=FIELDS,
        is_json=False,
    ),
)
