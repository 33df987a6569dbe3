"""Every sample is recognized by its content, and what is read is what a person reads in it."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path

import pytest

from meetcli.models import Outcome, Status
from meetcli.readers import all_formats
from tests.readers.formats_seen import GOLDEN, SAMPLES, found_in, meetings_in, words_of, written_down

COPIED = sorted(
    path for path in SAMPLES.rglob("*.*") if path.suffix != GOLDEN and path.name not in ("README.md", "large.json")
)
LARGE = json.loads((SAMPLES / "large.json").read_text(encoding="utf-8"))
NO_FILE = {"plain text of a named file", "document that is named", "JSON of a named file", "meetcli JSON"}
PACKED = (".docx", ".odt")


def name_of(path: Path) -> str:
    return str(path.relative_to(SAMPLES))


@pytest.mark.parametrize("path", COPIED, ids=name_of)
def test_a_sample_reads_as_its_golden_file(path):
    assert written_down(path) == path.with_name(path.name + GOLDEN).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COPIED, ids=name_of)
def test_a_sample_is_known_by_its_content_alone(path, tmp_path):
    """Under a name that says nothing; a list needs brackets that open on an object to pass for JSON without a
    suffix.
    """
    disguised = tmp_path / "a"
    disguised.write_bytes(path.read_bytes())
    if path.name == "faster-whisper-rows.json":
        disguised = disguised.rename(tmp_path / "a.json")
    assert [one.format for one, _ in meetings_in(disguised, is_named=True)] == [
        one.format for one, _ in meetings_in(path, is_named=True)
    ]


@pytest.mark.parametrize("path", [path for path in COPIED if path.suffix not in PACKED], ids=name_of)
def test_a_sample_keeps_its_turns_with_a_bom_and_crlf(path, tmp_path):
    copy = tmp_path / path.name
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    copy.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert written_down(copy) == written_down(path)


def test_turns_are_in_the_order_of_time():
    for path in COPIED:
        for _, meeting in meetings_in(path, is_named=True):
            starts = [turn.start_s for turn in meeting.turns if turn.start_s is not None]
            assert starts == sorted(starts), path


def test_every_format_has_a_sample():
    seen = {LARGE[name]["format"] for name in LARGE} | {
        one.format for path in COPIED for one, _ in meetings_in(path, is_named=True)
    }
    assert {form.name for form in all_formats()} - seen == NO_FILE


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(LARGE))
def test_a_large_sample_reads_as_its_golden_digest(name, shared_data):
    assert summary_of(shared_data / "formats" / name) == LARGE[name]


def summary_of(path: Path) -> dict[str, object]:
    """What a golden file of a large sample would say, short enough to look through."""
    [(transcript, meeting)] = meetings_in(path, is_named=True)
    speakers: dict[str, int] = {}
    for turn in meeting.turns:
        speakers[turn.speaker or "-"] = speakers.get(turn.speaker or "-", 0) + len(turn.text.split())
    first, last = meeting.turns[0], meeting.turns[-1]
    return {
        "format": transcript.format,
        "turns": len(meeting.turns),
        "words_by_speaker": speakers,
        "first": [first.speaker, first.start_s, " ".join(first.text.split()[:8])],
        "last": [last.speaker, last.end_s, " ".join(last.text.split()[-8:])],
        "sha256": hashlib.sha256(written_down(path).encode()).hexdigest(),
    }


@pytest.mark.shared
def test_every_sample_beside_the_project_is_met_here(shared_data):
    folder = shared_data / "formats"
    known = (
        {name_of(path) for path in COPIED} | set(LARGE) | {"README.md", "SOURCES.md", "zoom-vtt/meeting001_chat.txt"}
    )
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.*")} - known == set()


def _plain_of_results(document: dict) -> str:
    return " ".join(result["alternatives"][0]["transcript"] for result in document["results"])


def _plain_of_html(text: str) -> str:
    return html.unescape(" ".join(re.findall(r"<p>(.*?)</p>", text, re.DOTALL)))


PLAIN_TEXTS = {
    "assemblyai/assemblyai_transcription.json": lambda document: document["text"],
    "assemblyai/assemblyai_utterances.json": lambda document: document["text"],
    "aws-transcribe/no-speakers.amazonTranscribe.sample.json": lambda document: document["results"]["transcripts"][0][
        "transcript"
    ],
    "aws-transcribe/todayinfocus.sample.json": lambda document: document["results"]["transcripts"][0]["transcript"],
    "azure-batch/transcriptSample.json": lambda document: document["combinedRecognizedPhrases"][0]["display"],
    "bbc-kaldi/bbcKaldiTranscriptWithSpeakerSegments.sample.json": lambda document: document["retval"]["punct"],
    "deepgram/dg_speakers.json": lambda document: document["results"]["channels"][0]["alternatives"][0]["transcript"],
    "deepgram/dg_speakers_no_utterances.json": lambda document: document["results"]["channels"][0]["alternatives"][0][
        "transcript"
    ],
    "deepgram/dg_utterances.json": lambda document: document["results"]["channels"][0]["alternatives"][0]["transcript"],
    "deepgram/dg_whisper_transcription.json": lambda document: document["results"]["channels"][0]["alternatives"][0][
        "transcript"
    ],
    "google-stt/gcpSttPunctuation.sample.json": _plain_of_results,
    "google-stt/gcpSttSpeakerDiarization.sample.json": _plain_of_results,
    "ibm-watson/ibmTedTalkTranscript.sample.json": lambda document: _plain_of_results(document["results"][0]),
    "reduct-audiotext/66-business-of-apps.json": lambda document: " ".join(
        "".join(word["word"] for word in segment["wdlist"]) for segment in document["segments"]
    ),
    "rev-ai/transcript.json": lambda document: " ".join(
        "".join(element["value"] for element in monologue["elements"]) for monologue in document["monologues"]
    ),
    "speechmatics-v2/entity.json": lambda document: document["metadata"]["transcript"],
    "speechmatics-v2/two_speakers.json": lambda document: document["metadata"]["transcript"],
    "whisper-timestamped/whisper_timestamped.json": lambda document: document["text"],
    "whisper-verbose-json/segments.official-example.json": lambda document: document["text"],
    "whisper-verbose-json/words.official-example.json": lambda document: document["text"],
    "podcast-namespace/example.html": _plain_of_html,
}
"""The text that a sample tells beside its words or segments: what its author means a person to read."""


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(PLAIN_TEXTS))
def test_no_word_is_lost_or_doubled(name, shared_data):
    path = shared_data / "formats" / name
    text = path.read_text(encoding="utf-8")
    told = PLAIN_TEXTS[name](json.loads(text) if path.suffix == ".json" else text)
    assert [word for _, meeting in meetings_in(path) for word in words_of(meeting)] == told.split()


@pytest.mark.shared
def test_captions_lose_and_double_no_word(shared_data):
    folder = shared_data / "formats"
    [(_, meeting)] = meetings_in(folder / "srt" / "example.srt")
    # The same talk, published in two formats.
    assert (
        words_of(meeting)
        == _plain_of_html((folder / "podcast-namespace" / "example.html").read_text(encoding="utf-8")).split()
    )
    zoom = folder / "zoom-vtt" / "meeting001_transcript.vtt"
    lines = [
        line
        for line in zoom.read_text(encoding="utf-8").splitlines()[1:]
        if line and not line.isdigit() and "-->" not in line
    ]
    [(_, meeting)] = meetings_in(zoom)
    assert words_of(meeting) == " ".join(re.sub(r"^[A-Z]\w+ [A-Z]\w+: ", "", line) for line in lines).split()


@pytest.mark.shared
def test_a_chat_beside_a_meeting_is_no_transcript(shared_data):
    path = shared_data / "formats" / "zoom-vtt" / "meeting001_chat.txt"
    [skipped] = found_in(path, is_named=False)
    [failed] = found_in(path)
    assert isinstance(skipped, Outcome)
    assert isinstance(failed, Outcome)
    assert (skipped.status, failed.status) == (Status.SKIPPED, Status.FAILED)
    assert "tried: WebVTT, SRT" in failed.error
