"""A meeting without ids is known by what was said: what was processed is not processed again, and what is, is said."""

from __future__ import annotations

import json

import pytest

VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ana>{}\n\n00:03.000 --> 00:04.000\n<v Bob>Yes, I think so.\n"
TEXT = "Ana: {}\nBob: I think so.\nAna: Then let us start.\nBob: Fine.\n"
ENTRY_FREE = {"transcript": "Ana: The third one.\nBob: Fine.", "metadata": {"customer_id": "C-1"}}


@pytest.fixture
def exports(meetcli):
    meetcli.put("in/a.vtt", VTT.format("Shall we begin with the renewal?"))
    meetcli.put("in/b.txt", TEXT.format("Has everybody read the paper?"))
    meetcli.put("in/c.json", ENTRY_FREE)
    return meetcli.folder / "in"


def extract(meetcli, *arguments):
    return meetcli("extract", "in", "--summary", "json", *arguments)


def test_a_folder_of_exports_is_bought_once(meetcli, server, exports):
    first = extract(meetcli)
    assert (first.summary["counts"]["miss"], first.summary["hit_rate"], server.requests) == (3, 0, 3)
    assert first.stderr == ""
    for _ in range(2):  # found by its bytes, then with its result in place
        again = extract(meetcli)
        assert (again.summary["counts"]["hit"], again.summary["hit_rate"], server.requests) == (3, 1, 3)
        assert again.summary["known_by_content"] == {"total": 3, "hit": 3}
    for result in (meetcli.folder / "results").iterdir():
        result.unlink()
    assert extract(meetcli).summary["known_by_content"] == {"total": 3, "hit": 3}
    assert server.requests == 3


def test_the_same_words_in_another_file_are_the_same_meeting(meetcli, server, exports):
    extract(meetcli)
    (exports / "a.vtt").rename(exports / "z.vtt")
    (exports / "b.txt").rename(exports / "y.md")
    assert set(extract(meetcli).statuses.values()) == {"hit"}
    assert server.requests == 3


def test_other_words_are_changed_with_ids_and_a_miss_without(meetcli, server, exports):
    ids = {"meeting_id": "M-1", "customer_id": "C-1", "meet_date": "2026-03-02"}
    (exports / "b.meta.json").write_text(json.dumps(ids))
    extract(meetcli)
    (exports / "a.vtt").write_text(VTT.format("Shall we begin with the price?"))
    (exports / "b.txt").write_text(TEXT.format("Has anybody read the paper?"))
    planned = extract(meetcli, "--dry-run")
    assert planned.summary["known_by_content"] == {"total": 2, "hit": 1, "miss": 1}
    done = extract(meetcli)
    assert done.summary["known_by_content"] == {"total": 2, "hit": 1, "miss": 1}
    assert (done.statuses["in/b.txt"], done.statuses["in/a.vtt"]) == ("changed", "miss")
    assert next(file["reason"] for file in done.summary["files"] if file["source"] == "in/b.txt") == "content"
    table = meetcli("extract", "in").stdout
    assert "ids      2 meetings without ids, known by content: 2 hit" in table


def test_a_dry_run_says_which_ids_are_missing_and_what_would_give_them(meetcli, exports):
    told = " ".join(meetcli("extract", "in", "--dry-run").stdout.split())
    assert "3 meetings without ids, known by content: 3 miss" in told
    assert (
        'without customer_id, meet_date, meeting_id: --patterns "{customer_id}/{meet_date}_{meeting_id}.vtt" '
        "where paths say it, or a sidecar a.meta.json" in told
    )


@pytest.mark.parametrize("more", [(), ("-q",), ("--dry-run",), ("-q", "--dry-run")])
def test_without_the_fallback_each_run_says_first_that_it_pays_again(meetcli, server, exports, more):
    (exports / "b.txt").unlink()
    (exports / "c.json").unlink()
    for run in (1, 2):
        done = meetcli("extract", "in", "--key-fallback", "none", *more)
        assert "warning: 1 meeting without all three ids (customer_id, meet_date, meeting_id) cannot be" in done.stderr
        assert done.exit_code == 0
        assert server.requests == (0 if "--dry-run" in more else run)


def test_the_warning_comes_before_the_first_call(meetcli, server, exports):
    done = meetcli("extract", "in", "--key-fallback", "none", "-v", "--log-format", "json")
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events.index("no_ids") < events.index("meeting_finished")


@pytest.mark.parametrize(("fallback", "state"), [("content", "ok"), ("none", "warn")])
def test_doctor_says_what_becomes_of_meetings_without_ids(meetcli, fallback, state):
    meetcli.environment["MEETCLI_KEY_FALLBACK"] = fallback
    told = meetcli("doctor", "--offline").stdout
    [line] = [line for line in told.splitlines() if line.split()[:2] == [state, "ids"]]
    assert "content" in told[told.index(line) :]
    assert "{customer_id}/{meet_date}_{meeting_id}.vtt" in told
