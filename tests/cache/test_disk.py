"""The disk cache keeps what it was given, runs nothing it was not, and gets out of the way of damage."""

import os
import pickle
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import diskcache
import pytest

from meetcli.cache import open_cache
from meetcli.cache.disk_store import TextDisk
from meetcli.errors import CacheError


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def run_python(code, *arguments, **options):
    """Run code in a process of its own; it sees the arguments as sys.argv[1:]."""
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def raw(folder):
    return sqlite3.connect(folder / "cache.db", isolation_level=None)


def spoil(folder, position, data):
    with (folder / "cache.db").open("r+b") as file:
        file.seek(position)
        file.write(data)


class Planted:
    def __reduce__(self):
        return (os.mkdir, ("planted-code-has-run",))


@pytest.mark.parametrize("column", ["value", "tag", "key"])
def test_text_that_is_no_utf8_spoils_its_own_row_only_and_is_quoted_nowhere(folder, column):
    cache = open_cache(folder)
    cache.set({f"answer:{number}": f"header {number}\nwhat was said" for number in range(3)})
    with closing(raw(folder)) as rows:
        rows.execute(f"UPDATE Cache SET {column} = CAST(x'ff' || {column} || x'ff' AS TEXT) WHERE key = 'answer:1'")

    found = cache.get_many([f"answer:{number}" for number in range(3)])
    listed = dict(cache.scan("answer:"))

    assert found.pop("answer:1", "header 1\nwhat was said") != "header 1\nwhat was said" or column != "value"
    assert found == {f"answer:{number}": f"header {number}\nwhat was said" for number in (0, 2)}
    assert listed.pop("answer:1", "header 1") != "header 1" or column != "tag"
    assert listed == {"answer:0": "header 0", "answer:2": "header 2"}
    assert cache.get_many(["answer:0"]) == {"answer:0": "header 0\nwhat was said"}


def test_a_planted_pickle_is_never_executed_and_simply_absent(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = open_cache(folder)
    cache.set({"answer:good": "kept"})
    data = pickle.dumps(Planted())
    with closing(raw(folder)) as planted:
        insert = "INSERT INTO Cache (key, raw, tag, mode, filename, value) VALUES (?, ?, ?, ?, ?, ?)"
        for mode in range(5):
            planted.execute(insert, (f"answer:{mode}", 1, data, mode, None, data))
            planted.execute(insert, (f"answer:file-{mode}", 1, "tag", mode, "../cache.db", None))
        planted.execute(insert, (data, 0, "tag", 4, None, data))

    keys = [key for mode in range(5) for key in (f"answer:{mode}", f"answer:file-{mode}")]
    assert cache.get_many(["answer:good"]) == {"answer:good": "kept"}
    assert cache.notices == []
    for _ in range(2):
        assert cache.get_many(["answer:good", *keys]) == {"answer:good": "kept"}
    [notice] = cache.notices
    assert "rows that are no text" in notice
    assert ("answer:good", "kept") in list(cache.scan(""))
    cache.remove(keys)
    cache.set({"answer:4": "new"})
    cache.clear()

    assert not Path("planted-code-has-run").exists()
    assert (folder / "cache.db").exists()
    cache.close()


def test_the_disk_refuses_everything_but_text_in_and_out(tmp_path):
    disk = TextDisk(str(tmp_path))
    data = pickle.dumps(Planted())

    for value in (b"bytes", 1, 1.5, None, Planted()):
        with pytest.raises(TypeError):
            disk.put(value)
        with pytest.raises(TypeError):
            disk.store(value, False)
    with pytest.raises(ValueError, match="not text"):
        disk.get(data, False)
    for mode in (2, 3, 4):
        with pytest.raises(OSError, match="not text"):
            disk.fetch(mode, None, data, False)
    assert disk.get("key", True) == "key"
    assert disk.fetch(1, None, "value", False) == "value"


def test_the_settings_that_money_depends_on_are_in_the_file(folder):
    cache = open_cache(folder)
    cache.set({"answer:a": "x" * 2_000_000})
    cache.close()

    with closing(raw(folder)) as file:
        kept = dict(file.execute("SELECT key, value FROM Settings"))
    assert kept["eviction_policy"] == "none"
    assert kept["cull_limit"] == 0
    assert kept["statistics"] == 0
    assert kept["sqlite_synchronous"] == 2
    assert kept["disk_min_file_size"] >= 2**30
    assert sorted(path.name for path in folder.iterdir()) == ["cache.db", "cache.lock"]


def test_the_layout_read_directly_is_the_one_of_this_diskcache(folder):
    cache = open_cache(folder)
    theirs = diskcache.Cache(str(folder), disk=TextDisk)
    theirs.set("answer:theirs", "first\nsecond", tag="first")
    cache.set({"answer:ours": "one\ntwo"})

    assert cache.get_many(["answer:theirs"]) == {"answer:theirs": "first\nsecond"}
    assert list(cache.scan("answer:t")) == [("answer:theirs", "first")]
    assert theirs.get("answer:ours", tag=True) == ("one\ntwo", "one")
    theirs.close()
    cache.close()


def test_reading_imports_no_diskcache_and_writes_nothing(folder):
    cache = open_cache(folder)
    cache.set({"answer:a": "one\ntwo"})
    cache.close()
    before = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.iterdir())]

    done = run_python(
        """
        import sys
        from pathlib import Path
        from meetcli.cache import open_cache
        cache = open_cache(Path(sys.argv[1]))
        print(cache.get_many(["answer:a"]), list(cache.scan("")), cache.size(), "diskcache" in sys.modules)
        cache.close()
        """,
        folder,
    )

    assert done.stdout.strip() == "{'answer:a': 'one\\ntwo'} [('answer:a', 'one')] 1 False", done.stderr
    assert [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.iterdir())] == before


