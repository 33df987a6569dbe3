"""The error tree. Knows nobody; every room raises from here and the class alone decides what happens next.

MeetcliError
|-- ItemError            ends one meeting; the others go on                        exit code 1
|   |-- InputError         a transcript that cannot be read or breaks the contract
|   |-- CallError          the engine gave no answer for this meeting
|   `-- AnswerError        an answer that was paid for and cannot be used
|-- CacheError           a cache that cannot be used; warned about and counted     (no exit code of its own)
|   `-- CacheRefused       a cache that answers, but does not do what it is told
|       `-- ListingRefused   a cache that does not say what it has
`-- RunError             ends the run
    |-- UsageError         command or settings wrong; nothing was called            exit code 2
    |-- RunStopped         no call can work, or results cannot be written           exit code 3
    |   `-- LaneNotServed    `--lane` asks for what the server does not have        exit code 2
    `-- BudgetReached      `--max-cost` leaves no room for what is left             exit code 4

Messages name settings and metadata by value, transcript and reply text only by position and length.
"""

from __future__ import annotations

from typing import ClassVar


class MeetcliError(Exception):
    """Base of every error meetcli raises on purpose.

    `message` says what, where and which value; `hint` the one thing to do next, or None.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ItemError(MeetcliError):
    """End one meeting as `failed`; `reason` is the short snake_case word reports carry."""

    reason: ClassVar[str] = "failed"


class InputError(ItemError):
    """Refuse one input; `field` names the offending field where there is one, as `metadata.meet_date`."""

    reason: ClassVar[str] = "bad_input"

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


class CallError(ItemError):
    """Report that a request got no answer; `reason` says why, as `timeout` or `server_error`.

    `is_divisible` says that the same in smaller parts may be answered; `window` is how many tokens the server said that
    it reads and writes at once, None where it did not.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        hint: str | None = None,
        is_divisible: bool = False,
        window: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_divisible = is_divisible
        self.window = window
        self.reason = reason  # type: ignore[misc]  # an instance says more than its class here


class AnswerError(ItemError):
    """Report a paid answer that cannot be used and would come again.

    Its reason is `refusal`, `content_filter`, `truncated` or `invalid`.
    """

    def __init__(self, message: str, *, reason: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason  # type: ignore[misc]  # an instance says more than its class here


class SchemaBroken(ValueError):
    """Refuse an answer that breaks the task's own schema.

    `rules` name each place and rule in the schema's words, so that people may read them: no text of the answer is in
    them. A ValueError, since pydantic collects those.
    """

    def __init__(self, rules: list[str]) -> None:
        super().__init__("; ".join(rules))
        self.rules = rules


class CacheError(MeetcliError):
    """Report that a cache could not be read or written; the paid result still goes out."""


class CacheRefused(CacheError):
    """Report that a cache is there and does not do what it is told: it is full, or a copy that only gives."""


class ListingRefused(CacheRefused):
    """Report that a cache gives what it is asked for by name, and does not say what it has."""


class RunError(MeetcliError):
    """End the run with `exit_code`; meetings not yet called become `not_attempted`."""


class UsageError(RunError):
    """Refuse the command or its settings before anything is called."""

    exit_code: ClassVar[int] = 2


class RunStopped(RunError):
    """Stop a run in which no further call can work, or whose results cannot be written."""

    exit_code: ClassVar[int] = 3


class LaneNotServed(RunStopped):
    """Stop a run whose price lane the server does not have for the model."""

    exit_code: ClassVar[int] = 2


class BudgetReached(RunError):
    """Stop a run whose budget has no room for the next call."""

    exit_code: ClassVar[int] = 4
