"""How long the report of 1,000 meetings takes in a browser until it can be used, and until a filter shows what it
leaves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from meetcli.writers.html_report import make_page
from meetcli.writers.report_payload import make_payload
from tests.bench.measure import Figure
from tests.chromium import Page, opened_chromium
from tests.synthetic_results import synthetic_results

MEETINGS = 1_000
ROUNDS = 7
SEARCHES = ("a", "audit", "auditoria", "forecast friday", "no such words", "")
# Until the layout is done, as the reader sees it; painting comes on top.
FILTER = """
const search = document.getElementById('search');
search.value = arguments[0];
const start = performance.now();
search.dispatchEvent(new Event('input'));
document.body.getBoundingClientRect();
return performance.now() - start;
"""


def figures() -> Iterator[Figure]:
    """Yield size, time to usable and time to filter, plain and `--full`."""
    for is_full, limit_mb in ((False, 1.0), (True, 2.5)):
        payload = make_payload(((made, None) for made in synthetic_results(MEETINGS)), is_full=is_full)
        content = make_page(payload, today=datetime.now(UTC).date(), language="en", is_full=is_full)
        name = f"report of {MEETINGS:,} meetings{', --full' if is_full else ''}"
        yield Figure(f"{name}: MB", len(content) / 1e6, limit_mb)
        with tempfile.TemporaryDirectory() as folder, opened_chromium() as driver:
            path = Path(folder) / "report.html"
            path.write_bytes(content)
            page = Page(driver)
            usable = [float(page.open(path).get("document.documentElement.dataset.ready")) for _ in range(ROUNDS)]
            yield Figure(f"{name}: s until usable", median(usable) / 1000, 2)
            for tab in ("overview", "actions"):
                page.click(f"#tab-{tab}")
                taken = [driver.execute_script(FILTER, text) for _ in range(ROUNDS) for text in SEARCHES]
                yield Figure(f"{name}: ms to filter, {tab}", median(taken), 100, note=f"worst {max(taken):.0f} ms")