def test_an_acknowledged_answer_survives_kill_9(folder):
    done = run_python(
        """
        import os, signal, sys
        from pathlib import Path
        from meetcli.cache import open_cache
        cache = open_cache(Path(sys.argv[1]))
        for number in range(10):
            cache.set({f"answer:{number}": "paid"})
            print(number, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        folder,
    )

    assert done.returncode == -signal.SIGKILL
    acknowledged = done.stdout.split()
    cache = open_cache(folder)
    assert len(acknowledged) == 10
    assert cache.get_many(f"answer:{number}" for number in acknowledged) == {
        f"answer:{number}": "paid" for number in acknowledged
    }
    cache.close()


def test_nothing_is_evicted_however_much_there_is(folder):
    cache = open_cache(folder)
    items = {f"answer:{number:04}": "x" * 10_000 for number in range(2000)}
    with closing(raw(folder)) as small:
        small.execute(
            "UPDATE Settings SET value = 4096 WHERE key = 'size_limit'"
        )  # as if all this were above the default of 1 GiB
    cache.set(items)
    cache.set({"answer:last": "x"})

    assert cache.size() == 2001
    cache.close()


@pytest.mark.parametrize("data", [b"no database at all" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_moved_aside_and_said(folder, data):
    folder.mkdir(mode=0o700)
    (folder / "cache.db").write_bytes(data)

    cache = open_cache(folder)
    cache.set({"answer:a": "new"})

    aside = folder / "cache.damaged-1.db"
    assert aside.read_bytes() == data
    assert len(cache.notices) == 1
    assert str(aside) in cache.notices[0]
    assert cache.get_many(["answer:a"]) == {"answer:a": "new"}
    cache.close()


@pytest.mark.parametrize("schema", ["CREATE TABLE people (name)", "CREATE TABLE Cache (key, value)"])
def test_a_database_of_somebody_else_is_moved_aside_untouched(folder, schema):
    folder.mkdir(mode=0o700)
    with closing(raw(folder)) as foreign:
        foreign.execute(schema)
    before = (folder / "cache.db").read_bytes()

    cache = open_cache(folder)

    assert cache.size() == 0
    assert (folder / "cache.damaged-1.db").read_bytes() == before
    assert "not a cache" in cache.notices[0]
    cache.close()


def test_a_folder_in_the_place_of_the_database_is_moved_aside_too(folder):
    (folder / "cache.db").mkdir(parents=True)
    (folder / "cache.db" / "mine.txt").write_text("kept")
    folder.chmod(0o700)

    cache = open_cache(folder)
    cache.set({"answer:a": "1"})

    assert cache.get_many(["answer:a"]) == {"answer:a": "1"}
    assert (folder / "cache.damaged-1.db" / "mine.txt").read_text() == "kept"
    assert "cache.damaged-1.db" in cache.notices[0]
    cache.close()


def test_damage_met_in_the_middle_of_a_run_is_moved_aside_and_the_run_goes_on(folder):
    first = open_cache(folder)
    first.set({f"answer:{number:04}": f"head {number}\n" + "x" * 2000 for number in range(300)})
    first.close()
    whole = (folder / "cache.db").stat().st_size
    spoil(folder, 8 * 4096, b"\xff" * (whole - 8 * 4096))

    cache = open_cache(folder)
    cache.get_many(f"answer:{number:04}" for number in range(300))
    cache.set({"answer:new": "bought"})

    assert cache.get_many(["answer:new"]) == {"answer:new": "bought"}
    assert len(cache.notices) == 1
    assert "cache.damaged-1.db" in cache.notices[0]
    cache.close()


@pytest.mark.parametrize("kept", [0, 1, 100, 4096, 5000, 20_000, 100_000])
def test_a_cut_file_never_stops_a_run(folder, kept):
    first = open_cache(folder)
    first.set({f"answer:{number:04}": f"head {number}\n" + "x" * 2000 for number in range(100)})
    first.close()
    os.truncate(folder / "cache.db", kept)

    cache = open_cache(folder)
    assert set(cache.get_many(f"answer:{number:04}" for number in range(100)).values()) <= {
        f"head {number}\n" + "x" * 2000 for number in range(100)
    }
    list(cache.scan(""))
    cache.set({"answer:new": "bought"})

    assert cache.get_many(["answer:new"]) == {"answer:new": "bought"}
    cache.close()


def test_a_second_damaged_file_gets_a_name_of_its_own(folder):
    for _ in range(2):
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "cache.db").write_bytes(b"no database at all" * 500)
        open_cache(folder).close()

    assert (folder / "cache.damaged-1.db").exists()
    assert (folder / "cache.damaged-2.db").exists()


def test_a_cache_replaced_by_another_process_is_opened_anew(folder):
    cache = open_cache(folder)
    cache.set({"answer:old": "1"})
    (folder / "cache.db").rename(folder / "cache.damaged-1.db")
    other = open_cache(folder)
    other.set({"answer:other": "2"})

    cache.set({"answer:new": "3"})

    assert set(dict(other.scan("answer:"))) == {"answer:other", "answer:new"}
    assert cache.notices == []
    cache.close()
    other.close()


def test_a_cache_deleted_in_the_middle_is_begun_anew(folder):
    cache = open_cache(folder)
    cache.set({"answer:old": "1"})
    shutil.rmtree(folder)

    cache.set({"answer:new": "2"})

    assert cache.get_many(["answer:new"]) == {"answer:new": "2"}
    assert folder.stat().st_mode & 0o777 == 0o700
    cache.close()


def test_a_full_disk_is_a_cache_error_and_what_was_there_stays(folder):
    cache = open_cache(folder)
    cache.set({"answer:old": "1"})
    cache.close()

    done = run_python(
        """
        import sys
        from pathlib import Path
        from meetcli.cache import open_cache
        from meetcli.errors import CacheError
        cache = open_cache(Path(sys.argv[1]))
        try:
            cache.set({"answer:big": "x" * 5_000_000})
        except CacheError as error:
            print(error)
        print(cache.get_many(["answer:old", "answer:big"]))
        """,
        folder,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
        ),
    )

    message, left = done.stdout.splitlines()
    assert message.startswith(f"cannot write the cache {folder / 'cache.db'}: ")
    assert "full" in message or "I/O" in message
    assert left == "{'answer:old': '1'}", done.stderr


def test_a_locked_database_is_a_cache_error_that_says_so(folder, monkeypatch):
    monkeypatch.setattr("meetcli.cache.disk_store.LOCK_TIMEOUT_S", 0.05)
    cache = open_cache(folder)
    other = raw(folder)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(CacheError, match="database is locked"):
        cache.set({"answer:a": "1"})

    other.execute("ROLLBACK")
    other.close()
    cache.set({"answer:a": "1"})
    cache.close()


def test_text_that_is_no_unicode_is_a_cache_error_without_the_text(folder):
    cache = open_cache(folder)

    with pytest.raises(CacheError) as caught:
        cache.set({"answer:a": "canary\udc80"})

    assert "canary" not in str(caught.value)
    assert cache.size() == 0
    cache.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_a_cache_that_cannot_be_written_still_answers(tmp_path):
    folder = tmp_path / "cache"
    cache = open_cache(folder)
    cache.set({"answer:a": "paid"})
    cache.close()
    for path in (tmp_path, folder, *folder.iterdir()):
        os.chown(path, 65534, 65534)
    (folder / "cache.db").chmod(0o400)
    folder.chmod(0o500)
    for parent in tmp_path.parents:
        if "pytest-of-" in str(parent):  # another level for each parallel worker
            parent.chmod(0o755)

    done = run_python(
        """
        import os, sys
        from pathlib import Path
        import meetcli.cache.disk_store  # before the rights to read the libraries are gone
        from meetcli.cache.disk import DiskCache
        from meetcli.errors import CacheError
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        cache = DiskCache(Path(sys.argv[1]))
        print(cache.get_many(["answer:a"]))
        print(*cache.notices)
        try:
            cache.set({"answer:b": "new"})
        except CacheError as error:
            print(error)
        """,
        folder,
    )

    found, notice, refusal = done.stdout.splitlines()
    assert found == "{'answer:a': 'paid'}", done.stderr
    assert "cannot be written" in notice
    assert refusal == f"cannot write the cache {folder / 'cache.db'}: attempt to write a readonly database"


@pytest.mark.parametrize("length", [100, 20_000])
def test_what_was_removed_or_cleared_is_not_in_the_files_either(folder, length):
    cache = open_cache(folder)
    cache.set({f"answer:{number}": f"header-canary\n{'x' * length}body-canary" for number in range(20)})
    cache.set({"answer:other": "y" * 500})
    cache.remove(f"answer:{number}" for number in range(10))
    cache.close()
    halved = (folder / "cache.db").read_bytes().count(b"canary")
    cache = open_cache(folder)
    cache.clear()
    cache.close()

    assert halved == 30  # two in the value and one in the tag, ten times
    assert b"canary" not in (folder / "cache.db").read_bytes()
