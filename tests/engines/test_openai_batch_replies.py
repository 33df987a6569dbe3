"""What servers tell of batches, read whatever the words: ids, states, times, counts, files and result lines."""

import json
from datetime import UTC, datetime

import pytest

from meetcli.engines.openai_batch_lines import read_results, request_of
from meetcli.engines.openai_batch_replies import has_more, read_batch, read_file_id, read_list
from meetcli.models import BatchLine

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DIGEST = "ab12" * 16
COMPLETION = {
    "choices": [{"message": {"content": '{"summary": "x"}'}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4},
}


def batch(**fields):
    return read_batch({"id": "b-1", **fields}, NOW)


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("completed", "completed"),
        ("COMPLETED", "completed"),
        ("Succeeded", "completed"),
        ("SUCCESS", "completed"),
        ("BATCH_STATE_SUCCEEDED", "completed"),
        ("PartiallyCompleted", "completed"),
        ("completed_with_errors", "completed"),
        ("done", "completed"),
        ("ended", "completed"),
        ("FAILED", "failed"),
        ("validation-failed", "failed"),
        ("Error", "failed"),
        ("TIMEOUT_EXCEEDED", "expired"),
        ("TimedOut", "expired"),
        ("Expired", "expired"),
        ("Canceled", "cancelled"),
        ("CANCELLED", "cancelled"),
        ("aborted", "cancelled"),
    ],
)
def test_a_batch_has_ended_in_any_word_for_it(word, end):
    assert (batch(status=word).end, batch(status=word).is_under_way) == (end, False)


@pytest.mark.parametrize(
    "word",
    [
        "validating",
        "IN_PROGRESS",
        "inProgress",
        "Finalizing",
        "queued",
        "Pending",
        "cancelling",
        "Canceling",
        "CANCELLATION_REQUESTED",
        "JOB_STATE_RUNNING",
        "not_started",
        "post-processing",
    ],
)
def test_a_batch_is_under_way_in_any_word_for_it(word):
    assert (batch(status=word).end, batch(status=word).is_under_way) == (None, True)


@pytest.mark.parametrize("word", ["brewed", "incomplete", "", None, 7, "x" * 99, "<b>completed</b>"])
def test_any_other_word_is_neither(word):
    assert (batch(status=word).end, batch(status=word).is_under_way) == (None, False)


@pytest.mark.parametrize(
    "given",
    [
        1793534400,
        1793534400.0,
        "1793534400",
        1793534400000,
        1793534400000000,
        "2026-11-01T12:00:00Z",
        "2026-11-01T14:00:00.000+02:00",
        "2026-11-01 12:00:00",
    ],
)
@pytest.mark.parametrize("name", ["created_at", "createdAt", "create_time"])
def test_a_moment_is_read_however_it_is_written(given, name):
    assert batch(**{name: given}).created_at == datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", [None, "", "soon", {}, -5, 1e400, True and "yes", "nan"])
def test_a_batch_of_no_age_is_as_of_now(given):
    assert batch(created_at=given).created_at == NOW


@pytest.mark.parametrize(
    "reply",
    [
        {"id": "b-1", "status": "queued"},
        {"job": {"id": "b-1", "status": "QUEUED"}, "warning": ""},
        {"data": {"id": "b-1", "object": "batch"}},
        {"result": {"batch": {"id": "b-1", "input_file_id": "f"}}},
        {"id": "req-9", "status": "ok", "batch": {"id": "b-1", "object": "batch", "status": "queued"}},
        {"data": [{"id": "b-1", "status": "queued"}]},
        [{"batchId": "b-1"}],
        {"batch_id": "b-1", "message": "made"},
        {"anything": {"job_id": "b-1"}},
        {"error": None, "response": {"id": "b-1", "state": "queued"}},
    ],
)
def test_an_id_is_found_in_any_one_envelope(reply):
    found = read_batch(reply, NOW)
    assert found is not None
    assert found.id == "b-1"


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        [],
        "b-1",
        {"ok": True},
        {"error": {"id": "e-1"}},
        {"metadata": {"id": "m-1"}},
        {"id": ""},
        {"id": None},
    ],
)
def test_nothing_is_taken_for_an_id_that_is_none(reply):
    assert read_batch(reply, NOW) is None


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ({"output_file_id": "o", "error_file_id": "e"}, ("o", "e")),
        ({"output_file_id": "", "error_file_id": None}, ()),
        ({"output_file": "o"}, ("o",)),
        ({"outputFileId": "o", "errorFileId": ""}, ("o",)),
        ({"output_file_ids": ["o", "p"]}, ("o", "p")),
        ({"result_file": {"id": "o"}}, ("o",)),
        ({"errors": {"data": [{"code": "x"}]}, "input_file_id": "i"}, ()),
    ],
)
def test_result_files_are_found_by_any_name(fields, files):
    assert batch(**fields).result_files == files


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"request_counts": {"total": 5, "completed": 3, "failed": 2}}, (5, 3, 2, True)),
        (
            {"total_requests": 5, "completed_requests": 5, "succeeded_requests": 3, "failed_requests": 2},
            (5, 3, 2, True),
        ),
        ({"requestCounts": {"succeeded": 3, "errored": 2}}, (0, 3, 2, True)),
        ({"batch_stats": {"total": "5", "successful": "3", "failed": "2"}}, (5, 3, 2, True)),
        ({"progress": 40.5}, (0, 0, 0, False)),
        ({"request_counts": None, "completed_at": 123}, (0, 0, 0, False)),
    ],
)
def test_counts_are_read_where_there_are_any(fields, counts):
    found = batch(**fields)
    assert (found.total, found.completed, found.failed, found.is_counted) == counts


