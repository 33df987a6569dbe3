from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.engines import EngineOptions, open_engine
from meetcli.engines.local import LocalEngine
from meetcli.errors import UsageError
from meetcli.models import Meeting, Reply, Request, Turn, Usage
from meetcli.tasks.answer_models import AnalyzeAnswer, ExtractAnswer

PROJECT = Path(__file__).resolve().parents[2]
MODELS = {"extract": ExtractAnswer, "analyze": AnalyzeAnswer}

PORTUGUESE = """Ana Souza: Bom dia a todos, vamos começar a reunião sobre o contrato de seguro da frota.
Carlos Lima: Bom dia, Ana. Estou um pouco preocupado com o atraso na entrega dos documentos pela seguradora.
Ana Souza: A seguradora pediu mais uma semana para revisar a apólice da frota, porque faltaram dados dos motoristas.
Carlos Lima: Isso é um risco, pois o contrato atual vence no fim do mês.
Ana Souza: Vou enviar a lista de motoristas até sexta-feira. Você pode confirmar o número de veículos, Carlos?
Carlos Lima: Claro, te mando amanhã de manhã.
Ana Souza: Ótimo. Então ficou decidido que renovamos o contrato por três meses, já que não dá tempo de negociar tudo.
Carlos Lima: E quem assina a renovação, o diretor ou a gerente?
Ana Souza: Não sei. Vou verificar com o jurídico na próxima semana.
Ana Souza: Gostei muito do andamento, obrigada."""

AWKWARD = {
    "one word": "Ana: Oi",
    "emoji only": "Ana: 👍🎉\nBruno: 😀",
    "tags only": "A: {vocalsound}\nB: <inaudible> [laughter]",
    "punctuation only": "Ana: ...\nBruno: ?!",
    "no spaces": "Ana: " + "会议" * 3000,
    "an endless word": "Ana: " + "x" * 5000,
    "no punctuation": "Ana: " + "so we talked about the budget and the plan " * 200,
    "the same again": "Ana: ok then we send it\n" * 150,
    "quotes and braces": 'Ana: "{\\"a\\": 1}" {unclosed <b [c',
}


