"""What holds for every writer of files."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import pytest

from meetcli.config import FORMATS
from meetcli.errors import RunStopped
from meetcli.models import Outcome
from meetcli.readers import parse, read
from meetcli.writers import open_writer, path_held
from meetcli.writers.tabular import cell_text, plain_cell
from tests.results import as_text, result, source

MEETINGS = [
    (source("b"), result(meeting_id="M-b")),
    (source("list", 10), result(meeting_id="M-10")),
    (source("list", 9), result(meeting_id="M-9")),
    (source("a/a"), result(meeting_id="M-a", action_items=[])),
]


def write(folder, formats, meetings, task="extract", **options):
    writer = open_writer(formats, folder, task, **options)
    paths = [writer.write(at, as_text(made)) for at, made in meetings]
    writer.close()
    return paths


def written(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", FORMATS)
def test_a_rerun_in_another_order_leaves_the_same_bytes_and_touches_no_file(name, tmp_path):
    write(tmp_path, (name,), MEETINGS)
    first = written(tmp_path)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.rglob("*.*")}
    write(tmp_path, (name,), MEETINGS[::-1])
    assert written(tmp_path) == first
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.rglob("*.*")} == before


def test_only_a_json_file_of_the_very_bytes_is_known_to_hold_a_result(tmp_path):
    at, text = MEETINGS[0][0], as_text(MEETINGS[0][1])
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    writer = open_writer(("json",), tmp_path, "extract")
    assert path_held(writer, at, sha256) is None
    path = writer.write(at, text)
    assert path_held(writer, at, sha256) == path
    Path(path).write_text(f"{text} ", encoding="utf-8")
    assert path_held(writer, at, sha256) is None
    for formats in (("md",), ("csv",), ("jsonl",), ("json", "md")):
        other = open_writer(formats, tmp_path, "extract")
        other.write(at, text)
        assert path_held(other, at, sha256) is None
        other.close()


@pytest.mark.parametrize("name", FORMATS)
def test_changed_results_replace_what_was_there(name, tmp_path):
    write(tmp_path, (name,), MEETINGS)
    write(tmp_path, (name,), [(at, {**made, "summary": "Another summary."}) for at, made in MEETINGS[:1]])
    assert any(b"Another summary." in content for content in written(tmp_path).values())


@pytest.mark.parametrize("name", FORMATS)
def test_every_result_is_for_its_owner_only_and_stands_where_write_says(name, tmp_path):
    paths = write(tmp_path, (name,), MEETINGS)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()} == {0o600}
    assert {str(tmp_path / path) for path in written(tmp_path)} >= set(paths)


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_cannot_be_made_stops_the_run(name, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunStopped, match="cannot write"):
        write(tmp_path / "file" / "results", (name,), MEETINGS)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("task", ["extract", "analyze"])
def test_readers_know_what_writers_wrote(name, task, tmp_path):
    write(tmp_path, (name,), [(at, result(task)) for at, _ in MEETINGS], task)
    for path in written(tmp_path):
        file = source(path)
        file = type(file)(tmp_path / path, Path(path).name, path, path, is_named=False)
        ends = [end for unit in read(file) for end in ([unit] if isinstance(unit, Outcome) else parse(unit))]
        assert {(end.status, end.reason) for end in ends} == {("skipped", "own_result")}, path


def test_a_run_without_results_leaves_an_earlier_file_alone(tmp_path):
    write(tmp_path, ("jsonl", "csv"), MEETINGS)
    before = written(tmp_path)
    write(tmp_path, ("jsonl", "csv"), [])
    assert written(tmp_path) == before


def test_several_formats_name_the_path_of_the_first(tmp_path):
    paths = write(tmp_path, ("md", "csv", "json"), MEETINGS[:1])
    assert paths == [str(tmp_path / "b.extract.md")]
    assert sorted(written(tmp_path)) == [
        "b.extract.json",
        "b.extract.md",
        "results.extract.actions.csv",
        "results.extract.csv",
    ]


def test_json_lines_hold_the_very_objects_in_the_order_of_the_inputs(tmp_path):
    write(tmp_path, ("jsonl",), MEETINGS)
    lines = [json.loads(line) for line in (tmp_path / "results.extract.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["meeting_id"] for line in lines] == ["M-a", "M-b", "M-9", "M-10"]
    assert lines[1] == MEETINGS[0][1]


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def test_tables_have_a_row_a_meeting_and_a_row_an_action_item(tmp_path):
    write(tmp_path, ("csv",), MEETINGS)
    meetings, actions = rows_of(tmp_path / "results.extract.csv"), rows_of(tmp_path / "results.extract.actions.csv")
    assert [row["meeting_id"] for row in meetings] == ["M-a", "M-b", "M-9", "M-10"]
    assert meetings[1]["action_items"] == "Send the plan\nCall the dean"
    assert meetings[1]["cost_usd"] == "0.0105"
    assert [(row["meeting_id"], row["description"], row["owner"], row["due_date"]) for row in actions[:2]] == [
        ("M-b", "Send the plan", "Ana Prado", "2026-08-21"),
        ("M-b", "Call the dean", "", ""),
    ]
    assert (actions[0]["quote"], actions[0]["quote_speaker"], actions[0]["quote_time"]) == (
        "We will send the plan on Friday.",
        "Ana Prado",
        "12:05",
    )


def test_the_byte_order_mark_is_the_users_choice(tmp_path):
    write(tmp_path / "with", ("csv",), MEETINGS)
    write(tmp_path / "without", ("csv",), MEETINGS, has_csv_mark=False)
    for name, content in written(tmp_path / "with").items():
        assert content == b"\xef\xbb\xbf" + (tmp_path / "without" / name).read_bytes()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "\u00a0="])
def test_no_cell_starts_as_a_formula_does(start, tmp_path):
    hostile = f'{start}HYPERLINK("http://a.example";"b")'
    made = result("analyze", customer_name=hostile, summary=hostile, key_points=[{"text": hostile}], topics=[hostile])
    made["action_items"] = [
        {
            "description": hostile,
            "owner": hostile,
            "due_text": hostile,
            "evidence": {"quote": hostile, "speaker": hostile},
        }
    ]
    write(tmp_path, ("csv",), [(source(), made)], "analyze")
    cells = [
        cell
        for name in ("csv", "actions.csv")
        for row in rows_of(tmp_path / f"results.analyze.{name}")
        for cell in row.values()
    ]
    assert sum(cell.startswith("'") for cell in cells) >= 7
    assert not [
        cell
        for cell in cells
        if cell.lstrip().startswith(("=", "+", "-", "@", "＝")) or cell.startswith(("\t", "\r", "\n"))
    ]


@pytest.mark.parametrize("separator", [";", "\t", "; ", ";\u00a0", "\n", "\r"])
def test_no_formula_starts_where_a_spreadsheet_splits_at_something_else(separator, tmp_path):
    hostile = f"paid{separator}=cmd|' /C calc'!A0{separator}@SUM(1)"
    made = result(
        "analyze",
        customer_name=hostile,
        summary=hostile,
        key_points=[{"text": "paid"}, {"text": "=1"}],
        topics=[hostile],
    )
    write(tmp_path, ("csv",), [(source(), made)], "analyze")
    for name in ("csv", "actions.csv"):
        lines = (tmp_path / f"results.analyze.{name}").read_text(encoding="utf-8-sig").splitlines()
        cells = [cell for line in lines for cell in re.split(r"[;\t]", line)]
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
        assert lines[1].startswith('"analyze","M-1","'), "bare cells are split at semicolons by whoever does that"


@pytest.mark.parametrize("text", ["=1", "C-1;=2", "a;\t@b\n+1", "\t=1", "plain; text", " -3"])
def test_what_a_cell_says_can_be_told_again(text):
    assert plain_cell(cell_text(text)) == text


def test_no_cell_holds_a_command_for_a_terminal(tmp_path):
    hostile = "a\x1b[2J\x1b]0;b\x07 \x9b31m\u202ec\u202c\x7f"
    made = result("extract", customer_name=hostile, summary=f"{hostile}\n👩\u200d🔧", key_points=[{"text": hostile}])
    write(tmp_path, ("csv",), [(source(), made)], "extract")
    [row] = rows_of(tmp_path / "results.extract.csv")
    assert row["customer_name"] == r"a\x1b[2J\x1b]0;b\x07 \x9b31m\u202ec\u202c\x7f"
    assert row["summary"].endswith("\n👩\u200d🔧")
    assert not re.search(
        "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", (tmp_path / "results.extract.csv").read_text("utf-8-sig")
    )


def test_numbers_keep_the_digits_of_the_result(tmp_path):
    text = as_text(result("analyze")).replace('"sentiment_score": 0.53,', '"sentiment_score": 0.530000000000000001,')
    writer = open_writer(("csv",), tmp_path, "analyze")
    writer.write(source(), text)
    writer.close()
    assert rows_of(tmp_path / "results.analyze.csv")[0]["sentiment_score"] == "0.530000000000000001"


def test_a_custom_tasks_result_fits_every_format(tmp_path):
    made = result("credit")
    limit = {"amount": 5, "reason": "=growth", "share": 0.25, "agreed": True}
    own = {"limit": limit, "conditions": ["audited accounts", {"text": "a guarantee"}], "note": "signed"}
    kept = ("task", "meeting_id", "language", "idempotency_key", "source", "provenance")
    write(tmp_path, FORMATS, [(source(), {**{name: made[name] for name in kept}, "result": own})], "credit")
    assert json.loads(rows_of(tmp_path / "results.credit.csv")[0]["result"]) == own
    page = (tmp_path / "q3.credit.md").read_text(encoding="utf-8")
    assert "## limit\n\n- amount: 5, reason: =growth, share: 0.25, agreed: yes\n" in page
    assert "- audited accounts\n- text: a guarantee\n" in page
    assert not (tmp_path / "results.credit.actions.csv").exists()
