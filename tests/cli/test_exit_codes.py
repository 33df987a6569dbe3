"""Every row of the contract's table of exit codes, with what is said and what is left behind."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import BAD_KEY, QUOTA, UNKNOWN_MODEL, Fault, LoopbackServer, always, status


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    for number in range(12):
        meetcli.put(f"in/{number:02}.json", explicit(meeting_id=f"M-{number}"))
    return meetcli


def test_0_when_all_went_well_and_when_nothing_was_left_to_do(meetcli: Command) -> None:
    assert meetcli("extract", "in").exit_code == 0
    assert meetcli("extract", "in").exit_code == 0


def test_0_with_a_warning_for_a_folder_without_transcripts(meetcli: Command) -> None:
    (meetcli.folder / "empty").mkdir()
    done = meetcli("extract", "empty")
    assert (done.exit_code, done.stderr) == (0, "warning: no transcripts found\n")
    meetcli.put("docs/readme.txt", "nothing but words")
    assert meetcli("extract", "docs").exit_code == 0


def test_1_when_a_meeting_failed_and_the_others_are_written(meetcli: Command) -> None:
    meetcli.put("in/05.json", "{")
    done = meetcli("extract", "in")
    assert done.exit_code == 1
    assert len(meetcli.results()) == 11
    assert "in/05.json: is not valid JSON" in done.stdout


def test_1_when_one_meeting_is_refused_tonight_and_again_when_only_that_one_is_left(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli.put("in/05.json", explicit("Ana: forbidden words.\nRui: Yes.", meeting_id="M-5"))
    server.faults = lambda _, body: status(403) if "forbidden words" in json.dumps(body) else None
    for calls in (12, 13):  # a refusal costs nothing, and is asked about again
        done = meetcli("extract", "in")
        assert (done.exit_code, server.requests) == (1, calls), done.stderr
        assert "in/05.json: the server answered 403" in done.stdout + done.stderr
    assert len(meetcli.results()) == 11


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["extract", "missing.json"], "missing.json does not exist"),
        (["extract", "in", "no-*.json"], "nothing matches no-*.json"),
        (["extract"], "no PATH given"),
        (["extract", "--files-from", "missing.txt"], "missing.txt"),
        (["extract", "in", "--engine", "abacus"], "'abacus' (from flag --engine) must be one of openai, local"),
        (["extract", "in", "--ttl", "24"], "ttl = '24' (from flag --ttl)"),
        (["extract", "in", "--concurrency", "0"], "concurrency"),
        (["extract", "in", "--base-url", "ftp://host"], "base_url"),
        (["extract", "in", "--refresh", "--cache-only"], "exclude each other"),
        (["extract", "in", "--quiet", "-v"], "exclude each other"),
        (["extract", "in", "--format", "xml"], "format"),
        (["extract", "in", "--log-file", "missing/run.log"], "cannot write the log"),
        (["extract", "in", "--prices", "missing.toml"], "missing.toml"),
        (["extract", "in", "--no-such-option"], "--no-such-option"),
        (["extractt", "in"], "extractt"),
        (["cache", "stats", "--cache-dir", "in/00.json"], "is not a folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_2_when_command_or_settings_are_wrong_and_nothing_was_called(
    meetcli: Command, server: LoopbackServer, arguments: list[str], said: str
) -> None:
    done = meetcli(*arguments)
    assert (done.exit_code, done.stdout, server.requests) == (2, "", 0)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_2_with_the_ways_out_when_a_key_is_needed_and_absent(meetcli: Command, server: LoopbackServer) -> None:
    done = meetcli("extract", "in", OPENAI_API_KEY="")
    assert (done.exit_code, server.requests) == (2, 0)
    assert done.stderr == (
        "error: OPENAI_API_KEY is not set and 12 meetings need a call\n"
        "hint: set it in the environment or in .env (any value for a server that needs none), or use --engine local or --cache-only\n"
    )
    meetcli("extract", "in")
    assert meetcli("extract", "in", OPENAI_API_KEY="").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (["extract", "missing.json"], {"total": 0}),
        (["extract", "in"], {"hit": 2, "not_attempted": 12, "total": 14}),
        (["run", "missing.toml", "in"], {"total": 0}),
        (["extract"], {"total": 0}),
    ],
    ids=["path", "key", "task", "no path"],
)
def test_2_has_its_summary_too_where_scripts_read_one(
    meetcli: Command, server: LoopbackServer, arguments: list[str], counts: dict[str, int]
) -> None:
    meetcli.put("in/list.json", [explicit(meeting_id=f"L-{number}") for number in range(2)])
    meetcli("extract", "in/list.json")
    asked = server.requests
    done = meetcli(*arguments, "--summary", "json", OPENAI_API_KEY="")
    assert (done.exit_code, done.summary["exit_code"], server.requests) == (2, 2, asked)
    assert {status: count for status, count in done.summary["counts"].items() if count} == {
        name: n for name, n in counts.items() if n
    }
    assert done.stderr.startswith("error: ")


def test_3_has_its_summary_too_where_a_required_cache_is_lost_from_the_start(meetcli: Command) -> None:
    done = meetcli("extract", "in", "--cache-required", "--cache-url", "redis://127.0.0.1:1/0", "--summary", "json")
    assert (done.exit_code, done.summary["exit_code"], done.summary["counts"]["total"]) == (3, 3, 0)
    assert "the cache is required" in done.stderr


def test_1_when_the_name_of_one_result_is_too_long_for_a_file(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put(f"in/{'n' * 250}.json", explicit(meeting_id="long"))
    done = meetcli("extract", "in", "--summary", "json")
    failed = [file for file in done.summary["files"] if file["status"] == "failed"]
    assert (done.exit_code, len(meetcli.results()), [file["reason"] for file in failed]) == (1, 12, ["not_written"])
    assert "rename the transcript" in meetcli("extract", "in").stdout
    assert server.requests == 13  # it was bought and is kept: under another name it is a hit
    (meetcli.folder / f"in/{'n' * 250}.json").rename(meetcli.folder / "in/short.json")
    assert meetcli("extract", "in", "--summary", "json").summary["counts"]["hit"] == 13


def test_2_when_two_inputs_share_a_result(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("more/00.json", explicit())
    done = meetcli("extract", "in", "more")
    assert (done.exit_code, server.requests, meetcli.results()) == (2, 0, {})
    assert "in/00.json and more/00.json would both write the result 00.extract.json" in done.stderr


def test_2_when_the_cache_folder_is_unsafe(meetcli: Command, server: LoopbackServer) -> None:
    folder = meetcli.folder / "shared-cache"
    folder.mkdir()
    folder.chmod(0o777)
    done = meetcli("extract", "in", "--cache-dir", folder)
    assert (done.exit_code, server.requests) == (2, 0)
    assert "writable by others" in done.stderr


def test_2_when_the_key_cannot_stand_in_a_request(meetcli: Command, server: LoopbackServer) -> None:
    done = meetcli("extract", "in", OPENAI_API_KEY="sk-\u00e9CANARY")
    assert (done.exit_code, server.requests) == (2, 0)
    assert "CANARY" not in done.stderr


@pytest.mark.parametrize(
    ("fault", "said", "hint"),
    [
        (BAD_KEY, "the API key was refused", "check OPENAI_API_KEY"),
        (QUOTA, "the account has no quota left", "check plan and billing of the account"),
        (UNKNOWN_MODEL, "the model is not known there", "check --model, and what the key may use"),
        (status(403), "this key may not do this", "check the key's permissions, model and region"),
        (status(404), "no such model or path", "check --model and --base-url (it often ends in /v1)"),
    ],
    ids=["key", "quota", "model", "permission", "path"],
)
def test_3_when_no_call_can_work_after_at_most_one_call_each(
    meetcli: Command, server: LoopbackServer, fault: Fault, said: str, hint: str
) -> None:
    server.faults = always(fault)
    done = meetcli("extract", "in", "-j", "4", "--summary", "json")
    counts = done.summary["counts"]
    assert (done.exit_code, done.summary["exit_code"]) == (3, 3)
    assert 1 <= server.requests <= 4
    assert counts["failed"] == server.requests
    assert counts["failed"] + counts["not_attempted"] == 12
    assert done.stderr.endswith(f"{said}\nhint: {hint}\n")


def test_3_at_once_when_the_endpoint_cannot_be_reached(meetcli: Command) -> None:
    done = meetcli(
        "extract", "in", "--summary", "json", "--retries", "0", "-j", "2", OPENAI_BASE_URL="http://127.0.0.1:9/v1"
    )
    assert done.exit_code == 3
    assert done.summary["requests"] == 0
    assert "the server cannot be reached: no connection\nhint: check the network and the base URL\n" in done.stderr


def test_3_when_results_cannot_be_written_with_what_was_bought_in_the_cache(
    meetcli: Command, server: LoopbackServer
) -> None:
    (meetcli.folder / "taken/02.extract.json").mkdir(parents=True)
    done = meetcli("extract", "in", "-o", "taken", "-j", "1", "--summary", "json")
    assert done.exit_code == 3
    assert done.summary["counts"]["total"] == 12
    assert "cannot write taken/" in done.stderr
    assert "what was bought is safe in the cache" in done.stderr
    bought = server.requests
    assert bought < 12
    again = meetcli("extract", "in", "-j", "1", "--summary", "json")
    assert (again.exit_code, server.requests, again.summary["counts"]["hit"]) == (0, 12, bought)


def test_3_before_anything_is_called_where_the_folder_for_results_cannot_be(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli.put("taken", "a file where the folder should be")
    done = meetcli("extract", "in", "-o", "taken/results", "--no-cache", "--summary", "json")
    assert (done.exit_code, server.requests, done.summary["counts"]["not_attempted"]) == (3, 0, 12)
    assert done.stderr == (
        f"error: cannot write results to taken/results: {meetcli.folder}/taken is not a folder that you can write to\n"
        "hint: give another folder with --output\n"
    )
    assert meetcli("extract", "in", "-o", "taken/results", "--dry-run").exit_code == 0


def test_3_and_no_false_comfort_when_the_cache_could_not_keep_it_either(meetcli: Command) -> None:
    (meetcli.folder / "taken/00.extract.json").mkdir(parents=True)
    for arguments in (["--no-cache"], ["--cache-dir", "in/00.json/cache"]):
        done = meetcli("extract", "in", "-o", "taken", "-j", "1", "--summary", "none", *arguments)
        assert done.exit_code == 3
        assert "hint: the cache does not hold it either" in done.stderr
        assert "safe in the cache" not in done.stderr


def test_3_when_known_results_cannot_be_written_and_every_meeting_is_counted(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli("extract", "in")
    meetcli.put("in/new.json", explicit(meeting_id="M-new"))
    meetcli.put("taken", "a file where the folder should be")
    done = meetcli("extract", "in", "-o", "taken", "--summary", "json")
    assert (done.exit_code, server.requests) == (3, 12)
    assert {name: count for name, count in done.summary["counts"].items() if count} == {
        "failed": 1,
        "not_attempted": 12,
        "total": 13,
    }


def test_3_when_the_disk_is_full_and_the_result_that_was_there_stays(
    meetcli: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetcli("extract", "in/00.json")
    before = meetcli.results()
    meetcli.put("in/00.json", explicit("Ana: Something else.\nRui: Yes."))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", full)
        done = meetcli("extract", "in/00.json", "--summary", "none")
    assert (done.exit_code, meetcli.results()) == (3, before)
    assert done.stderr.endswith(
        "error: cannot write results/in/00.extract.json: No space left on device\n"
        "hint: what was bought is safe in the cache; make room or give another folder with --output, and run again\n"
    )
    assert meetcli("extract", "in/00.json", "--cache-only").exit_code == 0
    assert server.requests == 2


def test_a_result_of_a_hit_that_cannot_be_written_is_said_once(meetcli: Command) -> None:
    assert meetcli("extract", "in").exit_code == 0
    meetcli.put("a-file", "")
    done = meetcli("extract", "in", "-o", "a-file")
    assert (done.exit_code, done.stderr.count("cannot write"), done.stdout.count("cannot write")) == (3, 1, 1)


def test_3_when_streamed_results_cannot_be_written(meetcli: Command) -> None:
    with Path("/dev/full").open("wb") as full:
        done = meetcli.alone("extract", "in", "-o", "-", "--summary", "none", stdout=full)
    assert done.exit_code == 3
    assert "cannot write to standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("kind", ["table", "json"])
def test_3_when_the_table_or_the_summary_cannot_be_written(meetcli: Command, kind: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = meetcli.alone("extract", "in", "--engine", "local", "--summary", kind, stdout=full)
    assert done.exit_code == 3
    assert "cannot write to standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["inspect in", "formats", "schema extract", "doctor --offline", "cache stats"])
def test_3_when_what_another_command_prints_cannot_be_written(meetcli: Command, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = meetcli.alone(*command.split(), stdout=full)
    assert done.exit_code == 3
    assert (
        done.stderr
        == "error: cannot write to standard output: No space left on device\nhint: make room, or send it elsewhere\n"
    )


def test_70_with_a_traceback_without_a_word_of_the_meeting_and_nothing_paid_is_lost(
    meetcli: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "CANARY Ana: We will send the plan on Friday."

    def bug(*_: object, **__: object) -> str:
        raise ZeroDivisionError(words)

    with monkeypatch.context() as patched:
        patched.setattr("meetcli.spend.endings.render", bug)
        done = meetcli("extract", "in", "-j", "2")
    assert done.exit_code == 70
    assert "Traceback (most recent call last):\n" in done.stderr
    assert "meetcli/spend/endings.py" in done.stderr
    assert "ZeroDivisionError\n" in done.stderr
    assert "CANARY" not in done.stderr + done.stdout
    assert len(meetcli.results()) == 0
    assert 0 < server.requests < 12
    assert meetcli("extract", "in").exit_code == 0
    assert server.requests == 12, "what was under way when the bug showed was kept"


def test_error_names_the_place_in_a_file_of_many(meetcli: Command) -> None:
    meetcli.put("list.json", [explicit(), {"transcript": 5, "metadata": {}}, explicit(meeting_id="M-3")])
    done = meetcli("extract", "list.json", "--summary", "json")
    assert done.exit_code == 1
    errors = [file["error"] for file in done.summary["files"] if file["error"]]
    assert errors == ["list.json#2: transcript is a number, not text"]
    assert len(meetcli.results()) == 2


def test_a_link_that_leads_nowhere_and_a_file_closed_to_us_harm_no_other(meetcli: Command) -> None:
    (meetcli.folder / "in" / "broken.json").symlink_to("nowhere.json")
    (meetcli.folder / "in" / "circle.json").symlink_to("circle.json")
    closed = meetcli.put("in/closed.json", explicit(meeting_id="M-closed"))
    closed.chmod(0)
    done = meetcli("extract", "in", "--summary", "json")
    assert done.exit_code == 1
    failed = {"in/broken.json", "in/circle.json"} | (set() if os.geteuid() == 0 else {"in/closed.json"})
    assert {file["source"] for file in done.summary["files"] if file["status"] == "failed"} == failed
    assert json.loads(meetcli.results()["00.extract.json"])["meeting_id"] == "M-0"
