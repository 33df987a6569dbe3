"""Room of the answers: what Portuguese due phrases mean. Tables only; `due_grammar` reads them.

"próxima sexta" and "sexta que vem" are the coming one, "sexta da semana que vem" is in the week after; 12/05 is day and
month, and a period is its last day. Vague phrases, alternatives, holidays and quarters have no rule.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from meetcli.answers.due_calendar import (
    FRIDAY,
    SUNDAY,
    add_business_days,
    add_months,
    date_in_month,
    date_or_none,
    first_of_month,
    month_end,
    next_day_of_month,
    next_weekday,
    nth_business_day,
    nth_weekday,
    weekday_in_week,
)
from meetcli.answers.due_grammar import Grammar, MonthNames, Rule, Vocabulary, in_named_month

_WEEKDAYS = ["segunda seg", "terca ter", "quarta qua", "quinta qui", "sexta sex", "sabado sab", "domingo dom"]
_MONTHS = [
    "janeiro",
    "fevereiro",
    "marco",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
]
_UNITS = [
    "um uma",
    "dois duas",
    "tres",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "quatorze catorze",
]
_UNITS += ["quinze", "dezesseis dezasseis", "dezessete dezassete", "dezoito", "dezenove dezanove"]
_TENS = ["vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"]
_ORDINALS = [
    "primeiro primeira",
    "segundo",
    "terceiro terceira",
    "quarto",
    "quinto",
    "sexto",
    "setimo setima",
    "oitavo",
    "nono",
    "decimo",
]


def _words() -> dict[str, str]:
    words = {name: f"wd{number}" for number, names in enumerate(_WEEKDAYS) for name in names.split()}
    words |= {name: f"mon{number}" for number, name in enumerate(_MONTHS, 1)}
    words |= {name: str(number) for number, names in enumerate(_UNITS, 1) for name in names.split()}
    words |= {name: f"{number}o" for number, names in enumerate(_ORDINALS, 1) for name in names.split()}
    for ten, tens in zip(range(20, 100, 10), _TENS, strict=True):
        words[tens] = str(ten)
        words |= {
            f"{tens}_{name}": str(ten + number) for number, names in enumerate(_UNITS[:9], 1) for name in names.split()
        }
    return words | {"num": "em 1", "numa": "em 1"}


_PHRASES = {
    r"[ºª]": "o",
    # without a day before it, "set" or "out" need not be a month
    **{rf"(?<=\d )(?:de )?{name[:3]}\b": f"de {name}" for name in _MONTHS},
    r"\b(1|2|3|4|5)a(?= wd| segunda| terca| quarta| quinta| sexta)": r"\1o",
    **{rf"\b{number}[ao] feira\b": names.split()[0] for number, names in enumerate(_WEEKDAYS[:5], 2)},
    r" feira\b": "",
    rf"\b({'|'.join(_TENS)}) e (?=(?:{'|'.join(name for names in _UNITS[:9] for name in names.split())})\b)": r"\1_",
    r"\b(\d+)hs?\b": r"\1 h",
    r"\b(\d+)h(\d\d)\b": r"\1:\2",
    r"\bproxim([oa])s?\b": r"proxim\1",
    r"\b(?:final|termino|finalzinho|finzinho) (?=d)": "fim ",
    # "EOD 5" is no day 5
    r"\b(?:fim do (?:expediente|horario comercial)|eod)\b(?! \d+(?![\d/:~]| (?:de|h)\b))": "fim do dia",
    r"\bfim d[eo] (mes|ano) corrente\b": r"fim do \1",
    r"\b(?:n|d)?(?:esta|essa) mesma semana\b": "esta semana",
    r"\b(?:no decorrer|ao longo) da semana\b(?! que vem)": "nesta semana",
    r"\b(?:no decorrer|ao longo) d(?=(?:est|ess)[ae]\b)": "n",
    r"\b(?:pra|pro|p/)\b": "para",
}

_HOUR = r"\d{1,2}(?::\d\d| h(?:oras?)?(?: e meia)?| horas?(?: e meia)?)?(?: em ponto)?(?: da (?:manha|tarde|noite))?(?: em ponto)?"
_CLOCK = (
    rf"(?:ate |antes d|por volta d)?as {_HOUR}|(?:ate )?\d{{1,2}}(?::\d\d| h(?:oras)?)(?: da (?:manha|tarde|noite))?"
)
_NOON = r"(?:ate |antes d|depois d|ao |no |na )?(?:o |a )?(?:hora do )?(?:almoco|meio dia)"
_PART = r"(?:manha|tarde|noite|madrugada)"

_LEADS = """
ate|no|na|nos|nas|em|para|o|a|ao|os|as|no maximo|no mais tardar|o mais tardar|mais tardar|impreterivelmente|sem falta|ainda
por favor|de preferencia|se possivel|prazo|com prazo|o prazo|prazo final|prazo maximo|prazo e|prazo final e|prazo maximo e|data limite
data limite e|entregar|em algum momento|em algum momento d[aeo]|durante|no decorrer d[aeo]|ao longo d[aeo]|vence|vence em
antes d[oe]
hum|ah|bom|bem|entao|ta|ok|olha
"""
_LEADING_HOURS = rf"""
ja|logo
fim do dia(?: d[eao])?|fim da {_PART} d[eao]|comeco da {_PART} d[eao]|{_PART} d[eao]
(?:{_CLOCK}|{_NOON}) d[eao]
"""
_TAILS = """
por favor|sem falta|no maximo|no mais tardar|o mais tardar|impreterivelmente|se possivel|se der|de preferencia
mesmo|ainda|ta|ta bom|ok|ne|viu|certo|beleza
"""
_TRAILING_HOURS = rf"""
cedo|cedinho|bem cedo|logo cedo
(?:logo )?(?:de|pela|a|da|na|ate a) (?:parte da )?{_PART}(?: cedo)?
(?:n[ao] )?1o (?:hora|horario)
(?:ate o |no |ate |ao )?(?:o )?(?:fim|comeco|inicio|meio) d[aeo] {_PART}
(?:ate o |no |ate |ao )?(?:o )?fim do dia
{_CLOCK}
{_NOON}
"""
_VETOES = (
    r"\b(?:ate|para|antes d[eo])(?: o| este| esse)? fim de semana\b"  # may mean before it
    # how long, not when
    r"|\b(?:por|durante|para) (?:mais |os proximo |as proxima )?\d+ (?:h\b|hora|dia|semana|mes|ano)"
    r"|\b(?:o|ao|no|pelo) mon\d"  # months have no article: "o marco" is a milestone, or a man
    r"|(?<!em )\b(?:as|ate) (?:as )?24 h(?:oras?)?\b"  # midnight, or a day from now?
    r"|(?<!dia )\b\d+o? em mon\d"  # "dois em maio" are two of something
    r"|\bbem antes\b|(?<!\d dia )(?<!\d dias )(?<!\d semana )(?<!\d semanas )\bantes (?!d[oe] (?:fim|ultimo dia|meio dia|almoco)\b|das \d)"
)

_MONTH_NAMES = MonthNames(
    this=(" d[eo](?:ste|sse)? mes", " do mes corrente"),
    following=(" do mes que vem", " do proximo mes"),
    named=(" (?:de |em |do mes de )?{M}", " (?:de |em )?{M} d(?:este|esse|o) ano"),
    named_with_year=(" (?:de |em |do mes de )?{M}(?: de)? {Y}",),
)
_OF_NEXT_YEAR = "d[oe] (?:ano que vem|proximo ano)"
_NEXT_WEEK = "(?:semana que vem|proxima semana)"
_THIS = "(?:n?est[ae]|n?ess[ae])"


def _after(unit: str) -> list[str]:
    """Return patterns of a span of time from now."""
    amount = rf"{{N}} {unit}(?: corridos)?"
    since = "(?: a partir de hoje| a contar de hoje| contados de hoje)"
    return [
        rf"(?:em|ate|em ate|em mais|daqui|daqui a|daqui ha|de hoje a|dentro de|(?:em )?no maximo|no maximo em) {amount}{since}?",
        rf"(?:no |em 1 |com )?prazo(?: maximo)?(?: de)? {amount}{since}?",
        rf"{amount}{since}",
    ]


def _amount(unit: str) -> list[str]:
    """Return patterns of a bare amount of time, not of a single unit, because "um dia" is no date."""
    return [rf"(?:(?:(?:n?[oa]s|dentro d[oa]s) )?proxim[oa] )?(?P<n>[2-9]|\d{{2,3}}) {unit}(?: corridos)?"]


def _counted(unit: str, preposition: str) -> list[str]:
    return [
        rf"{{N}} {unit} {preposition}(?: d[eoa]| [oa])? (?P<rest>proxim[ao] wd\d|wd\d.*|amanha|dia \d.*|\d+o? de .*|fim .*)"
    ]


def _spans(patterns: Callable[[str], list[str]]) -> list[Rule]:
    """Return the rules of all units, from their patterns."""
    return [
        (patterns("dias?"), lambda said: said.today + timedelta(days=said.n)),
        (
            patterns("(?:h|horas?)"),
            lambda said: said.today + timedelta(days=said.n // 24) if said.n % 24 == 0 else None,
        ),
        (patterns("semanas?"), lambda said: said.today + timedelta(weeks=said.n)),
        (patterns("mes(?:es)?"), lambda said: add_months(said.today, said.n)),
        (patterns("anos?"), lambda said: add_months(said.today, 12 * said.n)),
        (patterns("dias? ut(?:il|eis)"), lambda said: add_business_days(said.today, said.n)),
    ]


_COUNTED: list[Rule] = [
    (("proximo dia util",), lambda said: add_business_days(said.today, 1)),
    (_counted("dias?", "(?:depois|apos)"), lambda said: said.rest and said.rest + timedelta(days=said.n)),
    (_counted("dias?", "antes"), lambda said: said.rest and said.rest - timedelta(days=said.n)),
    (_counted("semanas?", "(?:depois|apos)"), lambda said: said.rest and said.rest + timedelta(weeks=said.n)),
    (_counted("semanas?", "antes"), lambda said: said.rest and said.rest - timedelta(weeks=said.n)),
]
_DAYS: list[Rule] = [
    (
        ("hoje", "fim do dia(?: de hoje)?", f"(?:fim da )?{_THIS} {_PART}", "fim da (?:manha|tarde)"),
        lambda said: said.today,
    ),
    (("amanha",), lambda said: said.today + timedelta(days=1)),
    (("depois de amanha",), lambda said: said.today + timedelta(days=2)),
    (("{W}", "proxim[ao] {W}", "{W} que vem", "{W} proxim[ao]"), lambda said: next_weekday(said.today, said.weekday)),
    (
        (f"{_THIS} {{W}}", "{W} agora"),
        lambda said: (
            weekday_in_week(said.today + timedelta(days=1), said.weekday, 0) if said.today.weekday() < SUNDAY else None
        ),
    ),
    (
        (f"{{W}} (?:d?a )?{_NEXT_WEEK}", f"{_NEXT_WEEK} (?:ate )?(?:n?[ao] )?{{W}}"),
        lambda said: weekday_in_week(said.today, said.weekday, 1),
    ),
    (
        ("{W} (?:dest|dess|n?est|n?ess|d)a semana", "(?:n?esta|n?essa) semana (?:n[ao] )?{W}"),
        lambda said: weekday_in_week(said.today, said.weekday, 0),
    ),
    (
        (
            "(?:(?:n?est|n?ess)[ae] |proxim[ao] )?{W}(?: que vem)? {DATE}",
            r"(?P<rest>hoje|amanha|(?:dia )?\d.*) {W}",
            "{W} (?P<rest>hoje|amanha)",
        ),
        lambda said: said.rest if said.rest and said.rest.weekday() == said.weekday else None,
    ),
    ((r"fim d[aeo] (?P<rest>(?:proxim[ao] )?wd\d.*|hoje|amanha|dia \d.*)",), lambda said: said.rest),
    (("(?:proximo )?dia {D}o?",), lambda said: next_day_of_month(said.today, said.day)),
    in_named_month(r"(?:dia )?{D}/(?P<month>\d{1,2})", lambda said, first: date_in_month(first, said.day)),
    (
        (r"(?:dia )?{D}/(?P<month>\d{1,2})/{Y}", r"{Y}~(?P<month>\d\d)~{D}"),
        lambda said: date_or_none(said.year, said.month, said.day),
    ),
    (
        (r"(?:dia )?{D}/(?P<month>\d{1,2})/(?P<year>\d\d)",),
        lambda said: date_or_none(2000 + said.year, said.month, said.day),
    ),
    *_MONTH_NAMES.rules(("(?:dia )?{D}o?",), lambda said, first: date_in_month(first, said.day)),
    (
        (f"(?:dia )?{{D}}o? de {{M}} {_OF_NEXT_YEAR}",),
        lambda said: date_or_none(said.today.year + 1, said.month, said.day),
    ),
    (
        ("(?:mes que vem|proximo mes) (?:no )?dia {D}o?",),
        lambda said: date_in_month(first_of_month(said.today, 1), said.day),
    ),
    *_MONTH_NAMES.rules(("{N}o {W}",), lambda said, first: nth_weekday(first, said.weekday, said.n)),
    *_MONTH_NAMES.rules(
        ("wd0 {W}",), lambda said, first: nth_weekday(first, said.weekday, 2)
    ),  # "segunda" is also "second"
    *_MONTH_NAMES.rules(("wd2 {W}",), lambda said, first: nth_weekday(first, said.weekday, 4)),
    *_MONTH_NAMES.rules(("ultim[ao] {W}",), lambda said, first: nth_weekday(first, said.weekday, -1)),
    *_MONTH_NAMES.rules(("{N}o dia util",), lambda said, first: nth_business_day(first, said.n)),
    *_MONTH_NAMES.rules(("ultimo dia util",), lambda said, first: nth_business_day(first, -1)),
    *_MONTH_NAMES.rules(("{N}o dia",), lambda said, first: date_in_month(first, said.n)),
]
_ENDS: list[Rule] = [
    (("fim d(?:a|esta|essa) semana",), lambda said: weekday_in_week(said.today, FRIDAY, 0)),
    ((f"fim da {_NEXT_WEEK}",), lambda said: weekday_in_week(said.today, FRIDAY, 1)),
    *_MONTH_NAMES.rules(("fim", "ultimo dia"), lambda said, first: month_end(first)),
    ((f"fim de {{M}} {_OF_NEXT_YEAR}",), lambda said: month_end(date(said.today.year + 1, said.month, 1))),
    (("(?:fim|ultimo dia) d(?:o|este|esse) ano",), lambda said: date(said.today.year, 12, 31)),
    (("(?:fim|ultimo dia) do (?:ano que vem|proximo ano)",), lambda said: date(said.today.year + 1, 12, 31)),
    (("fim de {Y}",), lambda said: date(said.year, 12, 31)),
]
_PERIODS: list[Rule] = [
    ((f"{_THIS} semana",), lambda said: weekday_in_week(said.today, FRIDAY, 0)),
    ((_NEXT_WEEK,), lambda said: weekday_in_week(said.today, FRIDAY, 1)),
    (("semana d[oe] {DATE}",), lambda said: said.rest and weekday_in_week(said.rest, FRIDAY, 0)),
    (
        (f"(?:{_THIS} )?fim de semana",),
        lambda said: weekday_in_week(said.today, SUNDAY, 0) if said.today.weekday() < SUNDAY else None,
    ),
    ((f"{_THIS} mes", "mes corrente"), lambda said: month_end(first_of_month(said.today, 0))),
    (("mes que vem", "proximo mes"), lambda said: month_end(first_of_month(said.today, 1))),
    *_MONTH_NAMES.rules(("(?:fim da )?1o quinzena",), lambda said, first: date_in_month(first, 15)),
    *_MONTH_NAMES.rules(("(?:fim da )?(?:wd0|2o) quinzena",), lambda said, first: month_end(first)),
    in_named_month("(?:mes de )?{M}(?: d(?:este|esse) ano)?", lambda said, first: month_end(first)),
    ((f"(?:mes de )?{{M}} {_OF_NEXT_YEAR}",), lambda said: month_end(date(said.today.year + 1, said.month, 1))),
    (("(?:mes de )?{M}(?: de)? {Y}",), lambda said: month_end(date(said.year, said.month, 1))),
    ((f"{_THIS} ano",), lambda said: date(said.today.year, 12, 31)),
    (("ano que vem", "proximo ano"), lambda said: date(said.today.year + 1, 12, 31)),
]

PORTUGUESE = Grammar(
    Vocabulary(
        _PHRASES, _words(), _LEADS, _TAILS, _LEADING_HOURS, _TRAILING_HOURS, _VETOES, r"\b(?:[dn]?est|[dn]?ess)e ano\b"
    ),
    days=[*_spans(_after), *_COUNTED, *_DAYS, *_ENDS],
    periods=_PERIODS,
    amounts=_spans(_amount),
)
