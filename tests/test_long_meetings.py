"""A meeting of six hours against a window of 8,000 tokens: every turn is read, no item is lost, and an edit costs its
neighborhood.
"""

import json
import random

import pytest

from meetcli.errors import CallError
from meetcli.models import Reply, Status, Usage
from meetcli.money.tokens import Window, message_tokens, most_input_tokens
from meetcli.tasks.prompt import FIRST_CAP
from tests.corridor import World, answered, explicit, extract_answer
from tests.long_speech import WINDOW, WORDS, meeting_of, six_hours, text_of


def spoken_in(request):
    """Return the lines that a request shows to the model."""
    inside = request.messages[1].content.split("\n<transcript-", 1)[1].partition("\n")[2].rpartition("\n")[0]
    return [line for line in inside.splitlines() if not line.startswith("<part-")]


def is_summary(request):
    return "summaries of the consecutive stretches" in request.messages[2].content


def minutes_of(request):
    """Answer as a model that makes a key point of every tenth thing said and an action item of every fiftieth."""
    if is_summary(request):
        return {
            "language": "en",
            "summary": "They went through all points of the agenda and agreed on the next steps. " * 9,
        }
    said = [line.partition(": ")[2] for line in spoken_in(request) if "In point" in line]
    points = [{"text": line[:60], "quote": line} for line in said if int(line.split()[2]) % 10 == 0]
    actions = [
        {
            "description": f"Do point {line.split()[2]}",
            "owner": None,
            "due_text": None,
            "status": "agreed",
            "quote": line,
        }
        for line in said
        if int(line.split()[2]) % 50 == 0
    ]
    topic = said[0].split()[3] if said else "a speech"
    return extract_answer(
        summary=f"They spoke of the {topic}.", key_points=points[:12], action_items=actions, topics=[topic]
    )


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.window = WINDOW
    world.engine.script = lambda request: answered(minutes_of(request))
    return world


def run(world, turns, status=Status.MISS):
    world.put("a.json", explicit(text_of(turns)))
    assert world.run()["a.json"].status is status, world.outcomes["a.json"]
    return json.loads(world.results["a.json"])


def test_six_hours_are_asked_about_in_parts_that_fit_and_nothing_is_lost(world):
    turns = six_hours()
    result = run(world, turns)
    *chunks, summary = world.engine.requests
    assert len(chunks) > 20
    assert is_summary(summary)
    assert (
        max(most_input_tokens(request, WINDOW.count) + request.max_output_tokens for request in world.engine.requests)
        <= WINDOW.tokens
    )
    assert {line for request in chunks for line in spoken_in(request)} >= set(text_of(turns[:700]).splitlines())
    reported = {item["quote"] for request in chunks for item in minutes_of(request)["key_points"]}
    kept = [item["evidence"]["quote"] for item in result["key_points"]]
    assert len(kept) == len(reported) > 100
    assert {said.rstrip(".") for said in reported} == {
        said.rstrip(".") for said in kept
    }  # each once, twins of overlaps merged
    actions = {item["description"] for request in chunks for item in minutes_of(request)["action_items"]}
    assert sorted(item["description"] for item in result["action_items"]) == sorted(actions)
    assert result["summary"].startswith("They went through")
    assert result["provenance"]["coverage"] == {"chunks": len(chunks), "turns": len(meeting_of(turns).turns)}
    assert result["provenance"]["usage"]["requests"] == len(world.engine.requests)


def test_a_second_run_hits_and_what_fits_is_asked_at_once(world):
    run(world, six_hours())
    run(world, six_hours(), Status.HIT)
    assert world.calls == 0
    assert "coverage" not in run(world, six_hours()[:10], Status.CHANGED)["provenance"]
    assert world.calls == 1


def test_one_edited_turn_costs_at_most_four_calls_wherever_it_stands(world):
    turns = six_hours()
    whole = run(world, turns)
    chance = random.Random(3)
    for place in (0, len(turns) - 1, 700, *chance.sample(range(len(turns)), 12)):
        speaker, said = turns[place]
        turns[place] = (
            speaker,
            chance.choice([f"{said} And one more thing.", "No.", said.replace("loan", "debt") + " Yes."]),
        )
        result = run(world, turns, Status.CHANGED)
        assert world.calls <= 4, place
        assert result["provenance"]["usage"]["requests"] == world.calls
        assert result["provenance"]["coverage"]["chunks"] >= whole["provenance"]["coverage"]["chunks"] - 2


