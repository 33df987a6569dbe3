"""Tables as spreadsheets write them: delimiters, quotes, and what is no row."""

import pytest

from meetcli.models import Outcome, Status
from tests.readers.formats_seen import found_in, meetings_in

TALK = '"Ana: oi; tudo, bem?\nBob: sim | não"'


@pytest.fixture
def put(tmp_path):
    def write(text):
        path = tmp_path / "a.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    "table",
    [
        f"meeting_id,transcript\nM1,{TALK}\n",
        f"\ufefftranscript;meeting_id\r\n{TALK};M1\r\n",
        f"meeting_id|transcript\nM1|{TALK}\n",
        f"sep=;\nmeeting_id;transcript\nM1;{TALK}\n",
        f'\ufeff"sep=|"\r\nMeeting_ID|Transcript\r\nM1|{TALK}\r\n',
        f'meeting_id,"notes, internal","transcript"\nM1,x,{TALK}\n',
    ],
)
def test_a_table_is_read_by_the_delimiter_of_its_first_line(put, table):
    [(transcript, meeting)] = meetings_in(put(table))
    assert (transcript.format, meeting.meeting_id) == ("CSV", "M1")
    assert [(turn.speaker, turn.text) for turn in meeting.turns] == [("Ana", "oi; tudo, bem?"), ("Bob", "sim | não")]


def test_a_table_without_a_row_is_no_transcript(put):
    path = put("meeting_id,transcript\n")
    [skipped], [failed] = found_in(path, is_named=False), found_in(path)
    assert isinstance(skipped, Outcome)
    assert isinstance(failed, Outcome)
    assert (skipped.status, failed.status) == (Status.SKIPPED, Status.FAILED)
    assert "is a table without a row" in failed.error
