"""Engines room: asks a server of one's own how much it reads and writes at once: Ollama, llama.cpp or vLLM. Sends no
transcript.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from meetcli.engines import EngineOptions, ServerWindow, is_azure, is_openai
from meetcli.engines.openai_client import open_client

if TYPE_CHECKING:
    import openai

PATIENCE_S: Final = 5.0
NUM_CTX: Final = re.compile(r"^num_ctx\s+(\d+)$", re.MULTILINE)


async def ask_for_window(options: EngineOptions) -> ServerWindow | None:
    """Return what the server tells of its window, None where it tells nothing."""
    if options.base_url is None or is_openai(options.base_url) or is_azure(options.base_url):
        return None
    client = open_client(options)
    root = options.base_url.rstrip("/").removesuffix("/v1")
    try:
        async with asyncio.timeout(min(PATIENCE_S, options.timeout_s)):
            return (
                _of_vllm(await _asked(client, "/models"), options.model)
                or await _of_ollama(client, root, options.model)
                or _of_llama_cpp(await _asked(client, f"{root}/props"))
            )
    except TimeoutError:
        return None
    finally:
        await client.close()


async def _asked(client: openai.AsyncOpenAI, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON object that a path answers with, an empty one where it has none: then this is another server."""
    import httpx2
    import openai

    try:
        if body is None:
            response = await client.get(path, cast_to=httpx2.Response)
        else:
            response = await client.post(path, body=body, cast_to=httpx2.Response)
        found = response.json()
    except (openai.APIError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_vllm(listed: Mapping[str, Any], model: str) -> ServerWindow | None:
    tokens = next((_count(one.get("max_model_len")) for one in _dicts(listed.get("data")) if one.get("id") == model), 0)
    return ServerWindow("vLLM", tokens, None, "start it with --max-model-len") if tokens else None


async def _of_ollama(client: openai.AsyncOpenAI, root: str, model: str) -> ServerWindow | None:
    loaded = await _asked(client, f"{root}/api/ps")
    if "models" not in loaded:
        return None
    names = {model, f"{model}:latest"}
    tokens = next(
        (_count(one.get("context_length")) for one in _dicts(loaded["models"]) if one.get("model") in names), 0
    )
    shown = await _asked(client, f"{root}/api/show", {"model": model})
    if not tokens and (said := NUM_CTX.search(str(shown.get("parameters")))):
        tokens = int(said[1])
    described = shown.get("model_info")
    most = next(
        (
            _count(value)
            for name, value in (described if isinstance(described, dict) else {}).items()
            if name.endswith(".context_length")
        ),
        0,
    )
    return ServerWindow("Ollama", tokens or None, most or None, "set OLLAMA_CONTEXT_LENGTH, or num_ctx of the model")


def _of_llama_cpp(props: Mapping[str, Any]) -> ServerWindow | None:
    generation = props.get("default_generation_settings")
    tokens = _count(generation.get("n_ctx")) if isinstance(generation, dict) else 0
    return ServerWindow("llama.cpp", tokens, None, "start it with --ctx-size") if tokens else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
