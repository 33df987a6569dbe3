"""One night with 40 servers of different habits: no meeting is lost, none paid twice, every bill is the server's own."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command, Done
from tests.corridor import explicit
from tests.loopback_server import Fault
from tests.soak.dialects import DIALECTS, Dialect, as_null, as_zero
from tests.soak.night_server import night_server

MEETINGS, FLAGGED, AT_ONCE = 10, 4, 3
INPUT_USD, CACHED_USD, OUTPUT_USD = (Decimal(one) / 1_000_000 for one in ("1.25", "0.25", "5"))


@pytest.mark.soak
def test_40_dialects_in_one_night(tmp_path: Path) -> None:
    assert len(DIALECTS) == len({dialect.name for dialect in DIALECTS}) == 40
    prices = "".join(f"[{one.name}]\ninput = 1.25\ncached_input = 0.25\noutput = 5\n" for one in DIALECTS)
    (tmp_path / "prices.toml").write_text(prices)
    with night_server() as base_url:
        meetcli = Command(tmp_path, base_url)
        put_meetings(meetcli)
        first = run_all(meetcli)
        after_first = told_by(base_url)
        second = run_all(meetcli)
        after_second = told_by(base_url)

    wrong = [
        f"{dialect.name}: {complaint}"
        for dialect in DIALECTS
        for complaint in complaints(
            dialect, (first[dialect.name], second[dialect.name]), (after_first, after_second), tmp_path
        )
    ]
    assert not wrong, "\n".join(wrong)


def put_meetings(meetcli: Command) -> None:
    for dialect in DIALECTS:
        for number in range(MEETINGS):
            said = f"Ana: [M-{number}] We talked about {dialect.name} and agreed on the plan.\nRui: I will send it."
            if number == FLAGGED and dialect.flags is not None:
                said += "\nAna: FLAGGED words."
            meeting = explicit(said, meeting_id=f"M-{number}", customer_id=dialect.name)
            meetcli.put(f"in/{dialect.name}/{number}.json", meeting)


def run_all(meetcli: Command) -> dict[str, Done]:
    """Run every dialect's meetings, some at once as cron would."""

    def run(dialect: Dialect) -> Done:
        options = ("--model", dialect.name, "-j", "4", "--retries", "3", "--max-wait", "60s", "--summary", "json")
        where = ("--cache-dir", "cache", "-o", f"results/{dialect.name}", "--prices", "prices.toml")
        return meetcli.alone("extract", f"in/{dialect.name}", *options, *where)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((one.name for one in DIALECTS), pool.map(run, DIALECTS), strict=True))


def told_by(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base_url}/night") as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def complaints(
    dialect: Dialect, runs: tuple[Done, Done], told: tuple[dict[str, Any], dict[str, Any]], folder: Path
) -> list[str]:
    """Return what is not as it should be after two runs."""
    flagged = int(dialect.flags is not None)
    good = MEETINGS - flagged
    kept, later = (one[dialect.name] for one in told)
    try:
        counts, again = ({name: n for name, n in one.summary["counts"].items() if n} for one in runs)
    except ValueError:
        return [f"no summary: {runs[0].stderr} {runs[1].stderr}"]
    expected = {"total": MEETINGS, **({"failed": 1} if flagged else {})}
    found = {
        "exit codes": ([one.exit_code for one in runs], [flagged, flagged]),
        "counts": (counts, {"miss": good, **expected}),
        "counts of the second run": (again, {"hit": good, **expected}),
        "answers sent": (
            sorted(kept["answered"]),
            [f"M-{n}" for n in range(MEETINGS) if not (flagged and n == FLAGGED)],
        ),
        "answers sent in the second run": (len(later["answered"]) - len(kept["answered"]), 0),
        "results": (len(list((folder / "results" / dialect.name).glob("*.json"))), good),
        "bill": bill(dialect, runs[0].summary, kept["billed"]),
    }
    reasons = {file["reason"] for file in runs[0].summary["files"] if file["status"] == "failed"}
    found["reasons"] = (reasons, {flag_reason(dialect.flags)} if flagged else set())
    if not flagged:
        found["calls of the second run"] = (later["calls"] - kept["calls"], 0)
    wrong = [f"{name}: {one}, not {other}" for name, (one, other) in found.items() if one != other]
    return [*wrong, runs[0].stderr[:600]] if wrong else []


def flag_reason(flags: Fault | None) -> str:
    return "refusal" if flags is not None and b"I will not" in (flags.body or b"") else "content_filter"


def bill(dialect: Dialect, summary: dict[str, Any], billed: list[list[int]]) -> tuple[object, object]:
    """Return the bill of the run and that of the server, which are equal; where an answer was lost or not counted, the
    server's lies between what is certain and what is uncertain besides.
    """
    theirs = sum(
        ((read - cached) * INPUT_USD + cached * CACHED_USD + written * OUTPUT_USD for read, cached, written in billed),
        Decimal(0),
    )
    certain = Decimal(summary["cost_usd"] or 0)
    uncertain = Decimal(summary["uncertain_usd"] or 0)
    is_told = dialect.tells not in (as_null, as_zero)
    is_lost = any(wrong.kind != "respond" for wrong in dialect.goes_wrong.values())
    if is_told and not is_lost:
        return certain, theirs
    return certain <= theirs <= certain + uncertain, True
