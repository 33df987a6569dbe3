"""Content of a unit as readers see it: bytes, text and, where it is JSON, the parsed document.

Quotes nothing in its errors.
"""

from __future__ import annotations

import codecs
import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from meetcli.errors import InputError

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
LINE_SUFFIXES = (".jsonl", ".ndjson")
DOCUMENT_SUFFIX = ".docx"
"""What a content carries that was a document, of whichever office."""
DOCUMENT_SUFFIXES = (".docx", ".odt")
DOCUMENT_HINT = "export the transcript as .vtt or .docx, or save it as text"
CUE_SUFFIXES = (".vtt", ".srt")
_JSON_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:["}]|\Z)|\[\s*[{"\]])')
_UTF16_START = re.compile(rb"(?:\xff\xfe[{\[]\0|\xfe\xff\0[{\[])")
_SESSION_MESSAGE = re.compile(rb'"message"\s*:\s*"(?:RecognitionStarted|Add(?:Partial)?Transcript|AudioAdded)"')
_SESSION_START_BYTES = 4_000
_MAX_DIGITS = 4300  # where Python stops by default, because its conversion takes quadratic time
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}")
_OWN_TEXTS = ("transcript", "meet_transcription")
_OWN_METADATA = ("meeting_id", "meet_date")


_CLOSED_DOCUMENTS = (
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a document in RTF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old Office, or one with a password"),
)
"""First bytes of documents that are not read, and what people call them."""


class NoTranscript(InputError):
    """Says that a file is no transcript: skipped where it was met in a folder, refused where it was named."""

    def __init__(self, message: str, *, reason: str = "no_transcript", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason  # type: ignore[misc]  # an instance says more than its class here


class NotUtf8(NoTranscript):
    """Says that a file which declares nothing is text in another encoding, and may be a transcript all the same."""


class Content(NamedTuple):
    """What readers look at. `document` is the parsed JSON, None where the text is no JSON.

    A place of a list that breaks the rules of JSON holds an `InputError` in its stead, so that the others can be read.
    `suffix` is the file's, in small letters. `is_named` says that the user named the file, where less evidence is
    enough.
    """

    text: str
    document: Any
    suffix: str = ""
    is_named: bool = True


def suffix_of(name: str) -> str:
    """Return the suffix that says what is in a file, in small letters: that of `a.vtt.gz` is `.vtt`."""
    return os.path.splitext(name.lower().removesuffix(".gz"))[1]  # noqa: PTH122 - a string is all we have


def refuse_closed_document(start: bytes) -> None:
    """Raise `NoTranscript` for a document that is not read, which may be a transcript all the same."""
    name = next((name for mark, name in _CLOSED_DOCUMENTS if start.startswith(mark)), None)
    if name is not None:
        raise NoTranscript(f"is {name}", reason="unread", hint=DOCUMENT_HINT)


def declares_json(start: bytes, suffix: str) -> bool:
    """Say whether a file declares itself JSON by its suffix or its first bytes, and so must parse."""
    return suffix in JSON_SUFFIXES or bool(_JSON_START.match(start) or _UTF16_START.match(start))


def declares_session(start: bytes) -> bool:
    """Say whether lines are the messages of one real-time session, as Speechmatics sends them, and so one document."""
    place = start.find(b'"message"', 0, _SESSION_START_BYTES)
    if place < 0 or not _SESSION_MESSAGE.match(start, place):
        return False
    line = start.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0].rstrip()
    return line.startswith(b"{") and line.endswith(b"}") and b'"message"' in line


def declares_cues(start: bytes, suffix: str) -> bool:
    """Say whether a file declares itself WebVTT or SRT by its suffix or its first bytes, and so must parse."""
    if suffix in CUE_SUFFIXES:
        return True
    head = start[:300].removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"WEBVTT"):
        return head[6:7] in b" \t\r\n"
    # Compiled with the first file that may be one: it takes as long as reading a file.
    return b"-->" in head and re.match(rb"(?:\d+[ \t]*\r?\n)?\d+:\d+:\d+[.,]\d+[ \t]*-->", head) is not None


def open_content(data: bytes, suffix: str, *, is_named: bool = True) -> Content:
    """Decode and parse a unit; `InputError` says where it breaks, `NoTranscript` that it is no text at all.

    Text that starts as UTF-16 does is read as that, as Notepad and Excel write it; JSON, WebVTT and SRT are UTF-8 by
    their rules.
    """
    is_json = declares_json(data, suffix)
    is_declared = is_json or declares_cues(data, suffix)
    is_utf16 = not is_declared and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: {_guessed(data, error)}"
        raise (InputError if is_declared else NotUtf8)(message, hint="save it as UTF-8") from None
    if is_declared and b"\0" in data[:4]:
        raise InputError(f"is not UTF-8: {_guessed(data, None)}", hint="save it as UTF-8")
    if not text or text.isspace():
        raise (InputError if is_declared else NoTranscript)("is empty")
    return Content(
        text, _parse(_as_list(text) if declares_session(data) else text) if is_json else None, suffix, is_named
    )


