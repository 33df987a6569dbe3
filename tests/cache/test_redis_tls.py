"""A shared cache behind TLS and a password, as one that others could listen to must be: proven by a real handshake."""

import contextlib
import socket
import socketserver
import ssl
import threading
from urllib.parse import quote

import pytest

from meetcli.cache import open_shared
from meetcli.errors import CacheError

redis = pytest.importorskip("redis")
trustme = pytest.importorskip("trustme")

PASSWORD = "canary-password"  # of a server that lives as long as the test


class _Terminator(socketserver.ThreadingTCPServer):
    """Ends TLS in front of a server that knows none, as stunnel does: the server's wheel is built without it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, backend: tuple[str, int], tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.backend = backend
        self.tls = tls


class _Passing(socketserver.BaseRequestHandler):
    server: _Terminator

    def handle(self) -> None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self.server.backend) as plain,
            self.server.tls.wrap_socket(self.request, server_side=True) as secret,
        ):
            back = threading.Thread(target=_copy, args=(plain, secret), daemon=True)
            back.start()
            _copy(secret, plain)
            plain.shutdown(socket.SHUT_RDWR)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)


@pytest.fixture
def authority(tmp_path):
    """Return the file of a certificate authority of our own, and what serves with a certificate of it."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost").configure_cert(tls)
    return tmp_path / "authority.pem", tls


@pytest.fixture
def address(clean_redis, redis_server, authority):
    """Return where TLS is ended in front of the server, which asks the user `meetcli` for a password."""
    with redis.Redis.from_url(clean_redis) as client:
        client.acl_setuser("meetcli", enabled=True, passwords=[f"+{PASSWORD}"], keys=["*"], commands=["+@all"])
        with _Terminator(("127.0.0.1", redis_server.port), authority[1]) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            yield f"localhost:{server.server_address[1]}"
            server.shutdown()
        client.acl_deluser("meetcli")


def test_answers_come_and_go_through_tls_and_a_password(address, authority):
    cache = open_shared(f"rediss://meetcli:{PASSWORD}@{address}/0?ssl_ca_certs={quote(str(authority[0]))}")
    cache.set({"answer:a": "1", "answer:b": "2"})

    assert cache.get_many(["answer:a", "answer:b"]) == {"answer:a": "1", "answer:b": "2"}
    assert cache.remove(["answer:a"]) == 1
    assert dict(cache.scan("answer:")) == {"answer:b": "2"}
    cache.close()


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"rediss://meetcli:{PASSWORD}@{{}}/0", "certificate verify failed"),
        (f"rediss://meetcli:{PASSWORD}-not@{{}}/0?ssl_ca_certs={{}}", "invalid username-password pair"),
        (f"redis://meetcli:{PASSWORD}@{{}}/0", "Error while reading|Connection closed"),
    ],
)
def test_an_unknown_certificate_a_wrong_password_and_a_plain_connection_are_refused(address, authority, url, cause):
    cache = open_shared(url.format(address, authority[0]))

    with pytest.raises(CacheError, match=cause) as raised:
        cache.get_many(["answer:a"])
    assert PASSWORD not in str(raised.value)
    assert address in str(raised.value)
    cache.close()
