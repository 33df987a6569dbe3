"""What `cache explain` says is what a run does: each part of the fingerprint flipped alone is named, what is irrelevant
stays a hit.
"""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from meetcli.config import Settings
from meetcli.models import Task
from meetcli.tasks import load_task
from meetcli.wiring.assignment import assign
from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import REFUSAL, LoopbackServer, always

PARTS = {"content", "metadata", "instructions", "schema", "engine", "model", "endpoint", "sampling", "language"}
FILE = "in/a.json"


@pytest.fixture
def known(meetcli: Command) -> Command:
    """One meeting that was bought."""
    meetcli.put(FILE, explicit(customer_name="Larkfield"))
    assert meetcli("extract", FILE).exit_code == 0
    return meetcli


def explained(meetcli: Command, *options: str | Path) -> dict[str, Any]:
    done = meetcli("cache", "explain", FILE, "--task", "extract", "--json", *options)
    assert done.exit_code == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


# What changes the question


def another(name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    """Return a patch that changes one field of the task."""

    def patch(patched: pytest.MonkeyPatch) -> None:
        def changed(task: str, *_: object) -> Task:
            return load_task(task)._replace(**{name: value})

        patched.setattr("meetcli.wiring.assignment.open_task", changed)

    return patch


CHANGED_TASKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "instructions": another("instructions", "Do something else."),
    "schema": another("schema_sha256", "0" * 64),
    "sampling": another("temperature", 0.77),
}
CHANGED_SETTINGS = {
    "model": ("--model", "gpt-4o-mini"),
    "endpoint": ("--base-url", "http://127.0.0.1:1/v1"),
    "language": ("--language", "pt"),
}
CHANGED_MEETINGS = {
    "content": explicit("Ana: We will send the plan on Monday.\nRui: Thank you.", customer_name="Larkfield"),
    "metadata": explicit(customer_name="Larkfield Bakery"),
}


def test_every_part_is_flipped_below() -> None:
    # The engine is no part that changes on one pointer: each engine has a latest answer of its own.
    assert {*CHANGED_TASKS, *CHANGED_SETTINGS, *CHANGED_MEETINGS} == PARTS - {"engine"}


@pytest.mark.parametrize("part", CHANGED_MEETINGS)
def test_a_changed_meeting_is_named_by_explain_and_by_the_run(
    known: Command, server: LoopbackServer, part: str
) -> None:
    known.put(FILE, CHANGED_MEETINGS[part])

    found = explained(known)
    assert (found["status"], found["changed_parts"]) == ("changed", [part])
    assert server.requests == 1, "explaining calls nothing"
    (file,) = known("extract", FILE, "--summary", "json").summary["files"]
    assert (file["status"], file["reason"]) == ("changed", part)
    known.put(FILE, explicit(customer_name="Larkfield"))
    assert explained(known)["status"] == "hit", "both answers stay"


@pytest.mark.parametrize("part", CHANGED_SETTINGS)
def test_a_changed_setting_is_named(known: Command, part: str) -> None:
    found = explained(known, *CHANGED_SETTINGS[part])

    assert (found["status"], found["changed_parts"]) == ("changed", [part])
    assert f"something else in {part}" in found["why"]


def test_metadata_given_from_outside_counts_like_the_file_s_own(meetcli: Command) -> None:
    meetcli.put(FILE, explicit(meeting_id=None))
    assert explained(meetcli)["status"] == "miss"
    assert explained(meetcli, "--key-fallback", "none")["status"] == "bypassed"
    assert explained(meetcli, "--meeting-id", "M-9")["status"] == "miss"
    meetcli("extract", FILE, "--meeting-id", "M-9")
    assert explained(meetcli, "--meeting-id", "M-9")["status"] == "hit"
    meetcli.environment["MEETCLI_CUSTOMER_NAME"] = "Larkfield"
    assert explained(meetcli, "--meeting-id", "M-9")["changed_parts"] == ["metadata"]


