"""Folders of meetings to measure with: made from the sample meetings, the same for the same seed."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.bench.measure import PROJECT

LONG_SAMPLE = PROJECT / "samples" / "meetings" / "2026-q3" / "cooperativa-vale-do-ipe.json"


def write_corpus(folder: Path, count: int, *, size: int = 20_000) -> Path:
    """Write `count` meetings of about `size` bytes each, all different, and return the folder."""
    lines = json.loads(LONG_SAMPLE.read_text(encoding="utf-8"))["meet_transcription"].splitlines()
    folder.mkdir(parents=True)
    for number in range(count):
        chance = random.Random(number)
        transcript: list[str] = []
        length = 0
        while length < size - 300:  # what the metadata takes
            line = chance.choice(lines)
            transcript.append(line)
            length += len(line.encode()) + 2  # a line end is two characters in JSON
        metadata = {
            "meeting_id": f"M-{number:06}",
            "customer_id": f"C-{number % 97:03}",
            "meet_date": "2026-08-05T09:00:00-03:00",
        }
        content = {"transcript": "\n".join(transcript), "metadata": metadata}
        (folder / f"meeting-{number:06}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder
