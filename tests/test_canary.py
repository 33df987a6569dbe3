"""No word of a transcript or a reply, no key and no password appears in a log, a table, an error or a cache key."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command, Done
from tests.corridor import explicit, extract_answer
from tests.loopback_server import CUT, GARBAGE, Fault, LoopbackServer, always, finished, status

CANARY = "kanarienvogel"
KEY = f"sk-{CANARY}-0123456789"
SPOKEN = f"Ana: The {CANARY} is on Friday.\nRui: {CANARY}, I will send it to {CANARY}.\nAna: Thank you.\nRui: Bye."
QUOTED = {"message": f"no: {KEY} may not say {SPOKEN}", "code": f"invalid-{CANARY}", "param": CANARY}

FAULTS = {
    "answered": None,
    "key refused": status(401, error=QUOTED),
    "a word for a code": status(401, error={**QUOTED, "code": CANARY}),
    "a word for a type": status(400, error={**QUOTED, "type": CANARY}),
    "quota": status(429, error={**QUOTED, "code": "insufficient_quota"}),
    "forbidden": status(403, error=QUOTED),
    "no model": status(404, error={**QUOTED, "code": "model_not_found"}),
    "bad request": status(400, error=QUOTED),
    "too long": status(400, error={**QUOTED, "code": "context_length_exceeded"}),
    "rate limited": status(429, error=QUOTED, retry_after="0.001"),
    "server error": status(500, error=QUOTED),
    "no schema": status(400, error={**QUOTED, "param": "response_format", "message": f"json_schema? {SPOKEN}"}),
    "cut": CUT,
    "garbage": GARBAGE,
    "garbage that sings": Fault(body=f"<html>{SPOKEN}".encode()),
    "refusal": finished("stop", refusal=f"I will not say {CANARY}"),
    "filtered": finished("content_filter", content=CANARY),
    "truncated": finished("length", content=f'{{"summary": "{CANARY}'),
    "empty": finished("stop", content=""),
    "no JSON": finished("stop", content=f"{CANARY}!"),
    "wrong shape": finished("stop", content=json.dumps({CANARY: CANARY})),
    "wrong values": finished("stop", content=json.dumps(extract_answer(topics=CANARY, summary=[CANARY]))),
}

BAD_INPUTS = {
    "cut.json": json.dumps(explicit(SPOKEN))[:-30],
    "comma.json": f'{{"transcript": "{CANARY}", "metadata": {{}},}}',
    "bare.json": f'{{"transcript": {CANARY}}}',
    "list.json": [
        explicit(SPOKEN, meeting_id="M-7"),
        CANARY,
        {"transcript": [CANARY]},
        {"transcript": {CANARY: CANARY}},
        [CANARY],
    ],
    "number.json": {"transcript": 5, "metadata": {"meeting_id": "M-8"}, CANARY * 20: CANARY},
    "nan.json": f'{{"transcript": "{CANARY}", "metadata": {{"customer_id": NaN}}}}',
    "twice.json": f'{{"transcript": "{CANARY}", "transcript": "{CANARY} {CANARY}"}}',
    "surrogate.json": '{"transcript": "Ana: \\ud800 ' + CANARY + '"}',
    "nul.json": f'{{"transcript": "Ana: \\u0000 {CANARY}"}}',
    "latin.json": f'{{"transcript": "Ana: é {CANARY}"}}'.encode("latin-1"),
    "utf16.json": f'{{"transcript": "Ana: {CANARY}"}}'.encode("utf-16"),
    "deep.json": "[" * 100_000 + f'"{CANARY}"' + "]" * 100_000,
    "lines.jsonl": f'{json.dumps(explicit(SPOKEN, meeting_id="M-9"))}\n{{"transcript": "{CANARY}\n{CANARY}\n',
    "metadata.json": {"transcript": SPOKEN, "metadata": CANARY},
    "empty.json": {"transcript": " \n", "metadata": {"meeting_id": "M-10"}},
    "text.txt": SPOKEN * 3,
}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def meetcli(tmp_path: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setattr("meetcli.engines.openai_live.FIRST_BACKOFF_S", 0.001)
    command = Command(tmp_path, server.base_url)
    command.environment |= {"OPENAI_API_KEY": KEY, "MEETCLI_MAX_WAIT": "1s"}
    return command


def cache_keys(meetcli: Command) -> list[str]:
    folder = meetcli("cache", "path").stdout.rstrip("\n")
    path = Path(folder) / "cache.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    keys = [key for (key,) in connection.execute("SELECT key FROM Cache")]
    connection.close()
    return keys


def check(done: Done, meetcli: Command, caplog: pytest.LogCaptureFixture) -> None:
    """Fail where the canary sings outside of results and cached values."""
    log = meetcli.folder / "run.log"
    everywhere = {
        "standard output": done.stdout,
        "standard error": done.stderr,
        "the log file": log.read_text(encoding="utf-8") if log.exists() else "",
        "anybody's logger": "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records),
        "the cache's keys": "\n".join(cache_keys(meetcli)),
    }
    assert [place for place, text in everywhere.items() if CANARY in text.lower()] == []


@pytest.mark.parametrize("task", ["extract", "analyze"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_sings_whatever_the_server_answers(
    meetcli: Command, server: LoopbackServer, caplog: pytest.LogCaptureFixture, task: str, fault: Fault | None
) -> None:
    caplog.set_level(logging.DEBUG)
    meetcli.put("in/a.json", explicit(SPOKEN))
    if fault is not None:
        server.faults = always(fault)
    check(meetcli(task, "in", "-vv", "--retries", "1"), meetcli, caplog)
    # The second run meets what the first one kept: an answer, a failure, a reply; it logs to another place in another
    # form.
    check(meetcli(task, "in", "-vv", "--log-format", "json", "--retries", "0", "--summary", "json"), meetcli, caplog)
    check(meetcli(task, "in", "-vv", "--log-file", "run.log", "--dry-run", "--ttl", "0"), meetcli, caplog)
    check(meetcli(task, "in", "-q", "--retries", "0"), meetcli, caplog)


def test_nothing_sings_whatever_is_wrong_with_the_input(meetcli: Command, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name, content in BAD_INPUTS.items():
        meetcli.put(f"in/{name}", content)
    for arguments in (
        ["-vv"],
        ["-vv", "--log-format", "json", "--summary", "json"],
        ["--dry-run"],
        ["-q", "--key-fallback", "content"],
    ):
        check(meetcli("extract", "in", *arguments), meetcli, caplog)
        named = [f"in/{name}" for name in BAD_INPUTS]
        check(meetcli("extract", *named, *arguments), meetcli, caplog)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--base-url", f"http://user:{CANARY}@127.0.0.1:9/v1"],
        ["--base-url", f"http://127.0.0.1:9/v1?key={CANARY}"],
        ["--base-url", CANARY],
    ],
)
def test_a_password_in_an_address_is_refused_without_being_said(
    meetcli: Command, caplog: pytest.LogCaptureFixture, arguments: list[str]
) -> None:
    meetcli.put("in/a.json", explicit())
    done = meetcli("extract", "in", "-vv", *arguments)
    assert done.exit_code == 2
    check(done, meetcli, caplog)


def test_a_bug_shows_our_code_and_not_the_values(
    meetcli: Command, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetcli.put("in/a.json", explicit(SPOKEN))

    def bug(text: str, *_: object, **__: object) -> None:
        raise ValueError(text)

    for place in ("meetcli.spend.questions.judge", "meetcli.plan.normalize", "meetcli.readers.open_content"):
        with monkeypatch.context() as patched:
            patched.setattr(place, bug)
            done = meetcli("extract", "in", "-vv", "--refresh")
        assert done.exit_code == 70
        check(done, meetcli, caplog)


def test_the_vendor_s_own_debugging_is_not_let_loose_on_transcripts(
    meetcli: Command, caplog: pytest.LogCaptureFixture
) -> None:
    meetcli.put("in/a.json", explicit(SPOKEN))
    done = meetcli.alone("extract", "in", "-vv", environment={"OPENAI_LOG": "debug", "PYTHONASYNCIODEBUG": "1"})
    assert done.exit_code == 0
    check(done, meetcli, caplog)


def test_results_are_for_their_owner_only(meetcli: Command) -> None:
    meetcli.put("in/a.json", explicit(SPOKEN))
    meetcli("extract", "in", "--log-file", "run.log")
    assert CANARY.encode() in meetcli.results()["a.extract.json"], "the one place where it was asked for"
    private = [*(meetcli.folder / "results").rglob("*.json"), meetcli.folder / "run.log"]
    folder = Path(meetcli("cache", "path").stdout.rstrip("\n"))
    private += [path for path in folder.iterdir() if path.suffix == ".db"]
    assert [path.name for path in private if path.stat().st_mode & 0o077] == []
    assert folder.stat().st_mode & 0o077 == 0
