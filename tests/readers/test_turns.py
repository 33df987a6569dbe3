import string
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meetcli.readers.turns import Piece, SpeakerTimes, glued, in_time_order, join, utterances

TIMES = st.none() | st.floats(0, 100, allow_nan=False)
PIECES = st.lists(
    st.builds(
        Piece, st.sampled_from([None, "Ana", "Bob"]), st.text(string.ascii_letters + " .?\n", max_size=30), TIMES, TIMES
    ),
    max_size=30,
)


def words(pieces):
    return [word for piece in pieces for word in piece.text.split()]


@given(PIECES, st.booleans())
def test_joining_loses_doubles_and_moves_no_word_but_by_its_time(pieces, is_split):
    turns = join(pieces, is_split=is_split)
    assert words(turns) == words(in_time_order(pieces))
    assert sorted(words(turns)) == sorted(words(pieces))


@given(PIECES)
def test_no_turn_of_a_known_speaker_follows_one_of_the_same(pieces):
    turns = join(pieces)
    assert all(one.speaker is None or one.speaker != other.speaker for one, other in pairwise(turns))
    assert all(turn.text == " ".join(turn.text.split()) != "" for turn in turns)


@given(PIECES)
def test_every_speaker_keeps_their_words(pieces):
    def by_speaker(some):
        return {
            speaker: sorted(words(piece for piece in some if piece.speaker == speaker))
            for speaker in (None, "Ana", "Bob")
        }

    assert by_speaker(join(pieces)) == by_speaker(pieces)


def test_a_turn_spans_its_pieces():
    pieces = [Piece("Ana", "oi", None, 1), Piece("Ana", "tudo", 2, 9), Piece("Ana", "bem", 3, 4), Piece("Bob", "sim")]
    assert join(pieces) == [Piece("Ana", "oi tudo bem", 2, 9), Piece("Bob", "sim")]


def test_what_has_no_time_stays_behind_what_it_followed():
    pieces = [Piece("A", "1", 5), Piece("B", "2"), Piece("C", "3", 1), Piece("D", "4")]
    assert [piece.text for piece in in_time_order(pieces)] == ["3", "4", "1", "2"]


def test_turns_of_nobody_end_with_a_sentence_a_pause_or_when_they_get_long():
    assert [turn.text for turn in join([Piece(None, text) for text in ("It is", "late.", '"Go!"', "Home")])] == [
        "It is late.",
        '"Go!"',
        "Home",
    ]
    assert len(join([Piece(None, "oi", 0, 1), Piece(None, "oi", 2.9, 3), Piece(None, "oi", 5, 6)])) == 2
    assert len(join([Piece(None, "word " * 50)] * 4)) == 2


def spoken(pieces):
    [(_, mapping)] = utterances(pieces)
    return [(turn["speaker"], turn["text"]) for turn in mapping["turns"]]


@given(PIECES)
def test_no_word_of_an_utterance_is_lost_or_moved_but_by_its_time(pieces):
    assert [word for _, text in spoken(pieces) for word in text.split()] == words(in_time_order(pieces))


def test_utterances_are_turns_where_hardly_anybody_follows_himself():
    talk = [Piece(speaker, "Oi, tudo bem?") for _ in range(8) for speaker in ("Ana", "Bob")]
    assert len(spoken([*talk, Piece("Bob", "Sim.")])) == 17
    assert len(spoken([piece for piece in talk for _ in range(2)])) == 16


def test_utterances_without_punctuation_are_turns_and_words_are_not():
    assert spoken([Piece("Ana", "my name is ana"), Piece("Ana", "i lost my card")]) == [
        ("Ana", "my name is ana"),
        ("Ana", "i lost my card"),
    ]
    assert spoken([Piece("Ana", "my"), Piece("Ana", "name")]) == [("Ana", "my name")]


def test_utterances_of_nobody_are_joined_in_the_midst_of_sentences():
    assert spoken([Piece(None, "It is"), Piece(None, "late."), Piece(None, "Go")]) == [
        (None, "It is late."),
        (None, "Go"),
    ]
    assert spoken([Piece(None, "It is, I say"), Piece(None, "{cough} late."), Piece(None, "Go")]) == [
        (None, "It is, I say"),
        (None, "{cough} late."),
        (None, "Go"),
    ]


def test_marks_are_put_to_the_word_before():
    pieces = [(Piece("A", "oi", 0, 1), False), (Piece(None, ".", None, 2), True), (Piece("B", "bem", 2, 3), False)]
    assert glued(pieces) == [Piece("A", "oi.", 0, 2), Piece("B", "bem", 2, 3)]
    assert glued([(Piece(None, "."), True)]) == [Piece(None, ".")]


def test_who_speaks_is_who_began_last():
    speakers = SpeakerTimes([(5.0, "B"), (0.0, "A"), (None, "C"), (7.0, None)])
    assert [speakers.at(time) for time in (None, -1, 0, 4.9, 5, 7)] == [None, None, "A", "A", "B", None]