def meeting_of(transcript: str) -> Meeting:
    turns, offset = [], 0
    for line in transcript.split("\n"):
        name, colon, text = line.partition(": ")
        turns.append(
            Turn(name if colon else None, text if colon else line, offset + len(name + colon) if colon else offset)
        )
        offset += len(line) + 1
    parts = min(8, len(turns))
    stretches = tuple((part * len(turns) // parts + 1, (part + 1) * len(turns) // parts) for part in range(parts))
    return Meeting(transcript, tuple(turns), stretches)


def request_of(meeting: Meeting, task: str, request_id: str = "1", language: str = "auto") -> Request:
    return Request(request_id, "digest", task, meeting, language, (), {}, 0.0, 4096)


def complete(*requests: Request) -> list[Reply]:
    async def ask() -> AsyncIterator[Request]:
        for request in requests:
            yield request

    async def collect() -> list[Reply]:
        return [reply async for reply in LocalEngine().complete(ask())]

    return asyncio.run(collect())


def answer(transcript: str, task: str) -> dict:
    """What the engine answers, once it has been held against the answer model and the transcript."""
    meeting = meeting_of(transcript)
    (reply,) = complete(request_of(meeting, task))
    assert reply.error is None
    MODELS[task].model_validate_json(reply.text)
    found = json.loads(reply.text)
    for quote in quotes_in(found):
        assert any(quote in turn.text for turn in meeting.turns)
        assert 0 < len(quote.split()) <= 40
    return found


def quotes_in(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["quote"]] if value.get("quote") is not None else []
        return own + [quote for inner in value.values() for quote in quotes_in(inner)]
    return [quote for inner in value for quote in quotes_in(inner)] if isinstance(value, list) else []


def test_it_answers_every_request_once_and_costs_nothing() -> None:
    meeting = meeting_of(PORTUGUESE)
    replies = complete(request_of(meeting, "extract", "a"), request_of(meeting, "analyze", "b"))
    assert [reply.request_id for reply in replies] == ["a", "b"]
    assert {reply.usage for reply in replies} == {Usage()}
    assert {reply.finish for reply in replies} == {"stop"}


def test_minutes_of_a_portuguese_meeting() -> None:
    found = answer(PORTUGUESE, "extract")
    assert found["language"] == "pt"
    assert [(item["owner"], item["due_text"], item["status"]) for item in found["action_items"]] == [
        ("Ana Souza", "até sexta-feira", "agreed"),
        ("Carlos Lima", None, "agreed"),
        ("Carlos Lima", "amanhã de manhã", "agreed"),
        ("Ana Souza", "na próxima semana", "agreed"),
    ]
    assert found["action_items"][1]["description"] == "Confirmar o número de veículos"
    assert [decision["rationale"] for decision in found["decisions"]] == ["Já que não dá tempo de negociar tudo."]
    assert [question["text"] for question in found["open_questions"]] == [
        "E quem assina a renovação, o diretor ou a gerente?"
    ]
    assert [participant["name"] for participant in found["participants"]] == ["Ana Souza", "Carlos Lima"]
    assert {"contrato", "frota"} <= set(found["topics"])
    assert 2 <= len(found["topics"]) <= 5
    assert 3 <= len(found["key_points"]) <= 7
    assert 20 <= len(found["summary"].split()) <= 60


def test_sentiment_of_a_portuguese_meeting() -> None:
    found = answer(PORTUGUESE, "analyze")
    scores = {speaker["name"]: speaker["sentiment_score"] for speaker in found["speakers"]}
    assert scores["Carlos Lima"] < 0.4 < 0.6 <= scores["Ana Souza"]
    assert [part["part"] for part in found["timeline"]] == list(range(1, 9))
    assert [risk["severity"] for risk in found["risks"]] == ["medium", "medium"]


def test_the_answer_is_in_the_language_of_the_transcript_whatever_is_asked() -> None:
    meeting = meeting_of(PORTUGUESE)
    first, second = complete(
        request_of(meeting, "extract", language="auto"), request_of(meeting, "extract", language="en")
    )
    assert first.text == second.text


@pytest.mark.parametrize("task", ["extract", "analyze"])
@pytest.mark.parametrize("transcript", AWKWARD.values(), ids=AWKWARD.keys())
def test_an_awkward_transcript_has_a_valid_answer(transcript: str, task: str) -> None:
    assert len(answer(transcript, task)["summary"]) <= 150 * 15 + 150


@pytest.mark.parametrize("name", ["no punctuation", "the same again"])
def test_the_summary_of_a_long_transcript_is_never_so_short_that_it_would_be_repaired(name: str) -> None:
    assert len(AWKWARD[name].split()) >= 400
    assert 50 <= len(answer(AWKWARD[name], "extract")["summary"].split()) <= 200


@given(
    st.lists(st.tuples(st.sampled_from(["Ana", "Bo Li", "Speaker 1"]), st.text(max_size=200)), min_size=1, max_size=6)
)
def test_any_transcript_has_a_valid_answer(lines: list[tuple[str, str]]) -> None:
    meeting = Meeting("", tuple(Turn(speaker, text, 0) for speaker, text in lines), stretches=((1, len(lines)),))
    for task, reply in zip(MODELS, complete(*(request_of(meeting, task) for task in MODELS)), strict=True):
        MODELS[task].model_validate_json(reply.text)
        assert all(any(quote in turn.text for turn in meeting.turns) for quote in quotes_in(json.loads(reply.text)))


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import sys; from tests.engines.test_local import *\n"
        "for task in MODELS: print(ascii(complete(request_of(meeting_of(PORTUGUESE), task))[0].text))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert b"seguradora" in outputs.pop()


def test_another_task_fails_its_meeting_only() -> None:
    custom, extract = complete(request_of(meeting_of("Ana: Oi"), "churn"), request_of(meeting_of("Ana: Oi"), "extract"))
    assert custom.text is None
    assert custom.error.reason == "unsupported_task"
    assert extract.error is None


def test_without_its_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "meetcli.engines.local.find_spec", lambda name: None if name == "sentencex" else find_spec(name)
    )
    with pytest.raises(UsageError, match="sentencex") as caught:
        open_engine("local", EngineOptions(model="gpt-4o"))
    assert caught.value.hint == "pip install 'meetcli[local]'"


def test_its_version_costs_no_import_of_its_libraries() -> None:
    program = (
        "import sys; from meetcli.engines.local import ALGORITHM_VERSION, LocalEngine; LocalEngine()\n"
        "slow = {'asyncio', 'vader', 'sentencex', 'snowballstemmer', 'stop_words'}\n"
        "print(ALGORITHM_VERSION, slow & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "set()"]
