"""`meetcli inspect` and `meetcli formats`: what is understood of transcripts.

Reads, counts and prices; calls nothing, writes nothing.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from meetcli.commands.notices import warn_of_fields
from meetcli.config import Settings, load_process_settings
from meetcli.console.inspection import FormatLine, Inspected, print_formats, print_inspected
from meetcli.console.overview import print_overview
from meetcli.delivery import failed
from meetcli.errors import InputError
from meetcli.keys import idempotency_key
from meetcli.meetings.doubts import doubts_of
from meetcli.meetings.field_names import metadata_of, misspelled
from meetcli.meetings.identity import Identity
from meetcli.meetings.missing_ids import missing_ids, way_to_ids
from meetcli.meetings.normalize import normalize
from meetcli.models import NO_KEY, UNREAD, Meeting, Outcome, Source, Status, Usage
from meetcli.money.tokens import FRAME_TOKENS, estimate, open_counter
from meetcli.plain_text import decimal_text, failure_text, printable
from meetcli.plan.forecast import USUAL_OUTPUT_TOKENS
from meetcli.readers import Transcript, all_formats, parse, read
from meetcli.tasks import load_task
from meetcli.tasks.prompt import compose
from meetcli.wiring.inputs import find_inputs, open_identity, refuse_no_paths
from meetcli.wiring.logs import set_up_logging
from meetcli.wiring.money import open_settings_price

log = logging.getLogger("meetcli")

Measure = Callable[[Transcript, Meeting], Inspected]


def inspect(paths: list[str], flags: Mapping[str, object], *, is_long: bool, shows_turns: bool, is_json: bool) -> int:
    """Show what is understood of every input and return the exit code: 1 where one failed.

    A line a file, or in full for the one file that was named, with `is_long` and `shows_turns`.
    """
    loaded = load_process_settings(flags)
    settings = loaded.settings
    set_up_logging(loaded)
    refuse_no_paths(paths, settings)
    with tempfile.TemporaryDirectory(prefix="meetcli-") as stdin_folder:
        inputs = find_inputs(paths, settings, stdin_folder)
        identity = open_identity(inputs, settings)
        in_meetings: dict[tuple[str, str], tuple[str, str]] = {}
        seen = _look(inputs, settings, identity, in_meetings)
        if is_json:
            found = list(seen)
            json.dump(_summary(found, shows_turns=shows_turns), sys.stdout, indent=2, ensure_ascii=False)
            sys.stdout.write("\n")
        elif is_long or shows_turns or _is_one_file(inputs):
            found = print_inspected(seen, sys.stdout, shows_turns=shows_turns)
        else:
            found = print_overview(seen, sys.stdout)
    warn_of_fields(identity.misspelled, in_meetings)
    if all(one.status is Status.SKIPPED for one in found):
        log.warning("no transcripts found")
    return 1 if any(one.status is Status.FAILED for one in found) else 0


def _is_one_file(inputs: list[Source | Outcome]) -> bool:
    return len(inputs) == 1 and isinstance(inputs[0], Source) and inputs[0].is_named


def list_formats(*, is_json: bool) -> None:
    """Print every format with what it carries."""
    lines = [
        FormatLine(form.name, form.source, form.speakers, form.times, tuple(form.ids), form.is_from_documentation)
        for form in all_formats()
    ]
    if is_json:
        json.dump(
            {"schema_version": 1, "formats": [line._asdict() for line in lines]},
            sys.stdout,
            indent=2,
            ensure_ascii=False,
        )
        sys.stdout.write("\n")
    else:
        print_formats(lines, sys.stdout)


def _look(
    inputs: list[Source | Outcome],
    settings: Settings,
    identify: Identity,
    in_meetings: dict[tuple[str, str], tuple[str, str]],
) -> Iterator[Inspected]:
    """Yield what became of every input and of each meeting in it, in their order; gather fields that are misspelled."""
    measure = _open_measure(settings)
    for item in inputs:
        for unit in (
            (item,) if isinstance(item, Outcome) else read(item, max_bytes=settings.max_file_bytes, identify=identify)
        ):
            for found in [unit] if isinstance(unit, Outcome) else parse(unit):
                if isinstance(found, Outcome):
                    yield _not_understood(found)
                    continue
                for name, meant in misspelled(metadata_of(found.mapping)):
                    in_meetings.setdefault((name, found.format), (meant, printable(found.source.label)))
                yield _understood(found, measure)


def _understood(transcript: Transcript, measure: Measure) -> Inspected:
    try:
        return measure(transcript, normalize(transcript.mapping))
    except InputError as error:
        return _not_understood(failed(transcript.source, error))


def _not_understood(outcome: Outcome) -> Inspected:
    return Inspected(outcome.source, outcome.status, reason=outcome.reason, error=outcome.error, hint=outcome.hint)


def _taken(mapping: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a reader says it took for what; a file of meetcli's own shape may have any field of that name."""
    taken = mapping.get("taken") if "turns" in mapping else None
    return tuple((str(what), str(name)) for what, name in taken.items()) if isinstance(taken, dict) else ()


