"""The samples show what README and `make run` promise to show."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def meetings(samples: Path) -> dict[str, dict[str, Any]]:
    """Every sample meeting by file and place, in one shape whatever shape it has on disk."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(samples.rglob("*.json*")):
        text = path.read_text(encoding="utf-8")
        content = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)
        for place, meeting in enumerate(content if isinstance(content, list) else [content], start=1):
            is_raw = "meet_transcription" in meeting
            fields = {**meeting, "meeting_id": meeting["meet_id"]} if is_raw else meeting.get("metadata", {})
            transcript = meeting["meet_transcription" if is_raw else "transcript"]
            found[f"{path.relative_to(samples)}:{place}"] = {**fields, "is_raw": is_raw, "text": transcript}
    return found


def test_there_are_enough_of_both_shapes_in_lists_and_lines_too(meetings: dict[str, dict[str, Any]]) -> None:
    assert len(meetings) >= 10
    assert min(Counter(meeting["is_raw"] for meeting in meetings.values()).values()) >= 4
    assert {"2026-q2/branch-reviews.json:2", "2026-q2/phone-desk.jsonl:2"} <= meetings.keys()


def test_they_are_long_and_short_and_in_two_languages(meetings: dict[str, dict[str, Any]]) -> None:
    words = sorted(len(meeting["text"].split()) for meeting in meetings.values())
    assert words[0] < 100
    assert words[-1] > 2_400
    is_portuguese = [
        len(re.findall(r"\b(não|você|que)\b", meeting["text"])) > len(re.findall(r"\b(the|you|and)\b", meeting["text"]))
        for meeting in meetings.values()
    ]
    assert 5 <= sum(is_portuguese) <= len(meetings) - 5


def test_every_line_has_a_speaker(meetings: dict[str, dict[str, Any]]) -> None:
    lines = [line for meeting in meetings.values() for line in meeting["text"].splitlines()]
    assert [line for line in lines if not re.match(r"[^\W\d][\w .'-]{2,40}: \S", line)] == []


def test_exactly_one_has_no_ids_and_exactly_two_are_twins(meetings: dict[str, dict[str, Any]]) -> None:
    keys = Counter(
        (meeting.get("meeting_id"), meeting.get("meet_date"), meeting.get("customer_id"))
        for meeting in meetings.values()
    )
    assert keys.pop((None, None, None)) == 1
    assert sorted(keys.values()) == [1] * (len(keys) - 1) + [2]
    assert meetings["2026-q3/brightmoor-review.json:1"] == meetings["inbox/brightmoor-review-from-email.json:1"]


@pytest.mark.parametrize("date", [r"T.*Z", r"T.*[+-]\d\d:\d\d", r"T\d\d:\d\d:\d\d", r""])
def test_dates_come_with_and_without_zone_and_time(meetings: dict[str, dict[str, Any]], date: str) -> None:
    assert any(re.fullmatch(r"\d{4}-\d\d-\d\d" + date, meeting.get("meet_date", "")) for meeting in meetings.values())
