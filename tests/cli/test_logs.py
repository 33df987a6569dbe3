import json
import os
import re
import sys

import pytest

from meetcli.errors import UsageError
from meetcli.events import LOGGER
from meetcli.wiring.logs import close_logging, configure_logging


@pytest.fixture(autouse=True)
def closed():
    yield
    close_logging()
    LOGGER.setLevel(0)
    LOGGER.propagate = True


def write_all_levels():
    LOGGER.debug("d")
    LOGGER.info("i")
    LOGGER.warning("w")
    LOGGER.error("e")


@pytest.mark.parametrize(
    ("options", "levels"),
    [({"quiet": True}, "e"), ({}, "we"), ({"verbose": 1}, "iwe"), ({"verbose": 2}, "diwe"), ({"verbose": 5}, "diwe")],
)
def test_verbosity_decides_what_is_logged(capsys, options, levels):
    configure_logging(run_id="r", **options)
    write_all_levels()
    assert [line[-1] for line in capsys.readouterr().err.splitlines()] == list(levels)


def test_people_who_did_not_ask_for_a_log_get_plain_warnings(capsys):
    configure_logging(run_id="r")
    LOGGER.warning("no transcripts in %s", "a\n\x1b[31mb")
    assert capsys.readouterr().err == "warning: no transcripts in a\\n\\x1b[31mb\n"


def test_asked_for_lines_carry_time_and_level(capsys):
    configure_logging(run_id="r", verbose=1)
    LOGGER.info("hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO    hello\n", capsys.readouterr().err)


def test_json_lines_are_one_object_each_with_the_event_s_fields(capsys):
    configure_logging(run_id="run-1", verbose=2, log_format="json")
    LOGGER.info("a\nb \udcff", extra={"event": "cache_hit", "fields": {"backend": "disk"}})
    try:
        int("x")
    except ValueError:
        LOGGER.exception("boom")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    time = first.pop("time")
    assert re.fullmatch(r"[\d-]{10}T[\d:.]{12}Z", time)
    assert first == {
        "level": "INFO",
        "event": "cache_hit",
        "run_id": "run-1",
        "message": "a\nb \udcff",
        "backend": "disk",
    }
    assert second["event"] == "message"
    assert "ValueError: invalid literal" in second["traceback"]


def test_a_log_file_is_private_appended_to_and_opened_anew_after_a_rotation(tmp_path, capsys):
    path = tmp_path / "run.log"
    for text in ("one", "two"):
        configure_logging(run_id="r", log_file=path)
        LOGGER.warning(text)
    path.rename(tmp_path / "run.log.1")
    LOGGER.warning("three")
    close_logging()
    assert [line.split()[-1] for line in (tmp_path / "run.log.1").read_text().splitlines()] == ["one", "two"]
    assert path.read_text().endswith("WARNING three\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().err == ""


def test_a_log_file_that_cannot_be_opened_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"missing/run\.log' \(--log-file\): No such file or directory"):
        configure_logging(run_id="r", log_file=tmp_path / "missing" / "run.log")


class FullDisk:
    def write(self, text):
        raise OSError(28, "No space left on device")

    def flush(self):
        pass

    def close(self):
        pass


def test_a_full_log_disk_is_said_once_and_ends_nothing(tmp_path, capsys):
    configure_logging(run_id="r", log_file=tmp_path / "run.log")
    (handler,) = LOGGER.handlers
    handler.stream.close()
    handler.stream = FullDisk()
    LOGGER.warning("one")
    LOGGER.warning("two")
    assert capsys.readouterr().err == f"warning: cannot write the log {tmp_path / 'run.log'}\n"


def test_a_closed_standard_error_ends_nothing(monkeypatch, tmp_path):
    with (tmp_path / "x").open("w") as stream:
        pass
    configure_logging(run_id="r")
    monkeypatch.setattr(sys, "stderr", stream)
    LOGGER.warning("nobody hears this")


def test_lines_follow_a_replaced_standard_error(monkeypatch, tmp_path):
    configure_logging(run_id="r")
    with (tmp_path / "x").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        LOGGER.warning("above the bar")
    assert (tmp_path / "x").read_text() == "warning: above the bar\n"


def test_a_pipe_that_nobody_reads_is_refused_as_a_log_file_at_once(tmp_path):
    os.mkfifo(tmp_path / "run.log")
    with pytest.raises(UsageError, match=r"run\.log"):
        configure_logging(run_id="r", log_file=tmp_path / "run.log")


def test_a_link_is_followed_unless_somebody_else_made_it(tmp_path, monkeypatch):
    (tmp_path / "theirs").write_text("", encoding="utf-8")
    (tmp_path / "run.log").symlink_to(tmp_path / "theirs")
    configure_logging(run_id="r", log_file=tmp_path / "run.log")
    write_all_levels()
    written = (tmp_path / "theirs").read_text(encoding="utf-8")
    close_logging()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)  # as a user whose link this is not
    if os.getuid() == 0:
        os.lchown(tmp_path / "run.log", 54321, -1)

    with pytest.raises(UsageError, match="a link of another user"):
        configure_logging(run_id="r", log_file=tmp_path / "run.log")
    assert written
    assert (tmp_path / "theirs").read_text(encoding="utf-8") == written
