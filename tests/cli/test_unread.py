"""Nothing is left out in silence: what looks like a transcript and was not read, and a folder where nothing was."""

from __future__ import annotations

import json

import pytest

from tests.corridor import explicit

SAID = ["and then somebody said", "that the price was too high.", "Nobody had an answer to that", "so they went on."]
STAMPED = "\n".join(f"at 0{n}:0{n} - {SAID[n % 4]}" for n in range(8))
TALK = "Transcript of the talk\n\n" + "The price of bread went up and nobody asked why that was so. " * 20
FRONT = "---\ntitle: A talk\nspeakers: ['Ana Prado']\n---\n\n" + "So the question is what we do about it all. " * 30
INNER = json.dumps({"notes": [{"speaker": "Ana", "text": "We should look at it."}, {"speaker": "Ana", "text": "Yes."}]})

LOOKS_LIKE_ONE = {
    "stamped.txt": STAMPED,
    "board-transcript.txt": TALK,
    "talk.md": FRONT,
    "film.smi": "<SAMI><BODY><SYNC Start=100>Oi.</BODY></SAMI>\n",
    "latin.txt": STAMPED.replace("answer", "resposta à questão").encode("latin-1"),
    "notes.json": INNER,
}
OTHERS = {
    "README.md": "# Tool\n\nUsage: run it.\nNote: it is fast.\nWarning: it is new.\n\n" + "It does things. " * 40,
    "LICENSE": "Permission is hereby granted, free of charge, to any person obtaining a copy. " * 20,
    "app.log": "\n".join(f"2026-03-02 10:00:{n:02} INFO: started worker {n}" for n in range(30)),
    "tool.py": "import os\n\n" + "\n".join(f"def f{n}(a: int) -> int:\n    return a + {n}" for n in range(9)),
    "chat.txt": "\n".join(f"13:00:0{n} From Ana Prado to Everyone: I agree with that." for n in range(9)),
    "mail.txt": "From: Ana\nTo: Rui\nDate: Mon, 2 Mar 2026 10:00:00 +0000\nSubject: lunch\n\nShall we? " * 3,
    "CHANGES": "\n".join(
        f" -- Ana <a@b.example>  Mon, 0{n} Mar 2026 10:0{n}:00 +0000\n  * Fix it." for n in range(1, 9)
    ),
    "package.json": '{"name": "x", "scripts": {"start": "node ."}, "keywords": ["a", "b"]}',
    "people.json": json.dumps([{"name": "Ana", "content": "engineer"}, {"name": "Rui", "content": "lawyer"}]),
    ".DS_Store": b"\0\0\0\1Bud1",
    "meeting.mp4": b"\0\0\0\x20ftypisom" + bytes(200),
    "novel.txt": 'He came in. "I waited," she said. "So I see," said he, and sat down at the table. ' * 30,
}


def outcomes(meetcli, files):
    for name, content in files.items():
        meetcli.put(f"in/{name}", content)
    done = meetcli("extract", "in", "--summary", "json")
    return done, {file["source"].removeprefix("in/"): file for file in done.summary["files"]}


@pytest.mark.parametrize("name", LOOKS_LIKE_ONE)
def test_what_looks_like_a_transcript_is_named_with_the_reason_and_the_way_out(meetcli, server, name):
    done, files = outcomes(meetcli, {name: LOOKS_LIKE_ONE[name], "a.json": explicit()})
    assert (files[name]["status"], files[name]["reason"], done.exit_code) == ("skipped", "unread", 0)
    assert files[name]["error"].startswith(f"in/{name}: ")
    assert (done.summary["counts"]["unread"], done.summary["counts"]["skipped"]) == (1, 1)
    assert server.requests == 1
    quiet = meetcli("extract", "in", "-q")
    assert (quiet.exit_code, quiet.stdout) == (0, "")
    assert f"warning: 1 file looks like a transcript and was not read: in/{name}: " in quiet.stderr
    assert quiet.stderr.rstrip().endswith(")"), "the way out"


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_other_files(meetcli, name):
    _, files = outcomes(meetcli, {name: OTHERS[name], "a.json": explicit()})
    assert files[name]["status"] == "skipped"
    assert files[name]["reason"] != "unread"
    done = meetcli("extract", "in", "-q")
    assert (done.stdout, done.stderr) == ("", "")


def test_the_table_tells_meetings_from_other_files_and_from_what_was_not_read(meetcli):
    outcomes(meetcli, {**OTHERS, **LOOKS_LIKE_ONE, "a.json": explicit()})
    table = " ".join(meetcli("extract", "in").stdout.split())
    assert f"extract 1 meeting, {len(OTHERS)} other files: 1 hit" in table
    assert f"unread {len(LOOKS_LIKE_ONE)} files look like a transcript and could not be read" in table


@pytest.mark.parametrize("more", [(), ("-q",), ("--dry-run",), ("-q", "--summary", "none")])
@pytest.mark.parametrize("files", [OTHERS, LOOKS_LIKE_ONE, {}], ids=["others", "unread", "empty"])
def test_a_folder_in_which_nothing_was_read_warns(meetcli, files, more):
    (meetcli.folder / "in").mkdir()
    for name, content in files.items():
        meetcli.put(f"in/{name}", content)
    done = meetcli("extract", "in", *more)
    others = f" among {len(OTHERS)} other files" if files is OTHERS else ""
    assert f"warning: no transcripts found{others}\n" in done.stderr
    assert done.exit_code == 0


def test_archives_tell_it_too(meetcli):
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/stamped.txt", STAMPED)
        archive.writestr("LICENSE", OTHERS["LICENSE"])
    done, files = outcomes(meetcli, {"e.zip": packed.getvalue()})
    assert done.summary["counts"]["unread"] == 1
    assert files["e.zip/a/stamped.txt"]["reason"] == "unread"


def test_a_doubt_warns_before_the_first_call_and_under_quiet(meetcli, server):
    turns = [f"Ana: {'Something was said here. ' * 20}", *["Bob: Yes."] * 2]
    for number in range(3):
        meetcli.put(f"in/{number}.txt", "\n".join([*turns * 3, f"Bob: {number}"]))
    done = meetcli("extract", "in", "-q")
    assert done.stderr == (
        "warning: in/0.txt: one of 2 speakers has 97% of the words, and so in 2 other meetings; "
        "meetcli inspect shows what was understood\n"
    )
    assert meetcli("extract", "in", "-q").stderr == "", "nothing is bought, and it has been said"
