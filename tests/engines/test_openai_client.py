"""Whose key, whose certificates, and which headers a client shows: to OpenAI, to Azure, and to a server behind TLS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from meetcli.engines import EngineOptions, ask_for_model
from meetcli.errors import RunStopped, UsageError
from tests.cli.command import Command
from tests.corridor import explicit
from tests.engines.named_hosts import as_loopback
from tests.engines.openai_driver import KEY, complete, complete_one
from tests.loopback_server import LoopbackServer, always, status

MODEL = json.dumps({"id": "gpt-4o", "object": "model", "created": 0, "owned_by": "x"}).encode()
TOKEN = "header.payload.signature"


class Listing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the library's name
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(MODEL)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return made


@pytest.fixture
def secret_url(authority: trustme.CA) -> Iterator[str]:
    """The base URL of a server behind TLS whose certificate is of that authority."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server = HTTPServer(("127.0.0.1", 0), Listing)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


class TestCertificates:
    @pytest.mark.parametrize("name", ["MEETCLI_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_a_server_is_trusted_by_the_file_that_the_environment_names(
        self, tmp_path: Path, secret_url: str, name: str
    ):
        meetcli = Command(tmp_path, secret_url)
        done = meetcli("doctor", **{name: str(tmp_path / "authority.pem")})
        assert "takes the key and has the model gpt-4o" in done.stdout

    def test_where_tls_fails_every_remedy_is_named(self, tmp_path: Path, secret_url: str):
        done = Command(tmp_path, secret_url)("doctor")
        assert done.exit_code == 2
        assert "TLS failed" in done.stdout
        for remedy in ("--ca-file", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            assert remedy in done.stdout

    def test_a_run_stops_with_the_remedy(self, tmp_path: Path, secret_url: str):
        meetcli = Command(tmp_path, secret_url)
        meetcli.put("in/a.json", explicit())
        done = meetcli("extract", "in", "--max-wait", "0s", "--retries", "0")
        assert (done.exit_code, "REQUESTS_CA_BUNDLE" in done.stderr) == (3, True)

    def test_other_authorities_are_not_trusted_where_a_file_is_named(self, tmp_path: Path, secret_url: str):
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
        error = ask_for_model(EngineOptions("gpt-4o", KEY, secret_url, ca_file=tmp_path / "other.pem"))
        assert error is not None
        assert error.reason == "unreachable"

    @pytest.mark.parametrize("content", [None, b"no certificate"])
    def test_a_file_that_holds_none_is_a_usage_error(self, tmp_path: Path, content: bytes | None):
        if content is not None:
            (tmp_path / "bad.pem").write_bytes(content)
        with pytest.raises(UsageError, match=r"bad\.pem"):
            ask_for_model(EngineOptions("gpt-4o", KEY, "https://127.0.0.1:9/v1", ca_file=tmp_path / "bad.pem"))

    def test_so_is_one_that_ssl_cannot_read(self, tmp_path: Path, secret_url: str):
        done = Command(tmp_path, secret_url)("doctor", SSL_CERT_FILE=str(tmp_path / "missing.pem"))
        assert (done.exit_code, "SSL_CERT_FILE" in done.stdout) == (2, True)

    def test_a_server_without_tls_needs_none(self, tmp_path: Path):
        with LoopbackServer() as server:
            assert complete_one(server, ca_file=tmp_path / "missing.pem").text

    def test_a_file_that_the_working_folder_names_is_announced(self, tmp_path: Path, secret_url: str):
        meetcli = Command(tmp_path, secret_url)
        meetcli.put(".env", "REQUESTS_CA_BUNDLE=authority.pem\n")
        assert "trusted by the certificates in authority.pem" in meetcli("doctor", "--offline").stdout


class TestOrganization:
    GIVEN = {"organization": "org-1", "project": "proj_1"}  # noqa: RUF012  # never changed

    def test_openai_is_told_whose_calls_they_are(self, monkeypatch: pytest.MonkeyPatch):
        with LoopbackServer() as server, as_loopback(monkeypatch, "eu.api.openai.com"):
            url = f"http://eu.api.openai.com:{server.port}/v1"
            assert complete_one(server, base_url=url, **self.GIVEN).text
        sent = server.headers[0]
        assert (sent["openai-organization"], sent["openai-project"]) == ("org-1", "proj_1")

    def test_nobody_else_is(self):
        with LoopbackServer() as server:
            assert complete_one(server, **self.GIVEN).text
        assert not {"openai-organization", "openai-project"} & server.headers[0].keys()

    def test_the_usual_variables_and_options_reach_the_calls(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        with LoopbackServer() as server, as_loopback(monkeypatch, "api.openai.com"):
            meetcli = Command(tmp_path, f"http://api.openai.com:{server.port}/v1")
            meetcli.put("in/a.json", explicit())
            done = meetcli("extract", "in", "--project", "proj_2", OPENAI_ORG_ID="org-2", OPENAI_PROJECT_ID="proj_1")
        assert done.exit_code == 0
        sent = server.headers[0]
        assert (sent["openai-organization"], sent["openai-project"]) == ("org-2", "proj_2")

    def test_an_id_that_no_header_can_hold_is_refused(self, tmp_path: Path):
        done = Command(tmp_path)("doctor", "--offline", OPENAI_ORG_ID="org-1\nX-Other: 1")
        assert (done.exit_code, "OPENAI_ORG_ID" in done.stderr) == (2, True)


class TestAzure:
    @pytest.mark.parametrize("domain", ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"])
    def test_the_key_goes_in_a_header_of_its_own_and_the_deployment_is_the_model(
        self, monkeypatch: pytest.MonkeyPatch, domain: str
    ):
        with LoopbackServer() as server, as_loopback(monkeypatch, f"contoso.{domain}"):
            url = f"http://contoso.{domain}:{server.port}/openai/v1"
            assert complete_one(server, base_url=url, model="minutes-prod").text
        sent, body = server.headers[0], server.bodies[0]
        assert (sent["api-key"], sent.get("authorization")) == (KEY, None)
        assert (body["model"], body["max_completion_tokens"]) == ("minutes-prod", 4096)

    def test_a_token_of_its_directory_goes_as_everywhere(self, monkeypatch: pytest.MonkeyPatch):
        with LoopbackServer() as server, as_loopback(monkeypatch, "contoso.openai.azure.com"):
            url = f"http://contoso.openai.azure.com:{server.port}/openai/v1"
            assert complete_one(server, base_url=url, api_key=TOKEN).text
        assert (server.keys, server.headers[0].get("api-key")) == ([TOKEN], None)

    def test_a_deployment_that_is_not_there_stops_the_run(self, monkeypatch: pytest.MonkeyPatch):
        gone = status(404, error={"code": "DeploymentNotFound", "message": "The API deployment does not exist."})
        with LoopbackServer(faults=always(gone)) as server, as_loopback(monkeypatch, "contoso.openai.azure.com"):
            url = f"http://contoso.openai.azure.com:{server.port}/openai/v1"
            _, error = complete(server, 12, base_url=url)
        assert isinstance(error, RunStopped)
        assert server.requests <= 9
