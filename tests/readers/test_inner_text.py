"""A transcript inside a transcript is read as what it is; plain `Name: text` stays as it stands."""

import json

import pytest

from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome, Status
from tests.readers.formats_seen import found_in, meetings_in

ASK, ANSWER = "Shall we start with the renewal?", "I will send it by Friday."
TIMED = [("Ana", 5.0, 8.0, ASK), ("Rui", 8.5, 12.5, ANSWER)]
VTT = f"WEBVTT\n\n00:05.000 --> 00:08.000\n<v Ana>{ASK}</v>\n\n00:08.500 --> 00:12.500\n<v Rui>{ANSWER}</v>\n"
CUES = f"00:00:05,000 --> 00:00:08,000\nAna: {ASK}\n\n2\n00:00:08,500 --> 00:00:12,500\nRui: {ANSWER}\n"
LIST = [
    {"speaker": "Ana", "text": ASK, "start": 5.0, "end": 8.0},
    {"speaker": "Rui", "text": ANSWER, "start": 8.5, "end": 12.5},
]
OTTER = f"Ana Prado  0:05\n{ASK}\n\nRui Lima  0:12\n{ANSWER}\n\nAna Prado  0:20\nGood.\n"
IDS = {"meeting_id": "M-1", "customer_id": "C-1", "meet_date": "2026-08-05"}


def told(meeting):
    return [(turn.speaker, turn.start_s, turn.end_s, turn.text) for turn in meeting.turns]


@pytest.fixture
def read(tmp_path):
    def from_json(document):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        [(_, meeting)] = meetings_in(path)
        return meeting

    return from_json


@pytest.mark.parametrize("inner", [VTT, f"1\n{CUES}", json.dumps(LIST), LIST], ids=["vtt", "srt", "json", "list"])
class TestFields:
    def test_of_the_explicit_shape_keep_their_ids(self, read, inner):
        meeting = read({"transcript": inner, "metadata": IDS})
        assert told(meeting) == TIMED
        assert (meeting.meeting_id, meeting.customer_id, meeting.meet_date) == ("M-1", "C-1", "2026-08-05")

    def test_of_the_raw_shape_keep_them_too(self, read, inner):
        meeting = read({"meet_id": "M-1", "customer_id": "C-1", "meet_date": "2026-08-05", "meet_transcription": inner})
        assert told(meeting) == TIMED
        assert (meeting.meeting_id, meeting.customer_id, meeting.meet_date) == ("M-1", "C-1", "2026-08-05")


@pytest.mark.parametrize("key", ["transcript", "captions", "content", "vtt"])
def test_captions_deeper_in_a_document_are_found(read, key):
    assert told(read({"data": {"id": 1, "result": {key: VTT}}})) == TIMED


def test_each_object_of_a_page_may_have_one(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"recordings": [{"id": 1, "vtt": VTT}, {"id": 2, "vtt": VTT}]}), encoding="utf-8")
    assert [told(meeting) for _, meeting in meetings_in(path)] == [TIMED, TIMED]


def test_otter_s_text_is_read_as_that(read):
    assert [
        (speaker, start, text) for speaker, start, _, text in told(read({"transcript": OTTER, "metadata": IDS}))
    ] == [
        ("Ana Prado", 5.0, ASK),
        ("Rui Lima", 12.0, ANSWER),
        ("Ana Prado", 20.0, "Good."),
    ]


@pytest.mark.parametrize(
    "inner", [f"Ana: {ASK}\nRui: {ANSWER}", f"[00:00:05] Ana: {ASK}\n[00:00:08] Rui: {ANSWER}", ASK]
)
def test_plain_text_stays_to_the_letter(read, inner):
    document = {"transcript": inner, "metadata": IDS}
    assert read(document) == normalize(document)


def test_a_list_that_says_who_speaks_is_better_than_a_text_that_does_not(read):
    assert told(read({"transcript": f"{ASK} {ANSWER}", "segments": LIST})) == TIMED
    assert [one.speaker for one in read({"transcript": f"Ana: {ASK}\nEva: {ANSWER}", "segments": LIST}).turns] == [
        "Ana",
        "Eva",
    ]


def test_broken_captions_fail(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"transcript": "WEBVTT\n\n00:05.000 --> tomorrow\nAna: x\n"}), encoding="utf-8")
    [found] = found_in(path)
    assert isinstance(found, Outcome)
    assert found.status is Status.FAILED


@pytest.mark.parametrize("inner", [VTT, f"1\n{CUES}"], ids=["vtt", "srt"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_cell_may_hold_captions(tmp_path, inner, delimiter):
    head = delimiter.join((*IDS, "transcript"))
    row = delimiter.join((*IDS.values(), f'"{inner}"'))
    path = tmp_path / "a.csv"
    path.write_text(
        f'{head}\n{row}\n{delimiter.join(("M-2", "C-1", ""))}{delimiter}"Ana: hi\nRui: hello"\n', encoding="utf-8"
    )
    found = [meeting for _, meeting in meetings_in(path)]
    assert told(found[0]) == TIMED
    assert found[0].meeting_id == "M-1"
    assert [turn.speaker for turn in found[1].turns] == ["Ana", "Rui"]


def test_a_cell_may_hold_otter_s_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'meeting_id,transcript\nM-1,"{OTTER}"\n', encoding="utf-8")
    [(transcript, meeting)] = meetings_in(path)
    assert transcript.format == "CSV"
    assert [(turn.speaker, turn.start_s) for turn in meeting.turns] == [
        ("Ana Prado", 5.0),
        ("Rui Lima", 12.0),
        ("Ana Prado", 20.0),
    ]


def test_a_short_text_that_is_called_a_transcript_is_one_in_a_folder(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(
        '{"title": "Roof", "transcription": "Mia (00:05):\\nHello.\\n\\nJon (01:01):\\nHi.\\n"}', encoding="utf-8"
    )
    [(_, meeting)] = meetings_in(path, is_named=False)
    assert [(turn.speaker, turn.start_s) for turn in meeting.turns] == [("Mia", 5.0), ("Jon", 61.0)]
