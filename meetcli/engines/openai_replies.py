"""Engines room: reads what stands in the body of a 200, however a server dresses it. Never sends anything, never waits.

The answer is paid for, so it is looked for wherever a server may have put it: in content, in parts, in the call of a
tool, in the thoughts, in an envelope, in a stream that nobody asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from meetcli.engines.openai_wire import Failure, bad_reply, failure_in_body
from meetcli.models import Finish, Lane, Reply, Usage

READ_LENIENTLY: Final = json.JSONDecoder(strict=False)  # some servers send line breaks inside of strings as they are
MOST_PLACES: Final = 50  # where an object in prose may begin
ENVELOPES: Final = 3  # one in another
THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
USUAL_ENDS: Final = re.compile(
    r"|none|null|stop\w*|eos\w*|end\w*|complete\w*|done|tool_?(calls?|use)|function_call|success"
)
ENDS: Final[tuple[tuple[re.Pattern[str], Finish | None], ...]] = (
    (re.compile(r"length|max_?(output_?|completion_?|new_?)?tokens|token_?limit|context_?window"), "length"),
    (re.compile(r"refus"), "refusal"),
    (re.compile(r"filter|safety|prohibit|block|recitation|sensitive|spii|guardrail|moderat|policy"), "content_filter"),
    (re.compile(r"error|abort|cancel|network|insufficient|time_?out|fail|malformed|unavailable|preempt"), None),
)
"""What finish reasons are made of, and what they mean; None is an attempt that broke in the middle."""
PROMPT_COUNTS: Final = ("prompt_tokens", "input_tokens", "prompt_eval_count")
COMPLETION_COUNTS: Final = ("completion_tokens", "output_tokens", "eval_count")
COUNTED: Final = ("usage", "x_groq", *PROMPT_COUNTS, *COMPLETION_COUNTS)
"""What may stand beside an envelope."""
CACHED_COUNTS: Final = ("cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_input_tokens")


def read_reply(request_id: str, content: bytes, *, asked_lane: Lane = "standard") -> Reply | Failure:
    """Return the reply in the body of a 200, or a `Failure` where the body is no chat completion.

    A server that was asked for the flex lane and names another tier has not given it.
    """
    try:
        data = _parsed(content)
        found = None if data is None else _unwrapped(data)
        if data is None:
            return bad_reply("is no JSON")
        if found is None:
            return failure_in_body(data) or bad_reply(
                "has no choices" if isinstance(data, dict) else "is no JSON object"
            )
        return _read(request_id, found, asked_lane)
    except RecursionError:
        return bad_reply("is nested too deep")


def _read(request_id: str, data: Mapping[str, Any], asked_lane: Lane) -> Reply | Failure:
    choice = _choice(data)
    message = _message(choice)
    if message is None:
        return failure_in_body(choice) or failure_in_body(data) or bad_reply("has no message")
    lane: Lane = "standard" if asked_lane == "flex" and data.get("service_tier", "flex") != "flex" else asked_lane
    usage = read_usage(data, choice)
    reply = Reply(request_id, None, usage=usage, lane=lane)
    if message.get("refusal"):
        return reply._replace(finish="refusal")
    said = str(choice.get("finish_reason") or choice.get("done_reason") or choice.get("stop_reason") or "").lower()
    text, is_whole = _answer(message, choice)
    end: Finish | None = next((end for words, end in ENDS if words.search(said)), "stop")
    if end == "length":
        return reply._replace(finish="stop" if is_whole else "length", text=text)
    if is_whole and end != "content_filter":
        return reply._replace(text=text)
    broken = failure_in_body(choice) or failure_in_body(data)
    if end is None or broken:
        failure = broken or bad_reply("broke off in the middle")
        return replace(failure, usage=usage, is_uncertain=failure.is_uncertain and not usage.input_tokens)
    if end == "stop" and not text and not USUAL_ENDS.fullmatch(said):
        end = "content_filter"  # nothing was said, and the reason is none that answers end with
    if end in ("refusal", "content_filter"):
        return reply._replace(finish=end)
    return reply._replace(text=text)


# The body


def _parsed(content: bytes) -> object:
    """Return the JSON value in a body; one made of a stream's pieces where it is a stream; None where it is neither."""
    text = content.decode(json.detect_encoding(content), "replace").strip("\ufeff \t\r\n")
    try:
        return json.loads(text, strict=False)
    except ValueError:
        pieces = [piece for piece in _pieces(text) if isinstance(piece, dict)]
        return _joined(pieces) if pieces else None


