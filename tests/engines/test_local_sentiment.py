from __future__ import annotations

from pathlib import Path

import pytest

from meetcli.engines.local.sentiment import rate_valences, score
from tests.bench.evaluate_local import (
    casino_pairs,
    chance,
    evaluate_summaries,
    macro_f1,
    portuguese_pairs,
    subjectiveqa_pairs,
)


@pytest.mark.parametrize(
    "text",
    [
        "Não está bom",
        "Isso não está nada bom.",
        "Não é muito agradável trabalhar assim.",
        "Nunca fiquei satisfeito com eles.",
        "Não acho que tenha sido um sucesso.",
        "Foi pouco produtivo.",
        "O começo foi bom, mas o final foi péssimo.",
    ],
)
def test_a_negated_praise_in_portuguese_is_no_praise(text: str) -> None:
    (valence,) = rate_valences([text], "pt")
    assert valence < 0


@pytest.mark.parametrize(
    "text",
    [
        "Não tivemos nenhum problema.",
        "Sem problemas!",
        "Não é nada ruim.",
        "Não só é bom como é barato.",
        "O começo foi ruim, mas o final foi ótimo.",
    ],
)
def test_a_negated_complaint_in_portuguese_is_no_complaint(text: str) -> None:
    (valence,) = rate_valences([text], "pt")
    assert valence > 0


@pytest.mark.parametrize("stop", [",", ".", ";", ":", "!", "?", " mas"])
def test_a_negation_ends_with_its_clause(stop: str) -> None:
    assert rate_valences([f"Não{stop} gostei"], "pt")[0] > 0 > rate_valences(["Não gostei"], "pt")[0]


def test_a_negation_reaches_six_words() -> None:
    near, far = rate_valences(["não acho que isso aqui foi ruim", "não acho que isso aqui hoje foi ruim"], "pt")
    assert near > 0 > far


@pytest.mark.parametrize(
    "text", ["Bom dia a todos.", "Boa tarde, dona Lúcia.", "Bom, vamos começar.", "O seguro da safra custa mil reais."]
)
def test_a_courtesy_says_nothing(text: str) -> None:
    assert rate_valences([text], "pt") == [0.0]


def test_english_is_rated_by_sentence_and_negative_happens() -> None:
    valences = rate_valences(["That's unacceptable, I am very disappointed.", "The meeting is on Monday."], "en")
    assert valences[0] < 0 == valences[1]
    assert score(valences, "en") < 0.4


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize(
    ("valences", "low", "high"), [([], 0.5, 0.5), ([0.0] * 9, 0.5, 0.5), ([1.0] * 99, 0.6, 1), ([-1.0] * 99, 0, 0.1)]
)
def test_the_score_lies_between_0_and_1_and_silence_in_the_middle(
    language: str, valences: list[float], low: float, high: float
) -> None:
    assert low <= score(valences, language) <= high


def test_one_kind_word_is_no_verdict() -> None:
    assert score([0.4], "en") < score([0.4] * 10, "en")


def test_portuguese_sentiment_is_far_above_chance() -> None:
    pairs = portuguese_pairs()
    assert len(pairs) == 60
    assert macro_f1(pairs) > chance(pairs) + 0.4


@pytest.mark.shared
def test_english_sentiment_is_above_chance(shared_data: Path) -> None:
    for pairs in (subjectiveqa_pairs(shared_data), casino_pairs(shared_data)):
        assert macro_f1(pairs) > chance(pairs)


@pytest.mark.shared
def test_summaries_beat_the_first_and_random_words(shared_data: Path) -> None:
    figures = evaluate_summaries(shared_data, has_oracle=False)
    for rival in ("lead", "random"):
        assert figures["local"][0] >= figures[rival][0] + 4
        assert figures["local"][1] > figures[rival][1]
