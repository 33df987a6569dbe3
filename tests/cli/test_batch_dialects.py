"""The batch lane with servers that speak of batches in words of their own: bought once, collected, never a traceback."""

import json
import os
import signal
from datetime import timedelta

import pytest

from tests.batch_dialects import DIALECTS
from tests.cli.batch_lane import counted, run


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr("meetcli.engines.openai_files.LOOK_S", 0.001)


@pytest.fixture(params=DIALECTS)
def dialect(request, batches):
    batches.dress = DIALECTS[request.param]
    return request.param


def test_a_batch_is_bought_once_and_collected_in_any_dialect(batches, server, meetcli, four_meetings, dialect):
    first = run(meetcli, four_meetings)
    assert (first.exit_code, counted(first)) == (0, {"submitted": 4}), first.stderr
    waiting = run(meetcli, four_meetings)
    assert (waiting.exit_code, counted(waiting), waiting.stderr) == (0, {"submitted": 4}, "")
    batches.finish(lambda number, line: "ok" if number else "failed")
    done = run(meetcli, four_meetings)
    assert (done.exit_code, counted(done)) == (0, {"miss": 3, "submitted": 1}), done.stderr
    assert "3 of 4 answered (1 server_error)" in done.stderr
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"hit": 3, "miss": 1}
    assert (len(batches.asked), len(batches.batches), server.requests) == (5, 2, 0)


def test_answers_whose_file_comes_late_are_waited_for(batches, server, meetcli, four_meetings, dialect):
    run(meetcli, four_meetings)
    batches.finish()
    [batch] = batches.batches.values()
    kept, batch["output_file_id"] = batch["output_file_id"], None
    for lane in ("batch", "standard", "batch"):
        early = run(meetcli, four_meetings, lane=lane)
        assert (early.exit_code, counted(early)) == (0, {"submitted": 4})
        assert "it has no results of 4 requests: it is looked at again, until" in early.stderr
    batch["output_file_id"] = kept
    assert (counted(run(meetcli, four_meetings)), len(batches.asked), server.requests) == ({"miss": 4}, 4, 0)


def test_refusals_whose_file_comes_late_are_waited_for(batches, meetcli, four_meetings, dialect):
    run(meetcli, four_meetings)
    batches.finish(lambda number, line: "ok" if number else "refused")
    [batch] = batches.batches.values()
    kept, batch["error_file_id"] = batch["error_file_id"], None
    for status in ("miss", "hit"):
        early = run(meetcli, four_meetings)
        assert (early.exit_code, counted(early), len(batches.asked)) == (0, {status: 3, "submitted": 1}, 4)
        assert "its results lack 1 request: it is looked at again, until" in early.stderr
    batch["error_file_id"] = kept
    done = run(meetcli, four_meetings)
    assert (counted(done), len(batches.asked), "context_length_exceeded" in done.stderr) == (
        {"hit": 3, "submitted": 1},
        5,
        True,
    )


def test_a_batch_that_is_not_known_now_is_looked_for_for_days(batches, server, meetcli, four_meetings, dialect):
    run(meetcli, four_meetings)
    batches.finish()
    hidden = dict(batches.batches)
    batches.batches.clear()
    for lane in ("batch", "standard", "batch"):
        done = run(meetcli, four_meetings, lane=lane)
        assert (done.exit_code, counted(done)) == (0, {"submitted": 4})
        assert "is not known to the server now" in done.stderr
    batches.batches.update(hidden)
    assert (counted(run(meetcli, four_meetings)), len(batches.asked), server.requests) == ({"miss": 4}, 4, 0)


@pytest.mark.soak
@pytest.mark.parametrize("step", ["create before", "create after"])
def test_kill_9_buys_nothing_twice_in_any_dialect(batches, server, meetcli, four_meetings, dialect, step):
    processes = []

    def kill(reached):
        if reached == step and processes:
            os.kill(processes.pop().pid, signal.SIGKILL)

    batches.at = kill
    killed = 0
    for _ in range(3):
        processes.append(process := meetcli.start("extract", four_meetings, "--lane", "batch", "-q"))
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        processes.clear()
        batches.finish()
        if killed:
            break
    for _ in range(2):
        done = run(meetcli, four_meetings)
        batches.finish()
    assert (killed, set(counted(done)) <= {"hit", "miss"}) == (1, True)
    assert (sorted(batches.asked), len(batches.asked), server.requests) == (sorted(set(batches.asked)), 4, 0)


