"""Engines room: the client that every call goes through: whose key, whose certificates, and to which server only."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from meetcli.engines import OPENAI_URL, EngineOptions, is_azure, is_openai
from meetcli.engines.openai_wire import SentElsewhere
from meetcli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    import openai

CONNECT_TIMEOUT_S: Final = 15.0
TOKEN_DOTS: Final = 2
"""A token of Entra ID has three parts; Azure takes it as everybody takes a key, but its own keys in another header."""


def open_client(options: EngineOptions) -> openai.AsyncOpenAI:
    """Return a client that neither retries nor looks into the environment for what the settings did not say.

    Raises `UsageError` for a key that no header can hold, and for certificates that cannot be read.
    """
    key = options.api_key or "none"  # servers without keys take any; the SDK insists on one
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError(
            "the API key has characters that no key has", hint="check OPENAI_API_KEY for spaces, quotes and line ends"
        )
    base_url = options.base_url or OPENAI_URL
    ca_file = options.ca_file if urlsplit(base_url).scheme == "https" else None
    hooks = [stay_with(base_url)]
    if is_azure(base_url) and key.count(".") != TOKEN_DOTS:
        hooks.append(_show_key_as_azure)

    import openai

    client = openai.AsyncOpenAI(
        api_key=key,
        admin_api_key="",
        webhook_secret="",
        base_url=base_url,
        max_retries=0,
        timeout=openai.Timeout(None, connect=min(CONNECT_TIMEOUT_S, options.timeout_s)),
        http_client=openai.DefaultAioHttpClient(event_hooks={"request": hooks}, verify=_trusted(ca_file)),
        # OPENAI_CUSTOM_HEADERS may serve a gateway, but never replaces the key.
        default_headers={"Authorization": f"Bearer {key}"},
    )
    client.organization = client.project = None
    if is_openai(base_url):  # nobody else's business
        client.organization, client.project = options.organization, options.project
    return client


async def _show_key_as_azure(request: httpx2.Request) -> None:
    """Move the key to the header that Azure takes it in."""
    request.headers["api-key"] = request.headers.pop("Authorization").removeprefix("Bearer ")


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return what trusts the system's authorities, or those of SSL_CERT_FILE, and the ones in a file, or in a folder as
    OpenSSL has them.
    """
    import httpx2

    try:
        trusted = httpx2.create_ssl_context()
    except OSError as error:  # of ssl, too
        raise UsageError(
            "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read", hint="correct or unset it"
        ) from error
    try:
        if ca_file is not None and ca_file.is_dir():
            trusted.load_verify_locations(capath=ca_file)
        elif ca_file is not None:
            trusted.load_verify_locations(cafile=ca_file)
    except OSError as error:
        raise UsageError(
            f"the certificates in {str(ca_file)!r} cannot be read (--ca-file or REQUESTS_CA_BUNDLE)",
            hint="name a file of certificates in PEM format",
        ) from error
    return trusted


def stay_with(base_url: str) -> Callable[[httpx2.Request], Awaitable[None]]:
    """Return what keeps a client at the server of `base_url`: a redirect to another one raises `SentElsewhere`.

    A redirect repeats the body, so that whoever answers one decides who reads the transcript. From http to https of the
    same host is no other server.
    """
    import httpx2

    ours = httpx2.URL(base_url)
    allowed = {_origin(ours)}
    if ours.scheme == "http" and ours.port in (None, 80):
        allowed.add(_origin(ours.copy_with(scheme="https", port=None)))

    async def check(request: httpx2.Request) -> None:
        if _origin(request.url) not in allowed:
            raise SentElsewhere(request.url.host)

    return check


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return (url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
