"""`--lane batch` against a server with Files and Batches: submit, collect, and never twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal

import pytest

from meetcli.models import Usage
from meetcli.money.pricing import open_price
from tests.cli.batch_lane import counted, run
from tests.conftest import PROJECT
from tests.corridor import explicit
from tests.loopback_batches import Batches

PRICE = open_price("openai", "gpt-4o", read_toml=None)
STEPS = [f"{step} {when}" for step in ("upload", "create", "retrieve", "download") for when in ("before", "after")]


@pytest.mark.parametrize("lane", ["batch", "standard"])
def test_a_batch_is_submitted_once_and_collected_by_the_next_run_at_half_price(
    batches, server, meetcli, four_meetings, lane
):
    first = run(meetcli, four_meetings)
    assert (first.exit_code, counted(first), first.summary["cost_usd"]) == (0, {"submitted": 4}, "0")
    [batch] = batches.batches.values()
    assert first.summary["batches"] == [{"id": batch["id"], "requests": 4}]
    waiting = run(meetcli, four_meetings, lane=lane)
    assert (waiting.exit_code, counted(waiting), len(batches.batches)) == (0, {"submitted": 4}, 1)
    batches.finish()
    second = run(meetcli, four_meetings, lane=lane)
    assert (second.exit_code, counted(second)) == (0, {"miss": 4})
    assert (len(batches.asked), server.requests) == (4, 0)
    usage = second.summary["usage"]
    used = Usage(usage["input_tokens"], 0, usage["output_tokens"])
    assert Decimal(second.summary["cost_usd"]) * 2 == PRICE(used, "standard")
    spent = second.summary["cost_usd"]
    assert second.summary["money"] == {
        "by_status": {"miss": {"cost_usd": spent, "saved_usd": "0"}},
        "by_lane": {"batch": {"cost_usd": spent, "saved_usd": spent}},
    }
    third = run(meetcli, four_meetings, lane=lane)
    assert (counted(third), third.summary["cost_usd"]) == ({"hit": 4}, "0")
    assert third.summary["saved_usd"] == second.summary["cost_usd"]


def test_results_are_equal_in_shape_to_live_ones(batches, meetcli, four_meetings, tmp_path):
    run(meetcli, four_meetings)
    batches.finish()
    run(meetcli, four_meetings)
    run(meetcli, four_meetings, "-o", "live", "--cache-dir", "other", lane="standard")
    for number in range(4):
        batch, live = (
            json.loads((tmp_path / folder / f"{number}.extract.json").read_text()) for folder in ("results", "live")
        )
        for result in (batch, live):
            for field in ("created_at", "cost_usd", "usage"):
                del result["provenance"][field]
        assert batch == live


@pytest.mark.parametrize("status", ["completed", "expired", "cancelled", "failed"])
def test_what_is_finished_is_kept_and_the_rest_is_asked_again(batches, meetcli, four_meetings, status):
    run(meetcli, four_meetings)
    fates = ("ok", "failed", "expired", "ok")
    batches.finish(lambda number, line: fates[number], status=status)
    second = run(meetcli, four_meetings)
    assert counted(second) == {"miss": 2, "submitted": 2}
    assert "2 of 4 answered" in second.stderr
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"hit": 2, "miss": 2}
    assert len(batches.asked) == 6


def test_a_line_that_comes_twice_is_one_answer_and_one_without_a_reason_says_so(batches, meetcli, four_meetings):
    run(meetcli, four_meetings)
    [batch] = batches.batches.values()
    batches.finish(lambda number, line: "failed" if number else "ok", status="expired")
    batches.files[batch["output_file_id"]] += b"\n" + batches.files[batch["output_file_id"]]
    errors = [json.loads(line) for line in batches.files[batch["error_file_id"]].splitlines()]
    bare = [line | {"response": None} for line in errors]
    batches.files[batch["error_file_id"]] = "\n".join(map(json.dumps, bare)).encode()
    second = run(meetcli, four_meetings)
    assert counted(second) == {"miss": 1, "submitted": 3}
    assert "1 of 4 answered (3 no reason given)" in second.stderr


@pytest.mark.parametrize("way", ["redis", "api project"])
def test_another_machine_submits_nothing_again_and_collects_what_is_ready(
    batches, server, meetcli, four_meetings, way, request
):
    shared = ("--cache-url", request.getfixturevalue("clean_redis")) if way == "redis" else ()
    assert counted(run(meetcli, four_meetings, *shared, "--cache-dir", "here")) == {"submitted": 4}
    there = (*shared, "--cache-dir", "there", "-o", "theirs")
    assert counted(run(meetcli, four_meetings, *there)) == {"submitted": 4}
    batches.finish()
    done = run(meetcli, four_meetings, *there)
    assert counted(done) == {"miss": 4}
    assert Decimal(done.summary["cost_usd"]) > 0
    back = run(meetcli, four_meetings, *shared, "--cache-dir", "here")
    assert counted(back) == ({"hit": 4} if way == "redis" else {"miss": 4})
    assert (len(batches.asked), server.requests) == (4, 0)


def test_a_live_run_with_the_same_redis_collects_and_does_not_buy(batches, server, meetcli, four_meetings, clean_redis):
    run(meetcli, four_meetings, "--cache-url", clean_redis, "--cache-dir", "here")
    there = ("--cache-url", clean_redis, "--cache-dir", "there")
    assert counted(run(meetcli, four_meetings, *there, lane="standard")) == {"submitted": 4}
    batches.finish()
    assert counted(run(meetcli, four_meetings, *there, lane="standard")) == {"miss": 4}
    assert (len(batches.asked), server.requests) == (4, 0)


def test_a_lost_cache_finds_its_batches_in_the_server_s_list(batches, server, meetcli, four_meetings):
    run(meetcli, four_meetings)
    batches.finish()
    done = run(meetcli, four_meetings, "--cache-dir", "another")
    assert (counted(done), len(batches.asked)) == ({"miss": 4}, 4)


@pytest.mark.parametrize("lane", ["batch", "standard"])
def test_results_that_the_server_has_no_longer_are_looked_for_for_a_week_and_then_asked_for_again(
    batches, server, meetcli, four_meetings, lane, monkeypatch
):
    run(meetcli, four_meetings)
    batches.finish()
    [batch] = batches.batches.values()
    kept = batches.files.pop(batch["output_file_id"])
    for _ in range(2):
        again = run(meetcli, four_meetings, lane=lane)
        assert (again.exit_code, counted(again), len(batches.asked)) == (0, {"submitted": 4}, 4)
        assert f"does not have its file {batch['output_file_id']}: it is looked at again" in again.stderr
    monkeypatch.setattr("meetcli.engines.openai_collect.LOOKED_FOR", timedelta(0))
    given_up = run(meetcli, four_meetings, lane=lane)
    assert (given_up.exit_code, counted(given_up)) == (0, {"submitted": 4} if lane == "batch" else {"miss": 4})
    assert "its rest is given up" in given_up.stderr
    batches.files[batch["output_file_id"]] = kept
    batches.finish()
    assert counted(run(meetcli, four_meetings, lane=lane)) == ({"miss": 4} if lane == "batch" else {"hit": 4})


def test_another_s_batch_whose_requests_were_deleted_is_collected_by_its_results(
    batches, server, meetcli, four_meetings
):
    run(meetcli, four_meetings)
    batches.finish(lambda number, line: "ok" if number else "failed")
    [batch] = batches.batches.values()
    del batches.files[batch["input_file_id"]]
    done = run(meetcli, four_meetings, "--cache-dir", "another")
    assert (done.exit_code, counted(done), len(batches.asked)) == (0, {"miss": 3, "submitted": 1}, 5)


def test_a_batch_of_two_weeks_ago_is_found_in_the_server_s_list_too(batches, meetcli, four_meetings):
    run(meetcli, four_meetings)
    batches.finish()
    [batch] = batches.batches.values()
    batch["created_at"] -= 14 * 24 * 3600
    assert (counted(run(meetcli, four_meetings, "--cache-dir", "another")), len(batches.asked)) == ({"miss": 4}, 4)


def test_an_answer_without_a_word_is_money_of_the_batch_lane(batches, server, meetcli, four_meetings):
    server.count_tokens = len
    server.answer = lambda body: ""
    run(meetcli, four_meetings / "0.json")
    batches.finish()
    done = run(meetcli, four_meetings / "0.json")
    assert done.summary["money"]["by_lane"] == {
        "batch": {"cost_usd": done.summary["cost_usd"], "saved_usd": done.summary["cost_usd"]}
    }


def test_repairs_go_into_the_next_batch(batches, server, meetcli, four_meetings):
    good = server.answer
    server.answer = lambda body: "{}" if len(body["messages"]) == 3 else good(body)
    run(meetcli, four_meetings / "0.json")
    batches.finish()
    second = run(meetcli, four_meetings / "0.json")
    assert counted(second) == {"submitted": 1}
    batches.finish()
    third = run(meetcli, four_meetings / "0.json")
    assert (counted(third), len(batches.asked), server.requests) == ({"miss": 1}, 2, 0)
    bill = sum(PRICE(Usage(given, 0, output), "batch") for given, output in server.bill)
    assert Decimal(second.summary["cost_usd"]) + Decimal(third.summary["cost_usd"]) == bill


def test_an_answer_to_less_than_was_sent_is_none(batches, server, meetcli, four_meetings):
    run(meetcli, four_meetings)
    server.count_tokens = lambda text: 1  # what a server counts that has dropped the transcript
    batches.finish()
    second = run(meetcli, four_meetings)
    assert (second.exit_code, counted(second)) == (1, {"failed": 4})
    [file, *_] = second.summary["files"]
    assert file["reason"] == "not_read"
    assert "the server read 3 of about" in file["error"]
    assert not meetcli.results()
    server.count_tokens = lambda text: len(text) // 4
    third = run(meetcli, four_meetings, lane="standard")
    assert (counted(third), server.requests) == ({"miss": 4}, 4)


def test_repairs_go_live_on_demand(batches, server, meetcli, four_meetings):
    good = server.answer
    server.answer = lambda body: "{}" if len(body["messages"]) == 3 else good(body)
    run(meetcli, four_meetings / "0.json")
    batches.finish()
    done = run(meetcli, four_meetings / "0.json", "--repair", "live")
    assert (counted(done), len(batches.asked), server.requests) == ({"miss": 1}, 1, 1)


def test_wait_stays_until_the_answers_are_there(server, meetcli, four_meetings, monkeypatch):
    monkeypatch.setattr("meetcli.engines.openai_batch.POLL_S", 0.01)
    Batches(server, is_prompt=True)
    assert counted(run(meetcli, four_meetings, "--wait")) == {"miss": 4}


def test_meetings_without_a_key_are_collected_too(batches, meetcli, four_meetings):
    (four_meetings / "0.json").write_text(json.dumps(explicit(meeting_id=None)))
    asked = (four_meetings / "0.json", "--key-fallback", "none")
    assert counted(run(meetcli, *asked)) == {"submitted": 1}
    batches.finish()
    assert counted(run(meetcli, *asked)) == {"bypassed": 1}
    assert len(batches.asked) == 1


def test_a_budget_is_spent_when_a_batch_is_submitted(batches, meetcli, four_meetings):
    done = run(meetcli, four_meetings, "--max-cost", "0.05")
    assert (done.exit_code, counted(done)) == (4, {"submitted": 2, "not_attempted": 2})
    assert len(batches.asked) == 2


def test_the_lane_needs_the_cache_and_a_model_that_it_has(batches, meetcli, four_meetings):
    assert run(meetcli, four_meetings, "--no-cache").exit_code == 2
    assert run(meetcli, four_meetings, "--model", "gpt-4o-audio-preview").exit_code == 2
    assert batches.files == {}


def test_batch_commands(batches, meetcli, four_meetings):
    assert "no batch is pending" in meetcli("batch", "list").stdout
    run(meetcli, four_meetings)
    [name] = batches.batches
    assert json.loads(meetcli("batch", "list", "--json").stdout)[0]["requests"] == 4
    assert f"{name}  in_progress" in meetcli("batch", "status", name).stdout
    assert "cancelling" in meetcli("batch", "cancel", name).stdout
    assert [meetcli("batch", command, "batch_nope").exit_code for command in ("status", "cancel")] == [2, 2]
    batches.batches[name]["status"] = "in_progress"
    batches.finish()
    assert "kept" in meetcli("batch", "collect").stdout
    batches.files.clear()
    assert counted(run(meetcli, four_meetings, lane="standard")) == {"miss": 4}


def test_a_dry_run_and_explain_know_what_waits(batches, meetcli, four_meetings):
    run(meetcli, four_meetings / "0.json")
    planned = run(meetcli, four_meetings, "--dry-run")
    assert [file["reason"] for file in planned.summary["files"]] == ["submitted", "miss", "miss", "miss"]
    assert (planned.summary["plan"]["calls"], planned.summary["files"][0]["cost_usd"]) == (3, "0")
    assert planned.summary["batches"] == [{"id": next(iter(batches.batches)), "requests": 1}]
    first, second = (
        meetcli("cache", "explain", four_meetings / name, "--task", "extract").stdout for name in ("0.json", "1.json")
    )
    assert ("extract: submitted" in first, "waits in a batch" in first) == (True, True)
    assert "extract: miss" in second


@pytest.mark.parametrize("step", STEPS)
def test_kill_9_at_any_step_loses_and_repeats_nothing(batches, server, meetcli, four_meetings, step):
    """A client that was killed before it wrote the id of its batch finds the batch in the server's list."""
    processes = []

    def kill(reached):
        if reached == step and processes:
            os.kill(processes.pop().pid, signal.SIGKILL)

    batches.at = kill
    killed = 0
    for _ in range(4):
        process = meetcli.start("extract", four_meetings, "--lane", "batch", "-q")
        processes[:] = [process] if not killed else []
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        batches.finish()
    assert killed == 1
    assert counted(run(meetcli, four_meetings)) == {"hit": 4}
    assert sorted(batches.asked) == sorted(set(batches.asked)), "no request was submitted twice"
    assert len(batches.asked) == 4
    assert server.requests == 0