@pytest.mark.parametrize("word", ["expired", "cancelled", "failed"])
def test_what_an_ended_batch_has_answered_is_kept_and_the_rest_asked_again(
    batches, meetcli, four_meetings, dialect, word
):
    run(meetcli, four_meetings)
    batches.finish(lambda number, line: "ok" if number else "expired", status=word)
    assert counted(run(meetcli, four_meetings)) == {"miss": 3, "submitted": 1}
    assert len(batches.asked) == 5


def test_cancelling_is_understood_in_any_dialect(batches, meetcli, four_meetings, dialect):
    run(meetcli, four_meetings)
    name = json.loads(meetcli("batch", "list", "--json").stdout)[0]["id"]
    done = meetcli("batch", "cancel", name)
    assert (done.exit_code, "cancel" in done.stdout, "kept by the next run" in done.stdout) == (0, True, True)
    assert [one["status"] for one in batches.batches.values()] == ["cancelling"]
    assert counted(run(meetcli, four_meetings)) == {"submitted": 4}
    batches.batches[next(iter(batches.batches))]["status"] = "in_progress"
    batches.finish(lambda number, line: "ok" if number else "expired", status="cancelled")
    assert counted(run(meetcli, four_meetings)) == {"miss": 3, "submitted": 1}


def without(*steps, status=404, said=None):
    """A server that does not have these steps."""

    def dress(step, was, told):
        return (status, said or {"detail": "Not Found"}) if step in steps else (was, told)

    return dress


@pytest.mark.parametrize("status", [400, 404, 405, 409])
def test_a_server_that_cancels_nothing_is_told_as_that_and_its_batch_is_kept(batches, meetcli, four_meetings, status):
    run(meetcli, four_meetings)
    [name] = batches.batches
    batches.lacks = {"cancel": status}
    done = meetcli("batch", "cancel", name)
    assert (done.exit_code, f"did not cancel batch {name}: it is in_progress" in done.stderr) == (3, True)
    batches.finish()
    ended = meetcli("batch", "cancel", name)
    assert (ended.exit_code, f"{name} completed" in ended.stdout) == (0, True)
    assert (counted(run(meetcli, four_meetings)), len(batches.asked)) == ({"miss": 4}, 4)


@pytest.mark.parametrize("said", [{}, {"success": True}, b"", b"<html>OK</html>", {"status": "cancelling"}])
def test_a_cancelling_that_is_answered_with_little_is_looked_up(batches, meetcli, four_meetings, said):
    run(meetcli, four_meetings)
    [name] = batches.batches
    batches.dress = without("cancel", status=200, said=said or b" ")
    assert f"{name} cancelling" in meetcli("batch", "cancel", name).stdout


def test_a_batch_that_nobody_knows_cannot_be_cancelled(batches, meetcli, four_meetings):
    run(meetcli, four_meetings)
    [name] = batches.batches
    batches.batches.clear()
    assert meetcli("batch", "cancel", name).exit_code == 2


ODD_LISTS = [
    b"<html>hello</html>",
    {"jobs": [{"ref": "x-1", "phase": "done"}]},
    {"data": ["batch_1", "batch_2"]},
    {"data": [{"id": "batch_1"}]},
    [{"number": 7}],
    "nothing",
]


@pytest.mark.parametrize("said", ODD_LISTS)
def test_a_list_that_is_not_understood_refuses_the_lane_before_anything_is_sent(
    batches, server, meetcli, four_meetings, said
):
    batches.dress = without("list", status=200, said=said)
    done = run(meetcli, four_meetings)
    assert (done.exit_code, counted(done), batches.files) == (2, {"not_attempted": 4}, {})
    assert "not understood" in done.stderr
    assert "--lane standard" in done.stderr
    assert counted(run(meetcli, four_meetings, lane="standard")) == {"miss": 4}


@pytest.mark.parametrize("said", [{}, [], {"data": None}, {"object": "list"}, {"data": {"batches": []}}])
def test_an_empty_list_is_understood_however_it_is_empty(batches, meetcli, four_meetings, said):
    batches.dress = without("list", status=200, said=said or b"{}")
    assert counted(run(meetcli, four_meetings)) == {"submitted": 4}
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"miss": 4}


