"""The hit/miss table of a finished run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from meetcli.console import PipeSafeConsole
from meetcli.models import Forecast, Outcome, Status
from meetcli.plain_text import count_text, elapsed_text, failure_text, money_text, printable, sum_text
from meetcli.report import RunReport, is_call, is_planned, is_unread

_STYLES = {
    Status.HIT: "green",
    Status.SHARED: "green",
    Status.MISS: "cyan",
    Status.EXPIRED: "cyan",
    Status.CHANGED: "cyan",
    Status.REFRESHED: "cyan",
    Status.BYPASSED: "yellow",
    Status.FAILED: "bold red",
    Status.NOT_ATTEMPTED: "yellow",
}
_TOTALS_HEIGHT = 12
"""Lines that a screen needs besides those of the files: heading, totals, the prompt that follows."""
_PIPE_HEIGHT = 50
_ALIKE = 3
"""Above so many failures of one cause, they are told as one."""
_ESCAPE_OR_CHARACTER = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})|.", re.DOTALL)
_OPENAI = "api.openai.com"


def print_report(report: RunReport, stream: TextIO, *, width: int | None = None, height: int | None = None) -> None:
    """Print the hit/miss table of a run: a line a file where they fit a screen, then failures and totals.

    Where they do not fit, only what a person should look at is listed, up to a screen. Raises BrokenPipeError when
    nobody reads.
    """
    console = PipeSafeConsole(file=stream, width=width, height=height, highlight=False, markup=False, emoji=False)
    screen = max(5, (console.height if height or console.is_terminal else _PIPE_HEIGHT) - _TOTALS_HEIGHT)
    rows, explained, left_out = _worth_a_line(report, screen)
    if rows:
        console.print(_file_table(rows))
        console.print()
    if explained:
        _print_reasons(console, explained, are_listed=report.total <= screen)
        console.print()
    if left_out:
        console.print(_left_out_text(left_out), style="dim")
        console.print()
    console.print(_totals(report))


class _Path:
    """A path that gives up its middle when space is short: the file's own name says most, then the first folder."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(shorten_path(self._text, options.max_width), no_wrap=True, overflow="crop")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(16, cell_len(self._text)), cell_len(self._text)).with_maximum(options.max_width)


def shorten_path(path: str, width: int) -> str:
    """Return `path` in at most `width` cells.

    Whole folders are cut on the left, a name that is too long in its middle.
    """
    if cell_len(path) <= width:
        return path
    name = path.rpartition("/")[2]
    if cell_len(name) + 2 <= width:
        end = _last_cells(path, width - 1)
        return "…" + end[end.index("/") :]
    # The end holds the suffix and the place in a list, the start what people sort by.
    tail = width // 3
    start = "".join(_fitting(_letters(name), width - tail - 1))
    return start.rstrip() + "…" + _last_cells(name, tail)


def _last_cells(text: str, width: int) -> str:
    return "".join(reversed(list(_fitting(reversed(_letters(text)), width))))


def _fitting(letters: Iterable[str], width: int) -> Iterator[str]:
    for letter in letters:
        width -= cell_len(letter)
        if width < 0:
            return
        yield letter


def _letters(text: str) -> list[str]:
    """Return what a reader takes for one letter: an escape, or a character with the accents that combine with it."""
    letters: list[str] = []
    for letter in _ESCAPE_OR_CHARACTER.findall(text):
        if letters and not cell_len(letter):
            letters[-1] += letter
        else:
            letters.append(letter)
    return letters


