"""Local engine: which language a transcript is in, and that language's stop words and stems.

Two are worked in: English and Portuguese.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice

_SNOWBALL = {"en": "english", "pt": "portuguese"}
_SAMPLE_WORDS = 2000
_CACHED_STEMS = 50_000  # more than the words of a night's meetings, so that memory stays flat
# The English list counts every letter as a word.
_LETTERS = frozenset("bcdefghjklmnopqrstuvwxyz")
_ENGLISH_TOO = frozenset({"a", "as", "do", "no", "me", "for", "era", "come", "in", "per", "um", "usa"})
_ACCENTS = frozenset("ãõçáéíóúâêô")

# What people say while they think; the written-language lists do not know them.
_SPOKEN = {
    "en": """
        um uh hmm mm huh oh ah yeah yep okay ok kay alright right sure well like just really actually basically sort
        kind mean know think thing things stuff lot bit going gonna wanna gotta got get guys people please thank thanks
        hello hi bye good morning afternoon maybe probably today tomorrow yesterday week month year time
    """,
    "pt": """
        né tá pois então aí tipo assim bom bem ok okay sim não é ah oh eh hum gente cara coisa coisas acho sabe quer
        dizer vou vai vamos ter tem tenho fazer faz tudo boa dia dias tarde obrigado obrigada olá oi tchau claro certo
        exato beleza talvez já aqui lá pra pro favor hoje amanhã ontem semana semanas mês meses ano anos ainda posso
        pode podem podia podemos consigo precisa preciso queria quero senhor senhora seu dona doutor mim vocês gente
        ali nada tudo todo toda todos todas cada outra outro mesmo mesma sobre quanto quantos dois duas três quatro
        cinco seis sete oito nove dez cento cem mil vinte trinta quarenta cinquenta sessenta setenta oitenta noventa
    """,
}


@dataclass(frozen=True, slots=True)
class Language:
    """What working in one language needs. `code` is `en` or `pt`."""

    code: str
    stop_words: frozenset[str]
    stem: Callable[[str], str]

    def content_stems(self, words: Iterable[str]) -> list[str]:
        """Return the stems of those `words` that say something, in order."""
        return [
            self.stem(word) for word in words if len(word) > 2 and word not in self.stop_words and not word.isdigit()
        ]


@cache
def open_language(code: str) -> Language:
    """Return the language called `en` or `pt`."""
    from snowballstemmer import stemmer  # type: ignore[import-untyped]  # ships no types

    stem = lru_cache(maxsize=_CACHED_STEMS)(stemmer(_SNOWBALL[code]).stemWord)
    return Language(code, _stop_words(code) | set(_SPOKEN[code].split()), stem)


def detect(words: Iterable[str]) -> str:
    """Return `pt` or `en`, by the first 2,000 words.

    `pt` where words that only Portuguese has outnumber the English stop words.
    """
    english, portuguese = _stop_words("en") - _stop_words("pt") - _LETTERS, _stop_words("pt") - _ENGLISH_TOO
    balance = 0
    for word in islice(words, _SAMPLE_WORDS):
        balance += (word in portuguese or not _ACCENTS.isdisjoint(word)) - (word in english)
    return "pt" if balance > 0 else "en"


@cache
def _stop_words(code: str) -> frozenset[str]:
    from stop_words import get_stop_words  # type: ignore[import-untyped]  # ships no types

    return frozenset(get_stop_words(code))
