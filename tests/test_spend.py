"""The half that costs money, behind a plan made from real files, over fakes."""

import asyncio
import json
import threading
from decimal import Decimal
from types import SimpleNamespace

import pytest

from meetcli.answers.validate import judge
from meetcli.errors import AnswerError, CacheError, CallError, RunStopped
from meetcli.models import Reply, Status, Usage
from meetcli.tasks.prompt import FIRST_CAP, RAISED_CAP
from tests.corridor import World, answered, explicit, extract_answer
from tests.fakes import ScriptedLeases

LONG = "\n".join(f"Ana: this is sentence number {number} of a long meeting." for number in range(60))


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.put("a.json", explicit())
    return world


def scripted(*replies):
    """Return a script that gives the replies in order."""
    left = list(replies)
    return lambda request: left.pop(0)


def failure(reason="timeout"):
    return Reply("", None, usage=Usage(requests=3), error=CallError("no answer in time", reason=reason))


def test_result_carries_metadata_answer_evidence_and_purchase(world):
    world.put("a.json", explicit(customer_name="Horta Verde", banker_name=None))
    world.engine.script = lambda request: answered(extract_answer(customer_name="Wrong", banker_name="Ana"))
    world.run()
    result = json.loads(world.results["a.json"])
    assert result["action_items"][0]["due_date"] == "2025-10-17"
    assert (result["customer_name"], result["banker_name"]) == ("Horta Verde", "Ana")
    assert result["key_points"][0]["evidence"]["turn"] == 1
    assert result["provenance"]["usage"] == {
        "input_tokens": 1000,
        "cached_input_tokens": 0,
        "output_tokens": 100,
        "requests": 1,
    }
    assert result["provenance"]["cost_usd"] == "1.1"


def test_invalid_answer_is_repaired_once_quoting_what_is_wrong(world):
    world.engine.script = scripted(answered(extract_answer(topics="plan")), answered(extract_answer()))
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.spent.usage.requests, outcome.spent.cost_usd) == (Status.MISS, 2, Decimal("2.2"))
    first, repair = world.engine.requests
    assert repair.messages[: len(first.messages)] == first.messages
    assert [message.role for message in repair.messages[len(first.messages) :]] == ["assistant", "user"]
    assert "topics" in repair.messages[-1].content
    assert json.loads(world.results["a.json"])["provenance"]["cost_usd"] == "2.2"


def test_answer_still_invalid_after_its_repair_fails_and_is_remembered(world):
    world.engine.script = lambda request: answered("{}")
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, outcome.spent.cost_usd, world.calls) == (
        Status.FAILED,
        "invalid",
        Decimal("2.2"),
        2,
    )
    assert world.run()["a.json"].reason == "known_failure"


def test_what_is_wrong_after_the_repair_is_said_by_place_and_rule(world):
    world.engine.script = lambda request: answered(extract_answer(topics="plan"))
    assert "invalid after one repair: topics: list type" in world.run()["a.json"].error


@pytest.mark.parametrize("score", [-1023845678, 1.5, "NaN", None])
def test_score_that_no_grammar_stops_is_repaired(world, score):
    world.task = "analyze"
    good = {
        **{
            name: value
            for name, value in extract_answer().items()
            if name not in ("topics", "decisions", "open_questions", "participants")
        },
        "sentiment_score": 0.7,
        "risks": [],
        "speakers": [],
        "timeline": [],
    }
    world.engine.script = scripted(answered({**good, "sentiment_score": score}), answered(good))
    assert world.run()["a.json"].status is Status.MISS
    assert json.loads(world.results["a.json"])["sentiment_label"] == "positive"


@pytest.mark.parametrize(("words", "calls"), [(150, 1), (50, 1), (49, 2), (300, 1), (301, 2)])
def test_only_a_summary_far_off_is_worth_a_repair(world, words, calls):
    world.put("a.json", explicit(LONG))
    world.engine.script = scripted(
        answered(extract_answer(summary="word " * words)), answered(extract_answer(summary="word " * 150))
    )
    assert world.run()["a.json"].status is Status.MISS
    assert world.calls == calls


def test_short_transcript_may_have_a_short_summary(world):
    world.run()
    assert world.calls == 1


def test_summary_still_far_off_after_the_repair_is_taken(world):
    world.put("a.json", explicit(LONG))
    world.engine.script = lambda request: answered(extract_answer(summary="Short."))
    assert world.run()["a.json"].status is Status.MISS
    assert world.calls == 2


