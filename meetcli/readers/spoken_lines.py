"""From lines of text to who said what: the labels a text really uses, and everything under each.

Every reader of text asks this: plain text, Markdown, the paragraphs of documents. It sees all lines before it decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from meetcli.meetings.normalize import speaker_names, words_of_name
from meetcli.meetings.stamps import length_of, rises, stamp_of, starts_of
from meetcli.readers.fields import speaker_name
from meetcli.readers.heads import (
    ESCAPE,
    NO_PEOPLE,
    NO_SPEAKERS,
    Head,
    date_of,
    front_matter,
    is_field,
    is_no_speech,
    is_of_a_log,
    is_section_field,
    read_head,
)
from meetcli.readers.label_lines import SHORTHAND_OPENING, Label, Shape, label_of
from meetcli.readers.turns import Piece, join

_FEW = 20
"""Where no more than one in so many has no label, every label is a speaker."""
_FOOT, _HEAD = 4, 8
"""Lines above and below the number of a page where what stands on every page is looked for."""
_MIN_TURNS = 4
_MIN_TIMED = 3
_MOST_OF_A_NAME = 3
_MIN_SHARE_NAMED = 0.25
_HOUR_S = 3600
_LONGEST_TURN = 6000
"""Characters: a quarter of an hour without anybody else is a talk."""
_LONGEST_ANSWER = 3000
_QUESTIONS = frozenset("q a p r question answer pergunta resposta pregunta respuesta audience".split())  # noqa: SIM905 - as above
_CODE_ENDS = (";", "{", "}", "(", "[", "=", "|", ",")
_NUMBERED = re.compile(r"[ \t]{0,12}(\d{1,2})(?:[ \t]+|\Z)(?=\S|\Z)")
_PAGE = re.compile(r"[ \t]*(?:page |página |pág\. ?)?\d{1,4}(?:[ ]?(?:/|of|de)[ ]?\d{1,4})?[ \t]*", re.IGNORECASE)
_SPELLED = re.compile(r"\d (?:hours?|minutes?|seconds?)\s*\Z")
_UNITS_LINE = re.compile(r"(?:\d{1,2} (?:hours?|minutes?|seconds?),? ?){1,3}")
_DASHES = ("—", "–")
"""What some parliaments put between a colon and the words."""
_ACTION = re.compile(r"(\[?\d{1,2}:\d\d(?::\d\d)?\]?)?[ \t]*\*[ ](\S{1,40})[ ](.+)")
_EVENT = re.compile(r"(?:\[?\d{1,2}:\d\d(?::\d\d)?\]?)?[ \t]*(?:-!-|\*{3}|-->|<--|=!=|--)[ \t]")


class Spoken(NamedTuple):
    """What lines say.

    `turns` are in the order of the lines, `head` is what they name of the meeting, `left` the lines above the first
    speaker that are neither head nor speech of anybody known.

    `is_sure` says that it is a transcript although nobody said so: labels recur and alternate, or carry times;
    `is_enough` that it is one where somebody says so.
    """

    turns: Sequence[Piece]
    head: Head
    left: Sequence[str]
    is_sure: bool
    is_enough: bool


class _Opening(NamedTuple):
    """Where somebody begins to speak, or goes on at a time that is given."""

    line: int
    speaker: str | None
    stamp: str | None
    text: str
    is_going_on: bool = False


class _Text(NamedTuple):
    """The lines of a text without front matter, with what each may be."""

    lines: Sequence[str]
    labels: Sequence[Label | None]

    def of(self, *shapes: Shape) -> list[tuple[int, Label]]:
        return [(place, label) for place, label in enumerate(self.labels) if label and label.shape in shapes]


class _Way(NamedTuple):
    """One way to read a text. `drops` are the lines that are neither label nor speech."""

    openings: list[_Opening]
    is_sure: bool
    is_enough: bool = True
    is_clock: bool = False
    has_names: bool = True
    drops: frozenset[int] = frozenset()


def spoken_lines(lines: Sequence[str]) -> Spoken | None:
    """Return who says what in lines or paragraphs; None where no line is anybody's."""
    front, start = front_matter(lines)
    lines = _numbers_off(_escapes_off(lines[start:]))
    lines = _told_once(_pairs_joined(_pages_off(lines)))
    text = _Text(lines, [label_of(line) for line in lines])
    for read in _WAYS:
        way = read(text)
        if way is not None:
            head, left = _head(text, way)
            return Spoken(_turns(text, way), head.behind(front), left, way.is_sure, way.is_enough)
    return None


