"""A result as minutes: what people read, in the language of the result, whatever then draws it.

Pure; never trusts a result's shape.

Results are files, and files are edited, cut and merged by people and other programs: what has the wrong type counts as
absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from meetcli.minutes.words import LABELS, date_text
from meetcli.models import NO_KEY
from meetcli.plain_text import printable

_NUMBER = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """What was said, word for word; `time` is where in the recording, as `12:05`."""

    text: str
    speaker: str | None
    time: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the minutes, with what belongs in brackets behind it and the quote it stands on."""

    text: str
    details: tuple[str, ...] = ()
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A list of claims under a heading; a checklist is something to be done."""

    title: str
    claims: tuple[Claim, ...]
    is_checklist: bool = False


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How a meeting felt.

    The label in the result's language, the score from 0 to 1, and the scores of its stretches from first to last.
    """

    title: str
    label: str
    score: float
    course: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Minutes:
    """One result for reading. `facts` are (label, value) in order; absent parts are empty."""

    language: str
    title: str
    facts: tuple[tuple[str, str], ...]
    summary_title: str
    summary: str
    sentiment: Sentiment | None
    sections: tuple[Section, ...]


def read_minutes(result: Mapping[str, Any]) -> Minutes:
    """Return the minutes that a result holds: on one line each, every character printable.

    Headings are English or Portuguese.
    """
    language = "pt" if text_of(result.get("language")).lower().startswith("pt") else "en"
    words = LABELS[language]
    return Minutes(
        language=language,
        title=_title(result, words),
        facts=tuple(_facts(result, language)),
        summary_title=words["summary"],
        summary=text_of(result.get("summary")),
        sentiment=_sentiment(result, words),
        sections=tuple(section for section in _sections(result, language) if section.claims),
    )


def text_of(value: object) -> str:
    """Return a text on one line with nothing in it that could move a cursor or reorder what stands there.

    Empty for no text.
    """
    return printable(" ".join(value.split())) if isinstance(value, str) else ""


