"""Finds the speech in any JSON: a list, at any depth, of objects with text and with who said it or when.

Names nothing a transcript by itself: what a list has is returned, and a format judges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Any, NamedTuple

from meetcli.readers.field_names import (
    AUTHORS,
    DURATIONS,
    ENDS,
    INNER,
    SPEAKERS,
    STARTS,
    TEXTS,
    folded,
    under,
)
from meetcli.readers.fields import Object
from meetcli.readers.speakers import who
from meetcli.readers.spoken_times import Spoken, Time, time_of

_SAMPLED = 60
_JUDGED = 500
"""So many objects of a list are read before it is known that it is the one to read."""
_MAX_DEPTH = 6
_MAX_VISITED = 3_000
_MOST_KEYS = 400
"""An object of more keys is a table of other things: names by id, translations by key."""
_FEW = 10
_MOST_OF_IT, _ALL_OF_IT = 0.6, 0.95
"""What says who speaks may lack some words; a summary or highlights have few of them."""
_EVENTS = frozenset({"audio_event", "audioevent", "event"})
_ENDS_OF_SPEECH = frozenset({"<end>", "<fin>"})


class Shape(NamedTuple):
    """Which keys of the objects of a list say what. `path` leads to the list, `inner` to the parts of an object's text.

    `has_speaker_names` says that the keys of speakers can mean nothing else.
    """

    path: tuple[str, ...]
    texts: tuple[str, ...]
    speakers: tuple[str, ...]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    durations: tuple[str, ...]
    inner: str | None
    has_speaker_names: bool


class Speech(NamedTuple):
    """A list of speech: its shape, its objects, and what the first of them say, of which times are not judged yet."""

    shape: Shape
    items: Sequence[Any]
    spoken: list[Spoken]

    @property
    def letters(self) -> float:
        """About how much is said in all."""
        return sum(len(one.text) for one in self.spoken) * max(1.0, len(self.items) / _JUDGED)

    @property
    def speakers(self) -> list[str]:
        """Who speaks, once for every run."""
        return [speaker for speaker, _ in groupby(one.speaker for one in self.spoken if one.speaker)]

    @property
    def timed(self) -> int:
        """How many pieces have a start."""
        return sum(one.start is not None for one in self.spoken)

    def whole(self) -> list[Spoken]:
        """Return what all of the objects say."""
        return self.spoken if len(self.items) <= _JUDGED else list(spoken_of(self.shape, self.items))


def speech_of(shape: Shape, items: Sequence[Any]) -> Speech:
    """Return a list of objects of this shape as speech."""
    return Speech(shape, items, list(spoken_of(shape, items[:_JUDGED])))


def speech_in(document: object) -> Speech | None:
    """Return the list of speech in a document, following no other list; None where there is none.

    Of several views of the same words the one that says who speaks is taken, then the one with times, then whole turns.
    """
    found = [speech for path, items in _lists(document) if (speech := _speech(path, items)) is not None]
    most = max((speech.letters for speech in found), default=0)
    voiced = [speech for speech in found if speech.speakers and speech.letters >= most * _MOST_OF_IT]
    views = voiced or found
    most = max((speech.letters for speech in views), default=0)
    return max((speech for speech in views if speech.letters >= most * _ALL_OF_IT), key=_rank, default=None)


def several_in(document: object) -> tuple[str, Sequence[Object]] | None:
    """Return the list of a document whose objects hold speech each, as a page of an API's answer does, and its key."""
    for path, items in _lists(document):
        if path and any(speech_in(item) is not None for item in items[:3] if isinstance(item, dict)):
            return path[-1], [item for item in items if isinstance(item, dict)]
    return None


def _rank(speech: Speech) -> tuple[bool, float]:
    return speech.timed * 2 > len(speech.spoken), speech.letters / max(1, len(speech.spoken))