def _as_list(lines: str) -> str:
    inner = ",\n".join(line for line in lines.split("\n") if line.strip())
    return f"[{inner}]"


def _guessed(data: bytes, error: UnicodeDecodeError | None) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (data[:1] == b"\0") != (data[1:2] == b"\0"):
        return "it looks like UTF-16"
    if error is None:
        return "it starts with NUL bytes"
    if error.reason == "unexpected end of data":
        return "it is cut off inside a letter"
    return f"it looks like Latin-1 or Windows-1252 (first at byte {error.start + 1})"


def is_own_shape(document: object) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a document is a meeting in one of meetcli's own shapes.

    One whose text is missing is worth an error; other JSON, which may well have `metadata` and a `customer_id`, is not.
    """
    if not isinstance(document, Mapping):
        return False
    metadata = document.get("metadata")
    if isinstance(metadata, Mapping) and any(key in metadata for key in _OWN_METADATA):
        return True
    return "meet_id" in document or any(
        key in document and not isinstance(document[key], dict | list) for key in _OWN_TEXTS
    )


class _Unusable(NamedTuple):
    """Stands in a parsed document for a value that JSON does not have or that cannot be told apart."""

    problem: str
    is_number: bool = False


def _parse(text: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse JSON strictly: no number of too many digits, no key twice.

    NaN and numbers beyond a float's range, which other programs write where they know no value, are null, except in our
    own shapes.
    """
    unusable: list[_Unusable] = []

    def refuse(problem: str, *, is_number: bool = False) -> _Unusable:
        unusable.append(_Unusable(problem, is_number))
        return unusable[-1]

    def constant(name: str) -> object:
        return refuse(f"is {name}, which is no JSON number", is_number=True)

    def number(digits: str) -> object:
        value = float(digits)
        return refuse("is a number too large", is_number=True) if math.isinf(value) else value

    def integer(digits: str) -> object:
        return refuse(f"is a number of {len(digits):,} digits") if len(digits) > _MAX_DIGITS else int(digits)

    def mapping(pairs: list[tuple[str, Any]]) -> object:
        unique = dict(pairs)
        return unique if len(unique) == len(pairs) else refuse(f"has {_twice(pairs)} twice, so it is ambiguous")

    decoder = json.JSONDecoder(object_pairs_hook=mapping, parse_constant=constant, parse_float=number)
    try:
        try:
            document = decoder.decode(text)
        except json.JSONDecodeError:
            raise
        except (
            ValueError
        ):  # an integer of too many digits; a hook for every integer would slow down every file for this one
            decoder = json.JSONDecoder(
                object_pairs_hook=mapping, parse_constant=constant, parse_float=number, parse_int=integer
            )
            document = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _broken(text, error) from None  # its cause would carry the whole text
    except RecursionError:
        raise InputError("is JSON nested too deeply") from None
    return _judged(document) if unusable else document


def _judged(document: object) -> object:
    """Return a document whose unusable values are an error, of the one place where it is a list."""
    if isinstance(document, list):
        return [_problem(place) or place for place in document]
    problem = _problem(document)
    if problem is not None:
        raise problem
    return document


def _broken(text: str, error: json.JSONDecodeError) -> InputError:
    where = f"line {error.lineno}, column {error.colno}"
    what = error.msg.partition(":")[0].removesuffix(" at")  # "Unterminated string starting at"
    if error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()):
        return InputError(f"is not valid JSON: it is cut off ({what} at {where})")
    return InputError(f"is not valid JSON: {what} at {where}")


def _twice(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add is what remembers
    return f"the key {key}" if _NAME.fullmatch(key) else f"a key of {len(key)} characters"


def _problem(document: object) -> InputError | None:
    """Return an unusable value below `document` as an error that names its field, or None where all can be used.

    Numbers that JSON does not have become null on the way, where they are no part of our own shapes.
    """
    if not is_own_shape(document):
        _drop_numbers(document)
    pending = [(document, "")]
    while pending:
        value, path = pending.pop()
        if isinstance(value, _Unusable):
            return InputError(f"{path or 'the meeting'} {value.problem}", field=path or None)
        if isinstance(value, Mapping):
            pending.extend((inner, _below(path, key)) for key, inner in value.items())
        elif isinstance(value, list):
            pending.extend((inner, f"{path}[{number}]") for number, inner in enumerate(value, 1))
    return None


def _drop_numbers(document: object) -> None:
    pending: list[Any] = [[document]]
    while pending:
        value = pending.pop()
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(inner, dict | list):
                pending.append(inner)
            elif isinstance(inner, _Unusable) and inner.is_number:
                value[key] = None


def _below(path: str, key: str) -> str:
    name = key if _NAME.fullmatch(key) else f"(key of {len(key)} characters)"
    return f"{path}.{name}" if path else name
