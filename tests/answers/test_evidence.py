import json
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.answers.evidence import FOLDED, IN_PARTS, VERBATIM, WITHOUT_FILLERS, Evidence, EvidenceFinder
from meetcli.answers.folding import choose_language, fold_all
from meetcli.models import Meeting, Turn
from tests.answers.quote_variants import invented_variants, is_right, read_meeting, true_variants

TRANSCRIPTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "transcripts"

PORTUGUESE = """Ana Souza: Bom dia, Bruno. Então, né, a gente precisa fechar o contrato até sexta.
Bruno Lima: Tá, hum, eu não aprovei o limite de R$ 1,5 milhão, tipo, ainda falta um documento.
Ana Souza: Certo. Não vamos renovar a apólice antes de março; a taxa subiu 12,5% em 2024.
Bruno Lima: Combinado. Eu mando a proposta pra você amanhã e ligo pro João Batista.
Ana Souza: Falta um documento só.
Bruno Lima: Sim.
Ana Souza: Perfeito, fechado então."""

ENGLISH = """Maria Lopez: Um, so we do n't have the budget for twenty-five seats , you know , this year .
Tom: {vocalsound} We could pay $2.5 million, or — well — 2.75 million... I think that's fine.
Maria Lopez: No way. The fee is non-refundable and we can't change that.
Tom: Okay . I hope not .
Maria Lopez: Send me the contract before 10:30 and uh copy legal."""

PT = EvidenceFinder(read_meeting(PORTUGUESE))
EN = EvidenceFinder(read_meeting(ENGLISH))


@pytest.mark.parametrize(
    ("finder", "quote", "turn", "score"),
    [
        (PT, "a gente precisa fechar o contrato até sexta.", 1, VERBATIM),
        (PT, "“a gente precisa fechar o contrato até sexta.”", 1, VERBATIM),
        (PT, "A GENTE PRECISA FECHAR O CONTRATO ATE SEXTA", 1, FOLDED),
        (PT, "a gente\n precisa  fechar o contrato , até sexta .", 1, FOLDED),
        (PT, "a gente precisa fechar o contrato até sexta", 1, VERBATIM),
        (PT, "Então, a gente precisa fechar o contrato", 1, WITHOUT_FILLERS),
        (PT, "eu não aprovei o limite de R$ 1,5 milhão, ainda falta um documento", 2, WITHOUT_FILLERS),
        (PT, "Ana Souza: Certo. Não vamos renovar a apólice antes de março", 3, VERBATIM),
        (PT, "ana souza: certo, não vamos renovar a apolice", 3, FOLDED),
        (PT, "[00:01:30] Bruno Lima: Sim.\n[00:01:31] Ana Souza: Perfeito, fechado", 6, FOLDED),
        (PT, "Bruno Lima (01:30): Sim. Ana Souza (01:31): Perfeito, fechado", 6, FOLDED),
        (PT, "00:01:31 Ana Souza: Perfeito, fechado então.", 7, VERBATIM),
        (PT, "Não vamos renovar ... subiu 12,5% em 2024", 3, IN_PARTS),
        (PT, "Não vamos renovar […] a taxa subiu 12,5%", 3, IN_PARTS),
        (PT, "...Eu mando a proposta pra você amanhã…", 4, FOLDED),
        (PT, "Eu mando a proposta pra você amanhã e ligo pro João Batista.", 4, VERBATIM),
        (PT, "Bruno Lima: Sim.\nAna Souza: Perfeito, fechado então.", 6, VERBATIM),
        (PT, "Falta um documento só. Bruno Lima: Sim. Ana Souza: Perfeito, fechado", 5, FOLDED),
        (EN, "we don't have the budget for twenty-five seats, this year", 1, WITHOUT_FILLERS),
        (EN, "We don't have the budget for twenty-five seats, you know, this year.", 1, FOLDED),
        (EN, "We could pay $2.5 million", 2, VERBATIM),
        (EN, "We could pay 2.5 million", 2, FOLDED),
        (EN, "2.75 million... I think that's fine.", 2, VERBATIM),
        (EN, "2.75 million I think that’s fine", 2, FOLDED),
        (EN, "Okay. I hope not.", 4, FOLDED),
        (EN, "before 10:30 and copy legal", 5, WITHOUT_FILLERS),
        (EN, "Send me the contract ... copy legal.", 5, IN_PARTS),
    ],
)
def test_true_quotes_are_found(finder: EvidenceFinder, quote: str, turn: int, score: float):
    found = finder.find(quote)

    assert found is not None
    assert (found.turn, found.score) == (turn, score)


