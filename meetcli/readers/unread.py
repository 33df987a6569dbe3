"""What looks like a transcript and is none that is read: named to people instead of vanishing among other files.

Quotes nothing.
"""

from __future__ import annotations

import re

from meetcli.meetings.normalize import split_turns
from meetcli.models import UNREAD
from meetcli.readers.content import Content, NoTranscript
from meetcli.readers.formats import format_of
from meetcli.readers.speech_lists import speech_in

_SUBTITLES = frozenset((".ass", ".ssa", ".ttml", ".dfxp", ".smi", ".sami", ".lrc", ".scc", ".stl", ".usf"))
_JUDGED_CHARACTERS = 200_000
_HEAD_CHARACTERS = 1_000
_FEW_WORDS, _SPOKEN_WORDS = 20, 150
_MIN_STAMPS, _STAMP_SHARE = 3, 0.2
_MIN_LABELS = 4
_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’»)\]*_]*\Z")

_STAMPED = re.compile(
    r"(?m)^[^\n]{0,60}?(?:(?<![\d:/.-])(?<!\d{4} )(?<!\d{4}, )\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,3})?)?(?![\d:])"
    r"(?!,? (?:[+-]?\d{4}|[A-Z]{3,4} \d{4}))|\d{1,2} min(?:utes?)? \d{1,2} sec)"
)
"""A line that has a time near its start, alone or beside a name."""

_MACHINE = re.compile(
    r"(?m)^\s*(?:\d{4}-\d\d-\d\d[T ]\d\d:|\[?(?:DEBUG|INFO|WARN|WARNING|ERROR|FATAL|TRACE)\b|#include|import "
    r"|from \S+ import|def |class |function |const |<\?xml|<!DOCTYPE|\{|\})"
)
_CHAT = re.compile(r"(?m)^\d\d:\d\d:\d\d[\t ]+From[ ]|^\d\d:\d\d:\d\d\t[^\t\n]{1,120}:\t")
_CALLED = re.compile(
    r"(?i)(?<![a-z])(?:transcripts?|transcription|transcri[çc][ãa]o|transcripci[óo]n|legendas?|captions?|subtitles?)(?![a-z])"
)
_FRONT_MATTER = re.compile(
    r"\A---\r?\n(?:.*\r?\n){0,40}?(?:speakers?|transcript_by|transcript|guests?|hosts?):", re.IGNORECASE
)
_MARKUP = re.compile(r"(?m)^\s*(?:```|\||<(?!https?:)[a-z]|import |#!|\$ )")


def unread(name: str, content: Content) -> NoTranscript | None:
    """Return why a file that was met in a folder looks like a transcript and is not read; None where it does not."""
    suffix = content.suffix
    if suffix in _SUBTITLES:
        return _because(f"is a subtitle of a kind that is not read ({suffix})", "export the subtitle as .vtt or .srt")
    if _is_declared_by_name(content):
        return _because(
            "has few signs of who speaks or when, so it is read only where it is named", "name the file itself"
        )
    if content.document is not None:
        return None
    text = content.text[:_JUDGED_CHARACTERS]
    if _CHAT.search(text[:_HEAD_CHARACTERS]) or len(_MACHINE.findall(text[:20_000])) > 2:
        return None
    lines = sum(bool(line.strip()) for line in text.splitlines())
    stamps = len(_STAMPED.findall(text))
    words = len(text.split())
    way = "write who speaks before the words, as `Ana: text`, or export it as .vtt"
    if stamps >= _MIN_STAMPS and stamps > lines * _STAMP_SHARE and words > _FEW_WORDS:
        return _because("has times in its lines, as a transcript has, in a way that is not read", way)
    head = text[:_HEAD_CHARACTERS]
    if words > _SPOKEN_WORDS and (_FRONT_MATTER.match(head) or (not _MARKUP.search(text) and _calls_itself(name))):
        return _because("calls itself a transcript and says nowhere who speaks", way)
    return None


def _is_declared_by_name(content: Content) -> bool:
    form = format_of(content._replace(is_named=True))
    if form is None:
        return False
    if content.document is not None:
        speech = speech_in(content.document) if isinstance(content.document, dict | list) else None
        # Anybody may have a name and a text; only who speaks has a name for speakers, or times.
        return speech is None or speech.shape.has_speaker_names or speech.timed * 2 > len(speech.spoken)
    text = content.text[:_JUDGED_CHARACTERS]
    if _CHAT.search(text[:_HEAD_CHARACTERS]) or _MACHINE.search(text[:20_000]) or _MARKUP.search(text):
        return False
    return len(text.split()) > _FEW_WORDS and _is_like_speech(text)


def _is_like_speech(text: str) -> bool:
    """Say whether names stand before sentences: headers and settings have labels too, and no full stops."""
    labeled = [turn.text.rstrip() for turn in split_turns(text) if turn.speaker is not None]
    spoken = sum(bool(_SENTENCE_END.search(said)) and len(said.split()) > 1 for said in labeled)
    return spoken >= _MIN_LABELS and spoken * 2 > len(labeled)


def _calls_itself(name: str) -> bool:
    return bool(_CALLED.search(name))


def _because(message: str, hint: str) -> NoTranscript:
    return NoTranscript(message, reason=UNREAD, hint=hint)