def _worth_a_line(report: RunReport, screen: int) -> tuple[list[Outcome], list[Outcome], list[Outcome]]:
    """Return the outcomes for the table, those to explain below it, and those that found no place.

    Where all fit, the table has every input; else what failed or was not read is only explained, and the rest of the
    screen is for answers without evidence or without a cache, and for the calls where there is room for all of them.
    """
    ordered = report.in_order()
    explained = [one for one in ordered if one.status is Status.FAILED or is_unread(one)]
    if report.total <= screen:
        return ordered, explained, []
    shown_below = explained[: screen // 2]
    room = screen - len(shown_below)
    others = [one for one in ordered if one.status is not Status.FAILED]
    odd = [one for one in others if one.unsupported or _is_bypassed(one)]
    with_calls = [one for one in others if one.unsupported or _is_bypassed(one) or is_call(one)]
    shown = (with_calls if len(with_calls) <= room else odd)[:room]
    named = {id(one) for one in (*shown_below, *shown)}
    return shown, shown_below, [one for one in ordered if id(one) not in named]


def _is_bypassed(outcome: Outcome) -> bool:
    return Status.BYPASSED in (outcome.status, outcome.reason)


def _left_out_text(outcomes: Iterable[Outcome]) -> str:
    """Return how many inputs have no line of their own, by what became of them."""
    counts = Counter(_group_of(outcome) for outcome in outcomes)
    told = [
        f"{counts[group]:,} {'more ' if group == 'failed' else ''}{'were ' if group == 'answered' else ''}{group}"
        for group in ("failed", "unread", "answered", "planned", "not attempted", "other files")
        if counts[group]
    ]
    return f"… and {', '.join(told)}; --summary json lists every one"


def _group_of(outcome: Outcome) -> str:
    if outcome.status is Status.SKIPPED:
        return "unread" if is_unread(outcome) else "other files"
    if outcome.status is Status.NOT_ATTEMPTED:
        return "planned" if is_planned(outcome) else "not attempted"
    if outcome.status in (Status.FAILED, Status.SUBMITTED):
        return _words(outcome.status.value)
    return "answered"


def _file_table(outcomes: Iterable[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    # Alone in being allowed to wrap, so that this column and no other is the one that gives way.
    table.add_column("file")
    table.add_column("status", no_wrap=True, max_width=28, overflow="ellipsis")
    outcomes = list(outcomes)
    has_unsupported = any(outcome.unsupported for outcome in outcomes)
    for heading in ("tokens", "cost", "time", *(["unsupported"] if has_unsupported else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        table.add_row(
            _Path(printable(outcome.source.label)),
            _ended_text(outcome),
            *_spent(outcome),
            *([_unsupported(outcome)] if has_unsupported else []),
        )
    return table


def _unsupported(outcome: Outcome) -> Text:
    return Text(str(outcome.unsupported), style="yellow") if outcome.unsupported else Text("–", style="dim")


def _spent(outcome: Outcome) -> Iterator[Text]:
    """Yield tokens, cost and time, a dash where there were none."""
    usage, cost_usd = outcome.spent.usage, outcome.spent.cost_usd
    tokens = usage.input_tokens + usage.output_tokens
    yield Text(f"{tokens:,}") if tokens else Text("–", style="dim")
    if usage.requests or cost_usd != 0:
        yield Text(money_text(cost_usd))
        yield Text(elapsed_text(outcome.duration_s)) if usage.requests else Text("–", style="dim")
    else:
        yield from (Text("–", style="dim"), Text("–", style="dim"))


def _print_reasons(console: Console, explained: Iterable[Outcome], *, are_listed: bool) -> None:
    """Print why each meeting failed and each file was not read, and a hint once for all that share it.

    Where the table has a line for each (`are_listed`), many that failed alike are told as one: a dead key fails every
    call.
    """
    hints: dict[tuple[bool, str | None], dict[str, list[Outcome]]] = {}
    for outcome in explained:
        why = outcome.error or _words(outcome.reason or "failed")
        hints.setdefault((is_unread(outcome), outcome.hint), {}).setdefault(why, []).append(outcome)
    for (are_unread, hint), causes in hints.items():
        label, noun = ("unread: ", "file") if are_unread else ("error: ", "meeting")
        for why, group in causes.items():
            is_told_as_one = are_listed and len(group) > _ALIKE
            for outcome in group[:1] if is_told_as_one else group:
                message = printable(failure_text(outcome.source.label, why))
                if is_told_as_one:
                    message = f"{count_text(len(group), noun)}, the first {message}"
                style = "bold yellow" if are_unread else "bold red"
                console.print(Text(label, style=style).append(message, style="default not bold"))
        if hint:
            console.print(Text("hint: ", style="bold").append(printable(hint), style="not bold"))


def _totals(report: RunReport) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for label, value in _total_lines(report):
        grid.add_row(label, value)
    return grid


def _total_lines(report: RunReport) -> Iterator[tuple[str, Text]]:
    yield report.task, _ended_line(report)
    if report.unread:
        noun = "file looks" if report.unread == 1 else "files look"
        yield "unread", Text(f"{report.unread:,} {noun} like a transcript and could not be read", style="yellow")
    rate = "" if report.hit_rate is None else f"{_percent(report.hit_rate)} hit rate, "
    yield "cache", Text(f"{rate}{report.backend}")
    yield from _id_lines(report)
    usage = report.spent.usage
    cached = f" ({usage.cached_input_tokens:,} cached)" if usage.cached_input_tokens else ""
    tokens = f", {usage.input_tokens:,} tokens in{cached}, {usage.output_tokens:,} out"
    yield "calls", Text(f"{usage.requests:,}{tokens if usage.input_tokens or usage.output_tokens else ''}")
    saved = _sum_text(outcome.saved_usd for outcome in report.outcomes)
    if report.forecast is None:
        cost = _sum_text(outcome.spent.cost_usd for outcome in report.outcomes)
        yield "cost", Text(f"{cost}, saved {saved}")
        yield from _money_lines(report)
        if report.spent.uncertain_usd != 0:
            most = _sum_text(outcome.spent.uncertain_usd for outcome in report.outcomes)
            more = "an unknown amount" if report.spent.uncertain_usd is None else f"at most {most}"
            yield "uncertain", Text(f"{more} more: attempts without an answer that may have been billed")
    else:
        yield from _forecast_lines(report.forecast) if not report.is_free else _free_plan_lines(report.forecast)
        yield "saved", Text(saved)
        yield from _lane_lines(report)
    if report.unsupported:
        yield (
            "evidence",
            Text(
                f"{count_text(report.unsupported, 'item')} unsupported by any quote in the transcripts", style="yellow"
            ),
        )
    for batch in report.pending:
        yield (
            "batch",
            Text(f"{batch.name}, {count_text(batch.requests, 'request')} pending; the next run collects what is ready"),
        )
    yield "time", Text(elapsed_text(report.elapsed_s))
    # Who read the transcripts is said whenever it is not who everybody expects.
    place = "" if report.endpoint in (_OPENAI, report.engine) else f" at {report.endpoint}"
    yield "engine", Text(printable(f"{report.engine}, {report.model}{place}"))


def _id_lines(report: RunReport) -> Iterator[tuple[str, Text]]:
    """Yield how many meetings are known by their content, and before a run what would give them ids."""
    by_content = report.known_by_content
    total = by_content.pop("total")
    if total:
        ended = ", ".join(f"{count:,} {_words(status)}" for status, count in by_content.items())
        yield "ids", Text(f"{count_text(total, 'meeting')} without ids, known by content: {ended}")
    if report.forecast is not None:
        for way in report.ways_to_ids[:1]:
            yield "" if total else "ids", Text(printable(way))


def _money_lines(report: RunReport) -> Iterator[tuple[str, Text]]:
    """Yield what was spent by status where there is more than one, and by lane where one is not the standard one."""
    by_status = report.money()["by_status"]
    spent = {status: paid["cost_usd"] for status, paid in by_status.items() if paid["cost_usd"] != "0"}
    if len(spent) > 1 and any(spent.values()):
        yield "", Text(", ".join(f"{_words(status)} {_amount(usd)}" for status, usd in spent.items()))
    yield from _lane_lines(report)


def _lane_lines(report: RunReport) -> Iterator[tuple[str, Text]]:
    for lane, paid in report.money()["by_lane"].items():
        if lane != "standard" and any(paid.values()):
            yield (
                lane,
                Text(f"{_amount(paid['cost_usd'])}, {_amount(paid['saved_usd'])} less than at the standard price"),
            )


def _amount(text: str | None) -> str:
    return money_text(None if text is None else Decimal(text))


def _forecast_lines(forecast: Forecast) -> Iterator[tuple[str, Text]]:
    counted = "counted" if forecast.is_counted else "estimated; the extra meetcli[tokens] counts"
    basis = f"learned from {count_text(forecast.learned_from, 'answer')}" if forecast.learned_from else "the default"
    yield "plan", Text(f"{count_text(forecast.calls, 'call')}, {forecast.input_tokens:,} tokens in ({counted})")
    taking = f"{'within' if forecast.lane == 'batch' else 'about'} {elapsed_text(forecast.seconds)}"
    yield "", Text(f"{forecast.output_tokens:,} tokens out expected ({basis}), {taking}")
    for lane, price in forecast.lanes.items():
        if price.is_served is False:
            line = Text("does not have this model", style="dim")
        else:
            line = Text(f"{money_text(price.expected_usd)} expected, at most {money_text(price.highest_usd)}")
        yield lane, line if lane != forecast.lane else line.append(" (this run)")


def _free_plan_lines(forecast: Forecast) -> Iterator[tuple[str, Text]]:
    yield "plan", Text(f"{count_text(forecast.calls, 'meeting')} to read here: no call, no cost")


def _ended_line(report: RunReport) -> Text:
    """Return how many meetings and other files there were, and how the meetings ended."""
    others = report.counts[Status.SKIPPED] - report.unread
    line = Text(count_text(report.total - report.counts[Status.SKIPPED], "meeting"))
    if others:
        line.append(f", {count_text(others, 'other file')}")
    separator = ": "
    for status in Status:
        if status is not Status.SKIPPED and report.counts[status]:
            line.append(separator).append(f"{report.counts[status]:,} ").append(_ends_text(report, status))
            separator = ", "
    return line


def _ends_text(report: RunReport, status: Status) -> Text:
    """Return a status for the line of totals; of what was not attempted also why."""
    if status is not Status.NOT_ATTEMPTED:
        return _status_text(status)
    left = [outcome for outcome in report.in_order() if outcome.status is status]
    text = Text("planned", style=_STYLES[status]) if all(map(is_planned, left)) else _status_text(status)
    reasons = Counter(outcome.reason for outcome in left if outcome.reason)
    told = [
        _words(reason) if len(reasons) == 1 else f"{count:,} {_words(reason)}"
        for reason, count in reasons.most_common()
    ]
    return text.append(f" ({', '.join(told)})", style="dim") if told else text


def _ended_text(outcome: Outcome) -> Text:
    """Return how one input ended, in words for people: names for machines are the summary's."""
    style = _STYLES.get(outcome.status, "dim")
    if is_unread(outcome):
        return Text("unread", style="yellow")
    if is_planned(outcome):
        if outcome.reason == Status.SHARED:
            return Text("would share an answer", style=style)
        return Text("would call", style=style).append(f": {_words(outcome.reason or '')}", style="default")
    text = _status_text(outcome.status)
    if outcome.reason:
        text = Text.assemble(text, f": {'no ids' if outcome.reason == 'no_key' else _words(outcome.reason)}")
    return text


def _status_text(status: Status) -> Text:
    return Text(_words(status.value), style=_STYLES.get(status, "dim"))


def _words(name: str) -> str:
    return printable(name).replace("_", " ")


def _percent(rate: float) -> str:
    """Return a rate that says 100% only when it is."""
    return f"{min(rate, 0.999) if rate < 1 else rate:.1%}".replace(".0%", "%")


def _sum_text(amounts: Iterable[Decimal | None]) -> str:
    """Return what amounts come to; where some are unknown, also the sum of the others."""
    text = sum_text(amounts)
    return f"unknown, {text}" if text.startswith("at least") else text
