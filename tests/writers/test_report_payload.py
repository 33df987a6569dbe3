"""What goes into a report, without a browser."""

import base64
import json
import re
import zlib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.writers.html_report import make_page
from meetcli.writers.report_payload import make_payload
from meetcli.writers.word_coding import code_words
from tests.results import action, evidence, result
from tests.synthetic_results import synthetic_results
from tests.writers.conftest import payload_of, today, write_page

MB = 1_000_000
PLAIN = str.maketrans(",.:", "<>&")
"""From the digits of the page to those of Python's base 85."""


def decoded(words, coded):
    """What the page's script does, in Python."""
    texts, text, number = [], [], 0
    for byte in coded:
        number = number << 7 | byte & 127
        if byte & 128:
            continue
        if number:
            text.append(words[number - 1])
        else:
            texts.append(" ".join(text))
            text = []
        number = 0
    return texts


@given(st.lists(st.text(alphabet="ab ", min_size=1).map(str.strip).filter(bool)))
def test_coded_texts_come_back(texts):
    assert decoded(*code_words(texts)) == texts


def test_rare_words_take_more_bytes():
    texts = [" ".join(f"w{number}" for number in range(20_000))]
    words, coded = code_words(texts)
    assert decoded(words, coded) == texts
    assert len(coded) == 127 + 2 * (16_383 - 127) + 3 * (20_000 - 16_383) + 1


def test_both_tasks_of_a_meeting_are_one_meeting():
    payload = payload_of([result("analyze"), result(), result(meeting_id="M-2", idempotency_key="2" * 64)])
    assert [(meeting["id"], meeting.get("score"), len(meeting["purchases"])) for meeting in payload.meetings] == [
        ("M-1", 0.53, 2),
        ("M-2", None, 1),
    ]
    assert (payload.results, payload.older) == (3, 0)


def bought(day, fingerprint, **changes):
    made = result(**changes)
    return {**made, "provenance": {**made["provenance"], "created_at": f"{day}T02:30:00Z", "fingerprint": fingerprint}}


def test_a_name_that_one_task_filled_in_is_the_meetings():
    bare = result(customer_name=None, meet_type=None)
    filled = result("analyze", customer_name="Brightmoor", meet_type="review")
    for results in ([bare, filled], [filled, bare]):
        (meeting,) = payload_of(results).meetings
        assert (meeting["customer"], meeting["type"]) == ("Brightmoor", "review")


def test_of_two_answers_to_one_question_the_one_bought_last_stays():
    payload = payload_of(
        [bought("2026-08-20", "b", summary="new"), bought("2026-08-15", "a", summary="old")], is_full=True
    )
    assert [meeting["summary"] for meeting in payload.meetings] == ["new"]
    assert (payload.results, payload.older) == (2, 1)


def test_meetings_without_key_are_joined_by_their_files_and_copies_count_once():
    none = "no-idempotency-key-available"
    extract, analyze = (
        bought("2026-08-15", "a", idempotency_key=none),
        bought("2026-08-15", "b", task="analyze", idempotency_key=none),
    )
    payload = make_payload([(extract, "out/q3"), (analyze, "out/q3"), (extract, None), (analyze, None)], is_full=False)
    assert (len(payload.meetings), payload.results, payload.older) == (1, 2, 0)
    assert len(make_payload([(extract, None), (analyze, None)], is_full=False).meetings) == 2


def test_quotes_are_cut_at_25_words_and_say_so():
    long, short = " ".join(map(str, range(26))), " ".join(map(str, range(25)))
    (meeting,) = payload_of(
        [result(action_items=[action(evidence=evidence(long)), action(evidence=evidence(short))])]
    ).meetings
    assert [(item["quote"], item.get("is_cut", False)) for item in meeting["actions"]] == [
        (short, True),
        (short, False),
    ]


def test_summaries_and_key_points_come_only_when_asked_for():
    assert not {"summary", "points", "questions"} & payload_of([result()]).meetings[0].keys()
    assert {"summary", "points", "questions"} <= payload_of([result()], is_full=True).meetings[0].keys()


def test_totals_add_up():
    makes = [
        bought("2026-08-15", "a", idempotency_key="1"),
        bought("2026-08-15", "b", task="analyze", idempotency_key="1"),
        bought("2026-08-15", "c", idempotency_key="2", customer_name="Larkfield", meet_date="2026-09-01"),
    ]
    makes[2]["provenance"]["cost_usd"] = None
    totals = payload_of(makes).totals("2026-08-22")
    assert (totals.meetings, totals.customers, totals.decisions, totals.actions, totals.overdue, totals.high_risks) == (
        2,
        2,
        2,
        4,
        2,
        1,
    )
    assert (totals.cost_usd, totals.unknown_costs, totals.sentiment) == (Decimal("0.0210"), 1, 0.53)
    assert (totals.first_date, totals.last_date) == ("2026-08-14", "2026-09-01")
    assert payload_of(makes).totals("2026-08-21").overdue == 0


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "quote", "evidence", "speakers", "name", "share", "severity"]), inner
        )
    ),
    max_leaves=8,
)
FIELDS = sorted(result() | result("analyze"))


@given(
    st.dictionaries(st.sampled_from(FIELDS), anything, min_size=1), st.sampled_from(["extract", "analyze", "credit"])
)
def test_no_shape_of_a_result_breaks_the_page(spoiled, task):
    made = {**result("analyze"), "task": task, **spoiled, "provenance": result()["provenance"]}
    payload = payload_of([made], is_full=True)
    payload.totals("2026-01-01")
    json.dumps(payload.meetings, allow_nan=False)


