import base64
import json
import re
import sys
import zlib
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from meetcli.cache import open_cache
from meetcli.cache.lifetime import add_run
from meetcli.commands.report import report
from meetcli.errors import RunStopped, UsageError
from meetcli.models import Outcome
from meetcli.readers import parse, read
from tests.results import as_text, result, source
from tests.writers.test_report_payload import PLAIN


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    (folder / "deep").mkdir(parents=True)
    (folder / "q3.extract.json").write_text(as_text(result()), encoding="utf-8")
    (folder / "deep" / "q3.analyze.json").write_text(as_text(result("analyze")), encoding="utf-8")
    (folder / "q3.extract.md").write_text("# minutes")
    (folder / "meeting.json").write_text('{"transcript": "Ana: hello"}')
    (folder / ".hidden.json").write_text(as_text(result()))
    return folder


def test_a_folder_becomes_one_page_for_its_owner_only(results, tmp_path, capsys):
    report(["results"], "report.html", is_full=False, language="en")
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr().out
    assert said.startswith("report.html: 1 meeting from 2 results, ")
    assert said.endswith(", skipped 2 files without results\n")


def test_a_dash_is_standard_output_and_what_is_in_the_page_is_said_beside_it(results, tmp_path, capsys):
    report(["results"], "-", is_full=False, language="en")
    out, err = capsys.readouterr()
    assert out.startswith("<!doctype html>")
    assert err.startswith("-: 1 meeting from 2 results, ")
    assert not (tmp_path / "-").exists()


def test_a_page_that_cannot_be_written_has_a_hint_of_its_own(results, tmp_path):
    with pytest.raises(RunStopped, match="Is a directory") as stopped:
        report(["results"], "results", is_full=False, language=None)
    assert stopped.value.hint == "name another file with --output"


def test_copies_and_globs_are_read_once(results, capsys):
    (results / "results.jsonl").write_text(json.dumps(result()) + "\n")
    report(["results", "results/*.json", "results/**/*.analyze.json"], "report.html", is_full=False, language=None)
    assert "1 meeting from 2 results" in capsys.readouterr().out


def test_a_report_beside_transcripts_is_not_read_as_one(results, tmp_path):
    report(["results"], "results/report.html", is_full=False, language=None)
    file = source("report")
    file = type(file)(tmp_path / "results" / "report.html", "report.html", "report.html", "report.html", is_named=False)
    (end,) = [end for unit in read(file) for end in ([unit] if isinstance(unit, Outcome) else parse(unit))]
    assert (end.status, end.reason) == ("skipped", "own_result")


def test_what_the_cache_saved_is_told(results, tmp_path, monkeypatch):
    monkeypatch.setenv("MEETCLI_CACHE_DIR", str(tmp_path / "cache"))
    with closing(open_cache(tmp_path / "cache")):
        add_run(
            tmp_path / "cache",
            {"hits.disk": 3, "hits.redis": 4, "saved_usd": Decimal("0.125")},
            at=datetime(2026, 9, 1, tzinfo=UTC),
            task="extract",
            exit_code=0,
        )
    report(["results"], "report.html", is_full=False, language=None)
    assert content_of(tmp_path / "report.html")["savings"] == {"usd": "0.125", "hits": 7, "since": "2026-09-01"}


def test_a_user_without_a_home_has_a_report_all_the_same(results, tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    report(["results"], "report.html", is_full=False, language=None)
    assert content_of(tmp_path / "report.html")["savings"] is None


def content_of(path):
    packed = re.search(r'id="payload">([^<]*)<', path.read_text(encoding="utf-8"))
    return json.loads(zlib.decompress(base64.b85decode(packed[1].translate(PLAIN))))


@pytest.mark.parametrize(
    ("paths", "language", "says"),
    [
        (["missing"], None, "does not exist"),
        (["empty"], None, "no meetcli results"),
        (["results"], "fr", "must be one of en, pt"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(paths, language, says, results, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=says):
        report(paths, "report.html", is_full=False, language=language)
    assert not (tmp_path / "report.html").exists()


def test_a_missing_extra_is_named(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match="needs jinja2") as refused:
        report(["results"], "report.html", is_full=False, language=None)
    assert refused.value.hint == "install it with: pip install 'meetcli[report]'"
