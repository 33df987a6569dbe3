"""Local engine: valence of a Portuguese sentence, from a word list and a negation of our own.

No kept library does it: the one lexicon there is, a machine translation, takes "não está bom" for praise.
"""

from __future__ import annotations

import re
import unicodedata
from math import sqrt

# Without accents, as recognizers drop them; a star stands for any ending. Business talk, not social media.
_WORDS = {
    3.0: """
        ador* amei brilhant* encantad* espetacular* excelent* excepciona* extraordinari* fantastic* formidavel geniais genial
        impecavel incriveis incrivel maravilh* otim* perfeit* sensacionais sensacional
    """,
    2.0: """
        admir* agradavel agradec* alegr* aliviad* animad* bem-sucedid* beneficio* boa boas bom bonit* bons celebr* comemor*
        confiamos confianca confiante* confiave* confio conquist* content* crescemos cresceu cresciment* eficaz eficient* elogi*
        entusiasm* faceis facil facilit* favora* feliz felizes felizmente ganhamos ganho* gentil* gostamos gostando gostaram gostei
        gratid* lucr* melhor melhora melhoramos melhores melhoria* melhorou orgulh* parabens positiv* produtiv* promissor* rapid*
        recomendo resolvid* satisf* solid* sucesso* superad* superamos superou tranquil* uteis util valeu vantag* viavel vibr*
    """,
    1.0: """
        acessivel adequad* ajuda ajudou aprovad* aprovou avanc* concord* correta correto cumpri* estavel funciona funcionando
        funcionou interessant* obrigad* organizad* otimist* progred* progress* resolvemos resolveu simpatic*
    """,
    -1.0: """
        abaixo adiad* adiar adiou atras* bagunc* barulh* caiam caiu cancel* cansad* caro caros complicad* confus* demor* desafi*
        desculp* dificeis dificil dificuld* falta faltam faltando faltou incert* infelizmente insegura inseguro insuficient* lament*
        lenta lentas lento lentos limitad* multa* perda* perdemos perder perdeu pressao queda queix* reclam* risco* sobrecarreg*
        tensa tenso
    """,
    -2.0: """
        aborrec* arrepend* briga* chatead* conflit* crise* critica danific* decepcion* defeit* derrot* desagrad* desanim* desapont*
        desconfi* descontent* desorganiz* desrespeit* enganad* errada errado erro* estress* falh* fraca fracass* fraco frustr* grave
        graves incapaz* incompet* infeliz* injust* insatisf* inseguranc* instavel insustentavel inutil* inviavel irrespons* irrita
        irritad* mal mau maus medo mentir* negativ* nervos* pior piora piores piorou prejuiz* preocup* problem* quebrada quebrado
        quebrou ruim ruins sofr* stress* travad* travou trist* vergonh* zangad*
    """,
    -3.0: """
        absurd* caos caotic* catastrof* desastr* detest* fraude* furios* horriv* inaceitav* insuportav* intoleravel* lamentavel lixo
        odei* odiei pavoros* pessim* revolt* terriv* vergonhos*
    """,
}
_VALENCES = {word: valence for valence, words in _WORDS.items() for word in words.split()}
_EXACT = {word: valence for word, valence in _VALENCES.items() if not word.endswith("*")}
_STARTS = {word[:-1]: valence for word, valence in _VALENCES.items() if word.endswith("*")}
_SHORTEST_START = min(map(len, _STARTS))

_NEGATIONS = frozenset(
    re.findall(r"\w+", "nao nem nunca jamais sem nenhum nenhuma nenhuns nenhumas nada ninguem tampouco falta faltou")
)
_ONLY = frozenset({"so", "somente", "apenas"})
_CONTRASTS = frozenset({"mas", "porem", "contudo", "entretanto", "todavia"})
_BOOSTERS = frozenset(
    re.findall(
        r"\w+", "muito muita muitos muitas bastante super extremamente totalmente realmente tao bem completamente"
    )
)
_DAMPERS = frozenset({"pouco", "pouca", "poucos", "poucas", "meio", "levemente", "ligeiramente"})

# Courtesies and the "bom," that opens a turn praise nothing.
_COURTESY = re.compile(
    r"\b(?:bom dia|boa (?:tarde|noite)|bo[am]s (?:dias|tardes|noites))\b|^\W*(?:muito )?(?:bom|bem)\s*,"
)
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*|[,.;:!?]")
_REACH = 6
_FLIP = -0.75
_NORMALIZER = 15  # VADER's, so that both languages saturate alike


def rate(text: str) -> float:
    """Return the valence of one sentence from -1 to 1, 0 where no word of the list stands in it."""
    tokens = _TOKEN.findall(_COURTESY.sub(" ", _fold(text)))
    contrast = max((index for index, token in enumerate(tokens) if token in _CONTRASTS), default=-1)
    total = 0.0
    for index, token in enumerate(tokens):
        valence = _valence(token)
        if not valence:
            continue
        # What follows "mas" is what is meant.
        weight = 1.0 if contrast < 0 else 1.5 if index > contrast else 0.5
        total += valence * weight * _modifier(tokens, index)
    return total / sqrt(total * total + _NORMALIZER)


def _valence(word: str) -> float:
    if word in _EXACT:
        return _EXACT[word]
    return next(
        (_STARTS[word[:end]] for end in range(len(word), _SHORTEST_START - 1, -1) if word[:end] in _STARTS), 0.0
    )


def _modifier(tokens: list[str], index: int) -> float:
    """Return what the words before a word make of it.

    Portuguese negations agree and do not cancel: "não está nada bom" is one.
    """
    factor = 1.0
    before = tokens[max(0, index - 1) : index]
    if before and before[0] in _BOOSTERS:
        factor = 1.3
    elif before and before[0] in _DAMPERS:
        is_little = tokens[max(0, index - 2) : index - 1] != ["um"] and before[0] != "meio"
        factor = -0.5 if is_little else 0.7
    for place in range(index - 1, max(-1, index - 1 - _REACH), -1):
        if tokens[place] in ",.;:!?" or tokens[place] in _CONTRASTS:
            break
        if tokens[place] in _NEGATIONS and tokens[place + 1] not in _ONLY:
            return factor * _FLIP
    return factor


def _fold(text: str) -> str:
    return "".join(
        character for character in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(character)
    )
