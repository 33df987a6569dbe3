"""When text is a transcript: in a folder by four turns, two recurring speakers, 60 % of lines; by less where the user
named it.
"""

import pytest

from meetcli.models import Outcome, Status
from meetcli.readers import Transcript
from tests.readers.formats_seen import found_in, meetings_in

TALK = "Ana: oi\nBob: tudo bem?\nAna: tudo\nBob: vamos\n"


@pytest.fixture
def counts(tmp_path):
    """Whether a text counts (in a folder, when named)."""

    def judge(text, name="a.txt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return tuple(isinstance(found_in(path, is_named=is_named)[0], Transcript) for is_named in (False, True))

    return judge


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a", "a.log"])
def test_four_turns_of_two_who_recur_count_whatever_the_name(counts, name):
    assert counts(TALK, name) == (True, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TALK.replace("Bob: vamos\n", ""), (False, True)),  # three turns
        ("Ana: oi\nBob: oi\nAna: oi\nCid: oi\n", (False, True)),  # one recurs
        ("[SPEAKER_00]: oi\n[SPEAKER_01]: tudo bem?\n[speaker 0]: oi\n" * 2, (True, True)),
        ("[1]: a\n[2]: b\n[1]: a\n[2]: b\n", (False, False)),
        (TALK + "and so on\n" * 2, (True, True)),  # 4 of 6 lines
        (TALK + "and so on\n" * 3, (False, True)),  # half of it behind the last label
        (TALK + "and so on\n" * 13, (False, False)),
        ("Ana: oi\nAna: tudo\nAna: bem\nBob: oi\nBob: sim\n", (False, True)),  # nobody comes back
        ("Classifier: MIT\nClassifier: Linux\nRequires: attrs\nRequires: numpy\nLicense: MIT\n", (False, True)),
        ("stdin: int,\nstdout: int,\n" * 4, (False, True)),
        ("- Ana: oi\n- Bob: tudo bem?\n- Ana: tudo\n- Bob: vamos\n", (False, True)),
        (
            "* Fix: a crash\n* Add: a flag\n* Fix: a leak\n* Add: a test\n",
            (False, True),
        ),  # so no folder of changelogs is bought
        ("Ana: oi\n", (False, False)),
        ("INFO: started\nWARNING: slow\nINFO: done\nWARNING: again\nERROR: no\n", (False, False)),
        ("name: x\nversion: 1\nlicense: MIT\nauthor: y\n", (False, False)),
        ("def f():\n    try:\n        pass\n    except ValueError:\n        pass\n", (False, False)),
        ("Just prose. It has no names at all.\n" * 5, (False, False)),
        ("", (False, False)),
        ("00:01:02\tAna:\toi\n00:01:03\tBob:\toi\n" * 3, (False, False)),
    ],
)
def test_less_does_not(counts, text, expected):
    if text.startswith("name:"):
        expected = (False, counts(text)[1])  # a list of settings that was named may be read: nobody names one
    assert counts(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        "09:15:0{} From {} to Everyone: oi\n",
        "2026-08-05 09:15:0{} From {} to Everyone:\n\toi\n",
        "09:15:0{}\t From  {} : oi\n",
    ],
)
def test_a_chat_saved_by_zoom_is_no_transcript(counts, line):
    assert counts("".join(line.format(number, ("Ana Souza", "João")[number % 2]) for number in range(8))) == (
        False,
        False,
    )


ACCENTED = "Ana: não\nBob: é bom?\nAna: é\nBob: sim\n"
TABLE = "meeting_id;transcript\r\nM1;Ana: não\r\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_that_starts_as_utf_16_does_is_read(tmp_path, encoding):
    for name, text in (("a.txt", ACCENTED), ("a.csv", TABLE)):
        path = tmp_path / name
        path.write_bytes(f"\ufeff{text}".encode(encoding))
        [(_, meeting)] = meetings_in(path)
        assert (meeting.turns[0].speaker, meeting.turns[0].text) == ("Ana", "não")


@pytest.mark.parametrize(("name", "text"), [("a.txt", ACCENTED), ("a.csv", TABLE)])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman"])
def test_a_transcript_in_another_encoding_is_not_skipped(tmp_path, name, text, encoding):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    for is_named in (False, True):
        [found] = found_in(path, is_named=is_named)
        assert isinstance(found, Outcome)
        assert (found.status, found.hint) == (Status.FAILED, "save it as UTF-8")
    path.write_bytes("Isto não é uma reunião.\n".encode(encoding))
    [found] = found_in(path, is_named=False)
    assert isinstance(found, Outcome)
    assert found.status is Status.SKIPPED


def test_bullets_before_names_go_and_points_of_a_speech_stay(tmp_path):
    path = tmp_path / "a.md"
    for text, expected in (
        (
            "# Weekly\n\n- Ana: oi\n- Bob: tudo - bem?\n  - Ana: tudo\n",
            [("Ana", "oi"), ("Bob", "tudo - bem?"), ("Ana", "tudo")],
        ),
        (
            "Ana: dois\n- Preço: alto\n- Prazo: curto\nBob: sim\n",
            [("Ana", "dois\n- Preço: alto\n- Prazo: curto"), ("Bob", "sim")],
        ),
    ):
        path.write_text(text, encoding="utf-8")
        [(_, meeting)] = meetings_in(path, is_named=True)
        assert [(turn.speaker, turn.text) for turn in meeting.turns] == expected


def test_times_before_names_become_starts(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(
        "[00:00:01] Ana: oi\n[00:00:05] Bob: tudo\n[00:00:09] Ana: bem\n[00:00:12] Bob: sim\n", encoding="utf-8"
    )
    [(_, meeting)] = meetings_in(path)
    assert [(turn.speaker, turn.start_s) for turn in meeting.turns] == [("Ana", 1), ("Bob", 5), ("Ana", 9), ("Bob", 12)]


def test_a_large_log_is_judged_by_its_start(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("2026-03-02 10:00:00 started\n" * 400_000, encoding="utf-8")
    [found] = found_in(path, is_named=False)
    assert isinstance(found, Outcome)


@pytest.mark.parametrize("before", ["", "\n\n  \t", "\r\n"])
def test_places_are_counted_from_the_start_of_the_file(tmp_path, before):
    path = tmp_path / "a.txt"
    path.write_bytes((before + TALK).encode())
    [(_, meeting)] = meetings_in(path)
    assert [meeting.turns[0].offset, meeting.turns[3].offset] == [
        (before + TALK).index("oi"),
        (before + TALK).index("vamos"),
    ]
