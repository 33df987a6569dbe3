"""Room of the answers: one answer from those about the chunks of a long meeting.

Pure: lists are united by code, and no item is lost.

Chunks overlap, so two of them may report one thing: twins are merged where they say the same, or stand on the same
words and say much the same. Two items of one chunk never are: its model saw both and told them apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meetcli.answers.evidence import Evidence, EvidenceFinder
from meetcli.answers.folding import fold_all
from meetcli.meetings.chunks import Chunk
from meetcli.models import Meeting

ALIKE = 0.5
"""Two items on the same words are twins where the shorter shares so much of its words with the other."""
TELLING = 4  # letters; shorter words tell two items apart as little as "the" and "on"
_TOLD = ("customer_name", "banker_name", "meet_type")
_CLAIMS = {
    "key_points": "text",
    "decisions": "text",
    "action_items": "description",
    "open_questions": "text",
    "risks": "text",
}
_STRENGTH = {"tentative": 0, "agreed": 1, "low": 0, "medium": 1, "high": 2}

Answer = dict[str, Any]


def merge_answers(answers: Sequence[Answer], chunks: Sequence[Chunk], meeting: Meeting) -> Answer:
    """Return the answer to a built-in task from the `answers` about its `chunks`, in order.

    Its summary is empty.
    """
    finder = EvidenceFinder(meeting)
    merged: Answer = {
        "language": Counter(answer["language"] for answer in answers).most_common(1)[0][0],
        **{name: next((answer[name] for answer in answers if answer[name]), None) for name in _TOLD},
        "summary": "",
    }
    for name, text in _CLAIMS.items():
        if name in answers[0]:
            merged[name] = unite([answer[name] for answer in answers], finder, text)
    if "topics" in answers[0]:
        topics = (topic for answer in answers for topic in answer["topics"])
        merged["topics"] = list({fold_all(topic): topic for topic in reversed(list(topics))}.values())[::-1]
        merged["participants"] = _participants(answers)
    else:
        merged |= _sentiment(answers, chunks, meeting, finder)
    return merged


def unite(lists: Iterable[Sequence[Answer]], finder: EvidenceFinder, text: str | None = None) -> list[Answer]:
    """Return the items of all lists in order, each once.

    `text` names the field with the claim; None takes all but the quote.
    """
    united: list[_Claim] = []
    for items in lists:
        before = list(united)
        for item in items:
            claim = _read(dict(item), finder, text)
            twin = next((other for other in before if _are_twins(claim, other)), None)
            if twin is None:
                united.append(claim)
            else:
                before.remove(twin)
                _fill(twin, claim)
                united[united.index(twin)] = _read(twin.item, finder, text)
    return [claim.item for claim in united]


@dataclass(frozen=True, slots=True, eq=False)
class _Claim:
    """An item and what is compared of it, read once: `evidence` is where its quote stands, None where it does not."""

    item: Answer
    said: str
    words: frozenset[str]
    evidence: Evidence | None
    details: Mapping[str, object]
    is_prose: bool


def _read(item: Answer, finder: EvidenceFinder, text: str | None) -> _Claim:
    said = str(item[text]) if text else " ".join(str(value) for name, value in sorted(item.items()) if name != "quote")
    quote = item.get("quote")
    found = finder.find(quote) if isinstance(quote, str) else None
    details: dict[str, object] = {
        name: fold_all(item[name]) for name in ("owner", "due_text") if isinstance(item.get(name), str)
    }
    if (
        text is None
    ):  # in a task of the user's own a name of a rule, an amount or a verdict is what tells two items apart
        telling = {name: value for name, value in item.items() if name != "quote" and _is_telling(value)}
        details |= {name: fold_all(value) if isinstance(value, str) else value for name, value in telling.items()}
    return _Claim(item, fold_all(said), _words(said), found, details, text is not None)


def _is_telling(value: object) -> bool:
    """Say whether another value makes another item: a number, yes or no, a word that is no measure, but no prose."""
    return isinstance(value, int | float) or (
        isinstance(value, str) and len(value.split()) == 1 and value not in _STRENGTH
    )


def _are_twins(claim: _Claim, other: _Claim) -> bool:
    if any(other.details.get(name, detail) != detail for name, detail in claim.details.items()):
        return False
    one, two = claim.evidence, other.evidence
    # Prose that is the same says the same; two breaches of one rule differ in nothing but the words they stand on.
    if claim.said == other.said and (claim.is_prose or one is None or two is None):
        return True
    if one is None or two is None:
        return False
    shared = min(one.offset + len(one.quote), two.offset + len(two.quote)) - max(one.offset, two.offset)
    if shared * 2 < min(len(one.quote), len(two.quote)):
        return False
    if claim.said == other.said:
        return True
    quoted = _words(f"{one.quote} {two.quote}")
    if all(
        any(len(word) >= TELLING for word in own & quoted)
        for own in (claim.words - other.words, other.words - claim.words)
    ):
        return False  # "the contract and the rates": each names what the other does not, and both were said
    return len(claim.words & other.words) >= ALIKE * min(len(claim.words), len(other.words))


def _words(text: str) -> frozenset[str]:
    return frozenset(map(fold_all, text.split()))


def _fill(kept: _Claim, twin: _Claim) -> None:
    """Take from a twin what the kept item lacks.

    That is a field, the quote where the kept one's is not found, and the stronger word.
    """
    for name, value in twin.item.items():
        mine = kept.item.get(name)
        is_weaker = (
            isinstance(mine, str) and isinstance(value, str) and _STRENGTH.get(mine, 9) < _STRENGTH.get(value, -1)
        )
        is_unproved = name == "quote" and kept.evidence is None and twin.evidence is not None
        if mine is None or is_weaker or is_unproved:
            kept.item[name] = value


def _participants(answers: Sequence[Answer]) -> list[Answer]:
    people: dict[str, Answer] = {}
    for person in (person for answer in answers for person in answer["participants"]):
        known = people.setdefault(fold_all(person["name"]), dict(person))
        known["role"] = known["role"] or person["role"]
        known["side"] = known["side"] or person["side"]
    return list(people.values())


def _sentiment(answers: Sequence[Answer], chunks: Sequence[Chunk], meeting: Meeting, finder: EvidenceFinder) -> Answer:
    """Return scores of the whole: means of the chunks' scores, by how much was said."""
    sizes = [sum(len(turn.text) for turn in chunk.meeting.turns) for chunk in chunks]
    speakers: dict[str, list[tuple[float, int, Answer]]] = {}
    for answer, chunk in zip(answers, chunks, strict=True):
        talk: Counter[str] = Counter()
        for turn in chunk.meeting.turns:
            talk[fold_all(turn.speaker or "")] += len(turn.text)
        for speaker in answer["speakers"]:
            name = fold_all(speaker["name"])
            speakers.setdefault(name, []).append((speaker["sentiment_score"], talk[name] or 1, speaker))
    whole = [(answer["sentiment_score"], size) for answer, size in zip(answers, sizes, strict=True)]
    return {
        "sentiment_score": _mean(whole),
        "speakers": [
            {
                **max(scores, key=lambda scored: (bool(scored[2]["quote"]), scored[1]))[2],
                "sentiment_score": _mean([scored[:2] for scored in scores]),
            }
            for scores in speakers.values()
        ],
        "timeline": _timeline(answers, chunks, meeting, finder),
    }


