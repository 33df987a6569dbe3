"""How meetcli knows what it wrote itself. Every writer that makes a new kind of file adds its mark here."""

from __future__ import annotations

from collections.abc import Mapping

from meetcli.readers.content import Content


def is_ours(content: Content) -> bool:
    """Say whether a unit is a result of meetcli, or a list of nothing else."""
    document = content.document
    if isinstance(document, list):
        return bool(document) and all(_is_result(place) for place in document)
    return _is_result(document)


def _is_result(document: object) -> bool:
    provenance = document.get("provenance") if isinstance(document, Mapping) else None
    return isinstance(provenance, Mapping) and "meetcli_version" in provenance and "fingerprint" in provenance
