"""Reader of plain text and Markdown with `Name: text` lines. Asked last: nearly anything can look like it."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple

from meetcli.meetings.normalize import canonical_text, split_turns
from meetcli.readers.content import Content
from meetcli.readers.format import Format, Found
from meetcli.readers.heads import ESCAPE, NO_PEOPLE, NO_SPEAKERS, is_field, is_of_a_log
from meetcli.readers.turns import Piece, as_mapping

if TYPE_CHECKING:
    from meetcli.readers.spoken_lines import Spoken

_LINE_END = re.compile(r"\r\n|\r|\n")
_JUDGED_CHARACTERS = 200_000
_PART_CHARACTERS = 50_000
_MIN_TURNS = 4
_MIN_SPEAKERS = 2
_MIN_SHARE = 0.6
_MIN_TURNS_NAMED = 2
_MIN_SHARE_NAMED = 0.25
"""Where the user names the file, speech may run over several lines, and one may do all the talking."""

_CHAT_LINE = re.compile(
    r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(?:\t[^\t\n]{1,120}:\t|[\t ]+From[ ]+[^\n:]{1,120}?(?: to [^\n:]{1,120}:| :))"
)
_CODE_ENDS = (",", ";", "{", "}", "(", "[", "=", "|")
_MARKUP = re.compile(
    r"(?m)^(?:[ ]{0,3}#{1,6}\s.*$|[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$"
    r"|[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)(?P<name>(?:[^*_\n]|(?<=[\w\\])_(?=\w)){1,120}?)"
    r"(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)"
    r"|\[(?P<label>(?i:speaker)[ _-]?\w{1,8})\]:)"
)
"""Headings and rules, which go, bold names, which lose their stars, and WhisperX's `[SPEAKER_00]:`, which loses its
brackets.
"""

_MIN_TIMES = 3
_TIMED_LINE = re.compile(r"(?m)^[^\n]{0,80}?\d:\d\d(?!\d)[^\n]*|^[^\n]{1,80}?\d ?(?:s|[Ss]e[cgk][a-zA-Z]*)[ \t]*:?$")
_SIGN = re.compile(
    r"(?m)^[OA]S? (?:EXM|S[RE]|D[RO])|^[OA]s? (?:Ex|Sr|Dr)"
    r"|^[(\[][Ss](?:peaker|PEAKER|pk)|^[ \t]*\d{1,2}[ \t]+[A-Z][A-Z. ]+:"
    r"|\A\s*\*\*[A-Z][^*\n:]{2,60}:\*\*"
    r"|^\[[A-Z][^\[\]\n:/.()]{1,60}\] \w|^[^\n<]{0,24}<[^\s<>/][^<>\n]{0,40}> "
)
"""Ways to name a speaker that are no label with a colon, which is known before."""
_NAME_ALONE = re.compile(r"(?m)^(?:#{1,6} |\*\*)?([^\W\d_a-z][^\n:.,;!?(){}=<>\"]{1,58})$")
_SPAN = re.compile(r"(?m)^[^\n]{0,80}?\d:\d\d(?:[.,]\d{1,3})?[ ]?(?:-+>?|–|—)[ ]?\d{1,3}:\d\d")
"""Two times beside a label: what is read as it stands has only the first."""
_BULLET = re.compile(r"(?m)^[ \t]*[-*+][ \t]+(?=[^\W_][^\n:]{0,119}:[ \t])")


def _recognizes_text(content: Content) -> bool:
    found = _evidence(content)
    recurring = sum(count > 1 for count in found.runs.values())
    if found.turns >= _MIN_TURNS and recurring >= _MIN_SPEAKERS and found.share >= _MIN_SHARE:
        return not found.is_code and sum(map(_is_nobody, found.runs)) * 2 < len(found.runs)
    if found.is_chat or not (recurring >= _MIN_SPEAKERS or _has_signs(content.text[:_JUDGED_CHARACTERS])):
        return False
    spoken = _spoken_start(content.text)
    return spoken is not None and spoken.is_sure


def _is_nobody(name: str) -> bool:
    """Say whether a label is one of a manual's, or begins as a line of a log does: `31, Info  CBS`."""
    return name.lower() in NO_PEOPLE or is_of_a_log(name)


def _has_signs(text: str) -> bool:
    """Say whether text without labels that come back may be a transcript all the same.

    Most is settled here, and quickly.
    """
    if _SIGN.search(text) or sum(1 for _ in islice(_TIMED_LINE.finditer(text), _MIN_TIMES)) == _MIN_TIMES:
        return True
    counts = Counter(_NAME_ALONE.findall(text))
    return sum(count > 1 for count in counts.values()) >= _MIN_SPEAKERS


def _recognizes_named_text(content: Content) -> bool:
    if not content.is_named:
        return False
    text = _without_bullets(content.text)
    found = _evidence(content._replace(text=text))
    if found.turns >= _MIN_TURNS_NAMED and found.share >= _MIN_SHARE_NAMED:
        return True
    spoken = None if found.is_chat else _spoken_start(text)
    return spoken is not None and spoken.is_enough


class _Evidence(NamedTuple):
    """What the start of a text has of a transcript.

    `turns` and their `share` of all lines; how often each speaker begins to speak after somebody else, since who comes
    back only in a row, as a header in a file of headers, takes no turns; whether most of what is said ends as code
    does; whether it is a chat saved beside a meeting; whether a label or the first words behind one may be something
    else.
    """

    turns: int
    share: float
    runs: Counter[str]
    is_code: bool
    is_chat: bool = False
    is_marked: bool = False

    @property
    def is_nothing_else(self) -> bool:
        """Every line has a label and words."""
        return self.share >= 1 and not self.is_marked