@pytest.mark.parametrize(
    ("finder", "quote"),
    [
        (PT, "a gente precisa fechar o contrato até quinta."),
        (PT, "a gente não precisa fechar o contrato até sexta."),
        (PT, "eu aprovei o limite de R$ 1,5 milhão"),
        (PT, "eu não aprovei o limite de R$ 15 milhão"),
        (PT, "eu não aprovei o limite de R$ 1.5 milhão"),
        (PT, "eu não aprovei o limite de € 1,5 milhão"),
        (PT, "ainda faltam dois documentos"),
        (PT, "Vamos renovar a apólice antes de março"),
        (PT, "vamos renovar a apólice antes de março"),
        (PT, "a taxa subiu 12,5% em 2025"),
        (PT, "Bruno Lima: Sim. (às 10:30) Ana Souza: Perfeito, fechado"),
        (PT, "ligo pro João Bastos"),
        (PT, "Bruno Lima: Certo. Não vamos renovar a apólice"),
        (PT, "Falta um documento só. Ana Souza: Sim. Ana Souza: Perfeito, fechado"),
        (PT, "Não vamos renovar ... subiu 13,5% em 2024"),
        (PT, "subiu 12,5% em 2024 ... Não vamos renovar"),
        (PT, "precisa fechar o contrato ... Perfeito, fechado então"),
        (PT, "Eu ... proposta pra você amanhã"),
        (PT, "documento só. Sim"),
        (EN, "we do have the budget for twenty-five seats"),
        (EN, "five seats , you know , this year"),
        (EN, "so we do"),
        (EN, "refundable and we can't change that"),
        (EN, "The fee is non-refundable and we can"),
        (EN, "75 million... I think that's fine."),
        (EN, "I hope ."),
        (EN, "Okay, I hope"),
        (EN, "Send me the contract before 10 and uh copy legal"),
        (EN, "Send me the contract before 1030 and uh copy legal"),
        (EN, "{not} Send me the contract"),
        (EN, "[do not] Send me the contract"),
        (EN, "I hope , you know"),
        (PT, "a gente, não, precisa fechar"),
        (EN, "million"),
        (EN, "..."),
        (EN, "   "),
        (EN, ""),
        (EN, None),
    ],
)
def test_changed_or_empty_quotes_are_refused(finder: EvidenceFinder, quote: str | None):
    assert finder.find(quote) is None


def test_evidence_names_the_turn_and_the_place_in_the_transcript_as_given():
    assert PT.find("a taxa subiu 12,5%") == Evidence(
        quote="a taxa subiu 12,5%",
        turn=3,
        offset=PORTUGUESE.index("a taxa"),
        speaker="Ana Souza",
        start_s=2.0,
        score=VERBATIM,
    )


def test_a_repeated_phrase_is_placed_where_it_stands_verbatim():
    finder = EvidenceFinder(read_meeting("A: we will sign it now\nB: We will sign it now"))

    assert [finder.find(quote).turn for quote in ("We will sign it now", "we will sign it now", "WE WILL SIGN IT")] == [
        2,
        1,
        1,
    ]


def test_a_short_quote_counts_only_where_it_is_alone():
    finder = EvidenceFinder(read_meeting("A: yes sir\nB: no problem\nA: yes sir"))

    assert finder.find("Yes, sir!") is None
    assert finder.find("No problem!").turn == 2


