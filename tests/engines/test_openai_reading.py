"""What a server counted against what was sent, and what it said, fit to be shown."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from meetcli.engines.openai_reading import ReadingCheck
from meetcli.engines.openai_scrub import scrubbed
from meetcli.errors import CallError
from meetcli.models import Message, Usage
from tests.engines.openai_driver import SPOKEN, complete, complete_one, make_request
from tests.loopback_server import LoopbackServer, always, status

ENGLISH = "We review the portfolio and agree on the next steps for the plan. "
HINDI = "हम पोर्टफोलियो की समीक्षा करते हैं और अगले कदमों पर सहमत होते हैं। "


def body(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def windowed(most: int) -> Any:
    """Return how a server counts that drops the messages which do not fit its window."""
    return lambda text: 0 if len(text) // 4 > most else max(1, len(text) // 4)


def test_a_server_that_drops_the_transcript_has_not_read_it():
    long = make_request(messages=(Message("system", "You write minutes."), Message("user", ENGLISH * 300)))
    with LoopbackServer(count_tokens=windowed(2_000)) as server:
        reply = complete_one(server, long)
    assert isinstance(reply.error, CallError)
    assert reply.error.reason == "not_read"
    assert "read 4 of about" in reply.error.message
    assert "num_ctx" in (reply.error.hint or "")
    assert reply.text  # it is paid for, and kept
    assert reply.usage.output_tokens
    assert server.requests == 1


def test_what_fits_is_read():
    with LoopbackServer(count_tokens=windowed(2_000)) as server:
        replies, error = complete(server, 9)
    assert error is None
    assert all(reply.error is None for reply in replies)


def test_half_of_a_prompt_is_noticed_once_there_is_a_measure():
    check = ReadingCheck()
    whole = body(ENGLISH * 100)
    tokens = len(ENGLISH) * 100 // 4
    assert [check.unread(whole, Usage(tokens)) for _ in range(3)] == [None] * 3
    assert check.unread(whole, Usage(int(tokens * 0.7))) is None
    read, sent = check.unread(body(ENGLISH * 200), Usage(tokens)) or (0, 0)
    assert read == tokens
    assert sent == pytest.approx(2 * tokens, rel=0.1)


def test_no_measure_before_three_answers():
    check = ReadingCheck()
    assert check.unread(body(ENGLISH * 100), Usage(1_600)) is None
    assert check.unread(body(ENGLISH * 100), Usage(700)) is None


@pytest.mark.parametrize("usage", [Usage(), Usage(0, 0, 5, 1)])
def test_no_count_is_no_failure(usage: Usage):
    assert ReadingCheck().unread(body(ENGLISH * 1_000), usage) is None


def test_a_prompt_from_the_cache_was_read():
    assert ReadingCheck().unread(body("x" * 1_600), Usage(60, 60)) is None
    assert ReadingCheck().unread(body("x" * 1_600), Usage(60, 30)) is not None


@pytest.mark.parametrize(("first", "then"), [((ENGLISH, 4.4), (HINDI, 2.6)), ((HINDI, 2.6), (ENGLISH, 4.4))])
def test_another_language_is_no_missing_text(first: tuple[str, float], then: tuple[str, float]):
    check = ReadingCheck()
    for text, characters_a_token in (first, first, first, then, then):
        tokens = int(len(text) * 50 / characters_a_token)
        assert check.unread(body(text * 50), Usage(tokens)) is None


def test_short_meetings_are_no_measure_that_a_long_one_fails_by():
    check = ReadingCheck()
    schema = {"response_format": {"schema": "x" * 4_000}}
    for times in (5, 5, 5, 400):
        counted = (len(ENGLISH) * times + 4_000) // 4
        assert check.unread(body(ENGLISH * times) | schema, Usage(counted)) is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The maximum context length is 8192 tokens.", "The maximum context length is 8192 tokens"),
        ("Property 'minimum' is not supported for type number", "Property minimum is not supported for type number"),
        ("Invalid key sk-live-abcdef for model acme/x-9: not allowed", "Invalid key … for model … not allowed"),
        ("Bad word near: Ana opens the vault", ""),
        ("", ""),
    ],
)
def test_only_numbers_and_words_of_apis_are_shown(said: str, shown: str):
    assert scrubbed(said) == shown


def test_what_was_sent_is_not_shown_though_its_words_are_in_the_dictionary():
    sent = "Ana: the credit limit of this account is 81925500 at most."
    said = "Request failed: the credit limit of this account is 81925500 at most. Reduce the length."
    shown = scrubbed(said, sent)
    assert "account" not in shown
    assert "8192" not in shown
    assert shown.startswith("Request failed")
    assert shown.endswith("Reduce the length")


def test_a_long_complaint_is_cut_and_whole_with_v(caplog: pytest.LogCaptureFixture):
    said = "The request has an invalid value for this model and is not supported. " * 4 + "Limit 77."
    with LoopbackServer(faults=always(status(422, error={"message": said}))) as server, caplog.at_level(logging.INFO):
        reply = complete_one(server)
    assert isinstance(reply.error, CallError)
    assert "invalid value for this model" in reply.error.message
    assert len(reply.error.message) < 220
    assert "Limit 77" in caplog.text


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422])
def test_no_word_of_a_transcript_is_in_what_is_shown(code: int, caplog: pytest.LogCaptureFixture):
    def script(_: int, sent: Mapping[str, Any]) -> Any:
        return status(code, error={"message": f"invalid request: {sent['messages'][-1]['content']}"})

    with LoopbackServer(faults=script) as server, caplog.at_level(logging.DEBUG):
        replies, error = complete(server, 2, retries=0)
    shown = "".join(f"{reply.error!r}" for reply in replies) + f"{error!r}{caplog.text}"
    assert SPOKEN not in shown
    assert "due on Friday" not in shown
