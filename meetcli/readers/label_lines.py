"""The one idea of a label line: a name, a time or both at the start of a line of text, or alone on it.

Says what a line may be by its own marks; which of those a text means is `spoken_lines`' to say, which sees them all.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from meetcli.meetings.stamps import CLOCK, UNITS


class Shape(Enum):
    """How a label stands: what is around it and what follows it."""

    COLON = "Name: words"
    HEADER = "Name 0:03"
    STAMP = "0:03"
    STAMPED = "0:03 words, or a name"
    INLINE = "Name [0:03] words"
    CHAT = "<name> words"
    SHORTHAND = "O SR. NAME (...) - words"
    MARK = "(speaker 0) words"
    BOLD = "**Name** words"


class Label(NamedTuple):
    """What the start of a line may be.

    `name` is as written, `stamp` the first time beside it, `text` what follows on the line.

    A `STAMPED` line has its words, which may be a name, as `text`. `end` is the second time of a span.
    """

    shape: Shape
    name: str | None
    stamp: str | None
    text: str
    end: str | None = None
    is_bold: bool = False
    is_bullet: bool = False


MAX_LABEL = 160
_SPAN = rf"(?:\d{{4}}-\d\d-\d\d[ T])?(?:{CLOCK})(?:[ ]?(?:-+>?|–|—)[ ]?(?:{CLOCK}))?"
_OPEN, _CLOSE = r"[\[(<{]", r"[\])>}]"
_BRACKETED = rf"{_OPEN}[ ]?(?:{_SPAN}|{UNITS})[ ]?{_CLOSE}"
_NAME = r"[^\s:\[(<{|>#*\-–—.,;!?'\"“”«»/\\=+~`][^\n:]{0,119}?"
_BETWEEN = r"[ \t]*(?:[-–—|·•,][ \t]*)?"

_STAMP = re.compile(
    rf"(?P<stamp>{_BRACKETED}|{_SPAN}(?=[\s|\-–—·•]|:(?!\d)|\Z)|{UNITS}(?=\s*:?\Z)):?[ \t]*(?P<text>.*)", re.DOTALL
)
_AFTER_STAMP = re.compile(r"[-–—|·•,][ \t]*")
_COLON = re.compile(
    rf"(?P<name>[^\s:][^\n:]{{0,119}}?)"
    rf"(?:{_BETWEEN}(?P<inner>{_BRACKETED})|[ \t]*[-–—|·•,][ \t]*(?P<bare>{CLOCK}))?[ \t]*:"
    rf"(?=\s|\Z)[ \t]*(?:(?P<outer>{_BRACKETED})[ \t]*:?[ \t]*)?(?P<text>.*)",
    re.DOTALL,
)
_HEADER = re.compile(rf"(?P<name>{_NAME})[ \t]*(?:[-–—|·•,:][ \t]*)?(?P<stamp>{_BRACKETED}|{_SPAN}|{UNITS})[ \t]*:?")
_INLINE = re.compile(rf"(?P<name>{_NAME})[ \t]*(?P<stamp>{_BRACKETED})[ \t]*(?:[-–—][ \t]+)?(?P<text>\S.*)", re.DOTALL)
_PIPED = re.compile(
    rf"(?P<name>[^\s|][^|\n]{{0,119}}?)[ \t]*\|[ \t]*(?P<stamp>{CLOCK})[ \t]*\|[ \t]*(?P<text>\S.*)", re.DOTALL
)
_CHAT = re.compile(r"<[ @+%~&!]?(?P<name>[^\s<>:/][^<>:/]{0,40})>[ \t]+(?P<text>\S.*)", re.DOTALL)
_MARKED = re.compile(
    r"(?:\((?P<round>(?i:speaker)[ _-]?\w{1,8})\)|\[(?P<square>(?i:speaker|spk)[ _-]?\w{1,8})\])"
    r"(?::(?=\s|\Z))?[ \t]*(?P<text>.*)",
    re.DOTALL,
)
_SQUARE = re.compile(r"\[(?P<name>[^\W\d_a-z][^\[\]()\n:/.]{1,60})\]:?[ \t]+(?P<text>[^\s(\[:].*)", re.DOTALL)
_SHORTHAND = re.compile(
    r"(?P<name>(?:OS?|AS?) (?:EXM[OA]S?\. )?(?:SRS?|SRAS?|SENHOR(?:A|ES|AS)?|DOUTORA?|DRA?)\.?ª? ?"
    r"[^a-zà-ÿ\n(]{1,80}?(?:[ ]?\([^()\n]{1,160}\))?)"
    r"[ \t]*(?::[ \t]*[-–—]|[-–—])[ \t]+(?P<text>.*)",
    re.DOTALL,
)
SHORTHAND_OPENING = re.compile(
    r"(?:OS?|AS?) (?:EXM[OA]S?\. )?(?:SRS?|SRAS?|SENHOR|DOUTOR|DRA?)[A-Z]{0,2}"
    r"\.?ª? ?[^a-zà-ÿ\n(]{1,80}\([^()\n]*"
)
"""Such a label whose brackets close on the next line, where a page is narrow."""
_SPOKEN_SHORTHAND = re.compile(
    r"(?P<name>[OA]s? (?:Ex\.?m[oa]s?\.? )?(?:Sr|Dr)[as]{0,2}\.?[ªas]{0,2}\.? [^:\n—–]{1,100}?)"
    r"[ ]?:[ ]?[—–-][ ]+(?P<text>.*)",
    re.DOTALL,
)
"""`O Sr. Presidente (Rui Lima): — words`, as Portugal's parliament prints it."""
_BOLD = re.compile(r"(?P<mark>\*{2,3}|__)(?=\S)(?P<inner>(?:[^*_\n]|(?<=\w)_(?=\w)){1,120}?)(?<=\S)(?P=mark)")
_SLANTED = re.compile(r"(?P<mark>[*_])(?=[^\s*_])(?P<inner>[^*_\n]{1,120}?)(?<=\S)(?P=mark)(?![\w*_])")
_SLANTED_STAMP = re.compile(r"(?P<mark>[*_])(?P<inner>[\[(]?[\d:.,]{4,12}[\])]?)(?P=mark)(?![\w*_])")
_BULLET = re.compile(r"[-*+•][ \t]+(?=\S)")
_HEADING = re.compile(r"#{1,6}[ \t]+")
_CHEVRONS = re.compile(r">{2,3}[ \t]*(?=\S)")
_BOLD_PLACE = 40
_AROUND_SIGNS = "[]():-–—>| \t"
_AROUND = f"0123456789.,{_AROUND_SIGNS}"
_DIGITS = frozenset("0123456789")


