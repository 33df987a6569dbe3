"""The lifetime counters of a cache folder: what all runs together hit, missed, paid and saved.

Knows no run, only amounts.

They live in a file beside the database, so that emptying the cache does not forget what it was worth. An amount has a
name that may end in a label, as `hits.disk`. A lost file costs the history, never an answer: so it is replaced, and
never synced. One that cannot be used is moved aside by the next change, which says so in the `notice` of what it
returns.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from meetcli.cache.folder import locked
from meetcli.errors import CacheError
from meetcli.models import Ended

FORMAT = 1
_NAME = "cache.state.json"
_TIMES = ("began_at", "zeroed_at", "last_run_at", "last_success_at")

Amounts = Mapping[str, Decimal]


class Lifetime(NamedTuple):
    """What was counted since the first run, and what that was when somebody last set the count to zero.

    `last_success_at` is the end of the last run with exit code 0, of whatever task; `tasks` has each by itself, since
    the success of one job must not hide that another fails every night. Times are aware UTC, None for what never was.
    `notice` is what people should be told about the file, empty where all is well with it.
    """

    total: Amounts
    at_zero: Amounts
    began_at: datetime | None = None
    zeroed_at: datetime | None = None
    last_run_at: datetime | None = None
    last_success_at: datetime | None = None
    tasks: Mapping[str, Ended] = {}
    notice: str = ""

    @property
    def since_zero(self) -> Amounts:
        """What was counted since then."""
        return {name: amount - self.at_zero.get(name, Decimal(0)) for name, amount in self.total.items()}


def read_lifetime(folder: Path) -> Lifetime:
    """Return the counters of a cache folder, empty where there are none or they cannot be used.

    `notice` says so where they cannot be used.
    """
    path = folder / _NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            return _unusable(path, "another version's")
        began, zeroed, last_run, last_success = (_moment(fields[name]) for name in _TIMES)
        # Files of earlier versions know no tasks.
        tasks = {
            name: Ended(int(code), datetime.fromisoformat(at), _moment(good))
            for name, (code, at, good) in fields.get("tasks", {}).items()
        }
        return Lifetime(
            _amounts(fields["total"]), _amounts(fields["at_zero"]), began, zeroed, last_run, last_success, tasks
        )
    except (FileNotFoundError, NotADirectoryError):
        return Lifetime({}, {})
    except OSError as error:
        return _unusable(path, error.strerror or str(error))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        return _unusable(path, "damaged")


def _unusable(path: Path, why: str) -> Lifetime:
    return Lifetime({}, {}, notice=f"the counters {path} cannot be used ({why})")


def add_run(folder: Path, amounts: Mapping[str, Decimal | int], *, task: str, exit_code: int, at: datetime) -> Lifetime:
    """Add one run of a task to the counters and return what they are now.

    Raises CacheError when they cannot be written.
    """

    def added(before: Lifetime) -> Lifetime:
        total = dict(before.total)
        for name, amount in amounts.items():
            total[name] = total.get(name, Decimal(0)) + amount
        earlier = before.tasks.get(task)
        succeeded_at = at if exit_code == 0 else earlier and earlier.succeeded_at
        return before._replace(
            total=total,
            began_at=before.began_at or at,
            last_run_at=at,
            last_success_at=at if exit_code == 0 else before.last_success_at,
            tasks={**before.tasks, task: Ended(exit_code, at, succeeded_at)},
        )

    return _change(folder, added)


def zero(folder: Path, *, at: datetime) -> Lifetime:
    """Count `since_zero` from now on. Raises CacheError when that cannot be written."""
    return _change(folder, lambda before: before._replace(at_zero=before.total, zeroed_at=at))


def _change(folder: Path, change: Callable[[Lifetime], Lifetime]) -> Lifetime:
    path = folder / _NAME
    try:
        with locked(folder):
            before = read_lifetime(folder)
            after = change(before)
            _sweep(folder)
            fresh = path.with_suffix(f".{os.urandom(8).hex()}.new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(_text(after))
            if before.notice:
                aside = _move_aside(path)
                after = after._replace(notice=f"{before.notice}: moved to {aside}, and everything is counted anew")
            fresh.replace(path)
            return after
    except OSError as error:
        with suppress(OSError), locked(folder):
            _sweep(folder)
        raise CacheError(f"cannot write the counters {path}: {error.strerror or error}") from error


def _sweep(folder: Path) -> None:
    """Remove what killed runs left half written. They are made under the lock only, so nobody writes them now."""
    for left in folder.glob(f"{Path(_NAME).stem}*.new"):
        left.unlink(missing_ok=True)


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"cache.damaged-{number}.state.json")).exists():
        number += 1
    return path.rename(aside)


def _text(lifetime: Lifetime) -> str:
    fields: dict[str, Any] = {"format": FORMAT}
    for name, value in lifetime._asdict().items():
        if name == "notice":
            continue
        if isinstance(value, datetime):
            fields[name] = value.isoformat()
        elif name == "tasks":
            fields[name] = {
                task: [end.exit_code, end.at.isoformat(), end.succeeded_at and end.succeeded_at.isoformat()]
                for task, end in value.items()
            }
        else:
            fields[name] = (
                None if value is None else {label: format(amount, "f") for label, amount in sorted(value.items())}
            )
    return json.dumps(fields, indent=1) + "\n"


def _amounts(fields: Mapping[str, str]) -> dict[str, Decimal]:
    amounts = {name: Decimal(text) for name, text in fields.items()}
    if not all(amount.is_finite() for amount in amounts.values()):
        raise ValueError("not an amount")
    return amounts


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
