"""Readers of call recorders' APIs: Gong and Fireflies, both from their documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import Object, children, first_of, is_object, label, seconds, speaker_name, text
from meetcli.readers.format import Format, Found
from meetcli.readers.spoken_times import in_seconds, unit_of
from meetcli.readers.turns import Piece, as_mapping, join, meeting

_GONG_UNITS = 1000.0


def _recognizes_gong(content: Content) -> bool:
    return is_object(first_of(content.document, "callTranscripts"), "transcript")


def _read_gong(content: Content) -> Iterator[Found]:
    shared = _party_names(content.document)
    unit = _gong_unit(content.document)
    for place, call in enumerate(children(content.document, "callTranscripts"), 1):
        names = {**shared, **_party_names(call)}
        pieces = [piece for monologue in children(call, "transcript") for piece in _gong_pieces(monologue, names, unit)]
        yield place, as_mapping(join(pieces), {"meeting_id": _id(call, "callId")})


def _gong_unit(document: Object) -> float:
    """Return how many units are a second: milliseconds by the documentation, seconds where the first call tells so."""
    first = first_of(document, "callTranscripts")
    return unit_of(
        (
            (len(text(sentence, "text")), seconds(sentence, "start"), seconds(sentence, "end"))
            for monologue in children(first, "transcript")
            for sentence in children(monologue, "sentences")
        ),
        _GONG_UNITS,
    )


def _gong_pieces(monologue: Object, names: dict[str | None, str | None], unit: float) -> Iterator[Piece]:
    speaker = _speaker(monologue)
    for sentence in children(monologue, "sentences"):
        times = seconds(sentence, "start", per_second=unit), seconds(sentence, "end", per_second=unit)
        yield Piece(names.get(speaker) or speaker, text(sentence, "text"), *times)


def _party_names(value: Object) -> dict[str | None, str | None]:
    # Who never spoke, as most who were invited, has no speakerId, and is not who spoke without one.
    return {
        speaker: label(party, "name")
        for party in children(value, "parties")
        if (speaker := _speaker(party)) is not None
    }


def _speaker(value: Object) -> str | None:
    """Return who speaks by the id, which has up to 20 digits; a whole number still has them all."""
    speaker = value.get("speakerId")
    return speaker_name(str(speaker)) if type(speaker) is int and speaker >= 0 else label(value, "speakerId")


def _id(value: Object, key: str) -> str | None:
    """Return an id; one that became a number on its way may have lost digits, so it is none."""
    return text(value, key) or None if not isinstance(value.get(key), int | float) else None


def _fireflies_transcripts(document: object) -> list[object]:
    """Return the transcripts of a GraphQL reply, with its envelope or without."""
    inner = document.get("data", document) if isinstance(document, Mapping) else None
    if not isinstance(inner, Mapping):
        return []
    many = inner.get("transcripts")
    return list(many) if isinstance(many, list) else [inner.get("transcript", inner)]


def _recognizes_fireflies(content: Content) -> bool:
    transcript = next(iter(_fireflies_transcripts(content.document)), None)
    if is_object(transcript, "id", "title", "sentences") and transcript["sentences"] == []:
        return True  # of a silent recording
    sentence = first_of(transcript, "sentences")
    return is_object(sentence, "speaker_name") and (is_object(sentence, "text") or is_object(sentence, "raw_text"))


def _read_fireflies(content: Content) -> Iterator[Found]:
    transcripts = _fireflies_transcripts(content.document)
    for place, transcript in enumerate(transcripts, 1):
        if not isinstance(transcript, Mapping):
            yield place, InputError("is no transcript")
            continue
        [(_, mapping)] = meeting(
            in_seconds(_fireflies_piece(sentence) for sentence in children(transcript, "sentences")),
            {"meeting_id": _id(transcript, "id"), "meet_date": _fireflies_date(transcript)},
        )
        yield place if len(transcripts) > 1 else None, mapping


def _fireflies_piece(sentence: Object) -> Piece:
    speaker = label(sentence, "speaker_name") or label(sentence, "speaker_id")
    said = text(sentence, "text") or text(sentence, "raw_text")
    return Piece(speaker, said, seconds(sentence, "start_time"), seconds(sentence, "end_time"))


def _fireflies_date(transcript: Object) -> str | None:
    """Return the date as ISO 8601; the API gives milliseconds since 1970."""
    date = transcript.get("date")
    if isinstance(date, str):
        return date
    if date is None:
        return None
    if isinstance(date, bool) or not isinstance(date, int | float) or not 0 < date < 4e12:
        raise InputError("date is neither ISO 8601 nor milliseconds since 1970", field="date")
    return datetime.fromtimestamp(date / 1000, UTC).isoformat()


FORMATS = (
    Format("Gong", "Gong API", _recognizes_gong, _read_gong, ids=("meeting_id",), is_from_documentation=True),
    Format(
        "Fireflies",
        "Fireflies API",
        _recognizes_fireflies,
        _read_fireflies,
        speakers="names",
        ids=("meeting_id", "meet_date"),
        is_from_documentation=True,
    ),
)
