"""Engines room: reads what servers tell of batches. Never sends, never waits. Pure.

Every server has words of its own. Sources, read 2026-11: OpenAI, "Batch" (API reference); Together, "Batches": an
envelope `job`, a bare list, ISO times, capitals, no metadata; Mistral, "Batch jobs": `output_file`, SUCCESS,
`succeeded_requests`; Gemini, "Batch mode": JOB_STATE_SUCCEEDED, ids with a slash; LiteLLM's issues 37150, 37713, 38738:
a file id that comes late, pages that never end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from meetcli.engines.openai_wire import is_known_code

End = Literal["completed", "failed", "expired", "cancelled"]

MARK: Final = "meetcli"
"""Key of our digest in a batch's metadata."""
CROWDED: Final = re.compile(r"(token|request)_limit")
SAME_MOMENT: Final = timedelta(minutes=15)
ENVELOPES: Final = 3  # one in another
ID_NAMES: Final = ("id", "batchid", "jobid", "batchjobid", "taskid", "name")
FILE_ID_NAMES: Final = ("id", "fileid", "name")
STATUS_NAMES: Final = ("status", "state", "jobstatus", "batchstatus", "jobstate", "processingstatus")
TIME_NAMES: Final = ("createdat", "createtime", "createdtime", "created", "submittedat", "createdon")
INPUT_FILE: Final = re.compile(r"(input|source)files?(ids?)?|fileid")
RESULT_FILE: Final = re.compile(r"(output|errors?|results?)files?(ids?)?")
COUNT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "total": ("total", "totalrequests", "requestcount"),
    "completed": ("succeeded", "succeededrequests", "successful", "success", "completed", "completedrequests"),
    "failed": ("failed", "failedrequests", "errored", "errors"),
}
UNDER_WAY: Final = frozenset(
    """
    accepted active created init initialized new not open paused pending progress queued received requested running
    scheduled started submitted unstarted
    """.split()  # noqa: SIM905  # read as a list of words
)
ENDS: Final[tuple[tuple[End, tuple[str, ...]], ...]] = (
    ("cancelled", ("cancel", "abort", "stop", "terminat", "delet")),
    ("expired", ("expir", "timeout", "timed")),
    ("completed", ("complet", "succe", "done", "finish", "finaliz", "ended", "processed")),
    ("failed", ("fail", "error", "invalid", "reject")),
)
"""What words for the end of a batch begin with."""


class RemoteBatch(NamedTuple):
    """A batch as the server tells of it. `digest` is ours, None on batches of others and where metadata is not kept.

    `status` is the server's word in lower case, `error` why it did not begin, empty where it did. Without `is_counted`
    the server tells no counts.
    """

    id: str
    status: str
    digest: str | None
    created_at: datetime
    input_file: str
    result_files: tuple[str, ...]
    total: int = 0
    completed: int = 0
    failed: int = 0
    error: str = ""
    is_counted: bool = True

    def is_of(self, digest: str, file_id: str) -> bool:
        """Whether it is the batch that was asked for with our digest or of our file."""
        return self.digest == digest if self.digest else bool(file_id) and self.input_file == file_id

    def is_since(self, asked_at: datetime) -> bool:
        """Whether it may have been made of a request at that moment, by two clocks."""
        return self.created_at > asked_at - SAME_MOMENT

    @property
    def end(self) -> End | None:
        """How it has ended, None where it has not or where the word is none we know."""
        return _end_of(self.status)

    @property
    def is_under_way(self) -> bool:
        """Whether the server says that results are still to come."""
        return self.end is None and _is_under_way(self.status)

    @property
    def never_began(self) -> bool:
        """Whether it failed as a whole: nothing of it was answered, and no request is at fault."""
        return self.end == "failed" and not self.result_files and not self.completed

    @property
    def is_crowded(self) -> bool:
        """Whether it never began because the account has no room for so much at once."""
        return self.never_began and CROWDED.search(self.error) is not None


def read_batch(data: object, now: datetime) -> RemoteBatch | None:
    """Return the batch in a reply, in an envelope or not; None where nothing in it has an id. `now` is the age of one
    that tells none.
    """
    likeness, found = max(_batches_in(data), key=lambda one: one[0], default=(0, {}))
    return _read(found, now) if likeness else None


def read_list(data: object, now: datetime) -> list[RemoteBatch] | None:
    """Return the batches in a page of a list, None where it is no such list."""
    entries = _entries(data)
    if entries is None:
        return None
    found = [read_batch(entry, now) for entry in entries]
    known = [one for one in found if one is not None and one.status]
    return known if known or not entries else None


def has_more(data: object) -> bool:
    """Return whether a list may go on after a page."""
    return not isinstance(data, dict) or _names(data).get("hasmore") is not False


def read_file_id(data: object) -> tuple[str, str] | None:
    """Return the id of an uploaded file and the word for its state, None where the reply has no id."""
    found = [names for one in _dicts_in(data) if _first_text(names := _names(one), FILE_ID_NAMES)]
    if not found:
        return None
    names = max(found, key=lambda one: sum(name in one for name in ("filename", "purpose", "bytes")))
    return _first_text(names, FILE_ID_NAMES), _first_text(names, STATUS_NAMES).lower()


