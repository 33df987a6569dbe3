"""Room of the answers: turn a due phrase into a date.

Pure; a phrase is read as a whole by a closed grammar or not at all.

Of phrases from meetings libraries of dates invent more than they find, so that one is asked for names of months only,
in languages that have no grammar; in English and Portuguese absolute dates are in the grammars.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime

from meetcli.answers.due_absolute import read_absolute_date
from meetcli.answers.due_english import ENGLISH
from meetcli.answers.due_portuguese import PORTUGUESE

_GRAMMARS = {"en": (ENGLISH, PORTUGUESE), "pt": (PORTUGUESE, ENGLISH)}
_GRAMMARS |= {"english": _GRAMMARS["en"], "portuguese": _GRAMMARS["pt"], "português": _GRAMMARS["pt"]}
_FIGURES = re.compile(r"/|\b\d{1,2}([-.])\d{1,2}\1\d")
_ISO = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s*")
MAX_PHRASE = 120  # characters; beyond that it is no due phrase but a sentence


def resolve_due_date(due_text: str | None, meet_at: datetime | None, language: str) -> date | None:
    """Return the date that `due_text` means when said at `meet_at`, or None rather than a guess.

    `language` is a code such as `en`, `pt-BR` or `de`, or `English` or `Portuguese`. English and Portuguese are each
    read with the other's grammar too, because speakers mix them ("até EOD"). Dates in figures are the exception: their
    order of day and month depends on the language. In any other language a date counts only as ISO 8601, or with the
    name of its month.
    """
    if not due_text or meet_at is None or len(due_text) > MAX_PHRASE:
        return None
    code = re.split(r"[-_ ]", language.strip().casefold())[0]
    grammars = _GRAMMARS.get(code, ())
    for grammar in grammars[:1] if _FIGURES.search(due_text) else grammars:
        found = grammar.resolve(due_text, meet_at.date())
        if found is not None:
            return found
    if grammars:
        return None
    if match := _ISO.fullmatch(due_text):
        with suppress(ValueError):  # no day of the calendar
            return date.fromisoformat(match[1])
    return read_absolute_date(due_text, meet_at.date(), code)
