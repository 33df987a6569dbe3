"""Every status, reached from the command line, with the result files and the summary that belong to it."""

from __future__ import annotations

import json

import pytest

from tests.cli.command import Command, without_purchase
from tests.corridor import explicit
from tests.loopback_server import EMPTY, REFUSAL, LoopbackServer, always, in_order

COUNTED = (
    "skipped",
    "bypassed",
    "refreshed",
    "hit",
    "expired",
    "changed",
    "miss",
    "shared",
    "submitted",
    "failed",
    "not_attempted",
)


def run(meetcli: Command, *arguments: str, task: str = "extract", **environment: str) -> dict[str, str]:
    return meetcli(task, "in", "--summary", "json", *arguments, **environment).statuses


def test_both_tasks_run_from_both_shapes_and_never_see_each_other_s_answers(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli.put("in/a.json", explicit())
    raw = {
        "meet_id": "M-2",
        "customer_id": "C-2",
        "meet_date": "2025-10-15",
        "meet_transcription": "Ana: Até amanhã.\nRui: Até.",
    }
    meetcli.put("in/b.json", raw)
    for task in ("extract", "analyze"):
        assert set(run(meetcli, task=task).values()) == {"miss"}
    assert server.requests == 4
    assert list(meetcli.results()) == ["a.analyze.json", "a.extract.json", "b.analyze.json", "b.extract.json"]
    result = json.loads(meetcli.results()["b.extract.json"])
    assert (result["meeting_id"], result["source"], result["task"], result["meet_date"]) == (
        "M-2",
        "b.json",
        "extract",
        "2025-10-15",
    )
    assert run(meetcli) == {"in/a.json": "hit", "in/b.json": "hit"}
    assert server.requests == 4


def test_hit_leaves_the_result_file_alone(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli)
    path = meetcli.folder / "results" / "a.extract.json"
    before = path.stat()
    assert before.st_mode & 0o777 == 0o600
    run(meetcli)
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    path.unlink()
    run(meetcli)
    assert path.exists()
    assert server.requests == 1


def test_meeting_without_ids_is_bypassed_unless_its_content_gives_a_key(meetcli: Command) -> None:
    meetcli.put("in/a.json", {"transcript": "Ana: Good morning.\nRui: Good morning."})
    done = meetcli("extract", "in", "--summary", "json", "--key-fallback", "none")
    assert done.summary["files"][0] | {"cost_usd": None} == {
        "source": "in/a.json",
        "status": "bypassed",
        "reason": "no_key",
        "idempotency_key": "no-idempotency-key-available",
        "output": "results/a.extract.json",
        "cost_usd": None,
        "error": None,
        "unsupported": 12,
        "place": None,
    }
    assert run(meetcli) == {"in/a.json": "miss"}
    assert run(meetcli, "--key-fallback", "content") == {"in/a.json": "hit"}


def test_no_cache_reads_and_saves_nothing(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    for _ in range(2):
        done = meetcli("extract", "in", "--summary", "json", "--no-cache")
        assert (done.summary["files"][0]["status"], done.summary["files"][0]["reason"]) == ("bypassed", "no_cache")
        assert done.summary["backend"] == "none"
    assert run(meetcli) == {"in/a.json": "miss"}
    assert server.requests == 3


def test_refresh_calls_again_and_saves(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli)
    assert run(meetcli, "--refresh") == {"in/a.json": "refreshed"}
    assert run(meetcli) == {"in/a.json": "hit"}
    assert server.requests == 2


@pytest.mark.parametrize("ttl", [("--ttl", "0"), ()], ids=["option", "older variable"])
def test_too_old_an_answer_is_bought_again(meetcli: Command, server: LoopbackServer, ttl: tuple[str, ...]) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli)
    environment = {} if ttl else {"CACHE_TTL_HOURS": "0"}
    assert run(meetcli, *ttl, **environment) == {"in/a.json": "expired"}
    assert run(meetcli, "--ttl", "none") == {"in/a.json": "hit"}
    assert server.requests == 2


def test_many_expired_answers_say_what_buying_them_again_costs(meetcli: Command) -> None:
    meetcli.put("in/a.json", [explicit(meeting_id=f"M-{number}") for number in range(11)])
    meetcli.put("prices.toml", '["gpt-4o"]\ninput = 2.5\noutput = 10\n')
    run(meetcli, "--prices", "prices.toml")
    done = meetcli("extract", "in", "--ttl", "0", "--dry-run", "--summary", "json")
    assert "11 answers are older than the TTL" in done.stderr
    assert "$0." in done.stderr
    assert "--ttl" in done.stderr


def test_changed_content_is_named_and_on_change_decides(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli)
    meetcli.put("in/a.json", explicit("Ana: We will not send it.\nRui: No."))
    done = meetcli("extract", "in", "--summary", "json", "--on-change", "fail")
    assert (done.exit_code, done.summary["files"][0]["reason"]) == (1, "changed")
    kept = meetcli("extract", "in", "--summary", "json", "--on-change", "keep")
    assert (kept.summary["files"][0]["status"], kept.summary["files"][0]["reason"]) == ("hit", "kept")
    assert server.requests == 1
    changed = meetcli("extract", "in", "--summary", "json")
    assert (changed.summary["files"][0]["status"], changed.summary["files"][0]["reason"]) == ("changed", "content")
    assert run(meetcli, "--model", "gpt-4o-mini") == {"in/a.json": "changed"}
    assert run(meetcli) == {"in/a.json": "hit"}


def test_twins_cost_one_call_and_their_results_differ_in_their_source_only(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli.put("in/a.json", explicit())
    meetcli.put("in/sub/b.json", explicit())
    assert run(meetcli) == {"in/a.json": "miss", "in/sub/b.json": "shared"}
    first, second = (without_purchase(result) for result in meetcli.results().values())
    assert (first.pop("source"), second.pop("source")) == ("a.json", "b.json")
    assert first["provenance"].pop("input_sha256") == second["provenance"].pop("input_sha256")
    assert first == second
    assert server.requests == 1


def test_same_key_with_different_content_gives_two_answers_and_is_said(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli.put("in/a.json", explicit())
    meetcli.put("in/b.json", explicit("Ana: Something else.\nRui: Yes."))
    done = meetcli("extract", "in", "--summary", "json")
    assert server.requests == 2
    assert "in/a.json and in/b.json have the same idempotency key" in done.stderr
    assert len(meetcli.results()) == 2


def test_refusal_is_remembered_until_asked_again(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    server.faults = always(REFUSAL)
    first = meetcli("extract", "in", "--summary", "json")
    assert (first.exit_code, first.summary["files"][0]["reason"]) == (1, "refusal")
    known = meetcli("extract", "in", "--summary", "json")
    assert (known.exit_code, known.summary["files"][0]["reason"], server.requests) == (1, "known_failure", 1)
    assert known.summary["requests"] == 0
    server.faults = in_order()
    assert run(meetcli, "--retry-failed") == {"in/a.json": "miss"}


def test_an_empty_answer_is_repaired_and_one_that_stays_empty_is_not_bought_every_night(
    meetcli: Command, server: LoopbackServer
) -> None:
    meetcli.put("in/a.json", explicit())
    server.faults = in_order(EMPTY)
    assert (run(meetcli), server.requests) == ({"in/a.json": "miss"}, 2)
    server.faults = always(EMPTY)
    meetcli("cache", "remove", "--meeting", "M-1", "-y")
    assert (run(meetcli), run(meetcli), server.requests) == ({"in/a.json": "failed"}, {"in/a.json": "failed"}, 4)


def test_cache_only_never_calls_and_needs_no_key(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli)
    meetcli.put("in/b.json", explicit(meeting_id="M-2"))
    done = meetcli("extract", "in", "--cache-only", "--summary", "json", OPENAI_API_KEY="")
    assert done.statuses == {"in/a.json": "hit", "in/b.json": "not_attempted"}
    assert (done.exit_code, done.summary["files"][1]["reason"], server.requests) == (1, "cache_only", 1)


def test_limit_counts_only_meetings_that_need_a_call(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli)
    meetcli.put("in/b.json", explicit(meeting_id="M-2"))
    meetcli.put("in/c.json", explicit(meeting_id="M-3"))
    assert run(meetcli, "--limit", "1") == {"in/a.json": "hit", "in/b.json": "miss", "in/c.json": "not_attempted"}
    assert run(meetcli, "--limit", "0") == {"in/a.json": "hit", "in/b.json": "hit", "in/c.json": "not_attempted"}
    assert server.requests == 2


def test_dry_run_says_what_each_would_be_and_writes_nothing(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    run(meetcli, "-o", "elsewhere")
    meetcli.put("in/b.json", explicit(meeting_id="M-2"))
    meetcli.put("in/c.json", explicit(meeting_id="M-2"))
    done = meetcli("extract", "in", "--dry-run", "--summary", "json", OPENAI_API_KEY="")
    files = [(file["status"], file["reason"]) for file in done.summary["files"]]
    assert files == [("hit", None), ("not_attempted", "miss"), ("not_attempted", "shared")]
    assert (done.exit_code, server.requests, meetcli.results()) == (0, 1, {})


def test_folder_skips_what_is_no_transcript_and_a_name_makes_it_fail(meetcli: Command) -> None:
    meetcli.put("in/a.json", explicit())
    meetcli.put("in/notes.txt", "just some words")
    meetcli.put("in/other.json", {"kind": "other"})
    meetcli.put("in/.hidden.json", explicit())
    run(meetcli, "-o", "in/results")
    done = meetcli("extract", "in", "--summary", "json", "-o", "in/results")
    assert done.exit_code == 0
    assert {file["source"]: file["reason"] for file in done.summary["files"] if file["status"] == "skipped"} == {
        "in/.hidden.json": "hidden",
        "in/notes.txt": "no_transcript",
        "in/other.json": "no_transcript",
        "in/results/a.extract.json": "own_result",
    }
    named = meetcli("extract", "in/notes.txt", "in/other.json", "in/results/a.extract.json", "--summary", "json")
    assert (named.exit_code, set(named.statuses.values())) == (1, {"failed"})


def test_summary_has_the_contract_s_shape_and_its_money_is_this_run_s(meetcli: Command) -> None:
    meetcli.put("in/a.json", explicit())
    meetcli.put("prices.toml", '["gpt-4o"]\ninput = 2.5\noutput = 10\n')
    first = meetcli("extract", "in", "--summary", "json", "--prices", "prices.toml").summary
    again = meetcli("extract", "in", "--summary", "json", "--prices", "prices.toml").summary
    assert list(first) == [
        *(
            "schema_version",
            "task",
            "engine",
            "model",
            "endpoint",
            "backend",
            "counts",
            "hit_rate",
            "known_by_content",
            "requests",
            "usage",
        ),
        *("cost_usd", "saved_usd", "unsupported", "uncertain_usd", "money", "elapsed_s", "exit_code", "files"),
    ]
    assert tuple(first["counts"]) == (*COUNTED, "total", "unread")
    assert list(first["usage"]) == ["input_tokens", "cached_input_tokens", "output_tokens", "requests"]
    assert list(first["files"][0]) == [
        "source",
        "status",
        "reason",
        "idempotency_key",
        "output",
        "cost_usd",
        "error",
        "unsupported",
        "place",
    ]
    assert (first["schema_version"], first["task"], first["engine"], first["model"]) == (
        1,
        "extract",
        "openai",
        "gpt-4o",
    )
    assert first["endpoint"] == meetcli.environment["OPENAI_BASE_URL"].split("/")[2]
    assert (first["backend"], first["hit_rate"], first["requests"], first["exit_code"]) == ("disk", 0, 1, 0)
    assert first["cost_usd"] == first["files"][0]["cost_usd"] == again["saved_usd"] != "0"
    assert (again["hit_rate"], again["requests"], again["cost_usd"], again["usage"]["requests"]) == (1, 0, "0", 0)


def test_unknown_price_is_null_and_never_zero(meetcli: Command) -> None:
    meetcli.put("in/a.json", explicit())
    first = meetcli("extract", "in", "--summary", "json").summary
    again = meetcli("extract", "in", "--summary", "json").summary
    assert (first["cost_usd"], again["cost_usd"], again["saved_usd"]) == (None, "0", None)
    assert "unknown" in meetcli("extract", "in").stdout


def test_what_the_environment_asks_for_stands_where_no_option_speaks(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit())
    assert run(meetcli, MEETCLI_DRY_RUN="1", MEETCLI_VERBOSE="1") == {"in/a.json": "not_attempted"}
    assert server.requests == 0


def test_requiring_evidence_changes_results_and_buys_nothing(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/a.json", explicit("Ana: Good morning.\nRui: Good morning."))
    first = meetcli("extract", "in", "--summary", "json").summary
    assert first["unsupported"] == first["files"][0]["unsupported"] == 12
    again = meetcli("extract", "in", "--require-evidence", "--summary", "json")
    assert (again.statuses, again.summary["unsupported"], server.requests) == ({"in/a.json": "hit"}, 0, 1)
    assert json.loads(meetcli.results()["a.extract.json"])["key_points"] == []
