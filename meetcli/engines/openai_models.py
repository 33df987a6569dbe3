"""Engines room: asks a chat.completions server whether it has a model, the one call that costs nothing.

Sends no transcript.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from meetcli.engines import EngineOptions, is_azure
from meetcli.engines.openai_client import open_client
from meetcli.engines.openai_wire import translate
from meetcli.errors import CallError

if TYPE_CHECKING:
    import openai

PATIENCE_S: Final = 15.0
SHOWN: Final = 5


async def ask_for_model(options: EngineOptions) -> CallError | None:
    """Return why calls with these settings will not work, None where they will as far as this can tell."""
    client = open_client(options)
    try:
        async with asyncio.timeout(min(PATIENCE_S, options.timeout_s)):
            return await _retrieve(client, options.model, has_deployments=is_azure(options.base_url))
    except Exception as error:
        return _translated(error)
    finally:
        await client.close()


async def _retrieve(client: openai.AsyncOpenAI, model: str, *, has_deployments: bool) -> CallError | None:
    import openai

    try:
        found: object = await client.models.retrieve(model)
    except openai.NotFoundError as error:
        missing = await _look_up(client, model, error)
        # Azure lists what can be deployed, and not what is: a deployment may have any name.
        return None if has_deployments and missing and missing.reason == "unknown_model" else missing
    if not isinstance(found, openai.types.Model):  # a page for people, which the SDK hands over as text
        return CallError(
            "what answers there does not speak OpenAI's API",
            reason="bad_reply",
            hint="check --base-url (it often ends in /v1)",
        )
    return None


async def _look_up(client: openai.AsyncOpenAI, model: str, error: openai.NotFoundError) -> CallError | None:
    """Look for the model in the server's list: many servers have one and say nothing of a single model."""
    import openai

    try:
        listed = sorted([one.id async for one in client.models.list()])
    except (openai.NotFoundError, AttributeError, TypeError):  # no list, or something else under its name
        return _translated(error)
    if model in listed:
        return None
    known = ", ".join(listed[:SHOWN]) + (", ..." if len(listed) > SHOWN else "")
    return CallError(
        f"the server does not have the model {model!r}", reason="unknown_model", hint=f"choose with --model: {known}"
    )


def _translated(error: Exception) -> CallError:
    failure = translate(error, {}, time.time())
    if failure is None:
        raise error
    return CallError(failure.message, reason=failure.reason, hint=failure.hint)
