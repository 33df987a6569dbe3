"""What stands around speech and is none: front matter, heads of fields, dates, sections, pauses, marks of tools.

Gives the title, date and participants that a head names; a date only where it can be read in one way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import NamedTuple


class Head(NamedTuple):
    """What the head of a text names. `meet_date` is ISO 8601, as far as it is told."""

    title: str | None = None
    meet_date: str | None = None
    participants: tuple[str, ...] = ()

    def behind(self, other: Head) -> Head:
        """Return `other`, with what it does not name from here."""
        return Head(
            other.title or self.title, other.meet_date or self.meet_date, other.participants or self.participants
        )


_MOST_FRONT_LINES = 400
_Fields = dict[str, str | list[str]]
_FIELD = re.compile(r"(?P<key>[A-Za-z_][\w .-]{0,60}?)[ \t]*[:=](?:[ \t]+(?P<value>.*?)|[ \t]*)[ \t]*\Z")
_PAIR = re.compile(r"(?P<key>[^\W\d_][^\n:]{0,60}?)[ \t]*:(?:\s+(?P<value>.*)|)\Z", re.DOTALL)
_TITLES = frozenset({"title", "título", "titulo", "meeting title", "meeting", "reunião", "reunión", "titre", "titel"})
_DATES = frozenset(
    {
        "date",
        "data",
        "fecha",
        "datum",
        "sessão de",
        "meeting date",
        "meet_date",
        "meeting_date",
        "recorded",
        "recorded on",
    }
)
_PEOPLE = frozenset(
    {"participants", "attendees", "speakers", "participantes", "asistentes", "presentes", "present", "teilnehmer"}
)
FIELDS = (
    _TITLES
    | _DATES
    | _PEOPLE
    | frozenset(
        """absent agenda assunto ausentes asunto betreff break category chapter company convidados dauer description
        duration duração duración durée hora id intervalo keywords language length lieu link local location lugar
        notetaker notetakers ort pausa pauta place project recording regrets scribes section source subject sujet tags
        tema thema theme time topic topics transcriber type uhrzeit url venue version""".split()  # noqa: SIM905 - words read better than a page of quoted ones
    )
    | {
        "meeting id",
        "sessão de",
        "recording id",
        "transcribed by",
        "transcript by",
        "in-person attendees",
        "remote attendees",
    }
    | {"video", "audio", "media", "website", "slides", "tags", "episode", "date posted", "posted"}
)
"""Keys of a head: nobody is called so."""
ROLES = frozenset(
    """anfitrião apresentador apresentadora chair chairs facilitator guest guests host hosts moderator organizer
    presenter presenters scribe secretary speaker""".split()  # noqa: SIM905 - as above
)
"""May speak or stand in a head; there a name follows, not a sentence."""
_SECTION_FIELDS = frozenset(["break", "chapter", "intervalo", "location", "pausa", "section", "topic", "topics"]) | {
    "presenter",
    "presenters",
}
NO_SPEAKERS = frozenset("critical debug error fatal info notice trace warn warning".split())  # noqa: SIM905 - as above
"""Labels of the lines of a log."""
NO_PEOPLE = frozenset(
    """actual added args arguments attributes author authors auto-generated bug cause changed class copyright default
    defaults deprecated description effect error example examples expected features file files fix fixed from
    function homepage hint impact in info input issue issues key keyword kwargs license links maintainer message
    method methods module name notes optional options output package param parameter parameters path problem raises
    reason references removed required requirements result results return returns see solution source status step
    summary syntax test tip to todo type types usage value values version warning warns why yields""".split()  # noqa: SIM905 - as above
)
"""Labels of manuals, changelogs and forms, which recur and alternate as people do."""
ESCAPE = re.compile(r"\\([\[\]\-&.!_*#()+<>{}|~`'\"@$:=])")
"""What Markdown puts before a sign that it may take for its own."""
_BREAK = re.compile(
    r"(?i)\W*(?:(?:lunch|coffee|commercial|ad)[ ])?(?:break|intervalo|pausa)\W*(?:\W*\d{1,2}:\d\d(?::\d\d)?\W*)?"
)
_RULE = re.compile(r"[-*_=~]{3,}|\W*&nbsp;\W*")
_TOOL = re.compile(
    r"(?i).{1,120} (?:started|stopped) (?:the )?transcription\W*"
    r"|.{1,120} (?:iniciou|interrompeu|parou|encerrou) a transcrição\W*"
    r"|detecting language using up to .{1,120}|detected language: \w{1,30}"
    r"|-{3} log (?:opened|closed) .{1,60}"
    r"|transcribed by https?://\S+\s*|(?:transcription|meeting) ended after [\d:]+\W*"
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - as above
_OTHER_MONTHS = {"fev": 2, "abr": 4, "mai": 5, "ago": 8, "set": 9, "out": 10, "dez": 12, "ene": 1, "dic": 12, "okt": 10}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ,]+(\d{1,2}):(\d\d)(?::\d\d)?(Z|[+-]\d\d:?\d\d)?)?")
_WRITTEN = re.compile(
    r"(?i)(?P<day>\d{1,2})(?:st|nd|rd|th|º)?\.? (?:de )?(?P<month>[a-zç]{3,10})\.?,? (?:de )?(?P<year>\d{4})"
    r"|(?P<month2>[a-z]{3,10})\.? (?P<day2>\d{1,2})(?:st|nd|rd|th)?,? (?P<year2>\d{4})"
)
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_TIME_OF_DAY = re.compile(r"(?i)[ ,]*(?:at|às|as|•|-)?[ ]?(\d{1,2}):(\d\d)(?::\d\d)?[ ]?(am|pm)?\b")
_DURATION = re.compile(
    r"(?i)(?:\d{1,3}[ ]?(?:h|m|s|hours?|mins?|minutes?|secs?|seconds?)[ ]?){1,3}|\d{1,2}:\d\d(?::\d\d)?"
)
_KIND = re.compile(
    r"(?i)\W*(?:(?:audio|video)(?: file)?|áudio|arquivo de áudio|(?:full |meeting )?transcript(?:ion)?"
    r"|transcrição|transcripción|transkript|notas taquigráficas)\W*"
    r"|.{1,120}\.(?:wav|mp3|mp4|m4a|aac|ogg|opus|flac|webm|mov|avi|mkv)"
)
"""What programs write above a transcript: what it is, and the file it comes from."""
_LONGEST_TITLE = 15
_MOST_WORDS = 12


def front_matter(lines: Sequence[str]) -> tuple[Head, int]:
    """Return what the block between two `---` (or `+++`) at the start says, and the number of its lines.

    0 where there is none.
    """
    first = next((number for number, line in enumerate(lines) if line.strip("\ufeff \t")), None)
    if first is None or (fence := lines[first].strip("\ufeff \t")) not in ("---", "+++"):
        return Head(), 0
    ends = (fence, "...") if fence == "---" else (fence,)
    for number in range(first + 1, min(len(lines), first + _MOST_FRONT_LINES)):
        if lines[number].rstrip() in ends:
            fields = _front_fields(lines[first + 1 : number])
            return (head_of(fields), number + 1) if fields else (Head(), 0)
    return Head(), 0


def _front_fields(lines: Sequence[str]) -> _Fields:
    """Return the fields at the top of a block, lists as lists; empty where a line is no part of such a block."""
    fields: _Fields = {}
    key = ""
    for line in lines:
        if not line.strip() or line.startswith(("#", "  ", "\t")):
            known = fields[key] if key else None
            if isinstance(known, str) and line.strip():
                fields[key] = f"{known} {line.strip()}".strip()
            continue
        item = line.strip()
        if item.startswith("- ") and key:
            known = fields[key]
            fields[key] = [*(known if isinstance(known, list) else []), _unquoted(item[2:])]
        elif match := _FIELD.match(line):
            key = match["key"].lower()
            value = match["value"] or ""
            is_list = value.startswith("[") and value.endswith("]")
            fields[key] = [_unquoted(one) for one in value[1:-1].split(",")] if is_list else _unquoted(value)
        elif not key:
            return {}
    return fields


def _unquoted(value: str) -> str:
    return value.strip().strip("'\"").strip()


def head_of(fields: _Fields) -> Head:
    """Return what the fields of a head say, their keys in small letters."""
    title: str | None = None
    meet_date: str | None = None
    people: tuple[str, ...] = ()
    for key, value in fields.items():
        if isinstance(value, str) and key in _TITLES:
            title = title or value or None
        elif isinstance(value, str) and key in _DATES:
            meet_date = meet_date or date_of(value)
        elif key in _PEOPLE and not people:
            names = value if isinstance(value, list) else re.split(r"[,;]", value)
            people = tuple(name for one in names if (name := " ".join(one.split())))
    return Head(title, meet_date, people)


def date_of(text: str) -> str | None:
    """Return the date in a short text as ISO 8601, with its time where one stands beside it.

    None where there is none or it may be read in two ways.
    """
    if match := _ISO.search(text):
        year, month, day = (int(part) for part in match.groups()[:3])
        hour, minute, zone = match[4], match[5], match[6]
        rest = "" if hour else text[match.end() :]
    elif match := _WRITTEN.search(text):
        name = (match["month"] or match["month2"]).lower()[:3]
        year, day = int(match["year"] or match["year2"]), int(match["day"] or match["day2"])
        month = _MONTHS.index(name) + 1 if name in _MONTHS else _OTHER_MONTHS.get(name, 0)
        hour = minute = zone = None
        rest = text[match.end() :]
    elif (match := _SLASHED.search(text)) and int(match[1]) > 12:
        day, month, year = (int(part) for part in match.groups())
        hour = minute = zone = None
        rest = text[match.end() :]
    else:
        return None
    try:
        found = date(year, month, day)
        at = time(int(hour), int(minute)) if hour else _time_of_day(rest)
    except ValueError:
        return None
    return found.isoformat() if at is None else f"{datetime.combine(found, at).isoformat()}{_zone(zone)}"


def _zone(written: str | None) -> str:
    return "" if not written else written if written == "Z" or ":" in written else f"{written[:3]}:{written[3:]}"


def _time_of_day(rest: str) -> time | None:
    match = _TIME_OF_DAY.match(rest)
    if match is None:
        return None
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "pm" else 0) if match[3] else int(match[1])
    return time(hour, int(match[2]))


def field_of(line: str) -> tuple[str, str] | None:
    """Return key, in small letters, and value of a line that is one."""
    match = _PAIR.match(line.strip().strip("*_"))
    if match is None:
        return None
    return match["key"].strip("*_ ").lower(), (match["value"] or "").strip("*_ ")


def is_field(name: str, text: str) -> bool:
    """Say whether a label with what follows it belongs to a head: nobody is called so, or it names who has a role."""
    name = name.strip("*_ ").lower()
    return name in FIELDS or (name in ROLES and is_no_sentence(text))


def is_of_a_log(name: str) -> bool:
    """Say whether what stands before a colon is how bad a line of a log is, alone or behind digits of its time."""
    words = [word.strip(",[]()").lower() for word in name.split()]
    return name.lower() in NO_SPEAKERS or (name[:1].isdigit() and not NO_SPEAKERS.isdisjoint(words))


def is_section_field(name: str, text: str) -> bool:
    """Say whether a label with what follows it opens a section in the midst of a transcript."""
    name = name.strip("*_ ").lower()
    return name in _SECTION_FIELDS and is_no_sentence(text)


def is_no_sentence(text: str) -> bool:
    """Say whether a text is too short for a sentence and does not end as one."""
    return len(text.split()) <= _MOST_WORDS and not text.rstrip().endswith((".", "?", "!", "…"))


def is_no_speech(line: str) -> bool:
    """Say whether a line inside a transcript is none of what was said: a heading, a rule, a pause, a tool's remark."""
    line = line.strip()
    if not line:
        return True
    first = line[0]
    if first == "#" and re.match(r"#{1,6}\s", line):
        return True
    if (first in "-*_=~&" and _RULE.fullmatch(line)) or (len(line) <= 60 and _BREAK.fullmatch(line)):
        return True
    return len(line) <= 160 and _TOOL.fullmatch(line) is not None