def _timeline(
    answers: Sequence[Answer], chunks: Sequence[Chunk], meeting: Meeting, finder: EvidenceFinder
) -> list[Answer]:
    """Return a score for each stretch of the meeting.

    It is the mean of the chunks' scores, weighted by the turns that their stretches share with it.
    """
    scored = []
    for answer, chunk in zip(answers, chunks, strict=True):
        for item in answer["timeline"]:
            if item["part"] <= len(chunk.meeting.stretches):
                first, last = chunk.meeting.stretches[item["part"] - 1]
                scored.append((chunk.first_turn + first - 1, chunk.first_turn + last - 1, item))
    timeline = []
    for part, (first, last) in enumerate(meeting.stretches, 1):
        shared = [
            (min(last, end) - max(first, start) + 1, item)
            for start, end, item in scored
            if start <= last and end >= first
        ]
        if shared:
            quotes = [item["quote"] for _, item in sorted(shared, key=lambda pair: -pair[0]) if item["quote"]]
            here = (quote for quote in quotes if finder.find(quote, range(first, last + 1)))
            mean = _mean([(item["sentiment_score"], turns) for turns, item in shared])
            timeline.append({"part": part, "sentiment_score": mean, "quote": next(here, None)})
    return timeline


def _mean(scores: Sequence[tuple[float, int]]) -> float:
    return round(sum(score * weight for score, weight in scores) / sum(weight for _, weight in scores), 4)


Path = tuple[str, ...]


def united_lists(final: Any, results: Sequence[Any], meeting: Meeting) -> Iterator[tuple[Path, list[Any]]]:  # noqa: ANN401  # any JSON
    """Yield each list of a custom task's result with every item that the chunks' results have there.

    Each comes with the names of the fields that lead to it. Lists in the objects of a list stay with their object.
    Numbers and the like stay as `final` has them: equal ones may be meant twice.
    """
    finder = EvidenceFinder(meeting)

    def inside(final: Any, results: Sequence[Any], path: Path) -> Iterator[tuple[Path, list[Any]]]:  # noqa: ANN401  # any JSON
        lists = [result for result in results if isinstance(result, list)]
        items = [item for found in lists for item in found]
        if any(isinstance(item, dict) for item in items):
            yield path, unite([[item for item in found if isinstance(item, dict)] for found in lists], finder)
        elif items and all(isinstance(item, str) for item in items):
            yield path, list({fold_all(item): item for item in reversed(items)}.values())[::-1]
        elif isinstance(final, Mapping):
            found = [result for result in results if isinstance(result, Mapping)]
            for name in dict.fromkeys([*final, *(name for result in found for name in result)]):
                yield from inside(final.get(name), [result.get(name) for result in found], (*path, name))

    yield from inside(final, results, ())


def with_list(result: Any, path: Path, items: list[Any]) -> Any:  # noqa: ANN401  # any JSON
    """Return a result with a list in its place."""
    if not path:
        return items
    return {**result, path[0]: with_list(result.get(path[0]), path[1:], items)}
