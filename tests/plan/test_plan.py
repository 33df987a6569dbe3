"""The half that spends nothing, run together with the other half over fakes."""

import hashlib
import json
from decimal import Decimal

import pytest

from meetcli.errors import UsageError
from meetcli.models import EngineIdentity, Reply, Status
from meetcli.readers import parse
from tests.corridor import World, answered, explicit, extract_answer


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_first_run_misses_and_the_second_hits_with_the_same_bytes(world):
    world.put("a.json", explicit())
    assert world.run()["a.json"].status is Status.MISS
    first = world.results
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.spent.cost_usd, outcome.saved_usd, world.calls) == (
        Status.HIT,
        0,
        Decimal("1.1"),
        0,
    )
    assert world.results == first
    assert world.warnings == []


def test_hit_needs_no_parsing_once_the_bytes_are_known(world, monkeypatch):
    world.put("a.json", explicit())
    world.run()

    def refuse(unit):
        raise AssertionError("parsed")

    monkeypatch.setattr("meetcli.plan.parse", refuse)
    assert world.run()["a.json"].status is Status.HIT


def test_what_older_readers_read_is_read_anew_and_bought_where_it_reads_otherwise(world, monkeypatch):
    world.put("a.json", explicit())
    world.put("b.json", explicit(meeting_id="M-2"))
    world.run()
    parsed = []

    def read_better(unit):
        found = parse(unit)
        parsed.append(unit.source.name)
        if unit.source.name == "b.json":
            found = [one._replace(mapping={**one.mapping, "transcript": "Ana: Two words more."}) for one in found]
        return found

    monkeypatch.setattr("meetcli.plan.parse", read_better)
    assert {outcome.status for outcome in world.run().values()} == {Status.HIT}
    assert parsed == []
    monkeypatch.setattr("meetcli.plan.READERS_VERSION", 0)
    seen = world.run()
    assert parsed == ["a.json", "b.json"]
    assert (seen["a.json"].status, seen["b.json"].status, seen["b.json"].reason) == (
        Status.HIT,
        Status.CHANGED,
        "content",
    )


def in_place(world):
    """Leave the results of the last run where it put them, and return its outcomes."""
    world.in_place = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in world.results.items()}
    return world.run()


def test_hit_whose_result_is_in_place_needs_no_look_at_its_answer(world, monkeypatch):
    world.put("a.json", explicit())
    world.engine.script = lambda request: answered(
        extract_answer(key_points=[{"text": "Nobody said so.", "quote": "Never said."}])
    )
    world.run()
    seen = world.run()["a.json"]._replace(unsupported=1, output="a.json")

    def refuse(rows, name):
        raise AssertionError("read")

    monkeypatch.setattr("meetcli.plan.look_up.load_at", refuse)
    assert in_place(world)["a.json"] == seen
    assert world.results == {}


def test_hit_whose_result_is_not_in_place_is_delivered_again(world):
    world.put("a.json", explicit())
    world.run()
    result = world.results
    world.results = {"a.json": "edited by hand"}
    assert in_place(world)["a.json"].status is Status.HIT
    assert world.results == result


def test_result_in_place_hides_neither_age_nor_refresh_nor_a_conflict(world):
    world.put("a.json", explicit())
    world.put("b.json", explicit("Ana: Other words on the same key."))
    world.run()
    world.put("b.json", explicit("Ana: And other words again."))
    assert (in_place(world)["a.json"].status, len(world.planned.conflicts)) == (Status.HIT, 1)
    world.later(days=2)
    assert world.run()["a.json"].status is Status.EXPIRED
    assert world.run(is_refresh=True)["a.json"].status is Status.REFRESHED


