"""A dry run beside the run it announces."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from meetcli.models import Usage
from meetcli.money.pricing import open_price
from meetcli.money.tokens import open_counter
from meetcli.plan.forecast import SAMPLED_ANSWERS, USUAL_OUTPUT_TOKENS, ForecastInputs, forecast, learn_output_tokens
from tests.corridor import World, answered, explicit, extract_answer
from tests.loopback_server import LoopbackServer


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def basis(world, **changes):
    fields = {
        "read_again": world.read_again,
        "count_tokens": len,
        "price": open_price("openai", "gpt-4o", read_toml=None),
        "serves": lambda lane: lane != "flex",
        "lane": "standard",
        "output_tokens": 900,
        "learned_from": 0,
        "concurrency": 8,
    }
    return ForecastInputs(**{**fields, **changes})


def planned(world, **changes):
    """Return the forecast of a dry run and its outcomes by source."""
    outcomes = {}
    world.dry_run()
    found = forecast(
        world.planned.jobs,
        assignment=world.assignment(),
        inputs=basis(world, **changes),
        deliver=lambda outcome, text: outcomes.update({outcome.source.shown: outcome}),
    )
    return found, outcomes


def test_every_lane_has_its_price_and_what_is_unknown_is_unknown(world):
    world.put("a.json", explicit())
    found, _ = planned(world)
    standard, flex, batch = (found.lanes[lane] for lane in ("standard", "flex", "batch"))
    assert batch.expected_usd * 2 == standard.expected_usd < standard.highest_usd
    assert (flex.is_served, flex.expected_usd, flex.highest_usd) == (False, None, None)


def test_a_meeting_s_share_of_the_plan_is_its_cost_and_twins_cost_nothing(world):
    world.put("a.json", explicit())
    world.put("b.json", explicit())
    world.put("c.json", explicit(meeting_id="M-2"))
    found, outcomes = planned(world)
    assert found.calls == 2
    assert [outcomes[name].reason for name in ("a.json", "b.json", "c.json")] == ["miss", "shared", "miss"]
    assert outcomes["b.json"].spent.cost_usd == 0
    assert sum(outcome.spent.cost_usd for outcome in outcomes.values()) == found.lanes["standard"].expected_usd


def test_an_unknown_price_is_unknown_in_every_lane(world):
    world.put("a.json", explicit())
    found, outcomes = planned(world, price=lambda usage, lane: None)
    assert {price.expected_usd for price in found.lanes.values()} == {None}
    assert outcomes["a.json"].spent.cost_usd is None


def test_an_input_that_changed_since_the_plan_fails_and_is_not_priced(world):
    world.put("a.json", explicit())
    world.dry_run()
    world.put("a.json", explicit(meeting_id="M-9"))
    outcomes = []
    found = forecast(
        world.planned.jobs,
        assignment=world.assignment(),
        inputs=basis(world),
        deliver=lambda outcome, text: outcomes.append(outcome),
    )
    assert (found.calls, [outcome.status.value for outcome in outcomes]) == (0, ["failed"])


def test_the_slowest_limit_decides_the_time(world):
    for number in range(4):
        world.put(f"{number}.json", explicit(meeting_id=f"M-{number}"))
    free = planned(world)[0].seconds
    assert planned(world, requests_a_minute=2)[0].seconds == 120
    assert planned(world, tokens_a_minute=60)[0].seconds > 1000 > free
    assert planned(world, lane="batch")[0].seconds == 24 * 3600


def test_expected_output_is_learned_from_what_the_same_model_answered(world):
    for number in range(3):
        world.put(f"{number}.json", explicit(meeting_id=f"M-{number}"))
        world.engine.script = lambda request, number=number: answered(
            extract_answer(), usage=Usage(1000, 0, 100 * (number + 1), 1)
        )
        world.run()
    assert learn_output_tokens(world.cache(), world.assignment()) == (200, 3)
    other = world.assignment()._replace(identity=world.identity._replace(model="gpt-5"))
    assert learn_output_tokens(world.cache(), other) == (USUAL_OUTPUT_TOKENS, 0)
    assert learn_output_tokens(None, world.assignment()) == (USUAL_OUTPUT_TOKENS, 0)
    assert SAMPLED_ANSWERS >= 100


def run_json(*arguments, server, folder):
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "OPENAI_API_KEY": "loopback",
        "OPENAI_BASE_URL": server.base_url,
        "MEETCLI_PRICES": "openai",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    command = [
        sys.executable,
        "-m",
        "meetcli",
        "extract",
        *map(str, arguments),
        "-o",
        str(folder / "out"),
        "--summary",
        "json",
    ]
    return json.loads(
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    )


def announced_statuses(summary):
    return {file["source"]: file["reason"] for file in summary["files"]}


@pytest.mark.shared
def test_dry_run_of_the_reference_meetings_announces_what_the_run_then_costs(shared_data, tmp_path):
    with LoopbackServer(count_tokens=open_counter("gpt-4o"), is_recording=False) as server:
        announced = run_json(shared_data / "transcripts", "--dry-run", server=server, folder=tmp_path)
        assert server.requests == announced["requests"] == 0
        real = run_json(shared_data / "transcripts", server=server, folder=tmp_path)
    assert announced["counts"]["total"] == real["counts"]["total"] == 43
    assert announced_statuses(announced) == {file["source"]: file["status"] for file in real["files"]}
    assert announced["plan"]["input_tokens"] == pytest.approx(real["usage"]["input_tokens"], rel=0.02)
    assert float(announced["cost_usd"]) == pytest.approx(float(real["cost_usd"]), rel=0.2)
    assert Decimal(real["cost_usd"]) <= Decimal(announced["plan"]["lanes"]["standard"]["highest_usd"])
    assert announced["plan"]["input_tokens_are"] == "counted"


def test_dry_run_tells_what_hits_what_changed_and_what_is_new(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.json").write_text(json.dumps(explicit(meeting_id=f"M-{number}")))
    with LoopbackServer() as server:
        run_json(folder / "0.json", folder / "1.json", server=server, folder=tmp_path)
        (folder / "1.json").write_text(json.dumps(explicit("Ana: Something else.\nRui: Yes.", meeting_id="M-1")))
        bought = server.requests
        announced = run_json(folder, "--dry-run", server=server, folder=tmp_path)
        assert server.requests == bought
    assert announced["counts"]["hit"] == 1
    assert sorted(file["reason"] or "hit" for file in announced["files"]) == ["changed", "hit", "miss"]
    assert announced["plan"]["output_learned_from"] == 2
    assert Decimal(announced["cost_usd"]) > 0
    assert announced["requests"] == 0