@pytest.mark.parametrize("metadata", [{"meetcli": DIGEST, "team": "x"}, json.dumps({"meetcli": DIGEST})])
def test_our_mark_is_read(metadata):
    assert batch(metadata=metadata).digest == DIGEST
    assert batch(metadata=metadata).is_of(DIGEST, "")
    assert not batch(metadata={"meetcli": "other"}, input_file_id="f").is_of(DIGEST, "f")
    assert batch(metadata=None, input_file_id="f").is_of(DIGEST, "f")
    assert not batch(metadata=None).is_of(DIGEST, "")


@pytest.mark.parametrize(
    "errors", ["a sentence with Ana's words", {"data": [{"code": "Ana said so"}]}, {"data": []}, [{}]]
)
def test_nothing_that_may_be_spoken_is_shown_of_a_failure(errors):
    assert batch(status="failed", errors=errors).error == "status failed"


def test_a_known_reason_is_shown_in_any_case():
    assert batch(status="FAILED", errors=[{"code": "MODEL_NOT_FOUND"}]).error == "model_not_found"


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ({"id": "f-1", "status": "Pending"}, ("f-1", "pending")),
        ({"code": 0, "data": {"id": "f-1", "filename": "x", "purpose": "batch"}}, ("f-1", "")),
        ({"id": "req-1", "file": {"id": "f-1", "filename": "x", "bytes": 9}}, ("f-1", "")),
        ({"file": {"name": "f-1"}}, ("f-1", "")),
        ({"uploaded": True}, None),
        (None, None),
    ],
)
def test_the_id_of_a_file_is_found(reply, found):
    assert read_file_id(reply) == found


@pytest.mark.parametrize(
    ("reply", "ids"),
    [
        ({"object": "list", "data": [{"id": "a", "status": "x"}], "has_more": False}, ["a"]),
        ([{"id": "a", "status": "x"}, {"id": "b", "status": "x"}], ["a", "b"]),
        ({"pagination": {}, "errors": [], "batches": [{"id": "a", "state": "x"}]}, ["a"]),
        ({"code": 0, "data": {"items": [{"id": "a", "status": "x"}]}}, ["a"]),
        ({"data": [{"id": "a", "status": "x"}, {"odd": 1}]}, ["a"]),
        ({}, []),
        ({"data": None}, []),
        ({"data": [{"odd": 1}]}, None),
        ({"data": [{"id": "a"}]}, None),
        ({"data": ["a"]}, None),
        ("a", None),
        (None, None),
    ],
)
def test_a_list_is_understood_or_not(reply, ids):
    found = read_list(reply, NOW)
    assert (None if found is None else [one.id for one in found]) == ids


def test_a_list_goes_on_unless_it_says_no():
    assert [has_more(reply) for reply in ({"has_more": True}, {"has_more": False}, {}, [])] == [True, False, True, True]


ANSWERED = [
    {"response": {"status_code": 200, "body": COMPLETION}, "error": None},
    {"response": {"status_code": 200, "body": COMPLETION}, "error": {"code": "", "message": None}},
    {"response": {"status_code": "200", "body": COMPLETION}},
    {"response": {"status_code": 201, "body": json.dumps(COMPLETION)}},
    {"response": {"body": COMPLETION}},
    {"response": COMPLETION},
    {"response": json.dumps(COMPLETION)},
    {"result": {"response": COMPLETION}},
    {"body": COMPLETION},
    {"status_code": 200, "body": COMPLETION},
    COMPLETION,
]


@pytest.mark.parametrize("line", ANSWERED)
def test_an_answer_is_read_wherever_it_stands_in_a_line(line):
    [(member, reply)] = read_results([{"id": "r", "custom_id": "a", **line}], {"a": BatchLine("a")}).replies
    assert (member, reply.text, reply.usage.input_tokens) == (BatchLine("a"), '{"summary": "x"}', 9)


@pytest.mark.parametrize(
    "line",
    [
        {"response": {"status_code": 400, "body": {"error": {"code": "context_length_exceeded"}}}},
        {"response": None, "error": {"code": 400, "message": "no"}},
        {"response": {"status_code": 200, "body": None}, "error": {"code": 422}},
        {"error": {"status": "422"}},
    ],
)
def test_a_refusal_is_read_wherever_it_stands_in_a_line(line):
    [refused] = read_results([{"custom_id": "a", **line}], {"a": BatchLine("a")}).refused
    assert refused.digest == "a"


@pytest.mark.parametrize(
    "given", [DIGEST, DIGEST.upper(), f"batch_7/{DIGEST}", f"{DIGEST}#0", f"req:{DIGEST}:1", [DIGEST]]
)
@pytest.mark.parametrize("name", ["custom_id", "customId", "key"])
def test_a_line_is_ours_though_a_server_wrote_something_around_its_name(given, name):
    assert request_of({name: given, "id": "r-1"}, {DIGEST: BatchLine(DIGEST)}) == DIGEST


@pytest.mark.parametrize("given", [DIGEST[:-1], DIGEST + "a", None, 7])
def test_a_line_of_another_name_is_not_ours(given):
    assert request_of({"custom_id": given}, {DIGEST: BatchLine(DIGEST)}) != DIGEST


def test_answers_to_others_are_counted_and_not_kept():
    found = read_results(
        [{"custom_id": "b", "response": {"status_code": 200, "body": COMPLETION}}], {"a": BatchLine("a")}
    )
    assert found == ([], [], [], {"b"})