@given(st.dictionaries(st.sampled_from(sorted(result()["provenance"])), anything, min_size=1))
def test_no_shape_of_a_provenance_breaks_the_page(spoiled):
    payload = payload_of([result(provenance={**result()["provenance"], **spoiled})])
    assert (payload.totals("2026-01-01").cost_usd or 0) >= 0


def test_a_thousand_meetings_stay_small(tmp_path):
    results = list(synthetic_results(1_000))
    assert write_page(tmp_path / "short.html", payload_of(results)).stat().st_size < MB
    assert write_page(tmp_path / "full.html", payload_of(results, is_full=True), is_full=True).stat().st_size < 2.5 * MB


@pytest.mark.shared
def test_a_thousand_meetings_of_real_speech_stay_small(shared_data: Path, tmp_path: Path):
    """The worst there is: every claim and every quote is other speech."""
    spoken = iter(words_of_people(shared_data))

    def said(like: str) -> str:
        return " ".join(next(spoken) for _ in like.split())

    def spoken_results():
        for made in synthetic_results(1_000):
            for name in ("key_points", "decisions", "risks"):
                for item in made.get(name, ()) if made["task"] == "analyze" or name == "decisions" else ():
                    item["text"] = said(item["text"])
                    item["evidence"] = item["evidence"] and {
                        **item["evidence"],
                        "quote": said(" ".join(item["evidence"]["quote"].split()[:25])),
                    }
            for item in made["action_items"] if made["task"] == "extract" else ():
                item["description"] = said(item["description"])
                item["evidence"] = item["evidence"] and {
                    **item["evidence"],
                    "quote": said(" ".join(item["evidence"]["quote"].split()[:25])),
                }
            yield made

    assert write_page(tmp_path / "short.html", payload_of(spoken_results())).stat().st_size < MB


def words_of_people(folder: Path) -> list[str]:
    """The words of the longest strings in every JSON file: there people speak."""
    texts = (path.read_text(encoding="utf-8", errors="ignore") for path in sorted(folder.rglob("*.json")))
    strings = (found for text in texts for found in re.findall(r'"((?:[^"\\]|\\.){60,})"', text))
    return [word for string in strings for word in re.sub(r"\\.", " ", string).split() if len(word) < 20]


def element(page: str, name: str) -> bytes:
    found = re.search(rf'<script type="application/octet-stream" id="{name}">([^<>&]*)</script>', page)
    assert found
    return zlib.decompress(base64.b85decode(found[1].translate(PLAIN)))


def test_the_page_holds_the_payload_and_nothing_as_markup():
    hostile = "</script><script>alert(1)</script>"
    payload = payload_of([result(customer_name=hostile, summary=hostile)], is_full=True)
    page = make_page(payload, today=today(), language="en", is_full=True).decode()
    content = json.loads(element(page, "payload"))
    assert content["meetings"][0]["customer"] == hostile
    assert hostile in decoded(content["words"], element(page, "texts"))
    assert hostile not in page
    assert page.count("<script") == page.count("</script>") == 4


def test_the_page_reaches_for_nothing():
    page = make_page(payload_of([result()]), today=today(), language="en", is_full=False).decode()
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(?:src|href|action|poster|srcset|data)=(?![\"']#)", markup)
    assert not re.search(r"@import|url\(", re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0])
    assert "default-src &#39;none&#39;" in page


def test_both_languages_say_the_same_things():
    labels = json.loads(
        (Path(make_page.__code__.co_filename).parent / "report_page" / "labels.json").read_text(encoding="utf-8")
    )
    assert labels["en"].keys() == labels["pt"].keys()
    for name, text in labels["en"].items():
        assert set(re.findall(r"\{\w+\}", str(text))) == set(re.findall(r"\{\w+\}", str(labels["pt"][name]))), name


def test_the_language_of_most_meetings_is_that_of_the_page_without_script():
    makes = [result(language="pt", idempotency_key=str(number)) for number in range(2)] + [result(idempotency_key="9")]
    page = make_page(payload_of(makes), today=today(), language=None, is_full=False).decode()
    assert '<html lang="pt" data-language="">' in page
    assert "Relatório de reuniões" in page


def test_a_sum_of_unknown_costs_is_unknown():
    made = result()
    unpriced = {**made, "provenance": {**made["provenance"], "cost_usd": None}}
    assert payload_of([unpriced]).totals("2026-08-20").cost_usd is None
    half_known = payload_of([unpriced, result("analyze")]).totals("2026-08-20")
    assert (half_known.cost_usd, half_known.unknown_costs) == (Decimal("0.0105"), 1)


def test_a_later_result_of_another_task_hides_no_action_items():
    custom = bought("2026-09-30", "c", task="sales-call", action_items=None, result={"score": 3})
    payload = payload_of([result("analyze"), custom])
    assert [len(meeting["actions"]) for meeting in payload.meetings] == [2]


def test_what_a_custom_task_found_is_there_in_full():
    found = {
        "stage": "open",
        "needs": [{"need": "a lease", "quote": "x", "evidence": evidence("We need a lease. " * 10)}],
    }
    custom = bought(
        "2026-09-30",
        "c",
        task="sales-call",
        result=found,
        key_points=None,
        action_items=None,
        decisions=None,
        open_questions=None,
    )
    [meeting] = payload_of([result(), custom], is_full=True).meetings
    assert [(section["title"], [claim["text"] for claim in section["claims"]]) for section in meeting["custom"]] == [
        ("stage", ["open"]),
        ("needs", ["need: a lease"]),
    ]
    [claim] = meeting["custom"][1]["claims"]
    assert (len(claim["quote"].split()), claim["is_cut"], claim["speaker"], claim["at"]) == (
        25,
        True,
        "Ana Prado",
        "12:05",
    )
    assert "custom" not in payload_of([result(), custom]).meetings[0]
