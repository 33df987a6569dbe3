"""40 servers that nobody sells, each with habits of servers that are: what they refuse and how they say so, how they
dress an answer, count tokens, call an end, and what goes wrong with them now and then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.loopback_server import CUT, DROP, GARBAGE, Fault, status

Words = Callable[[str], tuple[int, object]]
"""From the part of a body that is refused to a status and what is said with it."""
Tells = Callable[[int, int], dict[str, Any]]
"""From input and output tokens to the fields that tell them, `choice.` before those that stand in the choice."""
Dress = Callable[[str, str | None], dict[str, Any]]
"""From the text of an answer and the word for its end to a body."""


@dataclass(frozen=True)
class Dialect:
    """One server. `refuses` are parts of a body: `schema`, `json`, `temperature`, `max_tokens`,
    `max_completion_tokens`, `system`, `turns` (two of one role in a row), `whole` (an answer in one piece).

    `goes_wrong` is what happens to the n-th request that it takes, from 1; `flags` what it says to a flagged one.
    `most` is the highest cap of the output. `is_sent_as` puts the body into other clothes than plain JSON.
    """

    name: str
    refuses: tuple[str, ...] = ()
    words: Words = field(default=lambda part: (400, {"error": {"message": f"Unsupported parameter: '{part}'"}}))
    tells: Tells | None = field(default=lambda read, written: usual(read, written))
    ends: str | None = "stop"
    dress: Dress = field(default=lambda text, end: message({"content": text}, end))
    goes_wrong: Mapping[int, Fault] = field(default_factory=dict)
    flags: Fault | None = None
    most: int | None = None
    is_sent_as: Callable[[dict[str, Any]], str] = json.dumps

    def billed(self, read: int, written: int) -> tuple[int, int, int]:
        """Return what it bills: input, cached input among it, and output tokens."""
        if self.tells is thoughts_aside:
            written += written // 2
        return read, read // 2 if self.tells in (cached_within, cached_at_top, cached_beside) else 0, written

    def answer(self, text: str, read: int, written: int) -> Fault:
        """Return a whole answer as this server sends it."""
        body = self.dress(text, self.ends)
        for name, value in (self.tells(read, written) if self.tells else {}).items():
            if name.startswith("choice."):
                body["choices"][0][name.removeprefix("choice.")] = value
            else:
                body[name] = value
        return Fault(body=self.is_sent_as(body).encode())


# How a refusal is said


def in_a_list(part: str) -> tuple[int, object]:
    return 400, [{"error": {"code": 400, "message": "The payload has an illegal element.", "status": "FAILED_PAYLOAD"}}]


def at_its_place(part: str) -> tuple[int, object]:
    return 422, {"detail": [{"loc": ["body", part], "msg": "extra inputs are forbidden", "type": "extra_forbidden"}]}


def without_a_word(part: str) -> tuple[int, object]:
    return 400, {}


def as_a_page(part: str) -> tuple[int, object]:
    return 400, "<html><body><h1>Bad Request</h1></body></html>"


def as_its_own_fault(part: str) -> tuple[int, object]:
    return 500, {"error": "unexpected condition while the grammar was built"}


def in_portuguese(part: str) -> tuple[int, object]:
    return 400, {"erro": {"mensagem": f"o campo {part} não é aceito por este modelo", "codigo": 17}}


def by_number(part: str) -> tuple[int, object]:
    return 400, {"object": "error", "message": "invalid argument", "code": "9107"}


def in_errors(part: str) -> tuple[int, object]:
    return 422, {"errors": [{"title": "unprocessable", "pointer": f"/{part}"}]}


def as_text(part: str) -> tuple[int, object]:
    return 400, f"cannot take {part} here"


# How tokens are told


def usual(read: int, written: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}}


def in_and_out(read: int, written: int) -> dict[str, Any]:
    return {"usage": {"input_tokens": read, "output_tokens": written}}


def evaluated(read: int, written: int) -> dict[str, Any]:
    return {"prompt_eval_count": read, "eval_count": written}


def by_extension(read: int, written: int) -> dict[str, Any]:
    return {"x_groq": usual(read, written)}


def thoughts_aside(read: int, written: int) -> dict[str, Any]:
    thought = written // 2
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written + thought}
    return {"usage": {**usage, "completion_tokens_details": {"reasoning_tokens": thought}}}


def as_floats(read: int, written: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": float(read), "completion_tokens": float(written)}}


def cached_within(read: int, written: int) -> dict[str, Any]:
    return {"usage": {**usual(read, written)["usage"], "prompt_tokens_details": {"cached_tokens": read // 2}}}


def cached_at_top(read: int, written: int) -> dict[str, Any]:
    return {"usage": {**usual(read, written)["usage"], "prompt_cache_hit_tokens": read // 2}}


def cached_beside(read: int, written: int) -> dict[str, Any]:
    cached = read // 2
    return {"usage": {"input_tokens": read - cached, "cache_read_input_tokens": cached, "output_tokens": written}}


def in_the_choice(read: int, written: int) -> dict[str, Any]:
    return {"choice.usage": usual(read, written)["usage"]}


def as_a_sum(read: int, written: int) -> dict[str, Any]:
    return {"usage": {"completion_tokens": written, "total_tokens": read + written}}


def as_zero(read: int, written: int) -> dict[str, Any]:
    return usual(0, 0)


def as_null(read: int, written: int) -> dict[str, Any]:
    return {"usage": None}


# How an answer is dressed


def message(said: Mapping[str, Any], end: str | None) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": end, "message": {"role": "assistant", **said}}
    return {"id": "night-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def fenced(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": f"Here you are:\n```json\n{text}\n```\nAnything else?"}, end)


def after_thoughts(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": f"<think>They met. {{Perhaps}} twice.</think>\n{text}"}, end)


def in_parts(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": [{"type": "text", "text": text[:50]}, {"type": "text", "text": text[50:]}]}, end)


def as_thoughts(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": "", "reasoning_content": f"I answer with {text}"}, end)


def as_an_object(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": json.loads(text)}, end)


def by_a_tool(text: str, end: str | None) -> dict[str, Any]:
    call = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": text}}
    return message({"content": None, "tool_calls": [call]}, end)


def by_a_function(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": None, "function_call": {"name": "answer", "arguments": text}}, end)


def with_line_breaks(text: str, end: str | None) -> dict[str, Any]:
    return message({"content": text.replace('": "', '": "\n', 1)}, end)


def enveloped(text: str, end: str | None) -> dict[str, Any]:
    return {"took_ms": 12, "result": message({"content": text}, end)}


def listed(text: str, end: str | None) -> dict[str, Any]:
    return {"data": [message({"content": text}, end)]}


def without_choices(text: str, end: str | None) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": True, "done_reason": end}


def without_a_message(text: str, end: str | None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "text": text, "finish_reason": end}]}


def by_type(text: str, end: str | None) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}], "stop_reason": end}


def streamed(body: Mapping[str, Any]) -> str:
    """Send a body in pieces of 200 characters, the tokens with the last."""
    choice = body["choices"][0]
    text, rest = choice["message"]["content"], {name: body[name] for name in ("usage", "x_groq") if name in body}
    pieces: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": text[at : at + 200]}}]} for at in range(0, len(text), 200)
    ]
    pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}], **rest})
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"


def marked(body: Mapping[str, Any]) -> str:
    """Send a byte order mark first, and more spaces than needed."""
    return "\ufeff" + json.dumps(body, indent=4) + "\n\n"


# What goes wrong

BUSY = status(429, error={"message": "slow down"}, retry_after="0.05")
BUSY_UNTOLD = status(429, error={"message": "the queue is full"})
BROKEN = status(500)
AWAY = status(503, retry_after="0.05")
GATEWAY = status(502)
AWAY_IN_A_GOOD_BODY = Fault(body=b'{"error": {"code": 503, "message": "worker restarts"}}')


def refuses_to_read(code: int, words: object) -> Fault:
    return Fault(status=code, body=json.dumps(words).encode())


def ends_flagged(end: str, **said: str) -> Fault:
    body = message({"content": None, **said}, end)
    body["usage"] = {"prompt_tokens": 500, "completion_tokens": 1, "total_tokens": 501}
    return Fault(body=json.dumps(body).encode())


FORBIDDEN = refuses_to_read(403, {"error": "the input violates the usage policy", "code": "not permitted"})
FLAGGED = refuses_to_read(403, {"error": {"code": 403, "message": "Input was flagged: self-harm. Nothing is charged."}})
BY_CODE = status(400, error={"code": "content_filter", "message": "no"})
IN_A_GOOD_BODY = refuses_to_read(200, {"error": {"code": 403, "message": "your input was flagged by moderation"}})

DIALECTS = (
    Dialect("agate"),
    Dialect("amber", ("schema",), in_a_list, goes_wrong={2: BUSY}),
    Dialect("basalt", ("schema", "json"), at_its_place, in_and_out, "end_turn", fenced),
    Dialect("beryl", ("temperature",), goes_wrong={1: BROKEN}, flags=FORBIDDEN),
    Dialect("borax", ("max_tokens",), at_its_place, cached_within, goes_wrong={5: DROP}),
    Dialect("calcite", ("schema",), without_a_word, evaluated, "stop", without_choices),
    Dialect("chalk", ("system",), lambda part: (400, {"message": "unknown role: system"}), dress=after_thoughts),
    Dialect("chert", ("turns",), lambda part: (400, "roles must alternate"), as_floats, "eos_token"),
    Dialect("cobalt", ("whole",), lambda part: (400, {"error": "this model can only stream"}), is_sent_as=streamed),
    Dialect("copper", tells=thoughts_aside, dress=as_thoughts, goes_wrong={3: AWAY, 4: BUSY_UNTOLD}),
    Dialect("coral", ("schema",), as_its_own_fault, dress=in_parts),
    Dialect("diorite", ("schema", "temperature"), in_errors, ends="COMPLETE", dress=as_an_object),
    Dialect("dolomite", ("schema", "json", "temperature", "max_tokens"), in_portuguese, in_and_out, dress=fenced),
    Dialect("emery", tells=cached_beside, ends="end_turn", dress=by_type, flags=FLAGGED),
    Dialect("feldspar", tells=by_extension, ends="tool_calls", dress=by_a_tool, goes_wrong={1: BUSY}),
    Dialect("flint", ("temperature",), by_number, ends="function_call", dress=by_a_function),
    Dialect("gabbro", dress=enveloped, goes_wrong={1: AWAY_IN_A_GOOD_BODY}),
    Dialect("galena", dress=listed, ends="STOP", flags=BY_CODE),
    Dialect("garnet", ("schema",), as_a_page, as_a_sum, dress=with_line_breaks),
    Dialect("gneiss", is_sent_as=streamed, tells=usual, goes_wrong={6: CUT}),
    Dialect("granite", ("temperature", "max_tokens"), as_text, in_the_choice, flags=ends_flagged("SAFETY")),
    Dialect("gypsum", tells=as_null, dress=fenced),
    Dialect("halite", tells=as_zero, ends=None, flags=ends_flagged("stop", refusal="I will not help with this.")),
    Dialect("hematite", tells=cached_at_top, is_sent_as=marked, goes_wrong={2: GARBAGE}),
    Dialect("jade", ("schema",), by_number, flags=IN_A_GOOD_BODY),
    Dialect("jasper", ("json", "schema"), without_a_word, dress=after_thoughts, goes_wrong={7: GATEWAY}),
    Dialect("kyanite", most=2048, goes_wrong={3: BROKEN}),
    Dialect("lapis", ("schema",), in_errors, as_floats, ends="length"),
    Dialect("magma", tells=usual, ends="max_tokens", dress=without_a_message),
    Dialect("marble", ("temperature",), as_a_page, flags=ends_flagged("blocked_by_guardrail")),
    Dialect("mica", ("max_tokens", "max_completion_tokens"), in_errors, dress=in_parts),
    Dialect("obsidian", tells=thoughts_aside, goes_wrong={1: BUSY_UNTOLD, 2: BUSY_UNTOLD, 8: DROP}),
    Dialect("onyx", ("schema", "system"), in_portuguese, evaluated, "stop", without_choices),
    Dialect("opal", ("turns", "temperature"), without_a_word, by_extension),
    Dialect("pumice", ("schema", "json"), as_its_own_fault, ends="done", dress=as_thoughts),
    Dialect("quartz", ("whole",), as_text, by_extension, is_sent_as=streamed, flags=FORBIDDEN),
    Dialect("schist", ("schema",), at_its_place, in_the_choice, goes_wrong={1: AWAY, 2: BROKEN, 3: BUSY}),
    Dialect("slate", most=3000, tells=in_and_out, ends="stop_sequence", dress=enveloped, flags=FLAGGED),
    Dialect("talc", ("system", "schema", "temperature"), without_a_word, as_a_sum, dress=fenced),
    Dialect("topaz", ("max_tokens",), as_a_page, cached_within, dress=by_a_tool, goes_wrong={4: AWAY, 9: GARBAGE}),
)
