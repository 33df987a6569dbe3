"""Every server of the README's list in its own dialect: what it refuses and in which words, how it counts, how answers
end. Each run ends with the right results, the right bill and no call too many.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from meetcli.models import Reply, Usage
from tests.conftest import PROJECT
from tests.engines.named_hosts import as_loopback
from tests.engines.openai_driver import KEY, OpenAIEngine, collect, make_request, options_for
from tests.loopback_answers import answer_to
from tests.loopback_server import Fault, LoopbackServer

MEETINGS = 6
FLAGGED = "number 3 "
KNOWN = {"model", "messages", "response_format", "temperature", "max_tokens"}


def kind(body: Mapping[str, Any]) -> str | None:
    found: str | None = body.get("response_format", {}).get("type")
    return found


def is_flagged(body: Mapping[str, Any]) -> bool:
    return FLAGGED in json.dumps(body["messages"])


def told(status: int, said: object) -> Fault:
    return Fault(status=status, body=json.dumps(said).encode())


def named(message: str, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}


def completion(
    body: Mapping[str, Any], usage: object, *, finish: str | None = "stop", message: object = None, **more: object
) -> Fault:
    said = {"role": "assistant", "content": answer_to(body)} if message is None else message
    choice = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None}
    whole = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
    return Fault(body=json.dumps({**whole, "usage": usage, **more}).encode())


def usage(**more: object) -> dict[str, Any]:
    return {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140, **more}


def openai(_: int, body: Mapping[str, Any]) -> Fault:
    if "max_tokens" in body:
        said = "Unsupported parameter: 'max_tokens' is not supported with this model."
        return told(400, named(said, param="max_tokens", code="unsupported_parameter"))
    if body.get("temperature") not in (None, 1):
        said = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported."
        return told(400, named(said, param="temperature", code="unsupported_value"))
    return completion(body, usage(completion_tokens_details={"reasoning_tokens": 30}), service_tier="default")


def azure(number: int, body: Mapping[str, Any]) -> Fault:
    if is_flagged(body):
        filtered = {"violence": {"filtered": True, "severity": "medium"}}
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": filtered}
        said = "The response was filtered due to the prompt triggering the content management policy."
        return told(400, named(said, type=None, param="prompt", code="content_filter", status=400, innererror=inner))
    if "max_tokens" in body:
        return told(400, named("Unsupported parameter", param="max_tokens", code="unsupported_parameter"))
    return completion(body, usage(), prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {}}])


def openrouter(number: int, body: Mapping[str, Any]) -> Fault:
    if is_flagged(body):
        said = "openai/gpt-4o requires moderation. Your input was flagged for violence. No credits were charged."
        return told(403, {"error": {"code": 403, "message": said, "metadata": {"reasons": ["violence"]}}})
    if number == 0:
        return Fault(body=json.dumps({"error": {"code": 502, "message": "Provider returned error"}}).encode())
    return completion(body, usage(cost=0.0012, is_byok=False), provider="OpenAI")


def groq(_: int, body: Mapping[str, Any]) -> Fault:
    if kind(body) == "json_schema":
        return told(400, named("invalid schema for response format: response_format/json_schema: minimum is not set"))
    return completion(body, usage(queue_time=0.01, total_time=0.4), x_groq={"id": "req_1"})


def mistral(_: int, body: Mapping[str, Any]) -> Fault:
    if others := sorted(body.keys() - KNOWN):
        wrong = {"type": "extra_forbidden", "loc": ["body", others[0]], "msg": "Extra inputs are not permitted"}
        return told(422, {"object": "error", "message": {"detail": [wrong]}, "type": "invalid_request_error"})
    return completion(body, usage(num_cached_tokens=0))


def deepseek(number: int, body: Mapping[str, Any]) -> Fault:
    if kind(body) == "json_schema":
        return told(400, named("This response_format type is unavailable now", code="invalid_request_error"))
    if "json" not in json.dumps(body["messages"]).lower():
        return told(400, named("Prompt must contain the word 'json' in some form to use 'json_object'"))
    counted = usage(prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36)
    return completion(
        body, counted, message={"role": "assistant", "content": answer_to(body), "reasoning_content": "?"}
    )


def gemini(_: int, body: Mapping[str, Any]) -> Fault:
    if kind(body) == "json_schema":
        said = (
            "Invalid JSON payload received. Unknown name \"additionalProperties\" at 'response_schema': no such field."
        )
        return told(400, [{"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT"}}])
    if is_flagged(body):
        return completion(
            body, usage(completion_tokens=0, total_tokens=100), finish="content_filter: SAFETY", message={}
        )
    return completion(body, usage(total_tokens=200))


def xai(_: int, body: Mapping[str, Any]) -> Fault:
    if is_flagged(body):
        said = {"code": "The caller does not have permission", "error": "Content violates usage guidelines."}
        return told(403, said)
    counted = usage(total_tokens=200, completion_tokens_details={"reasoning_tokens": 60})
    return completion(body, {**counted, "num_sources_used": 0, "prompt_tokens_details": {"cached_tokens": 64}})


def ollama(_: int, body: Mapping[str, Any]) -> Fault:
    said = {"role": "assistant", "content": f"<think>\nhm {{}}\n</think>\n\n{answer_to(body)}"}
    return completion(body, usage(), message=said, system_fingerprint="fp_ollama")


def lm_studio(_: int, body: Mapping[str, Any]) -> Fault:
    if kind(body) == "json_object":
        return told(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
    said = {"role": "assistant", "content": "", "reasoning_content": answer_to(body), "tool_calls": []}
    return completion(body, usage(), message=said, stats={})


def llama_cpp(_: int, body: Mapping[str, Any]) -> Fault:
    if kind(body) == "json_schema":
        return told(400, named("JSON schema conversion failed:\nUnrecognized schema: {}", code=400))
    return completion(body, usage(), timings={"prompt_n": 100, "predicted_n": 40})


def vllm(_: int, body: Mapping[str, Any]) -> Fault:
    if body["max_tokens"] + 1000 > 4096:
        most = "This model's maximum context length is 4096 tokens and your request has 1000 input tokens"
        said = f"'max_tokens' or 'max_completion_tokens' is too large: {body['max_tokens']}. {most}. None"
        return told(400, {"error": {"message": said, "type": "BadRequestError", "param": None, "code": 400}})
    said_so = {"role": "assistant", "content": answer_to(body), "reasoning_content": None, "tool_calls": []}
    return completion(body, usage(prompt_tokens_details=None), message=said_so, kv_transfer_params=None)


@dataclass(frozen=True)
class Vendor:
    """One server: where it is, how it answers, how many calls are refused, what an answer is billed as."""

    name: str
    url: str
    answer: Callable[[int, Mapping[str, Any]], Fault]
    refused: int = 0
    flags: bool = False
    bill: Usage = field(default_factory=lambda: Usage(100, 0, 40, requests=1))
    header: str = "authorization"


VENDORS = [
    Vendor("openai", "api.openai.com/v1", openai, refused=4),
    Vendor("azure", "contoso.openai.azure.com/openai/v1", azure, flags=True, header="api-key"),
    Vendor("openrouter", "openrouter.ai/api/v1", openrouter, refused=1, flags=True),
    Vendor("groq", "api.groq.com/openai/v1", groq, refused=1),
    Vendor("mistral", "api.mistral.ai/v1", mistral),
    Vendor("deepseek", "api.deepseek.com/v1", deepseek, refused=1, bill=Usage(100, 64, 40, requests=1)),
    Vendor(
        "gemini",
        "generativelanguage.googleapis.com/v1beta/openai",
        gemini,
        refused=1,
        flags=True,
        bill=Usage(100, 0, 100, requests=1),
    ),
    Vendor("xai", "api.x.ai/v1", xai, flags=True, bill=Usage(100, 64, 100, requests=1)),
    Vendor("ollama", "ollama.internal/v1", ollama),
    Vendor("lm studio", "lmstudio.internal/v1", lm_studio),
    Vendor("llama.cpp", "llamacpp.internal/v1", llama_cpp, refused=1),
    Vendor("vllm", "vllm.internal/v1", vllm, refused=1),
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_run_at_each_vendor_ends_with_the_right_results_bill_and_calls(
    monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    host, _, path = vendor.url.partition("/")
    with (
        LoopbackServer(faults=vendor.answer, latency_s=0.02) as server,
        as_loopback(monkeypatch, host),
    ):
        options = options_for(server, base_url=f"http://{host}:{server.port}/{path}", concurrency=3)
        replies, error = asyncio.run(collect(OpenAIEngine(options), map(make_request, range(MEETINGS))))
    assert error is None
    by_id = {reply.request_id: reply for reply in replies}
    assert len(by_id) == MEETINGS
    withheld = [reply for reply in replies if is_withheld(reply)]
    assert [reply.request_id for reply in withheld] == (["request-3"] if vendor.flags else [])
    answered = [reply for reply in replies if reply not in withheld]
    assert [reply.error for reply in answered] == [None] * len(answered)
    assert all(json.loads(reply.text or "").keys() == {"summary", "score"} for reply in answered)
    assert {reply.usage._replace(requests=1) for reply in answered} == {vendor.bill}
    assert server.requests <= MEETINGS + vendor.refused
    assert sum(reply.usage.requests for reply in replies) == server.requests
    assert all(KEY in sent[vendor.header] for sent in server.headers)


def is_withheld(reply: Reply) -> bool:
    return reply.finish == "content_filter" or getattr(reply.error, "reason", None) == "content_filter"


def test_the_readme_names_each_of_them() -> None:
    listed = (
        (PROJECT / "README.md").read_text(encoding="utf-8").split("### Other servers\n")[1].split("\n### ")[0].lower()
    )
    for vendor in VENDORS:
        assert vendor.name in listed or vendor.name == "openai"
        assert vendor.url.replace("contoso", "name") in listed or "internal" in vendor.url or vendor.name == "openai"
