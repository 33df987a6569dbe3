"""Starts the command as users do: in this process where a test is about what it says, in its own where it is about the
process.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from meetcli.events import LOGGER
from meetcli.wiring.logs import close_logging
from tests.conftest import PROJECT

KEY = "sk-loopback-1"


class Started(subprocess.Popen[bytes]):
    """A command in a process of its own, which ends with its test: a test that fails would wait for it for ever."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None:
            self.kill()
        super().__exit__(kind, error, trace)


@dataclass(frozen=True, slots=True)
class Done:
    """What a finished command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """The summary that `--summary json` printed."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def statuses(self) -> dict[str, str]:
        """Statuses by file as shown; the places of one file stand in its order, joined by spaces."""
        found: dict[str, str] = {}
        for file in self.summary["files"]:
            found[file["source"]] = (
                f"{found[file['source']]} {file['status']}" if file["source"] in found else file["status"]
            )
        return found


class Command:
    """`meetcli` in a working folder of its own, against one server unless told otherwise."""

    def __init__(self, folder: Path, base_url: str | None = None) -> None:
        self.folder = folder
        self.environment = {"OPENAI_API_KEY": KEY, **({"OPENAI_BASE_URL": base_url} if base_url else {})}

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> Done:
        """Run to the end in this process."""
        from meetcli.cli.app import build

        given_arguments = [str(argument) for argument in arguments]
        stdout, stderr = _stream(), _stream()
        given = io.TextIOWrapper(io.BytesIO(stdin))
        code: object = 0
        with (
            patch.dict(os.environ, {**self.environment, **environment}),
            patch.object(sys, "stdin", given),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
        ):
            try:
                build()(given_arguments, prog_name="meetcli")
            except SystemExit as leaving:
                code = leaving.code or 0
            finally:
                close_logging()
                LOGGER.setLevel(0)
                LOGGER.propagate = True
        assert isinstance(code, int)
        return Done(code, _text(stdout), _text(stderr))

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start a process of its own; standard output and error are pipes unless told otherwise."""
        given = {**os.environ, **self.environment, "PYTHONPATH": str(PROJECT), **options.pop("environment", {})}
        environment = {name: value for name, value in given.items() if value}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return Started(
            [sys.executable, "-m", "meetcli", *map(str, arguments)],
            cwd=self.folder,
            env=environment,
            **streams,
        )

    def alone(self, *arguments: str | Path, stdin: bytes | None = None, **options: Any) -> Done:
        """Run to the end in a process of its own."""
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
        with self.start(*arguments, **options) as process:
            stdout, stderr = process.communicate(stdin, timeout=60)
        return Done(process.returncode, (stdout or b"").decode(), (stderr or b"").decode())

    def put(self, name: str, content: object) -> Path:
        """Write an input, as JSON unless it is text or bytes."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(
                content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8"
            )
        return path

    def results(self, folder: str = "results") -> dict[str, bytes]:
        """The bytes of every file below the output folder, hidden ones included, by path."""
        root = self.folder / folder
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def without_purchase(result: bytes) -> dict[str, Any]:
    """Return a result without when and how it was bought, so that two runs can be compared."""
    found: dict[str, Any] = json.loads(result)
    for name in ("created_at", "usage", "cost_usd"):
        del found["provenance"][name]
    return found


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
