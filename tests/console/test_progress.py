import io
import re
import sys
from decimal import Decimal
from pathlib import Path

from meetcli.console.progress import RunProgress
from meetcli.models import Outcome, Source, Spent, Status


def outcome(status, cost="0"):
    return Outcome(Source(Path("a"), "a", "a", "a", is_named=False), status, spent=Spent(cost_usd=Decimal(cost)))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_counts_cost_and_failures_and_keeps_its_log_lines(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with RunProgress("extract", 3, terminal) as progress:
        progress.add(outcome(Status.MISS, "0.0312"))
        progress.add(outcome(Status.FAILED))
        sys.stderr.write("a warning\n")
        sys.stdout.write("a result\n")
    shown = terminal.getvalue()
    assert "2/3 $0.0312 · 1 failed" in re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert "a warning\n" in shown
    assert shown.endswith("\x1b[2K"), "the bar is left behind"
    assert capsys.readouterr().out == "a result\n"


def test_without_a_terminal_nothing_is_animated():
    stream = io.StringIO()
    with RunProgress("extract", 1, stream) as progress:
        progress.add(outcome(Status.MISS))
    assert stream.getvalue().strip() == ""
