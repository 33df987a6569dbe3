import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from meetcli.console.table import print_report, shorten_path
from meetcli.models import Outcome, Source, Spent, Status, Usage
from meetcli.report import RunReport


def outcome(shown, status, reason=None, *, place=None, **more) -> Outcome:
    source = Source(Path(shown), shown.rpartition("/")[2], shown, shown, is_named=False, place=place)
    return Outcome(source, status, reason, "k" * 64, **more)


def report(outcomes, *, engine="openai", model="gpt-4o", endpoint="api.openai.com", is_free=False) -> RunReport:
    ticks = iter((0.0, *[4.23] * 9))
    made = RunReport("extract", engine, model, endpoint, clock=lambda: next(ticks), backend="disk", is_free=is_free)
    for one in outcomes:
        made.add(one)
    return made


def printed(made, width=80, height=None) -> str:
    stream = io.StringIO()
    print_report(made, stream, width=width, height=height)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


MIXED = [
    outcome("samples/acme/2025-10-15 quarterly review.json", Status.HIT, saved_usd=Decimal("0.0312")),
    outcome(
        "samples/acme/reunião.json",
        Status.MISS,
        spent=Spent(Usage(3120, 1024, 292, 1), Decimal("0.01085")),
        duration_s=2.13,
    ),
    outcome("samples/list.json", Status.HIT, "kept", place=3, saved_usd=Decimal("0.02")),
    outcome(
        "samples/会議の記録と重要な決定事項についての非常に長いファイル名.json",
        Status.CHANGED,
        "content",
        spent=Spent(Usage(13120, 0, 1292, 2), Decimal("0.11085")),
        duration_s=62.13,
    ),
    outcome("in/a/very/deep/tree/of/folders/that/nobody/remembers/q3.json", Status.SHARED),
    outcome(
        "in/bad\nname\x1b[31m.json",
        Status.FAILED,
        "bad_input",
        error="not JSON: line 3, column 14",
        hint="check the file with a JSON validator",
    ),
    outcome(
        "in/empty.json",
        Status.FAILED,
        "bad_input",
        error="transcript is empty",
        hint="check the file with a JSON validator",
    ),
    outcome("in/notes.txt", Status.SKIPPED, "no_transcript"),
    outcome("in/z.json", Status.NOT_ATTEMPTED, "limit"),
]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_is_as_it_was_looked_at(width):
    golden = Path(__file__).with_name(f"mixed_{width}.txt")
    assert printed(report(MIXED), width) == golden.read_text(encoding="utf-8")


def test_many_that_failed_alike_are_told_as_one_where_the_table_names_them():
    def refused(count):
        error = "the API key was refused"
        return [
            outcome(f"{number}.json", Status.FAILED, "key_refused", error=error, hint="check it")
            for number in range(count)
        ]

    assert printed(report(refused(3))).count("error: ") == 3
    told = printed(report([*refused(9), outcome("z.json", Status.FAILED, "bad_input", error="is empty")]))
    assert [line for line in told.splitlines() if "error: " in line] == [
        "error: 9 meetings, the first 0.json: the API key was refused",
        "error: z.json: is empty",
    ]
    assert printed(report(refused(60)), height=40).count("error: ") > 5, (
        "the table has no room, so the errors are all that names them"
    )


def test_what_no_quote_supports_is_counted_by_meeting_and_in_all():
    assert "unsupported" not in printed(report(MIXED))
    table = printed(report([outcome("a.json", Status.HIT, unsupported=3), outcome("b.json", Status.MISS), MIXED[0]]))
    head, first, second = table.splitlines()[:3]
    assert (head.split()[-1], first.split()[-1], second.split()[-1]) == ("unsupported", "3", "–")
    assert "evidence  3 items unsupported" in table


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_screen(width):
    assert max(cell_len(line) for line in printed(report(MIXED), width).splitlines()) <= width


def test_a_run_of_hits_of_the_local_engine():
    made = report(
        [outcome("in/a.json", Status.HIT), outcome("in/b.json", Status.HIT)],
        engine="local",
        model="local-1",
        endpoint="local",
        is_free=True,
    )
    assert (
        printed(made)
        == """\
file       status  tokens  cost  time
in/a.json  hit          –     –     –
in/b.json  hit          –     –     –

extract  2 meetings: 2 hit
cache    100% hit rate, disk
calls    0
cost     $0, saved $0
time     4.2s
engine   local, local-1
"""
    )


def test_a_run_without_meetings_prints_only_totals():
    assert printed(report([])).splitlines()[0] == "extract  0 meetings"


def test_another_endpoint_is_named():
    assert "engine   openai, llama at localhost:8080\n" in printed(report([], model="llama", endpoint="localhost:8080"))


def test_an_unknown_price_is_never_shown_as_zero():
    used = Usage(10, 0, 10, 1)
    text = printed(
        report(
            [
                outcome("a", Status.MISS, spent=Spent(used, None)),
                outcome("b", Status.MISS, spent=Spent(used, Decimal(1))),
            ]
        )
    )
    assert "a     miss        20  unknown  0.0s\n" in text
    assert "cost     unknown, at least $1.0000, saved $0" in text


