import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from meetcli.console.minutes import print_minutes, sparkline
from meetcli.minutes import read_minutes
from tests.results import action, evidence, result

HERE = Path(__file__).parent
LONG = "The annual accounts, the assignment of the receivables and the contract with the new carrier are needed before anything is signed. "
MADE = {
    "extract": result(summary=LONG * 3, action_items=[action(LONG.strip()), *result()["action_items"]]),
    "analyze": result("analyze", language="pt", summary="A cooperativa pediu seis milhões. " * 8),
}


def printed(*results, width=80) -> str:
    stream = io.StringIO()
    print_minutes([read_minutes(made) for made in results], stream, width=width)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("task", ["extract", "analyze"])
def test_minutes_in_the_terminal(task, width):
    golden = HERE / f"minutes_{task}_{width}.txt"
    assert printed(MADE[task], width=width) == golden.read_text(encoding="utf-8")


def test_several_are_told_apart_by_a_line():
    assert printed(MADE["extract"], MADE["analyze"]).count("─" * 80) == 1


def test_lines_stay_within_the_screen():
    assert max(map(cell_len, printed(*MADE.values(), width=50).splitlines())) <= 50


def test_nothing_from_a_transcript_reaches_the_terminal_as_a_command():
    hostile = "\x1b[31mred\x07 [bold]markup[/bold] :warning: \u202egnp"
    shown = printed(
        result(
            "analyze",
            customer_name=hostile,
            summary=hostile,
            key_points=[{"text": hostile, "evidence": evidence(hostile, hostile)}],
        ),
        width=200,
    )
    assert not {char for char in shown if not char.isprintable()} - {"\n"}
    assert "[bold]markup[/bold] :warning:" in shown


def test_a_sparkline_goes_from_lowest_to_highest():
    assert sparkline([0, 0.1, 0.2, 0.4, 0.5, 0.7, 0.8, 1]) == "▁▁▂▄▅▆▇█"
    assert sparkline([]) == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("no_color", "has_color"), [("", True), ("1", False)])
def test_color_is_for_terminals_that_want_it(monkeypatch, no_color, has_color):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    stream = Terminal()
    print_minutes([read_minutes(MADE["analyze"])], stream, width=80)
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-7]", stream.getvalue())) is has_color