def test_turns_without_speaker_and_times_are_found_too():
    text = "we will sign it now"
    found = EvidenceFinder(Meeting(text, (Turn(None, text, 0),))).find("We will sign")

    assert (found.turn, found.speaker, found.start_s) == (1, None, None)


def test_scripts_without_spaces_and_combining_marks_are_found():
    finder = EvidenceFinder(
        read_meeting("李: 我们不同意这个合同。\nजया: हम शुक्रवार तक अनुबंध भेजेंगे।\nZoë: Nous sommes d’accord, naïve idée.")
    )

    assert finder.find("不同意这个合同").turn == 1
    assert finder.find("同意那个合同") is None
    assert finder.find("शुक्रवार तक अनुबंध").turn == 2
    assert finder.find("Nous sommes d'accord, nai\u0308ve ide\u0301e").turn == 3


def test_a_meeting_without_turns_holds_no_quotes():
    assert EvidenceFinder(Meeting("hello there you all", ())).find("hello there you all") is None


SIGNS = EvidenceFinder(
    read_meeting(
        "Ana: Revenue grew 27% to $83 million, fees fell to -$4 million and 5 € of 7 stays.\n"
        "Bob: Don't approve the loan. We do n't sell it, um, and it doesn't go to the board. I couldn’t say.\n"
        "Ana: That sounds fine, yeah.\nBob: No. Please wait for the audit.\nAna: And then we sign it."
    )
)


@pytest.mark.parametrize(
    ("quote", "turn"),
    [
        ("Revenue grew 27 % to 83 million", 1),
        ("fees fell to -$4 million and 5€ of 7 stays", 1),
        ("fees fell to –$4 million and 5 € of 7 stays", 1),
        ("fees fell to −$4 million", 1),
        ("that sounds fine", 3),
        ("Please wait for ... the audit", 4),
        ("Revenue grew ... fees fell", 1),
    ],
)
def test_what_is_left_out_without_harm_is_found(quote: str, turn: int):
    assert SIGNS.find(quote).turn == turn


@pytest.mark.parametrize(
    "quote",
    [
        "Revenue grew 27 to $83 million",
        "Revenue grew 27‰ to $83 million",
        "Revenue grew 27% to -$83 million",
        "Revenue grew 27% to $-83 million",
        "Revenue grew 27% to £83 million",
        "fees fell to +$4 million",
        "Revenue grew 27% to –$83 million",
        "Revenue grew –27% to $83 million",
        "fees fell to $4 million",
        "Revenue grew 27% to €$83 million",
        "Revenue grew 27% to $83+ million",
        "fees fell to -$4 million and 5 \n % of 7 stays",
        "Revenue grew ‒27% to $83 million",
        "Revenue grew 27% to $–83 million",
        "Revenue grew ~27% to $83 million",
        "Revenue grew 27% to ≈ $83 million",
        "of 7° stays",
        "and 5 of €7 stays",
        "approve the loan",
        "we do ... sell it",
        "it ... go to the board",
        "go to the board",
        "I could",
        "Please wait for the audit ... we sign it",
    ],
)
def test_changed_signs_hidden_negations_and_glued_speakers_are_refused(quote: str):
    assert SIGNS.find(quote) is None


BOUNDS = EvidenceFinder(
    read_meeting(
        "Ana: We lost <5% of them, ~40 left and 50+ stay <crosstalk> 6 % up.\nBia: R$ 2.000,00 por mês são US$ 350 ou -US$ 3 a menos."
    )
)


@pytest.mark.parametrize(
    "quote",
    [
        "we lost <5 % of them, ~40 left and 50+ stay 6% up",
        "We lost <5% of them, ~40 left and 50 stay <crosstalk> 6\n% up",
        "r$2.000,00 por mes sao us$350 ou -us$3 a menos",
        "2.000,00 por mês são US$ 350",
    ],
)
def test_signs_are_read_however_they_are_spaced_and_cased(quote: str):
    assert BOUNDS.find(quote) is not None


