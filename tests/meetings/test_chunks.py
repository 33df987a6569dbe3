"""Where a long meeting is cut: every turn is in some chunk, and an edit moves few of them."""

import hashlib
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetcli.meetings.chunks import split
from meetcli.meetings.normalize import normalize
from tests.corridor import explicit
from tests.long_speech import HOURS, TURNS_AN_HOUR, WINDOW, WORDS, meeting_of, six_hours, text_of


def starts_of(anchors):
    return {anchor.partition(":")[0] for anchor in anchors}


def test_every_turn_is_in_some_chunk_and_every_chunk_fits():
    meeting = meeting_of(six_hours())
    chunks = split(meeting, 2_000, WINDOW.count)
    covered = {turn for chunk in chunks for turn in range(chunk.first_turn, chunk.last_turn + 1)}
    assert covered == set(range(1, len(meeting.turns) + 1))
    assert max(WINDOW.count(chunk.meeting.transcript) for chunk in chunks) <= 2_000
    words = Counter(word for chunk in chunks for word in chunk.meeting.transcript.split())
    assert not Counter(meeting.transcript.split()) - words
    for chunk in chunks:
        for turn in chunk.meeting.turns:
            assert chunk.meeting.transcript[turn.offset :].startswith(turn.text)


def test_a_chunk_begins_with_what_was_said_just_before():
    chunks = split(meeting_of(six_hours()), 2_000, WINDOW.count)
    overlapping = sum(later.first_turn <= earlier.last_turn for earlier, later in pairwise(chunks))
    assert overlapping >= len(chunks) - 2


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(["Ana", "Rui"]), st.text("ab c.", min_size=1, max_size=900)), min_size=1, max_size=30
    ),
    st.integers(40, 400),
)
def test_no_word_is_lost_however_a_meeting_is_cut(turns, most):
    meeting = meeting_of([(speaker, f"x{said}") for speaker, said in turns])
    chunks = split(meeting, most, WINDOW.count)
    letters = Counter("".join(chunk.meeting.transcript for chunk in chunks))
    missing = Counter(meeting.transcript) - letters
    assert not {letter for letter in missing if not letter.isspace()}
    assert [chunk.last_turn for chunk in chunks] == sorted(chunk.last_turn for chunk in chunks)


def test_a_meeting_without_speakers_is_cut_at_sentences():
    meeting = normalize(explicit(" ".join(f"This is sentence {number} of it." for number in range(2_000))))
    chunks = split(meeting, 500, WINDOW.count)
    assert len(chunks) > 10
    assert all(chunk.meeting.transcript.rstrip().endswith(".") for chunk in chunks)


