"""OpenAI's Files and Batches for the loopback server: upload, create, list, retrieve, cancel, download.

    batches = Batches(server)          # answers /v1/files and /v1/batches of that server
    batches.finish(fate=...)           # ends every batch that is under way

`dress(step, status, said)` puts a reply in another server's words; see `tests.batch_dialects`. `at(step)` is called before and after each step that a client takes, as `create before`, and may kill the client.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.loopback_server import Fault, LoopbackServer

Fate = Callable[[int, Mapping[str, Any]], str]
"""From the number and the line of a request to `ok`, `unreadable`, `uncounted`, `failed`, `expired`, `refused` or
`filtered`.
"""

REFUSED = {"refused": "context_length_exceeded", "filtered": "content_filter"}


class Batches:
    """Everything of one API project. `is_prompt` ends each batch as it is made."""

    def __init__(
        self, server: LoopbackServer, *, is_prompt: bool = False, fate: Fate = lambda number, line: "ok"
    ) -> None:
        self.server = server
        self.is_prompt = is_prompt
        self.fate = fate
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.submitted: list[str] = []
        self.room: int | None = None  # how many bytes may wait in batches of this account
        self.at: Callable[[str], None] = lambda step: None
        self.lacks: dict[str, int] = {}  # steps that the server does not take, and what it answers
        self.dress: Callable[[str, int, Any], tuple[int, Any]] = lambda step, status, said: (status, said)
        self._ids = itertools.count(1)
        server.routes = self.route

    def route(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes] | None:
        path = path.partition("?")[0].removeprefix("/v1")
        steps: dict[tuple[str, str], tuple[str, Callable[..., tuple[int, Any]]]] = {
            ("POST", r"/files"): ("upload", lambda: self._upload(headers, body)),
            ("GET", r"/files/([^/]+)/content"): ("download", self._download),
            ("GET", r"/files/([^/]+)"): ("look", self._described),
            ("POST", r"/batches"): ("create", lambda: self._create(json.loads(body))),
            ("GET", r"/batches"): ("list", self._list),
            ("GET", r"/batches/(?:batches/)?([^/]+)"): ("retrieve", self._retrieve),
            ("POST", r"/batches/(?:batches/)?([^/]+)/cancel"): ("cancel", self._cancel),
        }
        for (verb, pattern), (step, answer) in steps.items():
            if method == verb and (found := re.fullmatch(pattern, path)):
                if step in self.lacks:
                    return self.lacks[step], b'{"detail": "no such path"}'
                self.at(f"{step} before")
                status, answered = answer(*found.groups())
                if step != "download":
                    status, answered = self.dress(step, status, answered)
                self.at(f"{step} after")
                return status, answered if isinstance(answered, bytes) else json.dumps(answered).encode()
        return None

    def finish(self, fate: Fate | None = None, *, status: str = "completed") -> None:
        """End every batch that is under way; answers come in another order than they were asked."""
        for batch in self.batches.values():
            if batch["status"] == "in_progress":
                self._end(batch, fate or self.fate, status)

    def refuse(self, code: str) -> None:
        """Fail every batch that is under way before it has begun, as OpenAI does after it has looked through the
        file.
        """
        for batch in self.batches.values():
            if batch["status"] == "in_progress":
                self._refuse(batch, code)

    @property
    def asked(self) -> list[str]:
        """The custom_id of every request that was ever submitted."""
        return self.submitted

    def _upload(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        boundary = headers["content-type"].partition("boundary=")[2].strip('"').encode()
        content = b""
        for part in body.split(b"--" + boundary):
            head, _, data = part.partition(b"\r\n\r\n")
            if b'name="file"' in head:
                content = data.removesuffix(b"\r\n")
        return 200, self._file(content)

    def _file(self, content: bytes) -> dict[str, Any]:
        name = f"file-{next(self._ids)}"
        self.files[name] = content
        return self._described(name)[1]

    def _described(self, name: str) -> tuple[int, Any]:
        content = self.files[name]
        described = {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": "x.jsonl",
        }
        return 200, {**described, "purpose": "batch", "status": "processed"}

    def _download(self, name: str) -> tuple[int, Any]:
        name = name.removeprefix("raw-")
        return (200, self.files[name]) if name in self.files else (404, {"error": {"message": "no such file"}})

    def _create(self, asked: Mapping[str, Any]) -> tuple[int, Any]:
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        self.submitted += [line["custom_id"] for line in lines]
        batch = {
            "id": f"batch_{next(self._ids)}",
            "object": "batch",
            "endpoint": asked["endpoint"],
            "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"],
            "status": "in_progress",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": int(time.time()),
            "metadata": asked.get("metadata"),
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        self.batches[batch["id"]] = batch
        waiting = [one for one in self.batches.values() if one["status"] == "in_progress"]
        if self.room is not None and sum(len(self.files[one["input_file_id"]]) for one in waiting) > self.room:
            self.submitted = self.submitted[: -len(lines)]
            self._refuse(batch, "token_limit_exceeded")
            return 200, batch
        if self.is_prompt:
            self._end(batch, self.fate, "completed")
        return 200, batch

    def _refuse(self, batch: dict[str, Any], code: str) -> None:
        error = {"code": code, "message": "no", "param": None, "line": None}
        batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}

    def _list(self) -> tuple[int, Any]:
        newest = sorted(self.batches.values(), key=lambda batch: -int(batch["id"].rpartition("_")[2]))
        return 200, {"object": "list", "data": newest, "has_more": False}

    def _retrieve(self, name: str) -> tuple[int, Any]:
        return (200, self.batches[name]) if name in self.batches else (404, {"error": {"message": "no such batch"}})

    def _cancel(self, name: str) -> tuple[int, Any]:
        if name not in self.batches:
            return self._retrieve(name)
        self.batches[name]["status"] = "cancelling"
        return 200, self.batches[name]

    def _end(self, batch: dict[str, Any], fate: Fate, status: str) -> None:
        output, errors = [], []
        lines = self.files[batch["input_file_id"]].splitlines()
        for number, line in reversed(list(enumerate(map(json.loads, lines)))):
            named = {"id": f"r{number}", "custom_id": line["custom_id"]}
            kind = fate(number, line)
            if kind in ("ok", "unreadable", "uncounted"):
                body = json.loads(self.server.completion(line["body"], Fault()))
                if kind != "ok":
                    body.pop("choices" if kind == "unreadable" else "usage")
                output.append(
                    {**named, "response": {"status_code": 200, "request_id": "x", "body": body}, "error": None}
                )
            elif kind != "expired":
                status_code, code = (400, REFUSED[kind]) if kind in REFUSED else (500, "server_error")
                body = {"error": {"message": "no", "code": code}}
                errors.append(
                    {**named, "response": {"status_code": status_code, "request_id": "x", "body": body}, "error": None}
                )
            else:
                errors.append({**named, "response": None, "error": {"code": "batch_expired", "message": "too late"}})
        for kept, name in ((output, "output_file_id"), (errors, "error_file_id")):
            if kept:
                batch[name] = self._file("\n".join(map(json.dumps, kept)).encode())["id"]
        batch["status"] = status
        batch["request_counts"] = {"total": len(lines), "completed": len(output), "failed": len(errors)}
