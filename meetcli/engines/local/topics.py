"""Local engine: topics as key phrases.

A phrase is one word, two neighbors, or in Portuguese two joined by `de`, as `linha de crédito`. It is a topic where it
comes up again and again, its last word (in Portuguese its first) is used as a noun, and it is not what every meeting
talks about.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from meetcli.engines.local.languages import Language
from meetcli.engines.local.sentences import Sentence
from meetcli.engines.local.small_talk import Usage, usage_of

MAX_TOPICS = 5
_PAIR_WEIGHT = 4.0
"""Two words say more than one: a pair is worth as much as a word that is said four times as often."""

_COMMON_WEIGHT = 0.35
"""What a word is worth that every meeting has, as "plan" or "cost": little alone, enough beside another."""

# A topic comes up again, in a long meeting more often.
_WORDS_A_MENTION = 3000


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One mention: its stems, and the words as they were said."""

    stems: tuple[str, ...]
    said: str


def find_topics(sentences: Sequence[Sentence], language: Language) -> list[str]:
    """Return up to five key phrases, best first, none with a word of a speaker's name in it."""
    usage = usage_of(language.code)
    names = {word.casefold().strip(".,()") for sentence in sentences for word in (sentence.speaker or "").split()}
    nouns = _nouns(sentences, language, usage)
    said: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for phrase in _phrases(sentence.words, language, usage, names):
            said[phrase.stems][phrase.said] += 1
    wanted = 2 + sum(sentence.size for sentence in sentences) // _WORDS_A_MENTION
    common = {language.stem(word) for word in usage.common}
    scores = {
        stems: _score(stems, forms.total(), common)
        for stems, forms in said.items()
        if forms.total() >= wanted and stems[usage.head] in nouns
    }
    topics: list[str] = []
    covered: set[str] = set()
    for stems in sorted(scores, key=lambda found: (-scores[found], said[found].most_common(1)[0][0])):
        if covered.isdisjoint(stems) and not common.issuperset(stems):
            topics.append(said[stems].most_common(1)[0][0])
            covered.update(stems)
    return topics[:MAX_TOPICS]


def _score(stems: tuple[str, ...], mentions: int, common: Set[str]) -> float:
    """Weigh mentions by how many words the phrase has and how few of them every meeting has."""
    rarity = sum(_COMMON_WEIGHT if stem in common else 1.0 for stem in stems) / len(stems)
    return mentions * rarity * (_PAIR_WEIGHT if len(stems) > 1 else 1.0)


def _phrases(words: Sequence[str], language: Language, usage: Usage, names: Set[str]) -> Iterator[_Phrase]:
    """Yield every word that can be a topic, and every pair of them; a linking word may stand in between."""
    stems = [_stem_of(word, language, names) for word in words]
    for place, stem in enumerate(stems):
        if stem is None:
            continue
        yield _Phrase((stem,), words[place])
        ahead = place + 2 if place + 1 < len(words) and words[place + 1] in usage.linking else place + 1
        if ahead < len(words) and (other := stems[ahead]) is not None and other != stem:
            yield _Phrase((stem, other), " ".join(words[place : ahead + 1]))


def _stem_of(word: str, language: Language, names: Set[str]) -> str | None:
    """Return the stem of a word that says something and is nobody's name, else None."""
    if len(word) <= 2 or word in language.stop_words or word in names or not word[0].isalpha() or "'" in word:
        return None
    return language.stem(word)


def _nouns(sentences: Sequence[Sentence], language: Language, usage: Usage) -> set[str]:
    """Return the stems of the words that stand where nouns do more often than elsewhere.

    "The credit review" and "our review" speak for nouns, "we review" and "will review" for a verb, "the annual review"
    for a word that describes one.
    """
    nouns: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for sentence in sentences:
        for before, run in _runs(sentence.words, language):
            *beside, head = run if usage.head == -1 else reversed(run)
            others.update(language.stem(word) for word in beside if word.endswith(usage.describing))
            for word in {head, run[0]} if before in usage.before_nouns else ():
                nouns[language.stem(word)] += not (word in beside and word.endswith(usage.describing))
            others[language.stem(run[0])] += before in usage.before_verbs
    return {stem for stem, times in nouns.items() if times > others[stem]}


def _runs(words: Sequence[str], language: Language) -> Iterator[tuple[str, list[str]]]:
    """Yield the words that say something and stand together, each time with the word before them."""
    before = ""
    for is_stop, group in groupby(words, key=lambda word: word in language.stop_words):
        together = list(group)
        if is_stop:
            before = together[-1]
        else:
            yield before, together