def test_a_comma_before_three_digits_is_one_of_thousands_in_english_only():
    english = EvidenceFinder(
        read_meeting("Ana: We paid 1,500 of the 2,000 that is due to the bank and the fee of 1750.")
    )
    portuguese = EvidenceFinder(
        read_meeting("Ana: A taxa que você viu é de 2,125% e não de 1,5%, e em 2024 era de 3,250%.")
    )

    assert english.find("We paid 1500 of the 2,000").turn == english.find("the fee of 1,750").turn == 1
    assert portuguese.find("a taxa que voce viu é de 2,125 %").turn == 1
    assert [
        portuguese.find(quote) for quote in ("você viu é de 2125%", "e em 2,024 era de 3,250%", "em 2,024 era de 3250%")
    ] == [None] * 3


def test_an_oh_between_digits_is_a_zero_and_no_filler():
    finder = EvidenceFinder(
        read_meeting(
            "Ana: The card ends in four oh two , oh , and we opened it in nineteen oh five .\nBob: Oh no. It is two six."
        )
    )

    assert finder.find("ends in four oh two, and we opened it").turn == 1
    assert finder.find("Oh no. It is two six.").turn == 2
    assert [
        finder.find(quote) for quote in ("ends in four two", "opened it in nineteen five", "oh no, it is two oh six")
    ] == [None] * 3


def test_a_number_keeps_the_point_it_begins_with():
    finder = EvidenceFinder(
        read_meeting(
            "Ana: Rates rose by .5% to 3.5% of it.\nBob: The fee is 5% and £6 million , and it fell -.25 to 2 .5 ."
        )
    )

    assert finder.find("rates rose by .5 % to 3.5%").turn == 1
    assert finder.find("it fell -.25 to 2.5").turn == 2
    assert [
        finder.find(quote)
        for quote in ("Rates rose by 5%", "fee is .5%", "and £.6 million", "it fell .25 to", "it fell -25 to")
    ] == [None] * 5


@pytest.mark.parametrize(
    "quote",
    [
        "we lost 5% of them",
        "<5% of them, 40 left",
        "$ 2.000,00 por mês",
        "são US$ 350 ou US$ 3 a menos",
        "50+ stay 6 up",
    ],
)
def test_a_lost_sign_that_makes_another_number_is_no_quote(quote: str):
    assert BOUNDS.find(quote) is None


def test_in_portuguese_no_is_no_negation():
    finder = EvidenceFinder(
        read_meeting("Ana: No banco eles disseram que não vão pagar. No cartório falta uma via do contrato.")
    )

    assert finder.find("banco eles disseram que não vão pagar.").turn == 1
    assert finder.find("cartório falta ... via do contrato").turn == 1


def test_portuguese_is_known_with_its_accents_apart():
    said = "Ana: Hum, não sei se você pode, né, mandar o contrato. No banco vamos ver isso amanhã com a Bia."
    finder = EvidenceFinder(read_meeting(unicodedata.normalize("NFD", said)))

    assert choose_language(unicodedata.normalize("NFD", "não vamos, você não vai")) == "pt"
    assert finder.find("não sei se você pode mandar o contrato.").turn == 1
    assert finder.find("banco vamos ver isso amanhã").turn == 1


def test_a_tag_at_an_end_of_a_quote_is_no_word_beside_a_negation():
    finder = EvidenceFinder(
        read_meeting("Ana: I would say no . {vocalsound} We sign the contract {pause} not before May .")
    )

    assert finder.find("{vocalsound} we sign the contract").turn == 1
    assert finder.find("we sign the contract {pause}").turn == 1


