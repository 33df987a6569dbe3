import io
import json
import sys

import pytest

from meetcli.commands.show import show
from meetcli.errors import UsageError
from tests.results import as_text, result


class Piped:
    def __init__(self, data):
        self.buffer = io.BytesIO(data)


def test_results_are_shown_as_text_without_color(tmp_path, capsys):
    (tmp_path / "q3.extract.json").write_text(as_text(result()), encoding="utf-8")
    show(["q3.extract.json"])
    shown = capsys.readouterr().out
    assert shown.startswith("Brightmoor Instruments, credit review\n")
    assert "\x1b" not in shown


@pytest.mark.parametrize("form", ["lines", "list", "piped lines", "piped"])
def test_every_form_of_results_is_shown(form, tmp_path, capsys, monkeypatch):
    both = [result(), result("analyze")]
    lines = "".join(json.dumps(one) + "\n" for one in both)
    (tmp_path / "results.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "results.json").write_text(json.dumps(both), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", Piped(lines.encode() if form == "piped lines" else json.dumps(both).encode()))
    show([{"lines": "results.jsonl", "list": "results.json"}.get(form, "-")])
    assert capsys.readouterr().out.count("Brightmoor Instruments") == 2


@pytest.mark.parametrize("name", ["a.json", "b.json", "c.txt", "missing.json", "empty"])
def test_what_is_no_result_is_refused(name, tmp_path):
    (tmp_path / "a.json").write_text('{"transcript": "Ana: hello"}')
    (tmp_path / "b.json").write_text('{"broken')
    (tmp_path / "c.txt").write_text("Ana: hello")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no meetcli results|does not exist"):
        show([name])
