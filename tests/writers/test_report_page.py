"""The report as people use it, in a real browser."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from selenium.webdriver.common.keys import Keys

from meetcli.writers.html_report import Savings, make_page
from tests.results import result
from tests.writers.conftest import payload_of, today, write_page

TABS = ("overview", "actions", "decisions", "risks", "meetings", "costs")


def claims(payload, kind):
    return [(meeting, claim) for meeting in payload.meetings for claim in meeting.get(kind, ())]


def test_totals_are_the_same_with_and_without_script(page, payload):
    totals = payload.totals(today().isoformat())
    shown = {
        name: page.tile(name)
        for name in ("meetings", "customers", "decisions", "actions", "overdue", "high_risks", "sentiment", "cost")
    }
    assert shown == {
        "meetings": f"{totals.meetings:,}",
        "customers": f"{totals.customers:,}",
        "decisions": f"{totals.decisions:,}",
        "actions": f"{totals.actions:,}",
        "overdue": f"{totals.overdue:,}",
        "high_risks": f"{totals.high_risks:,}",
        "sentiment": f"{totals.sentiment:.2f}",
        "cost": f"${totals.cost_usd:.4f}",
    }


def test_every_section_draws_without_a_complaint(page):
    for name in TABS:
        page.click(f"#tab-{name}")
        assert page.text(f"#panel-{name}")
        assert [panel.get_attribute("id") for panel in page.every(".panel") if panel.is_displayed()] == [
            f"panel-{name}"
        ]
    assert page.complaints() == []


def test_choosing_a_customer_leaves_its_meetings_only(page, payload):
    customer = payload.meetings[7]["customer"]
    expected = [meeting for meeting in payload.meetings if meeting["customer"] == customer]
    page.click("#tab-meetings")
    page.choose("#customer", customer)
    assert page.tile("meetings") == str(len(expected))
    assert page.text("#shown") == f"{len(expected)} of 150 meetings"
    assert len(page.every("#panel-meetings tbody tr")) == len(expected)
    page.click("#filters [type=reset]")
    page.wait_for("document.getElementById('shown').textContent === '150 meetings'")


def test_dates_bound_what_is_counted(page, payload):
    page.driver.execute_script(
        "for (const [name, value] of [['from', '2026-03-01'], ['to', '2026-05-31']]) document.getElementById(name).value = value;"
        "document.getElementById('to').dispatchEvent(new Event('input'))"
    )
    assert page.tile("meetings") == str(
        sum("2026-03-01" <= meeting["date"] <= "2026-05-31" for meeting in payload.meetings)
    )


def test_search_finds_words_in_any_order_without_their_accents(page, payload):
    page.click("#tab-actions")
    page.type("#search", "MIGRACAO folha safra")
    expected = [
        claim["text"]
        for meeting, claim in claims(payload, "actions")
        if all(
            word in f"{claim['text']} {claim.get('quote')} {claim.get('said')}".lower()
            for word in ("migração", "folha", "safra")
        )
    ]
    assert expected
    assert sorted(page.texts("#panel-actions .column-action .claim")) == sorted(expected)


def test_nothing_found_is_said(page):
    page.click("#tab-risks")
    page.type("#search", "no such words anywhere")
    assert "Nothing matches these filters." in page.text("#panel-risks")
    assert page.tile("sentiment") == "–"


@pytest.mark.parametrize("due", ["overdue", "week", "later", "none"])
def test_action_items_are_filtered_by_when_they_are_due(page, payload, due):
    now, in_a_week = today().isoformat(), (today() + timedelta(days=7)).isoformat()
    kinds = {
        "overdue": lambda day: day < now,
        "week": lambda day: now <= day <= in_a_week,
        "later": lambda day: day > in_a_week,
        "none": lambda day: not day,
    }
    days = [claim.get("due") for _, claim in claims(payload, "actions")]
    expected = sum(bool(kinds[due](day or "")) for day in days if bool(day) != (due == "none"))
    page.click("#tab-actions")
    page.choose("#choice-due", due)
    assert f"{min(50, expected)} of {expected} listed" in page.text("#panel-actions")


def test_action_items_are_filtered_by_owner_and_status(page, payload):
    page.click("#tab-actions")
    page.choose("#choice-owner", "Kenji Aldana")
    page.choose("#choice-status", "tentative")
    expected = [
        claim["text"]
        for _, claim in claims(payload, "actions")
        if claim.get("owner") == "Kenji Aldana" and claim.get("tentative")
    ]
    assert sorted(page.texts("#panel-actions .column-action .claim")) == sorted(expected)


def test_risks_are_filtered_by_severity_and_start_with_the_gravest(page, payload):
    page.click("#tab-risks")
    badges = page.texts("#panel-risks .column-severity")
    assert badges == sorted(badges, key=["high", "medium", "low"].index)
    page.choose("#choice-severity", "medium")
    assert set(page.texts("#panel-risks .column-severity")) == {"medium"}


def test_more_rows_come_when_asked_for_and_take_the_focus(page):
    page.click("#tab-actions")
    assert len(page.every("#panel-actions tbody tr")) == 50
    page.click("#panel-actions .more button")
    assert len(page.every("#panel-actions tbody tr")) == 250
    assert (
        page.get(
            "Array.from(document.querySelectorAll('#panel-actions tbody tr')).indexOf(document.activeElement.closest('tr'))"
        )
        == 50
    )


def test_columns_sort_both_ways(page):
    page.click("#tab-meetings")
    for order in ("ascending", "descending"):
        page.click('#panel-meetings th[data-column="banker"] button')
        assert page.one('#panel-meetings th[data-column="banker"]').get_attribute("aria-sort") == order
        names = page.texts("#panel-meetings .column-banker")
        assert names == sorted(names, reverse=order == "descending")


def test_a_claim_opens_its_quote_and_escape_brings_back_the_focus(page, payload):
    page.click("#tab-decisions")
    meeting, claim = next((meeting, claim) for meeting, claim in claims(payload, "decisions") if claim.get("is_cut"))
    page.type("#search", meeting["id"])
    buttons = [button for button in page.every("#panel-decisions .claim") if button.text == claim["text"]]
    buttons[0].click()
    assert page.text("#dialog blockquote") == f"“{claim['quote']} …”"
    assert len(claim["quote"].split()) == 25
    assert page.text("#dialog figcaption") == f"{claim['speaker']}, {claim['at']}"
    assert meeting["id"] in page.text("#dialog .facts")
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert page.get("document.getElementById('dialog').open") is False
    assert page.driver.switch_to.active_element == buttons[0]


def test_a_claim_without_a_quote_says_so(page, payload):
    page.click("#tab-risks")
    meeting, claim = next((meeting, claim) for meeting, claim in claims(payload, "risks") if "quote" not in claim)
    page.type("#search", meeting["id"])
    assert page.text("#panel-risks .unsupported") == "no quote"
    next(button for button in page.every("#panel-risks .claim") if button.text == claim["text"]).click()
    assert "No quote for this was found" in page.text("#dialog")


def test_a_meeting_opens_with_all_that_is_known_of_it(page, payload):
    page.click("#tab-meetings")
    meeting = payload.meetings[3]
    page.type("#search", meeting["id"])
    page.click("#panel-meetings .claim")
    shown = page.text("#dialog")
    for text in (
        meeting["summary"],
        meeting["points"][0]["text"],
        meeting["actions"][0]["text"],
        meeting["decisions"][0]["text"],
    ):
        assert text in shown
    assert len(page.every("#dialog .course span")) == 8


def test_bars_lead_to_what_they_stand_for(page, payload):
    page.click("#panel-overview .card:nth-child(2) .bar")
    customer = page.get("document.getElementById('customer').value")
    assert page.one("#tab-meetings").get_attribute("aria-selected") == "true"
    assert page.tile("meetings") == str(sum(meeting["customer"] == customer for meeting in payload.meetings))


def test_the_chart_has_a_table_of_the_same(page, payload):
    rows = page.get(
        "Array.from(document.querySelectorAll('#panel-overview details tbody tr'), (row) => row.cells[1].textContent)"
    )
    months = sorted({meeting["date"][:7] for meeting in payload.meetings if "score" in meeting})
    means = [
        [meeting["score"] for meeting in payload.meetings if meeting["date"].startswith(month) and "score" in meeting]
        for month in months
    ]
    assert [float(row) for row in rows] == pytest.approx([sum(scores) / len(scores) for scores in means], abs=0.006)
    page.wait_for("document.querySelector('#panel-overview canvas')")  # drawn once its width is known


def test_tabs_follow_the_arrow_keys(page):
    page.one("#tab-overview").send_keys(Keys.ARROW_RIGHT)
    assert page.driver.switch_to.active_element.get_attribute("id") == "tab-actions"
    page.driver.switch_to.active_element.send_keys(Keys.HOME)
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    assert page.driver.switch_to.active_element.get_attribute("id") == "tab-costs"
    assert page.one("#panel-costs").is_displayed()


def test_the_page_speaks_portuguese_when_asked(page):
    page.click("#tab-actions")
    page.choose("#language", "pt")
    assert page.get("document.documentElement.lang") == "pt"
    assert page.text("h1") == "Relatório de reuniões"
    assert page.text("#tab-actions").startswith("Pendências")
    assert page.texts("#panel-actions thead button")[:2] == ["Prazo", "Pendência"]
    assert "," in page.tile("sentiment")
    page.choose("#language", "en")
    assert page.text("h1") == "Meetings report"


def test_a_page_made_in_portuguese_starts_in_it_and_no_choice_follows_the_browser(chromium, payload, tmp_path):
    assert chromium.open(write_page(tmp_path / "pt.html", payload, language="pt")).text("h1") == "Relatório de reuniões"
    assert chromium.open(write_page(tmp_path / "auto.html", payload, language=None)).text("h1") == "Meetings report"


def test_the_scheme_can_be_chosen(page):
    seen = {}
    for scheme in ("light", "dark"):
        page.choose("#theme", scheme)
        seen[scheme] = page.get("getComputedStyle(document.body).backgroundColor")
    assert seen["light"] != seen["dark"]


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_wider_than_a_phone(page, width):
    page.command("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True)
    try:
        for name in TABS:
            page.click(f"#tab-{name}")
            assert page.get("document.documentElement.scrollWidth") <= width, name
    finally:
        page.command("Emulation.clearDeviceMetricsOverride")


def test_paper_shows_every_section_and_no_controls(page):
    page.driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    page.command("Emulation.setEmulatedMedia", media="print")
    try:
        assert [panel.is_displayed() for panel in page.every(".panel")] == [True] * len(TABS)
        assert not page.one("#filters").is_displayed()
        assert len(page.every("#panel-decisions tbody tr")) == 50
        assert all(canvas.is_displayed() for canvas in page.every("#panel-overview canvas, #panel-costs canvas"))
    finally:
        page.driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
        page.command("Emulation.setEmulatedMedia", media="")


def test_without_script_the_totals_are_there(chromium, page_file, payload):
    chromium.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.driver.get(page_file.as_uri())
        shown = chromium.one("body").text
    finally:
        chromium.command("Emulation.setScriptExecutionDisabled", value=False)
    assert "Without scripts this page shows the totals only." in shown
    assert f"{payload.totals(today().isoformat()).actions:,}" in shown
    assert "Clear filters" not in shown


def test_an_old_browser_is_told_what_it_lacks(chromium, page_file):
    script = chromium.command("Page.addScriptToEvaluateOnNewDocument", source="delete window.DecompressionStream")
    try:
        chromium.driver.get(page_file.as_uri())
        assert "too old" in chromium.one("main").text
        assert chromium.one("#tiles").is_displayed()
    finally:
        chromium.command("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


def test_results_of_one_task_only_make_a_page_too(chromium, tmp_path):
    chromium.complaints()
    page = chromium.open(write_page(tmp_path / "few.html", payload_of([result()])))
    assert "No meeting here was analyzed for sentiment." in page.text("#panel-overview")
    for name in TABS:
        page.click(f"#tab-{name}")
    assert page.complaints() == []


def test_savings_stand_beside_the_costs(chromium, tmp_path):
    savings = Savings(Decimal("12.34"), 1_024, date(2026, 9, 1))
    path = tmp_path / "saved.html"
    path.write_bytes(make_page(payload_of([result()]), today=today(), language="en", is_full=False, savings=savings))
    page = chromium.open(path)
    page.click("#tab-costs")
    assert "Saved by the cache$12.341,024 answers taken from the cache" in page.text("#panel-costs")


def unpriced(task="extract", **changes):
    made = result(task, **changes)
    return {**made, "provenance": {**made["provenance"], "cost_usd": None}}


@pytest.mark.parametrize(("language", "unknown"), [("en", "unknown"), ("pt", "desconhecido")])
def test_costs_that_nobody_knows_are_not_zero(chromium, tmp_path, language, unknown):
    path = write_page(tmp_path / "unpriced.html", payload_of([unpriced()]), language=language)
    assert re.search(rf'data-tile="cost"><dt [^>]*>[^<]*</dt><dd>{unknown}</dd>', path.read_text())
    page = chromium.open(path)
    page.click("#tab-costs")
    assert page.tile("cost") == unknown
    assert page.texts("#panel-costs .tile dd:nth-child(2)")[:2] == [unknown, unknown]


def test_a_card_without_content_speaks_of_filters_only_where_there_are_any(chromium, tmp_path):
    page = chromium.open(
        write_page(tmp_path / "bare.html", payload_of([result("analyze", meet_date=None, action_items=[])]))
    )
    assert "No meeting here has a date." in page.text("#panel-overview")
    assert "filters" not in page.text("#panel-overview")
    page.type("#search", "no such words anywhere")
    assert "Nothing matches these filters." in page.text("#panel-overview")


def test_no_name_is_too_long_for_a_dialog(chromium, tmp_path):
    long = result(topics=["t" * 300], customer_name="N" * 300, source="s" * 250)
    page = chromium.open(write_page(tmp_path / "long.html", payload_of([long])))
    page.click("#tab-meetings")
    page.click("#panel-meetings .claim")
    assert page.get("document.getElementById('dialog').scrollWidth <= document.getElementById('dialog').clientWidth")


def test_a_meeting_says_who_wrote_its_minutes(chromium, tmp_path):
    made = result()
    local = {**made, "provenance": {**made["provenance"], "engine": "local", "model": "extractive", "endpoint": None}}
    page = chromium.open(write_page(tmp_path / "local.html", payload_of([local])))
    page.click("#tab-meetings")
    page.click("#panel-meetings .claim")
    assert "Written bylocal, extractive" in page.text("#dialog .facts")


def test_a_meeting_opens_with_what_a_custom_task_found(chromium, tmp_path):
    custom = result("sales-call", result={"decision_maker": "the <b>owner</b>"}, key_points=None, action_items=None)
    page = chromium.open(
        write_page(tmp_path / "custom.html", payload_of([result(), custom], is_full=True), is_full=True)
    )
    page.click("#tab-meetings")
    page.type("#search", "owner</b>")
    page.click("#panel-meetings .claim")
    assert "decision makerthe <b>owner</b>" in page.text("#dialog")
    assert page.complaints() == []


def test_a_single_month_stands_in_the_middle_of_its_chart(chromium, tmp_path):
    page = chromium.open(write_page(tmp_path / "month.html", payload_of([result("analyze")])))
    page.wait_for("document.querySelector('#panel-overview .u-over')")
    page.driver.execute_script(
        "const over = document.querySelector('#panel-overview .u-over'), place = over.getBoundingClientRect();"
        "const at = { clientX: place.left + place.width / 2, clientY: place.top + 20, bubbles: true };"
        "over.dispatchEvent(new MouseEvent('mouseenter', at)); over.dispatchEvent(new MouseEvent('mousemove', at));"
    )
    page.wait_for("document.querySelector('#panel-overview .u-cursor-pt')?.getBoundingClientRect().width")
    share = page.get(
        "((point, over) => (point.left + point.width / 2 - over.left) / over.width)"
        "(document.querySelector('#panel-overview .u-cursor-pt').getBoundingClientRect(),"
        " document.querySelector('#panel-overview .u-over').getBoundingClientRect())"
    )
    assert share == pytest.approx(0.5, abs=0.02)
    assert page.texts("#panel-overview .u-legend td") == ["Aug 2026", "0.53"]


def test_nothing_is_empty_below_a_chart(page):
    page.wait_for("document.querySelector('.chart canvas')")
    below = "document.querySelector('.card details').getBoundingClientRect().top"
    assert page.get(f"{below} - document.querySelector('.chart canvas').getBoundingClientRect().bottom") < 20


def test_what_has_no_date_comes_last_whichever_way_a_list_is_sorted(page, payload):
    page.click("#tab-actions")
    dated = sum("due" in claim for _, claim in claims(payload, "actions"))
    assert dated > 50
    for _ in range(2):
        assert len(page.every("#panel-actions .column-due .due")) == 50
        page.click('#panel-actions th[data-column="due"] button')


def test_of_risks_as_grave_the_newest_comes_first(page, payload):
    page.click("#tab-risks")
    newest = max(meeting["date"] for meeting, claim in claims(payload, "risks") if claim["severity"] == "high")
    page.click("#panel-risks tbody .claim")
    day = date.fromisoformat(newest)
    assert f"{day:%b} {day.day}, {day.year}" in page.text("#dialog .facts")


def test_lists_can_be_sorted_on_a_phone_and_the_focus_is_never_out_of_sight(page):
    page.command("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    try:
        page.click("#tab-actions")
        button = page.one('#panel-actions th[data-column="owner"] button')
        assert button.is_displayed()
        assert button.rect["x"] >= 0
        button.click()
        assert (
            page.get("document.querySelector('#panel-actions th[data-column=\"owner\"]').getAttribute('aria-sort')")
            == "ascending"
        )
    finally:
        page.command("Emulation.clearDeviceMetricsOverride")


def test_paper_with_wide_margins_keeps_its_tables_and_bars_their_ink(page):
    page.click("#tab-actions")
    page.command("Emulation.setDeviceMetricsOverride", width=640, height=900, deviceScaleFactor=1, mobile=False)
    page.command("Emulation.setEmulatedMedia", media="print")
    try:
        assert page.get("getComputedStyle(document.querySelector('#panel-actions tbody tr')).display") == "table-row"
        assert page.get("getComputedStyle(document.querySelector('.fill')).printColorAdjust") == "exact"
    finally:
        page.command("Emulation.setEmulatedMedia", media="")
        page.command("Emulation.clearDeviceMetricsOverride")


def test_one_overdue_item_is_one_in_portuguese_too(chromium, tmp_path):
    page = chromium.open(write_page(tmp_path / "one.html", payload_of([result(meet_date="2020-01-01")]), language="pt"))
    made = payload_of([result()]).meetings[0]["actions"][0]
    assert made["due"] < today().isoformat()
    assert page.texts("#panel-overview .card:nth-child(3) .value") == ["1 · 1 vencida"]
    page.click("#tab-actions")
    assert page.texts("#panel-actions .badge.negative") == ["Vencida"]
    assert page.texts("#choice-status option")[0] == "Todas"


def test_no_meeting_found_is_not_a_meeting_without_sentiment(page):
    page.type("#search", "no such words anywhere")
    assert "analyzed" not in page.text("#panel-overview")
    assert page.text("#shown") == "0 of 150 meetings"


def priced(cost):
    made = result("analyze")
    return {**made, "provenance": {**made["provenance"], "cost_usd": cost}}


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize("cost", ["0", "0.00003", "0.5", "6.66", "36.2251", "1234.5"])
def test_a_cost_reads_the_same_before_and_after_the_scripts_start(chromium, tmp_path, cost, language):
    path = write_page(tmp_path / "cost.html", payload_of([priced(cost)]), language=language)
    written = re.search(r'data-tile="cost"><dt [^>]*>[^<]*</dt><dd>([^/]*)</dd>', path.read_text())
    assert written is not None
    assert chromium.open(path).tile("cost") == html.unescape(written[1])


def test_answers_that_cost_nothing_make_no_empty_chart(chromium, tmp_path):
    page = chromium.open(write_page(tmp_path / "free.html", payload_of([priced("0")])))
    page.click("#tab-costs")
    assert "These answers cost nothing." in page.text("#panel-costs")
    assert page.every("#panel-costs .chart") == []


def test_numbers_stand_under_their_headings(page):
    page.click("#tab-costs")
    cells = "#panel-costs .card:nth-child(2) :is(thead, tbody tr:first-child) :is(th, td):not(:first-child)"
    assert set(
        page.get(f"Array.from(document.querySelectorAll('{cells}'), (cell) => getComputedStyle(cell).textAlign)")
    ) == {"right"}