def test_a_batch_that_a_slow_server_makes_after_the_kill_is_waited_for(
    batches, server, meetcli, four_meetings, monkeypatch
):
    """The request to make it is under way when the client dies; the server is done with it only after the next run has
    looked.
    """
    processes = []
    held = []
    route = batches.route

    def slow(method, path, headers, body):
        if method == "POST" and path.endswith("/batches") and processes:
            os.kill(processes.pop().pid, signal.SIGKILL)
            held.append((method, path, headers, body))
            return 504, b"{}"
        answered = route(method, path, headers, body)
        if method == "GET" and path.partition("?")[0].endswith("/batches") and held:
            route(*held.pop())
        return answered

    server.routes = slow
    monkeypatch.setattr("meetcli.engines.openai_files.LOOK_S", 0.001)
    processes.append(process := meetcli.start("extract", four_meetings, "--lane", "batch", "-q"))
    while not held and process.poll() is None:
        time.sleep(0.01)
    process.communicate()
    second = run(meetcli, four_meetings)
    assert (counted(second), len(batches.batches), len(batches.asked)) == ({"submitted": 4}, 1, 4)
    assert "waiting for up to a minute" in second.stderr


def test_a_server_without_batches_is_said_to_have_none_and_serves_live_calls_all_the_same(
    server, meetcli, four_meetings
):
    assert run(meetcli, four_meetings).exit_code == 2
    assert counted(run(meetcli, four_meetings, lane="standard")) == {"miss": 4}


