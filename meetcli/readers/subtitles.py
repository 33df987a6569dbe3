"""Readers of timed captions: WebVTT (Zoom, Teams, Webex, YouTube, Whisper), SRT and SBV.

webvtt-py 0.6, srt 3.5 and pysubs2 1.8 were tried on the samples: the first gives all of a cue to its first voice, keeps
`&amp;` and the repeats of rolling captions, and drops what it cannot read without a word; the second takes a cue behind
a foreign line for text of the one before; the third drops voices and takes ids of cues for text. So the one grammar
below, lenient as all together, serves all formats.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from html import unescape
from itertools import accumulate, pairwise
from typing import NamedTuple

from meetcli.errors import InputError
from meetcli.meetings.normalize import speaker_names, split_turns
from meetcli.readers.caption_marks import by_marks
from meetcli.readers.content import Content
from meetcli.readers.fields import speaker_name
from meetcli.readers.format import Format, Found
from meetcli.readers.turns import Piece, as_mapping, in_recorded_order, join, utterances

_MARK = re.compile(r"\s*WEBVTT(?:\s|\Z)")
_TIME = r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,6}))?"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?\Z")
_TIMING_START = re.compile(r"\s*\d+:\d+[^\n]*-->")
_SRT_START = re.compile(
    r"\s*(?:\d{1,9}\s*\n\s*)?\d{1,4}:\d{1,2}:\d{1,2}[.,]\d{1,6}\s*-->(?![ \t]*[\d:.,]+[ \t]+[^\n]{0,120}:[ \t])"
)
_HEAD_FIELD = re.compile(r"(?:Kind|Language|Region|Style|X-[A-Z-]+)[:=]|NOTE(?:\s|\Z)")
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|\Z)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>")
_WEBEX_ID = re.compile(r'\d{1,9}\s+"([^"<>]{1,120})"\s+\(\d*\)\s*')
_SBV_TIMING = re.compile(r"(?m)^(\d{1,4}:\d\d:\d\d\.\d{3}),(\d{1,4}:\d\d:\d\d\.\d{3})[ \t]*(?=\r?$)")
_TAG = re.compile(
    r"</?(?:[bcipqsuv]|br|em|font|lang|rt|ruby|span|strong)(?:[.\s/][^<>]*)?>|<[\d:.]+>|</>|\{\\[^{}]*\}", re.IGNORECASE
)
"""Marks of formats only: transcribers write `<laugh>` for what they heard."""
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_INLINE_TIME = re.compile(r"<\d+:\d")
_BRACKETED = re.compile(r"\[([^\[\]\n]{1,80})\](:|[ \t](?=\S))")
_OPENING_MARK = re.compile(r"(?:>{2,}|[-–—])\s*(?=[^\W_][^\n:]{0,119}:\s)")
_ROUND_LABEL = re.compile(r"\(((?i:speaker)[ _-]?\w{1,8})\):?[ \t]*")
_BRACKETED_LABEL = re.compile(r"(?i)speaker[ _-]?\w{1,8}")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ROLLING_PAIRS = 4
_CUE_LABEL = re.compile(r"([^:]{1,119}):(?=\s|\Z)")
_FEW = 10
"""Where no more than one cue in so many has no label, as in Zoom's files, what stands before a cue's colon is a name
however it looks.
"""
_HARDLY_ANY = 20
"""Where no more than one in so many has none, every label is a speaker, also one that stands there once: in 105,339
cues of Zoom's not one had none.
"""


_EACH_ONCE = 4
"""So many cues tell without a label that comes back, where each has one and most look like names."""


class Cue(NamedTuple):
    """What is shown from one second to another. A line may have WebVTT's marks."""

    start_s: float
    end_s: float
    lines: list[str]


def _recognizes_vtt(content: Content) -> bool:
    return bool(_MARK.match(content.text)) or (content.suffix == ".vtt" and not _SRT_START.match(content.text))


def _recognizes_srt(content: Content) -> bool:
    return content.suffix == ".srt" or bool(_SRT_START.match(content.text))


def _recognizes_sbv(content: Content) -> bool:
    return bool(_SBV_TIMING.match(content.text.lstrip()))


def _read_sbv(content: Content) -> list[Found]:
    return _read(content._replace(text=_SBV_TIMING.sub(r"\1 --> \2", content.text.replace("[br]", "\n"))))


