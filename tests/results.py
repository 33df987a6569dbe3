"""Results as meetcli writes them, for tests of what comes after: writers, `show` and `report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from meetcli.models import Source


def evidence(
    quote="We will send the plan on Friday.", speaker="Ana Prado", start_s: float | None = 725.0, **changes
) -> dict[str, Any]:
    return {"quote": quote, "turn": 3, "offset": 41, "speaker": speaker, "start_s": start_s, "score": 1.0, **changes}


def action(description="Send the plan", **changes) -> dict[str, Any]:
    return {
        "description": description,
        "owner": "Ana Prado",
        "due_text": "on Friday",
        "due_date": "2026-08-21",
        "status": "agreed",
        "evidence": evidence(),
        **changes,
    }


def result(task="extract", **changes) -> dict[str, Any]:
    """Return one result of a built-in task."""
    own: dict[str, Any] = {
        "topics": ["pilot", "receivables"],
        "decisions": [
            {
                "text": "A pilot with one lab",
                "rationale": "one customer is enough to learn",
                "evidence": evidence("One lab, then."),
            }
        ],
        "open_questions": [{"text": "When is the license decided?", "evidence": None}],
        "participants": [
            {"name": "Ana Prado", "role": "banker", "side": "bank"},
            {"name": "Rui", "role": None, "side": None},
        ],
    }
    if task == "analyze":
        own = {
            "sentiment_label": "neutral",
            "sentiment_score": 0.53,
            "risks": [
                {
                    "text": "The license is refused",
                    "severity": "high",
                    "evidence": evidence("If it is refused, we lose the order.", "Rui"),
                }
            ],
            "speakers": [{"name": "Rui", "sentiment_label": "negative", "sentiment_score": 0.31, "evidence": None}],
            "timeline": [
                {"from_turn": 1 + 3 * part, "to_turn": 3 + 3 * part, "sentiment_score": score, "evidence": None}
                for part, score in enumerate((0.2, 0.45, 0.5, 0.9))
            ],
        }
    return {
        "schema_version": 1,
        "task": task,
        "meeting_id": "M-1",
        "customer_id": "C-1",
        "customer_name": "Brightmoor Instruments",
        "banker_id": "B-1",
        "banker_name": "Ana Prado",
        "meet_type": "credit_review",
        "meet_date": "2026-08-14T16:00:00+00:00",
        "language": "en",
        "summary": "They agreed on a pilot with one lab.",
        "key_points": [{"text": "Receivables take 74 days", "evidence": None}],
        "action_items": [
            action(),
            action("Call the dean", owner=None, due_text=None, due_date=None, status="tentative", evidence=None),
        ],
        **own,
        "speaker_statistics": {
            "share_by": "words",
            "silence_s": None,
            "speakers": [
                {
                    "name": name,
                    "turns": 5,
                    "words": words,
                    "share": words / 500,
                    "questions": 1,
                    "longest_turn_words": 40,
                }
                for name, words in (("Ana Prado", 310), ("Rui", 190))
            ],
        },
        "idempotency_key": "1" * 64,
        "source": "q3.json",
        "provenance": {
            "engine": "openai",
            "model": "gpt-4o",
            "endpoint": "api.openai.com",
            "task_version": "1",
            "created_at": "2026-08-15T02:30:00Z",
            "input_sha256": "a" * 64,
            "fingerprint": "f" * 64,
            "usage": {"input_tokens": 3000, "cached_input_tokens": 1000, "output_tokens": 300, "requests": 1},
            "cost_usd": "0.0105",
            "meetcli_version": "0.1.0",
        },
        **changes,
    }


def as_text(made: dict[str, Any]) -> str:
    """Return a result's bytes as `render` makes them."""
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def source(name="q3", place: int | None = None) -> Source:
    file = f"{name}.json" if place is None else f"{name}.jsonl"
    return Source(Path(file), file.rpartition("/")[2], file, name, is_named=False, place=place)
