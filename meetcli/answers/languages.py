"""Room of the answers: in which language a text is written. Pure; says nothing where it is not sure.

py3langid, of the extra `language`, is imported with the first text, or by `detection_trouble` before it: its model
takes half a second to load. Without it no language is known, and an answer's language is not checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from meetcli.models import Meeting

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SURE = 0.9
"""A wrong language never had that much on stretches of 8 words from 43 English and 11 English and Portuguese meetings.
"""
SAMPLES = 10
SAMPLE_CHARACTERS = 500
SAMPLE_DISTANCE = 1_500
MAJORITY = 0.8
"""A meeting held in two languages has none that its minutes must be in."""


def can_detect() -> bool:
    """Return whether the library is there."""
    return find_spec("py3langid") is not None


def detection_trouble() -> str | None:
    """Load what tells languages, and say why that failed; None where it did not, or the library is not there."""
    return _loaded()[1]


def detect_language(text: str) -> str | None:
    """Return the ISO 639-1 code of the language of `text`, None where that is not certain."""
    identifier, _ = _loaded()
    if identifier is None or not text.strip():
        return None
    code, probability = identifier.classify(text)
    return primary_code(str(code)) if probability >= SURE else None


def meeting_language(meeting: Meeting) -> str | None:
    """Return the language that most of a meeting is held in, None where that is not certain."""
    found = Counter(map(detect_language, _samples(" ".join(turn.text for turn in meeting.turns))))
    language, times = found.most_common(1)[0]
    return language if times >= MAJORITY * found.total() else None


def primary_code(language: str) -> str:
    """Return the language itself of a code that may name a country too: `pt` of `pt-BR`.

    `no` of all that is written in Norway.
    """
    code = language.replace("_", "-").partition("-")[0].lower()
    return "no" if code in ("nb", "nn") else code  # the library gives any of the three for either of the two


def _samples(text: str) -> Iterator[str]:
    """Yield up to ten stretches of a text, evenly spread."""
    step = max(SAMPLE_DISTANCE, -(-len(text) // SAMPLES))
    for start in range(0, max(1, len(text)), step):
        yield text[start : start + SAMPLE_CHARACTERS]


@cache
def _loaded() -> tuple[LanguageIdentifier | None, str | None]:
    """Return the detector, or why there is none although the library is there: no answer may be lost for it."""
    if not can_detect():
        return None, None
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True), None
    except OSError as error:
        return None, f"{error.strerror or error}; is there room in the folder for temporary files (TMPDIR)?"
    except Exception as error:  # whatever a damaged installation raises
        return None, f"py3langid cannot be loaded: {type(error).__name__}"