def test_worse_repair_falls_back_to_the_first_answer(world):
    world.put("a.json", explicit(LONG))
    world.engine.script = scripted(answered(extract_answer(summary="Short.")), answered("no JSON at all"))
    assert world.run()["a.json"].status is Status.MISS
    assert json.loads(world.results["a.json"])["summary"] == "Short."


def test_cut_answer_is_asked_again_with_the_higher_cap_and_never_with_the_cut_text(world):
    world.engine.script = scripted(answered('{"language": "en", "summ', finish="length"), answered(extract_answer()))
    assert world.run()["a.json"].status is Status.MISS
    first, second = world.engine.requests
    assert (first.max_output_tokens, second.max_output_tokens) == (FIRST_CAP, RAISED_CAP)
    assert first.messages == second.messages
    assert first.digest != second.digest


def test_answer_cut_at_the_highest_cap_fails_and_is_remembered(world):
    world.engine.script = lambda request: answered("{", finish="length")
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, "truncated", 2)
    assert world.run()["a.json"].reason == "known_failure"


@pytest.mark.parametrize(
    ("text", "written", "words"),
    [
        ("{", RAISED_CAP, "cut at 16,384 output tokens"),
        ("{", 900, "the window was full"),
        ("", RAISED_CAP, "16,384 output tokens on reasoning"),
    ],
)
def test_what_an_answer_ran_out_of_is_named(world, text, written, words):
    world.engine.script = lambda request: answered(text, finish="length", usage=Usage(1000, 0, written, 1))
    outcome = world.run()["a.json"]
    assert (outcome.reason, world.calls) == ("truncated", 2)
    assert words in outcome.error


def test_a_cut_answer_that_no_higher_cap_can_save_is_remembered_without_being_bought_again(world):
    error = AnswerError("the answer was cut at 4,096 output tokens, the most that the server gives", reason="truncated")
    refused = Reply("", None, usage=Usage(requests=1), error=error)
    world.engine.script = scripted(answered("{", finish="length"), refused)
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, "truncated", 2)
    assert world.run()["a.json"].reason == "known_failure"


def test_a_paid_reply_that_comes_with_an_error_is_kept_and_its_request_asked_again(world):
    error = CallError("the server read 5 of about 900 tokens", reason="not_read")
    unread = answered(extract_answer(), usage=Usage(5, 0, 100, 1))._replace(error=error)
    world.engine.script = scripted(unread, answered(extract_answer()))
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason) == (Status.FAILED, "not_read")
    assert [key for key in world.items.items if key.startswith("reply:")]
    assert "a.json" not in world.results
    assert world.run()["a.json"].status is Status.MISS


@pytest.mark.parametrize("usage", [Usage(0, 0, 0, 1), Usage(1000, 0, 0, 1)])
def test_an_answer_whose_tokens_nobody_counted_has_no_price(world, usage):
    world.engine.script = lambda request: answered(extract_answer(), usage=usage)
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.spent.cost_usd) == (Status.MISS, None)
    assert json.loads(world.results["a.json"])["provenance"]["cost_usd"] is None
    assert world.run()["a.json"].saved_usd is None


@pytest.mark.parametrize("finish", ["refusal", "content_filter"])
def test_refusals_are_told_apart_and_not_asked_again(world, finish):
    world.engine.script = lambda request: Reply("", None, finish, Usage(900, 0, 5, 1))
    outcome = world.run()["a.json"]
    assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, finish, 1)


def test_call_that_got_no_answer_fails_only_its_meeting_and_is_not_remembered(world):
    world.put("b.json", explicit(meeting_id="M-2"))
    world.engine.script = scripted(failure(), answered(extract_answer()))
    world.run()
    assert world.statuses() == {"a.json": "failed", "b.json": "miss"}
    assert (world.outcomes["a.json"].reason, world.outcomes["a.json"].spent.usage.requests) == ("timeout", 3)
    world.engine.script = lambda request: answered(extract_answer())
    world.run()
    assert world.statuses() == {"a.json": "miss", "b.json": "hit"}


