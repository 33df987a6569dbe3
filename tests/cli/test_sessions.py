"""Terminal sessions are as they were looked at: at 80 and 120 columns, with and without color, in a pipe and in cron's
environment.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal_sessions import GOLDEN, SESSIONS, play


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_as_it_was_looked_at(name: str, tmp_path: Path) -> None:
    assert play(SESSIONS[name], tmp_path) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_color_is_on_a_terminal_that_wants_it_and_nowhere_else() -> None:
    assert {name for name in SESSIONS if "‹green" in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")} == {
        "color_80",
        "color_120",
    }


def test_a_poor_environment_changes_nothing() -> None:
    assert (GOLDEN / "cron.txt").read_bytes() == (GOLDEN / "piped.txt").read_bytes()
