"""What a whole run logs: who reads it by machine gets nothing but objects, and every log says how the run ended."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import QUOTA, LoopbackServer, always


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    for number in range(3):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}"))
    return meetcli


def test_json_on_standard_error_stays_one_object_a_line_whatever_ends_the_run(
    meetcli: Command, server: LoopbackServer
) -> None:
    server.faults = always(QUOTA)
    done = meetcli("extract", "in", "--log-format", "json", "-v", "--summary", "none")
    assert done.exit_code == 3
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["run_id"] for line in lines} == {lines[0]["run_id"]}
    assert all(line["event"] and line["level"] and line["time"] for line in lines)
    assert [line["event"] for line in lines[-2:]] == ["run_finished", "failed"]
    assert lines[-1]["hint"] == "check plan and billing of the account"
    counts = lines[-2]["counts"]
    assert lines[-2]["exit_code"] == 3
    assert counts["failed"] + counts.get("not_attempted", 0) == 3, (
        "those whose call was under way failed of it, the others were not called"
    )


def test_a_log_file_is_told_what_ended_the_run_and_so_is_who_watches(meetcli: Command, server: LoopbackServer) -> None:
    server.faults = always(QUOTA)
    done = meetcli("extract", "in", "--log-file", "run.log", "--summary", "none")
    assert "hint: check plan" in done.stderr
    assert (
        f"ERROR   gpt-4o at {server.base_url[7:-3]}: the server answered 429"
        in (meetcli.folder / "run.log").read_text()
    )


def test_runs_are_told_apart_in_one_log_that_two_of_them_write(meetcli: Command) -> None:
    options = ("--log-file", "run.log", "--log-format", "json", "-v", "--no-cache", "--summary", "none")
    for process in [meetcli.start("extract", "in", *options) for _ in range(2)]:
        process.communicate(timeout=60)
    lines = [json.loads(line) for line in (meetcli.folder / "run.log").read_text().splitlines()]
    assert sorted(Counter(line["run_id"] for line in lines).values()) == [4, 4]
    finished = [line for line in lines if line["event"] == "run_finished"]
    assert [(line["task"], line["counts"], line["requests"], line["exit_code"]) for line in finished] == [
        ("extract", {"bypassed": 3}, 3, 0)
    ] * 2


def test_a_watched_run_says_in_words_what_it_came_to(meetcli: Command) -> None:
    done = meetcli("extract", "in", "-v", "--summary", "none")
    money = r"tokens=\d+\+\d+ \| cost=unknown \| saved=\$0"
    assert re.search(
        rf"INFO    extract finished \| miss=3 \| requests=3 \| {money} \| duration=[\d.]+s \| exit_code=0\n$",
        done.stderr,
    )


def test_a_quiet_run_with_a_log_file_tells_the_file_everything_and_the_screen_what_failed(meetcli: Command) -> None:
    meetcli.put("in/bad.json", "{")
    done = meetcli("extract", "in", "-q", "-v", "--log-file", "run.log", "--log-format", "json")
    assert done.exit_code == 1
    assert re.fullmatch(r"error: in/bad\.json: is not valid JSON.*\n", done.stderr)
    lines = [json.loads(line) for line in (meetcli.folder / "run.log").read_text().splitlines()]
    assert [line["level"] for line in lines if line["event"] == "meeting_finished"].count("ERROR") == 1
    assert lines[-1]["event"] == "run_finished"


def test_what_ends_a_quiet_run_with_a_log_file_is_said_once_in_each(meetcli: Command, server: LoopbackServer) -> None:
    server.faults = always(QUOTA)
    done = meetcli("extract", "in", "-q", "--log-file", "run.log", "-j", "1")
    assert len(done.stderr.splitlines()) == 3  # the meeting that failed, then what stopped the run with its hint
    assert done.stderr.count("hint: check plan and billing") == 1
    assert (meetcli.folder / "run.log").read_text().count("ERROR") == 2


def test_settings_that_are_refused_are_no_log_lines(meetcli: Command) -> None:
    done = meetcli("extract", "in", "--ttl", "often", "--log-format", "json")
    assert done.stderr.startswith("error: ttl = 'often'")


@pytest.mark.parametrize(("options", "is_said"), [((), False), (("-v",), True), (("--language", "pt"), True)])
def test_that_languages_are_not_checked_is_said_where_one_was_asked_for(meetcli, monkeypatch, options, is_said):
    monkeypatch.setattr("meetcli.wiring.spending.can_detect", lambda: False)
    done = meetcli("extract", "in", "--summary", "none", *options)
    assert ("meetcli[language]" in done.stderr) is is_said
