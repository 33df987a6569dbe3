"""Run mutmut over one room with the tests of that room: `make mutants ROOM=money`.

mutmut takes its settings from the folder that it works in. So each room gets a copy of the clone below
`.cache/mutants`, and nothing of the working tree changes. A later run goes on from what the copy remembers.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

TESTS = {
    "answers": ["tests/answers"],
    "cache": ["tests/cache"],
    "engines": ["tests/engines"],
    "keys": ["tests/test_keys.py"],
    "money": ["tests/money"],
    "plan": ["tests/plan"],
    "readers": ["tests/readers"],
    "spend": ["tests/test_ledger.py", "tests/test_spend.py", "tests/test_long_meetings.py"],
}

SETTINGS = """[mutmut]
source_paths=meetcli
only_mutate={mutated}
also_copy=
    samples
    Makefile
    README.md
pytest_add_cli_args=
    -p
    no:cacheprovider
pytest_add_cli_args_test_selection=
    {tests}
"""


def main(rooms: list[str]) -> int:
    """Mutate each room and print what no test noticed. Some of that is no fault, so it is no failure either."""
    unknown = [room for room in rooms if room not in TESTS]
    if unknown or not rooms:
        sys.stderr.write(f"which room? make mutants ROOM=money, or one of {', '.join(TESTS)}\n")
        return 2
    return max([_mutate(room) for room in rooms])


def _mutate(room: str) -> int:
    copy = PROJECT / ".cache" / "mutants" / room
    copy.mkdir(parents=True, exist_ok=True)
    for name in ("meetcli", "tests", "samples"):
        shutil.rmtree(copy / name, ignore_errors=True)
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "README.md", "pyproject.toml"):
        shutil.copy2(PROJECT / name, copy / name)
    mutated = f"meetcli/{room}.py" if (PROJECT / "meetcli" / f"{room}.py").exists() else f"meetcli/{room}/*"
    settings = SETTINGS.format(mutated=mutated, tests="\n    ".join(TESTS[room]))
    (copy / "setup.cfg").write_text(settings, encoding="utf-8")
    mutmut = [sys.executable, "-m", "mutmut"]
    ended = subprocess.run([*mutmut, "run"], cwd=copy)
    if ended.returncode:
        return ended.returncode
    left = subprocess.run([*mutmut, "results"], cwd=copy, stdout=subprocess.PIPE, text=True).stdout.strip()
    sys.stdout.write(f"{left or 'every mutant was noticed'}\n")
    if left:
        where = copy.relative_to(PROJECT)
        sys.stdout.write(f"one of them, as a diff: (cd {where} && {sys.executable} -m mutmut show NAME)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