def _pieces(text: str) -> Iterator[object]:
    """Yield the JSON values of server-sent events, or of lines (WHATWG HTML, 9.2.6; JSON Lines)."""
    held = ""
    for line in re.split(r"\r\n|\n|\r", text):
        is_event = line.startswith("data:")
        piece = line.removeprefix("data:").strip()
        if piece in ("", "[DONE]"):
            held = ""
        elif is_event or held or piece.startswith("{"):
            held += piece
            try:
                yield json.loads(held, strict=False)
            except ValueError:
                continue
            held = ""


def _joined(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the completion that the pieces of a stream are."""
    message: dict[str, Any] = {}
    choice: dict[str, Any] = {"message": message}
    whole: dict[str, Any] = {"choices": [choice]}
    calls: dict[int, str] = {}
    is_begun = False
    for piece in pieces:
        whole |= {name: piece[name] for name in (*COUNTED, "error", "service_tier") if piece.get(name)}
        for part in _dicts(piece.get("choices")) or ([piece] if "message" in piece else []):
            if part.get("index", 0) != 0:
                continue
            is_begun = True
            choice |= {
                name: part[name] for name in ("finish_reason", "done_reason", "error", "usage") if part.get(name)
            }
            said = part.get("delta") or part.get("message")
            for name, value in said.items() if isinstance(said, dict) else ():
                if name in ("content", "refusal", *THOUGHTS) and value:
                    message[name] = message.get(name, "") + _text(value)
            for call in _calls(said if isinstance(said, dict) else {}):
                place = call.get("index")
                place = place if isinstance(place, int) else 0
                calls[place] = calls.get(place, "") + _arguments(call)
    if calls:
        message["tool_calls"] = [{"function": {"arguments": calls[min(calls)]}}]
    if not choice.get("finish_reason") and not choice.get("done_reason"):
        choice["finish_reason"] = "error"  # it ends in the middle: only a whole answer is taken
    return whole if is_begun else pieces[-1]


def _unwrapped(data: object, depth: int = 0) -> dict[str, Any] | None:
    """Return the completion in a body: the body, or what stands in an envelope of a gateway, which may count itself."""
    if isinstance(data, list):
        return _unwrapped(data[0], depth) if len(data) == 1 else None
    if not isinstance(data, dict):
        return None
    if _choice(data):
        return data
    if depth == ENVELOPES:
        return None
    inner = (_unwrapped(value, depth + 1) for value in data.values() if isinstance(value, dict | list))
    found = next((one for one in inner if one is not None), None)
    if found is None or any(found.get(name) for name in COUNTED):
        return found
    return {**found, **{name: data[name] for name in COUNTED if data.get(name)}}


def _choice(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choice that has the answer, the first where none has; empty where the body is no completion."""
    choices = _dicts(data.get("choices"))
    if choices:
        return next((choice for choice in choices if _answer(_message(choice) or {}, choice)[0]), choices[0])
    message = data.get("message")
    if isinstance(message, dict) and "content" in message:  # Ollama's own
        return dict(data)
    if data.get("type") == "message" and isinstance(data.get("content"), list):  # Anthropic's own
        return {**data, "message": data}
    return {}


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for name in ("message", "delta"):
        if isinstance(message := choice.get(name), dict):
            return message
    return {"content": choice["text"]} if isinstance(choice.get("text"), str) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


# The answer in it


def _answer(message: Mapping[str, Any], choice: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the text of the answer, and whether it is a whole JSON object."""
    said = _text(message.get("content"))
    dressed = [said, _text(message.get("parsed")), *map(_arguments, _calls(message)), _text(choice.get("text"))]
    for text in dressed:
        found = json_object_in(text)
        if is_whole_object(found):
            return found, True
    if "{" not in said:
        for name in THOUGHTS:
            if found := _last_object(_text(message.get(name), is_thought=True)):
                return found, True
    return json_object_in(next((text for text in dressed if text.strip()), said)), False


def _text(content: object, *, is_thought: bool = False) -> str:
    """Return the text of a message; some servers send it in parts, some as an object.

    Lone surrogates, which no file can hold, are replaced.
    """
    if isinstance(content, list):
        parts = (part for part in content if is_thought or not _is_thought(part))
        content = "".join(
            _text(part.get("text"), is_thought=is_thought) if isinstance(part, dict) else _text(part) for part in parts
        )
    elif isinstance(content, dict):
        content = content["text"] if isinstance(content.get("text"), str) else json.dumps(content, ensure_ascii=False)
    return content.encode("utf-8", "replace").decode() if isinstance(content, str) else ""


def _is_thought(part: object) -> bool:
    return isinstance(part, dict) and any(word in str(part.get("type")) for word in ("thinking", "reasoning"))


def _calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    call = message.get("function_call")
    used = [part for part in _dicts(message.get("content")) if part.get("type") == "tool_use"]
    return [*_dicts(message.get("tool_calls")), *([{"function": call}] if isinstance(call, dict) else []), *used]


def _arguments(call: Mapping[str, Any]) -> str:
    function = call.get("function")
    given = function.get("arguments") if isinstance(function, dict) else call.get("input")
    return json.dumps(given, ensure_ascii=False) if isinstance(given, dict) else _text(given)


def json_object_in(text: str) -> str:
    """Return the first JSON object in `text`, without fences, thoughts or prose around it.

    `text` itself where there is none.
    """
    rest = text.rpartition("</think>")[2].strip()
    if rest.startswith("{") and rest.endswith("}"):
        return rest
    # An object that starts the text and does not parse is cut or wrong: one of its inner objects is not the answer.
    places = [0] if rest.startswith("{") else [found.start() for found in re.finditer(r"\{", rest)][:MOST_PLACES]
    for place in places:
        try:
            _, end = READ_LENIENTLY.raw_decode(rest, place)
        except (ValueError, RecursionError):
            continue
        return rest[place:end]
    return text


def is_whole_object(text: str) -> bool:
    """Return whether a text is one JSON object from end to end, so that nothing of it was cut."""
    if not (text.startswith("{") and text.endswith("}")):
        return False
    try:
        return READ_LENIENTLY.raw_decode(text)[1] == len(text)
    except (ValueError, RecursionError):
        return False


def _last_object(text: str) -> str:
    """Return the last whole JSON object in thoughts: those before it are drafts."""
    found, place = "", text.find("{")
    for _ in range(MOST_PLACES):
        if place < 0:
            break
        try:
            _, end = READ_LENIENTLY.raw_decode(text, place)
            found = text[place:end]
        except (ValueError, RecursionError):
            end = place + 1
        place = text.find("{", end)
    return found


# What it cost


def read_usage(data: Mapping[str, Any], choice: Mapping[str, Any]) -> Usage:
    """Return the tokens that were billed, wherever a server counts them; 0 is unknown.

    `total_tokens` tells what stands outside of the two counts: thoughts (xAI, Gemini), or what came from the cache.
    """
    groq = data.get("x_groq")
    given = (data.get("usage"), choice.get("usage"), groq.get("usage") if isinstance(groq, dict) else None, data)
    found: Mapping[str, Any] = next((one for one in given if isinstance(one, dict) and one), {})
    prompt, completion = _first(found, PROMPT_COUNTS), _first(found, COMPLETION_COUNTS)
    total = _count(found.get("total_tokens"))
    inside = _first(_details(found, PROMPT_COUNTS), CACHED_COUNTS)
    outside = 0 if inside else _first(found, CACHED_COUNTS)
    written = _count(found.get("cache_creation_input_tokens"))
    reasoning = _first(_details(found, COMPLETION_COUNTS), ("reasoning_tokens",))
    rest = total - prompt - completion
    if not prompt and completion:
        prompt = max(0, total - completion)
    elif rest > 0 and (inside or outside or written) and rest in (inside, outside, written, outside + written):
        prompt += rest
    elif rest > 0:
        completion += rest
    elif reasoning > completion:
        completion += reasoning
    elif not total and ("prompt_tokens" not in found or outside > prompt):
        prompt += outside + written
    return Usage(prompt, min(inside or outside, prompt), completion, requests=1)


def _details(found: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    given = (found.get(f"{name}_details") for name in names)
    return next((one for one in given if isinstance(one, dict)), {})


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((count for name in names if (count := _count(found.get(name)))), 0)


def _count(value: object) -> int:
    """Return a count of tokens, rounded up; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return max(0, math.ceil(value))
