"""Results of meetings that never were, in English and Portuguese, by the thousand: the same for the same seed.

`python -m tests.synthetic_results FOLDER [COUNT]` writes them as files.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

LAST_DAY = date(2026, 11, 20)
SPOKEN = json.loads(Path(__file__).with_name("synthetic_speech.json").read_text(encoding="utf-8"))


def synthetic_results(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Yield `count` meetings, two results each: `extract`, then `analyze`."""
    for number in range(count):
        yield from _Made(number, random.Random(f"{seed} {number}")).results()


class _Made:
    """One meeting, and what a good model would have said about it."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self._number = number
        self._chance = chance
        self._language = "pt" if chance.random() < 0.4 else "en"
        self._speech = SPOKEN["speech"][self._language]
        company = SPOKEN["companies"][self._language]
        # Customers come back, some more often than others.
        customer = random.Random(int(chance.triangular(0, 120, 10)))
        name, kind = customer.choice(company["names"]), customer.choice(company["kinds"])
        self._customer = f"{kind} {name}" if self._language == "pt" else f"{name} {kind}"
        self._banker = random.Random(self._customer).choice(SPOKEN["bankers"][self._language])
        self._people = [self._banker, *chance.sample(SPOKEN["people"][self._language], 2)]
        self._day = LAST_DAY - timedelta(days=int(chance.triangular(0, 540, 120)))

    def results(self) -> Iterator[dict[str, Any]]:
        chance = self._chance
        common = {
            "summary": " ".join(self._sentence() for _ in range(chance.randint(6, 8))),
            "key_points": [{"text": self._short(), "evidence": self._evidence()} for _ in range(chance.randint(3, 6))],
            "action_items": [self._action() for _ in range(chance.randint(2, 6))],
        }
        yield {**self._head("extract"), **common, **self._minutes(), **self._end("extract")}
        yield {**self._head("analyze"), **common, **self._sentiment(), **self._end("analyze")}

    def _minutes(self) -> dict[str, Any]:
        chance = self._chance
        return {
            "topics": chance.sample(self._speech["topics"], chance.randint(2, 5)),
            "decisions": [
                {
                    "text": self._short(),
                    "rationale": self._filled(chance.choice(self._speech["why"])) if chance.random() < 0.5 else None,
                    "evidence": self._evidence(),
                }
                for _ in range(chance.randint(1, 5))
            ],
            "open_questions": [{"text": self._short() + "?", "evidence": None}],
            "participants": [{"name": name, "role": None, "side": None} for name in self._people],
        }

    def _sentiment(self) -> dict[str, Any]:
        chance = self._chance
        score = round(min(0.95, max(0.05, random.Random(self._customer).gauss(0.55, 0.12) + chance.gauss(0, 0.12))), 2)
        course = [round(min(1, max(0, score + chance.gauss(0, 0.15))), 2) for _ in range(8)]
        return {
            "sentiment_label": _label(score),
            "sentiment_score": score,
            "risks": [
                {
                    "text": self._short(),
                    "severity": chance.choice(["low", "low", "medium", "medium", "high"]),
                    "evidence": self._evidence(),
                }
                for _ in range(chance.randint(0, 4))
            ],
            "speakers": [
                {"name": name, "sentiment_label": _label(score), "sentiment_score": score, "evidence": None}
                for name in self._people
            ],
            "timeline": [
                {"from_turn": 1 + 9 * part, "to_turn": 9 + 9 * part, "sentiment_score": one, "evidence": None}
                for part, one in enumerate(course)
            ],
        }

    def _head(self, task: str) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "task": task,
            "meeting_id": f"MTG-{self._number:05}",
            "customer_id": "CUST-" + hashlib.sha256(self._customer.encode()).hexdigest()[:5],
            "customer_name": self._customer,
            "banker_id": None,
            "banker_name": self._banker,
            "meet_type": random.Random(self._number).choice(SPOKEN["types"]),
            "meet_date": f"{self._day.isoformat()}T{9 + self._number % 9:02}:30:00-03:00",
            "language": self._language,
        }

    def _end(self, task: str) -> dict[str, Any]:
        tokens = self._chance.randint(1_500, 9_000)
        key = hashlib.sha256(str(self._number).encode()).hexdigest()
        return {
            "speaker_statistics": self._statistics(),
            "idempotency_key": key,
            "source": f"meeting-{self._number:05}.json",
            "provenance": {
                "engine": "openai",
                "model": "gpt-4o" if self._number % 5 else "gpt-4o-mini",
                "endpoint": "api.openai.com",
                "task_version": "1",
                "created_at": f"{(self._day + timedelta(days=1)).isoformat()}T02:30:00Z",
                "input_sha256": key,
                "fingerprint": hashlib.sha256(f"{task} {self._number}".encode()).hexdigest(),
                "usage": {
                    "input_tokens": tokens,
                    "cached_input_tokens": tokens // 3,
                    "output_tokens": tokens // 9,
                    "requests": 1,
                },
                "cost_usd": f"{tokens * 3.5e-6:.6f}" if self._number % 50 else None,
                "meetcli_version": "0.1.0",
            },
        }

    def _statistics(self) -> dict[str, Any]:
        words = [self._chance.randint(200, 2_000) for _ in self._people]
        speakers = [
            {
                "name": name,
                "turns": 9,
                "words": own,
                "share": round(own / sum(words), 4),
                "questions": 2,
                "longest_turn_words": 40,
            }
            for name, own in zip(self._people, words, strict=True)
        ]
        return {"share_by": "words", "silence_s": None, "speakers": speakers}

    def _action(self) -> dict[str, Any]:
        chance = self._chance
        due = self._day + timedelta(days=chance.randint(1, 45))
        return {
            "description": self._short(),
            "owner": chance.choice(self._people) if chance.random() < 0.9 else None,
            "due_text": self._filled(chance.choice(self._speech["when"])) if chance.random() < 0.7 else None,
            "due_date": due.isoformat() if chance.random() < 0.55 else None,
            "status": "agreed" if chance.random() < 0.8 else "tentative",
            "evidence": self._evidence(),
        }

    def _evidence(self) -> dict[str, Any] | None:
        chance = self._chance
        if chance.random() < 0.08:
            return None
        quote = " ".join(self._sentence() for _ in range(chance.choice((1, 1, 1, 2))))
        return {
            "quote": quote,
            "turn": 3,
            "offset": 99,
            "speaker": chance.choice(self._people),
            "start_s": round(chance.random() * 3000, 1),
            "score": 1.0,
        }

    def _short(self) -> str:
        chance, speech = self._chance, self._speech
        parts = [chance.choice(speech[part]) for part in ("who", "does", "what", "when")]
        text = " ".join(parts)
        # ['who'])} {chance.choice(speech['does'])} {chance.choice(speech['what'])} {chance.choice(speech['when'])}"
        return self._filled(text[0].upper() + text[1:])

    def _sentence(self) -> str:
        chance, speech = self._chance, self._speech
        parts = [chance.choice(speech[part]) for part in ("start", "who", "does", "what", "when", "why")]
        return self._filled(" ".join(parts)) + "."

    def _filled(self, text: str) -> str:
        return text.replace("{day}", str(self._chance.randint(4, 28))).replace(
            "{number}", str(self._chance.randint(2, 990))
        )


def _label(score: float) -> str:
    return "positive" if score >= 0.6 else "neutral" if score >= 0.4 else "negative"


def write_results(folder: Path, count: int) -> Path:
    """Write the results as meetcli would, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in synthetic_results(count):
        name = f"{made['source'].removesuffix('.json')}.{made['task']}.json"
        (folder / name).write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return folder


if __name__ == "__main__":
    write_results(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000)