def _is_heading(text: str) -> bool:
    """Say whether a line reads as one of a title page: it opens with a capital or a digit, is short and ends openly."""
    return (text[0].isupper() or text[0].isdigit()) and is_no_sentence(text) and not text.endswith((",", ";", "-"))


def read_head(lines: Sequence[str]) -> tuple[Head, list[str]]:
    """Return what the lines above the first speaker say, and those of them that are no part of a head."""
    fields: _Fields = {}
    left: list[str] = []
    title: str | None = None
    people: str | None = None
    for line in lines:
        text = line.strip()
        if is_no_speech(text):
            if text.startswith("#"):
                title = title or text.strip("#* ")
            people = None if not text else people
            continue
        pair = field_of(text)
        if pair and is_field(*pair):
            fields.setdefault(*pair)
            people = pair[0] if pair[0] in _PEOPLE and not pair[1] else None
        elif people is not None:
            known = fields.get(people)
            fields[people] = [*(known if isinstance(known, list) else []), *text.strip("-*• ").split(",")]
        elif text.lower().strip("*_: ") in _PEOPLE:
            people = text.lower().strip("*_: ")
        elif len(text) <= 60 and (day := date_of(text)):
            fields.setdefault("date", day)
        elif not (_DURATION.fullmatch(text) or _KIND.fullmatch(text) or re.fullmatch(r"https?://\S+|\W+|`{3}.*", text)):
            if title is None and len(text.split()) <= _LONGEST_TITLE and not text.endswith((".", "!", "?", "…", ",")):
                title = text.strip("*_ ")
            elif _is_heading(text):
                continue
            else:
                left.append(line)
    head = head_of(fields)
    return Head(title, date_of(title) if title else None).behind(head), left
