"""Judges a reply: parse, check, phrase the one repair request. Pure; the only place where content is repaired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from meetcli.answers.dressed import undressed
from meetcli.answers.languages import detect_language, primary_code
from meetcli.errors import SchemaBroken
from meetcli.models import Message

if TYPE_CHECKING:
    from pydantic import BaseModel

SUMMARY_WORDS = (50, 300)
"""A summary outside is off by more than half of the 100 to 200 words that are asked for."""
LONG_ENOUGH_WORDS = 400
"""Transcripts shorter than this may have summaries as short as they deserve."""
MOST_PROBLEMS_QUOTED = 12
LONGEST_NAME = 40  # characters
LONGEST_WORD = 20
"""Prose with longer words on average is in a script without spaces, and nobody can count its words so."""
PROSE_WORDS = 5
"""A shorter text may be a name or a term in any language."""
_VERBATIM = frozenset({"quote", "due_text"})
"""Fields that are copied from the transcript, in whatever language that is."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a reply. `answer` is the canonical JSON of a reply that has the right shape, else None.

    `problems` are phrased for the model in our words: what was said in a meeting stays behind its fence. They are never
    logged, since a validator of the user's own may quote the answer. An answer with problems is worth one repair; if
    the repair is no better, an answer of the right shape is still taken. `rules` say which rules of the shape are
    broken, and where, in words of the schema alone: they may be shown.
    """

    answer: str | None
    problems: tuple[str, ...]
    rules: tuple[str, ...] = ()


def judge(text: str, model: type[BaseModel], *, transcript_words: int, language: str | None = None) -> Judgement:
    """Check the text of a reply against the answer model and the few rules a schema cannot say.

    `language` is the code of the language its prose must be in, None where any will do. Where its prose is certain to
    be in one language, the answer's `language` names that, whatever the model said.
    """
    try:
        answer = _validated(text, model)
    except ValidationError as error:
        details = error.errors(include_url=False)[:MOST_PROBLEMS_QUOTED]
        rules = [rule for detail in details for rule in _rules(detail)]
        return Judgement(None, tuple(_phrase(detail) for detail in details), tuple(rules))
    found = detect_language(" ".join(_prose(answer.model_dump()))) if language else None
    problems = [*_summary_problems(answer, transcript_words), *_language_problems(found, language)]
    if language and found:
        answer = answer.model_copy(update={"language": language if found == primary_code(language) else found})
    return Judgement(answer.model_dump_json(by_alias=True), tuple(problems))


def _validated(text: str, model: type[BaseModel]) -> BaseModel:
    """Read an answer by alias, as the schema names fields; it is dumped the same way."""
    try:
        return model.model_validate_json(text)
    except ValidationError:
        needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
        plain = undressed(text, needed) if needed else None
        if plain is None or plain == text:
            raise
        try:
            return model.model_validate_json(plain)
        except ValidationError as error:  # what is wrong with the object itself is what a repair can put right
            raise error from None


def repair_messages(text: str, problems: tuple[str, ...]) -> tuple[Message, ...]:
    """Return the messages that follow a first answer: the answer itself, and what is wrong with it.

    An empty one is not sent back: several servers refuse a message without content.
    """
    if not text.strip():
        return (Message("user", "Your answer was empty. Return the whole JSON object that was asked for."),)
    listed = "\n".join(f"- {problem}" for problem in problems)
    return (
        Message("assistant", text),
        Message(
            "user",
            f"That answer cannot be used:\n{listed}\n"
            "Return the whole JSON object again with these points put right and nothing else changed.",
        ),
    )


def _rules(detail: Any) -> Iterator[str]:  # noqa: ANN401  # pydantic's ErrorDetails lives in a package of its own
    """Yield what is broken without a word of the answer: the place, and pydantic's own name of the rule."""
    broken = detail.get("ctx", {}).get("error")
    if isinstance(broken, SchemaBroken):
        yield from broken.rules
    else:
        rule = "is required" if detail["type"] == "missing" else detail["type"].replace("_", " ")
        yield f"{_path(detail)}: {rule}"


def _path(detail: Any) -> str:  # noqa: ANN401  # as above
    # The name of a field too many is the model's own and may be a sentence of the transcript: no instruction quotes
    # that.
    names = (
        part if isinstance(part, int) or (part.isidentifier() and len(part) <= LONGEST_NAME) else "(a field)"
        for part in detail["loc"]
    )
    path = "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names).lstrip(".")
    return path or "the answer"


def _phrase(detail: Any) -> str:  # noqa: ANN401  # as above
    # This one message of pydantic's quotes what the model wrote.
    is_tag = detail["type"] == "union_tag_invalid"
    said = (
        f"{detail['ctx']['discriminator']} must be one of {detail['ctx']['expected_tags']}" if is_tag else detail["msg"]
    )
    return f"{_path(detail)}: {said}"


def _language_problems(found: str | None, wanted: str | None) -> list[str]:
    if found is None or wanted is None or found == primary_code(wanted):
        return []
    return [
        f"language: the prose is in {found!r}; all of it must be in {wanted!r}, "
        "but for quotes and deadlines in the transcript's own words"
    ]


def _prose(value: object) -> Iterator[str]:
    """Yield the sentences of an answer, without what is copied from the transcript."""
    if isinstance(value, str):
        if len(value.split()) >= PROSE_WORDS:
            yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _VERBATIM:
                yield from _prose(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _prose(inner)


def _summary_problems(answer: BaseModel, transcript_words: int) -> list[str]:
    summary = getattr(answer, "summary", None)
    if not isinstance(summary, str) or transcript_words < LONG_ENOUGH_WORDS:
        return []
    words = len(summary.split())
    if SUMMARY_WORDS[0] <= words <= SUMMARY_WORDS[1] or len(summary) > LONGEST_WORD * max(1, words):
        return []
    return [f"summary: it has {words} words; 100 to 200 were asked for"]
