"""Room of the answers: whom an owner's name means.

Pure; a name that could mean two people, or a group, means nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from meetcli.models import Meeting

_SPEAKING = frozenset(["i", "me", "my", "mine", "myself", "eu", "mim", "comigo"])
_NOBODY = frozenset(
    [
        "i",
        "me",
        "my",
        "mine",
        "myself",
        "we",
        "us",
        "our",
        "you",
        "your",
        "he",
        "him",
        "she",
        "her",
        "they",
        "them",
        "it",
        "who",
    ]
)
_NOBODY |= {"anyone", "someone", "somebody", "everyone", "everybody", "all", "both", "nobody", "none", "tbd", "unknown"}
_NOBODY |= {
    "eu",
    "mim",
    "comigo",
    "nos",
    "gente",
    "voce",
    "voces",
    "ele",
    "ela",
    "eles",
    "elas",
    "alguem",
    "ninguem",
    "todos",
    "todas",
    "ambos",
}
_NOBODY |= {"team", "teams", "group", "department", "equipe", "time", "grupo", "pessoal", "area", "departamento"}
# titles and particles
_UNTELLING = frozenset(
    ["mr", "mrs", "ms", "miss", "dr", "dra", "prof", "sr", "sra", "srta", "seu", "dona", "doutor", "doutora"]
)
_UNTELLING |= {"the", "of", "de", "da", "do", "dos", "das", "van", "von"}
_SEVERAL = re.compile(r"[,/&+;]|\b(?:and|or|e|ou|y)\b", re.IGNORECASE)


def find_people(meeting: Meeting, participants: Sequence[str] = ()) -> list[str]:
    """Return who may own something.

    Those are the speakers, the people that the metadata names, and of `participants` those whom the transcript names.
    """
    people = list(dict.fromkeys(turn.speaker for turn in meeting.turns if turn.speaker))
    known = [name for name in (meeting.banker_name, meeting.customer_name) if name]
    strangers = [
        name for name in dict.fromkeys([*known, *participants]) if not any(_may_mean(name, person) for person in people)
    ]
    if strangers:
        said = set(re.findall(r"\w+", _letters(meeting.transcript)))
        people += [name for name in strangers if name in known or said.issuperset(_words(name))]
    return people


def resolve_owner(owner: str | None, people: Sequence[str], *, speaking: str | None = None) -> str | None:
    """Return the name of the one of `people` whom `owner` means, as it is written there.

    "Ana" is "Ana Souza" where there is no other Ana, and "A. Souza" too; "I" is who is `speaking`. Other pronouns,
    groups, several people and strangers are None.
    """
    if not owner or not _letters(owner):
        return None
    words = _words(owner)
    exact = [name for name in people if _letters(name) == _letters(owner)] or [
        name for name in people if words and _words(name) == words
    ]
    if exact or not words:
        return exact[0] if exact else None
    if _SPEAKING.issuperset(words):
        return speaking
    if _SEVERAL.search(owner) or _NOBODY.intersection(words):
        return None
    alike = [name for name in people if _may_mean(owner, name)]
    longer = [
        name for name in alike if len(_words(name)) >= len(words)
    ]  # "Mary Ann" is Mary Ann Jones, though there is a Mary
    return next((names[0] for names in (alike, longer) if len(names) == 1), None)


def is_among(name: str, people: Sequence[str]) -> bool:
    """Say whether a name may be of one of `people`, or of several of them."""
    return any(_may_mean(name, person) or _letters(name) == _letters(person) for person in people)


def _may_mean(said: str, name: str) -> bool:
    """Say whether the words of one name are all among the other's, in order.

    An initial stands for a word, but not alone.
    """
    first, second = sorted((_words(said), _words(name)), key=len)
    rest = iter(second)
    is_within = bool(first) and all(any(_is_same(word, other) for other in rest) for word in first)
    return is_within and any(len(word) > 1 and word in second for word in first)


def _is_same(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) == 1 and word[0] == other[0])


def _words(name: str) -> list[str]:
    """Return the words that tell people apart.

    Titles, particles, the Portuguese article and what stands in brackets are left out.
    """
    name = re.sub(r"^[oa] (?=\w)|['’]s\b", "", re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", name).strip())
    return [word for word in re.findall(r"\w+", _letters(name)) if word not in _UNTELLING]


def _letters(name: str) -> str:
    """Drop case, accents and the spaces around words."""
    letters = unicodedata.normalize("NFD", name.casefold())
    return " ".join("".join(char for char in letters if unicodedata.category(char) != "Mn").split())
