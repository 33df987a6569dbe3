from __future__ import annotations

import pytest

from meetcli.engines.local import english, portuguese
from meetcli.engines.local.items import find_action_items, find_decisions, find_open_questions, find_risks
from meetcli.engines.local.sentences import Sentence, split_sentences
from meetcli.models import Meeting, Turn

CUES = {"en": english.CUES, "pt": portuguese.CUES}


def said(language: str, *lines: str) -> list[Sentence]:
    """Sentences of a meeting of `Name: text` lines."""
    turns = [line.partition(": ") for line in lines]
    return split_sentences(Meeting("", tuple(Turn(name, text, 0) for name, _, text in turns)), language)


def tasks(language: str, *lines: str) -> list[tuple[str, str | None, str | None, str]]:
    items = find_action_items(said(language, *lines), CUES[language])
    return [(item["description"], item["owner"], item["due_text"], item["status"]) for item in items]


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [
        ("en", "Ann: I'll send the deck by Friday.", ("Send the deck by Friday", "Ann", "by Friday", "agreed")),
        (
            "en",
            "Ann: Okay , so I 'll um send the deck tomorrow morning .",
            ("Send the deck tomorrow morning", "Ann", "tomorrow morning", "agreed"),
        ),
        (
            "en",
            "Ann: I'm going to review the budget next week.",
            ("Review the budget next week", "Ann", "next week", "agreed"),
        ),
        ("en", "Ann: Maybe I'll write a draft.", ("Write a draft", "Ann", None, "tentative")),
        (
            "en",
            "Ann: I can check the numbers if you like.",
            ("Check the numbers if you like", "Ann", None, "tentative"),
        ),
        (
            "en",
            "Ann: We will update the plan by the end of the month.",
            ("Update the plan by the end of the month", None, "by the end of the month", "agreed"),
        ),
        ("en", "Ann: We should talk to legal.", ("Talk to legal", None, None, "tentative")),
        (
            "pt",
            "Ana: Vou enviar o contrato até sexta-feira.",
            ("Enviar o contrato até sexta-feira", "Ana", "até sexta-feira", "agreed"),
        ),
        (
            "pt",
            "Ana: Eu te mando a planilha depois de amanhã.",
            ("Mando a planilha depois de amanhã", "Ana", "depois de amanhã", "agreed"),
        ),
        (
            "pt",
            "Ana: Enviarei o relatório no fim do mês.",
            ("Enviarei o relatório no fim do mês", "Ana", "no fim do mês", "agreed"),
        ),
        (
            "pt",
            "Ana: Fiquei de ligar para o cliente na próxima semana.",
            ("Ligar para o cliente na próxima semana", "Ana", "na próxima semana", "agreed"),
        ),
        (
            "pt",
            "Ana: Vou enviá-lo até o dia quinze de março.",
            ("Enviá-lo até o dia quinze de março", "Ana", "até o dia quinze de março", "agreed"),
        ),
        ("pt", "Ana: Acho que posso preparar a ata.", ("Preparar a ata", "Ana", None, "tentative")),
        (
            "pt",
            "Ana: Vamos marcar a próxima reunião em duas semanas.",
            ("Marcar a próxima reunião em duas semanas", None, "em duas semanas", "agreed"),
        ),
    ],
)
def test_a_commitment_is_an_action_item_of_the_speaker(language: str, line: str, expected: tuple) -> None:
    assert tasks(language, line) == [expected]


@pytest.mark.parametrize(
    ("language", "lines", "expected"),
    [
        ("en", ["Ann: Can you send me the file?", "Bob: Not today."], [("Send me the file", None, None, "tentative")]),
        ("en", ["Ann: Can you send me the file?", "Bob: Sure."], [("Send me the file", "Bob", None, "agreed")]),
        (
            "en",
            ["Ann: Can you send me the file?", "Bob: Yes, but not before Monday."],
            [("Send me the file", None, None, "tentative")],
        ),
        (
            "en",
            ["Ann: Bob, could you please book a room?", "Cy: It's hot."],
            [("Book a room", "Bob Ray", None, "tentative")],
        ),
        (
            "en",
            ["Ann: Please send the file by noon, Bob."],
            [("Send the file by noon", "Bob Ray", "by noon", "tentative")],
        ),
        ("en", ["Ann: Bob will send the file."], [("Send the file", "Bob Ray", None, "agreed")]),
        ("en", ["Ann: The server will send the file."], []),
        (
            "pt",
            ["Ana: Você pode me enviar o arquivo?", "Beto: Pode deixar."],
            [("Enviar o arquivo", "Beto", None, "agreed")],
        ),
        (
            "pt",
            ["Ana: Beto, por favor envie o arquivo até amanhã."],
            [("Envie o arquivo até amanhã", "Beto Reis", "até amanhã", "tentative")],
        ),
        ("pt", ["Ana: O Beto vai enviar o arquivo hoje."], [("Enviar o arquivo hoje", "Beto Reis", "hoje", "agreed")]),
        ("pt", ["Ana: Preciso que você revise a ata."], [("Revise a ata", None, None, "tentative")]),
    ],
)
def test_a_request_belongs_to_who_is_named_or_takes_it_on(
    language: str, lines: list[str], expected: list[tuple]
) -> None:
    full_name = {"en": "Bob Ray: Hi.", "pt": "Beto Reis: Oi."}[language]
    assert (
        tasks(language, *lines, *([] if any(line.startswith(("Bob", "Beto:")) for line in lines) else [full_name]))
        == expected
    )


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Ann: I won't send the report."),
        ("en", "Ann: I will not send the report."),
        ("en", "Ann: I sent the report yesterday."),
        ("en", "Ann: Should I send the report?"),
        ("en", "Ann: What will I send them?"),
        ("pt", "Ana: Não vou enviar o relatório."),
        ("pt", "Ana: Já enviei o relatório ontem."),
        ("pt", "Ana: E o que eu faço com o cliente agora?"),
        ("pt", "Ana: A seguradora vai pagar a multa."),
    ],
)
def test_what_nobody_promised_is_no_action_item(language: str, line: str) -> None:
    assert tasks(language, line) == []


