"""Door of the answers: from a reply to a result. All pure; knows no engine, cache or file."""

RENDER_VERSION = "1"
"""Raised whenever the same answer would render to other bytes; a cached answer is then rendered anew, never bought again.

Stands here because every run needs it and only some import the renderer.
"""
