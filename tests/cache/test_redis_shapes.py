"""A shared cache as people have it: clusters, accounts with few rights, copies, full or old servers, and slow ones."""

import re
import time

import pytest

from meetcli.cache import open_cache, open_shared
from meetcli.cache.redis_server import PREFIX
from meetcli.errors import CacheError, CacheRefused, ListingRefused
from tests.redis_shapes import ScriptedRedis

redis = pytest.importorskip("redis")


@pytest.fixture
def account(clean_redis):
    """Make accounts with the rights given; return the URL of each."""
    with redis.Redis.from_url(clean_redis) as client:

        def make(*rights):
            client.execute_command("ACL", "SETUSER", "some", "reset", "on", "nopass", *rights)
            return clean_redis.replace("redis://", "redis://some:any@")

        yield make
        client.execute_command("ACL", "DELUSER", "some")


@pytest.mark.parametrize(
    "refused",
    ["+@all", "-mget", "-multi", "-exec", "-unlink", "-getrange", "-ping", "-hello", "-client", "-@scripting"],
)
def test_an_account_without_a_command_does_all_the_same(account, refused):
    cache = open_shared(account("~idem:meetcli:*", "+@all", refused))
    cache.ping()
    cache.set({"answer:a": "1\n2", "answer:b": "3"})

    assert cache.get_many(["answer:a", "answer:b", "answer:c"]) == {"answer:a": "1\n2", "answer:b": "3"}
    assert list(cache.scan("answer:")) == [("answer:a", "1"), ("answer:b", "3")]
    assert cache.remove(["answer:a", "answer:c"]) == 1
    assert cache.clear() == 1
    cache.close()


@pytest.mark.parametrize("rights", [("+@all", "-scan"), ("-@all", "+get", "+set", "+del")])
def test_an_account_that_may_not_list_keys_is_said_once_and_does_the_rest(account, tmp_path, rights):
    url = account("~idem:meetcli:*", *rights)
    cache = open_cache(tmp_path / "a", url=url)
    cache.set({"answer:a": "1"})
    other = open_cache(tmp_path / "b", url=url)

    assert other.get_many(["answer:a"]) == {"answer:a": "1"}
    assert list(cache.scan("")) == list(cache.scan("answer:")) == [("answer:a", "1")]
    assert list(other.scan("")) == []
    assert other.notices == [
        f"the cache {url.replace('some:any@', '')} does not list its keys (SCAN); only what this disk has is listed"
    ]
    assert (other.backend, other.is_whole) == ("redis+disk", False)
    other.set({"answer:b": "2"})
    assert cache.get_many(["answer:b"]) == {"answer:b": "2"}
    cache.close()
    other.close()


def test_a_required_server_that_does_not_list_its_keys_is_an_error(account, tmp_path):
    cache = open_cache(tmp_path / "a", url=account("~idem:meetcli:*", "+@all", "-scan"), is_required=True)

    with pytest.raises(ListingRefused):
        list(cache.scan(""))
    cache.close()


def test_an_account_for_other_keys_leaves_the_disk_and_says_so(account, clean_redis, tmp_path):
    cache = open_cache(tmp_path / "a", url=account("~others:*", "+@all"))
    cache.set({"answer:a": "1"})

    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1"}
    assert cache.backend == "disk"
    assert cache.notices == [
        f"cannot write the cache {clean_redis}: No permissions to access a key; going on with the disk cache alone"
    ]
    cache.close()


def test_an_account_that_may_not_read_is_not_said_to_be_read(account, tmp_path):
    cache = open_cache(tmp_path / "a", url=account("~*", "+@all", "-@read"))

    assert cache.get_many(["answer:a"]) == {}
    assert cache.notices[0].endswith("; going on with the disk cache alone")
    assert cache.backend == "disk"
    cache.close()


def test_what_is_no_text_of_ours_is_absent_in_a_cluster_too(clean_cluster, redis_cluster):
    cache = open_shared(clean_cluster)
    names = [f"answer:{number}" for number in range(20)]
    with redis.RedisCluster(host="127.0.0.1", port=redis_cluster[0].port) as client:
        for name in names:
            client.lpush(PREFIX + name, "x")

    assert cache.get_many(names) == {}
    assert list(cache.scan("")) == []
    cache.set({names[0]: "1"})
    assert cache.get_many(names) == {names[0]: "1"}
    cache.close()


def test_a_cluster_keeps_the_names_and_the_life_of_rows(clean_cluster, redis_cluster):
    cache = open_shared(clean_cluster)
    cache.set({f"answer:{number}": "x" for number in range(30)})

    with redis.RedisCluster(host="127.0.0.1", port=redis_cluster[0].port) as client:
        assert all(399 < client.ttl(f"{PREFIX}answer:{number}") / 86400 <= 400 for number in range(30))
    assert cache.kind() == "Redis cluster, asked for one key at a time"
    assert cache.examine() == []
    cache.close()


def test_a_slot_that_moves_is_followed(clean_cluster, redis_cluster):
    """Between two nodes of a cluster a slot is on its way (ASK) before it is there (MOVED)."""
    key = "idem:meetcli:answer:moving"
    slot = redis.cluster.key_slot(key.encode())
    ids = {}
    clients = [redis.Redis(port=node.port) for node in redis_cluster]
    for client in clients:
        ids[client] = client.execute_command("CLUSTER", "MYID").decode()
    owner = clients[slot * 3 // 16384]
    heir = clients[(clients.index(owner) + 1) % 3]
    heir.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[owner])
    owner.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[heir])
    cache = open_shared(clean_cluster)
    try:
        cache.set({"answer:moving": "1"})
        assert cache.get_many(["answer:moving"]) == {"answer:moving": "1"}
        for client in (heir, owner):
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[heir])
        assert cache.get_many(["answer:moving"]) == {"answer:moving": "1"}
        assert cache.remove(["answer:moving"]) == 1
    finally:
        for client in (owner, heir):
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[owner])
        owner.execute_command("CLUSTER", "BUMPEPOCH")
        for client in clients:
            client.close()
        cache.close()


