"""Quotes with labels of speakers, fillers and ellipses: whose words they are, and what they may leave out."""

import pytest

from meetcli.answers import evidence
from meetcli.answers.evidence import VERBATIM, Evidence, EvidenceFinder
from meetcli.answers.folding import fold
from tests.answers.quote_variants import read_meeting

SPEAKERS = EvidenceFinder(
    read_meeting(
        "Ana: Can you send the contract?\nBob: I will send it tomorrow.\nBob: The fee is waived.\n"
        "Ana: We will sign\nBob: {vocalsound}\nAna: on Monday."
    )
)


@pytest.mark.parametrize(
    ("quote", "turn"),
    [
        ("I will send it tomorrow. The fee is waived.", 2),
        ("We will sign on Monday.", 4),
        ("Bob: I will send it tomorrow. The fee is waived. Ana: We will sign", 2),
        ("Can you send the contract? Bob: I will send it", 1),
        ("Can you send ... Bob: I will send it", 1),
    ],
)
def test_words_of_one_speaker_and_labeled_ones_are_found_over_several_turns(quote: str, turn: int):
    assert SPEAKERS.find(quote).turn == turn


@pytest.mark.parametrize(
    "quote",
    [
        "Can you send the contract? I will send it tomorrow.",
        "Can you send the contract?\nI will send it tomorrow.",
        "Can you send the contract? ... I will send it tomorrow.",
        "Ana: Can you send the contract? I will send it tomorrow.",
        "Ana: Can you send the contract ... I will send it tomorrow.",
        "Bob: I will send it tomorrow. The fee is waived. We will sign",
        "The fee is waived. We will sign Bob: on Monday",
        "Can you send ... it tomorrow. Bob: The fee is waived.",
    ],
)
def test_words_of_two_speakers_are_not_run_together(quote: str):
    assert SPEAKERS.find(quote) is None


ASIDES = EvidenceFinder(
    read_meeting(
        "Ana: Can we um ship it to the client on Friday?\nBob: Let me check it with the plant. Uh-huh. It is, um, maybe possible, yeah.\n"
        "Ana: Um, so you say yes?\nBob: Yeah.\nAna: Well, uh, that is the end of the meeting."
    )
)


@pytest.mark.parametrize(
    ("quote", "turn"),
    [
        ("Can we ship it to the client on Friday?", 1),
        ("Can we, uh, ship it to the client on Friday?", 1),
        ("Um, can we ship it to the client on Friday?", 1),
        ("Bob: Let me check it with the plant. Uh-huh. It is maybe possible.", 2),
        ("Let me check it with the plant. It is maybe possible, yeah.", 2),
        ("It is, um, maybe possible, yeah.", 2),
        ("so you say yes?\nBob: Yeah.\nAna: Well, that is the end", 3),
        ("Bob: Yeah. Ana: Well, that is the end", 5),
    ],
)
def test_fillers_are_left_out_and_hesitations_put_in(quote: str, turn: int):
    assert ASIDES.find(quote).turn == turn


@pytest.mark.parametrize(
    "quote",
    [
        "Ana: Can we um ship it to the client on Friday?\nBob: Yeah.",
        "Ana: Can we ship it to the client on Friday? Bob: Mm-hmm. Let me check it with the plant.",
        "Can we ship it to the client on Friday? Uh-huh.",
        "Can we ship it ... on Friday ... Yeah.",
        "Yeah. Ana: Well, that is the end",
        "Let me check it with the plant. Yeah. It is, um, maybe possible.",
        "Let me check it with the plant. It is maybe, yeah.",
        "Um, you say yes",
        "Can we um ship it to the client, you know",
    ],
)
def test_no_answer_is_put_in_and_no_filler_moved_over_a_word(quote: str):
    assert ASIDES.find(quote) is None


