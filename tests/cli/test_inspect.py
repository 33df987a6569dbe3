"""`inspect` and `formats` say what is understood, call nobody, and show text only where it is asked for."""

from __future__ import annotations

import json

import pytest

VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ana Sá>CANARY-7f3a, shall we start?\n\n00:03.000 --> 00:04.000\n<v Bob>Yes.\n"


@pytest.fixture
def exports(meetcli):
    folder = meetcli.folder / "exports"
    folder.mkdir()
    (folder / "q3.vtt").write_text(VTT, encoding="utf-8")
    (folder / "q3.meta.json").write_text(
        '{"meeting_id": "M-1", "customer_id": "C-1", "meet_date": "2026-03-02"}', encoding="utf-8"
    )
    (folder / "notes.txt").write_text("nothing said here", encoding="utf-8")
    return folder


def test_shows_what_was_understood_without_the_text(meetcli, server, exports):
    done = meetcli("inspect", "exports", "--long")
    assert done.exit_code == 0
    for shown in (
        "q3.vtt",
        "WebVTT",
        "M-1",
        "C-1",
        "2026-03-02",
        "2: Ana Sá, Bob",
        "times up to 0:00:04",
        "1 meeting understood",
    ):
        assert shown in done.stdout
    assert "1 skipped: no transcript" in done.stdout
    assert "1 skipped: sidecar" in done.stdout
    assert "CANARY" not in done.stdout + done.stderr
    assert server.requests == 0


def test_says_once_what_is_wrong_with_a_sidecar(meetcli, exports):
    (exports / "q3.meta.json").write_text("{broken", encoding="utf-8")
    done = meetcli("inspect", "exports")
    assert done.exit_code == 1
    assert "its q3.meta.json is not valid JSON" in done.stdout
    assert "1 failed" in done.stdout
    assert "2 other files (1 no transcript, 1 sidecar)" in done.stdout
    assert "1 failed" in meetcli("inspect", "exports/q3.meta.json").stdout
    (exports / "q3.vtt").rename(exports / "q4.vtt")  # nobody else says it now
    assert "q3.meta.json: is not valid JSON" in meetcli("inspect", "exports").stdout


def test_a_folder_is_a_line_a_file(meetcli, exports, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    turns = [f"Ana: {'Something was said here. ' * 20}", *["Bob: Yes."] * 2]
    (exports / "long.txt").write_text("\n".join(turns * 3), encoding="utf-8")
    (exports / "stamps.txt").write_text(
        "\n".join(f"at {n}:05 somebody said that nothing was there" for n in range(9)), encoding="utf-8"
    )
    (exports / "cut.vtt").write_text("WEBVTT\n\n00:01.000 --> nowhere\nCANARY-7f3a\n", encoding="utf-8")
    done = meetcli("inspect", "exports")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:5] == [
        "file                format      turns  speakers         date        ids",
        "exports/cut.vtt     failed",
        "exports/long.txt    plain text      9  one speaker 97%  –           none",
        "exports/q3.vtt      WebVTT          2  2: Ana Sá, Bob   2026-03-02  all",
        "exports/stamps.txt  unread",
    ]
    told = " ".join(done.stdout.split())
    assert "unread: exports/stamps.txt: has times in its lines, as a transcript has" in told
    assert "hint: write who speaks before the words" in told
    assert "2 meetings understood, 2 other files (1 no transcript, 1 sidecar), 1 unread, 1 failed 1 meeting in" in told
    assert '--patterns "{customer_id}/{meet_date}_{meeting_id}.txt" where paths say it, or a sidecar long.meta' in told
    assert "CANARY" not in done.stdout + done.stderr
    assert max(map(len, lines)) <= 80
    summary = json.loads(meetcli("inspect", "exports", "--json").stdout)
    assert summary["counts"] == {"meetings": 2, "skipped": 3, "unread": 1, "failed": 1}
    rows = {row["source"].rpartition("/")[2]: row for row in summary["inputs"]}
    assert [(doubt["name"], doubt["measure"] > 0.97) for doubt in rows["long.txt"]["doubts"]] == [("one_speaker", True)]
    assert rows["stamps.txt"]["reason"] == "unread"
    assert "doubt" in meetcli("inspect", "exports/long.txt").stdout


def test_one_file_is_shown_in_full(meetcli, exports):
    assert "speakers  2: Ana Sá, Bob" in meetcli("inspect", "exports/q3.vtt").stdout
    (exports / "notes.txt").unlink()
    assert "speakers  2: Ana Sá, Bob" not in meetcli("inspect", "exports").stdout


