"""Lines of a text without what programs and printers put among them: escapes, line and page numbers, doubled labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from meetcli.meetings.stamps import stamp_of
from meetcli.readers.heads import ESCAPE, is_field
from meetcli.readers.label_lines import Label, Shape, label_of
from meetcli.readers.openings import looks_like_name

_FOOT, _HEAD = 4, 8
"""Lines above and below the number of a page where what stands on every page is looked for."""

_NUMBERED = re.compile(r"[ \t]{0,12}(\d{1,2})(?:[ \t]+|\Z)(?=\S|\Z)")

_PAGE = re.compile(r"[ \t]*(?:page |página |pág\. ?)?\d{1,4}(?:[ ]?(?:/|of|de)[ ]?\d{1,4})?[ \t]*", re.IGNORECASE)

_SPELLED = re.compile(r"\d (?:hours?|minutes?|seconds?)\s*\Z")


def escapes_off(lines: Sequence[str]) -> list[str]:
    """Return the lines without Markdown's escapes."""
    return [ESCAPE.sub(r"\1", line) if "\\" in line else line for line in lines]


def numbers_off(lines: list[str]) -> list[str]:
    """Take the numbers off the lines of a court's transcript, which count up on every page."""
    numbered = [(place, match) for place, line in enumerate(lines) if (match := _NUMBERED.match(line))]
    said = sum(bool(line.strip()) for line in lines)
    if len(numbered) < 5 or len(numbered) * 10 < said * 8:
        return lines
    numbers = [int(match[1]) for _, match in numbered]
    counted = sum(later == earlier + 1 or later == 1 for earlier, later in pairwise(numbers))
    if counted * 10 < (len(numbers) - 1) * 9:
        return lines
    found = list(lines)
    for place, match in numbered:
        found[place] = found[place][match.end() :]
    return found


def pages_off(lines: list[str]) -> list[str]:
    """Take numbers of pages out, and what comes back beside most of them: the head and foot of a page."""
    pages = [place for place, line in enumerate(lines) if line and "/" in line and _PAGE.fullmatch(line)]
    if len(pages) < 2:
        return lines
    near = sorted({place for page in pages for place in range(max(0, page - _FOOT), min(len(lines), page + _HEAD + 1))})
    counts = Counter(lines[place].strip() for place in near)
    furniture = {
        line
        for line, count in counts.items()
        if count > 1
        and count * 2 >= len(pages)
        and ((label := label_of(line)) is None or is_field(label.name or "", ""))
    }
    gone = {*pages, *(place for place in near if lines[place].strip() in furniture)}
    return [line for place, line in enumerate(lines) if place not in gone]


def pairs_joined(lines: list[str]) -> list[str]:
    """Write a name and a time that stand on lines of their own, one below the other, on one line."""
    stamps = [place for place, line in enumerate(lines) if _is_stamp_alone(line)]
    if len(stamps) < 2:
        return lines
    above = [lines[place - 1].strip() if place else "" for place in stamps]
    counts = Counter(filter(None, above))
    pairs = [
        place
        for place, name in zip(stamps, above, strict=True)
        if name and len(name) <= 60 and label_of(name) is None and (counts[name] > 1 or looks_like_name(name))
    ]
    if len(pairs) * 5 < len(stamps) * 4 or not any(count > 1 for count in counts.values()):
        return lines
    found = list(lines)
    for place in pairs:
        found[place - 1], found[place] = f"{found[place - 1].strip()} {found[place].strip()}", ""
    return found


def told_once(lines: list[str]) -> list[str]:
    """Leave one of two labels that tell the same one below the other: `Ana 0 minutes 3 seconds` for readers of screens,
    and `Ana 0:03` or `0:03` for the rest.
    """
    if not any(_SPELLED.search(line) for line in lines):
        return lines
    found = list(lines)
    last: tuple[int, Label] | None = None
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        label = label_of(line)
        if label is None or label.shape not in (Shape.HEADER, Shape.STAMP):
            last = None
            continue
        if last is not None and _is_same_label(last[1], label):
            gone = place if label.name is None else last[0]
            found[gone] = ""
            last = last if label.name is None else (place, label)
        else:
            last = (place, label)
    return found


def _is_same_label(one: Label, other: Label) -> bool:
    first, second = stamp_of(one.stamp or ""), stamp_of(other.stamp or "")
    is_same_time = first is not None and second is not None and first.seconds == second.seconds
    return is_same_time and other.name in (None, one.name)


def _is_stamp_alone(line: str) -> bool:
    line = line.strip()
    if not line or len(line) > 40 or not (line[0].isdigit() or line[0] in "([<{"):
        return False
    label = label_of(line)
    return label is not None and label.shape is Shape.STAMP