def _escapes_off(lines: Sequence[str]) -> list[str]:
    return [ESCAPE.sub(r"\1", line) if "\\" in line else line for line in lines]


def _numbers_off(lines: list[str]) -> list[str]:
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


def _pages_off(lines: list[str]) -> list[str]:
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


def _pairs_joined(lines: list[str]) -> list[str]:
    """Write a name and a time that stand on lines of their own, one below the other, on one line."""
    stamps = [place for place, line in enumerate(lines) if _is_stamp_alone(line)]
    if len(stamps) < 2:
        return lines
    above = [lines[place - 1].strip() if place else "" for place in stamps]
    counts = Counter(filter(None, above))
    pairs = [
        place
        for place, name in zip(stamps, above, strict=True)
        if name and len(name) <= 60 and label_of(name) is None and (counts[name] > 1 or _looks_like_name(name))
    ]
    if len(pairs) * 5 < len(stamps) * 4 or not any(count > 1 for count in counts.values()):
        return lines
    found = list(lines)
    for place in pairs:
        found[place - 1], found[place] = f"{found[place - 1].strip()} {found[place].strip()}", ""
    return found


def _told_once(lines: list[str]) -> list[str]:
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


# Ways to read a text, the strictest marks first


def _by_chat(text: _Text) -> _Way | None:
    """Logs of chats: `14:00:23 <ana> words`. Their clock is the wall's."""
    labels = text.of(Shape.CHAT)
    said = sum(bool(line.strip()) for line in text.lines)
    if len(labels) < 2 or len(labels) * 2 < said:
        return None
    openings = [_Opening(place, label.name, label.stamp, label.text) for place, label in labels]
    nicks = {label.name for _, label in labels}
    for place, line in enumerate(text.lines):
        if (match := _ACTION.match(line)) and match[2] in nicks:
            openings.append(_Opening(place, match[2], match[1] or None, match[3]))
    openings.sort(key=lambda opening: opening.line)
    events = frozenset(place for place, line in enumerate(text.lines) if _EVENT.match(line))
    return _Way(openings, len(labels) > 2 and _alternate(openings), is_clock=True, drops=events)


def _by_shorthand(text: _Text) -> _Way | None:
    """Parliaments and courts in Portuguese: `O SR. NAME (party) - words`; capitals alone on a line are sections."""
    openings: list[_Opening] = []
    drops: set[int] = set()
    is_after_section = False
    for place, label in enumerate(text.labels):
        line = text.lines[place].strip()
        if label is not None and label.shape is Shape.SHORTHAND:
            openings.append(_Opening(place, label.name, None, label.text))
        elif openings and label is not None and label.shape is Shape.COLON and label.text.startswith(_DASHES):
            openings.append(_Opening(place, label.name, None, label.text.lstrip("—– ")))  # `Vozes do PS: — Muito bem!`
        elif SHORTHAND_OPENING.fullmatch(line) and place + 1 < len(text.lines):
            whole = label_of(f"{line} {text.lines[place + 1].strip()}")
            if whole is not None and whole.shape is Shape.SHORTHAND:
                openings.append(_Opening(place, whole.name, None, whole.text))
                drops.add(place + 1)
        elif line.isupper() and not line.endswith((".", "!", "?")) and _is_alone(text.lines, place):
            drops.add(place)
            is_after_section = True
            continue
        elif is_after_section and line.startswith("(") and line.endswith(")"):
            drops.add(place)
        is_after_section = is_after_section and not line
    if len(openings) < 2:
        return None
    return _Way(openings, is_sure=True, drops=frozenset(drops))


def _is_alone(lines: Sequence[str], place: int) -> bool:
    before = lines[place - 1].strip() if place else ""
    after = lines[place + 1].strip() if place + 1 < len(lines) else ""
    return (not before or before.isupper()) and (not after or after.isupper() or after.startswith("("))


def _by_headers(text: _Text) -> _Way | None:
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
    openings: list[_Opening] = []
    for place, label in enumerate(text.labels):
        if place in heads:
            name, stamp = heads[place]
            openings.append(_Opening(place, name, stamp, ""))
        elif label is None:
            continue
        elif label.shape is Shape.COLON and label.name in names:
            openings.append(_Opening(place, label.name, label.stamp, label.text))
        elif openings and label.shape in (Shape.STAMP, Shape.STAMPED) and label.stamp and label.stamp[0] in "([":
            openings.append(_Opening(place, openings[-1].speaker, label.stamp, label.text, is_going_on=True))
    return _Way(openings, _is_timed(openings) and (len(named) > 2 or len(names) > 1))