def test_a_filtered_line_is_a_known_failure_as_it_is_live(batches, meetcli, four_meetings):
    run(meetcli, four_meetings / "0.json")
    batches.finish(lambda number, line: "filtered")
    assert run(meetcli, four_meetings / "0.json").summary["files"][0]["reason"] == "content_filter"
    assert run(meetcli, four_meetings / "0.json").summary["files"][0]["reason"] == "known_failure"
    assert len(batches.asked) == 1


@pytest.mark.parametrize("lane", ["batch", "standard"])
def test_two_runs_at_once_pay_once(batches, server, meetcli, four_meetings, lane):
    runs = [meetcli.start("extract", four_meetings, "--lane", one, "--summary", "json") for one in ("batch", lane)]
    for process in runs:
        process.communicate()
        assert process.returncode == 0
    assert len(batches.asked) + server.requests == 4
    batches.finish()
    assert set(counted(run(meetcli, four_meetings))) <= {"hit", "miss"}
    assert len(batches.asked) + server.requests == 4


PLACES = [
    *[("CachedBatches.write", moment, nth) for nth in (1, 2, 3) for moment in ("enter", "leave")],
    *[("CachedBatches.keep", moment, 1) for moment in ("enter", "leave")],
    *[("CachedBatches.write", moment, 1) for moment in ("enter", "leave")],
    *[("Ledger.save", moment, 2) for moment in ("enter", "leave")],
]


