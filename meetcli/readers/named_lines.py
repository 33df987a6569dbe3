"""Reader of plain text and Markdown with `Name: text` lines. Asked last: nearly anything can look like it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from typing import NamedTuple

from meetcli.meetings.normalize import canonical_text, split_turns
from meetcli.readers.content import Content
from meetcli.readers.format import Format, Found

_LINE_END = re.compile(r"\r\n|\r|\n")
_JUDGED_CHARACTERS = 200_000
_MIN_TURNS = 4
_MIN_SPEAKERS = 2
_MIN_SHARE = 0.6
_MIN_TURNS_NAMED = 2
_MIN_SHARE_NAMED = 0.25
"""Where the user names the file, speech may run over several lines, and one may do all the talking."""

_CHAT_LINE = re.compile(
    r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(?:\t[^\t\n]{1,120}:\t|[\t ]+From[ ]+[^\n:]{1,120}?(?: to [^\n:]{1,120}:| :))"
)
_NO_SPEAKERS = frozenset("critical debug error fatal info notice trace warn warning".split())  # noqa: SIM905 - words read better than a page of quoted ones
_CODE_ENDS = (",", ";", "{", "}", "(", "[", "=", "|")
_MARKUP = re.compile(
    r"(?m)^(?:[ ]{0,3}#{1,6}\s.*$|[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$"
    r"|[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)(?P<name>[^*_\n]{1,120}?)(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)"
    r"|\[(?P<label>(?i:speaker)[ _-]?\w{1,8})\]:)"
)
"""Headings and rules, which go, bold names, which lose their stars, and WhisperX's `[SPEAKER_00]:`, which loses its
brackets.
"""

_BULLET = re.compile(r"(?m)^[ \t]*[-*+][ \t]+(?=[^\W_][^\n:]{0,119}:[ \t])")


def _claims_text(content: Content) -> bool:
    found = _evidence(content)
    recurring = sum(count > 1 for count in found.runs.values())
    return found.turns >= _MIN_TURNS and recurring >= _MIN_SPEAKERS and found.share >= _MIN_SHARE and not found.is_code


def _claims_named_text(content: Content) -> bool:
    if not content.is_named:
        return False
    found = _evidence(content._replace(text=_without_bullets(content.text)))
    return found.turns >= _MIN_TURNS_NAMED and found.share >= _MIN_SHARE_NAMED


class _Evidence(NamedTuple):
    """What the start of a text has of a transcript.

    `turns` and their `share` of all lines; how often each speaker begins to speak after somebody else, since who comes
    back only in a row, as a header in a file of headers, takes no turns; whether most of what is said ends as code
    does.
    """

    turns: int
    share: float
    runs: Counter[str]
    is_code: bool


def _evidence(content: Content) -> _Evidence:
    text = _plain(content.text[:_JUDGED_CHARACTERS])
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    if not lines or _CHAT_LINE.match(lines[0]):  # a chat beside a meeting is not what was said in it
        return _Evidence(0, 0.0, Counter(), is_code=False)
    turns = [
        turn for turn in split_turns(text) if turn.speaker is not None and turn.speaker.lower() not in _NO_SPEAKERS
    ]
    runs = Counter(speaker for speaker, _ in groupby(turn.speaker or "" for turn in turns))
    is_code = sum(turn.text.endswith(_CODE_ENDS) for turn in turns) * 2 > len(turns)
    return _Evidence(len(turns), len(turns) / len(lines), runs, is_code)


def _plain(text: str) -> str:
    """Return marked up text as plain lines: `**Name:** text` without its stars, without headings and rules."""
    if not any(mark in text for mark in ("**", "__", "#", "]:")):
        return text
    return _MARKUP.sub(lambda mark: f"{name}:" if (name := mark["name"] or mark["label"]) else "", canonical_text(text))


def _without_bullets(text: str) -> str:
    """Return `- Name: text` lines without their bullets where most lines are such; elsewhere points are part of what is
    said.

    Only for a file the user named: in a folder, lists of changes and settings look the same.
    """
    judged = text[:_JUDGED_CHARACTERS]
    lines = sum(bool(line.strip()) for line in _LINE_END.split(judged))
    return _BULLET.sub("", text) if len(_BULLET.findall(judged)) > lines * _MIN_SHARE else text


def _read(content: Content) -> list[Found]:
    text = _plain(_without_bullets(content.text))
    # Blank lines before the first turn stay in a text that is read as it stands: places in it are counted from the
    # file's start.
    transcript = text.rstrip("\n") if text is content.text else text.strip("\n")
    return [(None, {"transcript": transcript, "metadata": {}})]


FORMATS = (
    Format(
        "plain text",
        "anything: `Name: text` lines, Markdown too",
        _claims_text,
        _read,
        speakers="names",
        times="start",
        is_json=False,
    ),
    Format(
        "plain text of a named file",
        "anything, with fewer names",
        _claims_named_text,
        _read,
        speakers="names",
        times="start",
        is_json=False,
        is_by_naming=True,
    ),
)
