import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.errors import UsageError
from meetcli.models import Usage
from meetcli.money.pricing import context_window, open_price, serves

USED = Usage(input_tokens=1_000_000, cached_input_tokens=400_000, output_tokens=100_000, requests=3)
UNUSED = Usage(requests=5)


def refuse_reading(path):
    raise AssertionError(path)


def price_of(source, model, usage, lane="standard", *, is_free=False, text=None):
    read_toml = refuse_reading if text is None else lambda path: tomllib.loads(text, parse_float=Decimal)
    return open_price(source, model, is_free=is_free, read_toml=read_toml)(usage, lane)


def test_openai_s_models_have_a_price_with_cached_tokens_cheaper():
    price = price_of("openai", "gpt-4o", USED)
    without_cache = price_of("openai", "gpt-4o", Usage(1_000_000, 0, 100_000))
    assert isinstance(price, Decimal)
    assert Decimal(0) < price < without_cache


@pytest.mark.parametrize("model", ["gpt-nope", "llama3.1:8b", "", "ft:gpt-4o:acme:1"])
def test_an_unknown_model_has_an_unknown_price(model):
    assert price_of("openai", model, USED) is None


def test_more_cached_tokens_than_tokens_count_as_all_of_them():
    assert price_of("openai", "gpt-4o", Usage(10, 99, 1)) == price_of("openai", "gpt-4o", Usage(10, 10, 1))


def test_impossible_counts_have_an_unknown_price():
    assert price_of("openai", "gpt-4o", Usage(-5, 0, 1)) is None


def test_without_prices_everything_used_is_unknown():
    assert price_of("none", "gpt-4o", USED) is None


@pytest.mark.parametrize("source", ["openai", "none", "file.toml"])
def test_attempts_that_used_nothing_cost_nothing(source):
    assert price_of(source, "whatever", UNUSED, text="") == 0


@pytest.mark.parametrize("source", ["openai", "none", "file.toml"])
def test_a_free_engine_costs_nothing_without_reading_prices(source):
    assert price_of(source, "local-1", USED, is_free=True) == 0


def test_a_price_file_is_exact():
    text = '["my/model:8b"]\ninput = 0.5\ncached_input = 0.05\noutput = 2\n'
    assert price_of("my.toml", "my/model:8b", USED, text=text) == Decimal("0.3") + Decimal("0.02") + Decimal("0.2")
    assert price_of("my.toml", "gpt-4o", USED, text=text) is None


def test_cached_tokens_cost_the_full_price_where_the_file_says_nothing_else():
    assert price_of("p", "m", USED, text="[m]\ninput = 1\noutput = 0\n") == 1


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_price_is_never_negative_and_grows_with_use(given_input, cached, output):
    text = "[m]\ninput = 1\ncached_input = 0.1\noutput = 3\n"
    used = price_of("p", "m", Usage(given_input, cached, output), text=text)
    assert 0 <= used <= price_of("p", "m", Usage(given_input + 1, cached, output + 1), text=text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m = 1", "model 'm': must have input and output"),
        ("[m]\ninput = 1\n", "must have input and output"),
        ("[m]\ninput = 1\noutput = 1\npriority = 1\n", "must have input and output"),
        ("[m]\ninput = -1\noutput = 1\n", "input = -1 must be a number of zero or more"),
        ("[m]\ninput = nan\noutput = 1\n", "input = NaN must be"),
        ("[m]\ninput = true\noutput = 1\n", "input = True must be"),
        ('[m]\ninput = "1"\noutput = 1\n', "input = 1 must be"),
    ],
)
def test_a_price_file_that_cannot_be_used_is_named(text, message):
    with pytest.raises(UsageError) as refused:
        price_of("my.toml", "m", USED, text=text)
    assert "price file 'my.toml'" in refused.value.message
    assert message in refused.value.message


def test_prices_need_no_network_and_start_no_updater():
    program = (
        "import socket, sys, threading\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from meetcli.models import Usage\n"
        "from meetcli.money.pricing import open_price, serves\n"
        "price = open_price('openai', 'gpt-4o', read_toml=None)\n"
        "assert 'genai_prices' not in sys.modules\n"
        "assert price(Usage(1000, 0, 10, 1), 'standard') > 0\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("model", "lane"), [("gpt-5", "flex"), ("gpt-5-mini-2025-08-07", "batch"), ("o3", "flex"), ("gpt-4o", "batch")]
)
def test_a_lane_costs_half_of_the_standard_price(model, lane):
    used = Usage(1_000_000, 0, 100_000, 1)
    assert price_of("openai", model, used, lane) * 2 == price_of("openai", model, used)
    assert serves("openai", model, lane)


def test_cached_input_is_not_cheaper_in_a_batch_whose_table_has_no_price_for_it():
    uncached = USED._replace(cached_input_tokens=0)
    assert price_of("openai", "gpt-4o", USED, "batch") == price_of("openai", "gpt-4o", uncached, "batch")
    assert price_of("openai", "gpt-5", USED, "batch") < price_of("openai", "gpt-5", uncached, "batch")


@pytest.mark.parametrize(
    ("source", "model", "lane", "expected"),
    [
        ("openai", "gpt-4o", "standard", True),
        ("openai", "gpt-4o", "flex", False),
        ("openai", "gpt-4o-audio-preview", "batch", False),
        ("openai", "gpt-nope", "flex", None),
        ("none", "gpt-4o", "flex", None),
        ("my.toml", "gpt-4o", "batch", None),
    ],
)
def test_only_what_is_known_of_a_lane_is_said(source, model, lane, expected):
    assert serves(source, model, lane) is expected


@pytest.mark.parametrize(("model", "lane"), [("gpt-4o", "flex"), ("gpt-nope", "batch")])
def test_a_lane_without_a_known_price_is_unknown_and_unused_costs_nothing(model, lane):
    assert price_of("openai", model, USED, lane) is None
    assert price_of("openai", model, UNUSED, lane) == 0


def test_a_price_file_says_what_its_lanes_cost():
    text = "[m]\ninput = 1\noutput = 0\nflex = 0.25\n"
    costs = [price_of("p", "m", USED, lane, text=text) for lane in ("standard", "flex", "batch")]
    assert costs == [Decimal(1), Decimal("0.25"), None]


def test_windows_of_openai_s_models_are_known_and_of_no_other() -> None:
    assert context_window("openai", "gpt-4o") == 128_000
    assert context_window("openai", "gpt-4.1") == 1_000_000
    assert context_window("openai", "no-such-model") is None
    assert context_window("none", "gpt-4o") is None
