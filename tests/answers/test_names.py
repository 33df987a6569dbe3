import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.answers.names import find_people, resolve_owner
from meetcli.models import Meeting, Turn

SPEAKERS = [
    "Ana Souza",
    "João Batista de Lima",
    "Bruno",
    "Mr. Garnett Genuis (Sherwood Park, CPC)",
    "The Chair",
    "Speaker 1",
    "Speaker 10",
]
MEETING = Meeting(
    "Hello, Carla Dias! Is Bruno Rocha here? Marta Reis and Marta Pinto are.",
    tuple(Turn(name, "hello", 0) for name in SPEAKERS),
)
PARTICIPANTS = ["Carla Dias", "Bruno Rocha", "ana souza", "Marta Reis", "Marta Pinto", "Zeferino Prado"]
PEOPLE = find_people(MEETING, PARTICIPANTS)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("Ana Souza", "Ana Souza"),
        ("ANA", "Ana Souza"),
        ("a Ana", "Ana Souza"),
        ("A. Souza", "Ana Souza"),
        ("Ana S.", "Ana Souza"),
        ("joao", "João Batista de Lima"),
        ("Sr. João Lima", "João Batista de Lima"),
        ("Bruno Rocha", "Bruno"),
        ("Genuis", "Mr. Garnett Genuis (Sherwood Park, CPC)"),
        ("the chair", "The Chair"),
        ("Chair", "The Chair"),
        ("Speaker 1", "Speaker 1"),
        ("Carla", "Carla Dias"),
        ("Marta Reis", "Marta Reis"),
        ("Ana Souza's", "Ana Souza"),
        ("Ana-Souza", "Ana Souza"),
    ],
)
def test_a_name_that_means_one_person_is_resolved(owner: str, name: str):
    assert resolve_owner(owner, PEOPLE) == name


NOBODY = [
    "",
    "  ",
    "-",
    "I",
    "me",
    "We",
    "eu",
    "Nós",
    "a gente",
    "the team",
    "equipe da Ana",
    "Ana's team",
    "everyone",
    "TBD",
]
UNCLEAR = [
    "Ana and Bruno",
    "Ana e Bruno",
    "Ana/Bruno",
    "Ana ou Carla",
    "Ana Lima",
    "Marta",
    "Speaker",
    "Zeferino",
    "A.",
    "S",
    "de",
]


@pytest.mark.parametrize("owner", [None, *NOBODY, *UNCLEAR])
def test_pronouns_groups_strangers_and_unclear_names_are_nobody(owner: str | None):
    assert resolve_owner(owner, PEOPLE) is None


def test_a_name_shared_with_a_silent_participant_is_unclear():
    meeting = MEETING._replace(transcript="Is Ana Lima here? And Ana S. Souza?")
    assert resolve_owner("Ana", find_people(meeting, ["Ana Lima"])) is None
    assert resolve_owner("Ana", find_people(meeting, ["Ana S. Souza"])) == "Ana Souza"


def test_a_longer_name_is_not_that_of_somebody_with_a_part_of_it():
    assert resolve_owner("Mary Ann", ["Mary", "Mary Ann Jones"]) == "Mary Ann Jones"
    assert resolve_owner("Mary", ["Mary", "Mary Ann Jones"]) == "Mary"


def test_a_participant_whom_nobody_names_owns_nothing():
    assert "Zeferino Prado" not in PEOPLE
    assert resolve_owner("Zeferino Prado", PEOPLE) is None


def test_whom_the_metadata_names_may_own_something():
    meeting = Meeting("", (Turn("Agent", "hello", 0),), banker_name="Rui Prado", customer_name="Carla Dias")
    assert [resolve_owner(name, find_people(meeting)) for name in ("Rui", "Carla", "Agent")] == [
        "Rui Prado",
        "Carla Dias",
        "Agent",
    ]


@pytest.mark.parametrize("owner", ["I", "me", "Eu", "myself"])
def test_who_says_i_is_who_is_speaking(owner: str):
    assert resolve_owner(owner, PEOPLE, speaking="Bruno") == "Bruno"


def test_we_and_you_are_nobody_whoever_speaks():
    assert [
        resolve_owner(owner, PEOPLE, speaking="Bruno") for owner in ("we", "you", "nós", "you and I", "-", "the", "de")
    ] == [None] * 7


def test_a_speaker_may_be_called_what_is_nobody_elsewhere():
    assert resolve_owner("team", find_people(Meeting("", (Turn("Team", "hi", 0),)))) == "Team"


@given(st.text(max_size=30))
def test_any_owner_is_one_of_those_present_or_nobody(owner: str):
    assert resolve_owner(owner, PEOPLE) in {None, *SPEAKERS, *PARTICIPANTS}