def _lists(document: object) -> Iterator[tuple[tuple[str, ...], Sequence[Any]]]:
    """Yield the lists of objects in a document with the keys that lead to them, the outermost first."""
    pending: list[tuple[tuple[str, ...], object]] = [((), document)]
    for visited, (path, value) in enumerate(pending):
        if visited == _MAX_VISITED:
            return
        if isinstance(value, list):
            if value and sum(isinstance(item, dict) for item in value[:_SAMPLED]) * 2 > len(value[:_SAMPLED]):
                yield path, value
        elif isinstance(value, dict) and len(path) < _MAX_DEPTH and len(value) <= _MOST_KEYS:
            pending += [((*path, key), inner) for key, inner in value.items() if isinstance(inner, dict | list)]


def _speech(path: tuple[str, ...], items: Sequence[Any]) -> Speech | None:
    sample = [item for item in items[:_SAMPLED] if isinstance(item, dict)]
    shape = shape_of(path, sample)
    if shape is None or not (shape.speakers or shape.starts):
        return None
    if not any(spoken_of(shape, sample)):
        return None
    if (
        shape.texts
        and not shape.starts
        and any(speech.timed for item in sample[:2] if (speech := speech_in(item)) is not None)
    ):
        return None  # each object has a text and the words of it: a channel, or a recording
    return speech_of(shape, items)


def shape_of(path: tuple[str, ...], sample: Sequence[Object]) -> Shape | None:
    """Return what the keys of some objects say; None where they have no text."""
    keys = {key: None for item in sample for key in item}
    if len(keys) > _MOST_KEYS:
        return None
    texts = tuple(key for key in under(keys, TEXTS) if _holds(sample, key, _is_text))
    inner = None
    if not texts:
        inner = next((key for key in under(keys, INNER) if _holds(sample, key, _is_parts)), None)
        if inner is None:
            return None
    named = tuple(key for key in under(keys, SPEAKERS) if any(who(item.get(key)) for item in sample))
    starts = tuple(key for key in under(keys, STARTS, is_time=True) if _holds(sample, key, _is_time))
    starts = tuple(sorted(starts, key=lambda key: _holds(sample, key, _is_moment)))  # offsets before dates
    ends = tuple(key for key in under(keys, ENDS, is_time=True) if _holds(sample, key, _is_time, least=1))
    durations = tuple(key for key in under(keys, DURATIONS, is_time=True) if _holds(sample, key, _is_time, least=1))
    taken = {*texts[:1], *starts[:1], *ends[:1], *durations[:1]}
    others = tuple(key for key in under(keys, AUTHORS) if key not in taken and _tells_apart(sample, key))
    return Shape(path, texts[:1], named or others, starts[:1], ends[:1], durations[:1], inner, bool(named))


def _holds(sample: Sequence[Object], key: str, is_such: Any, least: int | None = None) -> bool:  # noqa: ANN401 - a judge of anything
    """Say whether a key holds what it should in half of the objects, or in so many."""
    count = sum(bool(is_such(item.get(key))) for item in sample)
    return count >= least if least is not None else count * 2 >= len(sample) and count > 0


def _tells_apart(sample: Sequence[Object], key: str) -> bool:
    """Say whether a key says who speaks; a source or channel that is always the same does not."""
    found = {name for item in sample if (name := who(item.get(key)))}
    return len(found) > (1 if _is_shared(key) else 0)


def _is_shared(key: str) -> bool:
    return "channel" in folded(key) or folded(key) == "source"


def _is_text(value: object) -> bool:
    return _text(value) is not None