def at_length(request):
    """Answer as `minutes_of`, with stretches summed up in as many words as they may have."""
    answer = minutes_of(request)
    if is_summary(request):
        return answer
    chance = random.Random(request.messages[1].content)
    return answer | {"summary": f"{' '.join(chance.choices(WORDS, k=60))}."}


def test_summaries_as_long_as_they_may_be_are_one_call_and_an_edit_still_costs_four(world):
    world.engine.script = lambda request: answered(at_length(request))
    turns, chance = six_hours(), random.Random(6)
    run(world, turns)
    assert sum(map(is_summary, world.engine.requests)) == 1
    for place in chance.sample(range(len(turns)), 6):
        turns[place] = (
            turns[place][0],
            f"{turns[place][1]} {' '.join(chance.choices(WORDS, k=chance.choice([1, 900])))}.",
        )
        run(world, turns, Status.CHANGED)
        assert world.calls <= 4, place
    assert (
        max(most_input_tokens(request, WINDOW.count) + request.max_output_tokens for request in world.engine.requests)
        <= WINDOW.tokens
    )


def test_more_summaries_than_one_call_holds_are_grouped_so_that_an_edit_asks_about_one_group_again(world):
    world.window = Window(8_000, lambda text: len(text) // 2 + 1)
    world.engine.script = lambda request: answered(at_length(request))
    turns = six_hours()
    run(world, turns)
    assert sum(map(is_summary, world.engine.requests)) > 3
    counts = []
    for place in range(100, len(turns), 300):
        turns[place] = ("Ana", "Let me correct that: it is quite another thing.")
        run(world, turns, Status.CHANGED)
        counts.append(world.calls)
    assert sorted(counts)[len(counts) // 2] <= 4
    assert max(counts) <= 7


def test_an_edit_after_a_run_that_was_stopped_costs_no_more(world):
    turns, asked = six_hours(), []

    def script(request):
        asked.append(request)
        return answered(minutes_of(request))

    world.engine.script = script
    run(world, turns)
    whole = len(asked)
    world.items.clear()
    asked.clear()
    world.is_stopping = lambda: len(asked) >= whole - 2
    world.put("a.json", explicit(text_of(turns)))
    assert world.run()["a.json"].status is Status.NOT_ATTEMPTED
    world.is_stopping = lambda: False
    turns[1671] = (
        "Ana",
        "It is quite another thing that was meant.",
    )  # opens a chunk: without the earlier cut, ten would move
    run(world, turns)
    assert len(asked) <= whole + 4


def test_another_model_is_not_asked_in_the_parts_of_a_smaller_window(world):
    run(world, six_hours())
    world.identity, world.window = world.identity._replace(model="gpt-larger"), WINDOW._replace(tokens=32_000)
    run(world, six_hours(), Status.CHANGED)
    assert world.calls < 10


def test_a_larger_window_of_the_same_model_is_not_asked_in_the_parts_of_the_smaller(world):
    run(world, six_hours())
    world.window = WINDOW._replace(tokens=32_000)
    run(world, [*six_hours(), ("Ana", "One more thing.")], Status.CHANGED)
    assert world.calls < 10


def test_taking_a_turn_out_or_putting_one_in_costs_no_more(world):
    turns = six_hours()
    run(world, turns)
    for edited in (
        [*turns[:900], *turns[901:]],
        [*turns[:1500], ("Zoë", "One more question on the lease."), *turns[1500:]],
    ):
        run(world, edited, Status.CHANGED)
        assert world.calls <= 4


def test_refreshing_and_old_age_buy_every_part_again(world):
    run(world, six_hours())
    calls = world.calls
    world.later(seconds=1)
    world.run(is_refresh=True)
    assert world.calls == calls
    world.later(days=-1)  # a clock that was set back makes nothing new
    world.run(is_refresh=True)
    assert world.calls == calls
    world.later(days=3)
    world.run()
    assert world.calls == calls


def test_a_run_that_was_stopped_goes_on_where_it_was(world):
    asked = []

    def stopping(request):
        asked.append(request)
        return answered(minutes_of(request))

    world.engine.script = stopping
    world.is_stopping = lambda: len(asked) >= 10
    world.put("a.json", explicit(text_of(six_hours())))
    assert world.run()["a.json"].status is Status.NOT_ATTEMPTED
    assert world.outcomes["a.json"].spent.usage.requests == 10
    world.is_stopping = lambda: False
    assert world.run()["a.json"].status is Status.MISS
    first = len(asked)
    result = json.loads(world.results["a.json"])
    assert result["provenance"]["usage"]["requests"] == first == len({request.digest for request in asked})


def test_a_part_that_is_refused_fails_the_meeting_and_the_rest_is_not_bought(world):
    world.engine.script = lambda request: Reply("", None, finish="refusal", usage=Usage(10, 0, 1, 1))
    world.put("a.json", explicit(text_of(six_hours())))
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, "refusal", 1)
    assert world.run()["a.json"].reason == "known_failure"


def test_a_part_is_repaired_by_itself(world):
    spoiled = []

    def script(request):
        if len(request.messages) == 3 and not spoiled:
            spoiled.append(request)
            return answered("{}")
        return answered(minutes_of(request._replace(messages=request.messages[:3])))

    world.engine.script = script
    run(world, six_hours())
    assert world.engine.requests[1].messages[:3] == spoiled[0].messages or world.engine.requests[0] is spoiled[0]
    assert sum(len(request.messages) > 3 for request in world.engine.requests) == 1


def test_the_repair_of_a_part_fits_the_window_too(world):
    def script(request):
        answer = minutes_of(request._replace(messages=request.messages[:3]))
        return answered(answer if len(request.messages) > 3 else answer | {"language": None})

    world.engine.script = script
    run(world, six_hours()[:600])
    repairs = [request for request in world.engine.requests if len(request.messages) > 3]
    assert len(repairs) * 2 == world.calls
    assert min(request.max_output_tokens for request in repairs) < FIRST_CAP
    assert (
        max(most_input_tokens(request, WINDOW.count) + request.max_output_tokens for request in repairs)
        <= WINDOW.tokens
    )


def test_a_repair_that_the_window_has_no_room_for_is_not_bought(world):
    world.engine.script = lambda request: answered({"language": "so long an answer " * 800})
    world.put("a.json", explicit(text_of(six_hours()[:600])))
    assert (world.run()["a.json"].reason, max(len(request.messages) for request in world.engine.requests)) == (
        "invalid",
        3,
    )


def test_many_stretches_are_summed_up_in_steps(world):
    world.window = Window(8_000, lambda text: len(text) + 1)  # a vocabulary of letters
    run(world, six_hours()[:500])
    assert sum(is_summary(request) for request in world.engine.requests) > 1
    assert all(message_tokens(request, world.window.count) < 8_000 for request in world.engine.requests)


def test_nothing_in_a_part_says_where_it_stands_in_the_meeting(world):
    turns = six_hours()
    run(world, turns)
    before = {request.digest for request in world.engine.requests if not is_summary(request)}
    world.items.clear()
    run(world, turns[:1200])
    after = [request.digest for request in world.engine.requests if not is_summary(request)]
    assert sum(digest in before for digest in after) >= len(after) - 1


SAID = [f"Ana: this is sentence number {number} of a long meeting." for number in range(3_000)]


@pytest.mark.parametrize("window", [8_000, None])
def test_a_meeting_that_the_server_finds_too_long_is_asked_about_in_parts_in_the_same_run(tmp_path, window):
    world = World(tmp_path)
    world.put("a.json", explicit("\n".join(SAID)))
    world.window = Window(128_000, lambda text: len(text) // 4 + 1)

    def script(request):
        if len(request.messages[1].content) > 100_000:
            error = CallError("too long", reason="too_long", is_divisible=True, window=window)
            return Reply("", None, usage=Usage(requests=1), error=error)
        return answered(minutes_of(request))

    world.engine.script = script
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.error) == (Status.MISS, None)
    assert world.calls > 3  # the refused one, two parts at least, and the one over them
    assert world.run()["a.json"].status is Status.HIT


def test_parts_that_are_refused_too_are_not_divided_again(tmp_path):
    world = World(tmp_path)
    world.put("a.json", explicit("\n".join(SAID)))
    world.window = Window(128_000, lambda text: len(text) // 4 + 1)
    error = CallError("too long", reason="too_long", is_divisible=True)
    world.engine.script = lambda request: Reply("", None, usage=Usage(requests=1), error=error)
    assert world.run()["a.json"].reason == "too_long"
    assert world.calls <= 1 + 9
