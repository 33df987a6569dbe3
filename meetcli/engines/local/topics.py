"""Local engine: topics as key phrases."""

from __future__ import annotations

from collections.abc import Sequence

from meetcli.engines.local.languages import Language
from meetcli.engines.local.sentences import Sentence

MAX_TOPICS = 5
_CANDIDATES = 100
_MAX_WORDS = 3000
_PHRASE_WORDS = 2
# The extractor likes what is rare; a topic comes up again, in a long meeting more often.
_WORDS_A_MENTION = 3000


def find_topics(sentences: Sequence[Sentence], language: Language) -> list[str]:
    """Return up to five key phrases, best first, none with a word of a speaker's name in it."""
    from yake import KeywordExtractor  # type: ignore[import-untyped]  # ships no types

    names = {word.casefold().strip(".,()") for sentence in sentences for word in (sentence.speaker or "").split()}
    extractor = KeywordExtractor(
        lan=language.code, n=_PHRASE_WORDS, dedup_lim=0.7, top=_CANDIDATES, stopwords=set(language.stop_words) | names
    )
    # A line and a loose full stop a sentence, so that no phrase spans two and none ends in a dot.
    text = "\n".join(f"{sentence.text.rstrip('.?!… ')} ." for sentence in _sample(sentences))
    phrases = [phrase.lower() for phrase, _ in extractor.extract_keywords(text)]
    stems_of = [set(language.content_stems(sentence.words)) for sentence in sentences]
    wanted = 2 + sum(sentence.size for sentence in sentences) // _WORDS_A_MENTION
    topics: list[str] = []
    covered: set[str] = set()
    for phrase in phrases:
        words = phrase.split()
        # The extractor takes "this" for a plural and misses it among the stop words.
        if not names.isdisjoint(words) or not language.stop_words.isdisjoint(words):
            continue
        stems = set(language.content_stems(words))
        mentions = sum(stems <= sentence_stems for sentence_stems in stems_of)
        if stems and not stems & covered and mentions >= wanted:
            topics.append(phrase)
            covered |= stems
    return topics[:MAX_TOPICS]


def _sample(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return sentences from all over the meeting, about 3,000 words at most: beyond, time grows and the phrases
    stay.
    """
    step = 1 + sum(sentence.size for sentence in sentences) // _MAX_WORDS
    return list(sentences[::step])
