"""Reader of the podcast namespace's HTML: `<cite>` who, `<time>` when, `<p>` what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from meetcli.readers.content import Content
from meetcli.readers.fields import speaker_name
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, meeting

_HEAD_CHARACTERS = 20_000
_ELEMENT = re.compile(
    r"<(cite|time|p)(?:\s[^<>]*)?>([^<]*(?:<(?!/(?:cite|time|p)>|(?:cite|time|p)[\s>])[^<]*)*)", re.IGNORECASE
)
_TURN_START = re.compile(r"<cite(?:\s[^<>]*)?>[^<>]*</cite>\s*<time[\s>]", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:\.\d{1,6})?)")


def _recognizes(content: Content) -> bool:
    return content.text.lstrip().startswith("<") and bool(_TURN_START.search(content.text[:_HEAD_CHARACTERS]))


def _read(content: Content) -> list[Found]:
    return meeting(_pieces(content.text))


def _pieces(html: str) -> Iterator[Piece]:
    speaker: str | None = None
    start_s: float | None = None
    for element in _ELEMENT.finditer(html):
        tag, inner = element[1].lower(), unescape(_TAG.sub("", element[2])).strip()
        if tag == "cite":
            speaker = speaker_name(inner.removesuffix(":"))
        elif tag == "time":
            clock = _CLOCK.fullmatch(inner)
            start_s = None if clock is None else int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
        else:
            yield Piece(speaker, inner, start_s)


FORMATS = (
    Format(
        "podcast namespace HTML", "Podcasting 2.0", _recognizes, _read, speakers="names", times="start", is_json=False
    ),
)