def test_says_which_ids_a_key_lacks(meetcli, exports):
    done = meetcli("inspect", "exports/q3.vtt", "--meet-date", "2026-03-02")
    assert "none without" not in done.stdout
    (exports / "q3.meta.json").write_text('{"customer_id": "C-1"}', encoding="utf-8")
    none = meetcli("inspect", "exports/q3.vtt", "--key-fallback", "none")
    assert "none without meet_date, meeting_id, so no answer" in none.stdout
    shown = " ".join(meetcli("inspect", "exports/q3.vtt").stdout.split())
    assert "(of its content)" in shown
    assert (
        'ids no meet_date, meeting_id: --patterns "{meet_date}_{meeting_id}.vtt" where paths say it, '
        "or a sidecar q3.meta.json" in shown
    )
    [row] = json.loads(meetcli("inspect", "exports/q3.vtt", "--json").stdout)["inputs"]
    assert row["missing_ids"] == ["meet_date", "meeting_id"]


def test_prints_the_turns_where_they_are_asked_for(meetcli, exports):
    done = meetcli("inspect", "exports", "--turns")
    assert "1 0:00:01 Ana Sá: CANARY-7f3a, shall we start?" in done.stdout
    assert "2 0:00:03 Bob: Yes." in done.stdout


def test_prints_one_json_object(meetcli, exports):
    done = meetcli("inspect", "exports/q3.vtt", "--json", "--turns")
    summary = json.loads(done.stdout)
    assert summary["counts"] == {"meetings": 1, "skipped": 0, "unread": 0, "failed": 0}
    [row] = summary["inputs"]
    assert (row["format"], row["meeting_id"], row["turns"][1]) == (
        "WebVTT",
        "M-1",
        {"speaker": "Bob", "start_s": 3.0, "end_s": 4.0, "text": "Yes."},
    )
    assert len(row["idempotency_key"]) == 64
    assert row["words"] == 5
    assert row["tokens"] > 100


def test_fails_for_what_was_named_and_says_what_was_tried(meetcli, exports):
    done = meetcli("inspect", "exports/notes.txt", "exports/q3.vtt")
    assert done.exit_code == 1
    assert "no known transcript shape (tried: WebVTT, SRT" in " ".join(done.stdout.split())
    assert "1 meeting understood, 1 failed" in done.stdout


def test_reads_standard_input_and_takes_options_for_what_it_does_not_say(meetcli):
    done = meetcli("inspect", "-", "--json", "--meeting-id", "M-9", "--meet-date", "2026-03-02", stdin=VTT.encode())
    [row] = json.loads(done.stdout)["inputs"]
    assert (row["source"], row["meeting_id"], row["meet_date"], row["customer_id"]) == (
        "stdin",
        "M-9",
        "2026-03-02",
        None,
    )


def test_one_id_for_many_files_is_refused(meetcli, exports):
    (exports / "q4.vtt").write_text(VTT, encoding="utf-8")
    done = meetcli("inspect", "exports", "--meeting-id", "M-9")
    assert done.exit_code == 2
    assert "--meeting-id names one meeting" in done.stderr


class TestPatternsInAnInputFolder:
    def test_say_what_paths_mean(self, meetcli, exports):
        (exports / "meetcli.toml").write_text('patterns = ["{meet_date}_{meeting_id}.vtt"]', encoding="utf-8")
        (exports / "2026-03-02_M-7.vtt").write_text(VTT, encoding="utf-8")
        rows = json.loads(meetcli("inspect", "exports", "--json").stdout)["inputs"]
        assert {row.get("meeting_id") for row in rows if row["status"] == "understood"} == {"M-1", "M-7"}

    @pytest.mark.parametrize(
        "text",
        ['base_url = "http://127.0.0.1:9/v1"', 'patterns = []\nmodel = "x"', "[patterns]\na = 1", "patterns = 7"],
    )
    def test_and_nothing_else(self, meetcli, server, exports, text):
        (exports / "meetcli.toml").write_text(text, encoding="utf-8")
        for command in ("inspect", "extract"):
            done = meetcli(command, "exports")
            assert done.exit_code == 2
            assert "exports/meetcli.toml" in done.stderr
        assert server.requests == 0

    def test_are_the_settings_where_the_folder_is_the_one_worked_in(self, meetcli, exports):
        (meetcli.folder / "meetcli.toml").write_text(
            'patterns = ["{customer_id}.srt"]\nmodel = "gpt-4.1"', encoding="utf-8"
        )
        (meetcli.folder / "C-4.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nAna: oi\n", encoding="utf-8")
        rows = json.loads(meetcli("inspect", ".", "--json").stdout)["inputs"]
        assert "C-4" in {row.get("customer_id") for row in rows}


def test_the_formats_are_listed_with_what_they_carry(meetcli):
    done = meetcli("formats")
    assert done.exit_code == 0
    assert "Google Meet" in done.stdout
    assert "Gong *" in done.stdout
    assert "…" not in done.stdout
    listed = json.loads(meetcli("formats", "--json").stdout)["formats"]
    documented = {line["name"] for line in listed if line["is_from_documentation"]}
    assert documented >= {"whisper.cpp JSON", "Gong", "Fireflies", "Fathom", "SBV", "Zoom captions", "Recall.ai JSON"}
    assert documented.isdisjoint({"Google Meet", "WebVTT", "WhisperX JSON", "Otter", "plain text", "meetcli JSON"})