def error(text):
    return f"-{text}\r\n".encode()


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (error("MOVED 1 127.0.0.1:1"), CacheError, "this server is a Redis cluster, and its node 127.0.0.1:1 cannot"),
        (error("LOADING Redis is loading the dataset in memory"), CacheError, "loading the dataset"),
        (error("CLUSTERDOWN The cluster is down"), CacheError, "waits for others"),
        (error("MASTERDOWN Link with MASTER is down"), CacheError, "waits for others"),
        (error("NOAUTH Authentication required."), CacheError, "Authentication required"),
        (error("READONLY You can't write against a read only replica."), CacheRefused, "read only replica"),
        (error("OOM command not allowed when used memory > 'maxmemory'."), CacheRefused, "maxmemory"),
        (error("MISCONF Errors writing to the AOF file"), CacheRefused, "MISCONF"),
        (error("ERR max number of clients reached"), CacheError, "max number of clients"),
        (error("DENIED Redis is running in protected mode"), CacheRefused, "protected mode"),
        (error("SOMETHING nobody has heard of"), CacheRefused, "SOMETHING nobody has heard of"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", CacheError, ""),
        (b"$99999999999\r\nabc", CacheError, ""),
    ],
)
def test_what_a_server_answers_ends_as_a_cache_error_that_says_it(answer, kind, says):
    with ScriptedRedis(lambda _: answer) as server:
        cache = open_shared(f"{server.url}?socket_timeout=0.2")
        for use in (
            cache.ping,
            lambda: cache.get_many(["answer:a"]),
            lambda: cache.set({"answer:a": "1"}),
            lambda: cache.remove(["answer:a"]),
            lambda: list(cache.scan("")),
        ):
            with pytest.raises(CacheError) as caught:
                use()
            assert isinstance(caught.value, CacheRefused) == (kind is CacheRefused)
        with pytest.raises(CacheError, match=re.escape(says or "cannot read")):
            cache.get_many(["answer:a"])
        cache.close()


@pytest.mark.parametrize("answer", [b":5\r\n", b"*1\r\n:5\r\n", b"*0\r\n", b"$-1\r\n", b"+OK\r\n"])
def test_an_answer_to_something_else_is_a_cache_error_or_nothing(answer):
    with ScriptedRedis(lambda _: answer) as server:
        cache = open_shared(server.url)
        for use in (
            lambda: cache.get_many(["answer:a", "answer:b"]),
            lambda: cache.set({"answer:a": "1"}),
            lambda: cache.remove(["answer:a"]),
            lambda: list(cache.scan("")),
            cache.examine,
            cache.clear,
        ):
            try:
                use()
            except CacheError:
                continue
        cache.close()


def test_a_server_that_knows_no_newer_protocol_is_not_asked_for_it():
    def answer(command):
        return {b"GET": b"$1\r\n1\r\n", b"MGET": b"*1\r\n$1\r\n1\r\n"}.get(
            command[0].upper(), error(f"ERR unknown command `{command[0].decode()}`, with args beginning with: ")
        )

    with ScriptedRedis(answer) as server:
        cache = open_shared(server.url)
        cache.ping()

        assert cache.get_many(["answer:a"]) == {"answer:a": "1"}
        assert b"HELLO" not in {command[0] for command in server.commands}
        cache.close()


def test_a_url_may_ask_for_the_newer_protocol(clean_redis):
    cache = open_shared(f"{clean_redis}?protocol=3")
    cache.set({"answer:a": "1"})

    assert cache.get_many(["answer:a"]) == {"answer:a": "1"}
    assert list(cache.scan("")) == [("answer:a", "1")]
    assert cache.remove(["answer:a"]) == 1
    cache.close()


SLOW = b"$" + b"1" * 4000


@pytest.mark.parametrize("url_options", ["", "&protocol=3", "&password=x"])
def test_a_server_that_drips_is_given_up(monkeypatch, url_options):
    monkeypatch.setattr("meetcli.cache.redis_limit.LEAST_S", 0.3)
    with ScriptedRedis(lambda _: SLOW, interval_s=0.05) as server:
        cache = open_shared(f"{server.url}?socket_timeout=1{url_options}", patience_s=0.3)
        for use in (
            cache.ping,
            lambda: cache.get_many(["answer:a"]),
            lambda: cache.set({"answer:a": "1"}),
            lambda: cache.remove(["answer:a"]),
            lambda: list(cache.scan("")),
        ):
            begun = time.monotonic()
            with pytest.raises(CacheError, match=r"it had 0\.3 s for its answer"):
                use()
            assert time.monotonic() - begun < 2
        cache.close()


def test_many_slow_answers_together_are_given_up(monkeypatch):
    monkeypatch.setattr("meetcli.cache.redis_limit.LEAST_S", 0.3)

    def late(command):
        time.sleep(0.1)
        return b"*%d\r\n" % (len(command) - 1) + b"$-1\r\n" * (len(command) - 1)

    with ScriptedRedis(late) as server:
        cache = open_shared(server.url, patience_s=0.3)
        with pytest.raises(CacheError):
            cache.get_many(f"answer:{number}" for number in range(5000))
        assert len(server.commands) < 10
        cache.close()
