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
from meetcli.pricing import open_prices

USED = Usage(input_tokens=1_000_000, cached_input_tokens=400_000, output_tokens=100_000, requests=3)
UNUSED = Usage(requests=5)


def refuse_reading(path):
    raise AssertionError(path)


def prices(source, *, engine="openai", text=None):
    return open_prices(
        source, engine=engine, read_toml=refuse_reading if text is None else lambda path: tomllib.loads(text, parse_float=Decimal)
    )


def test_openai_s_models_have_a_price_with_cached_tokens_cheaper():
    price = prices("openai")("gpt-4o", USED)
    without_cache = prices("openai")("gpt-4o", Usage(1_000_000, 0, 100_000))
    assert isinstance(price, Decimal)
    assert Decimal(0) < price < without_cache


@pytest.mark.parametrize("model", ["gpt-nope", "llama3.1:8b", "", "ft:gpt-4o:acme:1"])
def test_an_unknown_model_has_an_unknown_price(model):
    assert prices("openai")(model, USED) is None


def test_more_cached_tokens_than_tokens_count_as_all_of_them():
    assert prices("openai")("gpt-4o", Usage(10, 99, 1)) == prices("openai")("gpt-4o", Usage(10, 10, 1))


def test_impossible_counts_have_an_unknown_price():
    assert prices("openai")("gpt-4o", Usage(-5, 0, 1)) is None


def test_without_prices_everything_used_is_unknown():
    assert prices("none")("gpt-4o", USED) is None


@pytest.mark.parametrize("source", ["openai", "none", "file.toml"])
def test_attempts_that_used_nothing_cost_nothing(source):
    assert prices(source, text="")("whatever", UNUSED) == 0


@pytest.mark.parametrize("source", ["openai", "none", "file.toml"])
def test_the_local_engine_is_free_without_reading_prices(source):
    assert prices(source, engine="local")("local-1", USED) == 0


def test_a_price_file_is_exact():
    price = prices("my.toml", text='["my/model:8b"]\ninput = 0.5\ncached_input = 0.05\noutput = 2\n')
    assert price("my/model:8b", USED) == Decimal("0.3") + Decimal("0.02") + Decimal("0.2")
    assert price("gpt-4o", USED) is None


def test_cached_tokens_cost_the_full_price_where_the_file_says_nothing_else():
    assert prices("p", text="[m]\ninput = 1\noutput = 0\n")("m", USED) == 1


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_price_is_never_negative_and_grows_with_use(given_input, cached, output):
    price = prices("p", text="[m]\ninput = 1\ncached_input = 0.1\noutput = 3\n")
    used = price("m", Usage(given_input, cached, output))
    assert 0 <= used <= price("m", Usage(given_input + 1, cached, output + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m = 1", "model 'm': must have input and output"),
        ("[m]\ninput = 1\n", "must have input and output"),
        ("[m]\ninput = 1\noutput = 1\nbatch = 1\n", "must have input and output"),
        ("[m]\ninput = -1\noutput = 1\n", "input = -1 must be a number of zero or more"),
        ("[m]\ninput = nan\noutput = 1\n", "input = NaN must be"),
        ("[m]\ninput = true\noutput = 1\n", "input = True must be"),
        ('[m]\ninput = "1"\noutput = 1\n', "input = 1 must be"),
    ],
)
def test_a_price_file_that_cannot_be_used_is_named(text, message):
    with pytest.raises(UsageError) as refused:
        prices("my.toml", text=text)
    assert "price file 'my.toml'" in refused.value.message
    assert message in refused.value.message


def test_prices_need_no_network_and_start_no_updater():
    program = (
        "import socket, sys, threading\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from meetcli.models import Usage\n"
        "from meetcli.pricing import open_prices\n"
        "price = open_prices('openai', engine='openai', read_toml=None)\n"
        "assert 'genai_prices' not in sys.modules\n"
        "assert price('gpt-4o', Usage(1000, 0, 10, 1)) > 0\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[1])
