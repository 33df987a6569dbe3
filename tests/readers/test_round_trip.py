"""The reference meetings written as other formats write them, and read back: the same turns, the same words.

Once as somebody who has the turns writes them down, a cue or an utterance each, and once cut into cues of a dozen
words, as recorders do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import accumulate, groupby
from pathlib import Path

import pytest

from meetcli.meetings.normalize import normalize
from meetcli.models import Turn
from tests.readers.formats_seen import meetings_in

SECONDS_A_WORD = 0.4
CUE_WORDS = 12

Spoken = tuple[str | None, list[str]]


def turns_of(turns: tuple[Turn, ...]) -> list[Spoken]:
    return [(" ".join(turn.speaker.split()) if turn.speaker else None, turn.text.split()) for turn in turns]


def runs_of(turns: list[Spoken]) -> list[Spoken]:
    """Turns as cut ones can be known: one that follows another of the same speaker cannot be told from its end."""
    runs = groupby(turns, key=lambda turn: turn[0])
    return [(speaker, [word for _, words in group for word in words]) for speaker, group in runs]


def slices_of(turns: list[Spoken]) -> list[Spoken]:
    return [
        (speaker, words[first : first + CUE_WORDS])
        for speaker, words in runs_of(turns)
        for first in range(0, len(words), CUE_WORDS)
    ]


def cues_of(spoken: list[Spoken]) -> list[tuple[float, float, str | None, list[str]]]:
    """(start, end, speaker, words) one right after the other."""
    ends = list(accumulate(len(words) * SECONDS_A_WORD for _, words in spoken))
    return [(start, end, *one) for start, end, one in zip([0.0, *ends], ends, spoken, strict=False)]


def bare(said: str) -> str:
    """Text as scripts write it that know nothing of entities: transcribers' `<laugh>` as it stands."""
    return said


def escaped(said: str) -> str:
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock(seconds: float, mark: str) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{mark}{whole % 1000:03}"


def as_vtt(spoken: list[Spoken], escape: Callable[[str], str] = escaped) -> str:
    blocks = []
    for start, end, speaker, words in cues_of(spoken):
        said = escape(" ".join(words))
        voice = f"<v {speaker.replace('&', '&amp;')}>{said}</v>" if speaker else said
        blocks.append(f"{clock(start, '.')} --> {clock(end, '.')}\n{voice}\n")
    return "WEBVTT\n\n" + "\n".join(blocks)


def as_srt(spoken: list[Spoken], escape: Callable[[str], str] = escaped, mark: str = ",") -> str:
    blocks = []
    for number, (start, end, speaker, words) in enumerate(cues_of(spoken), 1):
        said = escape(" ".join(words))
        blocks.append(
            f"{number}\n{clock(start, mark)} --> {clock(end, mark)}\n{f'{speaker}: ' if speaker else ''}{said}\n"
        )
    return "\n".join(blocks)


def as_zoom(spoken: list[Spoken]) -> str:
    return "WEBVTT\n\n" + as_srt(spoken, bare, ".")


def as_whisper(spoken: list[Spoken]) -> str:
    segments = [
        {
            "id": number,
            "start": start,
            "end": end,
            "text": " " + " ".join(words),
            **({"speaker": speaker} if speaker else {}),
        }
        for number, (start, end, speaker, words) in enumerate(cues_of(spoken))
    ]
    return json.dumps(
        {"text": "".join(segment["text"] for segment in segments), "segments": segments, "language": "en"}
    )


def as_bare_whisper(spoken: list[Spoken]) -> str:
    return as_whisper([(None, words) for _, words in spoken])


def numbers_of(spoken: list[Spoken]) -> dict[str | None, int]:
    return {
        speaker: number for number, speaker in enumerate(dict.fromkeys(speaker for speaker, _ in spoken if speaker))
    }


def as_deepgram(spoken: list[Spoken]) -> str:
    numbers = numbers_of(spoken)
    words = [
        {
            "word": word.lower(),
            "punctuated_word": word,
            "start": start,
            "end": end,
            **({"speaker": numbers[speaker]} if speaker else {}),
        }
        for start, end, speaker, some in cues_of(spoken)
        for word in some
    ]
    alternative = {"transcript": " ".join(word["punctuated_word"] for word in words), "words": words}
    return json.dumps({"metadata": {"request_id": "r"}, "results": {"channels": [{"alternatives": [alternative]}]}})


def as_deepgram_utterances(spoken: list[Spoken]) -> str:
    numbers = numbers_of(spoken)
    utterances = [
        {"start": start, "end": end, "transcript": " ".join(words), "speaker": numbers[speaker]}
        for start, end, speaker, words in cues_of(spoken)
    ]
    return json.dumps({"metadata": {"request_id": "r"}, "results": {"channels": [], "utterances": utterances}})


