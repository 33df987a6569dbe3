"""The names of a meeting's fields, and which other name is one of them misspelled. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from meetcli.spelling import nearest

FIELDS = ("meeting_id", "customer_id", "meet_date", "customer_name", "banker_id", "banker_name", "meet_type")
_KNOWN = frozenset((*FIELDS, "meet_id"))
_NEAR = 0.84
"""`meeting_date` is near `meet_date`, `customer_email` is not near `customer_name`."""


def metadata_of(meeting: Mapping[str, object]) -> Mapping[str, object]:
    """Return where a meeting as read has its fields: under `metadata`, else at its top."""
    metadata = meeting.get("metadata")
    if metadata is None:
        return meeting
    return metadata if isinstance(metadata, Mapping) else {}


def misspelled(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the names that are near misses, each with the field that was meant and that nothing else gives.

    Capitals, dashes and blanks count for nothing: `customerId` is near `customer_id`. Other people's fields are theirs.
    """
    for name in fields:
        if name in _KNOWN or not isinstance(name, str):
            continue
        meant = _meant(name)
        if meant is not None and not fields.get(meant) and not (meant == "meeting_id" and fields.get("meet_id")):
            yield name, meant


@lru_cache(256)  # the columns of a table are the same in every row
def _meant(name: str) -> str | None:
    folded = {_folded(known): known for known in (*FIELDS, "meet_id")}
    near = nearest(_folded(name), folded, cutoff=_NEAR)
    return folded[near] if near is not None else None


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
