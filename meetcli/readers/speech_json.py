"""Reader of JSON that people's tools export, as one table of marks and one general reader of lists of speech.

A named format is a mark, nothing else: what it has is found as in JSON of no name. Shapes follow documentation, public
code and reports (2026-11); `meetcli formats` marks with a star what no genuine file has confirmed. They are ElevenLabs
(speech-to-text/convert), transformers (pipeline with return_timestamps) and insanely-fast-whisper, Recall.ai (download
URLs of transcripts, and the older list), Fathom (external API, meetings and recordings/transcript), Microsoft Stream
(transcript.json of Teams recordings), Google Meet (conferenceRecords.transcripts.entries), Gladia (v2 pre-recorded),
Soniox (async transcript), Granola (API and local cache), Read.ai (webhook), Attendee (bots/transcript), YouTube
(json3), Otter (speech API, whose offsets count samples of 16 kHz).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from meetcli.readers.content import Content
from meetcli.readers.field_names import PERSONS, SPOKEN, folded
from meetcli.readers.fields import Object, first_of, is_object
from meetcli.readers.format import Format, Found
from meetcli.readers.inner_text import read_inside
from meetcli.readers.speech_lists import Shape, Speech, several_in, speech_in, whole_words
from meetcli.readers.spoken_times import Spoken, time_of, timed, unit_of
from meetcli.readers.turns import as_mapping, join, utterances

_CHANNELS = frozenset({"channels", "tracks", "participants", "speakers", "transcripts"})
"""A list of these has several voices of one meeting, where its objects have no meeting of their own."""

_WORDS = 2.5
"""Objects of fewer words on average are words."""
_FEW_TURNS = 3
_MACHINES = frozenset("ai assistant bot chatgpt gpt human model system tool user".split())  # noqa: SIM905 - words read better than a page of quoted ones
_SPAN_SHARE = 0.8
_ORDERED_SHARE = 0.5
"""Two recordings in one list begin anew, and channels follow one another."""
_SAMPLED = 500
_OTTER_RATE = 16_000.0
_STARTS = (
    "recording_start_time",
    "started_at",
    "start_time",
    "startTime",
    "startDateTime",
    "start_date_time",
    "meeting_start_time",
    "meetingStartTime",
)
"""When the recording began, for turns that have dates and times."""


class _Service(NamedTuple):
    """A format with a name: its mark, where ids stand, and how many of its units are a second where it says."""

    name: str
    source: str
    is_marked: Callable[[Any], bool]
    speakers: str = "labels"
    times: str = "start and end"
    meeting_id: tuple[str, ...] = ()
    meet_date: tuple[str, ...] = ()
    unit: float | None = None


def _is_scribe(document: object) -> bool:
    word = first_of(document, "words") or first_of(first_of(document, "transcripts"), "words")
    return is_object(word, "text", "type", "start") and word["type"] in ("word", "spacing", "audio_event")


def _is_chunked(document: object) -> bool:
    chunk = first_of(document, "chunks")
    return is_object(chunk, "text", "timestamp") and isinstance(chunk["timestamp"], list)


def _is_recall(document: object) -> bool:
    first = document[0] if isinstance(document, list) and document else None
    return is_object(first_of(first, "words"), "text", "start_timestamp")


def _is_fathom(document: object) -> bool:
    line = first_of(document, "transcript") or first_of(first_of(document, "items"), "transcript")
    return is_object(line, "speaker", "text") and is_object(line["speaker"], "display_name")


def _is_stream(document: object) -> bool:
    return is_object(first_of(document, "entries"), "text", "speakerDisplayName", "startOffset")


def _is_meet(document: object) -> bool:
    entry = first_of(document, "transcriptEntries") or (document[0] if isinstance(document, list) and document else 0)
    return is_object(entry, "participant", "text", "startTime") and isinstance(entry["participant"], str)


def _is_gladia(document: object) -> bool:
    result = document.get("result", document) if isinstance(document, dict) else None
    return is_object(result, "transcription") and is_object(first_of(result["transcription"], "utterances"), "text")


def _is_soniox(document: object) -> bool:
    return is_object(first_of(document, "tokens"), "text", "start_ms")


def _is_granola(document: object) -> bool:
    line = first_of(document, "transcript") or (document[0] if isinstance(document, list) and document else None)
    if not is_object(line, "text"):
        return False
    return is_object(line.get("speaker"), "source") or is_object(line, "source", "start_timestamp")


def _is_read_ai(document: object) -> bool:
    inner = document.get("transcript", document) if isinstance(document, dict) else None
    return is_object(first_of(inner, "speaker_blocks"), "words", "speaker")


def _is_attendee(document: object) -> bool:
    first = document[0] if isinstance(document, list) and document else None
    return is_object(first, "speaker_name", "transcription", "timestamp_ms")


def _is_json3(document: object) -> bool:
    return is_object(document, "events") and (
        document.get("wireMagic") == "pb3" or is_object(first_of(first_of(document, "events"), "segs"), "utf8")
    )


def _is_otter(document: object) -> bool:
    speech = document.get("speech", document) if isinstance(document, dict) else None
    return is_object(first_of(speech, "transcripts"), "transcript", "start_offset")


_SERVICES = (
    _Service("ElevenLabs JSON", "ElevenLabs Scribe", _is_scribe),
    _Service("transformers JSON", "Hugging Face", _is_chunked),
    _Service("Recall.ai JSON", "Recall.ai", _is_recall, "names"),
    _Service(
        "Fathom API",
        "Fathom",
        _is_fathom,
        "names",
        "start",
        ("recording_id",),
        ("recording_start_time", "scheduled_start_time", "created_at"),
    ),
    _Service("Teams Stream JSON", "Microsoft Stream, of Teams", _is_stream, "names"),
    _Service("Google Meet API", "Google Meet", _is_meet, "names"),
    _Service("Gladia JSON", "Gladia", _is_gladia),
    _Service("Soniox JSON", "Soniox", _is_soniox),
    _Service("Granola", "Granola", _is_granola, meeting_id=("id",), meet_date=("created_at",)),
    _Service("Read.ai", "Read.ai", _is_read_ai, "names", meeting_id=("session_id",), meet_date=("start_time",)),
    _Service("Attendee", "Attendee", _is_attendee, "names"),
    _Service("YouTube json3", "YouTube, yt-dlp", _is_json3, "none"),
    _Service("Otter API", "Otter", _is_otter, "names", unit=_OTTER_RATE),
)


# From a list of speech to a meeting


def meeting_of(document: object, speech: Speech, *, unit: float | None = None) -> dict[str, Any]:
    """Return the meeting of a list of speech, with what was taken for what."""
    said = speech.whole()
    pieces, written = timed(whole_words(said), unit=unit, origin=_origin(document))
    is_wordwise = sum(len(one.text.split()) for one in said) < _WORDS * len(said)
    mapping = as_mapping(join(pieces)) if is_wordwise else dict(utterances(pieces)[0][1])  # type: ignore[arg-type]  # never an error
    shape = speech.shape
    place = ".".join(shape.path)
    taken = {
        "list": f"{place}[]" if place else "the list",
        "text": f"{shape.inner}[]" if shape.inner else next(iter(shape.texts), ""),
        "speaker": ", ".join(shape.speakers[:2]),
        "start": next(iter(shape.starts), ""),
        "end": next(iter(shape.ends or shape.durations), ""),
        "times": written,
    }
    return {**mapping, "taken": {name: value for name, value in taken.items() if value}}


def _origin(document: object) -> float | None:
    for key in _STARTS if isinstance(document, dict) else ():
        found = time_of(document.get(key))  # type: ignore[attr-defined]  # it is a dict
        if found is not None and found.kind == "moment":
            return found.value
    return None


def meetings_of(document: object, service: _Service | None = None) -> Iterator[Found]:
    """Yield the meetings of a document: its list of speech, or those of each of its objects."""
    unit = service.unit if service else None
    speech = speech_in(document)
    if speech is not None:
        yield None, _with_ids(document, meeting_of(document, speech, unit=unit), service)
        return
    several = several_in(document)
    if several is None:
        yield None, {"turns": [], "metadata": {}}  # of a silent recording
        return
    key, objects = several
    voices = [(one, speech) for one in objects if (speech := speech_in(one)) is not None]
    if key in _CHANNELS:
        yield None, _with_ids(document, _of_voices(document, voices, unit), service)
        return
    for place, (one, speech) in enumerate(voices, 1):
        yield place, _with_ids(one, meeting_of(one, speech, unit=unit), service)


def _of_voices(document: object, voices: list[tuple[Object, Speech]], unit: float | None) -> dict[str, Any]:
    """Return one meeting of the channels of a recording, or of the people in it, in the order of time."""
    turns: list[dict[str, Any]] = []
    taken: dict[str, Any] = {}
    speakers = [set(speech.speakers) for _, speech in voices]
    is_told = all(speakers) and len(set().union(*speakers)) == sum(map(len, speakers))
    for number, (one, speech) in enumerate(voices):
        name = next((one[key] for key in ("name", "speaker", "speaker_name") if isinstance(one.get(key), str)), None)
        voice = name or f"Channel {number}"
        mapping = meeting_of(document, speech, unit=unit)
        taken = mapping["taken"]
        for turn in mapping["turns"]:
            within = f"{voice}, {turn['speaker']}" if turn["speaker"] else voice
            turns.append({**turn, "speaker": turn["speaker"] if is_told else voice if name else within})
    if len(voices) > 1:
        turns.sort(key=lambda turn: turn["start_s"] or 0.0)
    return {"turns": turns, "metadata": {}, "taken": taken}


def _with_ids(document: object, mapping: dict[str, Any], service: _Service | None) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        return mapping
    fields = {"meeting_id": ("meeting_id", "meet_id"), "customer_id": ("customer_id",), "meet_date": ("meet_date",)}
    if service is not None:
        fields["meeting_id"] += service.meeting_id
        fields["meet_date"] += service.meet_date
    found = {
        name: value for name, keys in fields.items() if (value := _field(document, keys, is_date=name == "meet_date"))
    }
    return {**mapping, "metadata": {**mapping["metadata"], **found}}


def _field(document: Mapping[str, Any], keys: tuple[str, ...], *, is_date: bool) -> str | None:
    for key in keys:
        value = document.get(key)
        if type(value) is int and not is_date:
            return str(value)
        if isinstance(value, str) and value.strip() and (not is_date or _is_date(value)):
            return value
    return None


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


# What is speech where nobody says so


def _recognizes_general(content: Content) -> bool:
    return _is_told(content.document, is_proven)


def _recognizes_named(content: Content) -> bool:
    return content.is_named and _is_told(content.document, is_likely)


def _is_told(document: object, is_speech: Callable[[Speech], bool]) -> bool:
    if not isinstance(document, dict | list):
        return False
    speech = speech_in(document)
    if speech is not None:
        return is_speech(speech)
    several = several_in(document) if isinstance(document, dict) else None
    if several is None:
        return False
    found = [speech for one in several[1] if (speech := speech_in(one)) is not None]
    return bool(found) and all(map(is_speech, found[:3]))


def is_likely(speech: Speech) -> bool:
    """Say whether a list is speech where the user names the file: somebody says something, or it has times."""
    return bool(speech.speakers) or _is_timed(speech)


def is_proven(speech: Speech) -> bool:
    """Say whether a list that was only met is speech.

    It has speakers with times, speakers who alternate, or text with starts and ends that only speech could have. What
    people write to a machine or to one another is no speech.
    """
    names = {name.lower() for name in speech.speakers}
    if names and names <= _MACHINES:
        return False
    is_timed = _is_timed(speech)
    judged = speech.spoken[:_SAMPLED]
    is_recorded = all(one.start is None or one.start.kind != "moment" for one in judged)
    if names and _is_of_speakers(speech.shape, is_recorded=is_recorded and is_timed):
        return (is_timed and speech.shape.has_speaker_names) or _alternates(speech)
    has_ends = any(one.end or one.duration for one in judged)
    return is_timed and has_ends and is_recorded and len(speech.spoken) > 1


def _is_of_speakers(shape: Shape, *, is_recorded: bool) -> bool:
    """Say whether who is named speaks: by the field's name, or by the list's, or because a person has a time."""
    if shape.has_speaker_names:
        return True
    is_person = any(folded(key) in PERSONS for key in shape.speakers)
    return is_person and (is_recorded or bool(shape.path and SPOKEN.search(folded(shape.path[-1]))))


def _alternates(speech: Speech) -> bool:
    """Say whether several speak and one comes back, which in two or three turns nobody may."""
    runs = speech.speakers
    several = len(set(runs)) > 1
    return several and (len(set(runs)) < len(runs) or len(speech.spoken) <= _FEW_TURNS)


def _is_timed(speech: Speech) -> bool:
    """Say whether most of a list has times of a recording: in order, and not places in a text."""
    judged = speech.spoken[:_SAMPLED]
    starts = [one.start.value for one in judged if one.start]
    if len(starts) * 2 < len(judged) or not starts:
        return False
    ordered = sum(before <= after for before, after in pairwise(starts))
    if ordered < (len(starts) - 1) * _ORDERED_SHARE:
        return False
    spans = [(len(one.text), one.end.value - one.start.value) for one in judged if one.start and one.end]
    if spans and sum(letters == span for letters, span in spans) > len(spans) * _SPAN_SHARE:
        return False
    numbers = [_numbers(one) for one in judged if one.start and one.start.kind == "number"]
    return not any(end is not None for _, _, end in numbers) or unit_of(numbers, 0) != 0


def _numbers(one: Spoken) -> tuple[int, float | None, float | None]:
    start = one.start.value if one.start else 0.0
    end = one.end.value if one.end else start + one.duration.value if one.duration else None
    return len(one.text), start, end


def _format(service: _Service) -> Format:
    def recognizes(content: Content) -> bool:
        return service.is_marked(content.document)

    def read(content: Content) -> Iterator[Found]:
        return meetings_of(content.document, service)

    ids = (("meeting_id",) if service.meeting_id else ()) + (("meet_date",) if service.meet_date else ())
    return Format(
        service.name,
        service.source,
        recognizes,
        read,
        speakers=service.speakers,  # type: ignore[arg-type]  # the table above has no other
        times=service.times,  # type: ignore[arg-type]  # as above
        ids=ids,
        is_from_documentation=True,
    )


def _read(content: Content) -> Iterator[Found]:
    return meetings_of(content.document)


def _recognizes_text(content: Content) -> bool:
    return isinstance(content.document, dict) and bool(_read_text(content))


def _read_text(content: Content) -> list[Found]:
    return read_inside(content.document, is_named=content.is_named)


_IDS = ("meeting_id", "customer_id", "meet_date")

FORMATS = (
    *map(_format, _SERVICES),
    Format(
        "JSON of speech",
        "anything: a list of objects with text, speaker and times",
        _recognizes_general,
        _read,
        speakers="names",
        ids=_IDS,
    ),
    Format(
        "transcript inside JSON",
        "captions or text in a field",
        _recognizes_text,
        _read_text,
        speakers="names",
        is_json=True,
    ),
    Format(
        "JSON of a named file",
        "anything, with less of it",
        _recognizes_named,
        _read,
        speakers="names",
        ids=_IDS,
        is_by_naming=True,
    ),
)
