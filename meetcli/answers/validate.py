"""Judges a reply: parse, check, phrase the one repair request. Pure; the only place where content is repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from meetcli.models import Message

if TYPE_CHECKING:
    from pydantic import BaseModel

SUMMARY_WORDS = (50, 300)
"""A summary outside is off by more than half of the 100 to 200 words that are asked for."""
LONG_ENOUGH_WORDS = 400
"""Transcripts shorter than this may have summaries as short as they deserve."""
MOST_PROBLEMS_QUOTED = 12


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a reply. `answer` is the canonical JSON of a reply that has the right shape, else None.

    `problems` are phrased for the model and may quote its words: they are sent back, never logged. An answer with problems
    is worth one repair; if the repair is no better, an answer of the right shape is still taken.
    """

    answer: str | None
    problems: tuple[str, ...]


def judge(text: str, model: type[BaseModel], *, transcript_words: int) -> Judgement:
    """Check the text of a reply against the answer model and the few rules a schema cannot say."""
    try:
        answer = model.model_validate_json(text)
    except ValidationError as error:
        return Judgement(None, tuple(_phrase(detail) for detail in error.errors(include_url=False)[:MOST_PROBLEMS_QUOTED]))
    return Judgement(answer.model_dump_json(), tuple(_summary_problems(answer, transcript_words)))


def repair_messages(text: str, problems: tuple[str, ...]) -> tuple[Message, ...]:
    """Return the messages that follow a first answer: the answer itself, and what is wrong with it."""
    listed = "\n".join(f"- {problem}" for problem in problems)
    return (
        Message("assistant", text),
        Message(
            "user",
            f"That answer cannot be used:\n{listed}\n"
            "Return the whole JSON object again with these points put right and nothing else changed.",
        ),
    )


def _phrase(detail: Any) -> str:  # noqa: ANN401  # pydantic's ErrorDetails lives in a package of its own
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    return f"{path or 'the answer'}: {detail['msg']}"


def _summary_problems(answer: BaseModel, transcript_words: int) -> list[str]:
    summary = getattr(answer, "summary", None)
    if not isinstance(summary, str) or transcript_words < LONG_ENOUGH_WORDS:
        return []
    words = len(summary.split())
    if SUMMARY_WORDS[0] <= words <= SUMMARY_WORDS[1]:
        return []
    return [f"summary: it has {words} words; 100 to 200 were asked for"]
