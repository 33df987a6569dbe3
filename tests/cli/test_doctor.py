"""`meetcli doctor`: says where every setting came from, what would not work, and what to do; shows no secret and
changes nothing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from meetcli.config import OPTIONS
from tests.cli.command import KEY, Command, Done
from tests.corridor import explicit


def states(done: Done) -> dict[str, str]:
    """The state of each check by name; of several with one name, the last."""
    rows = done.stdout.split("\nchecks\n")[1].splitlines()
    return {match[2]: match[1] for row in rows if (match := re.match(r"  (ok|warn|fail|skip) +(\w+) ", row))}


def test_all_is_well_where_a_run_would_work(meetcli: Command) -> None:
    meetcli.put("in/a.json", explicit())
    assert meetcli("extract", "in").exit_code == 0
    done = meetcli("doctor")
    assert (done.exit_code, done.stderr) == (0, "")
    assert states(done) == {
        "settings": "ok",
        "cache": "ok",
        "ids": "ok",
        "output": "ok",
        "disk": "ok",
        "endpoint": "ok",
    }
    assert re.search(r"ok +cache .*: 1 answer, [\d.]+ kB, last success \d{4}-", done.stdout)
    assert done.stdout.endswith("next: meetcli extract PATH --dry-run says what a run would do and cost\n")


def test_every_setting_is_shown_with_where_it_came_from(meetcli: Command) -> None:
    meetcli.put(".env", "MEETCLI_MODEL=from-env-file\n")
    meetcli.put("meetcli.toml", "concurrency = 3\n")
    done = meetcli("doctor", "--offline", "-o", "elsewhere", CACHE_TTL_HOURS="720")
    rows = {
        row.split()[0]: row.split(maxsplit=2)[1:]
        for row in done.stdout.split("\nsettings\n")[1].split("\n\n")[0].splitlines()
    }
    assert rows.keys() == OPTIONS.keys()
    assert rows["output"] == ["elsewhere", "flag --output"]
    assert rows["model"] == ["from-env-file", ".env"]
    assert rows["concurrency"] == ["3", "./meetcli.toml"]
    assert rows["ttl"] == ["30d", "variable CACHE_TTL_HOURS"]
    assert rows["timeout"] == ["2m", "default"]


def test_secrets_are_not_shown(meetcli: Command) -> None:
    done = meetcli("doctor", "--offline", "--cache-url", "redis://me:hidden@127.0.0.1:9/0?password=hidden")
    assert KEY not in done.stdout + done.stderr
    assert "hidden" not in done.stdout + done.stderr
    assert "redis://127.0.0.1:9/0 " in done.stdout
    assert f"set, {len(KEY)} characters" in done.stdout


def test_offline_asks_nobody(meetcli: Command) -> None:
    done = meetcli("doctor", "--offline", "--cache-url", "redis://127.0.0.1:9", "--base-url", "http://127.0.0.1:9/v1")
    assert done.exit_code == 0
    assert (states(done)["redis"], states(done)["endpoint"]) == ("skip", "skip")


@pytest.mark.parametrize(
    ("options", "environment", "check", "step"),
    [
        ((), {"OPENAI_API_KEY": ""}, "endpoint", "set OPENAI_API_KEY"),
        (("--model", "gpt-nobody"), {}, "endpoint", "choose with --model: gpt-4o"),
        (("--base-url", "http://127.0.0.1:9/v1"), {}, "endpoint", "check the network and the base URL"),
        (
            ("--cache-url", "redis://127.0.0.1:9"),
            {"MEETCLI_CACHE_REQUIRED": "1"},
            "redis",
            "start it, correct --cache-url, or leave it out",
        ),
        ((), {"MEETCLI_FILES_FROM": "missing.txt"}, "settings", "name a file with a path on each line"),
        (("-o", "a-file/results"), {}, "output", "choose another folder with --output"),
        (("--metrics-file", "missing/m.prom"), {}, "metrics", "name another file"),
        ((), {"MEETCLI_LOG_FILE": "missing/run.log"}, "settings", "name a file in a folder you can write to"),
        ((), {"MEETCLI_PRICES": "missing.toml"}, "settings", "correct that setting"),
        (
            (),
            {"MEETCLI_MAX_COST": "5"},
            "settings",
            "--prices openai, or a file that has its price; or leave out --max-cost",
        ),
        ((), {"MEETCLI_PATTERNS": "{nothing}"}, "settings", "write it as {customer_id}/{meet_date}_{meeting_id}.vtt"),
        (("-o", "-"), {"MEETCLI_FORMAT": "csv"}, "settings", "name a folder with --output"),
    ],
)
def test_what_would_not_work_is_2_with_the_next_step(
    meetcli: Command, options: tuple[str, ...], environment: dict[str, str], check: str, step: str
) -> None:
    meetcli.put("a-file", "")
    done = meetcli("doctor", *options, **environment)
    assert done.exit_code == 2
    assert [name for name, state in states(done).items() if state == "fail"] == [check]
    assert re.search(rf"^next: {re.escape(step)}.*; then run meetcli doctor again$", done.stdout, re.MULTILINE)


def test_a_shared_cache_out_of_reach_is_a_warning_as_in_a_run(meetcli: Command) -> None:
    done = meetcli("doctor", "--cache-url", "redis://127.0.0.1:9")
    assert (done.exit_code, states(done)["redis"]) == (0, "warn")
    assert "refused; a run goes on with the disk cache alone\n" in done.stdout
    assert "start it, correct --cache-url, or leave it out\n" in done.stdout


@pytest.mark.parametrize(("variable", "origin"), [("1", "variable MEETCLI_NO_CACHE"), ("", "./meetcli.toml")])
def test_a_cache_that_is_not_used_is_told_with_where_that_is_set(meetcli: Command, variable: str, origin: str) -> None:
    meetcli.put("meetcli.toml", "no_cache = true\n")
    done = meetcli("doctor", "--offline", MEETCLI_NO_CACHE=variable)
    assert (done.exit_code, f"take no_cache out of where it is set: {origin}\n" in done.stdout) == (0, True)


def test_a_cache_that_others_may_write_to_is_refused(meetcli: Command) -> None:
    folder = meetcli.folder / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    done = meetcli("doctor", "--offline", "--cache-dir", folder)
    assert done.exit_code == 2
    assert "writable by others" in done.stdout


def test_a_cache_folder_that_cannot_be_made_is_said(meetcli: Command) -> None:
    taken = meetcli.put("taken", "a file where a folder should be")
    done = meetcli("doctor", "--offline", "--cache-dir", taken / "cache")
    assert done.exit_code == 2
    assert f"fail  cache     {taken}/cache cannot be made: {taken} cannot be written" in done.stdout


def test_a_look_makes_nothing(meetcli: Command) -> None:
    before = sorted(meetcli.folder.rglob("*"))
    assert meetcli("doctor", "--offline", "--cache-dir", "cache").exit_code == 0
    assert sorted(meetcli.folder.rglob("*")) == before


def test_too_little_room_is_a_warning(meetcli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetcli.commands.checks.ROOM_BYTES", sys.maxsize)
    done = meetcli("doctor", "--offline")
    assert done.exit_code == 0
    assert states(done)["disk"] == "warn"


def test_the_local_engine_needs_no_key_and_says_when_it_is_absent(
    meetcli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states(meetcli("doctor", "--engine", "local", OPENAI_API_KEY=""))["engine"] == "ok"
    monkeypatch.setattr("meetcli.engines.local._LIBRARIES", ("no_such_library",))
    done = meetcli("doctor", "--engine", "local")
    assert done.exit_code == 2
    assert "pip install 'meetcli[local]'" in done.stdout


def test_settings_that_cannot_be_used_are_said_as_any_command_says_them(meetcli: Command, tmp_path: Path) -> None:
    done = meetcli("doctor", CACHE_TTL_HOURS="often")
    assert done.exit_code == 2
    assert "ttl = 'often' (from variable CACHE_TTL_HOURS)" in done.stderr


def test_what_is_odd_about_the_settings_is_a_warning(meetcli: Command) -> None:
    done = meetcli("doctor", "--offline", MEETCLI_MODLE="gpt-4o")
    assert done.exit_code == 0
    assert "MEETCLI_MODLE is not a setting, did you mean MEETCLI_MODEL?" in done.stdout