def items_of(result: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the mappings in a list field; anything else in it or in its place counts as absent."""
    value = result.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def texts_of(result: Mapping[str, Any], name: str) -> list[str]:
    """Return the texts in a list field."""
    value = result.get(name)
    return [text for item in value if (text := text_of(item))] if isinstance(value, list) else []


def score_of(value: object) -> float | None:
    """Return a score from 0 to 1, None for anything else."""
    return float(value) if isinstance(value, _NUMBER) and not isinstance(value, bool) and 0 <= value <= 1 else None


def shares_of_talk(result: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return (name, share from 0 to 1) of each speaker with a name; empty where a result has no statistics."""
    statistics = result.get("speaker_statistics")
    speakers = items_of(statistics, "speakers") if isinstance(statistics, Mapping) else []
    pairs = ((text_of(speaker.get("name")), score_of(speaker.get("share"))) for speaker in speakers)
    return [(name, share) for name, share in pairs if name and share is not None]


def time_of(value: object) -> str | None:
    """Return seconds from the start of a recording as `12:05` or `1:02:05`, None where they are not known."""
    if not isinstance(value, _NUMBER) or isinstance(value, bool) or not 0 <= value < 360_000:
        return None
    minutes, seconds = divmod(int(value), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes:02}:{seconds:02}"


def written_by(provenance: Mapping[str, Any]) -> str:
    """Return the model that wrote a result; an engine that asks no endpoint is named first."""
    model, engine = text_of(provenance.get("model")), text_of(provenance.get("engine"))
    return f"{engine}, {model}" if engine and not provenance.get("endpoint") else model


def quote_of(item: Mapping[str, Any]) -> Quote | None:
    """Return the quote an item stands on, None where none was found in the transcript."""
    evidence = item.get("evidence")
    if not isinstance(evidence, Mapping) or not (text := text_of(evidence.get("quote"))):
        return None
    return Quote(text, text_of(evidence.get("speaker")) or None, time_of(evidence.get("start_s")))


def _title(result: Mapping[str, Any], words: Mapping[str, str]) -> str:
    who = text_of(result.get("customer_name")) or text_of(result.get("customer_id"))
    kind = text_of(result.get("meet_type")).replace("_", " ")
    return ", ".join(part for part in (who, kind) if part) or text_of(result.get("source")) or words["meeting"]


def _facts(result: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    words = LABELS[language]
    provenance = result.get("provenance")
    provenance = provenance if isinstance(provenance, Mapping) else {}
    rows = {
        "date": date_text(text_of(result.get("meet_date")), language),
        "banker": text_of(result.get("banker_name")) or text_of(result.get("banker_id")),
        "participants": "; ".join(_participants(result)),
        "talk": ", ".join(f"{name} {share:.0%}" for name, share in shares_of_talk(result)),
        "topics": ", ".join(texts_of(result, "topics")),
        "meeting_id": text_of(result.get("meeting_id")),
        "customer_id": text_of(result.get("customer_id")),
        "made_by": ", ".join(
            part for part in (written_by(provenance), text_of(provenance.get("created_at"))[:10]) if part
        ),
    }
    return ((words[name], value) for name, value in rows.items() if value and value != NO_KEY)


def _participants(result: Mapping[str, Any]) -> Iterator[str]:
    for person in items_of(result, "participants"):
        about = ", ".join(part for part in (text_of(person.get("role")), text_of(person.get("side"))) if part)
        if name := text_of(person.get("name")):
            yield f"{name} ({about})" if about else name


def _sentiment(result: Mapping[str, Any], words: Mapping[str, str]) -> Sentiment | None:
    score = score_of(result.get("sentiment_score"))
    if score is None:
        return None
    label = text_of(result.get("sentiment_label"))
    course = (score_of(part.get("sentiment_score")) for part in items_of(result, "timeline"))
    return Sentiment(
        words["sentiment"], words.get(label, label), score, tuple(part for part in course if part is not None)
    )


def _sections(result: Mapping[str, Any], language: str) -> Iterator[Section]:
    words = LABELS[language]

    def claims(name: str, text: str = "text", **details: str) -> tuple[Claim, ...]:
        return tuple(
            Claim(text_of(item.get(text)), tuple(_details(item, details, words)), quote_of(item))
            for item in items_of(result, name)
            if text_of(item.get(text))
        )

    yield Section(words["key_points"], claims("key_points"))
    yield Section(words["decisions"], claims("decisions", rationale=words["because"] + " {}"))
    actions = items_of(result, "action_items")
    yield Section(
        words["action_items"],
        tuple(_action(item, language) for item in actions if text_of(item.get("description"))),
        True,
    )
    yield Section(words["risks"], claims("risks", severity="{}"))
    yield Section(words["open_questions"], claims("open_questions"))
    yield Section(words["speakers"], claims("speakers", "name", sentiment_label="{}", sentiment_score="{}"))
    for name, value in _custom(result):
        yield Section(name.replace("_", " "), tuple(_plain_claims(value, words)))


def _details(item: Mapping[str, Any], wanted: Mapping[str, str], words: Mapping[str, str]) -> Iterator[str]:
    for name, form in wanted.items():
        value = item.get(name)
        text = f"{value:.2f}" if isinstance(value, float) else text_of(value)
        if text:
            yield form.format(words.get(text, text))
    if item.get("unsupported") is True:
        yield words["unsupported"]


def _action(item: Mapping[str, Any], language: str) -> Claim:
    words = LABELS[language]
    date, said = date_text(text_of(item.get("due_date")), language), text_of(item.get("due_text"))
    due = f"{date}, “{said}”" if date and said else date or said
    details = (
        text_of(item.get("owner")) or words["nobody"],
        f"{words['due']} {due}" if due else "",
        words["tentative"] if item.get("status") == "tentative" else "",
        words["unsupported"] if item.get("unsupported") is True else "",
    )
    return Claim(text_of(item["description"]), tuple(detail for detail in details if detail), quote_of(item))


def _custom(result: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the fields of a custom task's own result; the two built-in tasks have none."""
    own = result.get("result")
    if isinstance(own, Mapping):
        yield from ((text_of(str(name)), value) for name, value in own.items())


def _plain_claims(value: object, words: Mapping[str, str]) -> Iterator[Claim]:
    """Yield whatever a custom task returned as lines."""
    if isinstance(value, Mapping):
        proof = {"evidence", "unsupported", "quote"} if "evidence" in value else set()
        text = ", ".join(
            f"{name}: {said}" for name, inner in value.items() if name not in proof and (said := _plain(inner, words))
        )
        yield Claim(text_of(text), tuple(_details(value, {}, words)), quote_of(value))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place in value:
            yield from _plain_claims(place, words)
    elif said := _plain(value, words):
        yield Claim(said)


def _plain(value: object, words: Mapping[str, str]) -> str:
    if value is None or isinstance(value, str):
        return text_of(value)
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, Sequence):
        return ", ".join(said for place in value if (said := _plain(place, words)))
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {said}" for name, inner in value.items() if (said := _plain(inner, words)))
    return text_of(str(value))
