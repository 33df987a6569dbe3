"""Engines room: did the server read all that was sent? Some cut a prompt to their window in silence.

Pure: compares what a server counted with what went out.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from meetcli.models import Usage
from meetcli.money.reading import about_sent, is_below_floor, tokens_read

SHARE: Final = 0.6
"""Below this share of what the same server and model counted before, something is missing."""
ENOUGH: Final = 3  # answers, before they are a measure


class _Counted(NamedTuple):
    tokens: int
    size: int
    characters: int


class ReadingCheck:
    """What one server and model counted of what was sent so far."""

    def __init__(self) -> None:
        self._counted: list[_Counted] = []

    def unread(self, body: dict[str, Any], usage: Usage) -> tuple[int, int] | None:
        """Return the tokens that were read and about how many were sent, where a part was not; else None.

        A count of zero is unknown. By bytes and by characters: a language has more of one or of the other a token, and
        only what is too little by both measures is missing.
        """
        texts = [message["content"] for message in body["messages"]]
        size, characters = sum(len(text.encode()) for text in texts), sum(map(len, texts))
        read = tokens_read(usage)
        if not read:
            return None
        if is_below_floor(texts, usage):
            return read, max(about_sent(texts), self._expected(size, characters))
        expected = self._expected(size, characters)
        if len(self._counted) >= ENOUGH and read < SHARE * expected:
            return read, expected
        # What a server adds of its own, as the schema, makes a short request look longer: it is part of the measure.
        schema = json.dumps(body.get("response_format") or "", ensure_ascii=False)
        self._counted.append(_Counted(read, size + len(schema.encode()), characters + len(schema)))
        del self._counted[:-100]
        return None

    def _expected(self, size: int, characters: int) -> int:
        if not self._counted:
            return 0
        by_size = sorted(one.tokens / one.size for one in self._counted)
        by_characters = sorted(one.tokens / one.characters for one in self._counted)
        middle = len(self._counted) // 2
        return int(min(by_size[middle] * size, by_characters[middle] * characters))