def test_the_items_with_a_due_phrase_stay_when_there_are_too_many() -> None:
    lines = [f"Ann: I'll send file number {number}." for number in range(30)]
    found = tasks("en", *lines, "Ann: I'll send the last file by Friday.")
    assert len(found) == 15
    assert found[-1] == ("Send the last file by Friday", "Ann", "by Friday", "agreed")


@pytest.mark.parametrize(
    ("language", "line", "rationale"),
    [
        ("en", "Ann: We decided to use the blue one because it is cheaper.", "Because it is cheaper."),
        ("en", "Ann: So let's go with the second option.", None),
        ("pt", "Ana: Ficou decidido que usamos o azul porque é mais barato.", "Porque é mais barato."),
        ("pt", "Ana: Então combinamos uma visita em maio.", None),
    ],
)
def test_a_decision_carries_its_reason(language: str, line: str, rationale: str | None) -> None:
    (decision,) = find_decisions(said(language, line), CUES[language])
    assert decision["rationale"] == rationale
    assert decision["quote"] == line[5:]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Ann: We haven't decided on the color yet."),
        ("en", "Ann: If we decided to use it, it would cost more."),
        ("en", "Ann: Have we decided on the color of it?"),
        ("pt", "Ana: Ainda não ficou decidido quem vai."),
        ("pt", "Ana: Decidimos alguma coisa sobre isso?"),
    ],
)
def test_what_is_not_decided_is_no_decision(language: str, line: str) -> None:
    assert find_decisions(said(language, line), CUES[language]) == []


@pytest.mark.parametrize(
    ("language", "lines", "count"),
    [
        ("en", ["Ann: Who pays for the new server?", "Bob: I don't know."], 1),
        ("en", ["Ann: Who pays for the new server?", "Bob: The client."], 0),
        ("en", ["Ann: We still need to decide who pays."], 1),
        ("pt", ["Ana: Quem paga o novo servidor?", "Beto: Boa pergunta."], 1),
        ("pt", ["Ana: Quem paga o novo servidor?", "Beto: O cliente."], 0),
        ("pt", ["Ana: A data da entrega ficou em aberto."], 1),
    ],
)
def test_a_question_is_open_when_nobody_could_answer_it(language: str, lines: list[str], count: int) -> None:
    assert len(find_open_questions(said(language, *lines), CUES[language])) == count


@pytest.mark.parametrize(
    ("language", "line", "severity"),
    [
        ("en", "Ann: This is a critical issue for the launch.", "high"),
        ("en", "Ann: I am worried that we are behind schedule.", "medium"),
        ("en", "Ann: It could become a problem for the team.", "low"),
        ("en", "Ann: There is no risk for us at all.", None),
        ("en", "Ann: That should not be a big problem, we think.", None),
        ("pt", "Ana: O cliente quer cancelar o contrato agora.", "high"),
        ("pt", "Ana: Estou preocupada com o atraso da obra.", "medium"),
        ("pt", "Ana: O prazo apertado exige mais gente aqui.", "low"),
        ("pt", "Ana: Não temos nenhum risco nesse caso.", None),
        ("pt", "Ana: Eles nunca atrasaram uma parcela do empréstimo.", None),
    ],
)
def test_a_risk_has_the_severity_of_its_words(language: str, line: str, severity: str | None) -> None:
    assert [risk["severity"] for risk in find_risks(said(language, line), CUES[language])] == (
        [severity] if severity else []
    )


def test_the_most_severe_risk_comes_first() -> None:
    found = find_risks(
        said("en", "Ann: There is a risk of rain that day.", "Ann: The data breach is all over the news."), CUES["en"]
    )
    assert [risk["severity"] for risk in found] == ["high", "medium"]