def test_rows_of_the_cache_that_were_swapped_are_as_good_as_absent(world):
    world.put("a.json", explicit())
    world.put("b.json", explicit("Ana: Other words.", meeting_id="M-2"))
    world.run()
    results = world.results
    for kind in ("index:", "answer:"):
        one, other = (name for name in world.items.items if name.startswith(kind))
        world.items.set({one: world.items.items[other], other: world.items.items[one]})
        seen = world.run()
        assert {outcome.status for outcome in seen.values()} == {Status.HIT if kind == "index:" else Status.MISS}
        assert world.results == results


def test_damaged_index_costs_no_call_and_is_learned_again(world):
    world.put("a.json", explicit())
    world.run()
    row = next(key for key in world.items.items if key.startswith("index:"))
    whole = world.items.items[row]
    world.items.set({row: whole.replace('"1.1"', '"9.1"')})
    assert world.items.items[row] != whole
    outcome = in_place(world)["a.json"]
    assert (outcome.status, outcome.saved_usd, world.items.items[row]) == (Status.HIT, Decimal("1.1"), whole)


def test_lost_index_costs_no_call_and_is_learned_again(world):
    world.put("a.json", explicit())
    world.run()
    result = world.results
    world.items.remove([key for key in world.items.items if key.startswith("index:")])
    assert world.run()["a.json"].status is Status.HIT
    assert world.results == result
    assert any(key.startswith("index:") for key in world.items.items)


def test_tasks_on_one_meeting_never_see_each_others_entry(world):
    world.put("a.json", explicit())
    world.run()
    world.task = "analyze"
    analysis = {
        **{
            name: value
            for name, value in extract_answer().items()
            if name not in ("topics", "decisions", "open_questions", "participants")
        },
        "sentiment_score": 0.5,
        "risks": [],
        "speakers": [],
        "timeline": [],
    }
    world.engine.script = lambda request: answered(analysis)
    assert world.run()["a.json"].status is Status.MISS
    assert json.loads(world.results["a.json"])["sentiment_label"] == "neutral"
    world.task = "extract"
    assert world.run()["a.json"].status is Status.HIT


@pytest.mark.parametrize(("age_s", "status"), [(3599, Status.HIT), (3600, Status.EXPIRED)])
def test_answer_is_valid_while_younger_than_the_readers_ttl(world, age_s, status):
    world.put("a.json", explicit())
    world.run(ttl_s=None)
    world.later(seconds=age_s)
    assert world.run(ttl_s=3600)["a.json"].status is status


def test_ttl_none_never_expires(world):
    world.put("a.json", explicit())
    world.run()
    world.later(days=4000)
    assert world.run(ttl_s=None)["a.json"].status is Status.HIT


def test_expired_answer_says_what_it_was_worth(world):
    world.put("a.json", explicit())
    world.run()
    world.later(days=2)
    world.run()
    assert [job.worth_usd for job in world.planned.jobs] == [Decimal("1.1")]


def test_changed_content_is_called_and_both_answers_stay(world):
    world.put("a.json", explicit())
    world.run()
    world.put("a.json", explicit("Ana: We will not send it."))
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason) == (Status.CHANGED, "content")
    world.put("a.json", explicit())
    assert world.run()["a.json"].status is Status.HIT


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (
            "model",
            lambda world: setattr(
                world, "identity", EngineIdentity("openai", "gpt-4o-mini", endpoint=world.identity.endpoint)
            ),
        ),
        (
            "endpoint",
            lambda world: setattr(
                world, "identity", EngineIdentity("openai", "gpt-4o", endpoint="http://localhost:8080/v1")
            ),
        ),
        ("language", lambda world: setattr(world, "language", "pt")),
        ("metadata", lambda world: world.put("a.json", explicit(customer_name="Horta Verde"))),
    ],
)
def test_changed_settings_are_named(world, part, change):
    world.put("a.json", explicit())
    world.run()
    change(world)
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.CHANGED, part, 1)


def test_another_engine_is_a_miss_not_a_change(world):
    world.put("a.json", explicit())
    world.run()
    world.identity = EngineIdentity("local", "extractive", algorithm="1")
    assert world.run()["a.json"].status is Status.MISS