def parsed(text: str | bytes) -> object:
    """Return the JSON value in a text, None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _batches_in(data: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield whatever has an id, with how much it is like a batch; what stands outside comes first."""
    for one in _dicts_in(data):
        names = _names(one)
        if not _first_text(names, ID_NAMES):
            continue
        likeness = 1 + 2 * bool(_first_text(names, STATUS_NAMES)) + (one.get("object") == "batch")
        likeness += any("inputfile" in name for name in names) + 4 * bool(_mark(names))
        yield likeness, one


def _dicts_in(data: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield a reply and what it wraps, from outside in."""
    if isinstance(data, list) and len(data) == 1:
        yield from _dicts_in(data[0], depth)
    if isinstance(data, dict):
        yield data
        for name, value in data.items() if depth < ENVELOPES else ():
            if name not in ("metadata", "error", "errors"):
                yield from _dicts_in(value, depth + 1)


def _entries(data: object, depth: int = 0) -> list[Any] | None:
    """Return the entries of a list in whichever envelope; none where it is empty in a way of its own."""
    if isinstance(data, list):
        return data if all(isinstance(one, dict) for one in data) else None
    if not isinstance(data, dict) or depth > ENVELOPES:
        return None
    found = [_entries(value, depth + 1) for name, value in data.items() if name not in ("error", "errors")]
    longest = max((one for one in found if one is not None), key=len, default=None)
    is_empty = not data or data.get("object") == "list" or ("data" in data and data["data"] is None)
    return [] if longest is None and is_empty and not depth else longest


def _names(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reply's fields with their names in lower case, without marks between words."""
    return {re.sub(r"[^a-z]", "", name.lower()): value for name, value in data.items()}


def _first_text(names: Mapping[str, Any], wanted: Iterable[str]) -> str:
    for name in wanted:
        value = names.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _read(data: Mapping[str, Any], now: datetime) -> RemoteBatch:
    names = _names(data)
    counts = {**names, **next((_names(value) for name, value in names.items() if _is_counts(name, value)), {})}
    tallies = {kind: _first_count(counts, wanted) for kind, wanted in COUNT_NAMES.items()}
    status = _first_text(names, STATUS_NAMES)
    status = _snake(status) if re.fullmatch(r"[\w .-]{1,40}", status) else ""
    times = (_time(names[name]) for name in TIME_NAMES if name in names)
    return RemoteBatch(
        id=_first_text(names, ID_NAMES),
        status=status,
        digest=_mark(names),
        created_at=next((time for time in times if time), now),
        input_file=next(iter(_files(names, INPUT_FILE)), ""),
        result_files=tuple(dict.fromkeys(_files(names, RESULT_FILE))),
        **{kind: count or 0 for kind, count in tallies.items()},
        error=_error_of(names) if _end_of(status) == "failed" else "",
        is_counted=tallies["completed"] is not None,
    )


def _is_counts(name: str, value: object) -> bool:
    return isinstance(value, dict) and (name.endswith(("counts", "stats")) or name == "progress")


def _first_count(names: Mapping[str, Any], wanted: Iterable[str]) -> int | None:
    values = (names.get(name) for name in wanted)
    return next(
        (int(value) for value in values if isinstance(value, int | float | str) and str(value).isdecimal()), None
    )


def _mark(names: Mapping[str, Any]) -> str | None:
    given = names.get("metadata")
    given = parsed(given) if isinstance(given, str) else given
    mark = given.get(MARK) if isinstance(given, dict) else None
    return mark if isinstance(mark, str) and mark else None


def _files(names: Mapping[str, Any], wanted: re.Pattern[str]) -> Iterator[str]:
    for name, value in names.items():
        for one in (value if isinstance(value, list) else [value]) if wanted.fullmatch(name) else ():
            found = _first_text(_names(one), ("id", "fileid")) if isinstance(one, dict) else one
            if isinstance(found, str) and found.strip():
                yield found.strip()


def _time(value: object) -> datetime | None:
    """Return a moment given as seconds, milliseconds or microseconds since the epoch, or in ISO 8601."""
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number raises
        for _ in range(2):
            number = number / 1_000 if number > 1e11 else number
        return datetime.fromtimestamp(number, UTC) if number > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        pass
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _snake(status: str) -> str:
    return re.sub(r"[\s.-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status)).lower()


def _is_under_way(status: str) -> bool:
    words = status.split("_")
    return any(word.endswith("ing") for word in words) or not UNDER_WAY.isdisjoint(words)


def _end_of(status: str) -> End | None:
    status = _snake(status)
    if _is_under_way(status):
        return None
    return next((end for end, stems in ENDS if any(word.startswith(stems) for word in status.split("_"))), None)


def _error_of(names: Mapping[str, Any]) -> str:
    """Return why a batch failed as a whole, as far as it can be shown."""
    given = names.get("errors") or names.get("error")
    given = given.get("data", given) if isinstance(given, dict) else given
    first = given[0] if isinstance(given, list) and given else given
    code = first.get("code") or first.get("type") if isinstance(first, dict) else first
    return shown_reason(code.lower() if isinstance(code, str) else None, "failed")


def shown_reason(code: object, status: object) -> str:
    """Return why something failed, as far as it can be shown."""
    if isinstance(code, str) and is_known_code(code):
        return code
    return "no reason given" if status is None else f"status {status}"
