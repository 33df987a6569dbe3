"""The report when a transcript means harm, and for those who cannot see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chromium import Page
from tests.results import action, evidence, result
from tests.writers.conftest import payload_of, write_page
from tests.writers.test_report_page import TABS

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = [
    "<script>window.harmed = 1</script>",
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    '"><svg onload="window.harmed = 1">',
    "<a href='javascript:window.harmed = 1'>press</a> javascript:window.harmed=1",
    "<!-- <script> --> ]]> <style>*{display:none}</style> <base href='https://a.example/'>",
    "{{ 7 * 7 }} ${window.harmed = 1} {% raw %}",
    "\u2028window.harmed = 1;\u2029 \u0000 \ud800 \u202e",
    "__proto__",
    "constructor",
    "<iframe srcdoc='<script>parent.harmed = 1</script>'></iframe><link rel=stylesheet href=https://a.example/>",
]


def hostile_results():
    for number, text in enumerate(HOSTILE):
        claim = {
            "text": text,
            "rationale": text,
            "severity": text if number % 2 else "high",
            "evidence": evidence(text, text),
        }
        for task in ("extract", "analyze"):
            yield result(
                task,
                **dict.fromkeys(
                    ("customer_name", "customer_id", "banker_name", "meet_type", "summary", "source", "language"), text
                ),
                meeting_id=f"{number} {text}",
                idempotency_key=f"{number}",
                topics=[text, text],
                key_points=[claim],
                decisions=[claim],
                risks=[claim],
                open_questions=[claim],
                action_items=[action(text, owner=text, due_text=text, status=text, evidence=evidence(text, text))],
                speaker_statistics={"speakers": [{"name": text, "share": 1}]},
                provenance={**result()["provenance"], "model": text, "fingerprint": f"{task} {number}"},
            )


@pytest.fixture
def hostile_page(chromium: Page, tmp_path: Path) -> Page:
    chromium.complaints()
    chromium.driver.get_log("performance")
    payload = payload_of(hostile_results(), is_full=True)
    assert len(payload.meetings) == len(HOSTILE)
    return chromium.open(write_page(tmp_path / "hostile.html", payload, is_full=True))


def test_a_hostile_transcript_executes_nothing_and_reaches_nowhere(hostile_page):
    page = hostile_page
    scripts = page.get("document.scripts.length")
    for name in TABS:
        page.click(f"#tab-{name}")
        for claim in page.every(f"#panel-{name} tbody .claim"):
            claim.click()
            if follow := page.every("#dialog > button"):
                follow[0].click()
            page.click("#dialog .close")
    for customer in page.texts("#customer option"):
        page.driver.execute_script(
            "document.getElementById('customer').value = arguments[0];"
            "document.getElementById('customer').dispatchEvent(new Event('change'))",
            customer,
        )
    assert page.get("window.harmed") is None
    assert page.get("document.scripts.length") == scripts
    assert page.every("img, iframe, svg, base, a[href]:not(.skip)") == []
    assert page.complaints() == []
    asked_for = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    urls = {entry["params"]["request"]["url"] for entry in asked_for if entry["method"] == "Network.requestWillBeSent"}
    # The browser draws its own controls with images that stand in their addresses.
    assert {url for url in urls if not url.startswith("data:image/svg")} == {page.get("location.href")}


def test_hostile_text_is_shown_as_it_was_said(hostile_page):
    hostile_page.click("#tab-decisions")
    shown = hostile_page.texts("#panel-decisions .column-decision .claim")
    for text in HOSTILE[:7]:
        assert text in shown


def test_markup_that_got_in_all_the_same_would_not_run(page):
    page.driver.execute_script(
        "window.blocked = 0; document.addEventListener('securitypolicyviolation', () => { window.blocked += 1; });"
        "const box = document.createElement('div'); document.body.append(box);"
        'box.innerHTML = \'<img src=x onerror="window.harmed = 1"><b style="color: red" onclick="window.harmed = 1">x</b>\';'
        "const script = document.createElement('script'); script.textContent = 'window.harmed = 1'; box.append(script);"
    )
    page.wait_for("window.blocked >= 3")
    assert page.get("window.harmed") is None
    page.complaints()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_serious_to_say(page, scheme):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core@4")
    page.choose("#theme", scheme)
    # By the driver, which stands outside of the page's policy.
    page.driver.execute_script(AXE.read_text(encoding="utf-8"))
    for name in TABS:
        page.click(f"#tab-{name}")
        assert serious_findings(page) == [], name
    page.click("#tab-risks")
    page.click("#panel-risks tbody .claim")
    assert serious_findings(page) == []


def serious_findings(page: Page) -> list[str]:
    found = page.driver.execute_async_script("axe.run().then(arguments[0])")
    bad = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in bad for node in one["nodes"]]