def test_a_tag_is_no_more_than_words_of_tags():
    finder = EvidenceFinder(
        read_meeting(
            "Ana: We will [inaudible 00:12:33] sign it [laughter and applause] (pause, not the lease) today [_] .\nBob: Ok."
        )
    )

    assert finder.find("We will sign it").turn == 1
    assert finder.find("we will {pause} sign it (pause, not the lease) today [_]").turn == 1
    assert [
        finder.find(quote)
        for quote in ("We will [inaudible, not] sign it", "sign it today", "{pause none} we will sign")
    ] == [None] * 3


def test_tipo_is_a_filler_only_between_commas():
    finder = EvidenceFinder(
        read_meeting("Ana: Não temos esse tipo de conta para vocês, mas, tipo, dá para abrir em março, né.")
    )

    assert finder.find("mas, dá para abrir em março").turn == 1
    assert finder.find("Não temos esse de conta para vocês") is None
    assert finder.find("dá para abrir tipo em março") is None


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_searched_without_a_fault_and_quotes_what_stands_there(first: str, second: str, quote: str):
    transcript = f"A: {first}\nB: {second}"
    meeting = Meeting(transcript, (Turn("A", first, 3), Turn("B", second, len(first) + 7)))

    for tried in (quote, first, second[3:]):
        found = EvidenceFinder(meeting).find(tried)
        if found is not None:
            assert transcript[found.offset : found.offset + len(found.quote)] == found.quote
            assert found.speaker == meeting.turns[found.turn - 1].speaker


@given(st.data())
def test_every_run_of_whole_sentences_is_found_however_it_is_written(data: st.DataObject):
    turn = data.draw(st.sampled_from(PT._meeting.turns[:5]))
    change = data.draw(
        st.sampled_from(
            [str.upper, str.lower, str.title, lambda text: text.replace(" ", "  \n"), lambda text: f"«{text}»"]
        )
    )

    assert PT.find(change(turn.text)).turn == PT._meeting.turns.index(turn) + 1


def measure(meeting: Meeting, draw: random.Random, quotes: int) -> tuple[int, int, list[str]]:
    """Return how many true quotes were tried and found at the right turn, and the invented ones that were accepted."""
    finder = EvidenceFinder(meeting)
    everything = fold_all(meeting.transcript)
    tried = found = 0
    accepted: list[str] = []
    spoken = [number for number, turn in enumerate(meeting.turns, 1) if len(turn.text.split()) >= 8]
    for number in draw.choices(spoken, k=quotes):
        words = meeting.turns[number - 1].text.split()
        begin = draw.randrange(len(words) - 7)
        words = words[begin : begin + draw.randrange(8, 26)]
        for quote in true_variants(words, draw):
            tried += 1
            evidence = finder.find(quote)
            found += evidence is not None and is_right(evidence, number, words, meeting)
        accepted += [
            quote
            for quote in invented_variants(words, draw)
            if fold_all(quote) not in everything and finder.find(quote)
        ]
    return tried, found, accepted


@pytest.mark.shared
@pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="needs the reference data beside the project")
def test_reference_meetings_keep_their_true_quotes_and_refuse_invented_ones():
    draw = random.Random(7)
    meetings = [
        read_meeting(json.loads(path.read_text(encoding="utf-8"))["transcript"])
        for path in sorted(TRANSCRIPTS.rglob("*.json"))
    ]
    measured = [measure(meeting, draw, 25) for meeting in meetings]

    assert len(meetings) == 43
    assert sum(found for _, found, _ in measured) >= 0.99 * sum(tried for tried, _, _ in measured)
    assert [quote for _, _, accepted in measured for quote in accepted] == []


def test_a_portuguese_meeting_keeps_its_true_quotes_and_refuses_invented_ones():
    text = (Path(__file__).parent / "meeting_pt.txt").read_text(encoding="utf-8")
    tried, found, accepted = measure(read_meeting(text.rstrip()), random.Random(7), 200)

    assert found >= 0.99 * tried
    assert accepted == []