@pytest.mark.parametrize("place", range(len(PLACES)))
def test_kill_9_around_anything_that_is_written_loses_and_repeats_nothing(
    batches, server, meetcli, four_meetings, place, monkeypatch
):
    """The first six places are on the way out: the intent, that the batch is asked for, its id; the others while it is
    collected.
    """
    monkeypatch.setattr("meetcli.engines.openai_files.LOOK_S", 0.001)
    owner, moment, nth = PLACES[place]
    if is_collecting := place >= 6:
        run(meetcli, four_meetings)
        batches.finish(lambda number, line: "failed" if number == 3 else "ok")
    module = "meetcli.spend.ledger" if owner.startswith("Ledger") else "meetcli.cache.batches"
    command = [
        sys.executable,
        "-m",
        "tests.cli.dying",
        f"{module}:{owner}",
        moment,
        str(nth),
        "extract",
        four_meetings,
        "--lane",
        "batch",
    ]
    dead = subprocess.run(
        command, cwd=meetcli.folder, env={**os.environ, **meetcli.environment}, check=False, capture_output=True
    )
    assert dead.returncode == -signal.SIGKILL
    for _ in range(3):
        done = run(meetcli, four_meetings)
        batches.finish()
    assert set(counted(done)) == {"hit"} or counted(done) == {"hit": 3, "miss": 1}
    assert len(batches.asked) == (5 if is_collecting else 4), (
        "each request once, and again the one that was not answered"
    )
    assert (len(set(batches.asked)), server.requests) == (4, 0)


