"""Marks of speakers inside captions that are no `Name:`: Microsoft Graph's JSON, names on lines of their own, chevrons.

Each says who speaks in all the cues of a file or, where the cues are not of its kind, nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from meetcli.meetings.normalize import speaker_names
from meetcli.readers.fields import speaker_name
from meetcli.readers.turns import Piece

if TYPE_CHECKING:
    from meetcli.readers.subtitles import Cue

_NAME_ALONE = re.compile(r"\(([^()\n]{1,80})\):?|\[([^\[\]\n]{1,80})\]:?|([^\W\d_a-z][^\n:.,;!?()\[\]<>]{1,60})")
_DASH = re.compile(r"[-–—\s\u00a0]*")
_CHEVRONS = re.compile(r"(?:[-–—][ \t]*)?>{2,3}[ \t]*")
_NAMED = re.compile(r"([^\s:>][^:\n>]{0,79}):(?:\s+|\Z)")
_MIN_CHEVRONS = 2


def by_marks(cues: Sequence[Cue], text_of: Callable[[str], str]) -> list[Piece] | None:
    """Return what is said in cues by the marks of one kind; None where they are of none.

    `text_of` takes the tags off a line.
    """
    if not cues:
        return None
    lines = (line for cue in cues for line in cue.lines)
    first = next(filter(str.strip, lines), "")
    if first.lstrip().startswith("{") and (pieces := _by_json(cues)) is not None:
        return pieces
    return _by_names_alone(cues, text_of) or _by_chevrons(cues, text_of)


def _by_json(cues: Sequence[Cue]) -> list[Piece] | None:
    """Read Microsoft Graph's `metadataContent`, whose cues are JSON objects."""
    pieces: list[Piece] = []
    for cue in cues:
        whole = "\n".join(cue.lines).strip()
        if not whole:
            continue
        try:
            said = json.loads(whole)
        except (ValueError, RecursionError):
            return None  # then it is what somebody said, however it looks
        if not isinstance(said, dict) or not isinstance(said.get("spokenText"), str):
            return None
        name = said.get("speakerName")
        pieces.append(
            Piece(speaker_name(name) if isinstance(name, str) else None, said["spokenText"], cue.start_s, cue.end_s)
        )
    return pieces


# Names on lines of their own


def _by_names_alone(cues: Sequence[Cue], text_of: Callable[[str], str]) -> list[Piece] | None:
    """Read `(Name)`, `[Name]` or a bare name above the words of a cue, where most cues open with one."""
    opened = [(cue, name) for cue in cues if len(cue.lines) > 1 and (name := _name_alone(text_of(cue.lines[0])))]
    spoken = sum(any(line.strip() for line in cue.lines) for cue in cues)
    counts = Counter(name for _, name in opened)
    known = speaker_names(counts, lambda: False)
    names = {name for name, found in known.items() if found}
    named = sum(counts[name] for name in names)
    if len(opened) < 2 or max(counts.values()) < 2 or named * 5 < spoken * 4:
        return None
    pieces: list[Piece] = []
    for cue in cues:
        speaker: str | None = pieces[-1].speaker if pieces else None
        for line in cue.lines:
            text = text_of(line).strip()
            name = _name_alone(text)
            if name and (name in names or _is_bracketed(text)) and known.get(name, name):
                speaker = name
            elif not _DASH.fullmatch(text):
                pieces.append(Piece(speaker_name(speaker), text, cue.start_s, cue.end_s))
    return pieces


def _name_alone(line: str) -> str | None:
    match = _NAME_ALONE.fullmatch(line.strip())
    if match is None:
        return None
    name = (match[1] or match[2] or match[3]).strip()
    is_sound = not match[3] and name.islower()  # `(laughs)`, `[music]`
    return None if is_sound or not name else name


def _is_bracketed(line: str) -> bool:
    return line[:1] in ("(", "[") and len(line.split()) <= 5 and line[1:2].isupper()


# Chevrons


def _by_chevrons(cues: Sequence[Cue], text_of: Callable[[str], str]) -> list[Piece] | None:
    """Read `>>`, which opens the words of another speaker, also in the midst of a line, where some of them are not
    named.
    """
    if not any(">>" in line or "&gt;" in line for cue in cues for line in cue.lines):
        return None
    lines = [(cue, text_of(line).strip()) for cue in cues for line in cue.lines]
    if sum(">>" in line for _, line in lines) < _MIN_CHEVRONS:
        return None
    parts = list(_parts(lines))
    opened = [text for _, text, is_opening in parts if is_opening]
    labels = Counter(match[1] for text in opened if (match := _NAMED.match(text)))
    if not opened or len(opened) <= sum(labels.values()):
        return None
    names = speaker_names(labels, lambda: False)
    pieces: list[Piece] = []
    for cue, text, is_opening in parts:
        if not is_opening and pieces:
            last = pieces[-1]
            pieces[-1] = last._replace(text=f"{last.text}\n{text}", end_s=cue.end_s)
            continue
        match = _NAMED.match(text)
        name = names.get(match[1]) if match else None
        said = text[match.end() :] if match and name else text
        pieces.append(Piece(speaker_name(name), said, cue.start_s, cue.end_s))
    return pieces


def _parts(lines: Sequence[tuple[Cue, str]]) -> Iterator[tuple[Cue, str, bool]]:
    """Yield what stands before, between and behind chevrons, and whether one opens it."""
    for cue, line in lines:
        first, *others = _CHEVRONS.split(line)
        if first.strip():
            yield cue, first.strip(), False
        for other in others:
            yield cue, other.strip(), True
