"""From a plain mapping to a `Meeting`: the one definition of "the same meeting".

Pure; quotes metadata in errors, never text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from meetcli.errors import InputError
from meetcli.meetings.stamps import starts_of
from meetcli.models import Meeting, Turn

MOST_STRETCHES = 8
_STRETCH_CHARACTERS = 400
"""A stretch shorter than this says nothing about sentiment, so short meetings have fewer."""

_MAX_SECONDS = 1e8  # three years: beyond it is a date or a mistake

_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?"
_LABEL = re.compile(
    rf"\n[ \t]*(?:[\[(]?(?P<start>{_TIME})(?:[ \t]*-+>?[ \t]*{_TIME})?[\])]?[ \t]*(?:-[ \t]*)?)?"
    rf"(?:(?P<label>[^\W_][^\n:]{{0,119}}+)|(?P<stamped>[^\W_][^\n:\[(]{{0,79}}+)[\[(](?P<stamp>{_TIME})[\])][ \t]*):(?=\s|\Z)"
)
"""What may be a speaker's label at the start of a line. Possessive, so that a line without one costs one scan of its
start.
"""

_ASIDE = re.compile(r"[(\[<].*[)\]>]")
_SENTENCE = re.compile(r"[?!;…\"“”«»{}|/\\=@]|,.*,|\bhttps?\b")
_PARTICLES = frozenset(
    """a al an and as at bin da das de del della den der di do dos du e el em en la las le los na no of the van von y zu &
    """.split()  # noqa: SIM905 - words read better than a page of quoted ones
)
_ROLE_WORDS = 4
_TITLES = frozenset("dr dra sr sra srta prof profa mr mrs ms hon eng jr sen rep gov gen st exmo exma".split())  # noqa: SIM905 - as above
_NO_NAMES = frozenset(
    """agenda assunto attendees bom but data date duration duração e então entendi example exemplo hello hi important
    importante mas no nota note não obs oi ok okay olá participantes participants pauta ps re resumo sim so subject
    summary thanks title título well yes""".split()  # noqa: SIM905 - as above
)
"""Words that open a sentence or a heading with a colon far more often than they are anybody's name."""


def canonical_text(transcript: str) -> str:
    """Return the text that decides whether two transcripts are the same: NFC, lines ending in a line feed."""
    if "\r" in transcript:
        transcript = transcript.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", transcript)


def normalize(mapping: Mapping[str, object]) -> Meeting:
    """Return the meeting that a mapping describes.

    Takes the explicit shape (`transcript`, `metadata`), the upstream raw one (`meet_transcription`, `meet_id`, fields
    at the top), and `turns` with `metadata` from the readers of other formats. Null and blank fields are absent,
    unknown ones ignored. Raises `InputError` naming the field.
    """
    metadata, prefix = mapping.get("metadata"), "metadata."
    if metadata is None:
        metadata, prefix = mapping, ""
    if not isinstance(metadata, Mapping):
        raise _wrong("metadata", metadata, "an object")
    fields = _Fields(metadata, prefix)
    if mapping.get("turns") is not None:
        transcript, turns = _render(_given_turns(mapping["turns"]))
    else:
        transcript = _transcript(mapping)
        turns = split_turns(transcript)
    if not turns:
        raise InputError("the transcript is empty: nobody says a word", field="transcript")
    meet_date = fields.text("meet_date")
    return Meeting(
        transcript=transcript,
        turns=turns,
        stretches=cut_stretches(turns),
        meeting_id=fields.text("meeting_id") or fields.text("meet_id"),
        customer_id=fields.text("customer_id"),
        customer_name=fields.text("customer_name"),
        banker_id=fields.text("banker_id"),
        banker_name=fields.text("banker_name"),
        meet_type=fields.text("meet_type"),
        meet_date=meet_date,
        meet_at=fields.moment("meet_date", meet_date),
    )


