"""Reader of plain text and Markdown with `Name: text` lines. Asked last: nearly anything can look like it."""

from __future__ import annotations

import re
from collections import Counter

from meetcli.normalize import canonical_text, split_turns
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

_CHAT_LINE = re.compile(r"\d\d:\d\d:\d\d\t[^\t\n]{1,120}:\t")
_NO_SPEAKERS = frozenset("critical debug error fatal info notice trace warn warning".split())  # noqa: SIM905 - words read better than a page of quoted ones
_BOLD_LABEL = re.compile(r"(?m)^[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)([^*_\n]{1,120}?)(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)")
_MARKDOWN_MARK = re.compile(r"(?m)^(?:[ ]{0,3}#{1,6}\s.*|[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*)$")


def _claims_text(content: Content) -> bool:
    turns, speakers, share = _evidence(content)
    return turns >= _MIN_TURNS and sum(count > 1 for count in speakers.values()) >= _MIN_SPEAKERS and share >= _MIN_SHARE


def _claims_named_text(content: Content) -> bool:
    if not content.is_named:
        return False
    turns, _, share = _evidence(content)
    return turns >= _MIN_TURNS_NAMED and share >= _MIN_SHARE_NAMED


def _evidence(content: Content) -> tuple[int, Counter[str], float]:
    """Return how many `Name: text` turns the start of a text has, by whom, and their share of its lines."""
    text = _plain(content.text[:_JUDGED_CHARACTERS])
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    if not lines or _CHAT_LINE.match(lines[0]):  # a chat beside a meeting is not what was said in it
        return 0, Counter(), 0.0
    speakers = Counter(turn.speaker for turn in split_turns(text) if turn.speaker is not None and turn.speaker.lower() not in _NO_SPEAKERS)
    return speakers.total(), speakers, speakers.total() / len(lines)


def _plain(text: str) -> str:
    """Return Markdown as the lines of plain text: `**Name:** text` without its stars, without headings and rules."""
    if "**" not in text and "__" not in text and "#" not in text:
        return text
    return _MARKDOWN_MARK.sub("", _BOLD_LABEL.sub(r"\1:", canonical_text(text)))


def _read(content: Content) -> list[Found]:
    return [(None, {"transcript": _plain(content.text).strip("\n"), "metadata": {}})]


FORMATS = (
    Format("plain text", "anything: `Name: text` lines, Markdown too", _claims_text, _read, speakers="names", times="start", is_json=False),
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
