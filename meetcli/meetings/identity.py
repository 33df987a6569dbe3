"""Which meeting a file is, where its bytes do not say. Never opens a transcript.

Asked in this order: its sidecar, its path, the options, the name that its tool gave it. What is found becomes part of
the `Source`, and so of everything that is remembered about its bytes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain

from meetcli.errors import InputError, UsageError
from meetcli.meetings.field_names import FIELDS, misspelled
from meetcli.meetings.file_names import date_of_names
from meetcli.meetings.sidecars import MAX_SIDECAR_BYTES, SIDECAR_SUFFIX, sidecar_fields, sidecar_names
from meetcli.models import Source

_STANDARD_INPUT = "stdin"
_MANY = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
# Compiled with the first pattern: most runs have none.
_PART = r"\{([a-z_]*)\}|(\*)|([^{}*]+)"
_DATE = r"\d{4}-?\d\d-?\d\d(?:[T_ ]\d\d(?:[:.h-]?\d\d(?:[:.m-]?\d\d)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
_CLOCK = r"(?<=[T_ ])(\d\d)[:.h-]?(\d\d)?(?:[:.m-]?(\d\d))?"


class Identity:
    """Gives sources the fields of their meetings that come from outside their bytes.

    `patterns` are tried in their order on every path, `folder_patterns` (folder -> patterns) before them on what lies
    below the folder, the innermost folder first. `options` hold for every file, `meeting_id` among them for none inside
    an archive. Calling it raises `InputError` for a sidecar that cannot be used.
    `misspelled` gathers fields of sidecars that are near misses, by name and kind of file: what was meant, the first
    file.
    """

    def __init__(
        self,
        patterns: Sequence[str] = (),
        *,
        folder_patterns: Mapping[str, Sequence[str]] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._patterns = [_compiled(pattern) for pattern in patterns]
        folders = sorted((folder_patterns or {}).items(), key=lambda item: len(item[0]), reverse=True)
        self._folders = [
            (f"{os.path.realpath(folder).rstrip('/')}/", [_compiled(pattern) for pattern in of])
            for folder, of in folders
        ]
        self._options = dict(options or {})
        self._shared_options = {name: value for name, value in self._options.items() if name != "meeting_id"}
        self._sidecars: dict[str, frozenset[str]] = {}
        self.misspelled: dict[tuple[str, str], tuple[str, str]] = {}

    def __call__(self, source: Source) -> Source:
        """Return the source with what is given about it."""
        if source.name == source.shown == _STANDARD_INPUT:
            given = self._options
        else:
            # A file in an archive comes with what its sidecar there gives it, and is one of many that the option does
            # not name.
            own, options = (
                (self._of_sidecar(source), self._options)
                if source.member is None
                else (dict(source.given), self._shared_options)
            )
            for name, meant in misspelled(own):
                self.misspelled.setdefault((name, "sidecar"), (meant, source.shown))
            given = {**self._of_names(source), **options, **self._of_path(source), **own}
        return (
            source._replace(given=tuple((name, given[name]) for name in FIELDS if name in given)) if given else source
        )

    def _of_names(self, source: Source) -> dict[str, str]:
        """Return the date that a meeting tool wrote into the name of the file or of its folder.

        No tool calls a table or a list of many meetings so, whose name is the day of the export.
        """
        if source.name.lower().removesuffix(".gz").endswith(_MANY):
            return {}
        folder = os.path.basename(os.path.dirname(source.path))  # noqa: PTH119, PTH120  # a Path a file costs more
        if source.member is not None:
            folder = os.path.basename(os.path.dirname(source.shown))  # noqa: PTH119, PTH120  # as above
        date = date_of_names((source.name, folder))
        return {"meet_date": date} if date else {}

    def _of_path(self, source: Source) -> dict[str, str]:
        if not self._patterns and not self._folders:
            return {}
        real = os.path.realpath(source.path.parent)
        below = (patterns for folder, patterns in self._folders if f"{real}/".startswith(folder))
        # What lies in an archive is called by the archive's path and its own.
        path = f"{real}/{source.path.name}" if source.member is None else source.shown
        path = path.removesuffix(".gz")
        for pattern in chain(*below, self._patterns):
            if match := pattern.search(path):
                found = {name: value.strip() for name, value in match.groupdict().items() if value.strip()}
                if "meet_date" in found:
                    found["meet_date"] = _iso(found["meet_date"])
                return found
        return {}

    def _of_sidecar(self, source: Source) -> dict[str, str]:
        folder, name = os.path.split(source.path)
        if folder not in self._sidecars:
            self._sidecars[folder] = _sidecars_in(folder)
        if not self._sidecars[folder]:
            return {}
        for sidecar in sidecar_names(name):
            if sidecar in self._sidecars[folder]:
                return sidecar_fields(_bytes_of(f"{folder or '.'}/{sidecar}", sidecar), sidecar)
        return {}


def _sidecars_in(folder: str) -> frozenset[str]:
    try:
        return frozenset(name for name in os.listdir(folder or ".") if name.endswith(SIDECAR_SUFFIX))  # noqa: PTH208 - names are wanted, not paths
    except OSError:
        return frozenset()  # a folder that cannot be listed holds files that may still be read


def _bytes_of(path: str, name: str) -> bytes:
    try:
        # Not to wait for the writer of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"its {name} is no regular file")
            content = os.read(descriptor, MAX_SIDECAR_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"its {name} cannot be read: {error.strerror}") from error
    return content


def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of a path's end as a regular expression; `UsageError` says what is wrong with it.

    A field ends at the character that follows it in the pattern, so there is one way to read a path and no time to lose
    over it, whoever wrote the pattern; the last field takes the rest of the name.
    """
    parts = [match.groups() for match in re.finditer(_PART, pattern)]
    if "".join(_spelled(*part) for part in parts) != pattern or not pattern.strip():
        raise _bad(pattern, "has a brace that is not closed")
    names = [name for name, star, literal in parts if name is not None]
    if unknown := [name for name in names if name not in FIELDS]:
        raise _bad(pattern, f"has the field {{{unknown[0]}}}, which is none of {', '.join(FIELDS)}")
    if len(set(names)) < len(names):
        raise _bad(pattern, "has a field twice")
    expression = ""
    for number, (name, _, literal) in enumerate(parts):
        following = parts[number + 1][2] if number + 1 < len(parts) else None
        is_last = not any(other[2] is None for other in parts[number + 1 :])
        if literal is not None:
            expression += re.escape(literal.lstrip("/") if number == 0 else literal)
        elif number + 1 < len(parts) and following is None:
            raise _bad(pattern, "has two fields or stars with nothing between them")
        elif name == "meet_date":
            expression += f"(?P<meet_date>{_DATE})"
        else:
            allowed = "[^/]" if is_last or following is None else f"[^/{re.escape(following[0])}]"
            expression += f"(?P<{name}>{allowed}+)" if name else f"{allowed}*"
    return re.compile(rf"(?:\A|/){expression}\Z")


def _spelled(name: str | None, star: str | None, literal: str | None) -> str:
    return f"{{{name}}}" if name is not None else star or literal or ""


def _bad(pattern: str, why: str) -> UsageError:
    return UsageError(f"the pattern {pattern!r} {why}", hint="write it as {customer_id}/{meet_date}_{meeting_id}.vtt")


def _iso(date: str) -> str:
    """Return a date as file names have it, `2025-10-15_14-30`, as ISO 8601.

    What is no date of the calendar stays as it stands.
    """
    clock = re.sub(_CLOCK, lambda match: ":".join(part for part in match.groups() if part), date)
    for iso in (date, clock.replace("_", "T").replace(" ", "T")):
        try:
            datetime.fromisoformat(iso)
        except ValueError:
            continue
        return iso
    return date
