"""Sessions at a terminal, as text to look at: what stands on the screen in the end, with its colors, whatever moved on
the way there.

`python -m tests.cli.terminal_sessions` writes all of them anew, for whoever has looked at the difference.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pyte

PROJECT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "sessions"

COMMANDS = (
    "meetcli extract in",
    "meetcli extract in",
    "meetcli extract in -q",
    "meetcli analyze in/quick-call.json --dry-run",
    "meetcli analyze in/quick-call.json --summary none -v",
    "meetcli show results/quick-call.extract.json",
    "meetcli extract nowhere",
)
LINES = 24
SCREEN_LINES = 200  # nothing scrolls away


class Session(NamedTuple):
    """How the commands are run: on a terminal of so many columns, or without one where None; `environment` is all there
    is.
    """

    columns: int | None
    environment: Mapping[str, str]


USER = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
SESSIONS = {
    **{f"color_{columns}": Session(columns, USER) for columns in (80, 120)},
    **{f"no_color_{columns}": Session(columns, {**USER, "NO_COLOR": "1"}) for columns in (80, 120)},
    "piped": Session(None, USER),
    "cron": Session(None, {}),
}


def play(session: Session, folder: Path) -> str:
    """Return the whole session: every command after a `$ `, then what it left on the screen, then its exit code unless
    that is 0.
    """
    for name in ("quick-call.json", "walk-in-visit.json", "2026-q2/branch-reviews.json"):
        place = folder / "in" / Path(name).name
        place.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / "samples" / "meetings" / name, place)
    (folder / "in" / "cut-off.json").write_text('{"transcript": "Ana: Hel')
    lines: list[str] = []
    for command in COMMANDS:
        code, shown = _run(command, session, folder)
        lines += [f"$ {command}", *shown, *([f"[exit code {code}]"] if code else []), ""]
    return "\n".join(lines)


def _run(command: str, session: Session, folder: Path) -> tuple[int, list[str]]:
    arguments = [sys.executable, "-m", "meetcli", *command.split()[1:]]
    environment = {
        **session.environment,
        "PYTHONPATH": str(PROJECT),  # the clone's command, installed or not
        "MEETCLI_ENGINE": "local",
        "MEETCLI_CACHE_DIR": "cache",
    }
    if session.columns is None:
        done = subprocess.run(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, [_still(line) for line in done.stdout.decode().splitlines()]
    screen = pyte.Screen(session.columns, SCREEN_LINES)
    screen.set_mode(pyte.modes.LNM)
    code = _on_terminal(arguments, environment, folder, pyte.ByteStream(screen), session.columns)
    return code, [_still(line) for line in _marked(screen)]


def _on_terminal(
    arguments: list[str], environment: dict[str, str], folder: Path, stream: pyte.ByteStream, columns: int
) -> int:
    """Run on a terminal of its own and feed what is written there to a screen; return the exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    with subprocess.Popen(
        arguments, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as done:
        os.close(theirs)
        while True:
            try:
                written = os.read(ours, 65_536)
            except OSError:  # how Linux says that nobody has the other end any more
                break
            if not written:
                break
            stream.feed(written)
    os.close(ours)
    return done.returncode


def _marked(screen: pyte.Screen) -> Iterator[str]:
    """Yield the screen's lines, styles as `‹green bold›`, back to plain as `‹›`, without the empty lines at the end."""
    last = max(
        (row for row, cells in screen.buffer.items() if any(cell.data.strip() for cell in cells.values())), default=-1
    )
    for row in range(last + 1):
        text, style = "", ""
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            named = [cell.fg] * (cell.fg != "default") + ["bold"] * cell.bold + ["italic"] * cell.italics
            if (now := " ".join(named)) != style and cell.data.strip():
                text, style = f"{text}‹{now}›", now
            text += cell.data
        text = text.rstrip() + ("‹›" if style else "")
        yield text


def _still(line: str) -> str:
    """Return a line without what differs from run to run: times of day, dates of purchase, durations, cut ones too."""
    line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "2026-11-23T02:30:00.000Z", line)
    line = re.sub(r"(?<=extractive, )\d{4}-\d\d-\d\d", "2026-11-23", line)
    line = re.sub(r"(?<=duration=)\d+\.\d+", "0.0", line)
    return re.sub(r"(?<![\w.])\d+\.\d+s\b", "0.0s", line).rstrip()


if __name__ == "__main__":
    for name, session in SESSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            (GOLDEN / f"{name}.txt").write_text(play(session, Path(folder)), encoding="utf-8")