@pytest.mark.parametrize("part", CHANGED_TASKS)
def test_a_changed_task_is_named(known: Command, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    CHANGED_TASKS[part](monkeypatch)

    found = explained(known)
    assert (found["status"], found["changed_parts"]) == ("changed", [part])


def test_a_newer_local_engine_is_a_change_of_the_engine(meetcli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    meetcli.put(FILE, explicit())
    meetcli("extract", FILE, "--engine", "local")
    assert explained(meetcli, "--engine", "local")["status"] == "hit"
    assert explained(meetcli)["status"] == "miss", "another engine is another answer, not a changed one"

    monkeypatch.setattr("meetcli.engines.local.ALGORITHM_VERSION", "next")
    found = explained(meetcli, "--engine", "local")
    assert (found["status"], found["changed_parts"]) == ("changed", ["engine"])


# What does not


def touched(path: Path) -> None:
    os.utime(path, (1, 1))


def reordered(path: Path) -> None:
    meeting = json.loads(path.read_bytes())
    meeting["metadata"] = dict(reversed(meeting["metadata"].items()))
    path.write_text(json.dumps(dict(reversed(meeting.items()))), encoding="utf-8")


def respaced(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=7), encoding="utf-8")


def with_other_line_ends(path: Path) -> None:
    meeting = json.loads(path.read_bytes())
    meeting["transcript"] = meeting["transcript"].replace("\n", "\r\n")
    path.write_text(json.dumps(meeting, indent=1).replace("\n", "\r\n"), encoding="utf-8")


def with_a_mark_of_byte_order(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def with_more_metadata_that_is_not_sent(path: Path) -> None:
    meeting = json.loads(path.read_bytes())
    path.write_text(json.dumps({**meeting, "metadata": {**meeting["metadata"], "banker_id": "B-7"}}), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        touched,
        reordered,
        respaced,
        with_other_line_ends,
        with_a_mark_of_byte_order,
        with_more_metadata_that_is_not_sent,
    ],
)
def test_what_is_irrelevant_stays_a_hit(known: Command, server: LoopbackServer, change: Callable[[Path], None]) -> None:
    change(known.folder / FILE)

    assert (explained(known)["status"], explained(known)["changed_parts"]) == ("hit", [])
    assert known("extract", FILE, "--summary", "json").statuses == {FILE: "hit"}
    assert server.requests == 1


def test_what_is_given_for_every_file_is_asked_about_too(meetcli: Command) -> None:
    given = ("--customer-name", "Acme", "--banker-id", "B-1", "--banker-name", "Rui", "--meet-type", "call")
    meetcli.put(FILE, explicit())
    assert meetcli("extract", FILE, *given).exit_code == 0
    assert (explained(meetcli, *given)["status"], explained(meetcli)["status"]) == ("hit", "changed")


def test_a_path_takes_no_part_in_identity(known: Command, server: LoopbackServer) -> None:
    known.put("elsewhere/b.json", (known.folder / FILE).read_bytes())

    assert known("extract", "elsewhere", "--summary", "json").statuses == {"elsewhere/b.json": "hit"}
    assert server.requests == 1


def test_alternating_costs_nothing(known: Command, server: LoopbackServer) -> None:
    other = explicit("Ana: No plan at all.\nRui: Thank you.", customer_name="Larkfield")
    mine = explicit(customer_name="Larkfield")
    known.put(FILE, other)
    known("extract", FILE)
    known("extract", FILE, "--model", "gpt-4o-mini")
    known("extract", FILE, "--language", "pt")
    paid = server.requests
    for _ in range(2):
        known.put(FILE, mine)
        assert known("extract", FILE, "--summary", "json").statuses == {FILE: "hit"}
        known.put(FILE, other)
        for options in ((), ("--model", "gpt-4o-mini"), ("--language", "pt")):
            assert known("extract", FILE, "--summary", "json", *options).statuses == {FILE: "hit"}
    assert server.requests == paid


# Every setting is one or the other

RELEVANT: dict[str, object] = {"engine": "local", "model": "gpt-4o-mini", "base_url": "http://h/v1", "language": "pt"}
IRRELEVANT = {
    # Who pays, and whose certificates are trusted.
    *("organization", "project", "ca_file"),
    # What is shown, and where.
    *(
        "output",
        "format",
        "no_csv_bom",
        "summary",
        "quiet",
        "verbose",
        "log_format",
        "log_file",
        "require_evidence",
        "metrics_file",
    ),
    # How it is bought.
    *("api_key", "prices", "concurrency", "timeout_s", "retries", "max_wait_s", "rpm", "tpm", "lane", "flex_fallback"),
    *("wait", "repair", "max_cost_usd", "yes"),
    "context_tokens",  # in how many calls it is asked
    # What the cache is for this run.
    *(
        "ttl_s",
        "cache_dir",
        "cache_url",
        "cache_required",
        "no_cache",
        "refresh",
        "cache_only",
        "on_change",
        "retry_failed",
        "dry_run",
    ),
    # What is read, and whether it has a key.
    *("limit", "files_from", "max_file_bytes", "key_fallback"),
    # What a file does not say itself: part of the meeting, whose key and metadata follow from it, and so of no setting.
    *("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type", "patterns"),
}


def test_every_setting_is_known_to_change_the_question_or_not() -> None:
    assert {field.name for field in fields(Settings)} == {*RELEVANT, *IRRELEVANT}, (
        "say in one of the two whether these take part in the fingerprint"
    )


@pytest.mark.parametrize("name", sorted(field.name for field in fields(Settings)))
def test_a_setting_changes_the_question_exactly_where_it_should(name: str) -> None:
    usual = Settings(base_url="http://loopback/v1")
    other = replace(usual, **{name: RELEVANT.get(name, object())})

    assert (assign("extract", other).parts != assign("extract", usual).parts) is (name in RELEVANT)


# What it says besides


def test_a_miss_an_expired_answer_and_a_remembered_failure_are_told_apart(
    known: Command, server: LoopbackServer
) -> None:
    assert explained(known, "--ttl", "0")["status"] == "expired"
    (other,) = json.loads(known("cache", "explain", FILE, "--task", "analyze", "--json").stdout)
    assert (other["status"], other["entry"], other["changed_parts"]) == ("miss", None, [])

    server.faults = always(REFUSAL)
    known.put(FILE, explicit(meeting_id="M-refused"))
    known("extract", FILE)
    found = explained(known)
    assert (found["status"], found["entry"]["kind"]) == ("failed", "failure")
    assert "remembered from" in found["why"]


def test_a_meeting_without_a_key_is_told_what_is_missing(meetcli: Command) -> None:
    meetcli.put(FILE, explicit(meeting_id=None, meet_date=None))

    found = explained(meetcli, "--key-fallback", "none")
    assert (found["status"], found["idempotency_key"]) == ("bypassed", None)
    assert "there is no meeting_id and meet_date" in found["why"]
    assert explained(meetcli)["status"] == "miss"


def test_settings_without_a_cache_are_explained_as_a_run_takes_them(known: Command) -> None:
    folder = known("cache", "path").stdout.strip()
    known.environment |= {"MEETCLI_NO_CACHE": "1", "MEETCLI_CACHE_DIR": folder}

    found = explained(known)

    assert (found["status"], known("extract", FILE, "--summary", "json").summary["files"][0]["status"]) == (
        "bypassed",
        "bypassed",
    )
    assert found["why"] == "--no-cache neither reads nor saves answers: every run asks again"


def test_what_is_no_transcript_says_so(meetcli: Command) -> None:
    meetcli.put(FILE, {"recipe": "bread"})
    meetcli.put("in/b.json", explicit(meet_date="yesterday"))

    done = meetcli("cache", "explain", "in", "--json", "--task", "extract")
    assert [(found["source"], found["status"]) for found in json.loads(done.stdout)] == [
        ("in/a.json", "skipped"),
        ("in/b.json", "failed"),
    ]


def test_explaining_writes_nothing(known: Command) -> None:
    folder = Path(known("cache", "path").stdout.strip())
    known.put(FILE, json.dumps(explicit(customer_name="Larkfield"), indent=3))
    before = (folder / "cache.db").read_bytes()
    explained(known)

    assert (folder / "cache.db").read_bytes() == before


def test_plain_text_when_piped_and_a_table_on_a_terminal(known: Command) -> None:
    known.put(FILE, CHANGED_MEETINGS["content"])
    piped = known("cache", "explain", FILE, "--task", "extract").stdout
    assert "in/a.json, extract: changed (content)\n" in piped or "in/a.json, extract: changed\n" in piped
    assert "differs" in piped
    assert "\x1b" not in piped

    controller, terminal = pty.openpty()
    with known.start(
        "cache", "explain", FILE, "--task", "extract", stdout=terminal, environment={"TERM": "xterm-256color"}
    ) as process:
        os.close(terminal)
        shown = b""
        while b"language" not in shown.rpartition(b"sampling")[2]:
            shown += os.read(controller, 10_000)
        process.wait(timeout=60)
    os.close(controller)
    assert b"\x1b[" in shown
    assert b"asked now" in shown
