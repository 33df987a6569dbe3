"""Every way to name inputs, and every input that is bad: named with its file and field, the others unharmed."""

from __future__ import annotations

import json
import os

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import LoopbackServer


def statuses(meetcli: Command, *arguments: str, stdin: bytes = b"") -> dict[str, str]:
    return meetcli("extract", *arguments, "--summary", "json", stdin=stdin).statuses


@pytest.fixture
def three(meetcli: Command) -> Command:
    for number, name in enumerate(("a", "b", "sub/c")):
        meetcli.put(f"in/{name}.json", explicit(meeting_id=f"M-{number}"))
    return meetcli


def test_results_lie_below_what_was_named(three: Command) -> None:
    three("extract", "in", "-o", "folder")
    three("extract", "in/*.json", "-o", "glob")
    three("extract", "in/sub/c.json", "-o", "file")
    three("extract", str(three.folder / "in" / "a.json"), "-o", "absolute")
    assert {name: list(three.results(name)) for name in ("folder", "glob", "file", "absolute")} == {
        "folder": ["a.extract.json", "b.extract.json", "sub/c.extract.json"],
        "glob": ["a.extract.json", "b.extract.json"],
        "file": ["in/sub/c.extract.json"],
        "absolute": ["a.extract.json"],
    }


def test_every_input_is_taken_once_and_in_sorted_order(three: Command, server: LoopbackServer) -> None:
    done = three("extract", "in/sub", "in", "in/b.json", "./in/a.json", "in/**/*.json", "--summary", "json")
    assert [file["status"] for file in done.summary["files"]] == ["miss"] * 3
    assert server.requests == 3


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_paths_come_from_a_list(three: Command, separator: str) -> None:
    three.put("in/new\nline.json" if separator == "\0" else "in/plain.json", explicit(meeting_id="M-9"))
    names = ["in/a.json", "in/sub", "in/new\nline.json" if separator == "\0" else "in/plain.json"]
    listed = separator.join(names).encode()
    three.put("list", listed)
    assert len(statuses(three, "--files-from", "list")) == 3
    assert set(statuses(three, "--files-from", "-", stdin=listed).values()) == {"hit"}


@pytest.mark.parametrize("shape", ["one", "list", "lines"])
def test_standard_input_is_a_transcript_or_many(meetcli: Command, shape: str) -> None:
    meetings = [explicit(meeting_id=f"M-{number}") for number in range(2)]
    text = (
        json.dumps(meetings[0] if shape == "one" else meetings)
        if shape != "lines"
        else "\n".join(map(json.dumps, meetings))
    )
    names = ["stdin.extract.json"] if shape == "one" else ["stdin.1.extract.json", "stdin.2.extract.json"]
    meetcli("extract", "-", stdin=text.encode())
    assert list(meetcli.results()) == names
    assert json.loads(meetcli.results()[names[0]])["source"] == "stdin"


def test_standard_input_that_is_no_transcript_fails(meetcli: Command) -> None:
    done = meetcli("extract", "-", stdin=b"just words")
    assert done.exit_code == 1
    assert "stdin" in done.stdout


def test_names_with_newlines_and_bytes_that_are_no_utf8_just_work(meetcli: Command) -> None:
    names = (b"new\nline.json", b"caf\xe9.json", "reunião.json".encode(), b"-dash.json", b"a" * 200 + b".json")
    for number, name in enumerate(names):
        meetcli.put(f"in/{os.fsdecode(name)}", explicit(meeting_id=f"M-{number}"))
    done = meetcli("extract", "in", "--summary", "json")
    assert (done.exit_code, set(done.statuses.values())) == (0, {"miss"})
    assert len(meetcli.results()) == 5
    assert meetcli("extract", "in").exit_code == 0
    assert set(statuses(meetcli, "in").values()) == {"hit"}


