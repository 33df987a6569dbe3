"""Lets a vendor's name mean this machine, so that what depends on the name is played against a loopback server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def as_loopback(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> Iterator[None]:
    """Resolve these names to 127.0.0.1."""
    real = socket.getaddrinfo

    def resolved(host: Any, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host in hosts else host, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", resolved)
        yield
