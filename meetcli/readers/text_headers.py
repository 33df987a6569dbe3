"""One way to read a text: names on lines of their own, with a time or above paragraphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from meetcli.readers.heads import date_of
from meetcli.readers.label_lines import Shape
from meetcli.readers.openings import Opening, Text, Way, is_paragraph, is_timed, looks_like_name

_MOST_OF_A_NAME = 3


def is_alone(lines: Sequence[str], place: int) -> bool:
    """Say whether a line stands between empty ones, or ones that are a section's title or an aside."""
    before = lines[place - 1].strip() if place else ""
    after = lines[place + 1].strip() if place + 1 < len(lines) else ""
    return (not before or before.isupper()) and (not after or after.isupper() or after.startswith("("))


def by_headers(text: Text) -> Way | None:
    """Names with times on lines of their own, above words: Rev, Teams, Otter, Krisp, Happy Scribe."""
    named = _headers(text)
    if len(named) < 2:
        return None
    apart = sum(later - earlier > 1 for (earlier, _), (later, _) in pairwise(named))
    colons = text.of(Shape.COLON)
    names = {name for _, (name, _) in named}
    strangers = sum(label.name not in names and label.stamp is not None for _, label in colons)
    if apart * 2 < len(named) - 1 or strangers > len(named):
        return None
    heads = dict(named)
    openings: list[Opening] = []
    for place, label in enumerate(text.labels):
        if place in heads:
            name, stamp = heads[place]
            openings.append(Opening(place, name, stamp, ""))
        elif label is None:
            continue
        elif label.shape is Shape.COLON and label.name in names:
            openings.append(Opening(place, label.name, label.stamp, label.text))
        elif openings and label.shape in (Shape.STAMP, Shape.STAMPED) and label.stamp and label.stamp[0] in "([":
            openings.append(Opening(place, openings[-1].speaker, label.stamp, label.text, is_going_on=True))
    return Way(openings, is_timed(openings) and (len(named) > 2 or len(names) > 1))


def _headers(text: Text) -> list[tuple[int, tuple[str, str]]]:
    firsts = [(place, label.name, label.stamp) for place, label in text.of(Shape.HEADER) if label.name and label.stamp]
    stamped = text.of(Shape.STAMPED)
    counts = Counter(label.text for _, label in stamped)
    lasts = [
        (place, label.text.rstrip(":"), label.stamp)
        for place, label in stamped
        if label.stamp
        and len(label.text) <= 100
        and (counts[label.text] > 1 or looks_like_name(label.text) or _is_short(label.text))
        and _is_above_words(text, place)
    ]
    # Where most lines that begin with a time go on with words, what looks like a name there are words too.
    found = sorted([*firsts, *(lasts if len(lasts) * 2 > len(stamped) else ())])
    counts = Counter(name for _, name, _ in found)
    return [
        (place, (name, stamp))
        for place, name, stamp in found
        if not date_of(name)
        and (looks_like_name(name) or counts[name] > 1 or (_is_short(name) and is_paragraph(text, place)))
    ]


def _is_short(text: str) -> bool:
    return len(text.split()) <= _MOST_OF_A_NAME and not text.endswith((".", "?", "!", ",", "…"))


def _is_above_words(text: Text, place: int) -> bool:
    for later in range(place + 1, min(place + 3, len(text.lines))):
        if text.lines[later].strip():
            label = text.labels[later]
            return label is None or label.stamp is None
    return False
