"""`make bench`: run every `bench_*.py` here that has `figures()`, print what came out beside what it should be.

`python -m tests.bench startup warm` runs only those.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tests.bench.measure import Figure


def print_figure(figure: Figure) -> None:
    sign = "<=" if figure.is_ceiling else ">="
    verdict = "ok" if figure.is_met else "MISSED"
    print(f"{figure.name:<58} {figure.value:>8.2f} {sign} {figure.target:<6g} {verdict:<7} {figure.note}", flush=True)  # noqa: T201  # its only output


def main(wanted: list[str]) -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    modules = [
        importlib.import_module(f"tests.bench.{name}")
        for name in names
        if not wanted or name.removeprefix("bench_") in wanted
    ]
    is_all_met = True
    for module in modules:
        for figure in module.figures():
            print_figure(figure)
            is_all_met = is_all_met and figure.is_met
    return 0 if is_all_met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
