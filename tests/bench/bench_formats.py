"""How long a file of each format takes from bytes to a meeting, beside the least that knows its text: a bare parse of
the same bytes.

The bare parse is `json.loads` of JSON and, for text, decoding and splitting it into words. Files of the most common
formats have about 20,000 words of a made-up meeting, written as they write them; of every other one a sample is
repeated until it is about as large, from the reference data beside the project where it is not copied here.
"""

from __future__ import annotations

import gc
import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome, Source
from meetcli.readers import Transcript, Unit, parse, read
from tests.bench.measure import PROJECT, Figure, ratio, seconds, take_turns
from tests.readers.mutations import repeated, sample_files

ROUNDS = 7
TURNS = 1_000
WORDS = [
    "well",
    "I",
    "think",
    "that",
    "we",
    "should",
    "look",
    "at",
    "the",
    "renewal",
    "again",
    "before",
    "the",
    "end",
    "of",
    "the",
    "quarter.",
    "Shall",
    "we",
]

SAMPLED_BYTES = 400_000
WORDS_TARGET = 10
TURNS_TARGET = 40
"""Where the bytes are mostly text, a bare parse has next to nothing to do, and finding turns, names and times in it is
all the work.
"""
SAMPLED_TEXT_TARGET = 80
"""The captions and rows of samples have a handful of words each."""


def _clock(at: float, mark: str) -> str:
    return f"{int(at) // 3600:02}:{int(at) // 60 % 60:02}:{int(at) % 60:02}{mark}000"


def _spoken() -> list[tuple[str, float, list[str]]]:
    return [(f"Speaker {number % 4}", number * 8.0, [*WORDS, f"{number}."]) for number in range(TURNS)]


def _words(word: str, start: str, end: str, per_second: float = 1) -> list[dict[str, object]]:
    return [
        {
            word: said,
            start: (at + 0.4 * place) * per_second,
            end: (at + 0.4 * place + 0.3) * per_second,
            "speaker": int(speaker[-1]),
        }
        for speaker, at, words in _spoken()
        for place, said in enumerate(words)
    ]


def _vtt() -> str:
    return "WEBVTT\n\n" + "\n".join(
        f"{_clock(at, '.')} --> {_clock(at + 8, '.')}\n<v {speaker}>{' '.join(words)}</v>\n"
        for speaker, at, words in _spoken()
    )


def _srt() -> str:
    return "\n".join(
        f"{number}\n{_clock(at, ',')} --> {_clock(at + 8, ',')}\n{speaker}: {' '.join(words)}\n"
        for number, (speaker, at, words) in enumerate(_spoken(), 1)
    )


def _aws() -> dict[str, object]:
    items = [
        {
            "type": "pronunciation",
            "start_time": str(word["start"]),
            "end_time": str(word["end"]),
            "speaker_label": f"spk_{word['speaker']}",
            "alternatives": [{"content": word["word"], "confidence": "0.99"}],
        }
        for word in _words("word", "start", "end")
    ]
    return {"jobName": "x", "results": {"transcripts": [{"transcript": ""}], "items": items}}


_BY_TURN = ("meetcli JSON", "WhisperX JSON", "QMSum")


def _documents() -> dict[str, object]:
    segments = [
        {"start": at, "end": at + 8, "text": " " + " ".join(words), "speaker": speaker, "words": []}
        for speaker, at, words in _spoken()
    ]
    google = [
        {"word": word["word"], "startTime": f"{word['start']}s", "speakerTag": word["speaker"]}
        for word in _words("word", "start", "end")
    ]
    v2 = [
        {
            "type": "word",
            "start_time": word["start"],
            "end_time": word["end"],
            "alternatives": [{"content": word["word"], "speaker": "S1"}],
        }
        for word in _words("word", "start", "end")
    ]
    said = "\n".join(f"{speaker}: {' '.join(words)}" for speaker, _, words in _spoken())
    return {
        "meetcli JSON": {"transcript": said, "metadata": {"meeting_id": "M"}},
        "WhisperX JSON": {"segments": segments, "word_segments": [], "language": "en"},
        "Deepgram": {
            "results": {"channels": [{"alternatives": [{"transcript": "", "words": _words("word", "start", "end")}]}]}
        },
        "AssemblyAI": {
            "id": "x",
            "status": "completed",
            "text": "",
            "audio_url": "u",
            "words": _words("text", "start", "end", 1000),
        },
        "Amazon Transcribe": _aws(),
        "Google Speech-to-Text": {"results": [{"alternatives": [{"transcript": "", "words": google}]}]},
        "Speechmatics json-v2": {"format": "2.9", "metadata": {}, "results": v2},
        "QMSum": {
            "meeting_transcripts": [{"speaker": speaker, "content": " ".join(words)} for speaker, _, words in _spoken()]
        },
    }


