"""The pictures in README, of real runs: `python -m tests.screenshots` takes all of them anew, which needs Chromium for
the last.

The first two are what a terminal would show, exported by rich; a test holds them against README's own example.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.chromium import Page, opened_chromium

PROJECT = Path(__file__).resolve().parents[1]
PICTURES = PROJECT / "samples" / "screenshots"
COLUMNS = 88
TERMINAL = {
    "TERM": "xterm-256color",
    "COLUMNS": str(COLUMNS),
    "FORCE_COLOR": "1",
    "LANG": "C.UTF-8",
    "MEETCLI_CACHE_DIR": ".cache",
}


def take(folder: Path) -> None:
    """Run the samples below `folder` and take every picture."""
    _picture("extract", runs_shown(folder))
    _typed(folder, "analyze", "samples/meetings", "--engine", "local")
    _picture("show", _typed(folder, "show", "results/2026-q3/brightmoor-review.analyze.json"))
    _typed(folder, "report", "results", "-o", "report.html")
    with opened_chromium() as driver:
        driver.set_window_size(1280, 1250)
        Page(driver).open(folder / "report.html")
        driver.save_screenshot(str(PICTURES / "report.png"))


def runs_shown(folder: Path) -> str:
    """Return what a terminal shows of two runs over the samples, of the second the totals only."""
    shutil.copytree(PROJECT / "samples" / "meetings", folder / "samples" / "meetings")
    first, again = (_typed(folder, "extract", "samples/meetings", "--engine", "local") for _ in range(2))
    return f"{first}\n{_end_of(again)}"


def _typed(folder: Path, *arguments: str) -> str:
    """Return a command as it is typed and what it writes on a terminal of so many columns."""
    environment = {**TERMINAL, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-m", "meetcli", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return f"\x1b[1m$ meetcli {' '.join(arguments)}\x1b[0m\n{done.stdout}"


def _end_of(shown: str) -> str:
    """Leave out the lines of single files: twice the same table says no more than once."""
    command, rest = shown.split("\n", maxsplit=1)
    totals = rest.split("\n\n", maxsplit=1)[1]
    return f"{command}\n{totals}"


def _picture(name: str, shown: str) -> None:
    console = Console(record=True, width=COLUMNS, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(Text.from_ansi(shown.rstrip()), "\n")  # the frame cuts into the last line
    picture = console.export_svg(title="meetcli", unique_id=name)
    # A picture that loads a font from elsewhere is none: the reader's own will do.
    (PICTURES / f"{name}.svg").write_text(
        re.sub(r"@font-face\s*\{.*?\}\s*", "", picture, flags=re.DOTALL), encoding="utf-8"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take(Path(folder))
