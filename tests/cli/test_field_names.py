"""Near misses of a meeting's fields are told, other people's fields are not."""

import json

import pytest

from meetcli.meetings.field_names import misspelled


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("custmer_id", "customer_id"),
        ("customerId", "customer_id"),
        ("Customer ID", "customer_id"),
        ("meeting-date", "meet_date"),
        ("meet_dte", "meet_date"),
        ("meetingid", "meeting_id"),
        ("bankername", "banker_name"),
        ("meeting_type", "meet_type"),
        ("meet_id", None),
        ("customer_email", None),
        ("meeting_title", None),
        ("participants", None),
        ("date", None),
        ("id", None),
        ("duration", None),
        ("source", None),
        ("transcript", None),
    ],
)
def test_a_near_miss_is_what_somebody_mistyped(name, meant):
    assert list(misspelled({name: "x"})) == ([(name, meant)] if meant else [])


def test_nothing_was_meant_that_is_there_already():
    assert list(misspelled({"customerId": "x", "customer_id": "C-1"})) == []
    assert list(misspelled({"meetingid": "x", "meet_id": "M-1"})) == []
    assert list(misspelled({"customerId": "x", "customer_id": ""})) == [("customerId", "customer_id")]


def test_a_run_tells_each_once_a_kind_of_file_and_also_under_quiet(meetcli):
    for number in range(3):
        meetcli.put(f"in/{number}.vtt", f"WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ana>Shall we number {number}?\n")
        meetcli.put(f"in/{number}.meta.json", {"custmer_id": "C-1", "department": "x"})
    meetcli.put("in/t.csv", 'transcript,meeting_id,CustomerId,meet_date\n"Ana: oi",M-1,C-1,2026-01-01\n')
    meetcli.put("in/u.json", {"transcript": "Ana: Oi.\nRui: Oi.", "metadata": {"meetdate": "2026-01-01", "mood": "x"}})
    done = meetcli("extract", "in", "-q")
    assert sorted(done.stderr.splitlines()) == [
        "warning: the field 'custmer_id' (sidecar, first of in/0.vtt) is not read: did you mean customer_id?",
        "warning: the field 'customerid' (CSV, first of in/t.csv#1) is not read: did you mean customer_id?",
        "warning: the field 'meetdate' (meetcli JSON, first of in/u.json) is not read: did you mean meet_date?",
    ]
    result = json.loads(meetcli.results()["0.vtt.extract.json"])
    assert result["customer_id"] is None
    assert "did you mean customer_id" in meetcli("inspect", "in").stderr
