"""What a batch refuses, has no room for or answers unreadably: asked again, counted, and never paid twice."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.cli.batch_lane import counted, run
from tests.corridor import explicit
from tests.loopback_batches import Batches
from tests.loopback_server import Fault


def refused(number, line):
    return "refused"


def test_what_is_refused_is_submitted_once_more_and_then_fails_until_it_is_asked_for(
    batches, server, meetcli, four_meetings
):
    run(meetcli, four_meetings)
    batches.finish(lambda number, line: "refused" if number == 1 else "ok")
    second = run(meetcli, four_meetings)
    assert counted(second) == {"miss": 3, "submitted": 1}
    assert "1 context_length_exceeded" in second.stderr
    batches.finish(refused)
    for _ in range(2):
        done = run(meetcli, four_meetings)
        assert (done.exit_code, counted(done)) == (1, {"hit": 3, "failed": 1})
        [failed] = [file for file in done.summary["files"] if file["status"] == "failed"]
        assert (failed["reason"], "context_length_exceeded" in failed["error"]) == ("batch_refused", True)
    assert len(batches.asked) == 5
    assert counted(run(meetcli, four_meetings, "--retry-failed")) == {"hit": 3, "submitted": 1}
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"hit": 3, "miss": 1}


@pytest.mark.parametrize("code", ["model_not_found", "billing_hard_limit_reached", None])
def test_a_batch_that_fails_as_a_whole_is_nobody_s_refusal_and_a_third_in_a_row_stops_the_run(
    batches, server, meetcli, four_meetings, code
):
    for number in range(3):
        done = run(meetcli, four_meetings)
        assert (done.exit_code, counted(done)) == (0, {"submitted": 4})
        assert ("failed as a whole" in done.stderr) is (number > 0)
        batches.refuse(code)
    stopped = run(meetcli, four_meetings)
    assert (stopped.exit_code, counted(stopped)) == (3, {"not_attempted": 4})
    assert f"the last 3 batches failed as a whole ({code or 'status failed'})" in stopped.stderr
    assert counted(run(meetcli, four_meetings)) == {"submitted": 4}, "the next run tries again"
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"miss": 4}
    assert server.requests == 0


def line_size(batches, meetcli, four_meetings):
    """How many bytes one meeting takes in a file; all are as large."""
    run(meetcli, four_meetings / "0.json", "--cache-dir", "measured")
    [size] = map(len, batches.files.values())
    batches.files.clear()
    batches.batches.clear()
    batches.submitted.clear()
    return size


def test_an_account_too_small_for_a_file_gets_half_of_it_and_the_rest_afterwards(
    batches, server, meetcli, four_meetings
):
    batches.room = 2 * line_size(batches, meetcli, four_meetings) + 100
    assert counted(run(meetcli, four_meetings)) == {"submitted": 4}
    second = run(meetcli, four_meetings)
    assert (second.exit_code, counted(second)) == (0, {"submitted": 2, "not_attempted": 2})
    assert {file["reason"] for file in second.summary["files"] if file["status"] == "not_attempted"} == {"batch_full"}
    assert "has no room for 4 requests at once (token_limit_exceeded): smaller batches follow" in second.stderr
    waiting = run(meetcli, four_meetings)
    assert (counted(waiting), len(batches.batches), waiting.stderr) == ({"submitted": 2, "not_attempted": 2}, 2, "")
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"miss": 2, "submitted": 2}
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"hit": 2, "miss": 2}
    assert (len(batches.asked), len(set(batches.asked)), server.requests) == (4, 4, 0)


def test_a_run_that_waits_goes_on_with_smaller_files_within_its_budget(server, meetcli, four_meetings, monkeypatch):
    monkeypatch.setattr("meetcli.engines.openai_batch.POLL_S", 0.01)
    batches = Batches(server)
    batches.room = line_size(batches, meetcli, four_meetings) + 100
    batches.is_prompt = True
    done = run(meetcli, four_meetings, "--wait", "--max-cost", "0.1")
    assert (done.exit_code, counted(done)) == (0, {"miss": 4}), done.stderr
    assert (len(batches.asked), len(set(batches.asked)), len(batches.batches)) == (4, 4, 6)


def test_what_waits_already_is_part_of_what_was_too_much(batches, meetcli, four_meetings):
    size = line_size(batches, meetcli, four_meetings)
    batches.room = 2 * size + 100
    for name in ("0", "1"):
        run(meetcli, four_meetings / f"{name}.json")
    assert counted(run(meetcli, four_meetings / "2.json", four_meetings / "3.json")) == {"submitted": 2}
    assert counted(run(meetcli, four_meetings)) == {"submitted": 2, "not_attempted": 2}
    batches.finish()
    assert counted(run(meetcli, four_meetings)) == {"miss": 2, "submitted": 2}, "half of four has room"


def test_what_waited_beside_a_batch_is_part_of_what_was_too_much_though_it_is_over(batches, meetcli, four_meetings):
    batches.room = 3 * line_size(batches, meetcli, four_meetings) + 100
    run(meetcli, *(four_meetings / f"{number}.json" for number in range(3)))
    assert counted(run(meetcli, four_meetings / "3.json")) == {"submitted": 1}
    batches.finish()
    for number in range(4, 9):
        (four_meetings / f"{number}.json").write_text(json.dumps(explicit(meeting_id=f"M-{number}")))
    second = run(meetcli, four_meetings)
    assert counted(second) == {"miss": 3, "submitted": 2, "not_attempted": 4}, "half of four has room"
    assert "smaller batches follow" in second.stderr


def test_a_request_that_the_account_has_no_room_for_alone_fails_and_holds_up_no_other(batches, meetcli, four_meetings):
    batches.room = 2 * line_size(batches, meetcli, four_meetings) + 100
    (four_meetings / "0.json").write_text(json.dumps(explicit("Ana: Good morning. " * 4000, meeting_id="M-0")))
    for _ in range(9):
        done = run(meetcli, four_meetings)
        batches.finish()
    assert (done.exit_code, counted(done)) == (1, {"failed": 1, "hit": 3})
    assert "refused it in 2 batches (token_limit_exceeded)" in done.stderr


def test_a_week_after_it_had_no_room_an_account_is_sent_whole_files_again(
    batches, meetcli, four_meetings, tmp_path, monkeypatch
):
    batches.room = 2 * line_size(batches, meetcli, four_meetings) + 100
    run(meetcli, four_meetings)
    assert counted(run(meetcli, four_meetings)) == {"submitted": 2, "not_attempted": 2}
    batches.finish()
    batches.room = None
    monkeypatch.setattr("meetcli.engines.openai_room.CROWDED_FOR", timedelta(0))
    (four_meetings / "4.json").write_text(json.dumps(explicit(meeting_id="M-4")))
    assert counted(run(meetcli, four_meetings)) == {"miss": 2, "submitted": 3}


def test_what_is_refused_while_the_run_waits_fails_at_once(server, meetcli, four_meetings, monkeypatch):
    monkeypatch.setattr("meetcli.engines.openai_batch.POLL_S", 0.01)
    Batches(server, is_prompt=True, fate=lambda number, line: "refused" if number == 1 else "ok")
    done = run(meetcli, four_meetings, "--wait")
    assert (done.exit_code, counted(done)) == (1, {"miss": 3, "failed": 1})


@pytest.fixture
def most_usd(server, meetcli, four_meetings):
    """The most that the first answer can cost in a batch, as a live call of unknown fate tells it at twice that
    price.
    """
    server.faults = lambda number, body: Fault("drop")
    told = run(meetcli, four_meetings / "0.json", "--retries", "0", "--cache-dir", "live", lane="standard").summary[
        "uncertain_usd"
    ]
    server.requests, server.faults = 0, lambda number, body: None
    return Decimal(told) / 2


@pytest.mark.parametrize("lane", ["batch", "standard"])
@pytest.mark.parametrize("is_collected_before", [False, True], ids=["by the run", "before it"])
def test_an_answer_of_a_batch_that_nobody_can_read_may_have_been_billed(
    batches, server, meetcli, four_meetings, most_usd, lane, is_collected_before
):
    run(meetcli, four_meetings)
    batches.finish(lambda number, line: "ok" if number else "unreadable")
    if is_collected_before:
        meetcli("batch", "collect")
    done = run(meetcli, four_meetings, lane=lane)
    assert counted(done) == ({"miss": 3, "submitted": 1} if lane == "batch" else {"miss": 4})
    assert (Decimal(done.summary["uncertain_usd"]), done.summary["requests"]) == (most_usd, 4 if lane == "batch" else 5)
    batches.finish()
    last = run(meetcli, four_meetings, lane=lane)
    assert (counted(last), last.summary["uncertain_usd"]) == (
        {"hit": 3, "miss": 1} if lane == "batch" else {"hit": 4},
        "0",
    )
    assert (len(batches.asked), server.requests) == ((5, 0) if lane == "batch" else (4, 1))


def test_an_answer_that_stays_unreadable_fails_and_both_may_have_been_billed(
    server, meetcli, four_meetings, most_usd, monkeypatch
):
    monkeypatch.setattr("meetcli.engines.openai_batch.POLL_S", 0.01)
    batches = Batches(server, is_prompt=True, fate=lambda number, line: "unreadable")
    done = run(meetcli, four_meetings / "0.json", "--wait")
    assert (done.exit_code, counted(done), len(batches.asked)) == (1, {"failed": 1}, 2)
    assert (done.summary["files"][0]["reason"], Decimal(done.summary["uncertain_usd"])) == (
        "batch_refused",
        2 * most_usd,
    )


def test_an_answer_of_a_batch_that_tells_no_tokens_may_have_cost_the_most_it_can(
    batches, meetcli, four_meetings, most_usd
):
    run(meetcli, four_meetings / "0.json")
    batches.finish(lambda number, line: "uncounted")
    done = run(meetcli, four_meetings / "0.json")
    assert (counted(done), Decimal(done.summary["uncertain_usd"])) == ({"miss": 1}, most_usd)
