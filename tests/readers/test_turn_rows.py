"""Tables with one turn a row: Whisper's, and columns under the names that people and their programs give them."""

import pytest

from meetcli.errors import InputError
from meetcli.models import Outcome, Status
from tests.readers.formats_seen import found_in, meetings_in

ASK, ANSWER = "Shall we start with the renewal?", "Yes, two pages, by Friday."
TWO = [("Ana", 0.0, 2.0, ASK), ("Rui", 2.5, 4.5, ANSWER)]


@pytest.fixture
def put(tmp_path):
    def write(text, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


@pytest.fixture
def turns(put):
    def read(text, name="a.csv"):
        [(_, meeting)] = meetings_in(put(text, name))
        return [(turn.speaker, turn.start_s, turn.end_s, turn.text) for turn in meeting.turns]

    return read


@pytest.mark.parametrize(
    "head",
    [
        "start,end,speaker,text",
        "start_time,end_time,speaker_name,transcript",
        "Start Time,End Time,Speaker Name,Text",
        "begin,stop,who,line",
        "start (s),end (s),speaker,utterance",
        "Início,Fim,Falante,Fala",
        "Beginn,Ende,Sprecher,Text",
        "inicio,fin,hablante,texto",
        "début,fin,intervenant,texte",
    ],
)
@pytest.mark.parametrize(
    "times",
    [
        ("0,2", "2.5,4.5"),
        ("0,2000", "2500,4500"),
        ("00:00:00,00:00:02", "00:00:02.500,00:00:04.500"),
        ("0:00,0:02", "0:02.5,0:04.5"),
    ],
    ids=["seconds", "milliseconds", "clock", "short clock"],
)
def test_columns_have_common_names_in_common_languages(turns, head, times):
    assert turns(f'{head}\n{times[0]},Ana,"{ASK}"\n{times[1]},Rui,"{ANSWER}"\n') == TWO


@pytest.mark.parametrize(("delimiter", "name"), [(";", "a.csv"), ("\t", "a.tsv"), ("\t", "a.txt"), ("|", "a")])
def test_other_delimiters_need_no_quotes_for_a_comma(turns, delimiter, name):
    rows = [["start", "end", "speaker", "text"], ["0", "2", "Ana", ASK], ["2,5", "4,5", "Rui", ANSWER]]
    assert turns("\r\n".join(delimiter.join(row) for row in rows), name) == TWO


def test_what_excel_and_pandas_add_is_no_part_of_it(turns):
    assert turns(f"sep=;\r\nstart;end;speaker;text\r\n0;2;Ana;{ASK}\r\n2.5;4.5;Rui;{ANSWER}\r\n") == TWO
    assert turns(f',start,end,speaker,text\n0,0.0,2.0,Ana,"{ASK}"\n1,2.5,4.5,Rui,"{ANSWER}"\n') == TWO


def test_a_table_of_markdown_is_one_too(turns):
    head = "| Start | End | Speaker | Text |\n|:---|---:|---|---|\n"
    assert turns(f"{head}| 0:00 | 0:02 | Ana | {ASK} |\n| 0:02.5 | 0:04.5 | Rui | {ANSWER} |\n", "a.md") == TWO


class TestWhisper:
    @pytest.mark.parametrize("last", ["5100", "3725000"])
    def test_counts_milliseconds_and_says_no_speaker(self, turns, last):
        found = turns(f"start\tend\ttext\n0\t2400\tGood morning, all of you.\n2600\t{last}\tShall we?\n", "a.tsv")
        assert [(start, end) for _, start, end, _ in found] == [(0.0, 2.4), (2.6, int(last) / 1000)]

    def test_quotes_nothing(self, turns):
        found = turns('start\tend\ttext\n0\t2400\t"Good morning," she said.\n2600\t5100\t"And then?\n', "a.tsv")
        assert [text for *_, text in found] == ['"Good morning," she said.', '"And then?']

    def test_cpp_writes_commas_and_quotes(self, turns):
        found = turns('start,end,speaker,text\n0,2400,"0"," Good morning."\n2600,5100,"1"," He said ""yes""."\n')
        assert found == [("Speaker 0", 0.0, 2.4, "Good morning."), ("Speaker 1", 2.6, 5.1, 'He said "yes".')]


def test_a_column_of_meetings_parts_them(put):
    table = "meeting_id,meet_date,speaker,start,text\nM-1,2026-03-02,Ana,0.0,Shall we start?\n"
    table += "M-1,2026-03-02,Rui,3.1,Yes.\nM-2,2026-03-09,Ana,0.5,Next one please.\n"
    found = meetings_in(put(table))
    assert [(meeting.meeting_id, meeting.meet_date, len(meeting.turns)) for _, meeting in found] == [
        ("M-1", "2026-03-02", 2),
        ("M-2", "2026-03-09", 1),
    ]


def test_a_row_of_other_columns_fails(put):
    path = put(f"start,end,speaker,text\n0,2,Ana,{ASK}\n2.5,4.5,Rui,{ANSWER}\n5,6,Ana,Good.\n")
    with pytest.raises(InputError, match="has 6 columns at row 2 where the first line names 4"):
        raise _error(path)


def _error(path):
    [found] = found_in(path)
    assert isinstance(found, Outcome)
    assert found.status is Status.FAILED
    return InputError(found.error)


@pytest.mark.parametrize(
    "table",
    [
        "id,user,text,created_at\n1,ana,hello world,2026-01-01T10:00:00Z\n2,rui,hi there,2026-01-01T10:01:00Z\n",
        "name,rating,text\nana,5,very good\nrui,4,good\nana,3,so so\n",
        "date,description,amount\n2026-01-01,coffee,3.50\n2026-01-02,tea,2.50\n",
        "label,text\nspam,buy now\nham,see you\nspam,buy it\n",
        "key,en,pt\nhello,Hello,Olá\nbye,Bye,Tchau\n",
    ],
)
def test_other_tables_are_left_alone_in_a_folder(put, table):
    [found] = found_in(put(table), is_named=False)
    assert isinstance(found, Outcome)
    assert found.status is Status.SKIPPED