def test_a_dry_run_says_what_meetings_would_end_as_even_where_they_do_not_fit_the_screen():
    planned = [outcome(f"in/{n:03}.json", Status.NOT_ATTEMPTED, "changed" if n % 3 else "miss") for n in range(60)]
    hits = [outcome(f"in/hit{n}.json", Status.HIT) for n in range(9)]
    text = printed(report([*hits, *planned]), height=32)
    assert "69 meetings: 9 hit, 60 planned (40 changed, 20 miss)\n" in text
    assert "… and 9 were answered, 60 planned; --summary json lists every one\n" in text
    assert "in/" not in text
    few = printed(report([*hits, *planned[:12]]), height=32)
    assert "in/000.json  would call: miss" in few
    twins = [
        outcome("in/a.json", Status.NOT_ATTEMPTED, "bypassed"),
        outcome("in/b.json", Status.NOT_ATTEMPTED, "shared"),
    ]
    assert "in/b.json  would share an answer " in printed(report(twins))


def test_what_does_not_fit_the_screen_is_reduced_to_what_somebody_should_look_at():
    hits = [outcome(f"in/hit{n}.json", Status.HIT) for n in range(5000)]
    called = [outcome(f"in/called{n:03}.json", Status.MISS, spent=Spent(Usage(1, 0, 1, 1))) for n in range(30)]
    failed = [outcome(f"in/failed{n:03}.json", Status.FAILED, "timeout", error="no answer in 120 s") for n in range(15)]
    lines = printed(report([*hits, *called, *failed]), height=32).splitlines()
    assert len(lines) <= 36
    assert not any("in/hit" in line for line in lines)
    assert [line for line in lines if line.startswith("error: ")] == [
        f"error: in/failed{n:03}.json: no answer in 120 s" for n in range(10)
    ]
    assert not any(line.startswith("in/called") for line in lines)
    assert "… and 5 more failed, 5,030 were answered; --summary json lists every one" in lines
    few = printed(report([*hits, *called[:9], *failed]), height=32).splitlines()
    assert sum(line.startswith("in/called") for line in few) == 9
    odd = [outcome("in/odd.json", Status.HIT, unsupported=2), outcome("in/none.json", Status.BYPASSED, "no_key")]
    assert [line.split()[:2] for line in printed(report([*hits, *called, *odd]), height=32).splitlines()[1:3]] == [
        ["in/none.json", "bypassed:"],
        ["in/odd.json", "hit"],
    ]
    assert "extract  5,045 meetings: 5,000 hit, 30 miss, 15 failed" in lines


def test_what_looks_like_a_transcript_and_was_not_read_is_apart_from_other_files():
    why = {"error": "is a PDF", "hint": "export the transcript as .vtt or .docx"}
    text = printed(
        report(
            [
                outcome("in/a.vtt", Status.MISS),
                outcome("in/b.pdf", Status.SKIPPED, "unread", **why),
                outcome("in/.DS_Store", Status.SKIPPED, "hidden"),
                outcome("in/c.mp4", Status.SKIPPED, "no_transcript"),
            ]
        )
    )
    assert "in/b.pdf      unread " in text
    assert "unread: in/b.pdf: is a PDF\nhint: export the transcript as .vtt or .docx\n" in text
    assert "extract  1 meeting, 2 other files: 1 miss\nunread   1 file looks like a transcript and could" in text


def test_money_stands_below_the_cost_and_only_where_it_is_known():
    used = Usage(10, 0, 10, 1)
    known = [
        outcome("a", Status.MISS, unsupported=1, spent=Spent(used, Decimal(1))),
        outcome("b", Status.BYPASSED, spent=Spent(used, Decimal(2))),
    ]
    lines = printed(report(known)).splitlines()
    assert lines[lines.index("cost      $3.0000, saved $0") + 1] == "          bypassed $2.0000, miss $1.0000"
    unknown = Spent(used, None, None, None, "flex")
    text = printed(report([outcome("a", Status.MISS, spent=unknown), outcome("b", Status.BYPASSED, spent=unknown)]))
    assert "flex" not in text
    assert "bypassed unknown" not in text
    assert "an unknown amount more" in text


def test_a_rate_just_below_all_is_not_called_all():
    made = report([outcome("m", Status.MISS), *(outcome(f"h{n}", Status.HIT) for n in range(5000))])
    assert "99.9% hit rate" in printed(made)


@given(st.text(st.sampled_from("ab/é日.#"), min_size=1), st.integers(10, 40))
def test_a_shortened_path_fits_and_keeps_its_end(path, width):
    short = shorten_path(path, width)
    assert cell_len(short) <= width
    assert short[-1] == path[-1]


@pytest.mark.parametrize("letter", ["e\u0301", "\\u200d", "\\x1b", "\\U000e0061", "日"])
@pytest.mark.parametrize("width", range(20, 40))
def test_a_shortened_path_cuts_no_escape_and_no_accent_from_its_letter(letter, width):
    start, _, end = shorten_path(letter * 40, width).partition("…")
    assert cell_len(start) + cell_len(end) < width
    assert start + end == letter * ((len(start) + len(end)) // len(letter))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_color_is_for_terminals_that_want_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    colored, plain = Terminal(), Terminal()
    print_report(report(MIXED), colored)
    monkeypatch.setenv("NO_COLOR", "1")
    print_report(report(MIXED), plain)
    assert "\x1b[32m" in colored.getvalue()
    assert "\x1b[3" not in plain.getvalue()
    assert "\x1b" not in printed(report(MIXED))


class ClosedPipe(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_closed_pipe_is_left_to_the_caller():
    with pytest.raises(BrokenPipeError):
        print_report(report(MIXED), ClosedPipe())
