"""What a format is to the reading room: how it is known, how it is read and what it carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from meetcli.errors import InputError
from meetcli.readers.content import Content

Found = tuple[int | None, Mapping[str, Any] | InputError]
"""One meeting of a document: its 1-based place, None where the document is one meeting, and what `normalize` takes, or
why not.

The mapping is one of the canonical shapes, or `{"turns": [{"speaker", "text", "start_s", "end_s"}], "metadata":
{...}}`, with times in seconds and None for what the format does not say.
"""


class Format(NamedTuple):
    """One format. A module of this folder has `FORMATS`, those of one family, the strictest first.

    `recognizes` says whether a content is of this format, by its keys or marks: never by a name, never by the size of a
    number. `read` may raise `InputError`, for what looks like the format and breaks its rules. `source` is who writes
    it. `speakers` says whether people are called by their names or by labels such as `Speaker 1`, `ids` which of a
    meeting's own fields a file may hold. `is_json` says that it is JSON, `is_by_naming` that only a file the user named
    can be one, `is_from_documentation` that no real file was at hand when the reader was written.
    """

    name: str
    source: str
    recognizes: Callable[[Content], bool]
    read: Callable[[Content], Iterable[Found]]
    speakers: Literal["names", "labels", "none"] = "labels"
    times: Literal["start and end", "start", "none"] = "start and end"
    ids: tuple[str, ...] = ()
    is_json: bool = True
    is_by_naming: bool = False
    is_from_documentation: bool = False