def _files(folder: Path) -> Iterator[tuple[str, Path, Callable[[], object], int]]:
    """Yield (format, file, bare parse of its bytes, ceiling of the ratio)."""
    for name, document in _documents().items():
        path = folder / f"{len(list(folder.iterdir()))}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        yield (
            name,
            path,
            lambda path=path: json.loads(path.read_bytes()),
            TURNS_TARGET if name in _BY_TURN else WORDS_TARGET,
        )
    texts = {
        "WebVTT": ("a.vtt", _vtt()),
        "SRT": ("a.srt", _srt()),
        "plain text": ("a.txt", "\n".join(f"{speaker}: {' '.join(words)}" for speaker, _, words in _spoken())),
        "Otter": (
            "otter.txt",
            "\n".join(
                f"{speaker}  {int(at) // 60}:{int(at) % 60:02}\n{' '.join(words)}\n" for speaker, at, words in _spoken()
            ),
        ),
    }
    for name, (file, text) in texts.items():
        path = folder / file
        path.write_text(text, encoding="utf-8")
        yield name, path, lambda path=path: path.read_bytes().decode().split(), TURNS_TARGET
    path = folder / "a.vtt.gz"
    path.write_bytes(gzip.compress(_vtt().encode()))
    yield "WebVTT, gzip", path, lambda path=path: gzip.decompress(path.read_bytes()).decode().split(), TURNS_TARGET


def _sampled(folder: Path, measured: set[str]) -> Iterator[tuple[str, Path, Callable[[], object], int]]:
    """Yield as `_files` does, for every format that is not measured yet and has a sample."""
    shared = PROJECT.parent / "shared" / "data" / "formats"
    for sample in [*sample_files(), *(sample_files(shared) if shared.is_dir() else ())]:
        name = _format_of(sample)
        if name is None or name in measured:
            continue
        measured.add(name)
        path = folder / f"sampled{len(measured)}{sample.suffix}"
        path.write_bytes(repeated(sample, SAMPLED_BYTES))
        if sample.suffix == ".json":
            yield name, path, lambda path=path: json.loads(path.read_bytes()), TURNS_TARGET
        else:
            yield name, path, lambda path=path: path.read_bytes().decode().split(), SAMPLED_TEXT_TARGET


def _format_of(path: Path) -> str | None:
    found = [
        one for unit in read(Source(path, path.name, path.name, path.name, is_named=False)) for one in _parsed(unit)
    ]
    return found[0].format if found and isinstance(found[0], Transcript) else None


def _parsed(unit: Unit | Outcome) -> list[Transcript | Outcome]:
    return [unit] if isinstance(unit, Outcome) else parse(unit)


def _read(path: Path, name: str) -> None:
    for unit in read(Source(path, path.name, path.name, path.name, is_named=False)):
        assert not isinstance(unit, Outcome), unit
        for found in parse(unit):
            assert not isinstance(found, Outcome), found
            assert found.format == name.partition(",")[0], found.format
            normalize(found.mapping)


def figures() -> Iterator[Figure]:
    """Yield how many times a bare parse each format takes."""
    gc.disable()  # as the command does while it plans
    with tempfile.TemporaryDirectory() as folder:
        files = list(_files(Path(folder)))
        measured = {name for name, *_ in files}
        for name, path, bare, target in [*files, *_sampled(Path(folder), measured)]:
            rounds = take_turns(
                {
                    "read": lambda path=path, name=name: seconds(lambda: _read(path, name)),
                    "bare": lambda bare=bare: seconds(bare),
                },
                rounds=ROUNDS,
            )
            megabytes = path.stat().st_size / 1e6
            speed = sorted(megabytes / taken for taken in rounds["read"])[ROUNDS // 2]
            note = f"{megabytes:.1f} MB at {speed:.0f} MB/s"
            yield Figure(f"formats: {name} / bare parse", ratio(rounds, "read", "bare"), target, note=note)
    gc.enable()
