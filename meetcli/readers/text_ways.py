"""The ways in which a text says who speaks, the strictest marks first. Each reads a text or leaves it alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from meetcli.meetings.normalize import speaker_names
from meetcli.meetings.stamps import rises, stamp_of
from meetcli.readers.heads import NO_SPEAKERS, is_field, is_no_speech, is_of_a_log, is_section_field
from meetcli.readers.label_lines import SHORTHAND_OPENING, Label, Shape, label_of
from meetcli.readers.openings import (
    HOUR_S,
    MIN_TURNS,
    Opening,
    Text,
    Way,
    do_alternate,
    is_paragraph,
    is_speech,
    looks_like_name,
    share_opened,
    shows_itself,
)
from meetcli.readers.text_headers import by_headers, is_alone

_FEW = 20
"""Where no more than one in so many has no label, every label is a speaker."""

_MIN_SHARE_NAMED = 0.25

_UNITS_LINE = re.compile(r"(?:\d{1,2} (?:hours?|minutes?|seconds?),? ?){1,3}")

DASHES = ("—", "–")
"""What some parliaments put between a colon and the words."""

_ACTION = re.compile(r"(\[?\d{1,2}:\d\d(?::\d\d)?\]?)?[ \t]*\*[ ](\S{1,40})[ ](.+)")

_EVENT = re.compile(r"(?:\[?\d{1,2}:\d\d(?::\d\d)?\]?)?[ \t]*(?:-!-|\*{3}|-->|<--|=!=|--)[ \t]")


def _by_chat(text: Text) -> Way | None:
    """Logs of chats: `14:00:23 <ana> words`. Their clock is the wall's."""
    labels = text.of(Shape.CHAT)
    said = sum(bool(line.strip()) for line in text.lines)
    if len(labels) < 2 or len(labels) * 2 < said:
        return None
    openings = [Opening(place, label.name, label.stamp, label.text) for place, label in labels]
    nicks = {label.name for _, label in labels}
    for place, line in enumerate(text.lines):
        if (match := _ACTION.match(line)) and match[2] in nicks:
            openings.append(Opening(place, match[2], match[1] or None, match[3]))
    openings.sort(key=lambda opening: opening.line)
    events = frozenset(place for place, line in enumerate(text.lines) if _EVENT.match(line))
    return Way(openings, len(labels) > 2 and do_alternate(openings), is_clock=True, drops=events)


def _by_shorthand(text: Text) -> Way | None:
    """Parliaments and courts in Portuguese: `O SR. NAME (party) - words`; capitals alone on a line are sections."""
    openings: list[Opening] = []
    drops: set[int] = set()
    is_after_section = False
    for place, label in enumerate(text.labels):
        line = text.lines[place].strip()
        if label is not None and label.shape is Shape.SHORTHAND:
            openings.append(Opening(place, label.name, None, label.text))
        elif openings and label is not None and label.shape is Shape.COLON and label.text.startswith(DASHES):
            openings.append(Opening(place, label.name, None, label.text.lstrip("—– ")))  # `Vozes do PS: — Muito bem!`
        elif SHORTHAND_OPENING.fullmatch(line) and place + 1 < len(text.lines):
            whole = label_of(f"{line} {text.lines[place + 1].strip()}")
            if whole is not None and whole.shape is Shape.SHORTHAND:
                openings.append(Opening(place, whole.name, None, whole.text))
                drops.add(place + 1)
        elif line.isupper() and not line.endswith((".", "!", "?")) and is_alone(text.lines, place):
            drops.add(place)
            is_after_section = True
            continue
        elif is_after_section and line.startswith("(") and line.endswith(")"):
            drops.add(place)
        is_after_section = is_after_section and not line
    if len(openings) < 2:
        return None
    return Way(openings, is_sure=True, drops=frozenset(drops))


