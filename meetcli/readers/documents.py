"""Documents as lines of text: Word's `.docx` and OpenDocument's `.odt`. Resolves nothing that stands outside of them.

python-docx 1.2, mammoth 1.13 and docx2python 3.7 were tried: the first leaves out what was inserted with tracked
changes and opens no document that names a part it does not have; the second takes 35 times a document's text in memory
and both others a second a megabyte. So Python's own XML parser reads the one part with the text and keeps its lines.
Tracked changes are taken as accepted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from xml.etree.ElementTree import ParseError, XMLParser

from meetcli.readers.containers import Archive
from meetcli.readers.content import DOCUMENT_HINT, DOCUMENT_SUFFIX, Content, NoTranscript
from meetcli.readers.format import Format, Found
from meetcli.readers.raw import Held


class _Markup(NamedTuple):
    """Names of elements, and what they are to us. `text` None means that all text of a paragraph is its own."""

    body: frozenset[str]
    paragraphs: frozenset[str]
    rows: frozenset[str]
    cells: frozenset[str]
    left_out: frozenset[str]
    signs: Mapping[str, str]
    text: frozenset[str] | None
    signs_in: frozenset[str] | None
    deletion: frozenset[str] = frozenset()
    paragraph_marks: frozenset[str] = frozenset()
    paragraph_marks_in: frozenset[str] = frozenset()
    row_marks: frozenset[str] = frozenset()


_WORD_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def _word(*names: str) -> frozenset[str]:
    return frozenset(f"{{{space}}}{name}" for space in _WORD_SPACES for name in names)


_WORD = _Markup(
    body=_word("body"),
    paragraphs=_word("p"),
    rows=_word("tr"),
    cells=_word("tc"),
    left_out=_word("del", "moveFrom")
    | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"},  # says again what stands before it
    signs={
        element: sign
        for name, sign in {"br": "\n", "cr": "\n", "tab": "\t", "ptab": "\t", "noBreakHyphen": "-"}.items()
        for element in _word(name)
    },
    text=_word("t"),
    signs_in=_word("r"),
    deletion=_word("del"),
    paragraph_marks=_word("rPr"),
    paragraph_marks_in=_word("pPr"),
    row_marks=_word("trPr"),
)
_OPEN_DOCUMENT = _Markup(
    body=frozenset({f"{_OFFICE}text"}),
    paragraphs=frozenset({f"{_TEXT}p", f"{_TEXT}h"}),
    rows=frozenset({f"{_TABLE}table-row"}),
    cells=frozenset({f"{_TABLE}table-cell"}),
    left_out=frozenset({f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}note"}),
    signs={f"{_TEXT}line-break": "\n", f"{_TEXT}tab": "\t", f"{_TEXT}s": " "},
    text=None,
    signs_in=None,
)
_SPACES = f"{_TEXT}c"
_COUNT = re.compile(r"[0-9]{1,2}")
_BLANKS = re.compile(r"[ \t\r\n]+")

_CLOCK = re.compile(r"[(\[]?(?P<start>(?:\d{1,2}:)?\d{1,2}:\d\d(?:[.,]\d{1,3})?)(?:\s*(?:-->|[-–—])\s*[\d:.,]+)?[)\]]?")
_MOST_LABEL_CHARACTERS = 120
_COLUMNS = frozenset(
    """content end fala falante from hora início name nome orador speaker speech start text texto time timecode
    timestamp to transcript transcrição who""".split()  # noqa: SIM905 - words read better than a page of quoted ones
)
"""What stands above the columns of a table of speech."""


def document_text(content: bytes) -> str:
    """Return the text of a document, a line for each line or paragraph; `NoTranscript` where it cannot be read.

    How much it may hold was judged when it was opened, so that nothing is counted twice.
    """
    with Archive(Held(content), sys.maxsize) as archive:
        part = archive.document_part()
        if part is None:
            raise NoTranscript("is an archive inside an archive")
        xml = archive.member(part).whole(sys.maxsize)
        markup = _OPEN_DOCUMENT if archive.path_of(part) == "content.xml" else _WORD
    lines = _Lines(markup)
    parser = XMLParser(target=lines)  # noqa: S314 - a document type, and so any entity, is refused
    try:
        parser.feed(xml)
        parser.close()
    except (ParseError, LookupError, ValueError):
        raise NoTranscript("is a document that is damaged", hint=DOCUMENT_HINT, reason="unread") from None
    return "\n".join(lines.lines())


class _Row(NamedTuple):
    """A row of a table: as a turn, where its cells may be a name, a time and words, and cell by cell.

    `is_sure` says that it has a time, or is the titles of columns of speech, which are no turn.
    """

    turn: list[str]
    cells: list[str]
    is_sure: bool = False


class _Lines:
    """Takes what the parser meets and gives the lines of it. What is not yet at its end stands on stacks."""

    def __init__(self, markup: _Markup) -> None:
        self._found: list[str | _Row] = []
        self._markup = markup
        self._path: list[str] = []
        self._bodies = self._left_out = 0
        self._paragraphs: list[list[str]] = []
        self._rows: list[list[list[str]]] = []
        self._gone_rows: set[int] = set()
        self._is_mark_deleted = self._is_behind_blank = False
        self._kept = ""

    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        """Refuse what may declare entities; it is called before any is read."""
        raise NoTranscript(
            "is a document that declares a type of its own, as none from an office does",
            hint=DOCUMENT_HINT,
            reason="unread",
        )

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        markup, parent = self._markup, self._path[-1] if self._path else ""
        self._path.append(tag)
        if tag in markup.deletion and parent in markup.row_marks:
            self._gone_rows.add(len(self._rows))
        elif tag in markup.deletion and parent in markup.paragraph_marks:
            self._is_mark_deleted = self._path[-3:-2] != [] and self._path[-3] in markup.paragraph_marks_in
        if tag in markup.left_out:
            self._left_out += 1
        elif self._left_out:
            pass
        elif tag in markup.body:
            self._bodies += 1
        elif tag in markup.paragraphs:
            self._paragraphs.append([self._kept])
            self._kept, self._is_mark_deleted, self._is_behind_blank = "", False, True
        elif tag in markup.rows:
            self._rows.append([])
        elif tag in markup.cells and self._rows:
            self._rows[-1].append([])
        elif tag in markup.signs and self._paragraphs and (markup.signs_in is None or parent in markup.signs_in):
            self._is_behind_blank = False
            count = attributes.get(_SPACES, "1")
            self._paragraphs[-1].append(markup.signs[tag] * (int(count) if _COUNT.fullmatch(count) else 1))

    def data(self, text: str) -> None:
        if self._left_out or not self._paragraphs:
            return
        if self._markup.text is None:
            text = _BLANKS.sub(" ", text)  # as OpenDocument has it, which writes each blank that counts as an element
            self._paragraphs[-1].append(text[1:] if self._is_behind_blank and text.startswith(" ") else text)
            self._is_behind_blank = text.endswith(" ")
        elif self._path[-1] in self._markup.text:
            self._paragraphs[-1].append(text)

    def end(self, tag: str) -> None:
        self._path.pop()
        markup = self._markup
        if tag in markup.left_out:
            self._left_out -= 1
        elif self._left_out:
            pass
        elif tag in markup.body:
            self._bodies -= 1
        elif tag in markup.paragraphs:
            text = "".join(self._paragraphs.pop())
            if self._is_mark_deleted and not self._paragraphs:
                self._kept = text  # goes on in the next one
            else:
                self._add(text.split("\n"))
            self._is_mark_deleted = False
        elif tag in markup.rows:
            row = self._rows.pop()
            if len(self._rows) + 1 not in self._gone_rows:
                self._add([_of_row(row)])
            self._gone_rows.discard(len(self._rows) + 1)

    def close(self) -> None:
        """Keep what was to go on in a paragraph that does not come."""
        if self._kept:
            self._found.extend(self._kept.split("\n"))

    def lines(self) -> Iterator[str]:
        """Yield the lines.

        A table without times or titles is one of speech where it is most of the document: lists of tasks and members
        have names in their first column too.
        """
        size = sum(len(line) for one in self._found for line in _cells(one))
        for _, group in groupby(self._found, lambda one: isinstance(one, _Row)):
            rows = list(group)
            held = sum(len(line) for one in rows for line in _cells(one))
            is_speech = held * 2 > size or any(isinstance(one, _Row) and one.is_sure for one in rows)
            for one in rows:
                yield from one.turn if isinstance(one, _Row) and is_speech else _cells(one)

    def _add(self, lines: Sequence[str | _Row]) -> None:
        if not self._bodies:
            return
        if self._rows and self._rows[-1]:
            self._rows[-1][-1].extend(line for one in lines for line in (one.turn if isinstance(one, _Row) else (one,)))
        else:
            self._found.extend(lines)


def _cells(one: str | _Row) -> Sequence[str]:
    return one.cells if isinstance(one, _Row) else (one,)


def _of_row(cells: list[list[str]]) -> _Row:
    filled = [lines for cell in cells if (lines := [line.strip() for line in cell if line.strip()])]
    everything = [line for lines in filled for line in lines]
    if len(filled) < 2:
        return _Row(everything, everything)
    if all(" ".join(lines).lower().rstrip(":") in _COLUMNS for lines in filled):
        return _Row([], everything, is_sure=True)
    labels, words = [line for lines in filled[:-1] for line in lines], filled[-1]
    times = [clock["start"] for label in labels if (clock := _CLOCK.fullmatch(label))]
    names = [label.rstrip(":").strip() for label in labels if not _CLOCK.fullmatch(label)]
    if len(times) > 1 or len(names) > 1 or len("".join(names)) > _MOST_LABEL_CHARACTERS:
        return _Row(everything, everything)
    if not times:
        return _Row([f"{names[0]}: {words[0]}", *words[1:]], everything)
    if not names:
        return _Row([f"[{times[0]}] {words[0]}", *words[1:]], everything, is_sure=True)
    return _Row([f"{names[0]}   {times[0]}", *words], everything, is_sure=True)  # as Teams writes it


def _inner(content: Content) -> Format | None:
    """Return the format of the text of a document; None where the content was none."""
    if content.suffix != DOCUMENT_SUFFIX:
        return None
    from meetcli.readers.formats import format_of  # it asks for this module's own formats

    return format_of(content._replace(suffix=""))


def _recognizes(content: Content) -> bool:
    inner = _inner(content)
    return inner is not None and not inner.is_by_naming


def _recognizes_named(content: Content) -> bool:
    return _inner(content) is not None


def _read(content: Content) -> Iterable[Found]:
    inner = _inner(content)
    return () if inner is None else inner.read(content._replace(suffix=""))


FORMATS = (
    Format(
        "document",
        "Word's .docx and OpenDocument's .odt: Teams, Google Meet, Zoom, Rev",
        _recognizes,
        _read,
        speakers="names",
        times="start",
        ids=("meet_date",),
        is_json=False,
        is_from_documentation=True,
    ),
    Format(
        "document that is named",
        "as above, with fewer names",
        _recognizes_named,
        _read,
        speakers="names",
        times="start",
        ids=("meet_date",),
        is_json=False,
        is_by_naming=True,
        is_from_documentation=True,
    ),
)
