"""The bytes of a result: shape and order of the contract, metadata before the model's guesses, the same for the same
answer.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from meetcli.answers.render import render, sentiment_label
from meetcli.meetings.normalize import normalize
from meetcli.models import Entry, Fingerprint, Source, Usage
from tests.corridor import explicit, extract_answer

SOURCE = Source(Path("in/a.json"), "a.json", "in/a.json", "a", is_named=False)
HEAD = [
    *(
        "schema_version",
        "task",
        "meeting_id",
        "customer_id",
        "customer_name",
        "banker_id",
        "banker_name",
        "meet_type",
        "meet_date",
    ),
    *("language", "summary", "key_points", "action_items"),
]
MINUTES = ["topics", "decisions", "open_questions", "participants"]
SENTIMENT = ["sentiment_label", "sentiment_score", "risks", "speakers", "timeline"]
TALK = "\n".join(f"{name}: Sentence number {number} of the talk." for number in range(20) for name in ("Ana", "Rui"))


def analyze_answer(**changes):
    head = {name: value for name, value in extract_answer().items() if name not in MINUTES}
    return {**head, "sentiment_score": 0.7, "risks": [], "speakers": [], "timeline": [], **changes}


def entry_of(answer, task="extract", **changes):
    fields = {
        "kind": "answer",
        "task": task,
        "task_version": "1",
        "idempotency_key": "k" * 64,
        "fingerprint": Fingerprint("f" * 64, {}),
        "engine": "openai",
        "model": "gpt-4o",
        "endpoint": "api.openai.com",
        "created_at": datetime(2026, 1, 1, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=-3))),
        "input_sha256": "s" * 64,
        "usage": Usage(1000, 10, 100, 1),
        "cost_usd": Decimal("0.0120"),
        "meetcli_version": "1.0",
        "answer": json.dumps(answer),
    }
    return Entry(**{**fields, **changes})


def rendered(answer, task="extract", meeting=None, **changes):
    return json.loads(render(entry_of(answer, task, **changes), normalize(meeting or explicit()), SOURCE))


@pytest.mark.parametrize(("task", "own"), [("extract", MINUTES), ("analyze", SENTIMENT)])
def test_fields_stand_in_the_contract_s_order(task, own):
    result = rendered(extract_answer() if task == "extract" else analyze_answer(), task)
    names = [name for name in result if name != "speaker_statistics"]
    assert names == [*HEAD, *own, "idempotency_key", "source", "provenance"]


def test_provenance_tells_the_purchase():
    assert rendered(extract_answer())["provenance"] == {
        "engine": "openai",
        "model": "gpt-4o",
        "endpoint": "api.openai.com",
        "task_version": "1",
        "created_at": "2026-01-01T15:00:00Z",
        "input_sha256": "s" * 64,
        "fingerprint": "f" * 64,
        "usage": {"input_tokens": 1000, "cached_input_tokens": 10, "output_tokens": 100, "requests": 1},
        "cost_usd": "0.012",
        "meetcli_version": "1.0",
    }


def test_what_is_not_known_is_null():
    result = rendered(extract_answer(), idempotency_key=None, cost_usd=None, endpoint="")
    assert result["idempotency_key"] == "no-idempotency-key-available"
    assert (result["provenance"]["cost_usd"], result["provenance"]["endpoint"]) == (None, None)


@pytest.mark.parametrize("field", ["customer_name", "banker_name", "meet_type"])
def test_the_model_fills_what_is_absent_and_changes_nothing_that_is_there(field):
    assert rendered(extract_answer(**{field: "the model's"}))[field] == "the model's"
    assert rendered(extract_answer(**{field: "the model's"}), meeting=explicit(**{field: "given"}))[field] == "given"
    assert rendered(extract_answer(**{field: ""}))[field] is None


def test_evidence_is_where_the_quote_stands_and_null_where_it_stands_nowhere():
    points = [
        {"text": "t", "quote": quote}
        for quote in ("We will send the plan on Friday.", "We will send it on Monday.", None)
    ]
    found, invented, none = (point["evidence"] for point in rendered(extract_answer(key_points=points))["key_points"])
    assert list(found) == ["quote", "turn", "offset", "speaker", "start_s", "score"]
    assert (found["turn"], found["speaker"], found["offset"]) == (1, "Ana", 5)
    assert (invented, none) == (None, None)


@pytest.mark.parametrize(
    ("score", "label"),
    [(1, "positive"), (0.6, "positive"), (0.5999, "neutral"), (0.4, "neutral"), (0.3999, "negative"), (0, "negative")],
)
def test_labels_follow_the_score(score, label):
    assert sentiment_label(score) == label
    speakers = [{"name": "Ana", "sentiment_score": score, "quote": None}]
    result = rendered(analyze_answer(sentiment_score=score, speakers=speakers), "analyze")
    assert (result["sentiment_label"], result["speakers"][0]["sentiment_label"]) == (label, label)


def test_timeline_is_told_in_turns_and_parts_that_are_none_are_left_out():
    timeline = [{"part": part, "sentiment_score": 0.5, "quote": None} for part in (1, 2, 8)]
    result = rendered(analyze_answer(timeline=timeline), "analyze", explicit(TALK))
    stretches = normalize(explicit(TALK)).stretches
    expected = [stretches[part - 1] for part in (1, 2, 8) if part <= len(stretches)]
    assert [(item["from_turn"], item["to_turn"]) for item in result["timeline"]] == expected
    short = rendered(analyze_answer(timeline=timeline), "analyze", explicit("Ana: Hello."))
    assert len(short["timeline"]) <= 1


def test_bytes_are_the_same_each_time_and_keep_every_letter():
    meeting = normalize(explicit("Ana: Decisão tomada 🎉.\nRui: 好."))
    entry = entry_of(extract_answer(summary="Decisão 🎉 好"))
    text = render(entry, meeting, SOURCE)
    assert text == render(entry, meeting, SOURCE)
    assert "Decisão 🎉 好" in text
    assert text.endswith("}\n")


def test_when_it_was_bought_is_utc():
    assert (
        rendered(extract_answer(), created_at=datetime(2026, 5, 5, tzinfo=UTC))["provenance"]["created_at"]
        == "2026-05-05T00:00:00Z"
    )


def test_who_promises_in_the_first_person_owns_it_where_the_quote_stands():
    promise = {"description": "Send the plan", "owner": "I", "due_text": None, "status": "agreed"}
    quotes = ["We will send the plan on Friday.", "We will send the plan on Monday."]
    answer = extract_answer(action_items=[{**promise, "quote": quote} for quote in quotes])
    assert [item["owner"] for item in rendered(answer)["action_items"]] == ["Ana", None]


def test_the_speakers_of_sentiment_are_named_as_in_the_transcript():
    scores = [{"name": name, "sentiment_score": 0.5, "quote": "Thank you."} for name in ("RUI", "somebody")]
    speakers = rendered(analyze_answer(speakers=scores), "analyze")["speakers"]
    assert [speaker["name"] for speaker in speakers] == ["Rui", "somebody"]
    assert speakers[0]["evidence"]["turn"] == 2


def test_a_score_stands_on_words_of_its_speaker_and_its_stretch():
    meeting = normalize(
        explicit("\n".join(f"{name}: I am glad of it, point {n // 4}." for n in range(120) for name in ("Ana", "Rui")))
    )
    first, last = meeting.stretches[1]
    quote = "I am glad of it, point"
    answer = analyze_answer(
        speakers=[{"name": "Rui", "sentiment_score": 0.9, "quote": quote}],
        timeline=[
            {"part": part, "sentiment_score": 0.9, "quote": f"{quote} {number}"}
            for part, number in ((2, (first + 1) // 8), (1, 29))
        ],
    )
    result = json.loads(render(entry_of(answer, "analyze"), meeting, SOURCE))
    assert (result["speakers"][0]["evidence"]["speaker"], result["speakers"][0]["evidence"]["turn"]) == ("Rui", 2)
    assert first <= result["timeline"][0]["evidence"]["turn"] <= last
    assert result["timeline"][1]["evidence"] is None  # said, but later


def test_participants_are_named_as_the_speakers_they_are_each_once():
    asked = [
        ("rui", "manager", None),
        ("Rui", None, "bank"),
        ("Ana", None, None),
        ("Zeca", "lawyer", None),
        ("Invented Person", None, None),
    ]
    answer = extract_answer(participants=[{"name": name, "role": role, "side": side} for name, role, side in asked])
    assert rendered(answer, meeting=explicit(f"{TALK}\nRui: Zeca is on the line too."))["participants"] == [
        {"name": "Rui", "role": "manager", "side": "bank"},
        {"name": "Ana", "role": None, "side": None},
        {"name": "Zeca", "role": "lawyer", "side": None},
    ]
