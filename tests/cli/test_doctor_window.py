"""`meetcli doctor` finds how much a server of one's own reads at once, where it tells, and says what to set."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.cli.command import Command
from tests.loopback_server import LoopbackServer

MODEL = {"id": "qwen3", "object": "model", "created": 0, "owned_by": "x"}
Answers = Mapping[str, Any]


def ollama(*, loaded: int | None, parameters: str = "") -> Answers:
    running = [] if loaded is None else [{"name": "qwen3:latest", "model": "qwen3:latest", "context_length": loaded}]
    return {
        "/v1/models": {"object": "list", "data": [MODEL]},
        "/api/ps": {"models": running},
        "/api/show": {"parameters": parameters, "model_info": {"qwen3.context_length": 40960, "qwen3.block_count": 36}},
    }


def llama_cpp(tokens: int) -> Answers:
    return {
        "/v1/models": {"object": "list", "data": [{**MODEL, "meta": {"n_ctx_train": 131072}}]},
        "/props": {"default_generation_settings": {"n_ctx": tokens}, "total_slots": 1},
    }


def vllm(tokens: int) -> Answers:
    return {"/v1/models": {"object": "list", "data": [{**MODEL, "max_model_len": tokens}]}}


def serving(answers: Answers) -> Callable[..., tuple[int, bytes] | None]:
    def route(_method: str, path: str, _headers: Mapping[str, str], _body: bytes) -> tuple[int, bytes]:
        found = answers.get(path)
        return (404, b"404 page not found") if found is None else (200, json.dumps(found).encode())

    return route


@pytest.mark.parametrize(
    ("answers", "says", "hint"),
    [
        (ollama(loaded=4096), "Ollama reads and writes 4,096 tokens at once of the 40,960", "OLLAMA_CONTEXT_LENGTH"),
        (ollama(loaded=4096), "a run sends up to 128,000", "--context-tokens 4096"),
        (ollama(loaded=None, parameters="stop x\nnum_ctx 16384"), "16,384 tokens", "--context-tokens 16384"),
        (ollama(loaded=None), "Ollama does not say", "OLLAMA_CONTEXT_LENGTH"),
        (ollama(loaded=1024), "1,024 tokens", "no less than 2,000"),
        (llama_cpp(8192), "llama.cpp reads and writes 8,192 tokens", "--ctx-size"),
        (vllm(32768), "vLLM reads and writes 32,768 tokens", "--context-tokens 32768"),
    ],
)
def test_a_window_that_is_too_small_is_told_with_what_to_set(
    meetcli: Command, server: LoopbackServer, answers: Answers, says: str, hint: str
) -> None:
    server.routes = serving(answers)
    done = meetcli("doctor", "--model", "qwen3")
    rows = done.stdout.splitlines()
    [place] = [place for place, row in enumerate(rows) if row.startswith("  warn  window")]
    assert (done.exit_code, says in rows[place], hint in rows[place + 1]) == (0, True, True)


@pytest.mark.parametrize("answers", [ollama(loaded=16384), llama_cpp(16384), vllm(16384)])
def test_a_window_that_is_large_enough_is_well(meetcli: Command, server: LoopbackServer, answers: Answers) -> None:
    server.routes = serving(answers)
    done = meetcli("doctor", "--model", "qwen3", "--context-tokens", "16000")
    assert "  ok    window" in done.stdout
    assert "--context-tokens 16384" not in done.stdout


@pytest.mark.parametrize("props", [None, [], {"default_generation_settings": {"n_ctx": True}}, {"error": "no"}])
def test_a_server_that_does_not_tell_has_no_such_line(meetcli: Command, server: LoopbackServer, props: Any) -> None:
    server.routes = serving({"/v1/models": {"object": "list", "data": [MODEL]}, "/props": props})
    done = meetcli("doctor", "--model", "qwen3")
    assert (done.exit_code, " window " in done.stdout) == (0, False)


def test_offline_asks_for_no_window(meetcli: Command, server: LoopbackServer) -> None:
    server.routes = serving(vllm(8192))
    assert " window " not in meetcli("doctor", "--offline", "--model", "qwen3").stdout
