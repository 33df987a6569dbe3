"""Local engine: words that tell how another one is used, and what any meeting talks about, whatever it is about.

The English list was read off 43 public meetings (committees, product design, research, earnings calls): words that
half of them have. The Portuguese one says the same in Portuguese, of Brazil and Portugal.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """The words of one language.

    `before_nouns` and `before_verbs` stand before the ones and the others. `linking` may join the two words of a
    phrase. `head` is the place of its noun in a phrase: 0 the first word, -1 the last; `describing` are the endings of
    words that stand before a noun and are none.
    """

    before_nouns: frozenset[str]
    before_verbs: frozenset[str]
    linking: frozenset[str]
    head: int
    describing: tuple[str, ...]
    common: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = Usage(
    before_nouns=_words("""
        the a an this that these those my your our his her its their of in on for with from per no any some each every
        about into by at under over between through first second third next last new old whole other
        """),
    before_verbs=_words("""
        i you we they he she it who to will would can could should must may might not don't didn't doesn't won't can't
        i'll we'll you'll they'll i'd we'd please let's i'm we're you're they're is are was were be been being have
        has had i've we've just also really
        """),
    linking=frozenset(),
    head=-1,
    describing=("al", "ive", "ous", "ic", "ful", "able", "ible", "less", "ing", "ed", "ly", "er"),
    common=_words("""
        discussion question change talk issue meeting set hand level development happen reason plan hope add real
        build time base cost requirement guess focus move day mention key data type process future idea pick call step
        model detail record production range figure share report note experience month target job answer care cover
        form project minute team check difference total term update approach user proposal design rest moment mind
        deal factor standard hour benefit period piece sound matter reference list track session situation
        presentation structure head support view picture effort option context action offer comment result opportunity
        progress address size system service link business control ability money practice power response basis item
        aspect paper risk purpose message news measure scale goal account feature agenda program file week role rate
        sign subject condition source word concern example principle case point part side place number way end problem
        fact percent percentage lot bit today tomorrow yesterday morning afternoon evening night monday tuesday
        wednesday thursday friday saturday sunday january february march april may june july august september october
        november december quarter year new next last good big small great better best high higher low lower different
        important current final specific additional positive major main possible able whole full half two three four
        five six seven eight nine ten hundred thousand million billion dollar euro pound cent awkward nice happy sure
        sorry chair chairman mister madam sir minister member everybody everyone somebody anybody nobody something
        anything everything nothing name slide page line
        """),
)
_PORTUGUESE = Usage(
    before_nouns=_words("""
        o a os as um uma uns umas do da dos das no na nos nas ao aos à às pelo pela pelos pelas num numa deste desta
        desse dessa neste nesta nesse nessa este esta esse essa aquele aquela meu minha nosso nossa seu sua cada de em
        com por sem sobre entre novo nova primeiro primeira próximo próxima último última mais
        """),
    before_verbs=_words("""
        eu você vocês ele ela nós eles elas tu gente quem não que se me te lhe nos vou vai vamos vão posso pode
        podemos podem quero quer queremos preciso precisa precisamos já também só foi era está estão estamos ser estar
        ter tem temos para pra
        """),
    linking=_words("de do da dos das"),
    head=0,
    describing=(),
    common=_words("""
        reunião pergunta mudança questão conversa ponto assunto tema pauta plano tempo vez hora minuto momento dia
        semana mês ano trimestre semestre período data prazo custo valor preço número dado detalhe ideia coisa parte
        lado lugar forma maneira jeito tipo nível processo projeto equipe equipa time grupo pessoa pessoal cliente
        problema solução razão motivo caso exemplo resposta dúvida resultado relatório lista opção proposta decisão
        objetivo meta passo etapa fase situação condição conta sistema serviço negócio empresa trabalho tarefa apoio
        ajuda acesso controle controlo risco mercado experiência necessidade possibilidade oportunidade diferença
        total resto final começo início meio fim maioria quantidade por cento reais real euro euros mil milhão milhões
        hoje amanhã ontem manhã tarde noite duzentos trezentos quatrocentos quinhentos seiscentos setecentos
        oitocentos novecentos segunda terça quarta quinta sexta sábado domingo janeiro fevereiro março abril maio
        junho julho agosto setembro outubro novembro dezembro novo nova próximo próxima último última primeiro
        primeira bom boa grande pequeno melhor maior menor alto baixo importante atual possível certo certa nome
        página linha mão vista palavra verdade favor senhor senhora
        """),
)


def usage_of(code: str) -> Usage:
    """Return the words of the language called `en` or `pt`."""
    return {"en": _ENGLISH, "pt": _PORTUGUESE}[code]
