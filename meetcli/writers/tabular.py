"""Writes the results of a run as two CSV files for a spreadsheet. Never lets a cell be taken for a formula."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from meetcli.marks import CSV_MARK
from meetcli.minutes import items_of, quote_of, texts_of
from meetcli.models import Source
from meetcli.plain_text import printable
from meetcli.writers.whole_run import WholeRun

_TASK = CSV_MARK.rstrip(",")
_HEAD = ("meeting_id", "meet_date", "customer_id", "customer_name", "banker_id", "banker_name", "meet_type")
_ENDING = ("source", "idempotency_key")
_MEETING_LISTS = {
    "key_points": "text",
    "decisions": "text",
    "action_items": "description",
    "open_questions": "text",
    "risks": "text",
}
MEETING_COLUMNS = (
    *(_TASK, *_HEAD, "language", "sentiment_label", "sentiment_score", "summary", "topics"),
    *(*_MEETING_LISTS, "result", *_ENDING, "engine", "model", "created_at", "cost_usd"),
)
_ACTION = ("description", "owner", "due_text", "due_date", "status")
ACTION_COLUMNS = (_TASK, *_HEAD, *_ACTION, "quote", "quote_speaker", "quote_time", *_ENDING)
_BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = tuple("=+-@＝＋－＠")
"""What spreadsheets take for the start of a formula, some of them behind blanks; the wide forms count where East Asian
input is set up.
"""
_CONTROLS = ("\t", "\r", "\n")
_FORMULA_WITHIN = re.compile(rf"([;\t\r\n]\s*)(?=[{re.escape(''.join(_FORMULA_STARTS))}])")
_GUARDED_WITHIN = re.compile(rf"([;\t\r\n]\s*)'(?=[{re.escape(''.join(_FORMULA_STARTS))}])")
"""Where a formula would start for a spreadsheet that splits at semicolons, as Excel does where the comma is the decimal
mark, or at tabs; quotes then hold no line together either.
"""
_COMMANDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal that shows the file takes for a command, or what reorders what stands beside it."""


class Tabular:
    """`results.TASK.csv`, one row a meeting, and `results.TASK.actions.csv`, one row an action item."""

    def __init__(self, folder: Path, task: str, *, has_byte_order_mark: bool) -> None:
        mark = _BYTE_ORDER_MARK if has_byte_order_mark else ""
        self._meetings = WholeRun(folder / f"results.{task}.csv", (mark + table_text(MEETING_COLUMNS, ())).encode())
        self._actions = WholeRun(
            folder / f"results.{task}.actions.csv", (mark + table_text(ACTION_COLUMNS, ())).encode()
        )

    def write(self, source: Source, text: str) -> str | None:
        """Take one result; return the path of the file that will hold its row."""
        # Decimal, so that a number's digits are those of the result.
        result = json.loads(text, parse_float=Decimal)
        self._meetings.add(source, _line(_meeting_row(result)).encode())
        if "result" not in result:  # a custom task has no action items that code knows of
            self._actions.add(source, "".join(_line(row) for row in _action_rows(result)).encode())
        return self._meetings.path

    def close(self) -> None:
        """Write both files."""
        try:
            self._meetings.close()
        finally:
            self._actions.close()


def cell_text(value: object) -> str:
    """Return a value as a spreadsheet takes it for text.

    An apostrophe goes before what would start a formula, and commands are escaped.
    """
    if value is None:
        return ""
    text = _FORMULA_WITHIN.sub(r"\1'", _COMMANDS.sub(lambda found: printable(found[0]), str(value)))
    return f"'{text}" if text.startswith(_CONTROLS) or text.lstrip().startswith(_FORMULA_STARTS) else text


def plain_cell(cell: str) -> str:
    """Return what `cell_text` was given; escaped commands stay so."""
    return _GUARDED_WITHIN.sub(r"\1", cell.removeprefix("'"))


def table_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells as it stands in a file.

    Heads are bare, so that the mark comes first; every other cell is in quotes.
    """
    out = io.StringIO()
    out.write(",".join(head) + "\r\n")
    out.writelines(map(row_text, rows))
    return out.getvalue()


def row_text(cells: Sequence[str]) -> str:
    """Return one row. Bare cells are split at semicolons and tabs too by a LibreOffice that was not told otherwise."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(cells)
    return out.getvalue()


def _line(cells: Sequence[object]) -> str:
    return row_text([cell_text(cell) for cell in cells])


def _meeting_row(result: Mapping[str, Any]) -> list[object]:
    provenance = result["provenance"]
    return [
        *_head_cells(result),
        *(result.get(name) for name in ("language", "sentiment_label", "sentiment_score", "summary")),
        ", ".join(texts_of(result, "topics")),
        *(
            "\n".join(str(item.get(text) or "") for item in items_of(result, name))
            for name, text in _MEETING_LISTS.items()
        ),
        json.dumps(result["result"], ensure_ascii=False, default=float) if "result" in result else None,
        *(result.get(name) for name in _ENDING),
        *(provenance.get(name) for name in ("engine", "model", "created_at", "cost_usd")),
    ]


def _action_rows(result: Mapping[str, Any]) -> Iterator[list[object]]:
    for item in items_of(result, "action_items"):
        quote = quote_of(item)
        cells = (quote.text, quote.speaker, quote.time) if quote else (None, None, None)
        yield [
            *_head_cells(result),
            *(item.get(name) for name in _ACTION),
            *cells,
            *(result.get(name) for name in _ENDING),
        ]


def _head_cells(result: Mapping[str, Any]) -> list[object]:
    return [result.get("task"), *(result.get(name) for name in _HEAD)]