def _headers(text: _Text) -> list[tuple[int, tuple[str, str]]]:
    firsts = [(place, label.name, label.stamp) for place, label in text.of(Shape.HEADER) if label.name and label.stamp]
    stamped = text.of(Shape.STAMPED)
    counts = Counter(label.text for _, label in stamped)
    lasts = [
        (place, label.text.rstrip(":"), label.stamp)
        for place, label in stamped
        if label.stamp
        and len(label.text) <= 100
        and (counts[label.text] > 1 or _looks_like_name(label.text) or _is_short(label.text))
        and _is_above_words(text, place)
    ]
    # Where most lines that begin with a time go on with words, what looks like a name there are words too.
    found = sorted([*firsts, *(lasts if len(lasts) * 2 > len(stamped) else ())])
    counts = Counter(name for _, name, _ in found)
    return [
        (place, (name, stamp))
        for place, name, stamp in found
        if not date_of(name)
        and (_looks_like_name(name) or counts[name] > 1 or (_is_short(name) and _is_paragraph(text, place)))
    ]


def _is_short(text: str) -> bool:
    return len(text.split()) <= _MOST_OF_A_NAME and not text.endswith((".", "?", "!", ",", "…"))


def _is_above_words(text: _Text, place: int) -> bool:
    for later in range(place + 1, min(place + 3, len(text.lines))):
        if text.lines[later].strip():
            label = text.labels[later]
            return label is None or label.stamp is None
    return False


def _is_paragraph(text: _Text, place: int) -> bool:
    return place == 0 or not text.lines[place - 1].strip()