def _read(content: Content) -> list[Found]:
    cues = _cues(content.text)
    if not cues:
        raise InputError("has no cue: no line such as `00:00:01.000 --> 00:00:04.000`")
    return said_in_cues(cues)


def said_in_cues(cues: list[Cue]) -> list[Found]:
    """Return the one meeting of captions, in their order."""
    if _is_rolling(cues):
        cues = _unrolled(cues)
    has_voices = any(_VOICE.search("\n".join(cue.lines)) for cue in cues)
    if not has_voices:
        cues = _without_brackets(cues)
    pieces = list(_by_voice(cues)) if has_voices else by_marks(cues, _text) or _by_name(cues)
    pieces = in_recorded_order(map(_without_double, pieces))
    if any(piece.speaker for piece in pieces):
        return utterances(pieces, is_ordered=True)
    # Captions without speakers are cut to fit a screen, whatever is said; chevrons say where somebody else begins.
    is_cut = has_voices or not any(">>" in line for cue in cues for line in cue.lines)
    return [(None, as_mapping(join(pieces, is_ordered=True) if is_cut else pieces))]


def _without_double(piece: Piece) -> Piece:
    """Take off a label that stands a second time before the words, as programs write that add one to what has it."""
    if piece.speaker is None or not piece.text.lstrip().startswith(f"{piece.speaker}:"):
        return piece
    return piece._replace(text=piece.text.lstrip()[len(piece.speaker) + 1 :])


# From lines to cues


def _cues(text: str) -> list[Cue]:
    """Return the cues in their order. Text that stands apart from its cue, behind a blank line, still belongs to it.

    Where a second file stands behind the first and its clock starts again, its times are those behind the first.
    """
    cues: list[Cue] = []
    lines = _LINE_END.split(text)
    is_skipping = bool(_MARK.match(text))  # the header and what follows it up to the first blank line
    is_after_blank = True
    is_new_file = False
    shift_s = 0.0
    for number, line in enumerate(lines, 1):
        if "-->" in line and _TIMING_START.match(line):
            above = lines[number - 2] if number > 1 else ""
            if cues and not is_skipping:
                _drop_cue_id(cues[-1].lines, lines, number - 2)
            start_s, end_s = _timing(line, number)
            if cues and (is_new_file or above.strip() == "1"):
                shift_s = cues[-1].end_s if start_s + shift_s < cues[-1].start_s else shift_s
            cues.append(Cue(start_s + shift_s, end_s + shift_s, _voice_of_id(above)))
            is_skipping = is_new_file = False
        elif not line.strip():
            is_skipping = False
        elif is_skipping:
            pass
        elif cues and _is_head(line, lines[number : number + 1]):
            is_skipping = is_new_file = True
        elif is_after_blank and _BLOCK.match(line):
            is_skipping = True
        elif cues:
            cues[-1].lines.append(line)
        is_after_blank = not line.strip()
    return cues


def _is_head(line: str, after: Sequence[str]) -> bool:
    """Say whether a line is the head of another file: `WEBVTT` alone, or with a title above nothing or a field."""
    head = line.strip("\ufeff \t")
    if not head.startswith("WEBVTT"):
        return False
    below = "".join(after).strip()
    return head == "WEBVTT" or (_MARK.match(head) is not None and (not below or bool(_HEAD_FIELD.match(below))))


def _drop_cue_id(collected: list[str], lines: Sequence[str], place: int) -> None:
    """Take back the line above a timing that was collected as text: an index, or an id that stands apart."""
    above = lines[place] if place >= 0 else ""
    if not collected or not above.strip() or collected[-1] != above:
        return
    is_apart = place == 0 or not lines[place - 1].strip()
    if is_apart or above.strip().isdecimal():
        collected.pop()


def _voice_of_id(line: str) -> list[str]:
    """Return the voice that Webex writes in the id of a cue, as others write it in the cue."""
    match = _WEBEX_ID.fullmatch(line)
    return [] if match is None else [f"<v {match[1]}>"]


def _timing(line: str, number: int) -> tuple[float, float]:
    match = _TIMING.match(line)
    if match is None:
        raise InputError(f"line {number} is no time of a cue such as `00:00:01.000 --> 00:00:04.000`")
    parts = match.groups()
    return _seconds(parts[:4]), _seconds(parts[4:])


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(f"{seconds}.{fraction or 0}")


