"""A meeting of six hours against a window of 8,000 tokens: every turn is read, no item is lost, and an edit costs its neighborhood."""

import hashlib
import json
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetcli.answers.evidence import EvidenceFinder
from meetcli.answers.merge import merge_answers, unite
from meetcli.chunks import split
from meetcli.models import Reply, Status, Usage
from meetcli.normalize import normalize
from meetcli.tasks.prompt import FIRST_CAP
from meetcli.tokens import Window, message_tokens, most_input_tokens
from tests.corridor import World, answered, explicit, extract_answer

WINDOW = Window(8_000, lambda text: len(text) // 4 + 1)
WORDS = [
    *("the", "loan", "rate", "branch", "account", "customer", "payment", "invoice", "risk", "plan"),
    *("report", "cash", "limit", "audit", "tax", "lease", "fund", "offer", "fee", "term", "bank"),
]
HOURS, TURNS_AN_HOUR = 6, 400


def six_hours(seed=1):
    """Return the turns of a meeting, as (speaker, text): long ones, short ones that come again, one monologue."""
    chance = random.Random(seed)
    turns = []
    for number in range(HOURS * TURNS_AN_HOUR):
        if chance.random() < 0.3:
            turns.append((chance.choice(["Ana", "Rui"]), chance.choice(["Yes.", "Okay, okay.", "Mm-hm.", "Right."])))
        else:
            said = " ".join(chance.choices(WORDS, k=chance.randint(8, 40)))
            turns.append((chance.choice(["Ana", "Rui", "Zoë"]), f"In point {number} {said}."))
    turns.insert(700, ("Rui", " ".join(f"Sentence {number} of my long speech on the {chance.choice(WORDS)}." for number in range(400))))
    return turns


def text_of(turns):
    return "\n".join(f"{speaker}: {said}" for speaker, said in turns)


def meeting_of(turns):
    return normalize(explicit(text_of(turns)))


def starts_of(marks):
    return {mark.partition(":")[0] for mark in marks}


def spoken_in(request):
    """Return the lines that a request shows to the model."""
    inside = request.messages[1].content.split("\n<transcript-", 1)[1].partition("\n")[2].rpartition("\n")[0]
    return [line for line in inside.splitlines() if not line.startswith("<part-")]


def is_summary(request):
    return "summaries of the consecutive stretches" in request.messages[2].content


def minutes_of(request):
    """Answer as a model that makes a key point of every tenth thing said and an action item of every fiftieth."""
    if is_summary(request):
        return {"language": "en", "summary": "They went through all points of the agenda and agreed on the next steps. " * 9}
    said = [line.partition(": ")[2] for line in spoken_in(request) if "In point" in line]
    points = [{"text": line[:60], "quote": line} for line in said if int(line.split()[2]) % 10 == 0]
    actions = [
        {"description": f"Do point {line.split()[2]}", "owner": None, "due_text": None, "status": "agreed", "quote": line}
        for line in said
        if int(line.split()[2]) % 50 == 0
    ]
    topic = said[0].split()[3] if said else "a speech"
    return extract_answer(summary=f"They spoke of the {topic}.", key_points=points[:12], action_items=actions, topics=[topic])


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


# Cutting


def test_every_turn_is_in_some_chunk_and_every_chunk_fits():
    meeting = meeting_of(six_hours())
    chunks = split(meeting, 2_000, WINDOW.count)
    covered = {turn for chunk in chunks for turn in range(chunk.first_turn, chunk.last_turn + 1)}
    assert covered == set(range(1, len(meeting.turns) + 1))
    assert max(WINDOW.count(chunk.meeting.transcript) for chunk in chunks) <= 2_000
    words = Counter(word for chunk in chunks for word in chunk.meeting.transcript.split())
    assert not Counter(meeting.transcript.split()) - words
    for chunk in chunks:
        for turn in chunk.meeting.turns:
            assert chunk.meeting.transcript[turn.offset :].startswith(turn.text)


def test_a_chunk_begins_with_what_was_said_just_before():
    chunks = split(meeting_of(six_hours()), 2_000, WINDOW.count)
    overlapping = sum(later.first_turn <= earlier.last_turn for earlier, later in pairwise(chunks))
    assert overlapping >= len(chunks) - 2


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["Ana", "Rui"]), st.text("ab c.", min_size=1, max_size=900)), min_size=1, max_size=30),
    st.integers(40, 400),
)
def test_no_word_is_lost_however_a_meeting_is_cut(turns, most):
    meeting = meeting_of([(speaker, f"x{said}") for speaker, said in turns])
    chunks = split(meeting, most, WINDOW.count)
    letters = Counter("".join(chunk.meeting.transcript for chunk in chunks))
    missing = Counter(meeting.transcript) - letters
    assert not {letter for letter in missing if not letter.isspace()}
    assert [chunk.last_turn for chunk in chunks] == sorted(chunk.last_turn for chunk in chunks)


