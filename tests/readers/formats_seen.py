"""What the tests of formats share: reading a file as the corridor does, and writing turns down for people to
compare.
"""

from __future__ import annotations

from pathlib import Path

from meetcli.meetings.normalize import normalize
from meetcli.models import Meeting, Outcome, Source
from meetcli.readers import Transcript, parse, read

SAMPLES = Path(__file__).parent / "samples"
GOLDEN = ".turns"


def source_of(path: Path, *, is_named: bool = True) -> Source:
    return Source(path, path.name, str(path), path.name, is_named)


def found_in(path: Path, *, is_named: bool = True) -> list[Transcript | Outcome]:
    found: list[Transcript | Outcome] = []
    for unit in read(source_of(path, is_named=is_named)):
        found.extend([unit] if isinstance(unit, Outcome) else parse(unit))
    return found


def meetings_in(path: Path, *, is_named: bool = False) -> list[tuple[Transcript, Meeting]]:
    """Every meeting of a file; a place that is none fails the test."""
    found = found_in(path, is_named=is_named)
    assert all(isinstance(one, Transcript) for one in found), found
    return [(one, normalize(one.mapping)) for one in found if isinstance(one, Transcript)]


def words_of(meeting: Meeting) -> list[str]:
    return [word for turn in meeting.turns for word in turn.text.split()]


def written_down(path: Path) -> str:
    """Format, ids and turns of a file as the golden files have them: start, end, speaker, text."""
    lines = []
    for transcript, meeting in meetings_in(path, is_named=True):
        place = "" if transcript.source.place is None else f" {transcript.source.place}"
        ids = " ".join(filter(None, (meeting.meeting_id, meeting.meet_date)))
        lines.append(f"# {transcript.format}{place} {ids}".rstrip())
        lines += [
            f"{_time(turn.start_s)} {_time(turn.end_s)} {turn.speaker or '-'} | {turn.text}" for turn in meeting.turns
        ]
    return "\n".join(lines) + "\n"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"
