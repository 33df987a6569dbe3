"""The marks that writers leave in files other than JSON, so that no run reads its results as transcripts.

A result in JSON needs none: it is known by its provenance. Writers put the marks in, `readers.own_marks` looks for
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

CSV_MARK = "meetcli_task,"
"""How the first line of every CSV file starts, after a byte order mark: the name of its first column."""

MARKDOWN_MARK = "<!-- meetcli: "
"""How the last line of minutes in Markdown starts: there a comment is out of the way of people who read the bare text.
In a file of a whole run, which grows at its end, it may be the first line instead.
"""

HTML_MARK = '<meta name="generator" content="meetcli '
"""Stands near the start of a report."""


def is_result(document: object) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a JSON document is one result."""
    provenance = document.get("provenance") if isinstance(document, Mapping) else None
    return isinstance(provenance, Mapping) and "meetcli_version" in provenance and "fingerprint" in provenance