def test_paid_reply_of_an_unsettled_meeting_is_not_bought_again(world):
    world.engine.script = scripted(answered("{}"), failure("connection"))
    assert world.run()["a.json"].status is Status.FAILED
    world.engine.script = lambda request: answered(extract_answer())
    outcome = world.run()["a.json"]
    assert (outcome.status, world.calls) == (Status.MISS, 1)
    assert world.engine.requests[0].messages[-1].role == "user"
    assert len(world.engine.requests[0].messages) == 5, "the first reply was kept, so only its repair was asked for"
    assert outcome.spent.cost_usd == Decimal("1.1")
    assert json.loads(world.results["a.json"])["provenance"]["cost_usd"] == "2.2", "the result tells the whole purchase"
    assert not [key for key in world.items.items if key.startswith("reply:")]


def test_bug_while_judging_keeps_the_paid_reply(world, monkeypatch):
    def bug(*arguments, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("meetcli.spend.questions.judge", bug)
    with pytest.raises(ZeroDivisionError):
        world.run()
    monkeypatch.undo()
    world.put("b.json", explicit(meeting_id="M-2"))
    world.run()
    assert world.statuses() == {"a.json": "miss", "b.json": "miss"}
    assert world.calls == 1, "what was paid for one meeting is not another's, though they read alike"
    assert not [key for key in world.items.items if key.startswith("reply:")]
    world.run(is_refresh=True)
    assert world.calls == 2


def test_no_call_can_work_stops_the_run_with_the_rest_not_attempted(world):
    for number in range(3):
        world.put(f"b{number}.json", explicit(meeting_id=f"M-{number + 2}"))
    world.engine.script = scripted(answered(extract_answer()), RunStopped("the key was refused"))
    with pytest.raises(RunStopped):
        world.run()
    assert world.statuses() == {
        "a.json": "miss",
        "b0.json": "not_attempted",
        "b1.json": "not_attempted",
        "b2.json": "not_attempted",
    }


def test_results_that_cannot_be_written_stop_the_run_with_what_was_bought_in_the_cache(world):
    world.put("b.json", explicit(meeting_id="M-2"))
    world.write_error = RunStopped("disk full")
    with pytest.raises(RunStopped):
        world.run()
    assert world.calls == 1
    world.write_error = None
    world.run()
    assert world.statuses() == {"a.json": "hit", "b.json": "miss"}


def test_stop_finishes_what_is_under_way_and_calls_nothing_more(world):
    world.put("b.json", explicit(meeting_id="M-2"))
    asked = []
    world.is_stopping = lambda: bool(asked)
    world.engine.script = lambda request: (asked.append(1), answered(extract_answer()))[1]
    world.run()
    assert world.statuses() == {"a.json": "miss", "b.json": "not_attempted"}
    assert world.outcomes["b.json"].reason == "stopped"


def test_meeting_stopped_before_its_repair_goes_on_from_there_later(world):
    asked = []
    world.is_stopping = lambda: bool(asked)
    world.engine.script = lambda request: (asked.append(1), answered("{}"))[1]
    assert world.run()["a.json"].status is Status.NOT_ATTEMPTED
    assert world.outcomes["a.json"].spent.cost_usd == Decimal("1.1")
    world.is_stopping = lambda: False
    world.engine.script = lambda request: answered(extract_answer())
    world.run()
    assert len(world.engine.requests[0].messages) == 5


def test_input_that_changed_between_plan_and_call_fails_and_is_not_bought(world, monkeypatch):
    from meetcli.spend import asking

    compose = asking.compose
    monkeypatch.setattr(
        asking,
        "compose",
        lambda *arguments: (world.put("b.json", explicit("Ana: Changed.", meeting_id="M-2")), compose(*arguments))[1],
    )
    world.put("b.json", explicit(meeting_id="M-2"))
    world.run()
    assert world.statuses() == {"a.json": "miss", "b.json": "failed"}
    assert world.calls == 1


def test_unknown_price_is_unknown_and_never_zero(world):
    world.price = lambda usage: None
    outcome = world.run()["a.json"]
    assert outcome.spent.cost_usd is None
    assert json.loads(world.results["a.json"])["provenance"]["cost_usd"] is None
    assert world.run()["a.json"].saved_usd is None


def test_cache_that_cannot_be_written_is_one_warning_and_the_result_goes_out(world, monkeypatch):
    world.put("b.json", explicit(meeting_id="M-2"))

    def full(items, **options):
        raise CacheError("no space left")

    monkeypatch.setattr(world.items, "set", full)
    world.run()
    assert world.statuses() == {"a.json": "miss", "b.json": "miss"}
    assert len(world.results) == 2
    assert len(world.warnings) == 1


def test_cache_that_cannot_be_read_is_one_warning_and_a_miss(world, monkeypatch):
    def broken(keys):
        raise CacheError("cannot read")

    monkeypatch.setattr(world.items, "get_many", broken)
    assert world.run()["a.json"].status is Status.MISS
    assert len(world.warnings) == 1


def test_nothing_of_the_transcript_or_the_reply_stands_in_a_cache_key_or_an_error(world):
    world.put("a.json", explicit("Ana: the canary sings"))
    world.engine.script = lambda request: answered(extract_answer(summary=5, topics=["canary"]))
    world.run()
    assert all("canary" not in key for key in world.items.items)
    assert "canary" not in world.outcomes["a.json"].error


def in_another_thread(run):
    """Run where no event loop is running yet, and wait."""
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


class TestSingleFlight:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch):
        monkeypatch.setattr("meetcli.spend.POLL_S", 0.001)

    @pytest.fixture
    def elsewhere(self, tmp_path_factory, world):
        """Another run on the same cache, and the name of the lease it takes for the meeting."""
        other = World(tmp_path_factory.mktemp("elsewhere"))
        other.put("a.json", explicit())
        other.items = world.items
        return other

    def held_lease(self, elsewhere):
        elsewhere.leases = ScriptedLeases(
            asked=lambda names: elsewhere.__dict__.setdefault("lease", next(iter(names), None))
        )
        elsewhere.run(cached=True)
        elsewhere.items.clear()
        return elsewhere.lease

    def test_what_somebody_else_is_buying_is_left_until_last_and_taken_over(self, world, elsewhere):
        world.put("b.json", explicit(meeting_id="M-2"))
        lease = self.held_lease(elsewhere)
        elsewhere.leases = None
        polls = []

        def asked(names):
            polls.append(names)
            if len(polls) == 4:
                elsewhere.engine.script = lambda request: answered(extract_answer(summary="Theirs."))
                in_another_thread(elsewhere.run)

        world.leases = ScriptedLeases([lease], asked)
        world.run()
        assert (world.statuses(), world.calls) == ({"b.json": "miss", "a.json": "shared"}, 1)
        assert list(world.outcomes) == ["b.json", "a.json"]
        assert json.loads(world.results["a.json"])["summary"] == "Theirs."
        assert world.outcomes["a.json"].saved_usd == Decimal("1.1")

    def test_winner_that_died_leaves_the_meeting_to_the_loser(self, world, elsewhere):
        world.leases = ScriptedLeases([self.held_lease(elsewhere)])
        polls = []
        world.leases.asked = lambda names: (polls.append(names), world.leases.held.clear() if len(polls) == 3 else None)
        assert world.run()["a.json"].status is Status.MISS
        assert world.leases.ours == set()

    def test_failure_that_the_winner_paid_for_is_not_paid_for_again(self, world, elsewhere):
        lease = self.held_lease(elsewhere)
        elsewhere.leases = None
        elsewhere.engine.script = lambda request: Reply("", None, "refusal")
        world.leases = ScriptedLeases(
            [lease], lambda names: in_another_thread(elsewhere.run) if not elsewhere.items.items else None
        )
        outcome = world.run()["a.json"]
        assert (outcome.status, outcome.reason, world.calls) == (Status.FAILED, "known_failure", 0)

    def test_run_that_lost_its_lease_takes_the_answer_that_was_saved_first(self, world, elsewhere):
        world.leases = ScriptedLeases()

        def suspended(request):
            world.leases.held.update(world.leases.ours)
            elsewhere.engine.script = lambda request: answered(extract_answer(summary="Theirs."))
            in_another_thread(elsewhere.run)
            return answered(extract_answer(summary="Ours."))

        world.engine.script = suspended
        outcome = world.run()["a.json"]
        assert (outcome.status, outcome.spent.cost_usd) == (Status.MISS, Decimal("1.1"))
        assert json.loads(world.results["a.json"])["summary"] == "Theirs."
        assert world.run()["a.json"].status is Status.HIT
        assert json.loads(world.results["a.json"])["summary"] == "Theirs."

    def test_refresh_does_not_take_an_answer_from_before_the_run(self, world):
        world.run()
        world.later(seconds=1)
        world.leases = ScriptedLeases()
        assert world.run(is_refresh=True)["a.json"].status is Status.REFRESHED

    def test_refresh_does_not_take_an_answer_of_a_clock_that_was_set_back(self, world):
        world.later(days=3)
        world.run()
        world.later(days=-3)
        world.leases = ScriptedLeases()
        assert world.run(is_refresh=True)["a.json"].status is Status.REFRESHED
        assert world.run()["a.json"].status is Status.HIT

    def test_refresh_takes_what_a_machine_buys_meanwhile_whose_clock_is_ahead(self, world, elsewhere):
        lease = self.held_lease(elsewhere)
        elsewhere.leases = None
        elsewhere.later(seconds=20)
        world.leases = ScriptedLeases(
            [lease], lambda names: in_another_thread(elsewhere.run) if not elsewhere.items.items else None
        )
        assert world.run(is_refresh=True)["a.json"].status is Status.SHARED

    def test_leases_that_cannot_be_kept_are_one_warning(self, world):
        def broken(names):
            raise CacheError("disk gone")

        world.leases = ScriptedLeases(asked=broken)
        world.put("b.json", explicit(meeting_id="M-2"))
        world.run()
        assert world.statuses() == {"a.json": "miss", "b.json": "miss"}
        assert len(world.warnings) == 1

    def test_stop_while_waiting_leaves_the_meeting_to_its_buyer(self, world, elsewhere):
        polls = []
        world.leases = ScriptedLeases([self.held_lease(elsewhere)], polls.append)
        world.is_stopping = lambda: len(polls) > 2
        outcome = world.run()["a.json"]
        assert (outcome.status, outcome.reason) == (Status.NOT_ATTEMPTED, "stopped")


