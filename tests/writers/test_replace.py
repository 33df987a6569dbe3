"""A reader sees the old file or the new one, never a part; what a killed run left is swept away, what a living one
writes is not.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meetcli.errors import RunStopped
from meetcli.writers.json_files import JsonFiles
from meetcli.writers.replace import Folders, openness, replace_atomically, sweep
from meetcli.writers.whole_run import WholeRun
from tests.results import as_text, result, source


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_bytes_stand_at_their_path_for_their_owner_only(tmp_path):
    replace_atomically(f"{tmp_path}/a.json", (b"one ", b"two"))
    path = tmp_path / "a.json"
    assert (path.read_bytes(), path.stat().st_mode & 0o777, names(tmp_path)) == (b"one two", 0o600, ["a.json"])


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_stays_when_writing_breaks_off(tmp_path, fault):
    (tmp_path / "a.json").write_bytes(b"old")

    def chunks():
        yield b"new, but only the beg"
        raise fault

    with pytest.raises(type(fault)):
        replace_atomically(f"{tmp_path}/a.json", chunks())
    assert (names(tmp_path), (tmp_path / "a.json").read_bytes()) == (["a.json"], b"old")


@pytest.mark.parametrize("letter", ["a", "議"])
def test_a_name_as_long_as_names_get_is_written(tmp_path, letter):
    name = letter * (250 // len(letter.encode())) + ".json"
    replace_atomically(f"{tmp_path}/{name}", (b"x",))
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("changed", [b"{}", b"{} ", b""])
def test_only_changed_bytes_are_written(tmp_path, changed):
    folders = Folders()
    path = folders.put(f"{tmp_path}/a.json", b"{}")
    before = Path(path).stat()
    folders.put(path, changed)
    after = Path(path).stat()
    assert (Path(path).read_bytes(), after.st_ino == before.st_ino) == (changed, changed == b"{}")


def test_folders_are_made_as_needed_and_a_link_is_replaced_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.json").symlink_to(outside)
    folders = Folders()
    folders.put(f"{tmp_path}/results/a.json", b"result")
    folders.put(f"{tmp_path}/results/b/c/d.json", b"result")
    assert (outside.read_bytes(), (tmp_path / "results" / "b" / "c" / "d.json").read_bytes()) == (b"mine", b"result")
    assert not (tmp_path / "results" / "a.json").is_symlink()


def test_a_pipe_that_a_person_named_is_written_to_and_stays_one(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    replace_atomically(str(path), [b"a", b"b"], may_be_stream=True)

    assert (os.read(reader, 9), path.is_fifo(), names(tmp_path)) == (b"ab", True, ["pipe"])
    os.close(reader)


@pytest.mark.parametrize("same", [b"result", b"something else"])
def test_a_pipe_or_a_link_planted_at_a_results_place_gives_way_to_it(tmp_path, same):
    outside = tmp_path / "outside"
    outside.write_bytes(same)
    results = tmp_path / "results"
    results.mkdir()
    os.mkfifo(results / "a.json")
    (results / "b.json").symlink_to(outside)
    for name in ("a.json", "b.json"):
        Folders().put(f"{results}/{name}", b"result")
    assert {(path.read_bytes(), path.is_symlink(), path.is_file()) for path in results.iterdir()} == {
        (b"result", False, True)
    }
    assert outside.read_bytes() == same


def test_nothing_planted_under_a_temporary_name_is_written_through(tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    monkeypatch.setattr(os, "urandom", bytes)  # somebody guessed it
    temporary = tmp_path / f".meetcli.{os.uname().nodename}-{os.getpid()}-{'00' * 8}.tmp"
    temporary.symlink_to(outside)
    with pytest.raises(FileExistsError):
        replace_atomically(f"{tmp_path}/a.json", [b"result"])
    assert (outside.read_bytes(), temporary.is_symlink()) == (b"precious", True)


def test_new_folders_are_their_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        Folders().put(f"{tmp_path}/results/2026/a.json", b"x")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("results", "results/2026")]
    assert modes == [0o700, 0o700]


@pytest.mark.parametrize(
    ("mode", "said"), [(0o700, None), (0o755, None), (0o775, "its group can write to it"), (0o1777, "everybody can")]
)
def test_a_folder_that_others_can_write_to_is_known(tmp_path, mode, said):
    tmp_path.chmod(mode)
    found = openness(tmp_path)
    assert (found is None) if said is None else (said in found)


def test_what_cannot_be_written_stops_the_run_and_says_where(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RunStopped, match=r"cannot write .*/taken/x/a\.json: (Not a directory|File exists)") as stopped:
        Folders().put(f"{tmp_path}/taken/x/a.json", b"x")
    assert "--output" in stopped.value.hint
    (tmp_path / "a.json").mkdir()
    with pytest.raises(RunStopped, match=r"a\.json: Is a directory"):
        Folders().put(f"{tmp_path}/a.json", b"x")
    assert names(tmp_path) == ["a.json", "taken"]


@pytest.fixture
def dead():
    """The id of a process of this machine that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_what_a_dead_process_of_this_machine_left_is_swept(tmp_path, dead):
    node = os.uname().nodename
    left = [f".a.json.{node}-{dead}.tmp", f".b.{node}-x.json.{node}-{dead}.tmp"]
    kept = [
        f".a.json.{node}-{os.getpid()}.tmp",
        f".a.json.{node}-1.tmp",  # alive, and not ours to signal
        f".a.json.elsewhere-{dead}.tmp",  # another machine on the same share
        f".a.json.not{node}-{dead}.tmp",
        ".notes.tmp",
        f"a.json.{node}-{dead}.tmp",
        f".a.json.{node}-{dead}",
        ".a.json.tmp",
        f".a.json.{node}-.tmp",
    ]
    for name in left + kept:
        (tmp_path / name).write_text("")
    sweep(str(tmp_path))
    assert names(tmp_path) == sorted(kept)


def test_a_run_sweeps_each_folder_it_writes_to(tmp_path, dead):
    left = tmp_path / f".q3.extract.json.{os.uname().nodename}-{dead}.tmp"
    left.write_text("cut off")
    JsonFiles(tmp_path, "extract").write(source("q3"), as_text(result()))
    assert names(tmp_path) == ["q3.extract.json"]


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("elsewhere")])
def test_a_pipe_or_a_link_planted_at_the_place_of_a_whole_runs_file_gives_way_to_it(tmp_path, plant):
    (tmp_path / "elsewhere").write_bytes(b"head")
    plant(tmp_path / "results.csv")
    run = WholeRun(tmp_path / "results.csv", b"head")
    run.add(source("a.json"), b"")

    run.close()

    assert (tmp_path / "results.csv").lstat().st_mode & 0o170000 == 0o100000
    assert (tmp_path / "results.csv").read_bytes() == (tmp_path / "elsewhere").read_bytes() == b"head"


def test_a_pipe_that_nobody_reads_is_an_error_and_no_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="pipe"):
        replace_atomically(str(tmp_path / "pipe"), [b"a"], may_be_stream=True)


def test_a_file_of_a_whole_run_that_lost_a_piece_does_not_replace_an_earlier_one(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    path.write_bytes(b"all of yesterday")
    run = WholeRun(path, b"head,")
    run.add(source("a.json"), b"one")

    def full(data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run._buffer, "write", full)
    with pytest.raises(RunStopped, match="folder for temporary files: No space left"):
        run.add(source("b.json"), b"two")
    run.close()
    assert path.read_bytes() == b"all of yesterday"