def as_deepgram_paragraphs(spoken: list[Spoken]) -> str:
    numbers = numbers_of(spoken)
    paragraphs = [
        {"speaker": numbers[speaker], "sentences": [{"text": " ".join(words), "start": start, "end": end}]}
        for start, end, speaker, words in cues_of(spoken)
    ]
    alternative = {"transcript": "", "words": [], "paragraphs": {"transcript": "", "paragraphs": paragraphs}}
    return json.dumps({"metadata": {"request_id": "r"}, "results": {"channels": [{"alternatives": [alternative]}]}})


def as_assemblyai(spoken: list[Spoken]) -> str:
    utterances = [
        {"start": round(start * 1000), "end": round(end * 1000), "text": " ".join(words), "speaker": speaker}
        for start, end, speaker, words in cues_of(spoken)
    ]
    return json.dumps(
        {"id": "x", "status": "completed", "audio_duration": 60, "text": "", "words": [], "utterances": utterances}
    )


Write = Callable[[list[Spoken]], str]
WHOLE: dict[str, tuple[str, Write, str]] = {
    "WebVTT voices": ("a.vtt", as_vtt, "WebVTT"),
    "WebVTT voices, bare text": ("a.vtt", lambda spoken: as_vtt(spoken, bare), "WebVTT"),
    "WebVTT names": ("a.vtt", as_zoom, "WebVTT"),
    "SRT": ("a.srt", as_srt, "SRT"),
    "SRT, bare text": ("a.srt", lambda spoken: as_srt(spoken, bare), "SRT"),
    "Whisper with speakers": ("a.json", as_whisper, "WhisperX JSON"),
    "Whisper": ("a.json", as_bare_whisper, "Whisper JSON"),
    "Deepgram utterances": ("a.json", as_deepgram_utterances, "Deepgram"),
    "Deepgram paragraphs": ("a.json", as_deepgram_paragraphs, "Deepgram"),
    "AssemblyAI": ("a.json", as_assemblyai, "AssemblyAI"),
}
SLICED: dict[str, tuple[str, Write, str]] = {
    "WebVTT": ("a.vtt", as_vtt, "WebVTT"),
    "SRT": ("a.srt", as_srt, "SRT"),
    "Whisper": ("a.json", as_whisper, "WhisperX JSON"),
    "Deepgram words": ("a.json", as_deepgram, "Deepgram"),
    "AssemblyAI": ("a.json", as_assemblyai, "AssemblyAI"),
}


@pytest.fixture(scope="module")
def meetings(shared_data):
    paths = sorted(shared_data.glob("transcripts/*/*.json"))
    assert len(paths) == 43
    return [turns_of(normalize(json.loads(path.read_text(encoding="utf-8"))).turns) for path in paths]


def read_back(path: Path, spoken: list[Spoken], way: tuple[str, Write, str]) -> list[Spoken]:
    """The turns that are read, their speakers by the names that the format's numbers stand for."""
    name, write, wanted_format = way
    copy = path / name
    copy.write_text(write(spoken), encoding="utf-8")
    [(transcript, meeting)] = meetings_in(copy)
    assert transcript.format == wanted_format
    assert all(turn.start_s is not None and turn.end_s is not None for turn in meeting.turns)
    names: dict[str | None, str | None] = {}
    if wanted_format == "Deepgram":
        names = {f"Speaker {number}": speaker for speaker, number in numbers_of(spoken).items()}
    return [(names.get(speaker, speaker), words) for speaker, words in turns_of(meeting.turns)]


@pytest.mark.shared
@pytest.mark.parametrize("way", WHOLE)
def test_the_reference_meetings_come_back_turn_by_turn(way, meetings, tmp_path):
    for number, spoken in enumerate(meetings):
        found = read_back(tmp_path, spoken, WHOLE[way])
        wanted = [(None, words) for _, words in spoken] if way == "Whisper" else spoken
        assert found == wanted, number


@pytest.mark.shared
@pytest.mark.parametrize("way", SLICED)
def test_the_reference_meetings_come_back_from_slices(way, meetings, tmp_path):
    for number, spoken in enumerate(meetings):
        found = read_back(tmp_path, slices_of(spoken), SLICED[way])
        assert runs_of(found) == runs_of(spoken), number
        is_punctuated = any("." in word for _, words in spoken for word in words)
        assert found == runs_of(spoken) or not is_punctuated, number


@pytest.mark.shared
def test_the_reference_meetings_come_back_from_plain_text(shared_data, tmp_path):
    for path in sorted(shared_data.glob("transcripts/*/*.json")):
        original = json.loads(path.read_text(encoding="utf-8"))
        copy = tmp_path / "a.txt"
        copy.write_text(original["transcript"], encoding="utf-8")
        [(transcript, meeting)] = meetings_in(copy)
        assert transcript.format == "plain text", path
        given = normalize(original).turns
        assert [(turn.speaker, turn.text) for turn in meeting.turns] == [(turn.speaker, turn.text) for turn in given], (
            path
        )
