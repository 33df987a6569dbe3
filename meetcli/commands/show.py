"""`meetcli show`: a result, readable in the terminal."""

from __future__ import annotations

import sys

from meetcli.errors import UsageError
from meetcli.minutes import read_minutes
from meetcli.readers.results import read_results


def show(paths: list[str]) -> None:
    """Print the minutes of every result in `paths`. Raises `UsageError` where there is none."""
    found = read_results(paths)
    if not found.results:
        raise UsageError(
            f"no meetcli results in {', '.join(map(repr, paths))}",
            hint="extract and analyze write results; inspect shows what is understood of a transcript",
        )
    from meetcli.console.minutes import print_minutes

    print_minutes([read_minutes(result.document) for result in found.results], sys.stdout)
