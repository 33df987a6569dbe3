"""What a plan notes of all its inputs together. Settles nothing.

Those are results and keys that inputs share, ids that they lack, and misspelled fields.
"""

from __future__ import annotations

from collections.abc import Collection

from meetcli.errors import UsageError
from meetcli.meetings.doubts import doubts_of
from meetcli.meetings.field_names import metadata_of, misspelled
from meetcli.meetings.missing_ids import missing_ids
from meetcli.models import Meeting, Source
from meetcli.plain_text import printable
from meetcli.readers import Transcript
from meetcli.writers import result_name


class PlanNotes:
    """Notes of one plan.

    `content_keys` are the keys of meetings without ids; `without_ids`, `misspelled` and `doubts` as in `Plan`.
    """

    def __init__(self, task: str, content_keys: set[str] | None) -> None:
        self._task = task
        self._keys: dict[str, dict[str, Source]] = {}
        self._results: dict[str, Source] = {}
        self.content_keys = content_keys if content_keys is not None else set()
        self.misspelled: dict[tuple[str, str], tuple[str, str]] = {}
        self.without_ids: dict[tuple[str, ...], tuple[int, Source]] = {}
        self.doubts: dict[str, list[tuple[str, str]]] = {}

    def reserve_result(self, source: Source) -> None:
        """Keep the place of a result for this input. Raises `UsageError` where another one has it."""
        name = result_name(source, self._task)
        other = self._results.setdefault(name, source)
        if other is not source:
            raise UsageError(
                f"{printable(other.label)} and {printable(source.label)} would both write the result {name}.json",
                hint="rename one of them, or run them with different --output folders",
            )

    def reserve_key(self, key: str, digest: str, source: Source) -> None:
        """Note which input asks first what `digest` stands for under this key."""
        self._keys.setdefault(key, {}).setdefault(digest, source)

    def note_fields(self, transcript: Transcript) -> None:
        """Note the fields of a meeting that are near misses."""
        for name, meant in misspelled(metadata_of(transcript.mapping)):
            self.misspelled.setdefault((name, transcript.format), (meant, printable(transcript.source.label)))

    def note_ids(self, meeting: Meeting, source: Source, key: str | None) -> None:
        """Note the ids that a meeting lacks."""
        missing = missing_ids(meeting)
        if missing:
            count, first = self.without_ids.get(missing, (0, source))
            self.without_ids[missing] = (count + 1, first)
            if key is not None:
                self.content_keys.add(key)

    def note_doubts(self, meeting: Meeting, source: Source) -> None:
        """Note what speaks against how a meeting was read."""
        for doubt in doubts_of(meeting.turns):
            self.doubts.setdefault(doubt.name, []).append((printable(source.label), doubt.says))

    def conflicts(self, called: Collection[str | None]) -> list[tuple[str, tuple[str, ...]]]:
        """Return the keys that are called and that stand for more than one question, each with its inputs."""
        return [
            (key, tuple(printable(source.label) for source in asked.values()))
            for key, asked in self._keys.items()
            if len(asked) > 1 and key in called
        ]