@pytest.mark.parametrize(
    "spoil",
    [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\\n", b"\\r\\n"), lambda text: b"\n " + text],
)
def test_a_byte_order_mark_and_other_line_ends_just_work(meetcli: Command, spoil: object) -> None:
    assert callable(spoil)
    meetcli.put("in/a.json", spoil(json.dumps(explicit()).encode()))
    assert statuses(meetcli, "in") == {"in/a.json": "miss"}


BAD = {
    "no JSON": (b"{transcript: x}", "not valid JSON"),
    "truncated": (json.dumps(explicit()).encode()[:-9], "it is cut off"),
    "not an object": (b"[5]", "no known transcript shape"),
    "transcript of numbers": (b'{"transcript": [1, 2], "metadata": {}}', "transcript"),
    "metadata of text": (b'{"transcript": "Ana: x", "metadata": "y"}', "metadata"),
    "id of a list": (b'{"transcript": "Ana: x", "metadata": {"meeting_id": []}}', "metadata.meeting_id"),
    "bad date": (b'{"transcript": "Ana: x", "metadata": {"meet_date": "yesterday"}}', "metadata.meet_date"),
    "empty transcript": (b'{"transcript": "  ", "metadata": {}}', "transcript"),
    "NaN": (b'{"transcript": "Ana: x", "metadata": {"customer_id": NaN}}', "metadata.customer_id"),
    "huge number": (b'{"transcript": "Ana: x", "metadata": {"customer_id": 1e999}}', "metadata.customer_id"),
    "number of 5,000 digits": (
        b'{"transcript": "Ana: x", "metadata": {"customer_id": ' + b"9" * 5000 + b"}}",
        "metadata.customer_id",
    ),
    "duplicate keys": (b'{"transcript": "Ana: x", "transcript": "Ana: y"}', "transcript"),
    "lone surrogate": (b'{"transcript": "Ana: \\ud800", "metadata": {}}', "transcript"),
    "NUL": (b'{"transcript": "Ana: x\\u0000y", "metadata": {}}', "transcript"),
    "UTF-16": ('{"transcript": "Ana: x"}'.encode("utf-16"), "UTF-16"),
    "Latin-1": ('{"transcript": "Ana: é"}'.encode("latin-1"), "Latin-1"),
    "nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "empty file": (b"", "is empty"),
}


def test_each_bad_input_is_named_and_harms_no_other(meetcli: Command, server: LoopbackServer) -> None:
    meetcli.put("in/good.json", explicit())
    for name, (content, _) in BAD.items():
        meetcli.put(f"in/{name}.json", content)
    named = [f"in/{name}.json" for name in BAD]
    done = meetcli("extract", *named, "in/good.json", "--summary", "json")
    assert (done.exit_code, server.requests) == (1, 1)
    errors = {file["source"]: file["error"] for file in done.summary["files"] if file["status"] == "failed"}
    wrong = {
        name: errors.get(f"in/{name}.json")
        for name, (_, said) in BAD.items()
        if said not in (errors.get(f"in/{name}.json") or "")
    }
    assert wrong == {}
    assert all(error.startswith(source) for source, error in errors.items())
    assert list(meetcli.results()) == ["in/good.extract.json"]


def test_a_file_above_the_limit_is_refused_by_size_alone(meetcli: Command) -> None:
    path = meetcli.put("in/big.json", "{")
    with path.open("r+b") as file:
        file.truncate(300_000_000)  # sparse: takes no room
    meetcli.put("in/good.json", explicit())
    done = meetcli("extract", "in", "--summary", "json")
    assert done.exit_code == 1
    [error] = [file["error"] for file in done.summary["files"] if file["error"]]
    assert error.startswith("in/big.json: ")
    assert "50,000,000" in error
    assert statuses(meetcli, "in/good.json", "--max-file-size", "100") == {"in/good.json": "failed"}


def test_a_list_with_one_bad_meeting_gives_the_others(meetcli: Command) -> None:
    meetcli.put("in/list.json", [explicit(), {"transcript": ""}, explicit(meeting_id="M-3")])
    meetcli.put(
        "in/lines.jsonl",
        "\n".join([json.dumps(explicit(meeting_id="L-1")), "{", json.dumps(explicit(meeting_id="L-3"))]),
    )
    done = meetcli("extract", "in", "--summary", "json")
    assert done.statuses == {"in/lines.jsonl": "miss failed miss", "in/list.json": "miss failed miss"}
    assert sorted(meetcli.results()) == [
        f"{name}.{place}.extract.json" for name in ("lines.jsonl", "list") for place in (1, 3)
    ]


def test_an_input_that_changes_under_the_run_is_not_bought(meetcli: Command, server: LoopbackServer) -> None:
    for number in range(4):
        meetcli.put(f"in/{number}.json", explicit(f"Ana: Talk {number}.\nRui: Yes.", meeting_id=f"M-{number}"))

    def change_the_last(number: int, _body: object) -> None:
        if number == 0:
            meetcli.put("in/3.json", explicit("Ana: Changed.\nRui: Yes.", meeting_id="M-3"))

    server.faults = change_the_last
    done = meetcli("extract", "in", "-j", "1", "--summary", "json")
    assert (done.exit_code, server.requests) == (1, 3)
    assert "has changed while this run was under way" in done.summary["files"][3]["error"]