def test_an_edit_moves_only_its_neighbors_even_where_no_earlier_cut_is_known():
    turns = six_hours()
    before = {chunk.meeting.transcript for chunk in split(meeting_of(turns), 2_000, WINDOW.count)}
    new = []
    for place in range(50, len(turns), 200):
        edited = [*turns[:place], ("Ana", "Let me correct that: it is another thing."), *turns[place + 1 :]]
        after = {chunk.meeting.transcript for chunk in split(meeting_of(edited), 2_000, WINDOW.count)}
        new.append(len(after - before))
    assert sorted(new)[len(new) // 2] <= 3
    assert max(new) < len(before) / 2


def test_where_an_earlier_cut_is_known_no_edit_of_an_opening_turn_moves_more_than_three_chunks():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    anchors, before = [chunk.anchor for chunk in chunks], {chunk.meeting.transcript for chunk in chunks}
    lines = text_of(turns).splitlines()
    opening = [
        place
        for place, line in enumerate(lines)
        if hashlib.sha256(line.encode()).hexdigest()[:32] in starts_of(anchors)
    ]
    assert len(opening) > 30
    for place in opening[::8]:
        speaker, said = turns[place]
        for new in (
            [(speaker, f"{said} And one more thing.")],
            [],
            [("Ana", "Another matter altogether."), turns[place]],
        ):
            after = split(meeting_of([*turns[:place], *new, *turns[place + 1 :]]), 2_000, WINDOW.count, anchors)
            assert sum(chunk.meeting.transcript not in before for chunk in after) <= 3, place


def test_a_start_that_is_said_again_elsewhere_is_still_one():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    anchors, before = [chunk.anchor for chunk in chunks], {chunk.meeting.transcript for chunk in chunks}
    lines = text_of(turns).splitlines()
    opening = [
        place
        for place, line in enumerate(lines)
        if hashlib.sha256(line.encode()).hexdigest()[:32] in starts_of(anchors)
    ]
    for place in opening[::4]:
        far = (place + len(turns) // 2) % len(turns)
        after = split(meeting_of([*turns[:far], turns[place], *turns[far:]]), 2_000, WINDOW.count, anchors)
        assert sum(chunk.meeting.transcript not in before for chunk in after) <= 2, place


def in_circles(seed=5):
    """Return the turns of a meeting in which everything is said again and again, so that no turn tells where it
    stands.
    """
    chance = random.Random(seed)
    said = [f"{' '.join(chance.choices(WORDS, k=chance.randint(10, 40)))}." for _ in range(20)]
    return [(("Ana", "Rui", "Zoë")[number % 3], said[number % 20]) for number in range(HOURS * TURNS_AN_HOUR)]


def in_one_breath(seed=7):
    """Return the one turn of a meeting, written down without punctuation."""
    return [("Ana", " ".join(random.Random(seed).choices([*WORDS, "and", "we", "then", "of", "to", "in"], k=20_000)))]


EDITS = ("change", "lengthen", "shorten", "take out", "put in", "copy", "copy what opens a chunk")


def edited(turns, edit, chance, opening, most):
    """Return the turns with one edit in a random place, by preference near the start of a chunk; none adds more than
    3/4 of a limit.
    """
    place = (
        chance.choice([*chance.choices(opening, k=2), chance.randrange(len(turns))])
        if opening
        else chance.randrange(len(turns))
    )
    place = min(max(0, place + chance.choice([0, 0, -1, 1])), len(turns) - 1)
    speaker, said = turns[place]
    words, more = said.split(), " ".join(chance.choices(WORDS, k=chance.randint(1, most * 3 // 4 * 4 // 7)))
    at = chance.choice([0, len(words), chance.randrange(len(words))])
    match edit:
        case "change":
            new = [(speaker, " ".join([*words[:at], "indeed", *words[at + 1 :]]))]
        case "lengthen":
            new = [(speaker, " ".join([*words[:at], more, *words[at:]]))]
        case "shorten":
            new = [(speaker, " ".join(words[min(at, most) // 2 :]))]
        case "take out":
            new = []
        case "put in":
            new = [turns[place], ("Zoë", chance.choice(["Yes.", more]))]
        case _:
            copied = turns[chance.choice(opening)] if "opens" in edit and opening else turns[place]
            turns, place = list(turns), chance.randrange(len(turns))
            new = [copied, turns[place]]
    return [*turns[:place], *new, *turns[place + 1 :]]


@pytest.mark.parametrize("most", [500, 2_000, 8_000])
@pytest.mark.parametrize(("told", "edits"), [(six_hours, EDITS), (in_circles, EDITS), (in_one_breath, EDITS[:3])])
def test_no_edit_of_a_turn_makes_more_than_three_new_chunks(told, edits, most):
    turns, chance = told(), random.Random(most)
    chunks = split(meeting_of(turns), most, WINDOW.count)
    anchors, before = [chunk.anchor for chunk in chunks], {chunk.meeting.transcript for chunk in chunks}
    openings = starts_of(anchors)
    opening = [
        at
        for at, line in enumerate(text_of(turns).splitlines())
        if hashlib.sha256(line.encode()).hexdigest()[:32] in openings
    ]
    for edit in edits:
        for _ in range(4):
            meeting = meeting_of(edited(turns, edit, chance, opening, most))
            after = split(meeting, most, WINDOW.count, anchors)
            assert sum(chunk.meeting.transcript not in before for chunk in after) <= 3, edit
            assert max(WINDOW.count(chunk.meeting.transcript) for chunk in after) <= most
            covered = {turn for chunk in after for turn in range(chunk.first_turn, chunk.last_turn + 1)}
            assert covered == set(range(1, len(meeting.turns) + 1))
            undone = split(meeting_of(turns), most, WINDOW.count, [chunk.anchor for chunk in after])
            assert sum(chunk.meeting.transcript not in before for chunk in undone) <= 3, edit


def test_a_hundred_edits_leave_no_more_and_no_larger_chunks_than_a_new_cut():
    turns, chance, most = six_hours(), random.Random(4), 2_000
    known = [chunk.anchor for chunk in split(meeting_of(turns), most, WINDOW.count)]
    bought: set[str] = set()
    for number in range(100):
        turns = edited(turns, EDITS[number % len(EDITS)], chance, [], most // 8)
        chunks = split(meeting_of(turns), most, WINDOW.count, known)
        assert number == 0 or sum(chunk.meeting.transcript not in bought for chunk in chunks) <= 3
        bought |= {chunk.meeting.transcript for chunk in chunks}
        known = [chunk.anchor for chunk in chunks]
    assert max(WINDOW.count(chunk.meeting.transcript) for chunk in chunks) <= most
    assert len(chunks) <= len(split(meeting_of(turns), most, WINDOW.count)) * 1.1


def test_a_stretch_that_moves_takes_no_chunk_with_it_that_it_passes():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    before = {chunk.meeting.transcript for chunk in chunks}
    moved = [*turns[:500], *turns[700:2_000], *turns[500:700], *turns[2_000:]]
    after = split(meeting_of(moved), 2_000, WINDOW.count, [chunk.anchor for chunk in chunks])
    assert sum(chunk.meeting.transcript not in before for chunk in after) <= 9


def test_what_an_earlier_version_knew_of_a_cut_or_a_stranger_wrote_there_is_no_obstacle():
    turns = six_hours()
    chunks = split(meeting_of(turns), 2_000, WINDOW.count)
    before = {chunk.meeting.transcript for chunk in chunks}
    after = split(
        meeting_of([("Ana", "Wait."), *turns]),
        2_000,
        WINDOW.count,
        [chunk.anchor.partition(":")[0] for chunk in chunks],
    )
    assert sum(chunk.meeting.transcript not in before for chunk in after) <= 3
    for known in (
        ["x"],
        ["", ":"],
        [chunks[0].anchor[:-1]],
        ["0" * 32 + ":999999999:" + "0" * 32],
        [chunks[3].anchor, chunks[1].anchor] * 9,
    ):
        assert {chunk.last_turn for chunk in split(meeting_of(turns), 2_000, WINDOW.count, known)} >= {len(turns)}
