"""Engines room: requests on their way into a file of a batch. Never sends anything."""

from __future__ import annotations

import hashlib
import json
import tempfile
from datetime import datetime
from typing import IO, Final

from meetcli.engines.openai_dialect import Dialect
from meetcli.models import BatchLine, Request

MOST_REQUESTS: Final = 50_000
MOST_BYTES: Final = 200_000_000
"""Of one file: OpenAI, "Batch API", rate limits (https://developers.openai.com/api/docs/guides/batch, read 2026-11)."""


class Spool:
    """Requests on their way into one file, on disk: fifty thousand of them are not held in memory.

    The file has no name, so that nothing that was said stays behind when the process is killed.
    """

    def __init__(self, dialect: Dialect, *, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES) -> None:
        self._dialect = dialect
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self.size = 0
        self._digests: set[str] = set()
        self.members: list[BatchLine] = []

    def add(self, request: Request) -> bool:
        """Write a request, once: a server takes no file that has an id twice. Return False where this file has no room
        for it.
        """
        if request.digest in self._digests:
            return True
        data = self._line(request)
        if self.members and (len(self.members) == self._most_requests or self.size + len(data) > self._most_bytes):
            return False
        self.file.write(data)
        self.size += len(data)
        self._digests.add(request.digest)
        self.members.append(
            BatchLine(request.digest, request.task, request.meeting.meeting_id, request.meeting.customer_id)
        )
        return True

    def size_with(self, request: Request) -> int:
        """Return how large the file would be with a request in it."""
        return self.size if request.digest in self._digests else self.size + len(self._line(request))

    def _line(self, request: Request) -> bytes:
        line = {
            "custom_id": request.digest,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": self._dialect.body(request),
        }
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"

    def digest(self, at: datetime) -> str:
        """Return what names this batch across runs: the digest of its requests' digests and of when it was intended.

        The same requests may be submitted again, after a batch that answered none of them.
        """
        named = [at.isoformat(), *sorted(member.digest for member in self.members)]
        return hashlib.sha256("\n".join(named).encode()).hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()
