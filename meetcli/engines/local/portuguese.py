"""Local engine: Portuguese cue phrases, of Brazil and Portugal.

Closed lists on purpose: a missed item costs less than an invented one.
"""

from __future__ import annotations

import re

from meetcli.engines.local.cues import ActionCue, Cues, anywhere, at_start

_INFINITIVES = re.findall(
    r"\w+",
    """
    acionar adicionar agendar ajustar alinhar analisar apresentar arrumar assinar atualizar avaliar avisar buscar
    cadastrar cancelar chamar cobrar coletar combinar comprar comunicar concluir conferir confirmar contatar contactar
    contratar conversar coordenar corrigir criar detalhar dividir documentar elaborar encaminhar encomendar entregar
    enviar escrever estudar falar fazer fechar finalizar implementar incluir investigar levantar ligar mandar marcar
    montar negociar organizar pagar passar pedir perguntar pesquisar preparar procurar programar propor providenciar
    publicar redigir registrar registar remarcar resolver responder retornar revisar rever reunir solicitar submeter
    testar transferir trazer validar verificar
    """,
)
_PRESENT = (
    "agendo|ajusto|alinho|apresento|assino|atualizo|aviso|cobro|confirmo|converso|corrijo|elaboro|encaminho|entrego|envio|escrevo|faço|falo"
    "|fecho|finalizo|levanto|levo|ligo|mando|marco|monto|organizo|pago|peço(?! desculpa)|preparo|providencio|recebo|resolvo|respondo"
    "|retorno|reviso|revejo|solicito|trago|valido|verifico"
)
# Stem and vowel: "envie", "enviem", "envia". Where the spelling changes too, the form stands by itself.
_COMMANDS = rf"(?:{'|'.join(verb[:-2] for verb in _INFINITIVES)})(?:e|em|a|am)|faça|marque|verifique|publique|pague|entregue|ligue|traga"


def _with_pronouns(infinitive: str) -> str:
    """Return a pattern of the infinitive with or without a pronoun written on to it: enviar, enviar-lhe, enviá-lo."""
    accented = infinitive[:-2] + {"a": "á", "e": "ê", "i": "i", "o": "ô"}[infinitive[-2]]
    return rf"{infinitive}(?:-(?:me|te|se|lhes?|n?os|vos))?|{accented}-l[oa]s?"


_BETWEEN = r"(?:(?:já|também|logo|hoje|amanhã|agora|então|ainda|só|por favor,?|te|lhes?|me|nos|vos|tentar|mesm[oa]|aqui),?\s+){0,3}"
_TASK = rf"\s+{_BETWEEN}(?P<what>(?:{'|'.join(map(_with_pronouns, _INFINITIVES))})\b.*)"
_REQUEST = rf"{_BETWEEN}(?P<what>(?:{_COMMANDS})\b.*)"
_NOT = r"(?<!não )(?<!nem )"

_DAY = r"(?:segunda|ter[çc]a|quarta|quinta|sexta|s[áa]bado|domingo)(?:-feira|\s+feira)?"
_MONTH = r"(?:janeiro|fevereiro|mar[çc]o|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro)"
_PERIOD = r"(?:dia|semana|m[êe]s|trimestre|semestre|ano)"
_UNIT = r"(?:um|dois|tr[êe]s|quatro|cinco|seis|sete|oito|nove)"
_NUMBER = (
    rf"(?:\d{{1,2}}º?|primeiro|(?:vinte|trinta)(?:\s+e\s+{_UNIT})?|{_UNIT}|dez\w*|onze|doze|treze|[qc]u?atorze|quinze)"
)
_DATE = rf"(?:dia\s+{_NUMBER}(?:\s+de\s+{_MONTH})?|\d{{1,2}}\s+de\s+{_MONTH}|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?)"
_END = rf"(?:fim|final)\s+d[aoe]\s+(?:{_PERIOD}|{_MONTH}|tarde)"
_NEXT = rf"(?:pr[óo]xim[ao]\s+(?:{_DAY}|{_PERIOD})|{_DAY}(?:\s+que\s+vem)?|(?:semana|m[êe]s)\s+que\s+vem)"
_TOMORROW = (
    r"depois\s+de\s+amanhã|amanhã(?:\s+(?:de\s+manhã|cedo|à\s+tarde|à\s+noite))?|hoje(?:\s+à\s+(?:tarde|noite))?"
)
# A bare weekday is no due phrase: "segunda" is also "second", "quarta" a fourth.
_WHEN = rf"(?:{_TOMORROW}|{_END}|{_NEXT}|{_DATE})"