def _by_colons(text: _Text) -> _Way | None:
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
    openings: list[_Opening] = []
    drops: set[int] = set()
    for place, label in enumerate(text.labels):
        if label is None or (label.is_bullet and not label.is_bold):
            continue
        if (
            label.name
            and label.shape is Shape.COLON
            and (is_section_field(label.name, label.text) and _is_paragraph(text, place))
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
            openings.append(_Opening(place, names[label.name], label.stamp, label.text))
        elif openings and label.shape in (Shape.STAMP, Shape.STAMPED) and label.stamp and label.stamp[0] in "([":
            openings.append(_Opening(place, openings[-1].speaker, label.stamp, label.text, is_going_on=True))
    openings = _without_head(text, openings)
    if sum(not opening.is_going_on for opening in openings) < 2:
        return None
    if sum(is_of_a_log(opening.speaker or "") for opening in openings) * 2 > len(openings):
        return None
    is_sure = _is_sure(text, openings)
    return _Way(openings, is_sure, is_sure or _share(text, openings) >= _MIN_SHARE_NAMED, drops=frozenset(drops))


def _colon_names(text: _Text, labels: Sequence[tuple[int, Label]], counts: Mapping[str, int]) -> dict[str, str | None]:
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


def _without_head(text: _Text, openings: list[_Opening]) -> list[_Opening]:
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


def _is_among_fields(text: _Text, openings: Sequence[_Opening], number: int) -> bool:
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


def _by_marks(text: _Text) -> _Way | None:
    """`(speaker 0) words` and `[Speaker 1] words`, as whisper.cpp and WhisperX write."""
    labels = text.of(Shape.MARK)
    counts = Counter(label.name for _, label in labels)
    if len(labels) < 2 or any((name or "").lower() in NO_SPEAKERS for name in counts):
        return None
    is_numbered = all((label.name or "").lower().startswith(("speaker", "spk")) for _, label in labels)
    openings = [
        _Opening(place, _titled(label.name), label.stamp, label.text)
        for place, label in labels
        if is_numbered or counts[label.name] > 1 or _looks_like_name(label.name or "")
    ]
    said = sum(bool(line.strip()) for line in text.lines)
    is_most = len(openings) * 2 >= said and len(openings) > 2
    if is_numbered:
        return _Way(openings, is_most)
    # `[Name]` may be a link, a sound or a level of a log: only its coming back in turn says that it speaks.
    is_talk = is_most and len(openings) >= _MIN_TURNS and _alternate(openings)
    return _Way(openings, _is_speech(text, openings)) if is_talk else None


def _titled(name: str | None) -> str | None:
    return name[0].upper() + name[1:] if name and name.startswith("speaker") else name


def _by_names_above(text: _Text) -> _Way | None:
    """Names alone on a line, above words: nothing but their coming back says that they are such."""
    candidates = [
        (place, name)
        for place, line in enumerate(text.lines)
        if _is_paragraph(text, place)
        and (name := line.strip().strip("#*_: ").strip())
        and len(name) <= 60
        and _is_bare_name(name)
        and place + 1 < len(text.lines)
        and not is_no_speech(text.lines[place + 1])
    ]
    counts = Counter(name for _, name in candidates)
    openings = [_Opening(place, name, None, "") for place, name in candidates if counts[name] > 1]
    blocks = sum(bool(line.strip()) and _is_paragraph(text, place) for place, line in enumerate(text.lines))
    if len(openings) < 4 or len({one.speaker for one in openings}) < 2 or len(openings) * 2 < blocks:
        return None
    return _Way(openings, _alternate(openings))


def _is_bare_name(name: str) -> bool:
    return (
        not name.endswith((".", ",", "!", "?", ";"))
        and (len(name.split()) > 1 or name.isupper())
        and _looks_like_name(name)
    )


def _by_stamps(text: _Text) -> _Way | None:
    """Times without names: Whisper's console, Otter without names, YouTube's page, any stamped lines."""
    openings: list[_Opening] = []
    for place, label in enumerate(text.labels):
        if label is not None and label.stamp and label.shape is not Shape.HEADER:
            said = (
                label.text if label.shape in (Shape.STAMP, Shape.STAMPED) else _behind_stamp(text.lines[place], label)
            )
            if said is not None:
                openings.append(_Opening(place, None, label.stamp, said))
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
    is_sure = len(openings) > 2 and rises(times) and times[0] < _HOUR_S and is_paced
    return _Way(openings, is_sure, has_names=False, drops=drops) if rises(times) else None


def _behind_stamp(line: str, label: Label) -> str | None:
    """Return the words behind the time at the start of a line that looked like a label.

    None where the time stands elsewhere.
    """
    line = line.strip()
    if label.stamp is None or not line.startswith(label.stamp):
        return None
    return line[len(label.stamp) :].strip()


_WAYS: tuple[Callable[[_Text], _Way | None], ...] = (
    _by_chat,
    _by_shorthand,
    _by_headers,
    _by_colons,
    _by_marks,
    _by_stamps,
    _by_names_above,
)


# What shows that it is a transcript


def _looks_like_name(name: str) -> bool:
    words = words_of_name(name)
    return bool(words) and speaker_names({name: 1}, lambda: False)[name] is not None


def _share(text: _Text, openings: Sequence[_Opening]) -> float:
    """Return the share of openings among all paragraphs where most begin one, else among all lines."""
    begun = sum(_is_paragraph(text, opening.line) for opening in openings)
    is_by_paragraphs = begun * 2 > len(openings)
    blocks = sum(
        bool(line.strip()) and (not is_by_paragraphs or _is_paragraph(text, place))
        for place, line in enumerate(text.lines)
    )
    return len(openings) / max(1, blocks)


def _alternate(openings: Sequence[_Opening]) -> bool:
    runs = Counter(speaker for speaker, _ in groupby(opening.speaker for opening in openings))
    return sum(count > 1 for count in runs.values()) > 1


def _is_timed(openings: Sequence[_Opening]) -> bool:
    """Say whether most labels carry times, which rise."""
    times = [stamp.seconds for opening in openings if opening.stamp and (stamp := stamp_of(opening.stamp))]
    return len(times) > 1 and len(times) * 5 >= len(openings) * 4 and rises(times)


def _is_sure(text: _Text, openings: Sequence[_Opening]) -> bool:
    """Say whether labels with a colon are those of a transcript: they come back in turn, or carry times of one."""
    firsts = [opening for opening in openings if not opening.is_going_on]
    if len(firsts) < _MIN_TIMED:
        return False
    counts = Counter(opening.speaker for opening in firsts)
    stamp = stamp_of(firsts[0].stamp or "")
    if stamp is not None and stamp.seconds < _HOUR_S and _is_timed(firsts) and 1 < len(counts) < len(firsts):
        return True
    if len(firsts) < _MIN_TURNS or not _is_spread(text, firsts):
        return False
    return _is_monologue(text, firsts) or (_alternate(firsts) and _is_speech(text, firsts))


def _is_monologue(text: _Text, openings: Sequence[_Opening]) -> bool:
    """Say whether one person with a whole name has most of what is said, from the first line on, in bold each time:
    what somebody edits who writes others down too.
    """
    name, count = Counter(opening.speaker or "" for opening in openings).most_common(1)[0]
    first = next((place for place, line in enumerate(text.lines) if line.strip()), 0)
    return (
        count >= _MIN_TURNS
        and count * 2 >= len(openings)
        and len(name.split()) > 1
        and _looks_like_name(name)
        and (openings[0].line, openings[0].speaker) == (first, name)
        and all(
            (label := text.labels[opening.line]) is not None and label.is_bold
            for opening in openings
            if opening.speaker == name
        )
    )


def _is_spread(text: _Text, openings: Sequence[_Opening]) -> bool:
    """Say whether labels stand all over a text, not in one corner of it.

    In one corner they are questions behind a talk, or an example in a manual.
    """
    sizes = [len(line) + 1 for line in text.lines]
    ends = [*(opening.line for opening in openings), len(sizes)]
    total = sum(sizes)
    above = sum(sizes[: ends[0]])
    gaps = [sum(sizes[start:end]) for start, end in pairwise(ends)]
    return above * 3 <= total and max(gaps) * 2 <= total and (total - above) <= len(openings) * _LONGEST_TURN


def _is_speech(text: _Text, openings: Sequence[_Opening]) -> bool:
    """Say whether what stands behind labels reads as speech: sentences, not values, definitions or code."""
    ends = [*(opening.line for opening in openings[1:]), len(text.lines)]
    sentences = code = longest = 0
    for opening, end in zip(openings, ends, strict=True):
        lines = [opening.text, *(text.lines[place].strip() for place in range(opening.line + 1, end))]
        last = next((line for line in reversed(lines) if line), "")
        longest = max(longest, sum(map(len, lines)))
        sentences += last.rstrip("\"'”’»)*_]").endswith((".", "?", "!", "…", "-", "–", "—"))
        code += last.endswith(_CODE_ENDS)
    names = {opening.speaker or "" for opening in openings}
    people = {name for name in names if _looks_like_name(name) and name.lower() not in NO_PEOPLE}
    if longest > _LONGEST_ANSWER:  # a talk with questions behind it
        people = {name for name in people if name.lower() not in _QUESTIONS}
    said = sum(opening.speaker in people for opening in openings)
    return sentences * 2 >= len(openings) and code * 4 <= len(openings) and said * 10 >= len(openings) * 8


# From openings to turns


def _head(text: _Text, way: _Way) -> tuple[Head, list[str]]:
    above = [line for place, line in enumerate(text.lines[: way.openings[0].line]) if place not in way.drops]
    return read_head(above)


def _turns(text: _Text, way: _Way) -> list[Piece]:
    openings = way.openings
    dashed = sum(opening.text.startswith(_DASHES) for opening in openings)
    starts = _of_first_recording(starts_of([opening.stamp for opening in openings], is_clock=way.is_clock))
    pieces = [
        Piece(
            _speaker(opening.speaker),
            said.lstrip("—– ") if dashed * 2 > len(openings) else said,
            start_s,
            _end(start_s, opening.stamp),
        )
        for opening, start_s, said in zip(openings, starts, _said(text, way), strict=True)
        if said
    ]
    if way.has_names:
        return pieces
    return join(pieces, is_ordered=True)


def _of_first_recording(starts: list[float | None]) -> list[float | None]:
    """Return times without those behind a clock that starts again, which would point into the first recording."""
    first: float | None = None
    latest = 0.0
    for number, start_s in enumerate(starts):
        if start_s is None:
            continue
        if first is not None and start_s <= first and start_s < latest:
            return [*starts[:number], *[None] * (len(starts) - number)]
        first = start_s if first is None else first
        latest = max(latest, start_s)
    return starts


def _speaker(name: str | None) -> str | None:
    """Return a label as it is written, None for what says that nobody knows: in text `A` is no number of a speaker."""
    return None if speaker_name(name) is None else " ".join((name or "").split())


def _end(start_s: float | None, stamp: str | None) -> float | None:
    length_s = None if start_s is None or stamp is None else length_of(stamp)
    return None if start_s is None or length_s is None else start_s + length_s


def _said(text: _Text, way: _Way) -> Iterator[str]:
    """Yield the words of each opening: those on its line and all below to the next."""
    ends = [*(opening.line for opening in way.openings[1:]), len(text.lines)]
    for opening, end in zip(way.openings, ends, strict=True):
        below = (
            text.lines[place].strip()
            for place in range(opening.line + 1, end)
            if place not in way.drops and not is_no_speech(text.lines[place])
        )
        yield "\n".join(filter(None, (opening.text, *below)))
