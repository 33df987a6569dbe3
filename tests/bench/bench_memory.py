"""Whether memory stays flat: the peak of a run of 4,000 calls beside that of 500. Once each: a peak does not depend on
a busy machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.corpus import write_corpus
from tests.bench.loopback import loopback_settings
from tests.bench.measure import MEETCLI, Figure

SMALL, LARGE = 500, 4_000


def peak_of(command: tuple[str, ...], settings: dict[str, str], folder: Path) -> float:
    """Run a command on an empty cache and return the most memory it held, in megabytes."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    shutil.rmtree(folder / "results", ignore_errors=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **settings}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def figures() -> Iterator[Figure]:
    """Yield the growth of peak memory."""
    with tempfile.TemporaryDirectory() as name, loopback_settings("--canned") as settings:
        folder = Path(name)
        peaks = []
        for count in (SMALL, LARGE):
            corpus = write_corpus(folder / f"corpus-{count}", count)
            command = (*MEETCLI, "extract", str(corpus), "--cache-dir", "cache", "-o", "results", "-j", "16")
            peaks.append(peak_of(command, settings, folder))
    small, large = peaks
    yield Figure(
        f"memory: peak of {LARGE} calls / of {SMALL}", large / small, 1.05, note=f"{large:.0f} MB, {small:.0f} MB"
    )