@pytest.mark.parametrize("said", [{"result": {"ok": 1}}, b"<html>Created</html>", b" "])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_reply_without_an_id_is_kept_whole_and_no_second_batch_is_made(
    batches, server, meetcli, four_meetings, said, is_listed
):
    batches.dress = without("create", status=200, said=said)
    if not is_listed:
        hidden = without("create", "list", status=200, said=said)
        batches.dress = lambda step, *told: (200, {"data": []}) if step == "list" else hidden(step, *told)
    first = run(meetcli, four_meetings)
    if is_listed:  # our mark in the list tells its id
        assert (first.exit_code, counted(first)) == (0, {"submitted": 4})
    else:
        assert first.exit_code == 3
        assert "no id" in first.stderr
        [row] = json.loads(meetcli("batch", "list", "--json").stdout)
        kept = said.decode() if isinstance(said, bytes) else json.dumps(said)
        assert (row["reply"], row["requests"], row["status"]) == (kept, 4, "unread")
        assert "the server answered to its making" in meetcli("batch", "list").stdout
        for lane in ("batch", "standard"):
            again = run(meetcli, four_meetings, lane=lane)
            assert (again.exit_code, counted(again)) == (0, {"submitted": 4}), again.stderr
            assert "not made twice" in again.stderr
    batches.finish()
    batches.dress = without()
    assert counted(run(meetcli, four_meetings)) == {"miss": 4}
    assert (len(batches.batches), len(batches.asked), server.requests) == (1, 4, 0)


def test_a_batch_without_an_id_can_be_let_go_of(batches, meetcli, four_meetings):
    batches.dress = lambda step, *told: (
        (200, {"data": []}) if step == "list" else (200, {"ok": 1}) if step == "create" else told
    )
    run(meetcli, four_meetings)
    [row] = json.loads(meetcli("batch", "list", "--json").stdout)
    assert f"{row['id']}  unread" in meetcli("batch", "status", row["id"]).stdout
    done = meetcli("batch", "cancel", row["id"])
    assert (done.exit_code, "asks for its requests again" in done.stdout) == (0, True)
    batches.dress = without()
    batches.batches.clear()
    assert counted(run(meetcli, four_meetings)) == {"submitted": 4}


@pytest.mark.parametrize("status", [402, 403])
def test_an_error_in_a_200_is_a_refusal_and_no_batch(batches, meetcli, four_meetings, status):
    batches.dress = without("create", status=200, said={"error": {"code": status, "message": "no credit"}})
    done = run(meetcli, four_meetings)
    assert (done.exit_code, counted(done)) == (3, {"not_attempted": 4})
    batches.batches.clear()
    batches.submitted.clear()
    batches.dress = without()
    assert counted(run(meetcli, four_meetings)) == {"submitted": 4}


def test_an_upload_without_an_id_refuses_the_lane(batches, meetcli, four_meetings):
    batches.dress = without("upload", status=200, said={"uploaded": True})
    done = run(meetcli, four_meetings)
    assert (done.exit_code, counted(done), batches.batches) == (2, {"not_attempted": 4}, {})


def test_a_file_that_a_server_is_not_done_with_is_waited_for(batches, meetcli, four_meetings):
    looks = []

    def dress(step, status, said):
        if step == "upload":
            return status, {**said, "status": "pending"}
        if step == "look":
            looks.append(1)
            return status, {**said, "status": "pending" if len(looks) < 3 else "processed"}
        return status, said

    batches.dress = dress
    assert (counted(run(meetcli, four_meetings)), len(looks)) == ({"submitted": 4}, 3)


def test_a_server_without_a_list_is_not_asked_twice_for_a_batch_of_unknown_fate(
    batches, server, meetcli, four_meetings, monkeypatch
):
    """The gateway gives up, the batch is made, and no list tells of it."""
    batches.dress = lambda step, *told: (
        (504, {"error": "gateway"}) if step == "create" else (404, {"error": "no"}) if step == "list" else told
    )
    monkeypatch.setattr("meetcli.engines.openai_files.FIRST_BACKOFF_S", 0.001)
    first = run(meetcli, four_meetings)
    assert (first.exit_code, len(batches.batches)) == (3, 1)
    again = run(meetcli, four_meetings)
    assert (again.exit_code, counted(again), len(batches.batches)) == (0, {"submitted": 4}, 1)
    assert "asked for, and nobody told of it" in again.stderr
    monkeypatch.setattr("meetcli.engines.openai_find.LOOKED_FOR", timedelta(0))
    batches.dress = without("list")
    assert (counted(run(meetcli, four_meetings)), len(batches.batches)) == ({"submitted": 4}, 2)


