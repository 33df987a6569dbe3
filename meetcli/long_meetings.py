"""Asks about a meeting longer than the model's window. Calls nobody.

Each chunk is asked about by itself; one short call over what they gave follows. Lists are united by code, so that no
item depends on a second reading. Only prose, and what a custom task's result says outside of lists, is made anew from
the chunks' answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from meetcli.answers.merge import merge_answers, united_lists, with_list
from meetcli.meetings.chunks import Chunk, split, text_digest
from meetcli.meetings.normalize import MOST_STRETCHES
from meetcli.models import Meeting, Request, Task, Turn
from meetcli.money.tokens import Window, count_bytes, most_input_tokens
from meetcli.tasks.prompt import FIRST_CAP, compose_chunk, compose_whole
from meetcli.tasks.schema import strict_schema

if TYPE_CHECKING:
    from pydantic import BaseModel

SUMMARY_CAP = 1_536
"""Output tokens that stay free for a summary of 200 words in any language. What it is made of may take the rest: six
hours in a window of 8,000 tokens are some seventy summaries, and an edit must not ask about a group of them before it
asks about them all.
"""
NUMBER_TOKENS = 4
"""What the number and the line end of a stretch add to its summary."""
LEAST_CHUNK_TOKENS = 500
"""Where instructions and schema leave less room, chunks are this long all the same, and the server says what it thinks
of it.
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call about a meeting, about a chunk of a long one, or about all of its chunks.

    `has_full_summary` says that the usual length is wanted, `is_whole` that the answer is the meeting's as it stands.
    """

    request: Request
    model: type[BaseModel]
    has_full_summary: bool = True
    is_whole: bool = False


Then = Callable[[Sequence[str]], "list[Ask] | str"]
"""Takes the answers to all that was asked last, by place; returns what is asked next, or the answer about the
meeting.
"""


def the_answer(answers: Sequence[str]) -> str:
    """Return the answer to the only question about a meeting: the `Then` of one that a window holds."""
    return answers[0]


def fits(request: Request, window: Window) -> bool:
    """Return whether a window holds a request with its answer. Counts only where the bytes alone do not settle it."""
    room = window.tokens - request.max_output_tokens
    return most_input_tokens(request, count_bytes) <= room or most_input_tokens(request, window.count) <= room


class LongMeeting:
    """One long meeting on its way.

    `first` asks about the chunks. `then` takes the answers to what was asked last, and asks on or is done.
    """

    def __init__(
        self, task: Task, whole: Request, model: type[BaseModel], window: Window, known: Sequence[str] = ()
    ) -> None:
        """`whole` is the request that does not fit; `known` are the `anchors` of the meeting when it was last cut."""
        self._task = task
        self._whole = whole
        self._model = model
        self._window = window
        self._is_custom = task.schema is not None
        self._least_cap = FIRST_CAP if self._is_custom else SUMMARY_CAP
        rest, stretches = (
            most_input_tokens(whole._replace(messages=compose_chunk(task, said, whole.language)), window.count)
            for said in _nothing(whole)
        )
        room = max(LEAST_CHUNK_TOKENS, window.tokens - FIRST_CAP - rest)
        self._chunks: list[Chunk] = split(whole.meeting, room, window.count, known, spare=stretches - rest)
        self._found: list[dict[str, Any]] = []

    @property
    def anchors(self) -> list[str]:
        """How the chunks are known again, for the next time that this meeting is cut."""
        return [chunk.anchor for chunk in self._chunks]

    def first(self) -> list[Ask]:
        """Return what is asked about the chunks, in order."""
        return [
            Ask(
                self._whole._replace(
                    meeting=chunk.meeting, messages=compose_chunk(self._task, chunk.meeting, self._whole.language)
                ),
                self._model,
                has_full_summary=False,
            )
            for chunk in self._chunks
        ]

    def then(self, answers: Sequence[str]) -> list[Ask] | str:
        """Return what is asked next, or the answer about the whole meeting.

        `answers` are those to all that was asked last.
        """
        read = [json.loads(answer) for answer in answers]
        if self._found and len(read) == 1:
            return json.dumps(self._finished(read[0]), ensure_ascii=False)
        self._found = self._found or read
        given = [
            json.dumps(answer["result"], ensure_ascii=False) if self._is_custom else answer["summary"]
            for answer in read
        ]
        return [self._about(group) for group in self._groups(given)]

    def _finished(self, last: dict[str, Any]) -> dict[str, Any]:
        meeting = self._whole.meeting
        coverage: dict[str, Any] = {"chunks": len(self._chunks), "turns": len(meeting.turns)}
        if not self._is_custom:
            merged = merge_answers(self._found, self._chunks, meeting) | {"summary": last["summary"]}
        else:
            merged = last
            for path, items in united_lists(last["result"], [answer["result"] for answer in self._found], meeting):
                united = {**merged, "result": with_list(merged["result"], path, items)}
                if self._is_valid(united):
                    merged = united
                # as where a list must have just one item for each of some names: the model's choice stays, and says so
                else:
                    coverage.setdefault("chosen", []).append(".".join(("result", *path)))
        return merged | {"language": last["language"], "coverage": coverage}

    def _is_valid(self, answer: dict[str, Any]) -> bool:
        from pydantic import ValidationError

        try:
            self._model.model_validate(answer)
        except ValidationError:
            return False
        return True

    def _groups(self, given: Sequence[str]) -> list[list[str]]:
        """Put what the chunks gave into groups that fit the window; in pairs at least, so that there is an end.

        As with chunks, a group ends where the text there says so: a change elsewhere leaves its end where it is.
        """
        rest = most_input_tokens(self._asked(()), self._window.count)
        room = max(LEAST_CHUNK_TOKENS, self._window.tokens - self._least_cap - rest)
        tokens = [self._window.count(one) + NUMBER_TOKENS for one in given]
        groups: list[list[str]] = []
        first = 0
        while len(tokens) - first > 2 and sum(tokens[first:]) > room:
            held = dict(enumerate(accumulate(tokens[first:]), first + 1))
            ends = [end for end in range(first + 2, len(tokens)) if room / 2 < held[end] <= room]
            end = min(ends, key=lambda end: text_digest(given[end - 1]), default=first + 2)
            groups.append(list(given[first:end]))
            first = end
        return [*groups, list(given[first:])]

    def _about(self, given: Sequence[str]) -> Ask:
        request = self._asked(given)
        left = self._window.tokens - most_input_tokens(request, self._window.count)
        request = request._replace(max_output_tokens=min(FIRST_CAP, max(self._least_cap, left)))
        return Ask(request, self._last_model())

    def _asked(self, given: Sequence[str]) -> Request:
        messages = compose_whole(self._task, self._whole.meeting, given, self._whole.language)
        request = self._whole._replace(messages=messages)
        return request if self._is_custom else request._replace(schema=strict_schema(self._last_model()))

    def _last_model(self) -> type[BaseModel]:
        from meetcli.tasks.answer_models import SummaryAnswer

        return self._model if self._is_custom else SummaryAnswer


def _nothing(whole: Request) -> tuple[Meeting, Meeting]:
    """Return a meeting in which nobody speaks, and the same with as many stretches as a chunk may have.

    The numbers of stretches take room too.
    """
    parts = range(1, MOST_STRETCHES + 1)
    empty = whole.meeting._replace(transcript="", turns=(), stretches=())
    return empty, empty._replace(
        turns=(Turn(None, "", 0),) * len(parts), stretches=tuple((part, part) for part in parts)
    )