def _by_colons(text: Text) -> Way | None:
    """`Name: words`, with a time or without, bold or not, the words on its line or below."""
    labels = [
        (place, label)
        for place, label in text.of(Shape.COLON, Shape.INLINE, Shape.BOLD, Shape.HEADER)
        if label.name and (label.is_bold or not label.is_bullet)  # the points of a list are part of what is said
    ]
    colons = [label for _, label in labels if label.shape is Shape.COLON]
    counts = Counter(label.name for _, label in labels if label.name)
    names = _colon_names(text, labels, counts)
    # A label that stands in no colon needs one elsewhere, or to come back.
    with_colon = {label.name for label in colons}
    openings: list[Opening] = []
    drops: set[int] = set()
    for place, label in enumerate(text.labels):
        if label is None or (label.is_bullet and not label.is_bold):
            continue
        if (
            label.name
            and label.shape is Shape.COLON
            and (is_section_field(label.name, label.text) and is_paragraph(text, place))
        ):
            drops.add(place)
        elif (
            label.name
            and names.get(label.name)
            and (
                label.shape is Shape.COLON
                or (label.name in with_colon)
                or (counts[label.name] > 1 and label.shape is Shape.INLINE)
            )
            and label.shape in (Shape.COLON, Shape.INLINE, Shape.BOLD, Shape.HEADER)
        ):
            openings.append(Opening(place, names[label.name], label.stamp, label.text))
        elif openings and label.shape in (Shape.STAMP, Shape.STAMPED) and label.stamp and label.stamp[0] in "([":
            openings.append(Opening(place, openings[-1].speaker, label.stamp, label.text, is_going_on=True))
    openings = _without_head(text, openings)
    if sum(not opening.is_going_on for opening in openings) < 2:
        return None
    if sum(is_of_a_log(opening.speaker or "") for opening in openings) * 2 > len(openings):
        return None
    is_sure = shows_itself(text, openings)
    return Way(openings, is_sure, is_sure or share_opened(text, openings) >= _MIN_SHARE_NAMED, drops=frozenset(drops))


def _colon_names(text: Text, labels: Sequence[tuple[int, Label]], counts: Mapping[str, int]) -> dict[str, str | None]:
    """Return who is a speaker.

    Those who look like one or come back; all, where hardly a line that begins with a time has no label; and all in
    bold, where most are.
    """
    said = sum(bool(line.strip()) for line in text.lines)
    names = speaker_names(counts, lambda: len(labels) == said)
    timed = [label for _, label in labels if label.stamp]
    bare = text.of(Shape.STAMPED)
    if len(timed) > 2 and len(bare) * _FEW <= len(timed) and len(timed) * 10 >= len(labels) * 9:
        names = {name: " ".join(name.split()) for name in counts}
    bold = Counter(label.name for _, label in labels if label.is_bold and label.name)
    if sum(bold.values()) * 2 > len(labels) and max(bold.values(), default=0) > 1:
        names.update((name, name) for name in bold)
    return {name: None if is_field(name, "") and name.lower() in _BREAKS else found for name, found in names.items()}


_BREAKS = frozenset({"break", "pausa", "intervalo"})


def _without_head(text: Text, openings: list[Opening]) -> list[Opening]:
    """Leave out fields of a head: what looks like a label above the first one that comes back."""
    counts = Counter(opening.speaker for opening in openings)
    first = next((number for number, one in enumerate(openings) if counts[one.speaker] > 1), 0)
    kept = []
    for number, opening in enumerate(openings):
        name = opening.speaker or ""
        is_alone = counts[opening.speaker] == 1
        if is_alone and is_field(name, opening.text):
            continue
        if number < first and is_alone and _is_among_fields(text, openings, number):
            continue
        kept.append(opening)
    return kept


def _is_among_fields(text: Text, openings: Sequence[Opening], number: int) -> bool:
    """Say whether a label stands in a block of lines that are all `key: value`, one of them a known key."""
    start = end = openings[number].line
    while start > 0 and text.lines[start - 1].strip():
        start -= 1
    while end + 1 < len(text.lines) and text.lines[end + 1].strip():
        end += 1
    block = [text.labels[place] for place in range(start, end + 1)]
    return all(label is not None and label.shape is Shape.COLON for label in block) and any(
        label is not None and label.name is not None and is_field(label.name, label.text) for label in block
    )