@pytest.mark.parametrize("quote", ["Yeah, we sign the contract today.", "Um, yeah, we sign the contract today."])
def test_a_filler_that_opens_a_meeting_is_found_before_its_first_word(quote: str):
    assert EvidenceFinder(read_meeting("Ana: Yeah, um, we sign the contract today.")).find(quote) is not None
    assert EvidenceFinder(read_meeting("Ana: Well, we sign the contract today, um.")).find(quote) is None


GAPS = EvidenceFinder(
    read_meeting(
        "Ana: We are not going to give the exact number. Aceitamos manter a conta, mas sem taxa de administração.\n"
        "Bob: The budget… well, the budget is signed off. Nobody objected to it at all. We start without a deposit on Friday… right.\n"
        "Ana: We sign, unless the board objects to it, which it hardly ever does. Fechamos tudo hoje, exceto o anexo dois."
    )
)


@pytest.mark.parametrize(
    "quote",
    [
        "We are ... the exact number",
        "manter a conta ... taxa de administração",
        "manter a conta, mas … taxa",
        "We start ... a deposit on Friday",
        "We sign ... the board objects to it",
        "which ... ever does.",
        "Fechamos tudo ... o anexo dois",
    ],
)
def test_an_ellipsis_hides_no_negation_beside_what_it_keeps(quote: str):
    assert GAPS.find(quote) is None


@pytest.mark.parametrize(
    "quote",
    [
        "the budget is signed off. ... We start without a deposit",
        "budget… well, the ... signed off",
        "The budget… well ... signed off",
        "We start without ... on Friday… right.",
    ],
)
def test_an_ellipsis_leaves_out_other_sentences_and_may_be_the_transcripts_own(quote: str):
    assert GAPS.find(quote).turn == 2


@pytest.mark.parametrize(
    "quote",
    ["**Tom:** I hope so.", "**Tom**: I hope so.", "**Tom:** “I hope so.”", "_Tom:_ I hope so.", "**I hope so.**"],
)
def test_a_label_in_bold_is_no_word_cut_off_after_a_no(quote):
    finder = EvidenceFinder(read_meeting("Ana: Is that the plan?\nTom: No. I hope so."))
    assert finder.find(quote) == Evidence("I hope so.", 2, 32, "Tom", 1.0, VERBATIM)


def test_labels_are_known_whatever_signs_a_name_has():
    finder = EvidenceFinder(
        read_meeting("Hon. Ana-Rita Sá-Reis (Sul-Norte, Lib.): We sign it.\nBob P.: I agree to it.\nBob: Not yet.")
    )

    assert finder.find("Hon. Ana-Rita Sá-Reis (Sul-Norte, Lib.): We sign it.").turn == 1
    assert finder.find("**Bob P.**: I agree to it.").turn == 2
    assert finder.find("Bob P.: We sign it.") is None


def test_hundreds_of_ellipses_are_no_quote_and_cost_nothing(monkeypatch: pytest.MonkeyPatch):
    finder = EvidenceFinder(read_meeting("Ana: " + "we agree on it today. " * 500))
    folds: list[str] = []
    monkeypatch.setattr(evidence, "fold", lambda text, *rest: folds.append(text) or fold(text, *rest))

    assert finder.find("we agree ... " * 300) is None
    assert finder.find("we agree ... " * 5).turn == 1
    assert len(folds) < 20


def test_an_ellipsis_leaves_out_the_least_that_it_can():
    text = "Ana: We will sign soon, I think.\nBob: We will sign the whole contract today."
    assert EvidenceFinder(read_meeting(text)).find("We will sign ... contract today").turn == 2


def test_a_long_gap_hides_no_negation_right_before_what_goes_on():
    said = "Ana: We pay all the fees and the costs of the bank for many months and years {} the whole sum today."
    quote = "We pay all the fees ... the whole sum today."
    assert EvidenceFinder(read_meeting(said.format("and then"))).find(quote) is not None
    assert EvidenceFinder(read_meeting(said.format("and never"))).find(quote) is None
