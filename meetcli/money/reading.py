"""Whether a server read all that was sent, by what it counted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meetcli.errors import CallError
from meetcli.models import Usage
from meetcli.money.tokens import CHARACTERS_A_TOKEN

LEAST_BYTES_A_TOKEN: Final = 16
"""No vocabulary has tokens as long as this on average, in any language: fewer tokens were not all of it."""


def tokens_read(usage: Usage) -> int:
    """Return how many tokens of a prompt a server counted, those included that it counts beside the others; 0 is
    unknown.
    """
    read = usage.input_tokens
    return read + usage.cached_input_tokens if read and usage.cached_input_tokens >= read else read


def about_sent(texts: Sequence[str]) -> int:
    """Return about how many tokens some texts are, to say it."""
    return sum(map(len, texts)) // CHARACTERS_A_TOKEN


def is_below_floor(texts: Sequence[str], usage: Usage) -> bool:
    """Say whether a server counted fewer tokens than any vocabulary needs for these texts."""
    read = tokens_read(usage)
    return 0 < read * LEAST_BYTES_A_TOKEN < sum(len(text.encode()) for text in texts)


def not_read(read: int, sent: int) -> CallError:
    """Return the failure of a meeting of which a server read so many tokens, of about so many that were sent."""
    return CallError(
        f"the server read {read:,} of about {sent:,} tokens",
        reason="not_read",
        hint="set its window (Ollama: OLLAMA_CONTEXT_LENGTH or num_ctx), or say its size with --context-tokens, "
        "so that a long meeting is sent in parts",
    )