# Captions that roll


def _is_rolling(cues: Sequence[Cue]) -> bool:
    """Say whether each cue repeats the line before, as YouTube's do.

    People say things twice too, so one repeat proves nothing.
    """
    repeats = sum(
        1 for one, other in pairwise(cues) if one.lines and other.lines and _overlap(_plain(one), _plain(other))
    )
    if any(_INLINE_TIME.search(line) for cue in cues for line in cue.lines):
        return repeats > 0
    return repeats >= max(_ROLLING_PAIRS, len(cues) // 2)


def _unrolled(cues: Sequence[Cue]) -> list[Cue]:
    shown: list[str] = []
    found: list[Cue] = []
    for cue in cues:
        lines = _plain(cue)
        found.append(cue._replace(lines=lines[_overlap(shown, lines) :]))
        shown = lines or shown
    return found


def _overlap(shown: Sequence[str], lines: Sequence[str]) -> int:
    """Return how many lines at the start of a cue were the last ones on the screen before."""
    most = min(len(shown), len(lines))
    return next((count for count in range(most, 0, -1) if list(shown[-count:]) == list(lines[:count])), 0)


def _plain(cue: Cue) -> list[str]:
    texts = (" ".join(_untagged(line).split()) for line in cue.lines)
    return [text for text in texts if text]


# Who speaks


def _text(line: str) -> str:
    return _unescaped(_untagged(line)) if "<" in line or "&" in line or "{" in line else line


def _untagged(text: str) -> str:
    return _TAG.sub(lambda tag: " " if tag[0][:3].lower() == "<br" else "", text)


def _unescaped(text: str) -> str:
    # The library also takes `&para` of a careless `text&paragraphs` for an entity.
    return _ENTITY.sub(lambda match: unescape(match[0]), text)


def _by_voice(cues: Sequence[Cue]) -> Iterator[Piece]:
    """Yield what each voice says; a voice lasts to the next one or the end of its cue, with `</v>` or without."""
    for cue in cues:
        parts = _VOICE.split("\n".join(cue.lines))
        yield Piece(None, _text(parts[0]), cue.start_s, cue.end_s)
        for name, said in zip(parts[1::2], parts[2::2], strict=True):
            said, _, after = said.partition("</v>")
            yield Piece(speaker_name(_unescaped(name)), _text(said), cue.start_s, cue.end_s)
            yield Piece(None, _text(after), cue.start_s, cue.end_s)


def _by_name(cues: Sequence[Cue]) -> list[Piece]:
    """Return pieces by the `Name:` at the start of cues; a cue without one goes on with the speaker before.

    What is a name is `normalize`'s to say, which sees all cues as the lines of one text; where every cue has one, the
    cues say it.
    """
    if labels := _cue_labels(cues):
        return _by_label(cues, labels)
    lines = [(cue, _labelled(_text(line).strip())) for cue in cues for line in cue.lines]
    starts = list(accumulate((len(line) + 1 for _, line in lines), initial=0))
    turns = split_turns("\n".join(line for _, line in lines))
    counts = Counter(turn.speaker for turn in turns if turn.speaker)
    # A single `Remember: ...` in the middle of captions is nobody's name.
    has_names = bool(counts) and (turns[0].speaker is not None or counts.most_common(1)[0][1] > 1)
    if not has_names:
        return [Piece(None, line, cue.start_s, cue.end_s) for cue, line in lines]
    pieces: list[Piece] = []
    for turn in turns:
        first = bisect_right(starts, turn.offset) - 1
        last = bisect_right(starts, turn.offset + len(turn.text) - 1) - 1
        speaker = speaker_name(turn.speaker)
        if speaker is None:
            said = turn.text.split("\n")
            pieces.extend(
                Piece(None, text, lines[place][0].start_s, lines[place][0].end_s)
                for place, text in enumerate(said, first)
            )
        else:
            pieces.append(Piece(speaker, turn.text, lines[first][0].start_s, lines[last][0].end_s))
    return pieces


def _cue_labels(cues: Sequence[Cue]) -> Set[str]:
    """Return the labels of cues where hardly one has none.

    Those are the labels that come back, or that any transcript would take for names.
    """
    firsts = [_labelled(_text(cue.lines[0]).strip()) for cue in cues if cue.lines]
    if not firsts:
        return set()
    matches = [match for first in firsts if (match := _CUE_LABEL.match(first))]
    counts = Counter(match[1] for match in matches)
    without = len(firsts) - len(matches)
    if without == 0 and len(firsts) >= _EACH_ONCE and _are_mostly_names(counts):
        return set(counts)
    if max(counts.values(), default=0) < 2 or without * _FEW > len(firsts):
        return set()
    if without * _HARDLY_ANY <= len(firsts):
        return set(counts)
    return {
        label
        for label, count in counts.items()
        if count > 1 or (not label.islower() and split_turns(f"{label}: -")[0].speaker is not None)
    }


def _are_mostly_names(labels: Mapping[str, int]) -> bool:
    return sum(name is not None for name in speaker_names(labels, lambda: False).values()) * 2 >= len(labels)


def _by_label(cues: Sequence[Cue], labels: Set[str]) -> list[Piece]:
    """Return what cues say by the labels before it; a cue without one goes on with the one before."""
    pieces: list[Piece] = []
    texts: list[list[str]] = []
    for cue in cues:
        lines = [_text(line).strip() for line in cue.lines] or [""]
        lines[0] = _labelled(lines[0])
        match = _CUE_LABEL.match(lines[0])
        label = match[1] if match and match[1] in labels else None
        if label is not None:
            lines[0] = lines[0][len(label) + 1 :]
        if label is not None or not pieces:
            pieces.append(Piece(speaker_name(label), "", cue.start_s, cue.end_s))
            texts.append(lines)
        elif any(lines):
            pieces[-1] = pieces[-1]._replace(end_s=cue.end_s)
            texts[-1] += lines
    return [piece._replace(text="\n".join(lines)) for piece, lines in zip(pieces, texts, strict=True)]


def _square_labels(firsts: Sequence[str]) -> Set[str]:
    """Return what stands in brackets before words where nearly all cues open so and some come back: `[Ana] Hello.`"""
    matches = [match for first in firsts if (match := _BRACKETED.match(first)) and match[2] != ":"]
    counts = Counter(match[1] for match in matches)
    has_names = max(counts.values(), default=0) > 1 and (len(firsts) - len(matches)) * _HARDLY_ANY <= len(firsts)
    return {name for name in counts if any(map(str.isalpha, name))} if has_names and len(counts) > 1 else set()


def _without_brackets(cues: list[Cue]) -> list[Cue]:
    """Write the `[Name] words` of cues as `Name: words`, where brackets hold who speaks."""
    if not any(cue.lines and cue.lines[0].lstrip().startswith("[") for cue in cues):
        return cues
    names = _square_labels([_text(cue.lines[0]).strip() for cue in cues if cue.lines])
    found = []
    for cue in cues:
        match = _BRACKETED.match(cue.lines[0].lstrip()) if cue.lines and names else None
        if match is not None and match[1] in names:
            cue = cue._replace(lines=[f"{match[1]}: {cue.lines[0].lstrip()[match.end() :]}", *cue.lines[1:]])
        found.append(cue)
    return found


def _labelled(line: str) -> str:
    """Write `[SPEAKER_00]: text`, `[Speaker 1] text` and `>> ANA: text` as other names are written.

    `[music]` is no speaker.
    """
    if opening := _OPENING_MARK.match(line):
        line = line[opening.end() :]
    if line[:1] == "(" and (mark := _ROUND_LABEL.match(line)):
        return f"{mark[1][0].upper()}{mark[1][1:]}: {line[mark.end() :]}"
    match = _BRACKETED.match(line)
    if match is None or not (match[2] == ":" or _BRACKETED_LABEL.fullmatch(match[1])):
        return line
    return f"{match[1]}: {line[match.end() :]}"


FORMATS = (
    Format("WebVTT", "Zoom, Teams, Webex, YouTube", _recognizes_vtt, _read, speakers="names", is_json=False),
    Format("SRT", "subtitle editors, Whisper, YouTube", _recognizes_srt, _read, speakers="names", is_json=False),
    Format("SBV", "YouTube", _recognizes_sbv, _read_sbv, speakers="names", is_json=False, is_from_documentation=True),
)