class _Fields(NamedTuple):
    """The metadata of one meeting and what stands before its names in errors."""

    given: Mapping[str, object]
    prefix: str

    def text(self, name: str) -> str | None:
        """Return a trimmed text; None where it is absent, null or blank."""
        value = self.given.get(name)
        if value is None:
            return None
        field = f"{self.prefix}{name}"
        if not isinstance(value, str):
            raise _wrong(field, value, "text")
        _require_clean(field, value)
        return value.strip() or None

    def moment(self, name: str, value: str | None) -> datetime | None:
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            field = f"{self.prefix}{name}"
            raise InputError(
                f"{field} is {_quoted(value)}, which is no ISO 8601 date",
                field=field,
                hint="write it as 2025-10-15T10:00:00Z",
            ) from None


def _transcript(mapping: Mapping[str, object]) -> str:
    field = (
        "transcript"
        if mapping.get("transcript") is not None or "meet_transcription" not in mapping
        else "meet_transcription"
    )
    value = mapping.get(field)
    if value is None:
        raise InputError(f"{field} is missing", field=field)
    if not isinstance(value, str):
        raise _wrong(field, value, "text")
    _require_clean(field, value)
    if not value or value.isspace():
        raise InputError(f"{field} is empty", field=field)
    return value


def _require_clean(field: str, value: str) -> None:
    """Refuse what no encoding and no later reader takes: lone surrogates and NUL."""
    if "\0" in value:
        raise InputError(f"{field} has a NUL character at {value.index(chr(0)) + 1}", field=field)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{field} has half a character (a lone surrogate) at {error.start + 1}", field=field) from None


def _wrong(field: str, value: object, wanted: str) -> InputError:
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    hint = (
        "put it in quotes: an id such as 007 is not the number 7"
        if isinstance(value, int) and wanted == "text"
        else None
    )
    return InputError(f"{field} is {kinds.get(type(value), 'of a wrong type')}, not {wanted}", field=field, hint=hint)


def _quoted(value: str) -> str:
    return (
        repr(value) if len(value) <= 60 else f"{value[:60]!r}..."
    )  # a date field may hold anything, also a whole transcript


# Turns


class _Label(NamedTuple):
    """A possible speaker's label: where its line ends before it, where its text starts, and its time."""

    start: int
    end: int
    text: str
    time: str | None


def split_turns(transcript: str) -> tuple[Turn, ...]:
    """Return the turns of `Speaker: text` lines; a line without a speaker goes on with the turn before it.

    A turn's text is a slice of the transcript as it stands, line ends inside included. What stands before the first
    speaker is a turn of nobody. Times before or after a name are not part of it; they become `start_s` where they can
    only be times of a recording, as `starts_of` says.
    """
    lines = (
        transcript if "\r" not in transcript else transcript.replace("\r\n", " \n").replace("\r", "\n")
    )  # each as long as before
    labels = list(_labels(lines))
    names = _names(labels, lines)
    labels = [label for label in labels if names[label.text]]
    starts = starts_of([label.time for label in labels])
    ends = [*(label.start for label in labels), len(transcript)]
    turns = [_turn(transcript, None, 0, ends[0], None)]
    for label, end, start_s in zip(labels, ends[1:], starts, strict=True):
        turns.append(_turn(transcript, names[label.text], label.end, end, start_s))
    return tuple(turn for turn in turns if turn)


def _labels(lines: str) -> Iterator[_Label]:
    # The first line has no line end before it. The whole is not copied to put one there: an emoji makes a copy four
    # times as large.
    first = lines[: lines.find("\n") + 1] or lines
    for stretch, shift in ((f"\n{first}", -1), (lines, 0)):
        for match in _LABEL.finditer(stretch):
            yield _Label(
                match.start() + shift,
                match.end() + shift,
                match["label"] or match["stamped"],
                match["start"] or match["stamp"],
            )


def _turn(transcript: str, speaker: str | None, start: int, end: int, start_s: float | None) -> Turn | None:
    body = transcript[start:end].rstrip() if end > start else ""
    text = body.lstrip()
    return Turn(speaker, text, start + len(body) - len(text), start_s) if text else None