def test_replies_are_kept_the_moment_they_arrive_before_any_is_judged(world, monkeypatch):
    for name in "bcde":
        world.put(f"{name}.json", explicit(meeting_id=name))
    kept, events = [], []
    arrived = threading.Event()

    async def all_at_once(requests):
        asked = [await anext(requests) for _ in range(5)]
        for request in asked:
            yield answered(extract_answer())._replace(request_id=request.id)
        await asyncio.sleep(0)
        kept.extend(name for name in world.items.items if name.startswith("reply:"))
        events.append("kept")
        arrived.set()
        async for request in requests:
            raise AssertionError(request)

    def watched(*arguments, **options):
        events.append("judged")
        return judge(*arguments, **options)

    world.engine = SimpleNamespace(complete=all_at_once, requests=[])
    world.prepare = lambda: arrived.wait(5)  # a model that takes long to load
    monkeypatch.setattr("meetcli.spend.questions.judge", watched)
    world.run()
    assert (len(kept), events) == (5, ["kept", *["judged"] * 5])
    assert set(world.statuses().values()) == {"miss"}
    assert not [name for name in world.items.items if name.startswith("reply:")]


def test_what_cannot_be_prepared_ends_no_run(world):
    def fail():
        raise OSError(28, "No space left on device")

    world.prepare = fail
    world.run()
    assert world.statuses() == {"a.json": "miss"}