def _open_measure(settings: Settings) -> Measure:
    """Return what counts the words of a meeting, and the tokens and price of an ordinary extract.

    The model is that of the settings.
    """
    task = load_task("extract")
    price = open_settings_price(settings)
    count = open_counter(settings.model) or estimate

    def measure(transcript: Transcript, meeting: Meeting) -> Inspected:
        messages = compose(task, meeting, settings.language)
        missing = missing_ids(meeting)
        tokens = sum(count(message.content) + FRAME_TOKENS for message in messages)
        return Inspected(
            transcript.source,
            Status.NOT_ATTEMPTED,
            format=transcript.format,
            taken=_taken(transcript.mapping),
            meeting=meeting,
            key=idempotency_key(meeting, fallback_to_content=settings.key_fallback == "content"),
            missing_ids=missing,
            doubts=doubts_of(meeting.turns),
            way_to_ids=way_to_ids(missing, transcript.source) if missing else "",
            words=sum(len(turn.text.split()) for turn in meeting.turns),
            tokens=tokens,
            cost_usd=price(Usage(tokens, 0, USUAL_OUTPUT_TOKENS), "standard"),
        )

    return measure


def _summary(found: list[Inspected], *, shows_turns: bool) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "counts": {
            "meetings": sum(one.meeting is not None for one in found),
            "skipped": sum(one.status is Status.SKIPPED for one in found),
            "unread": sum(one.reason == UNREAD for one in found),
            "failed": sum(one.status is Status.FAILED for one in found),
        },
        "inputs": [_row(one, shows_turns=shows_turns) for one in found],
    }


def _row(one: Inspected, *, shows_turns: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"source": one.source.shown, "place": one.source.place}
    meeting = one.meeting
    if meeting is None:
        error = one.error and failure_text(one.source.label, one.error)
        return {**row, "status": one.status.value, "reason": one.reason, "error": error, "hint": one.hint}
    starts_and_ends = chain.from_iterable((turn.start_s, turn.end_s) for turn in meeting.turns)
    times = [time for time in starts_and_ends if time is not None]
    row |= {
        "status": "understood",
        "format": one.format,
        "taken": dict(one.taken) or None,
        "meeting_id": meeting.meeting_id,
        "customer_id": meeting.customer_id,
        "meet_date": meeting.meet_date,
        "customer_name": meeting.customer_name,
        "banker_id": meeting.banker_id,
        "banker_name": meeting.banker_name,
        "meet_type": meeting.meet_type,
        "idempotency_key": one.key or NO_KEY,
        "missing_ids": list(one.missing_ids),
        "doubts": [{"name": name, "measure": measure, "says": says} for name, measure, says in one.doubts],
        "speakers": one.speakers,
        "turns": len(meeting.turns),
        "words": one.words,
        "last_time_s": max(times, default=None),
        "tokens": one.tokens,
        "cost_usd": decimal_text(one.cost_usd),
    }
    if shows_turns:
        row["turns"] = [
            {"speaker": turn.speaker, "start_s": turn.start_s, "end_s": turn.end_s, "text": turn.text}
            for turn in meeting.turns
        ]
    return row
