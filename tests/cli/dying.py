"""Runs the command until the n-th time that one of its functions is entered or left, and kills it there, as a power cut
would.

python -m tests.cli.dying meetcli.spend.ledger:Ledger.save enter 3 extract in
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any


def die_at(place: str, moment: str, times: int) -> None:
    """Arrange for the end of this process."""
    module, _, path = place.partition(":")
    owner: Any = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function = getattr(owner, name)
    seen = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == times and moment == "enter":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if seen == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, counted)


if __name__ == "__main__":
    from meetcli.cli.app import build

    die_at(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    build()(sys.argv[4:])