def test_a_word_that_nobody_knows_is_looked_at_again_and_results_count_whatever_it_says(
    batches, meetcli, four_meetings
):
    words = ["brewed"]
    batches.dress = lambda step, status, said: (
        (status, {**said, "status": words[0]}) if step == "retrieve" and status == 200 else (status, said)
    )
    run(meetcli, four_meetings)
    done = run(meetcli, four_meetings)
    assert (counted(done), "is 'brewed', a word unknown here" in done.stderr) == ({"submitted": 4}, True)
    [row] = json.loads(meetcli("batch", "list", "--json").stdout)
    assert (row["status"], "lost_since" in row) == ("brewed", True)
    batches.finish()
    assert (counted(run(meetcli, four_meetings)), len(batches.asked)) == ({"miss": 4}, 4)


@pytest.mark.parametrize("said", [b"<html>busy</html>", {}, [], {"detail": "soon"}])
def test_a_batch_that_is_told_of_in_no_words_is_looked_at_again(batches, meetcli, four_meetings, said):
    run(meetcli, four_meetings)
    batches.dress = without("retrieve", status=200, said=said or b"[]")
    done = run(meetcli, four_meetings)
    assert (done.exit_code, counted(done)) == (0, {"submitted": 4})
    batches.finish()
    batches.dress = without()
    assert (counted(run(meetcli, four_meetings)), len(batches.asked)) == ({"miss": 4}, 4)


def test_a_result_file_that_is_cut_gives_what_it_has_and_the_rest_later(batches, server, meetcli, four_meetings):
    run(meetcli, four_meetings)
    batches.finish()
    [batch] = batches.batches.values()
    whole = batches.files[batch["output_file_id"]]
    batches.files[batch["output_file_id"]] = whole[: len(whole) // 2]
    first = counted(run(meetcli, four_meetings))
    assert set(first) == {"miss", "submitted"}
    batches.files[batch["output_file_id"]] = whole
    last = counted(run(meetcli, four_meetings))
    assert last == {"hit": first["miss"], "miss": first["submitted"]}
    assert (len(batches.asked), server.requests) == (4, 0)


@pytest.mark.parametrize("lane", ["batch", "standard"])
@pytest.mark.parametrize("step", ["retrieve", "download"])
def test_a_server_that_cannot_tell_of_a_batch_now_stops_no_run_and_loses_nothing(
    batches, server, meetcli, four_meetings, lane, step, monkeypatch
):
    monkeypatch.setattr("meetcli.engines.openai_files.FIRST_BACKOFF_S", 0.001)
    run(meetcli, four_meetings / "0.json")
    batches.finish()
    batches.lacks = {step: 500}
    done = run(meetcli, four_meetings, lane=lane)
    assert (done.exit_code, counted(done)) == (
        0,
        {"submitted": 4} if lane == "batch" else {"submitted": 1, "miss": 3},
    ), done.stderr
    assert "cannot be looked at now" in done.stderr
    batches.lacks = {}
    batches.finish()
    last = run(meetcli, four_meetings, lane=lane)
    assert (counted(last), len(set(batches.asked)), len(batches.asked) + server.requests) == (
        {"miss": 4} if lane == "batch" else {"miss": 1, "hit": 3},
        len(batches.asked),
        4,
    )


def test_results_in_one_array_are_read_as_lines_are(batches, meetcli, four_meetings):
    run(meetcli, four_meetings)
    batches.finish()
    [batch] = batches.batches.values()
    lines = batches.files[batch["output_file_id"]].splitlines()
    batches.files[batch["output_file_id"]] = b"[" + b",".join(lines) + b"]"
    assert (counted(run(meetcli, four_meetings)), len(batches.asked)) == ({"miss": 4}, 4)


def test_a_batch_of_unknown_fate_is_known_by_its_requests_where_nothing_else_tells(
    batches, server, meetcli, four_meetings, monkeypatch
):
    monkeypatch.setattr("meetcli.engines.openai_files.FIRST_BACKOFF_S", 0.001)
    relabeled = DIALECTS["relabeled"]
    batches.dress = lambda step, *told: (504, {"error": "gateway"}) if step == "create" else relabeled(step, *told)
    first = run(meetcli, four_meetings)
    assert (first.exit_code, len(batches.batches), "not made twice" in first.stderr) == (3, 1, True)
    batches.dress = relabeled
    batches.finish()
    assert (counted(run(meetcli, four_meetings)), len(batches.asked), server.requests) == ({"miss": 4}, 4, 0)
