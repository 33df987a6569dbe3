"""An answer in the wrong language is sent back once; nobody is corrected where it is not certain."""

import json

import pytest

from meetcli.answers import languages
from meetcli.answers.languages import detect_language, meeting_language, primary_code
from meetcli.answers.validate import _language_problems
from meetcli.meetings.normalize import normalize
from meetcli.models import Abilities, Meeting, Status, Turn
from tests.corridor import World, answered, explicit, extract_answer

ENGLISH = "The bank will send the renewed proposal to the customer before the end of the month, and both agreed on it."
PORTUGUESE = "O banco enviará ao cliente a proposta renovada antes do fim do mês, e os dois concordaram com isso."
SPOKEN_ENGLISH = "Ana: We looked at the cash flow of the last year and it is better than we had expected.\nRui: Thank you, that helps us a lot."
SPOKEN_PORTUGUESE = "Ana: Nós olhamos o fluxo de caixa do ano passado e está melhor do que a gente esperava.\nRui: Obrigado, isso ajuda muito."


def answer(summary, **changes):
    return extract_answer(summary=summary, key_points=[], action_items=[], **changes)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def run(world, transcript, *replies):
    world.put("a.json", explicit(transcript))
    left = list(replies)
    world.engine.script = lambda request: answered(left.pop(0))
    assert world.run()["a.json"].status is Status.MISS
    return json.loads(world.results["a.json"])


@pytest.mark.parametrize(
    ("text", "language"), [(ENGLISH, "en"), (PORTUGUESE, "pt"), ("Credit line", None), ("", None), ("12 34 56", None)]
)
def test_a_language_is_named_only_where_it_is_certain(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("transcript", "wrong", "right", "language"),
    [(SPOKEN_PORTUGUESE, ENGLISH, PORTUGUESE, "pt"), (SPOKEN_ENGLISH, PORTUGUESE, ENGLISH, "en")],
)
def test_prose_in_another_language_than_the_transcript_s_is_repaired(world, transcript, wrong, right, language):
    result = run(world, transcript, answer(wrong, language="en"), answer(right, language="en"))
    assert (result["summary"], result["language"], world.calls) == (right, language, 2)
    assert f"must be in '{language}'" in world.engine.requests[1].messages[-1].content


def test_norwegian_is_norwegian_by_any_of_its_codes():
    norwegian = "Vi snakket lenge om selskapets lån og om betalingsvilkårene som kunden kan godta. Kunden vil ikke betale mer enn i dag."
    assert detect_language(norwegian) == "no" == primary_code("nb") == primary_code("nn-NO")


def test_still_wrong_after_its_repair_it_is_taken_as_it_is(world):
    result = run(world, SPOKEN_PORTUGUESE, answer(ENGLISH), answer(ENGLISH, language="pt"))
    assert (result["summary"], result["language"], world.calls) == (
        ENGLISH,
        "en",
        2,
    )  # what it is in, not what it says it is in


def test_a_forced_language_counts_whatever_the_transcript_is_in(world):
    world.language = "pt-BR"
    result = run(world, SPOKEN_ENGLISH, answer(ENGLISH), answer(PORTUGUESE, language="pt"))
    assert (result["summary"], result["language"], world.calls) == (PORTUGUESE, "pt-BR", 2)


def test_quotes_and_deadlines_stay_in_the_words_of_the_meeting(world):
    world.language = "pt"
    quote = "We looked at the cash flow of the last year and it is better than we had expected."
    item = {
        "description": "Enviar",
        "owner": None,
        "due_text": "by the end of the month",
        "status": "agreed",
        "quote": quote,
    }
    result = run(
        world,
        SPOKEN_ENGLISH + "\nAna: I will send it by the end of the month.",
        answer(PORTUGUESE) | {"action_items": [item]},
    )
    assert world.calls == 1
    assert result["action_items"][0]["due_date"] == "2025-10-31"  # resolved in the language it was said in


def test_a_meeting_in_two_languages_may_have_minutes_in_either(world):
    turns = [Turn("A", text * 20, 0) for text in (ENGLISH, PORTUGUESE)]
    assert meeting_language(Meeting("", tuple(turns))) is None
    assert meeting_language(Meeting("", (turns[1],))) == "pt"
    assert meeting_language(Meeting("", ())) is None


def test_an_engine_that_repeats_what_was_said_is_not_corrected(world):
    world.identity = world.identity._replace(abilities=Abilities(is_extractive=True))
    run(world, SPOKEN_PORTUGUESE, answer(ENGLISH))
    assert world.calls == 1


def test_without_the_library_nothing_is_checked(world, monkeypatch):
    languages._loaded.cache_clear()
    monkeypatch.setattr(languages, "can_detect", lambda: False)
    result = run(world, SPOKEN_PORTUGUESE, answer(ENGLISH))
    languages._loaded.cache_clear()
    assert (result["language"], world.calls) == ("en", 1)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device; is there room in the folder for temporary"),
        (FileNotFoundError(2, "No usable temporary directory found"), "No usable temporary directory found; is there"),
        (RuntimeError("a model of another version"), "py3langid cannot be loaded: RuntimeError"),
    ],
)
def test_a_check_that_cannot_be_loaded_is_told_and_loses_no_answer(world, monkeypatch, error, said):
    from py3langid import langid

    def fail(*args, **options):
        raise error

    monkeypatch.setattr(langid.LanguageIdentifier, "from_model_file", fail)
    languages._loaded.cache_clear()
    try:
        assert said in languages.detection_trouble()
        assert run(world, SPOKEN_PORTUGUESE, answer(ENGLISH))["language"] == "en"
    finally:
        languages._loaded.cache_clear()


def test_codes_may_name_a_country():
    assert [primary_code(code) for code in ("pt-BR", "PT_br", "en")] == ["pt", "pt", "en"]


def test_samples_are_in_the_language_that_they_are_in(samples):
    expected = {
        "cafe-serra-clara": "pt",
        "cooperativa-vale-do-ipe": "pt",
        "brightmoor-review": "en",
        "quiet-harbor-credit-line": "en",
    }
    for name, language in expected.items():
        mapping = json.loads((samples / "2026-q3" / f"{name}.json").read_text(encoding="utf-8"))
        assert meeting_language(normalize(mapping)) == language


@pytest.mark.parametrize(("found", "wanted"), [(None, "pt"), ("pt", None), (None, None), ("pt", "pt-BR")])
def test_a_language_that_is_not_known_or_right_is_no_problem(found, wanted):
    assert _language_problems(found, wanted) == []
    (problem,) = _language_problems("en", "pt")
    assert "in 'en'; all of it must be in 'pt'" in problem
