"""What somebody may have meant: the one idea of a near miss for names that people type."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that `name` is most like, None where none is like it; `cutoff` 1 wants the same name."""
    from difflib import get_close_matches  # only for names that are wrong

    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), None)
