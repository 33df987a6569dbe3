"""Door of the answers: from a reply to a result. All pure; knows no engine, cache or file."""

RENDER_VERSION = "4"
"""Raised whenever the same answer would render to other bytes; a cached answer is then rendered anew, never bought
again.

Stands here because every run needs it and only some import the renderer.
"""

_MARK = '"unsupported": true'


def render_version(*, requires_evidence: bool) -> str:
    """Return what names a rendering: the renderer's version and the rules a run may choose."""
    return f"{RENDER_VERSION}+evidence" if requires_evidence else RENDER_VERSION


def count_unsupported(rendered: str) -> int:
    """Return how many items of a rendered result nothing in the transcript supports.

    Counted in the text, because a hit is not parsed: inside a JSON string the quotes of the mark would be escaped.
    """
    return rendered.count(_MARK)
