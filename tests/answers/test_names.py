import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.answers.names import resolve_owner
from meetcli.models import Meeting, Turn

SPEAKERS = ["Ana Souza", "João Batista de Lima", "Bruno", "Mr. Garnett Genuis (Sherwood Park, CPC)", "The Chair", "Speaker 1", "Speaker 10"]
MEETING = Meeting("", tuple(Turn(name, "hello", 0) for name in SPEAKERS))
PARTICIPANTS = ["Carla Dias", "Bruno Rocha", "ana souza", "Marta Reis", "Marta Pinto"]


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
    ],
)
def test_a_name_that_means_one_person_is_resolved(owner: str, name: str):
    assert resolve_owner(owner, MEETING, PARTICIPANTS) == name


NOBODY = ["", "  ", "-", "I", "me", "We", "eu", "Nós", "a gente", "the team", "equipe da Ana", "Ana's team", "everyone", "TBD"]
UNCLEAR = ["Ana and Bruno", "Ana e Bruno", "Ana/Bruno", "Ana ou Carla", "Ana Lima", "Marta", "Speaker", "Zeferino", "A.", "S", "de"]


@pytest.mark.parametrize("owner", [None, *NOBODY, *UNCLEAR])
def test_pronouns_groups_strangers_and_unclear_names_are_nobody(owner: str | None):
    assert resolve_owner(owner, MEETING, PARTICIPANTS) is None


def test_a_name_shared_with_a_silent_participant_is_unclear():
    assert resolve_owner("Ana", MEETING, ["Ana Lima"]) is None
    assert resolve_owner("Ana", MEETING, ["Ana S. Souza"]) == "Ana Souza"


def test_a_speaker_may_be_called_what_is_nobody_elsewhere():
    assert resolve_owner("team", Meeting("", (Turn("Team", "hi", 0),))) == "Team"


@given(st.text(max_size=30))
def test_any_owner_is_one_of_those_present_or_nobody(owner: str):
    assert resolve_owner(owner, MEETING, PARTICIPANTS) in {None, *SPEAKERS, *PARTICIPANTS}
