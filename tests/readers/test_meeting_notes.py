"""What Google Meet's documents do that the samples do not show."""

import pytest

from tests.readers.formats_seen import meetings_in

ENDS = "\nTranscription ended after 00:02:00\n\nThis editable transcript was computer generated and might contain errors.\n"
GEMINI = """# **📝 Notes**

Nov 21, 2024

Meeting records [Transcript](https://docs.google.com/document/d/1/edit)

### **Details**

* **Launch Plan**: Ana Souza presented the plan ([00:00:00](#00:00:00)).

# **📖 Transcript**

Nov 21, 2024

## **Weekly: sync \\- Transcript**

### **00:00:00** {#00:00:00}

**Ana Souza:** Hello there.

### **00:01:12** {#00:01:12}

**Bob Lee:** Hi: ready?

### **Transcription ended after 00:02:00**

*This editable transcript was computer generated and might contain errors.*
"""
PORTUGUESE = """29 de jan. de 2026
Reunião em 29 de jan. de 2026 às 13:44 UTC - Transcrição
Participantes
Ana Souza, João Lima
00:00:00

Ana Souza: É coisa boa: né?
João Lima: É.

A sessão foi encerrada após 00:00:40

00:01:06

João Lima: Não.

A transcrição foi encerrada após 00:39:55

Esta transcrição editável foi gerada por computador e pode conter erros. As pessoas também podem alterar o texto depois que ele for criado.
"""


@pytest.fixture
def turns(tmp_path):
    def read(text):
        path = tmp_path / "a.md"
        path.write_text(text, encoding="utf-8")
        [(transcript, meeting)] = meetings_in(path, is_named=False)
        assert transcript.format == "Google Meet"
        return [(turn.speaker, turn.start_s, turn.text) for turn in meeting.turns]

    return read


def test_the_notes_above_a_transcript_are_not_what_was_said(turns):
    assert turns(GEMINI) == [("Ana Souza", 0, "Hello there."), ("Bob Lee", 72, "Hi: ready?")]


def test_portuguese_documents_are_read_as_english_ones(turns):
    assert turns(PORTUGUESE) == [
        ("Ana Souza", 0, "É coisa boa: né?"),
        ("João Lima", None, "É."),
        ("João Lima", 66, "Não."),
    ]


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("29 de jan. de 2026 às 13:44 UTC", "2026-01-29T13:44:00+00:00"),
        ("1 de março de 2026 às 9:05 GMT-03:00", "2026-03-01T09:05:00-03:00"),
        ("29 de jan. de 2026", "2026-01-29"),
    ],
)
def test_portuguese_dates_are_dates(tmp_path, written, date):
    path = tmp_path / "a.txt"
    path.write_text(PORTUGUESE.replace("29 de jan. de 2026 às 13:44 UTC", written), encoding="utf-8")
    [(_, meeting)] = meetings_in(path)
    assert meeting.meet_date == date


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Nov 21, 2024", "2024-11-21"),
        ("**May 1, 2024**", "2024-05-01"),
        ("June 30, 2024", "2024-06-30"),
        ("We met on Nov 21, 2024", None),
        ("Meeting started 2024/11/21 15:51 GMT\nNov 21, 2024", "2024-11-21T15:51:00+00:00"),
    ],
)
def test_the_day_that_gemini_writes_is_the_date(tmp_path, written, date):
    path = tmp_path / "a.md"
    path.write_text(GEMINI.replace("Nov 21, 2024", written), encoding="utf-8")
    [(_, meeting)] = meetings_in(path)
    assert meeting.meet_date == date


def test_who_ends_on_the_word_transcript_is_heard(turns):
    text = f"Weekly - Transcript\nAttendees\nAna, Bob\nTranscript\nAna: Please share the transcript\nBob: Sure.{ENDS}"
    assert turns(text) == [("Ana", None, "Please share the transcript"), ("Bob", None, "Sure.")]


def test_what_google_escapes_comes_without_backslashes(turns):
    text = f"# Sync - Transcript\n\n**Ana (Lima \\- A\\&B):** C\\+\\+ ou 10\\%?\n\n**Bob Lee:** Sim.{ENDS}"
    assert turns(text) == [("Ana (Lima - A&B)", None, "C++ ou 10%?"), ("Bob Lee", None, "Sim.")]


def test_every_label_speaks_where_hardly_a_line_has_none(turns):
    text = f"Sync - Transcript\n\nAna: oi\nrui lima: sim\nDoris | Northwind: eu mando\nAna: ok{ENDS}"
    assert [speaker for speaker, _, _ in turns(text)] == ["Ana", "rui lima", "Doris | Northwind", "Ana"]


def test_an_escaped_underscore_is_no_emphasis(turns):
    text = "# Roof - Transcript\n\n### 00:00:00\n\n**Jon\\_B:** Hello\\.\n\n**Mia:** Hi\\.\n\n### Transcription ended after 00:01:00\n"
    assert [speaker for speaker, *_ in turns(text)] == ["Jon_B", "Mia"]


def test_a_second_recording_stays_behind_the_first(tmp_path):
    text = "Mia Roth  0:03  \nHello.\n\nJon Bay  35:02  \nLunch.\n\nMia Roth  0:01  \nAgain.\n\nTranscribed by https://otter.ai\n"
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    [(_, meeting)] = meetings_in(path, is_named=False)
    assert [turn.speaker for turn in meeting.turns] == ["Mia Roth", "Jon Bay", "Mia Roth"]
    assert [turn.start_s for turn in meeting.turns] == [3.0, 2102.0, None]