def test_a_meeting_without_speakers_is_cut_at_sentences():
    meeting = normalize(explicit(" ".join(f"This is sentence {number} of it." for number in range(2_000))))
    chunks = split(meeting, 500, WINDOW.count)
    assert len(chunks) > 10
    assert all(chunk.meeting.transcript.rstrip().endswith(".") for chunk in chunks)


def test_an_edit_moves_only_its_neighbors_even_where_no_earlier_cut_is_known():
    turns = six_hours()
    before = {chunk.meeting.transcript for chunk in split(meeting_of(turns), 2_000, WINDOW.count)}
    new = []
    for place in range(50, len(turns), 200):
        edited = [*turns[:place], ("Ana", "Let me correct that: it is another thing."), *turns[place + 1 :]]
        after = {chunk.meeting.transcript for chunk in split(meeting_of(edited), 2_000, WINDOW.count)}
        new.append(len(after - before))
    assert sorted(new)[len(new) // 2] <= 3
    assert max(new) < len(before) / 2


def test_where_an_earlier_cut_is_known_no_edit_of_an_opening_turn_moves_more_than_three_chunks():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    marks, before = [chunk.mark for chunk in chunks], {chunk.meeting.transcript for chunk in chunks}
    lines = text_of(turns).splitlines()
    opening = [place for place, line in enumerate(lines) if hashlib.sha256(line.encode()).hexdigest()[:32] in starts_of(marks)]
    assert len(opening) > 30
    for place in opening[::8]:
        speaker, said = turns[place]
        for new in ([(speaker, f"{said} And one more thing.")], [], [("Ana", "Another matter altogether."), turns[place]]):
            after = split(meeting_of([*turns[:place], *new, *turns[place + 1 :]]), 2_000, WINDOW.count, marks)
            assert sum(chunk.meeting.transcript not in before for chunk in after) <= 3, place


def test_a_start_that_is_said_again_elsewhere_is_still_one():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    marks, before = [chunk.mark for chunk in chunks], {chunk.meeting.transcript for chunk in chunks}
    lines = text_of(turns).splitlines()
    opening = [place for place, line in enumerate(lines) if hashlib.sha256(line.encode()).hexdigest()[:32] in starts_of(marks)]
    for place in opening[::4]:
        far = (place + len(turns) // 2) % len(turns)
        after = split(meeting_of([*turns[:far], turns[place], *turns[far:]]), 2_000, WINDOW.count, marks)
        assert sum(chunk.meeting.transcript not in before for chunk in after) <= 2, place


def in_circles(seed=5):
    """Return the turns of a meeting in which everything is said again and again, so that no turn tells where it stands."""
    chance = random.Random(seed)
    said = [f"{' '.join(chance.choices(WORDS, k=chance.randint(10, 40)))}." for _ in range(20)]
    return [(("Ana", "Rui", "Zoë")[number % 3], said[number % 20]) for number in range(HOURS * TURNS_AN_HOUR)]


def in_one_breath(seed=7):
    """Return the one turn of a meeting, written down without punctuation."""
    return [("Ana", " ".join(random.Random(seed).choices([*WORDS, "and", "we", "then", "of", "to", "in"], k=20_000)))]


EDITS = ("change", "lengthen", "shorten", "take out", "put in", "copy", "copy what opens a chunk")


def edited(turns, edit, chance, opening, most):
    """Return the turns with one edit in a random place, by preference near the start of a chunk; none adds more than 3/4 of a limit."""
    place = chance.choice([*chance.choices(opening, k=2), chance.randrange(len(turns))]) if opening else chance.randrange(len(turns))
    place = min(max(0, place + chance.choice([0, 0, -1, 1])), len(turns) - 1)
    speaker, said = turns[place]
    words, more = said.split(), " ".join(chance.choices(WORDS, k=chance.randint(1, most * 3 // 4 * 4 // 7)))
    at = chance.choice([0, len(words), chance.randrange(len(words))])
    match edit:
        case "change":
            new = [(speaker, " ".join([*words[:at], "indeed", *words[at + 1 :]]))]
        case "lengthen":
            new = [(speaker, " ".join([*words[:at], more, *words[at:]]))]
        case "shorten":
            new = [(speaker, " ".join(words[min(at, most) // 2 :]))]
        case "take out":
            new = []
        case "put in":
            new = [turns[place], ("Zoë", chance.choice(["Yes.", more]))]
        case _:
            copied = turns[chance.choice(opening)] if "opens" in edit and opening else turns[place]
            turns, place = list(turns), chance.randrange(len(turns))
            new = [copied, turns[place]]
    return [*turns[:place], *new, *turns[place + 1 :]]


@pytest.mark.parametrize("most", [500, 2_000, 8_000])
@pytest.mark.parametrize(("told", "edits"), [(six_hours, EDITS), (in_circles, EDITS), (in_one_breath, EDITS[:3])])
def test_no_edit_of_a_turn_makes_more_than_three_new_chunks(told, edits, most):
    turns, chance = told(), random.Random(most)
    chunks = split(meeting_of(turns), most, WINDOW.count)
    marks, before = [chunk.mark for chunk in chunks], {chunk.meeting.transcript for chunk in chunks}
    openings = starts_of(marks)
    opening = [at for at, line in enumerate(text_of(turns).splitlines()) if hashlib.sha256(line.encode()).hexdigest()[:32] in openings]
    for edit in edits:
        for _ in range(4):
            meeting = meeting_of(edited(turns, edit, chance, opening, most))
            after = split(meeting, most, WINDOW.count, marks)
            assert sum(chunk.meeting.transcript not in before for chunk in after) <= 3, edit
            assert max(WINDOW.count(chunk.meeting.transcript) for chunk in after) <= most
            covered = {turn for chunk in after for turn in range(chunk.first_turn, chunk.last_turn + 1)}
            assert covered == set(range(1, len(meeting.turns) + 1))
            undone = split(meeting_of(turns), most, WINDOW.count, [chunk.mark for chunk in after])
            assert sum(chunk.meeting.transcript not in before for chunk in undone) <= 3, edit


def test_a_hundred_edits_leave_no_more_and_no_larger_chunks_than_a_new_cut():
    turns, chance, most = six_hours(), random.Random(4), 2_000
    known = [chunk.mark for chunk in split(meeting_of(turns), most, WINDOW.count)]
    bought: set[str] = set()
    for number in range(100):
        turns = edited(turns, EDITS[number % len(EDITS)], chance, [], most // 8)
        chunks = split(meeting_of(turns), most, WINDOW.count, known)
        assert number == 0 or sum(chunk.meeting.transcript not in bought for chunk in chunks) <= 3
        bought |= {chunk.meeting.transcript for chunk in chunks}
        known = [chunk.mark for chunk in chunks]
    assert max(WINDOW.count(chunk.meeting.transcript) for chunk in chunks) <= most
    assert len(chunks) <= len(split(meeting_of(turns), most, WINDOW.count)) * 1.1


def test_a_stretch_that_moves_takes_no_chunk_with_it_that_it_passes():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    before = {chunk.meeting.transcript for chunk in chunks}
    moved = [*turns[:500], *turns[700:2_000], *turns[500:700], *turns[2_000:]]
    after = split(meeting_of(moved), 2_000, WINDOW.count, [chunk.mark for chunk in chunks])
    assert sum(chunk.meeting.transcript not in before for chunk in after) <= 9


def test_what_an_earlier_version_knew_of_a_cut_or_a_stranger_wrote_there_is_no_obstacle():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    before = {chunk.meeting.transcript for chunk in chunks}
    after = split(meeting_of([("Ana", "Wait."), *turns]), 2_000, WINDOW.count, [chunk.mark.partition(":")[0] for chunk in chunks])
    assert sum(chunk.meeting.transcript not in before for chunk in after) <= 3
    for known in (["x"], ["", ":"], [chunks[0].mark[:-1]], ["0" * 32 + ":999999999:" + "0" * 32], [chunks[3].mark, chunks[1].mark] * 9):
        assert {chunk.last_turn for chunk in split(meeting_of(turns), 2_000, WINDOW.count, known)} >= {len(turns)}


# Buying


def test_six_hours_are_asked_about_in_parts_that_fit_and_nothing_is_lost(world):
    turns = six_hours()
    result = run(world, turns)
    *chunks, summary = world.engine.requests
    assert len(chunks) > 20
    assert is_summary(summary)
    assert max(most_input_tokens(request, WINDOW.count) + request.max_output_tokens for request in world.engine.requests) <= WINDOW.tokens
    assert {line for request in chunks for line in spoken_in(request)} >= set(text_of(turns[:700]).splitlines())
    reported = {item["quote"] for request in chunks for item in minutes_of(request)["key_points"]}
    kept = [item["evidence"]["quote"] for item in result["key_points"]]
    assert len(kept) == len(reported) > 100
    assert {said.rstrip(".") for said in reported} == {said.rstrip(".") for said in kept}  # each once, twins of overlaps merged
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
        turns[place] = (speaker, chance.choice([f"{said} And one more thing.", "No.", said.replace("loan", "debt") + " Yes."]))
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
        turns[place] = (turns[place][0], f"{turns[place][1]} {' '.join(chance.choices(WORDS, k=chance.choice([1, 900])))}.")
        run(world, turns, Status.CHANGED)
        assert world.calls <= 4, place
    assert max(most_input_tokens(request, WINDOW.count) + request.max_output_tokens for request in world.engine.requests) <= WINDOW.tokens


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
    assert max(counts) <= 6


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
    turns[1671] = ("Ana", "It is quite another thing that was meant.")  # opens a chunk: without the earlier cut, ten would move
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
    for edited in ([*turns[:900], *turns[901:]], [*turns[:1500], ("Zoë", "One more question on the lease."), *turns[1500:]]):
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
    assert world.outcomes["a.json"].usage.requests == 10
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
    assert max(most_input_tokens(request, WINDOW.count) + request.max_output_tokens for request in repairs) <= WINDOW.tokens


def test_a_repair_that_the_window_has_no_room_for_is_not_bought(world):
    world.engine.script = lambda request: answered({"language": "so long an answer " * 800})
    world.put("a.json", explicit(text_of(six_hours()[:600])))
    assert (world.run()["a.json"].reason, max(len(request.messages) for request in world.engine.requests)) == ("invalid", 3)


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


# Merging


def found_in(meeting):
    return EvidenceFinder(meeting)


def item(text, quote, **more):
    return {"text": text, "quote": quote, **more}


TALK = meeting_of(
    [
        ("Ana", "I will send the contract on Friday."),
        ("Rui", "And I check the rates by Monday."),
        ("Ana", "Agreed, Rui. I send the offer and the invoice to Zoë."),
    ]
)
SENT, CHECKED = "I will send the contract on Friday.", "And I check the rates by Monday."
BOTH = "I send the offer and the invoice to Zoë."


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (item("The contract is sent.", SENT), item("the contract is SENT", None), 1),  # the same words
        (item("Ana sends the contract.", SENT), item("The contract is sent by Ana on Friday.", SENT.upper()), 1),  # on the same words
        (item("Ana sends the contract.", SENT), item("Somebody is glad.", SENT), 2),  # on the same words, of something else
        (item("Ana sends the contract.", SENT), item("Ana sends the rates.", CHECKED), 2),
        (item("Ana sends the contract.", SENT), item("The contract is sent by Ana.", "send the contract on Friday"), 1),  # on much the same
        (item("Send the offer to Zoë.", BOTH), item("Send the invoice to Zoë.", BOTH), 2),  # two things in one sentence
        (item("Send the offer to Zoë.", BOTH), item("Zoë is to be sent the offer.", BOTH), 1),
        (item("It is sent.", "never said"), item("It was posted.", "never said"), 2),
        (item("It is done.", SENT, owner="Ana"), item("It is done.", SENT, owner="Rui"), 2),
        (item("It is done.", SENT, owner="Ana"), item("It is done.", SENT, owner=None), 1),
    ],
)
def test_twins_are_those_that_say_the_same_or_stand_on_the_same_words(first, second, left):
    assert len(unite([[first], [second]], found_in(TALK), "text")) == left
    assert len(unite([[first, second]], found_in(TALK), "text")) == 2  # one model saw both and told them apart


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ({"rule": "costs", "quote": SENT}, {"rule": "costs", "quote": CHECKED}, 2),  # two breaches of one rule
        ({"rule": "costs", "quote": SENT}, {"rule": "costs", "quote": SENT.upper()}, 1),
        ({"rule": "costs", "quote": SENT}, {"rule": "costs", "quote": None}, 1),
        ({"rule": "costs", "why": "It is late.", "quote": SENT}, {"rule": "risks", "why": "It is late.", "quote": SENT}, 2),
        (
            {"what": "a fee for late payment", "amount": 30, "quote": SENT},
            {"what": "a fee for late payment", "amount": 40, "quote": SENT},
            2,
        ),
        (
            {"need": "The contract is sent.", "level": "low", "quote": SENT},
            {"need": "The contract is sent", "level": "high", "quote": SENT},
            1,
        ),
        ({"need": "It is sent.", "owner": "Ana", "quote": SENT}, {"need": "It is sent.", "owner": "ANA", "quote": SENT}, 1),
    ],
)
def test_in_a_task_of_the_users_own_what_tells_two_items_apart_may_be_a_word_or_the_quote(first, second, left):
    assert len(unite([[first], [second]], found_in(TALK))) == left


def test_of_twins_stays_what_is_proved_and_what_is_known():
    weak = item("The contract is sent.", "never said", owner=None, status="tentative")
    strong = item("The contract is sent.", SENT, owner="Ana", status="agreed")
    expected = [item("The contract is sent.", SENT, owner="Ana", status="agreed")]
    assert unite([[weak], [strong]], found_in(TALK), "text") == unite([[strong], [weak]], found_in(TALK), "text") == expected


def test_sentiment_is_the_mean_by_how_much_was_said():
    turns = [("Ana", "good " * 200), ("Rui", "bad " * 100), ("Ana", "good " * 200), ("Rui", "bad " * 100)]
    meeting = meeting_of(turns)
    chunks = split(meeting, 330, WINDOW.count)
    base = {name: extract_answer()[name] for name in ("language", "customer_name", "banker_name", "meet_type", "summary")}

    def answer(score, chunk):
        return {
            **base,
            "key_points": [],
            "action_items": [],
            "risks": [],
            "sentiment_score": score,
            "speakers": [{"name": "ana", "sentiment_score": score, "quote": None}],
            "timeline": [
                {"part": part, "sentiment_score": score, "quote": f"{score}"} for part in range(1, len(chunk.meeting.stretches) + 1)
            ],
        }

    answers = [answer(score, chunk) for score, chunk in zip((0.2, 0.8, 0.5, 0.5, 0.5), chunks, strict=False)]
    merged = merge_answers(answers, chunks[: len(answers)], meeting)
    assert 0.2 < merged["sentiment_score"] < 0.8
    assert len(merged["speakers"]) == 1
    assert [item["part"] for item in merged["timeline"]] == sorted({item["part"] for item in merged["timeline"]})
    assert all(0.2 <= item["sentiment_score"] <= 0.8 for item in merged["timeline"])
