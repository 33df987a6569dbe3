"""Local engine: puts the parts together into the answer of a task, as JSON.

A test holds its shape against the answer models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from meetcli.engines.local import english, portuguese
from meetcli.engines.local.cues import Cues
from meetcli.engines.local.items import find_action_items, find_decisions, find_open_questions, find_risks
from meetcli.engines.local.languages import detect, open_language
from meetcli.engines.local.sentences import Sentence, find_words, split_sentences
from meetcli.engines.local.sentiment import rate_valences, score
from meetcli.engines.local.summary import choose_sentences
from meetcli.engines.local.topics import find_topics
from meetcli.models import Meeting

_CUES: Mapping[str, Cues] = {"en": english.CUES, "pt": portuguese.CUES}
_MAX_PEOPLE = 60
_KEY_POINTS = range(3, 8)
_WORDS_A_KEY_POINT = 100
_MIDDLE = 0.5

Rated = tuple[Sentence, float]


def write_extract(meeting: Meeting) -> str:
    """Return the answer to `extract` as JSON."""
    language, sentences = _read(meeting)
    cues = _CUES[language]
    return _json(
        _head(sentences, language)
        | {
            "topics": find_topics(sentences, open_language(language)),
            "decisions": find_decisions(sentences, cues),
            "open_questions": find_open_questions(sentences, cues),
            "participants": [{"name": name, "role": None, "side": None} for name in _speakers(meeting)],
        }
    )


def write_analyze(meeting: Meeting) -> str:
    """Return the answer to `analyze` as JSON."""
    language, sentences = _read(meeting)
    valences = rate_valences((sentence.text for sentence in sentences), language)
    by_speaker: dict[str | None, list[Rated]] = {}
    by_turn: dict[int, list[Rated]] = {}
    for rated in zip(sentences, valences, strict=True):
        by_speaker.setdefault(rated[0].speaker, []).append(rated)
        by_turn.setdefault(rated[0].turn, []).append(rated)
    return _json(
        _head(sentences, language)
        | {
            "sentiment_score": score(valences, language),
            "risks": find_risks(sentences, _CUES[language]),
            "speakers": [{"name": name} | _mood(by_speaker.get(name, []), language) for name in _speakers(meeting)],
            "timeline": [
                {"part": part}
                | _mood([rated for turn in range(first - 1, last) for rated in by_turn.get(turn, [])], language)
                for part, (first, last) in enumerate(meeting.stretches, start=1)
            ],
        }
    )


def _read(meeting: Meeting) -> tuple[str, list[Sentence]]:
    language = detect(word for turn in meeting.turns for word in find_words(turn.text))
    return language, split_sentences(meeting, language)


def _head(sentences: Sequence[Sentence], language: str) -> dict[str, Any]:
    chosen = choose_sentences(sentences, open_language(language))
    wanted = sum(sentence.size for sentence in sentences) // _WORDS_A_KEY_POINT
    key_points = chosen[: min(max(wanted, _KEY_POINTS.start), _KEY_POINTS.stop - 1)]
    return {
        "language": language,
        "customer_name": None,
        "banker_name": None,
        "meet_type": None,
        "summary": " ".join(sentence.text for sentence in _in_order(chosen)),
        "key_points": [{"text": point.text, "quote": point.quote} for point in _in_order(key_points)],
        "action_items": find_action_items(sentences, _CUES[language]),
    }


def _mood(rated: Sequence[Rated], language: str) -> dict[str, Any]:
    """Return the score of these sentences and, as its quote, the one that speaks most in its favor."""
    result = score([valence for _, valence in rated], language)
    sign = 1 if result >= _MIDDLE else -1
    sentence, valence = max(rated, key=lambda pair: sign * pair[1], default=(None, 0.0))
    return {"sentiment_score": result, "quote": sentence.quote if sentence and sign * valence > 0 else None}


def _speakers(meeting: Meeting) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in meeting.turns if turn.speaker))[:_MAX_PEOPLE]


def _in_order(sentences: Sequence[Sentence]) -> list[Sentence]:
    return sorted(sentences, key=lambda sentence: sentence.place)


def _json(answer: Mapping[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)