def label_of(line: str) -> Label | None:
    """Return what a line may be by its marks; None for one that is words alone, or nothing."""
    line = line.strip()
    if not line:
        return None
    bullet = _BULLET.match(line)
    if bullet:
        line = line[bullet.end() :]
    is_bold = False
    first = line[0]
    if first in "#>":
        line = _CHEVRONS.sub("", _HEADING.sub("", line, count=1), count=1)
        first = line[:1]
    head = line[:MAX_LABEL]
    if "*" in head or "__" in head or first == "_":
        line, is_bold, is_alone = _unmarked(line)
        if is_alone and not _has_mark(line):
            return Label(Shape.BOLD, line, None, "", is_bold=True, is_bullet=bool(bullet))
        head, first = line[:MAX_LABEL], line[:1]
    if not _has_mark(head) and first not in "OA":
        return None
    found = _read(line, head, first)
    if found is None or not (is_bold or bullet):
        return found
    return found._replace(is_bold=is_bold, is_bullet=bool(bullet))


def _has_mark(head: str) -> bool:
    return ":" in head or head[:1] in "<([" or not _DIGITS.isdisjoint(head)


def _unmarked(line: str) -> tuple[str, bool, bool]:
    """Return a line whose label has lost its stars, whether it had any, and whether nothing else stands on it.

    A time and a name may each have stars of their own; those further on are part of what is said.
    """
    for pattern in (_BOLD, _SLANTED):
        match = pattern.search(line, 0, MAX_LABEL)
        if match is None or match.start() > _BOLD_PLACE or line[: match.start()].strip(_AROUND):
            continue
        rest = line[match.end() :]
        gap = len(rest) - len(rest.lstrip(_AROUND_SIGNS))
        second = pattern.match(rest, gap) or _SLANTED_STAMP.match(rest, gap)
        if second:
            rest = f"{rest[:gap]}{second['inner']}{rest[second.end() :]}"
        is_alone = match.start() == 0 and not rest.strip(" \t:") and ":" not in match["inner"]
        return f"{line[: match.start()]}{match['inner']}{rest}", True, is_alone
    return line, False, False


def _read(line: str, head: str, first: str) -> Label | None:
    if first in "OA" and (match := _SHORTHAND.match(line)):
        return Label(Shape.SHORTHAND, " ".join(match["name"].split()), None, match["text"])
    if first in "OA" and (match := _SPOKEN_SHORTHAND.match(line)):
        return Label(Shape.SHORTHAND, " ".join(match["name"].split()), None, match["text"])
    if first == "<" and (match := _CHAT.match(line)):
        return Label(Shape.CHAT, match["name"], None, match["text"])
    if (first in _DIGITS or first in "[(<{") and (match := _STAMP.match(line)):
        return _after_stamp(match["stamp"], match["text"].strip())
    if first in "([" and (match := _MARKED.match(line)):
        return Label(Shape.MARK, match["round"] or match["square"], None, match["text"])
    if first == "[" and (match := _SQUARE.match(line)):
        return Label(Shape.MARK, match["name"], None, match["text"])
    return _named(line, head)


def _named(line: str, head: str) -> Label | None:
    has_digits = not _DIGITS.isdisjoint(head)
    if has_digits and len(line) <= MAX_LABEL and (match := _HEADER.fullmatch(line)):
        return Label(Shape.HEADER, match["name"], match["stamp"], "")
    if ":" in head and (match := _COLON.match(line)):
        return Label(Shape.COLON, match["name"], match["inner"] or match["bare"] or match["outer"], match["text"])
    if has_digits and (match := _INLINE.match(line) or _PIPED.match(line)):
        return Label(Shape.INLINE, match["name"], match["stamp"], match["text"])
    return None


def _after_stamp(stamp: str, rest: str) -> Label:
    """Return what stands behind a time: nothing, a label with a colon, a chat's name, or words, which may be a name."""
    if not rest:
        return Label(Shape.STAMP, None, stamp, "")
    if opening := _AFTER_STAMP.match(rest):
        rest = rest[opening.end() :]
    if rest[:1] == "<" and (match := _CHAT.match(rest)):
        return Label(Shape.CHAT, match["name"], stamp, match["text"])
    if rest[:1] in ("(", "[") and (match := _MARKED.match(rest)):
        return Label(Shape.MARK, match["round"] or match["square"], stamp, match["text"])
    if match := _COLON.match(rest[: MAX_LABEL + 1]):
        return Label(Shape.COLON, match["name"], stamp, rest[match.start("text") :])
    bar = next((bar for bar in "|\t" if bar in rest[:MAX_LABEL]), None)
    if bar is not None:
        name, _, text = rest.partition(bar)
        if text.strip():
            return Label(Shape.INLINE, name.strip(), stamp, text.strip())
    return Label(Shape.STAMPED, None, stamp, rest)