def _text(value: object) -> str | None:
    """Return a text, or that of an object which holds one as its first field of text."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((value[key] for key in under(value, TEXTS) if isinstance(value[key], str)), None)
    return None


def _is_parts(value: object) -> bool:
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and any(isinstance(first[key], str) for key in under(first, TEXTS))


def _is_time(value: object) -> bool:
    return _time(value, 0) is not None


def _is_moment(value: object) -> bool:
    time = _time(value, 0)
    return time is not None and time.kind == "moment"


def _time(value: object, place: int) -> Time | None:
    """Return a time, or that of a list of them: a pair of start and end, or one a word."""
    if type(value) is list:
        return time_of(value[-place]) if len(value) > place else None
    return None if place else time_of(value)


def spoken_of(shape: Shape, items: Sequence[Any]) -> Iterator[Spoken]:
    """Yield what the objects of a list say, those without text left out."""
    if shape.inner is not None:
        yield from _of_all_parts(shape, items, shape.inner)
        return
    [text_key] = shape.texts
    start_key, end_key, duration_key = (
        keys[0] if keys else None for keys in (shape.starts, shape.ends, shape.durations)
    )
    for item in items:
        if not isinstance(item, dict) or not _is_said(item):
            continue
        text = _text(item.get(text_key))
        if not text or text in _ENDS_OF_SPEECH:
            continue
        start = item.get(start_key) if start_key is not None else None
        begun = _time(start, 0)
        end = _time(start, 1) if end_key is None else _time(item.get(end_key), 0)
        if begun is not None and end is not None and begun.kind != end.kind:
            end = None
        length = time_of(item.get(duration_key)) if duration_key is not None else None
        if str(item.get("type")) in _EVENTS:
            text = f" {text} "
        yield Spoken(_speaker(shape, item), text, begun, end, length)


def _speaker(shape: Shape, item: Object) -> str | None:
    for key in shape.speakers:
        found = who(item.get(key))
        if found is not None:
            return found.replace("Speaker", "Channel") if "channel" in key.lower() else found
    return None


def _is_said(item: Object) -> bool:
    """Say whether an object is final and no translation, as services of real time mark what comes again."""
    return (
        item.get("is_final") is not False
        and item.get("isFinal") is not False
        and item.get("is_partial") is not True
        and item.get("translation_status") != "translation"
    )


def _of_all_parts(shape: Shape, items: Sequence[Any], inner: str) -> Iterator[Spoken]:
    """Yield what objects say in parts: at once, or part by part where the parts say who speaks."""
    each = [(item, item[inner]) for item in items if isinstance(item, dict) and isinstance(item.get(inner), list)]
    sampled = chain.from_iterable(parts[:_SAMPLED] for _, parts in each[:_SAMPLED])
    sample = [part for part in sampled if isinstance(part, dict)]
    within = shape_of((), sample)
    if within is not None and within.inner is None:
        for item, parts in each:
            yield from _of_parts(shape, within, item, parts)


def _of_parts(shape: Shape, within: Shape, item: Object, parts: Sequence[Any]) -> Iterator[Spoken]:
    said = list(spoken_of(within, parts))
    if not said:
        return
    speaker = _speaker(shape, item)
    if speaker is None and within.has_speaker_names:
        yield from said
        return
    start = time_of(item.get(shape.starts[0])) if shape.starts else None
    end = time_of(item.get(shape.ends[0])) if shape.ends else None
    times = [one.start for one in said if one.start is not None]
    later = [time for one in said if (time := _end(one)) is not None]
    yield Spoken(
        speaker,
        glue_of(said).join(one.text for one in said),
        start or (times[0] if times else None),
        end or (later[-1] if later else None),
        time_of(item.get(shape.durations[0])) if shape.durations else None,
    )


def _end(one: Spoken) -> Time | None:
    if one.end is not None or one.start is None:
        return one.end
    if one.duration is None or one.duration.kind != one.start.kind:
        return one.start
    return one.start._replace(value=one.start.value + one.duration.value)


def glue_of(spoken: Sequence[Spoken]) -> str:
    """Return what stands between words: nothing where they carry their spaces, as one in ten does at least."""
    carried = sum(one.text[:1].isspace() or one.text[-1:].isspace() for one in spoken)
    return "" if carried * _FEW >= len(spoken) and carried > 0 else " "


def whole_words(spoken: Sequence[Spoken]) -> list[Spoken]:
    """Return words put together from their parts where these carry the spaces between words; else as they are."""
    if len(spoken) < 2 or glue_of(spoken) == " " or sum(len(one.text.split()) for one in spoken) > 2 * len(spoken):
        return list(spoken)
    found: list[Spoken] = []
    is_open = False
    for one in spoken:
        if not one.text.strip():
            is_open = False
            continue
        last = found[-1] if found else None
        if last is not None and is_open and not one.text[0].isspace() and one.speaker == last.speaker:
            found[-1] = last._replace(text=last.text + one.text, end=one.end or last.end)
        else:
            found.append(one)
        is_open = not one.text[-1].isspace()
    return found