CUES = Cues(
    actions=(
        ActionCue(
            anywhere(rf"{_NOT}(?:vou|irei|fico de|fiquei de|me comprometo a|comprometo-me a)" + _TASK),
            "speaker",
            is_firm=True,
        ),
        ActionCue(anywhere(rf"(?:eu|te|lhes?|vos)\s+{_BETWEEN}(?P<what>(?:{_PRESENT})\b.*)"), "speaker", is_firm=True),
        ActionCue(at_start(rf"(?P<what>(?:{_PRESENT})\b.*)"), "speaker", is_firm=True),
        ActionCue(anywhere(rf"(?P<what>(?:{'|'.join(_INFINITIVES)}|far|trar)ei\b.*)"), "speaker", is_firm=True),
        ActionCue(anywhere(rf"{_NOT}(?:preciso|tenho|posso|consigo)(?: de| que)?" + _TASK), "speaker", is_firm=False),
        ActionCue(
            anywhere(
                rf"{_NOT}(?:(?:pode|podia|poderia|consegue|conseguiria)[sm]?|podem)(?: (?:você|vocês|tu|o senhor|a senhora))?,?"
                + _TASK
            ),
            "addressee",
            is_firm=False,
        ),
        ActionCue(
            anywhere(rf"(?:preciso|precisamos|gostaria|queria|quero)(?: de)? que (?:você|vocês|tu)\s+{_REQUEST}"),
            "addressee",
            is_firm=False,
        ),
        ActionCue(anywhere(rf"por favor,?\s+{_REQUEST}"), "addressee", is_firm=False),
        ActionCue(at_start(rf"(?:\w+,\s+)?{_REQUEST}(?<=por favor)"), "addressee", is_firm=False),
        ActionCue(
            anywhere(r"(?P<name>\w+) (?:vai|ficou de|fica de|fica responsável por|precisa|tem (?:de|que))" + _TASK),
            "named",
            is_firm=True,
        ),
        ActionCue(anywhere(rf"{_NOT}(?:vamos|a gente vai|iremos)" + _TASK), "nobody", is_firm=True),
        ActionCue(
            anywhere(rf"{_NOT}(?:precisamos|temos|devemos|alguém (?:precisa|tem))(?: de| que)?" + _TASK),
            "nobody",
            is_firm=False,
        ),
    ),
    doubt=anywhere("talvez", "quem sabe", "acho que", "tentar", "se", "caso", "provavelmente"),
    condition=anywhere("se (?:der|possível|puder|conseguir|for possível|sobrar tempo|você quiser)"),
    acceptance=at_start(
        r"(?:sim|claro|certo|pode deixar|combinado|com certeza|ok|okay|beleza|tá bom|está bem|perfeito|fechado|deixa comigo)\b"
        r"(?!.*\b(?:mas|não)\b)"
    ),
    due=anywhere(
        rf"(?:até|antes d[aeo])\s+(?:[aào]\s+|ao\s+)?{_WHEN}",
        rf"(?:n[ao]|ao|à)\s+(?:{_END}|{_NEXT}|{_DATE})",
        _TOMORROW,
        rf"{_PERIOD}\s+que\s+vem|pr[óo]xim[ao]\s+{_PERIOD}|{_DATE}",
        r"(?:em|dentro de|daqui a)\s+(?:\d{1,2}|um|uma|dois|duas|três|quatro|cinco|dez)\s+(?:dias?(?: úteis)?|semanas?|m[êe]s(?:es)?)",
        "(?:ainda )?(?:esta|essa|nesta|nessa) semana|o quanto antes|o mais (?:rápido|breve) possível",
    ),
    decision=anywhere(
        "(?:fica|ficou|está|foi) (?:decidido|combinado|acertado|definido|acordado|aprovad[ao]|fechado)",
        "decidimos|combinamos|optamos por|definimos que|concordamos em|acordamos",
        "vamos (?:seguir|ficar|avançar|fechar) com|vamos (?:manter|adotar|adiar)",
        "a decisão (?:é|foi)|fechamos (?:em|com|que)",
    ),
    not_yet=anywhere("não", "nem", "nunca", "nada", "se", "caso", "ainda", "deveríamos", "poderíamos", "antes de"),
    rationale=re.compile(r"(?i)\b(?:porque|já que|uma vez que|pois|visto que|para que|por causa d[aeo])\b.*"),
    open_question=anywhere(
        "ainda não (?:sabemos|está claro|decidimos|definimos|temos (?:a )?resposta)",
        "(?:falta|precisamos|resta) (?:definir|decidir|saber|descobrir|esclarecer)",
        "(?:fica|ficou|está|continua) em aberto",
        "não sabemos (?:ainda )?(?:se|quando|quem|quanto|quantos|qual|como)",
        "(?:fica|está|ficou|data|valor|prazo) a (?:confirmar|definir)",
    ),
    no_answer=at_start(
        "(?:ainda )?não (?:sei|sabemos|tenho (?:a )?certeza)",
        "boa pergunta",
        "vou (?:verificar|ver|confirmar|checar)",
        "preciso (?:ver|verificar|confirmar)",
        "depois te (?:digo|falo)",
    ),
    risks=(
        (
            "high",
            anywhere(
                "(?:risco|problema|falha|erro|situação) (?:crític[oa]|grave|séri[oa])|bloquead[ao]s?|inaceitável",
                r"(?:processo|ação) judicial|fraude|vazamento|inadimpl\w+",
                "(?:cancelar|encerrar|rescindir) (?:o|a|meu|minha|nosso|nossa) (?:contrato|conta|projeto|assinatura)",
                "perder (?:o|esse|este) (?:cliente|contrato|prazo|negócio)|perdemos o prazo",
            ),
        ),
        (
            "medium",
            anywhere(
                "riscos?|arriscad[ao]s?|preocupad[ao]s?|preocupa(?:-me|nte|ção|ções)?",
                r"atras(?:os?|ad[ao]s?|ar|ou|amos)|fora do prazo|acima do orçamento|estour\w+ o (?:orçamento|prazo)|multas?",
            ),
        ),
        (
            "low",
            anywhere(
                r"pode não (?:dar|funcionar|sair)|talvez não (?:dê|consig\w+)|não sei se (?:vai|vamos|conseguimos|dá)",
                "(?:prazo|orçamento) (?:apertado|curto)|gargalo|pode (?:virar|ser) um problema",
            ),
        ),
    ),
    no_risk=anywhere(
        r"(?:nunca|jamais) atras\w+|desculp\w+ (?:o|pelo) atraso|risco (?:é|era) (?:baixo|pequeno|mínimo)",
        "(?:sem|nenhum|não há|não tem|não temos|não existe) (?:nenhum |qualquer )?(?:risco|problema|atraso|multa)s?",
        r"não (?:me |nos |se )?preocup\w+|não (?:estou|estamos) preocupad\w+|não (?:está|estão|vai|vamos) atras\w+",
    ),
)
