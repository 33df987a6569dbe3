"""What the report page holds: results joined to meetings, cut to what the page shows, and their totals. Draws nothing.

Names are written out: deflate makes a repeated name cost next to nothing, and the page's scripts stay readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from meetcli.minutes import (
    Claim,
    Quote,
    items_of,
    quote_of,
    read_minutes,
    score_of,
    shares_of_talk,
    text_of,
    texts_of,
    written_by,
)
from meetcli.models import NO_KEY

QUOTE_WORDS = 25
"""Longer quotes are cut to this many words; the whole of one stands in its result."""

TEXT_FIELDS = frozenset({"text", "quote", "rationale", "summary"})
"""The fields of a meeting and its claims that hold sentences; the page's scripts know the same."""

_SEVERITIES = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Totals:
    """What the page says without a script. `sentiment` is the mean score, None where nothing was analyzed.

    `cost_usd` is the sum of the known costs, None where none of them is.
    """

    meetings: int
    customers: int
    decisions: int
    actions: int
    overdue: int
    high_risks: int
    sentiment: float | None
    cost_usd: Decimal | None
    unknown_costs: int
    first_date: str
    last_date: str


@dataclass(frozen=True, slots=True)
class Payload:
    """Meetings in the order of their dates, as JSON objects.

    `results` counts what was read, `older` what a newer result of the same meeting and task replaced.
    """

    meetings: list[dict[str, Any]]
    results: int
    older: int

    def totals(self, today: str) -> Totals:
        """Return the totals; what is due before `today` (ISO 8601) is overdue."""
        meetings = self.meetings
        purchases = [bought for meeting in meetings for bought in meeting["purchases"]]
        scores = [meeting["score"] for meeting in meetings if "score" in meeting]
        costs = [Decimal(bought["cost"]) for bought in purchases if "cost" in bought]
        dates = [meeting["date"] for meeting in meetings if "date" in meeting]
        return Totals(
            meetings=len(meetings),
            customers=len({meeting["customer"] for meeting in meetings if "customer" in meeting}),
            decisions=sum(len(meeting.get("decisions", ())) for meeting in meetings),
            actions=sum(len(meeting.get("actions", ())) for meeting in meetings),
            overdue=sum(item.get("due", today) < today for meeting in meetings for item in meeting.get("actions", ())),
            high_risks=sum(item["severity"] == "high" for meeting in meetings for item in meeting.get("risks", ())),
            sentiment=sum(scores) / len(scores) if scores else None,
            cost_usd=sum(costs, Decimal(0)) if costs or not purchases else None,
            unknown_costs=len(purchases) - len(costs),
            first_date=min(dates, default=""),
            last_date=max(dates, default=""),
        )


def make_payload(results: Iterable[tuple[Mapping[str, Any], str | None]], *, is_full: bool) -> Payload:
    """Join results to meetings.

    Each result comes with the path that the results of its meeting share, or None. Of results of one meeting and task,
    as after a rerun with another model, only the one bought last stays; copies in other files count once. `is_full`
    puts in summaries, key points, open questions and what custom tasks found.
    """
    results = list(results)
    paths = {_fingerprint(result): path for result, path in results if path}
    joined: dict[str, dict[str, Mapping[str, Any]]] = {}
    answers: set[tuple[str, ...]] = set()
    for result, _ in results:
        identity, task = _identity(result, paths), text_of(result.get("task"))
        of_meeting = joined.setdefault(identity, {})
        of_meeting[task] = max(of_meeting.get(task, result), result, key=_bought_at)
        answers.add((identity, task, _fingerprint(result), _bought_at(result)))
    meetings = [_meeting(by_task, is_full) for by_task in joined.values()]
    return Payload(
        sorted(meetings, key=lambda meeting: (meeting.get("date", ""), meeting.get("id", ""))),
        results=len(answers),
        older=len(answers) - sum(map(len, joined.values())),
    )


def _identity(result: Mapping[str, Any], paths: Mapping[str, str]) -> str:
    """Return what results of one meeting have in common.

    That is the key, else the path of their files. A result without either has nothing in common with any other.
    """
    key = text_of(result.get("idempotency_key"))
    if key and key != NO_KEY:
        return f"key {key}"
    fingerprint = _fingerprint(result)
    return f"path {paths[fingerprint]}" if fingerprint in paths else f"fingerprint {fingerprint}"


def _fingerprint(result: Mapping[str, Any]) -> str:
    return text_of(result["provenance"].get("fingerprint"))


def _bought_at(result: Mapping[str, Any]) -> str:
    return text_of(result["provenance"].get("created_at"))