@pytest.mark.shared
def test_43_reference_meetings_are_one_file_and_one_batch(batches, meetcli, shared_data, tmp_path):
    first = run(meetcli, shared_data / "transcripts")
    assert (counted(first), len(batches.files), len(batches.batches)) == ({"submitted": 43}, 1, 1)
    batches.finish()
    second = run(meetcli, shared_data / "transcripts")
    assert counted(second) == {"miss": 43}
    assert len(batches.asked) == 43
    shutil.rmtree(tmp_path / "results")


def test_nothing_of_a_refused_line_reaches_the_log(batches, meetcli, four_meetings):
    run(meetcli, four_meetings)
    batches.finish(lambda number, line: "failed")
    for name, content in batches.files.items():
        batches.files[name] = content.replace(b'"server_error"', b'"We will send the plan"')
    done = run(meetcli, four_meetings)
    assert "We will send" not in done.stderr
    assert "status 500" in done.stderr


def test_a_run_without_a_call_to_make_collects_what_other_runs_submitted(batches, meetcli, four_meetings, tmp_path):
    run(meetcli, four_meetings / "0.json")
    batches.finish()
    run(meetcli, four_meetings / "0.json")
    run(meetcli, four_meetings / "1.json")
    batches.finish()
    assert counted(run(meetcli, four_meetings / "0.json", lane="standard")) == {"hit": 1}
    batches.files.clear()
    assert counted(run(meetcli, four_meetings / "1.json", lane="standard")) == {"miss": 1}


