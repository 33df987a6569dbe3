"""Which ids a meeting lacks, and what would give them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from meetcli.meetings.sidecars import SIDECAR_SUFFIX
from meetcli.models import Meeting, Source

IDS = ("customer_id", "meet_date", "meeting_id")
"""What a meeting is recognized by, in the order in which paths name them."""


def missing_ids(meeting: Meeting) -> tuple[str, ...]:
    """Return the names of the ids that a meeting lacks; none where its key comes from its ids."""
    return tuple(name for name in IDS if getattr(meeting, name) is None)


def way_to_ids(missing: Sequence[str], source: Source) -> str:
    """Return what a user can do for a file whose meeting lacks ids: the one pattern, or the sidecar."""
    if source.place is not None and source.member is None:
        return f"give each meeting in {source.name} its {' and '.join(missing)}"
    name = source.name.removesuffix(".gz")
    stem, dot, suffix = name.rpartition(".")
    sidecar = f"{stem or name}{SIDECAR_SUFFIX}"
    return f'--patterns "{_pattern(missing, dot + suffix if stem else "")}" where paths say it, or a sidecar {sidecar}'


def _pattern(missing: Sequence[str], suffix: str) -> str:
    folder = "{customer_id}/" if "customer_id" in missing else ""
    stem = "_".join(f"{{{name}}}" for name in missing if name != "customer_id")
    return f"{folder}{stem or '*'}{suffix}"