def _names(labels: Sequence[_Label], lines: str) -> dict[str, str | None]:
    counts = Counter(label.text for label in labels)
    return speaker_names(counts, lambda: len(labels) == sum(1 for line in lines.split("\n") if line.strip()))


def speaker_names(counts: Mapping[str, int], is_every_line: Callable[[], bool]) -> dict[str, str | None]:
    """Return the speaker's name for every label, by how often each stands before words; None for what is no name.

    A label in small letters (`agent`, `gerente de contas`) is a name where it comes back, or where every line has such
    a label, which is asked only where it matters.
    """
    names: dict[str, str | None] = {}
    roles: list[str] = []
    for text in counts:
        words = words_of_name(text)
        is_role = any(word.islower() and word not in _PARTICLES for word in words)
        names[text] = text.strip() if words and not is_role else None
        if is_role and len(words) <= _ROLE_WORDS:
            roles.append(text)
    if roles:
        is_everywhere = not any(names.values()) and is_every_line()
        names.update((text, text.strip()) for text in roles if is_everywhere or counts[text] > 1)
    return names


def words_of_name(name: str) -> list[str]:
    """Return the words of a possible name without asides such as `(Banco X)`.

    None of them where it reads as a sentence or heading.
    """
    core = _ASIDE.sub("", name).strip()
    words = core.split()
    if not words or len(words) > 7 or len(core) > 60 or _SENTENCE.search(core) or not any(map(str.isalpha, core)):
        return []
    if words[0].rstrip(",.").lower() in _NO_NAMES:
        return []
    ends_sentence = (
        len(word) > 3 and word.endswith(".") and "." not in word[:-1] and word[:-1].lower() not in _TITLES
        for word in words
    )
    return [] if any(ends_sentence) else words


def _given_turns(value: object) -> list[tuple[str | None, str, float | None, float | None]]:
    if not isinstance(value, list):
        raise _wrong("turns", value, "a list")
    turns = []
    for number, turn in enumerate(value, 1):
        field = f"turns[{number}]"
        if not isinstance(turn, Mapping):
            raise _wrong(field, turn, "an object")
        fields = _Fields(turn, f"{field}.")
        # A line end inside a turn would read as the start of another.
        text = " ".join((fields.text("text") or "").split())
        if text:
            turns.append((fields.text("speaker"), text, _time(turn, field, "start_s"), _time(turn, field, "end_s")))
    return turns


def _time(turn: Mapping[str, object], field: str, name: str) -> float | None:
    value = turn.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"{field}.{name}", value, "a number")
    if not 0 <= value < _MAX_SECONDS:  # also false for NaN
        raise InputError(f"{field}.{name} is no time in a recording", field=f"{field}.{name}")
    return float(value)


def _render(given: Sequence[tuple[str | None, str, float | None, float | None]]) -> tuple[str, tuple[Turn, ...]]:
    """Return the transcript that turns make, one `Speaker: text` line each, and the turns with their offsets in it."""
    lines: list[str] = []
    turns: list[Turn] = []
    offset = 0
    for speaker, text, start_s, end_s in given:
        label = f"{speaker}: " if speaker else ""
        turns.append(Turn(speaker, text, offset + len(label), start_s, end_s))
        lines.append(f"{label}{text}")
        offset += len(lines[-1]) + 1
    return "\n".join(lines), tuple(turns)


def cut_stretches(turns: Sequence[Turn]) -> tuple[tuple[int, int], ...]:
    """Cut the turns where their middles pass the borders of equal parts; a part that one long turn spans vanishes."""
    total = sum(len(turn.text) for turn in turns)
    parts = max(1, min(MOST_STRETCHES, total // _STRETCH_CHARACTERS))
    stretches: list[tuple[int, int]] = []
    last_part, before = -1, 0
    for number, turn in enumerate(turns, 1):
        part = (2 * before + len(turn.text)) * parts // (2 * total)
        before += len(turn.text)
        if part == last_part:
            stretches[-1] = (stretches[-1][0], number)
        else:
            stretches.append((number, number))
            last_part = part
    return tuple(stretches)
