"""Reader of Timed Text Markup, `.ttml` and `.dfxp`: what broadcasters and AWS write.

pysubs2 1.8, which reads the other subtitles of this kind, keeps neither agents, who are the speakers, nor frames and
ticks.
Grammar: W3C, Timed Text Markup Language 2, 8 November 2018.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree.ElementTree import ParseError, XMLParser

from meetcli.errors import InputError
from meetcli.readers.content import Content
from meetcli.readers.fields import speaker_name
from meetcli.readers.format import Format, Found
from meetcli.readers.subtitles import Cue, said_in_cues
from meetcli.readers.turns import Piece, utterances

_HEAD_CHARACTERS = 20_000
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?tt\s[^<>]*?http://www\.w3\.org/(?:ns/ttml|20\d\d/\d\d/ttaf1)")
_SPACES = re.compile(r"[ \t\r\n]+")
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_CLOCK = re.compile(r"(\d{1,5}):(\d\d):(\d\d(?:\.\d{1,9})?)(?::(\d{1,4})(?:\.\d{1,4})?)?")
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LEFT_OUT = frozenset({"metadata", "title", "desc", "copyright", "name"})


def _recognizes(content: Content) -> bool:
    return content.text.lstrip().startswith("<") and bool(_ROOT.search(content.text[:_HEAD_CHARACTERS]))


def _read(content: Content) -> list[Found]:
    captions = _Captions()
    parser = XMLParser(target=captions)  # noqa: S314 - a document type, and so any entity, is refused
    try:
        parser.feed(content.text)
        parser.close()
    except (ParseError, LookupError, ValueError):
        raise InputError("is not valid XML") from None
    said = [said for said in captions.found if said.text.strip()]
    if not said:
        raise InputError("has no caption: no `<p>` with words")
    if any(one.agents for one in said):
        return utterances(captions.piece(one) for one in said)
    return said_in_cues([Cue(one.start_s, one.end_s, one.text.split("\n")) for one in said])


class _Said(NamedTuple):
    agents: str
    text: str
    start_s: float
    end_s: float


class _Open(NamedTuple):
    """An element that is not yet at its end: its name, when it begins and ends, and who speaks in it.

    `is_told` says that it names them itself, `is_timed` that it has times of its own.
    """

    name: str
    start_s: float
    end_s: float | None
    agents: str
    is_told: bool = False
    is_timed: bool = False


class _Captions:
    """Takes what the parser meets and keeps what is said in `found`."""

    def __init__(self) -> None:
        self.found: list[_Said] = []
        self._names: dict[str, str] = {}
        self._agent = ""
        self._path: list[_Open] = [_Open("", 0.0, None, "")]
        self._left_out = 0
        self._texts: list[str] = []
        self._spans: list[tuple[float, float | None]] = []
        self._frame_s = 1 / 30
        self._tick_s = 1.0

    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        """Refuse what may declare entities; it is called before any is read."""
        raise InputError("declares a document type, which captions do not need")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take an element's start."""
        name = tag.rpartition("}")[2]
        above = self._path[-1]
        if name == "tt":
            self._measure({key.rpartition("}")[2]: value for key, value in attributes.items()})
        elif name == "agent":
            self._agent = attributes.get(_XML_ID, "")
        elif name == "name" and self._agent:
            self._names[self._agent] = ""
        if attributes.get("timeContainer") == "seq":
            raise InputError("has times that count from one caption to the next, which are not read")
        told = next((value for key, value in attributes.items() if key.endswith("}agent")), None)
        start_s, end_s = self._times(attributes, above)
        agents = above.agents if told is None else told
        opened = _Open(name, start_s, end_s, agents, told is not None, "begin" in attributes)
        if name == "p":
            self._texts, self._spans = [], []
        elif name == "span" and opened.is_told:
            self._flush(above)
        elif name == "br":
            self._texts.append("\n")
        if name == "span" and "begin" in attributes:
            self._spans.append((opened.start_s, opened.end_s))
        self._left_out += name in _LEFT_OUT
        self._path.append(opened)

    def data(self, text: str) -> None:
        """Take text."""
        if self._path[-1].name == "name" and self._agent:
            self._names[self._agent] += text
        elif not self._left_out:
            self._texts.append(_SPACES.sub(" ", text))

    def end(self, tag: str) -> None:
        """Take an element's end."""
        closed = self._path.pop()
        self._left_out -= closed.name in _LEFT_OUT
        if closed.name == "agent":
            self._agent = ""
        elif closed.name == "p" or (closed.name == "span" and closed.is_told):
            self._flush(closed)

    def _flush(self, opened: _Open) -> None:
        """Keep what was said up to here in an element; spans say when where the paragraph does not."""
        text = "\n".join(" ".join(line.split()) for line in "".join(self._texts).split("\n"))
        start_s, end_s = opened.start_s, opened.end_s
        paragraph = next((one for one in reversed([*self._path, opened]) if one.name == "p"), opened)
        if self._spans and not paragraph.is_timed:
            start_s, end_s = self._spans[0][0], self._spans[-1][1]
        elif paragraph.is_timed:
            start_s, end_s = paragraph.start_s, paragraph.end_s
        self.found.append(_Said(opened.agents, text, start_s, start_s if end_s is None else max(start_s, end_s)))
        self._texts, self._spans = [], []

    def _times(self, attributes: Mapping[str, str], above: _Open) -> tuple[float, float | None]:
        """Return when an element begins and ends, from the start; its own times count from those around it."""
        start_s = self._time(attributes.get("begin"), above.start_s)
        if "end" in attributes:
            return start_s, self._time(attributes["end"], above.start_s)
        if "dur" in attributes:
            return start_s, start_s + self._time(attributes["dur"], 0.0)
        return start_s, above.end_s

    def close(self) -> None:
        """Be told that there is no more."""

    def piece(self, said: _Said) -> Piece:
        """Return what was said with the names of those who said it."""
        names = [" ".join(self._names.get(agent, "").split()) or agent for agent in said.agents.split()]
        return Piece(speaker_name(" and ".join(names)), said.text, said.start_s, said.end_s)

    def _measure(self, parameters: Mapping[str, str]) -> None:
        """Take how long frames and ticks are."""
        rate = _number(parameters.get("frameRate"), 30.0)
        factors = parameters.get("frameRateMultiplier", "1 1").replace(":", " ").split()
        if len(factors) == 2:
            rate *= _number(factors[0], 1.0) / _number(factors[1], 1.0)
        self._frame_s = 1 / rate
        has_frames = "frameRate" in parameters
        self._tick_s = 1 / _number(parameters.get("tickRate"), rate if has_frames else 1.0)

    def _time(self, expression: str | None, since_s: float) -> float:
        if expression is None:
            return since_s
        if match := _CLOCK.fullmatch(expression.strip()):
            frames_s = int(match[4] or 0) * self._frame_s
            return since_s + int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) + frames_s
        match = _OFFSET.fullmatch(expression.strip())
        if match is None:
            raise InputError("has a time that is none of Timed Text, such as `00:00:01.000` or `1.5s`")
        unit_s = {"f": self._frame_s, "t": self._tick_s, **_UNITS_S}[match[2]]
        return since_s + float(match[1]) * unit_s


def _number(text: str | None, otherwise: float) -> float:
    if text is None or not re.fullmatch(r"\d{1,12}", text.strip()) or not int(text):
        return otherwise
    return float(text)


FORMATS = (
    Format(
        "TTML",
        "broadcasters, AWS, .ttml and .dfxp",
        _recognizes,
        _read,
        speakers="names",
        is_json=False,
        is_from_documentation=True,
    ),
)