def test_five_answers_alike_that_cannot_be_used_stop_the_run(world):
    for number in range(20):
        world.put(f"{number:02}.json", explicit(meeting_id=f"M-{number}"))
    world.engine.script = lambda request: answered(extract_answer(topics="plan"))
    with pytest.raises(RunStopped, match=r"5 meetings in a row ended alike.*topics: list type"):
        world.run()
    assert world.calls == 10  # each was repaired once
    assert list(world.statuses().values()).count("failed") == 6  # one of them is a twin


def test_what_ended_otherwise_before_them_hides_no_five_alike(world):
    for number in range(20):
        world.put(f"{number:02}.json", explicit(meeting_id=f"M-{number}"))
    ids = []

    def script(request):
        ids.append(request.id)
        return answered(extract_answer(**({"summary": 7} if len(set(ids)) < 3 else {"topics": "plan"})))

    world.engine.script = script
    with pytest.raises(RunStopped, match=r"5 meetings in a row ended alike.*topics: list type"):
        world.run()
    assert world.calls == 14  # two that broke another rule, then five


@pytest.mark.parametrize("good", [0, 4])
def test_one_answer_that_can_be_used_lets_the_run_go_on(world, good):
    for number in range(12):
        world.put(f"{number:02}.json", explicit(meeting_id=f"M-{number}"))
    ids = []

    def script(request):
        ids.append(request.id)
        is_good = len(set(ids)) == good + 1
        return answered(extract_answer() if is_good else extract_answer(topics="plan"))

    world.engine.script = script
    world.run()
    assert list(world.statuses().values()).count("failed") >= 11
