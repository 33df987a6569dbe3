"""Engines room: reads the lines of the result files of batches. Pure.

Sources, read 2026-11: OpenAI, "Batch" (API reference): a refused line has its error where the answer would be; vLLM,
`run_batch`: a failed line has no body. Others leave the status out, or write something around a request's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final, NamedTuple

from meetcli.engines.openai_batch_replies import parsed, shown_reason
from meetcli.engines.openai_replies import read_reply
from meetcli.engines.openai_wire import FILTER_CODES
from meetcli.models import BatchLine, Reply

UNREADABLE: Final = "bad_reply"
PASSING_STATUSES: Final = frozenset({401, 402, 403, 408, 409, 425, 429})
"""What a server says of the account or of the moment, not of the request."""


class Results(NamedTuple):
    """What lines of result files say: the paid replies, which requests were refused, and which have no answer, each
    with why as its `refusal`. `strangers` have an answer and are none of ours.
    """

    replies: list[tuple[BatchLine, Reply]]
    refused: list[BatchLine]
    unanswered: list[BatchLine]
    strangers: set[str]


def lines_of(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file that are JSON objects; one that is cut is none."""
    for line in file:
        found = parsed(line) if line.strip() else None
        yield from (one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict))


def read_results(lines: Iterable[dict[str, Any]], members: Mapping[str, BatchLine]) -> Results:
    """Sort the lines of result files."""
    results = Results([], [], [], set())
    for line in lines:
        name = request_of(line, members)
        member = members.get(name) or BatchLine(name)
        status, reply, code = _said(line)
        if isinstance(reply, Reply):
            if name not in members:
                results.strangers.add(name)
            else:
                results.replies.append((member, reply._replace(is_collected=True)))
        elif name not in members:
            continue
        elif status == 200:
            results.refused.append(member._replace(refusal=UNREADABLE))
        elif code in FILTER_CODES:
            results.replies.append((member, Reply("", None, "content_filter", lane="batch", is_collected=True)))
        elif status is not None and 400 <= status < 500 and status not in PASSING_STATUSES:
            results.refused.append(member._replace(refusal=shown_reason(code, status)))
        else:
            results.unanswered.append(member._replace(refusal=shown_reason(code, status)))
    return results


def request_of(line: Mapping[str, Any], members: Mapping[str, BatchLine] | None = None) -> str:
    """Return which request a line is about: its custom_id, also where a server wrote something before or behind it."""
    names = [str(line[name]) for name in ("custom_id", "customId", "key", "id") if line.get(name) is not None]
    given = names[0] if names else ""
    if members is not None and (found := next((name for name in names if name in members), None)):
        return found
    inside = re.search(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", given.lower())
    return inside[0] if inside else given


def _said(line: Mapping[str, Any]) -> tuple[int | None, Reply | None, str | None]:
    """Return a line's status, the answer in it, and the code of its error, as far as it has them."""
    given = next((line[name] for name in ("response", "result", "output", "body") if line.get(name)), None)
    given = line if given is None and "choices" in line else given
    given = parsed(given) if isinstance(given, str) else given
    outer = given if isinstance(given, dict) else {}
    body = outer.get("body", outer)
    body = parsed(body) if isinstance(body, str) else body
    error = _dict_or_none(line.get("error")) or (body.get("error") if isinstance(body, dict) else None)
    code = error.get("code") or error.get("type") or error.get("status") if isinstance(error, dict) else None
    statuses = (outer.get("status_code"), outer.get("status"), line.get("status_code"), code)
    status = next((found for one in statuses if (found := _status(one)) is not None), None)
    if status in (None, 200) and isinstance(body, dict) and body:
        reply = read_reply("", json.dumps(body).encode(), asked_lane="batch")
        if isinstance(reply, Reply):
            return 200, reply, None
    if status == 200 and error:
        status = _status(code)
    return status, None, code if isinstance(code, str) else None


def _dict_or_none(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and any(value.values()) else None


def _status(value: object) -> int | None:
    if isinstance(value, int | str) and re.fullmatch(r"[2-5]\d\d", str(value)):
        return 200 if str(value).startswith("2") else int(value)
    return None
