"""What becomes of a claim that nothing in the transcript supports: marked and counted, or left out, and never bought
again for it.
"""

import json

import pytest

from meetcli.answers import count_unsupported
from meetcli.minutes import read_minutes
from meetcli.models import Status
from tests.corridor import World, answered, explicit, extract_answer

TRUE = "We will send the plan on Friday."
INVENTED = "We will send the plan on Monday."


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.put("a.json", explicit())
    world.engine.script = lambda request: answered(
        extract_answer(
            key_points=[
                {"text": "true", "quote": TRUE},
                {"text": "invented", "quote": INVENTED},
                {"text": "silent", "quote": None},
            ],
            decisions=[{"text": "invented", "rationale": None, "quote": INVENTED}],
            open_questions=[{"text": 'says "unsupported": true', "quote": INVENTED}],
        )
    )
    return world


def result_of(world):
    world.run()
    return json.loads(world.results["a.json"])


def test_only_what_is_unsupported_is_marked(world):
    result = result_of(world)
    assert [item.get("unsupported") for item in result["key_points"]] == [None, True, True]
    assert [item["evidence"] is None for item in result["key_points"]] == [False, True, True]
    assert result["decisions"] == [{"text": "invented", "rationale": None, "evidence": None, "unsupported": True}]
    assert "unsupported" not in result["action_items"][0]


def test_marks_are_counted_without_reading_the_result_and_words_in_a_text_are_no_mark(world):
    result_of(world)
    assert count_unsupported(world.results["a.json"]) == 4


def test_requiring_evidence_leaves_out_what_has_none_and_calls_nothing(world):
    everything = result_of(world)
    for _ in range(2):
        world.requires_evidence = True
        kept = result_of(world)
        assert (world.outcomes["a.json"].status, world.calls) == (Status.HIT, 0)
        assert [item["text"] for item in kept["key_points"]] == ["true"]
        assert (kept["decisions"], kept["open_questions"]) == ([], [])
        assert kept["action_items"] == everything["action_items"]
        assert kept["provenance"] == everything["provenance"]
        world.requires_evidence = False
        assert result_of(world) == everything
        assert world.calls == 0


def test_twins_are_held_to_the_same_rule(world):
    world.requires_evidence = True
    world.put("b.json", explicit())
    world.run()
    assert world.outcomes["b.json"].status is Status.SHARED
    assert json.loads(world.results["b.json"])["key_points"] == json.loads(world.results["a.json"])["key_points"]


def test_scores_sum_up_many_turns_and_are_no_claims(world):
    world.task = "analyze"
    head = {
        name: extract_answer()[name] for name in ("language", "customer_name", "banker_name", "meet_type", "summary")
    }
    world.engine.script = lambda request: answered(
        {
            **head,
            "key_points": [],
            "action_items": [],
            "sentiment_score": 0.5,
            "risks": [{"text": "They leave.", "severity": "high", "quote": INVENTED}],
            "speakers": [{"name": "Ana", "sentiment_score": 0.5, "quote": None}],
            "timeline": [{"part": 1, "sentiment_score": 0.5, "quote": None}],
        }
    )
    world.requires_evidence = True
    result = result_of(world)
    assert (result["risks"], len(result["speakers"]), len(result["timeline"])) == ([], 1, 1)
    assert result["speakers"][0] == {
        "name": "Ana",
        "sentiment_label": "neutral",
        "sentiment_score": 0.5,
        "evidence": None,
    }


def test_minutes_say_what_is_unsupported(world):
    minutes = read_minutes(result_of(world))
    key_points = next(section for section in minutes.sections if section.title == "Key points")
    assert [claim.details for claim in key_points.claims] == [()] + 2 * [("no quote in the transcript supports it",)]