def test_change_is_named_against_the_nearest_answer_whatever_came_later(world):
    world.put("a.json", explicit())
    world.run()
    home = world.identity
    for away in (home._replace(model="gpt-other"), home._replace(endpoint="https://elsewhere/v1")):
        world.identity = away
        outcome = world.run()["a.json"]
        assert (outcome.status, outcome.reason) == (Status.CHANGED, "model" if away.model != home.model else "endpoint")
        world.identity = home
        assert world.run()["a.json"].status is Status.HIT


def test_on_change_keep_takes_the_latest_answer(world):
    world.put("a.json", explicit())
    world.run()
    world.put("a.json", explicit("Ana: Something else was said."))
    outcome = world.run(on_change="keep")["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.HIT, "kept", 0)


def test_on_change_keep_does_not_keep_what_is_too_old(world):
    world.put("a.json", explicit())
    world.run()
    world.later(days=2)
    world.put("a.json", explicit("Ana: Something else was said."))
    assert world.run(on_change="keep")["a.json"].status is Status.CHANGED


def test_on_change_fail_names_the_part_and_calls_nothing(world):
    world.put("a.json", explicit())
    world.run()
    world.put("a.json", explicit("Ana: Something else was said."))
    outcome = world.run(on_change="fail")["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, "changed", 0)
    assert "content" in outcome.error


def test_refresh_calls_again_and_saves(world):
    world.put("a.json", explicit())
    world.run()
    world.engine.script = lambda request: answered(extract_answer(summary="Anew."))
    assert world.run(is_refresh=True)["a.json"].status is Status.REFRESHED
    assert world.run()["a.json"].status is Status.HIT
    assert json.loads(world.results["a.json"])["summary"] == "Anew."


def test_meeting_without_ids_is_bypassed_each_time(world):
    world.put("a.json", explicit(meeting_id=None))
    for _ in range(2):
        outcome = world.run()["a.json"]
        assert (outcome.status, outcome.reason, world.calls) == (Status.BYPASSED, "no_key", 1)
    assert json.loads(world.results["a.json"])["idempotency_key"] == "no-idempotency-key-available"


def test_meetings_without_ids_are_counted_with_the_first_of_them(world):
    for name in ("a.json", "b.json", "c.json"):
        world.put(name, explicit(meeting_id=None, transcript_id=name))
    world.run()
    [(count, first)] = world.planned.without_ids.values()
    assert (count, first.name) == (3, "a.json")


def test_key_from_content_hits(world):
    world.put("a.json", explicit(meeting_id=None))
    world.run(is_key_from_content=True)
    assert world.run(is_key_from_content=True)["a.json"].status is Status.HIT


def test_without_cache_everything_is_bypassed_and_nothing_saved(world):
    world.put("a.json", explicit())
    assert world.run(cached=False)["a.json"].status is Status.BYPASSED
    assert world.items.items == {}


def test_twins_cost_one_call_and_keep_their_own_names(world):
    world.put("a.json", explicit())
    world.put("b.json", explicit())
    world.run()
    assert (world.statuses(), world.calls) == ({"a.json": "miss", "b.json": "shared"}, 1)
    assert [json.loads(world.results[name])["source"] for name in ("a.json", "b.json")] == ["a.json", "b.json"]
    first = world.results
    world.run()
    assert (world.statuses(), world.calls) == ({"a.json": "hit", "b.json": "hit"}, 0)
    assert world.results == first


def test_same_key_with_other_content_gives_two_answers_and_says_so(world):
    world.put("a.json", explicit())
    world.put("b.json", explicit("Ana: Something else was said."))
    world.run()
    assert world.calls == 2
    assert [sources for _, sources in world.planned.conflicts] == [("a.json", "b.json")]
    world.run()
    assert world.statuses() == {"a.json": "hit", "b.json": "hit"}
    assert world.planned.conflicts == []


def test_limit_leaves_the_rest_for_the_next_run(world):
    for number in range(3):
        world.put(f"{number}.json", explicit(meeting_id=f"M-{number}"))
    world.run(limit=2)
    assert world.statuses() == {"0.json": "miss", "1.json": "miss", "2.json": "not_attempted"}
    assert world.outcomes["2.json"].reason == "limit"
    world.run(limit=2)
    assert world.statuses() == {"0.json": "hit", "1.json": "hit", "2.json": "miss"}


def test_dry_run_says_what_each_meeting_would_be(world):
    world.put("a.json", explicit())
    world.run()
    world.put("b.json", explicit(meeting_id="M-2"))
    outcomes = world.dry_run()
    assert outcomes["a.json"].status is Status.HIT
    assert (outcomes["b.json"].status, outcomes["b.json"].reason) == (Status.NOT_ATTEMPTED, "miss")


def test_two_inputs_that_would_write_one_result_are_refused(world):
    world.put("a.json", [explicit(), explicit(meeting_id="M-2")])
    world.put("a.2.json", explicit(meeting_id="M-3"))
    with pytest.raises(UsageError, match=r"a\.2\.extract\.json"):
        world.run()
    assert world.engine.requests == []


def test_bad_meeting_in_a_list_harms_no_other(world):
    world.put("a.json", [explicit(), {"transcript": 5}, explicit(meeting_id="M-3")])
    world.run()
    assert world.statuses() == {"a.json.1": "miss", "a.json.2": "failed", "a.json.3": "miss"}
    assert "transcript" in world.outcomes["a.json.2"].error


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-40], lambda text: "{}", lambda text: text.replace("agreed", "AGREED")]
)
def test_damaged_entry_is_a_miss(world, spoil):
    world.put("a.json", explicit())
    world.run()
    for key, text in world.items.items.items():
        if key.startswith("answer:"):
            world.items.items[key] = spoil(text)
    outcome = world.run()["a.json"]
    assert outcome.status is Status.MISS