def _by_marks(text: Text) -> Way | None:
    """`(speaker 0) words` and `[Speaker 1] words`, as whisper.cpp and WhisperX write."""
    labels = text.of(Shape.MARK)
    counts = Counter(label.name for _, label in labels)
    if len(labels) < 2 or any((name or "").lower() in NO_SPEAKERS for name in counts):
        return None
    is_numbered = all((label.name or "").lower().startswith(("speaker", "spk")) for _, label in labels)
    openings = [
        Opening(place, _titled(label.name), label.stamp, label.text)
        for place, label in labels
        if is_numbered or counts[label.name] > 1 or looks_like_name(label.name or "")
    ]
    said = sum(bool(line.strip()) for line in text.lines)
    is_most = len(openings) * 2 >= said and len(openings) > 2
    if is_numbered:
        return Way(openings, is_most)
    # `[Name]` may be a link, a sound or a level of a log: only its coming back in turn says that it speaks.
    is_talk = is_most and len(openings) >= MIN_TURNS and do_alternate(openings)
    return Way(openings, is_speech(text, openings)) if is_talk else None


def _titled(name: str | None) -> str | None:
    return name[0].upper() + name[1:] if name and name.startswith("speaker") else name


def _by_names_above(text: Text) -> Way | None:
    """Names alone on a line, above words: nothing but their coming back says that they are such."""
    candidates = [
        (place, name)
        for place, line in enumerate(text.lines)
        if is_paragraph(text, place)
        and (name := line.strip().strip("#*_: ").strip())
        and len(name) <= 60
        and _is_bare_name(name)
        and place + 1 < len(text.lines)
        and not is_no_speech(text.lines[place + 1])
    ]
    counts = Counter(name for _, name in candidates)
    openings = [Opening(place, name, None, "") for place, name in candidates if counts[name] > 1]
    blocks = sum(bool(line.strip()) and is_paragraph(text, place) for place, line in enumerate(text.lines))
    if len(openings) < 4 or len({one.speaker for one in openings}) < 2 or len(openings) * 2 < blocks:
        return None
    return Way(openings, do_alternate(openings))


def _is_bare_name(name: str) -> bool:
    return (
        not name.endswith((".", ",", "!", "?", ";"))
        and (len(name.split()) > 1 or name.isupper())
        and looks_like_name(name)
    )


def _by_stamps(text: Text) -> Way | None:
    """Times without names: Whisper's console, Otter without names, YouTube's page, any stamped lines."""
    openings: list[Opening] = []
    for place, label in enumerate(text.labels):
        if label is not None and label.stamp and label.shape is not Shape.HEADER:
            said = (
                label.text if label.shape in (Shape.STAMP, Shape.STAMPED) else _behind_stamp(text.lines[place], label)
            )
            if said is not None:
                openings.append(Opening(place, None, label.stamp, said))
    levels = sum((label.name or "").lower() in NO_SPEAKERS for _, label in text.of(Shape.COLON))
    if levels * 2 > len(openings):  # a log
        return None
    said_lines = sum(bool(line.strip()) for line in text.lines)
    alone = sum(not opening.text for opening in openings)
    if len(openings) < 2 or (len(openings) + alone) * 10 < said_lines * 5:
        return None
    times = [stamp.seconds for opening in openings if (stamp := stamp_of(opening.stamp or ""))]
    words = sum(len(line.split()) for line in text.lines)
    is_paced = words * 10 >= times[-1] - times[0] or any("otter.ai" in line for line in text.lines[-4:])
    drops = frozenset(place for place, line in enumerate(text.lines) if _UNITS_LINE.fullmatch(line.strip()))
    is_sure = len(openings) > 2 and rises(times) and times[0] < HOUR_S and is_paced
    return Way(openings, is_sure, has_names=False, drops=drops) if rises(times) else None


def _behind_stamp(line: str, label: Label) -> str | None:
    """Return the words behind the time at the start of a line that looked like a label.

    None where the time stands elsewhere.
    """
    line = line.strip()
    if label.stamp is None or not line.startswith(label.stamp):
        return None
    return line[len(label.stamp) :].strip()


WAYS: tuple[Callable[[Text], Way | None], ...] = (
    _by_chat,
    _by_shorthand,
    by_headers,
    _by_colons,
    _by_marks,
    _by_stamps,
    _by_names_above,
)