def test_a_task_of_the_user_s_own_goes_the_same_way_and_holds_to_its_budget(batches, server, meetcli, four_meetings):
    task = PROJECT / "samples" / "tasks" / "sales-call.toml"

    def go(*options):
        return meetcli("run", task, four_meetings, "--prices", "openai", "--summary", "json", *options)

    assert (go("--max-cost", "0.0001").exit_code, server.requests, len(batches.batches)) == (4, 0, 0)
    assert counted(go("--lane", "batch")) == {"submitted": 4}
    batches.finish()
    assert counted(go("--lane", "batch")) == {"miss": 4}
    assert counted(go()) == {"hit": 4}
    assert (len(batches.asked), server.requests) == (4, 0)
    result = json.loads(meetcli.results()["0.sales-call.json"])
    assert all(need["evidence"]["quote"] for need in result["result"]["needs"])


def test_the_parts_of_a_long_meeting_go_in_one_batch_and_its_summary_in_the_next(batches, server, meetcli, tmp_path):
    lines = [
        f"{'Ana' if number % 2 else 'Rui'}: In point {number} we look at branch {number} and its costs."
        for number in range(600)
    ]
    meetcli.put("in/a.json", explicit("\n".join(lines)))
    for _ in range(2):
        done = run(meetcli, tmp_path / "in", "--context-tokens", "8000")
        assert counted(done) == {"submitted": 1}, done.stderr
        batches.finish()
    parts, summary = (batch["request_counts"]["total"] for batch in batches.batches.values())
    last = run(meetcli, tmp_path / "in", "--context-tokens", "8000")
    assert (counted(last), parts > 4, summary, server.requests) == ({"miss": 1}, True, 1, 0)
    result = json.loads((tmp_path / "results" / "a.extract.json").read_text())
    assert result["provenance"]["coverage"] == {"chunks": parts, "turns": 600}
    assert result["provenance"]["usage"]["requests"] == parts + summary


@pytest.mark.parametrize("missing", ["/v1/files", "/v1/batches"])
def test_a_server_without_batches_is_told_from_a_wrong_model_or_address(
    batches, server, meetcli, four_meetings, missing
):
    route = server.routes
    server.routes = lambda method, path, *rest: None if path.startswith(missing) else route(method, path, *rest)
    done = run(meetcli, four_meetings)
    assert (done.exit_code, counted(done)) == (2, {"not_attempted": 4})
    assert "this server has no batch lane\nhint: use --lane standard" in done.stderr
    assert counted(run(meetcli, four_meetings, lane="standard")) == {"miss": 4}


def test_a_model_that_is_not_known_is_no_missing_lane(batches, server, meetcli, four_meetings):
    error = json.dumps({"error": {"message": "no", "code": "model_not_found", "param": None}}).encode()
    server.routes = lambda method, path, *_: (404, error) if path == "/v1/files" else batches.route(method, path, *_)
    done = run(meetcli, four_meetings)
    assert (done.exit_code, "check --model" in done.stderr) == (3, True)