def _evidence(content: Content) -> _Evidence:
    text = _plain(_unescaped(content.text[:_JUDGED_CHARACTERS]))
    return _judged_whole(text) if text is content.text else _judged(text)


@lru_cache(1)  # a text that was judged whole is read next
def _judged_whole(text: str) -> _Evidence:
    return _judged(text)


def _judged(text: str) -> _Evidence:
    lines = sum(bool(line.strip()) for line in _LINE_END.split(text))
    if not lines or _CHAT_LINE.match(text.lstrip()):  # a chat beside a meeting is not what was said in it
        return _Evidence(0, 0.0, Counter(), is_code=False, is_chat=bool(lines))
    turns = [turn for turn in split_turns(text) if turn.speaker is not None and turn.speaker.lower() not in NO_SPEAKERS]
    runs = Counter(speaker for speaker, _ in groupby(turn.speaker or "" for turn in turns))
    is_code = sum(turn.text.endswith(_CODE_ENDS) for turn in turns) * 2 > len(turns)
    is_marked = any(turn.text[0] in "[(<{—–-" for turn in turns) or any(is_field(name, "") for name in runs)
    return _Evidence(len(turns), len(turns) / lines, runs, is_code, is_marked=is_marked)


def _plain(text: str) -> str:
    """Return marked up text as plain lines: `**Name:** text` without its stars, without headings and rules."""
    if not any(mark in text for mark in ("**", "__", "#", "]:")):
        return text
    return _MARKUP.sub(lambda mark: f"{name}:" if (name := mark["name"] or mark["label"]) else "", canonical_text(text))


def _without_bullets(text: str) -> str:
    """Return `- Name: text` lines without their bullets where most lines are such.

    Elsewhere points are part of what is said.

    Only for a file the user named: in a folder, lists of changes and settings look the same.
    """
    judged = text[:_JUDGED_CHARACTERS]
    lines = sum(bool(line.strip()) for line in _LINE_END.split(judged))
    return _BULLET.sub("", text) if len(_BULLET.findall(judged)) > lines * _MIN_SHARE else text


def _spoken(text: str) -> Spoken | None:
    # Imported for what is not settled by its labels alone: most plain text is read as it stands.
    from meetcli.readers.spoken_lines import spoken_lines

    return spoken_lines(_LINE_END.split(text))


def _spoken_start(text: str) -> Spoken | None:
    return _spoken_whole(text) if len(text) <= _JUDGED_CHARACTERS else _spoken(text[:_JUDGED_CHARACTERS])


@lru_cache(1)  # the two formats ask for the same text, and then it is read
def _spoken_whole(text: str) -> Spoken | None:
    return _spoken(text)


def _read(content: Content) -> list[Found]:
    given = _without_bullets(content.text)
    text = _plain(given)
    is_settled = not _SPAN.search(text[:_PART_CHARACTERS]) and _is_all_labels(text)  # before the copy below is made
    # Blank lines before the first turn stay in a text that is read as it stands: places in it are counted from the
    # file's start.
    transcript = text.rstrip("\n") if text is content.text else text.strip("\n")
    if is_settled:
        return [(None, {"transcript": transcript, "metadata": {}})]
    spoken = _spoken_whole(given) if len(given) <= _JUDGED_CHARACTERS else _spoken(given)
    if spoken is None or _is_as_it_stands(transcript, spoken):
        return [(None, {"transcript": transcript, "metadata": {}})]
    return [(None, {**as_mapping([*(Piece(None, line) for line in spoken.left), *spoken.turns]), "head": spoken.head})]


def _is_all_labels(text: str) -> bool:
    """Say whether every line has a label and words, so that there is nothing else to find in it."""
    if len(text) <= _JUDGED_CHARACTERS:
        return _judged_whole(text).is_nothing_else
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PART_CHARACTERS) + 1 or len(text)
        if not _judged(text[start:end]).is_nothing_else:
            return False
        start = end
    return True


def _unescaped(text: str) -> str:
    return ESCAPE.sub(r"\1", text) if "\\" in text else text


def _is_as_it_stands(transcript: str, spoken: Spoken) -> bool:
    """Say whether the text says the same without another word: then it stays as it was given, and so does its
    content's key.
    """
    turns = split_turns(transcript)
    above = 1 if turns and turns[0].speaker is None else 0
    if any(turn.end_s is not None for turn in spoken.turns):
        return False
    if above and (spoken.head.meet_date or spoken.head.participants or len(turns[0].text.split("\n")) > 1):
        return False
    return len(turns) - above == len(spoken.turns) and all(
        one.speaker == other.speaker and _unescaped(one.text).split() == other.text.split()
        for one, other in zip(turns[above:], spoken.turns, strict=True)
    )


FORMATS = (
    Format(
        "plain text",
        "anything: `Name: text` lines, Markdown too",
        _recognizes_text,
        _read,
        speakers="names",
        times="start",
        is_json=False,
    ),
    Format(
        "plain text of a named file",
        "anything, with fewer names",
        _recognizes_named_text,
        _read,
        speakers="names",
        times="start",
        is_json=False,
        is_by_naming=True,
    ),
)