def _meeting(by_task: Mapping[str, Mapping[str, Any]], is_full: bool) -> dict[str, Any]:
    latest_first = sorted(by_task.values(), key=_bought_at, reverse=True)
    minutes = by_task.get("extract") or by_task.get("analyze") or latest_first[0]
    mood = by_task.get("analyze", minutes)
    # A name that one task's answer filled in and the other's did not holds for the meeting.
    named = [minutes, *latest_first]
    made = {
        "id": text_of(minutes.get("meeting_id")),
        "date": _date(minutes.get("meet_date")),
        "customer": _first(named, "customer_name", "customer_id"),
        "customer_id": text_of(minutes.get("customer_id")),
        "banker": _first(latest_first, "banker_name", "banker_id"),
        "type": _first(named, "meet_type").replace("_", " "),
        "language": text_of(minutes.get("language"))[:2].lower(),
        "source": text_of(minutes.get("source")),
        "score": score_of(mood.get("sentiment_score")),
        "course": [
            score for part in items_of(mood, "timeline") if (score := score_of(part.get("sentiment_score"))) is not None
        ],
        "topics": texts_of(minutes, "topics"),
        "talk": _talk(minutes) or _talk(mood),
        "actions": list(_actions(minutes)),
        "decisions": list(_claims(minutes, "decisions", "rationale")),
        "risks": [{**claim, "severity": claim.get("severity", "low")} for claim in _claims(mood, "risks", "severity")],
        "purchases": [_purchase(result) for result in by_task.values()],
    }
    if is_full:
        made["summary"] = text_of(minutes.get("summary"))
        made["points"] = list(_claims(minutes, "key_points"))
        made["questions"] = list(_claims(minutes, "open_questions"))
        made["custom"] = [section for result in by_task.values() for section in _custom(result)]
    return {name: value for name, value in made.items() if value not in (None, "", [])}


def _first(results: Sequence[Mapping[str, Any]], *names: str) -> str:
    """Return the first text that one of the results has: the first name in any of them goes before the second."""
    texts = (text_of(result.get(name)) for name in names for result in results)
    return next(filter(None, texts), "")


def _date(value: object) -> str:
    """Return the day of a date as given; the zone it was given in is where people remember it."""
    text = text_of(value)
    digits = text.replace("-", "")[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdecimal() else ""


def _actions(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in items_of(result, "action_items"):
        made = {
            "text": text_of(item.get("description")),
            "owner": text_of(item.get("owner")),
            "due": _date(item.get("due_date")),
            "said": text_of(item.get("due_text")),
            "tentative": item.get("status") == "tentative",
            **_said(quote_of(item)),
        }
        if made["text"]:
            yield {name: value for name, value in made.items() if value}


def _claims(result: Mapping[str, Any], name: str, *details: str) -> Iterator[dict[str, Any]]:
    for item in items_of(result, name):
        made = {
            "text": text_of(item.get("text")),
            **{detail: text_of(item.get(detail)) for detail in details},
            **_said(quote_of(item)),
        }
        if made.get("severity", "low") not in _SEVERITIES:
            made["severity"] = "low"
        if made["text"]:
            yield {field: value for field, value in made.items() if value}


def _custom(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a custom task found, a section a field, as its minutes have it."""
    if "result" in result:
        for section in read_minutes(result).sections:
            claims = [{"text": _with_details(claim), **_said(claim.quote)} for claim in section.claims]
            yield {"title": section.title, "claims": claims}


def _with_details(claim: Claim) -> str:
    return f"{claim.text} ({', '.join(claim.details)})" if claim.details else claim.text


def _said(quote: Quote | None) -> dict[str, Any]:
    if quote is None:
        return {}
    words = quote.text.split()
    return {
        "quote": " ".join(words[:QUOTE_WORDS]),
        "is_cut": len(words) > QUOTE_WORDS,
        "speaker": quote.speaker or "",
        "at": quote.time or "",
    }


def _talk(result: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return (name, share of the talk) of each speaker; results without statistics have none."""
    return [(name, share) for name, share in shares_of_talk(result) if share]


def _purchase(result: Mapping[str, Any]) -> dict[str, Any]:
    provenance = result["provenance"]
    usage = provenance.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    counts = {
        short: count
        for short, name in (("in", "input_tokens"), ("cached", "cached_input_tokens"), ("out", "output_tokens"))
        if isinstance(count := usage.get(name), int) and count > 0
    }
    made = {
        "model": written_by(provenance),
        "day": _date(provenance.get("created_at")),
        **counts,
        "cost": _money(provenance),
    }
    return {name: value for name, value in made.items() if value}


def _money(provenance: Mapping[str, Any]) -> str:
    """Return a cost as a decimal text, empty where it is not known or is no amount."""
    text = text_of(provenance.get("cost_usd"))
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return ""
    return text if amount.is_finite() and amount >= 0 else ""