def test_refused_meeting_is_remembered_and_not_paid_again(world):
    world.put("a.json", explicit())
    world.engine.script = lambda request: Reply("", None, "refusal")
    assert world.run()["a.json"].reason == "refusal"
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, "known_failure", 0)


@pytest.mark.parametrize(
    "again",
    [
        lambda world: world.run(is_failed_retried=True),
        lambda world: (world.later(days=2), world.run()),
        lambda world: world.run(is_refresh=True),
    ],
)
def test_remembered_failure_is_tried_again_when_asked_or_too_old(world, again):
    world.put("a.json", explicit())
    world.engine.script = lambda request: Reply("", None, "refusal")
    world.run()
    world.engine.script = lambda request: answered(extract_answer())
    again(world)
    assert world.calls == 1
    assert world.run(ttl_s=None)["a.json"].status is Status.HIT


def test_failure_never_replaces_an_answer_that_was_paid_for(world):
    world.put("a.json", explicit())
    world.run()
    world.engine.script = lambda request: Reply("", None, "refusal")
    world.run(is_refresh=True)
    assert world.run()["a.json"].status is Status.HIT


def test_changed_renderer_renders_anew_and_calls_nothing(world, monkeypatch):
    world.put("a.json", explicit())
    world.run()
    assignment = world.assignment

    def newer():

        return assignment()._replace(render_version="2")

    monkeypatch.setattr(world, "assignment", newer)
    assert world.run()["a.json"].status is Status.HIT
    assert world.calls == 0
    assert any('"2-' in text or " 2-" in text for text in world.items.items.values())


def test_irrelevant_changes_stay_hits(world):
    world.put("a.json", explicit("Ana: One.\nRui: Two."))
    world.run()
    given = explicit("Ana: One.\r\nRui: Two.")
    for text in (
        json.dumps(given, indent=4),
        json.dumps({"metadata": given["metadata"], "transcript": given["transcript"]}),
    ):
        world.put("a.json", text)
        assert world.run()["a.json"].status is Status.HIT
