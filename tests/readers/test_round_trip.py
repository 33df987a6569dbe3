"""The reference meetings written as other formats write them, and read back: the same turns, the same words."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby

import pytest

from meetcli.models import Turn
from meetcli.normalize import normalize
from tests.readers.formats_seen import meetings_in

SECONDS_A_WORD = 0.4
CUE_WORDS = 12

Spoken = tuple[str | None, list[str]]


def runs_of(turns: tuple[Turn, ...]) -> list[Spoken]:
    """Turns as formats with times can know them: one that follows another of the same speaker cannot be told from its end."""
    runs = groupby(turns, key=lambda turn: " ".join(turn.speaker.split()) if turn.speaker else None)
    return [(speaker, [word for turn in group for word in turn.text.split()]) for speaker, group in runs]


def cues_of(spoken: list[Spoken]) -> list[tuple[float, float, str | None, list[str], bool]]:
    """(start, end, speaker, words, whether it opens a turn), a dozen words each, as recorders cut them."""
    cues = []
    at = 0
    for speaker, words in spoken:
        for first in range(0, len(words), CUE_WORDS):
            some = words[first : first + CUE_WORDS]
            cues.append((at * SECONDS_A_WORD, (at + len(some)) * SECONDS_A_WORD, speaker, some, first == 0))
            at += len(some)
    return cues


def clock(seconds: float, mark: str) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{mark}{whole % 1000:03}"


def as_vtt(spoken: list[Spoken]) -> str:
    blocks = []
    for start, end, speaker, words, _ in cues_of(spoken):
        said = " ".join(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        voice = f"<v {speaker.replace('&', '&amp;')}>{said}</v>" if speaker else said
        blocks.append(f"{clock(start, '.')} --> {clock(end, '.')}\n{voice}\n")
    return "WEBVTT\n\n" + "\n".join(blocks)


def as_srt(spoken: list[Spoken]) -> str:
    blocks = []
    for number, (start, end, speaker, words, _) in enumerate(cues_of(spoken), 1):
        said = " ".join(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{number}\n{clock(start, ',')} --> {clock(end, ',')}\n{f'{speaker}: ' if speaker else ''}{said}\n")
    return "\n".join(blocks)


def as_whisper(spoken: list[Spoken]) -> str:
    segments = [
        {"id": number, "start": start, "end": end, "text": " " + " ".join(words), **({"speaker": speaker} if speaker else {})}
        for number, (start, end, speaker, words, _) in enumerate(cues_of(spoken))
    ]
    return json.dumps({"text": "".join(segment["text"] for segment in segments), "segments": segments, "language": "en"})


def as_deepgram(spoken: list[Spoken]) -> str:
    numbers = {speaker: number for number, speaker in enumerate(dict.fromkeys(speaker for speaker, _ in spoken if speaker))}
    words = [
        {"word": word.lower(), "punctuated_word": word, "start": start, "end": end, **({"speaker": numbers[speaker]} if speaker else {})}
        for start, end, speaker, some, _ in cues_of(spoken)
        for word in some
    ]
    alternative = {"transcript": " ".join(word["punctuated_word"] for word in words), "words": words}
    return json.dumps({"metadata": {"request_id": "r"}, "results": {"channels": [{"alternatives": [alternative]}]}})


def as_assemblyai(spoken: list[Spoken]) -> str:
    utterances = [
        {"start": round(start * 1000), "end": round(end * 1000), "text": " ".join(words), "speaker": speaker}
        for start, end, speaker, words, _ in cues_of(spoken)
    ]
    return json.dumps({"id": "x", "status": "completed", "audio_duration": 60, "text": "", "words": [], "utterances": utterances})


WRITERS: dict[str, tuple[Callable[[list[Spoken]], str], str, str]] = {
    "a.vtt": (as_vtt, "WebVTT", "names"),
    "a.srt": (as_srt, "SRT", "names"),
    "whisper.json": (as_whisper, "WhisperX JSON", "names"),
    "deepgram.json": (as_deepgram, "Deepgram", "numbers"),
    "assemblyai.json": (as_assemblyai, "AssemblyAI", "names"),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", WRITERS)
def test_the_reference_meetings_come_back(name, shared_data, tmp_path):
    write, wanted_format, speakers = WRITERS[name]
    paths = sorted(shared_data.glob("transcripts/*/*.json"))
    assert len(paths) == 43
    for path in paths:
        spoken = runs_of(normalize(json.loads(path.read_text(encoding="utf-8"))).turns)
        copy = tmp_path / name
        copy.write_text(write(spoken), encoding="utf-8")
        [(transcript, meeting)] = meetings_in(copy)
        assert transcript.format == wanted_format
        found = runs_of(meeting.turns)
        assert [words for _, words in found] == [words for _, words in spoken], path
        if speakers == "names":
            assert [speaker for speaker, _ in found] == [speaker for speaker, _ in spoken], path
        else:  # the same people, under the numbers the format has for them
            pairs = {(ours[0], theirs[0]) for ours, theirs in zip(found, spoken, strict=True)}
            assert len(pairs) == len({speaker for speaker, _ in spoken}), path
        assert all(turn.start_s is not None and turn.end_s is not None for turn in meeting.turns)


@pytest.mark.shared
def test_the_reference_meetings_come_back_from_plain_text(shared_data, tmp_path):
    for path in sorted(shared_data.glob("transcripts/*/*.json")):
        original = json.loads(path.read_text(encoding="utf-8"))
        copy = tmp_path / "a.txt"
        copy.write_text(original["transcript"], encoding="utf-8")
        [(transcript, meeting)] = meetings_in(copy)
        assert transcript.format == "plain text", path
        given = normalize(original).turns
        assert [(turn.speaker, turn.text) for turn in meeting.turns] == [(turn.speaker, turn.text) for turn in given], path
