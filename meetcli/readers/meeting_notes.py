"""Readers of the text that meeting tools write: Google Meet, Otter, Fathom, Zoom's saved captions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate, pairwise

from meetcli.errors import InputError
from meetcli.meetings.normalize import split_turns
from meetcli.meetings.zones import zone_of
from meetcli.readers.content import Content
from meetcli.readers.fields import speaker_name
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, as_mapping, in_recorded_order, meeting

_LINE_END = re.compile(r"\r\n|\r|\n")
_HEAD_CHARACTERS = 4_000

_MEET_END = (
    r"(?:(?:transcription|meeting|session) ended after \d"
    r"|a (?:transcrição|reunião|sessão) (?:foi encerrada após|terminou (?:após|depois de)) \d)"
)
_MEET_MARK = re.compile(
    rf"(?im)^\W*(?:this editable transcript was computer[- ]generated|esta transcrição editável foi gerada por computador|{_MEET_END})"
)
_MEET_DATE = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[ ,T]+(\d{1,2}):(\d\d)(?:[ ]?(?:(?:GMT|UTC)([+-]\d{1,2})(?::?(\d\d))?|([A-Z]{2,5})))?"
)
_MEET_DAY = re.compile(r"(\d{1,2}) de (jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez)[a-zç]*\.? de (\d{4}) às ")
_MONTHS = "jan fev mar abr mai jun jul ago set out nov dez".split()  # noqa: SIM905 - words read better than a page of quoted ones
_ENGLISH_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - as above
_MEET_DAY_ALONE = re.compile(
    rf"(?m)^[^\w\n]*(?:(?P<month>{'|'.join(_ENGLISH_MONTHS)})[a-z]*\.? (?P<day>\d{{1,2}}), "
    rf"|(?P<dia>\d{{1,2}}) de (?P<mes>{'|'.join(_MONTHS)})[a-zç]*\.? de )(?P<year>\d{{4}})[^\w\n]*$"
)
"""What Gemini writes above its notes and the transcript."""
_MEET_NO_SPEECH = re.compile(
    rf"(?i){_MEET_END}|this editable transcript was computer|esta transcrição editável foi gerada|(?:attendees|participantes|&nbsp;)\s*\Z"
)
_MEET_HEADING = re.compile(r"(?i)\W*transcri(?:pt|ção)\W*")
_MEET_TITLE = re.compile(r"(?i).{1,200} \\?[-–] transcri(?:pt|ção)\W*")
_CLOCK = re.compile(r"\W*(\d{1,2}:\d\d:\d\d)(?:\W+\1)?\W*")
"""Markdown copies give a clock an anchor of the same digits."""
_EMPHASIS = re.compile(r"(?<!\\)(?:\*{1,3}|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w))")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s*")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
"""What Google puts before signs that Markdown may take for its own."""
_LABEL = re.compile(r"([^\s:][^:]{0,118}):(?=\s|\Z)")
_HARDLY_ANY = 20
"""Where no more than one line in so many has no label, every label is a speaker, as in captions."""

_STAMP = r"(?:\d{1,2}:)?\d{1,2}:\d\d"
_OTTER_HEADER = re.compile(rf"(\S[^\n]{{0,100}}?)(?:[ ]{{2,}}|\t+)({_STAMP})[ \t]*")
_OTTER_MARK = re.compile(r"(?im)^(?:summary keywords|speakers)\s*$|^transcribed by https?://otter\.ai")
"""Stands above the first speaker or at the end, where the export was not told to leave it out."""
_OTTER_END = re.compile(r"(?i)transcribed by https?://otter\.ai\S*\s*")
_FATHOM_MARK = re.compile(r"VIEW RECORDING - [^\n]*https?://", re.IGNORECASE)
_FATHOM_HEADER = re.compile(rf"({_STAMP}) - (\S[^\n]{{0,100}}?)[ \t]*")

_ZOOM_HEADER = re.compile(r"\[([^\[\]\n]{1,100})\][ \t]+(\d\d:\d\d:\d\d)[ \t]*")
_DAY_S = 86_400


def _seconds(stamp: str) -> float:
    total = 0
    for part in stamp.split(":"):
        total = total * 60 + int(part)
    return float(total)


# Google Meet


def _recognizes_meet(content: Content) -> bool:
    text = content.text
    return "ranscri" in text[:_HEAD_CHARACTERS] and bool(
        _MEET_MARK.search(text[:_HEAD_CHARACTERS]) or _MEET_MARK.search(text[-_HEAD_CHARACTERS:])
    )


def _read_meet(content: Content) -> list[Found]:
    metadata = {}
    if when := _meet_date(content.text[:_HEAD_CHARACTERS]):
        metadata["meet_date"] = when
    return [(None, as_mapping(_meet_turns(content.text), metadata))]


def _meet_turns(text: str) -> Iterator[Piece]:
    """Yield the paragraphs; one that follows a clock line, the only times there are, starts then.

    What stands before the first name is a title, a list of attendees and a disclaimer; a name without words is an empty
    turn.
    """
    clock_s: float | None = None
    spoken: list[str] = []
    starts: list[float | None] = []
    lines = _LINE_END.split(text)
    for raw in lines[_meet_start(lines) :]:
        line = _meet_plain(raw)
        if clock := _CLOCK.fullmatch(line):
            clock_s = _seconds(clock[1])
        elif (
            line
            and not raw.lstrip().startswith("#")
            and not _MEET_NO_SPEECH.match(line)
            and (spoken or _is_named(line))
        ):
            spoken.append(line)
            starts.append(clock_s)
            clock_s = None
    labels = [_LABEL.match(line) for line in spoken]
    if len(spoken) > 1 and labels.count(None) * _HARDLY_ANY <= len(spoken):
        yield from _labeled(spoken, labels, starts)
        return
    whole = "\n".join(spoken)
    ends = list(accumulate(len(line) + 1 for line in spoken))
    for turn in split_turns(whole):
        yield Piece(speaker_name(turn.speaker), turn.text, starts[bisect_right(ends, turn.offset)])


def _labeled(
    spoken: Sequence[str], labels: Sequence[re.Match[str] | None], starts: Sequence[float | None]
) -> Iterator[Piece]:
    """Yield lines by the labels before them; one without goes on with the line before it."""
    piece: Piece | None = None
    for line, label, start_s in zip(spoken, labels, starts, strict=True):
        if label is None and piece is not None:
            piece = piece._replace(text=f"{piece.text}\n{line}")
            continue
        if piece is not None and piece.text.strip():
            yield piece
        said = line[label.end() :].strip() if label else line
        piece = Piece(speaker_name(label[1]) if label else None, said, start_s)
    if piece is not None and piece.text.strip():
        yield piece


def _meet_start(lines: Sequence[str]) -> int:
    """Return where the transcript starts: behind the last line that says so.

    Gemini's notes, whose points look like turns, stand above.
    """
    start = 0
    for number, raw in enumerate(lines, 1):
        if "ranscri" not in raw:
            continue
        line = _meet_plain(raw)
        is_title = _MEET_TITLE.fullmatch(line) and (raw.lstrip().startswith("#") or not _is_named(line))
        if is_title or _MEET_HEADING.fullmatch(line):
            start = number
    return start


def _meet_plain(raw: str) -> str:
    line = _EMPHASIS.sub("", _HEADING.sub("", raw)).strip()
    return _ESCAPE.sub(r"\1", line) if "\\" in line else line


def _is_named(line: str) -> bool:
    turns = split_turns(line)
    return bool(turns) and turns[0].speaker is not None


def _meet_date(head: str) -> str | None:
    match = _MEET_DATE.search(
        _MEET_DAY.sub(lambda day: f"{day[3]}-{_MONTHS.index(day[2]) + 1:02}-{int(day[1]):02} ", head)
    )
    if match is None:
        return _meet_day(head)
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    try:
        zone = zone_of(match[8])
        if match[6]:
            zone = timezone(timedelta(hours=int(match[6]), minutes=int(match[7] or 0)))
        return datetime(year, month, day, hour, minute, tzinfo=zone).isoformat()
    except ValueError as error:
        raise _no_date() from error


def _meet_day(head: str) -> str | None:
    """Return the day that stands alone on a line, where no time of it is told."""
    match = _MEET_DAY_ALONE.search(head)
    if match is None:
        return None
    months, month = (_ENGLISH_MONTHS, match["month"]) if match["month"] else (_MONTHS, match["mes"])
    try:
        return date(int(match["year"]), months.index(month) + 1, int(match["day"] or match["dia"])).isoformat()
    except ValueError as error:
        raise _no_date() from error


def _no_date() -> InputError:
    return InputError("the date in its title is none of the calendar", field="meet_date")


# Otter


def _recognizes_otter(content: Content) -> bool:
    if ":" not in content.text[:_HEAD_CHARACTERS]:
        return False
    lines = [line for line in _LINE_END.split(content.text[:_HEAD_CHARACTERS]) if line.strip()]
    headers = [number for number, line in enumerate(lines) if _OTTER_HEADER.fullmatch(line)]
    is_spaced = all(
        later - earlier > 1 for earlier, later in pairwise(headers)
    )  # speech stands between, unlike in a table
    is_marked = bool(
        _OTTER_MARK.search(content.text[:_HEAD_CHARACTERS]) or _OTTER_MARK.search(content.text[-_HEAD_CHARACTERS:])
    )
    return bool(headers) and is_spaced and (is_marked or (headers[0] <= 3 and len(headers) > 1))


def _read_otter(content: Content) -> list[Found]:
    return meeting(in_recorded_order(_under_headers(content.text, _OTTER_HEADER, 1, 2)), is_ordered=True)


# Fathom


def _recognizes_fathom(content: Content) -> bool:
    head = content.text[:_HEAD_CHARACTERS]
    return bool(_FATHOM_MARK.search(head)) and any(_FATHOM_HEADER.fullmatch(line) for line in _LINE_END.split(head))


def _read_fathom(content: Content) -> list[Found]:
    return meeting(in_recorded_order(_under_headers(content.text, _FATHOM_HEADER, 2, 1)), is_ordered=True)


# Zoom's saved captions


def _recognizes_zoom(content: Content) -> bool:
    return bool(_ZOOM_HEADER.fullmatch(content.text[:_HEAD_CHARACTERS].lstrip().partition("\n")[0].rstrip()))


def _read_zoom(content: Content) -> list[Found]:
    """Read captions that were saved while they ran.

    Their clock is the wall's, so the first one is taken for the start.
    """
    pieces = list(_under_headers(content.text, _ZOOM_HEADER, 1, 2))
    first_s = next((piece.start_s or 0.0 for piece in pieces), 0.0)
    return meeting(piece._replace(start_s=((piece.start_s or 0.0) - first_s) % _DAY_S) for piece in pieces)


def _under_headers(text: str, header: re.Pattern[str], name: int, stamp: int) -> Iterator[Piece]:
    """Yield the lines under each header line; what stands above the first one is the title."""
    speaker: str | None = None
    start_s: float | None = None
    for line in _LINE_END.split(text):
        if match := header.fullmatch(line):
            speaker, start_s = speaker_name(match[name]), _seconds(match[stamp])
        elif start_s is not None and not _OTTER_END.fullmatch(line.strip()):
            yield Piece(speaker, line, start_s)


FORMATS = (
    Format(
        "Google Meet",
        "Google Meet",
        _recognizes_meet,
        _read_meet,
        speakers="names",
        times="start",
        ids=("meet_date",),
        is_json=False,
    ),
    Format(
        "Fathom",
        "Fathom",
        _recognizes_fathom,
        _read_fathom,
        speakers="names",
        times="start",
        is_json=False,
        is_from_documentation=True,
    ),
    Format(
        "Zoom captions",
        "Zoom, saved captions",
        _recognizes_zoom,
        _read_zoom,
        speakers="names",
        times="start",
        is_json=False,
        is_from_documentation=True,
    ),
    Format("Otter", "Otter", _recognizes_otter, _read_otter, speakers="names", times="start", is_json=False),
)
