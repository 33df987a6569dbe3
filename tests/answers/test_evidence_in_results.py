"""The whole way of a quote: a scripted model mixes true, rewritten and invented ones, and the results say which is
which.
"""

import json
import random
from pathlib import Path

import pytest

from meetcli.answers.evidence import Evidence
from meetcli.answers.folding import fold_all
from meetcli.models import Status
from tests.answers.quote_variants import FILLERS, invented_variants, is_right, true_variants
from tests.conftest import PROJECT, SHARED_DATA
from tests.corridor import World, answered, explicit, extract_answer

TRANSCRIPTS = SHARED_DATA / "transcripts"
PORTUGUESE = (
    Path(__file__).with_name("meeting_pt.txt"),
    *(
        PROJECT / "samples" / "meetings" / "2026-q3" / name
        for name in ("cafe-serra-clara.json", "cooperativa-vale-do-ipe.json")
    ),
)
NEGATIONS = {"not", "no", "never", "não", "nem", "nunca"}
LISTS = {"key_points": 12, "decisions": 30, "open_questions": 30, "action_items": 40}


class Forger:
    """Answers to `extract` with as many quotes as fit; remembers of each, by the text of its item, whether it is true
    and where.
    """

    def __init__(self, fillers=FILLERS) -> None:
        self.fillers = fillers
        self.draw = random.Random(11)
        self.known: dict[str, tuple[int | None, list[str]]] = {}
        self.quotes: dict[str, str] = {}

    def __call__(self, request):
        items = self.items(request.meeting)
        answer = extract_answer(summary="They met and spoke. " * 30, language="en")
        for name, most in LISTS.items():
            field = {"description" if name == "action_items" else "text": ""}
            answer[name] = [self.dressed(name, *items.pop(), field) for _ in range(min(most, len(items)))]
        return answered(answer)

    def items(self, meeting):
        everything = fold_all(meeting.transcript)
        spoken = [number for number, turn in enumerate(meeting.turns, 1) if len(turn.text.split()) >= 8]
        made: list[tuple[str, int | None, list[str]]] = []
        while len(made) < sum(LISTS.values()):
            number = self.draw.choice(spoken)
            words = meeting.turns[number - 1].text.split()
            begin = self.draw.randrange(len(words) - 7)
            if begin and words[begin - 1].lower() in NEGATIONS:  # such a quote says the opposite of what was said
                continue
            words = words[begin : begin + self.draw.randrange(8, 26)]
            true = self.draw.sample(true_variants(words, self.draw, self.fillers), 3)
            made += [(quote, number, words) for quote in true if any(letter.isalnum() for letter in quote)]
            false = [quote for quote in invented_variants(words, self.draw) if fold_all(quote) not in everything]
            made += [(quote, None, words) for quote in self.draw.sample(false, min(3, len(false)))]
        self.draw.shuffle(made)
        return made

    def dressed(self, name, quote, number, words, field):
        text = f"item {len(self.known)}"
        self.known[text], self.quotes[text] = (number, words), quote
        rest = {"decisions": {"rationale": None}, "action_items": {"owner": None, "due_text": None, "status": "agreed"}}
        return {**dict.fromkeys(field, text), **rest.get(name, {}), "quote": quote}


def judge(world, forger):
    """Return how many true quotes there were, how many are at their turn, and the invented ones that were accepted."""
    tried, found, accepted = 0, 0, []
    for name, text in world.results.items():
        meeting = world.meetings[name]
        result = json.loads(text)
        for item in (item for field in LISTS for item in result[field]):
            label = item.get("text") or item["description"]
            number, words = forger.known[label]
            evidence = item["evidence"]
            assert (evidence is None) == (item.get("unsupported") is True)
            if evidence:
                assert meeting.transcript[evidence["offset"] :].startswith(evidence["quote"])
            if number is None:
                accepted += [forger.quotes[label]] if evidence else []
            else:
                tried += 1
                found += evidence is not None and is_right(Evidence(**evidence), number, words, meeting)
    return tried, found, accepted


def said_in(path):
    text = path.read_text(encoding="utf-8").rstrip()
    mapping = {"transcript": text} if path.suffix == ".txt" else json.loads(text)
    return mapping.get("transcript") or mapping["meet_transcription"]


def forged(tmp_path, mappings, forger):
    """Run `extract` over meetings, by file name, with a forger for a model."""
    world = World(tmp_path)
    world.language = "en"  # whatever they speak: this is about quotes
    world.meetings = {}
    for name, mapping in mappings.items():
        world.put(name, mapping)

    def script(request):
        world.meetings[f"{request.meeting.meeting_id}.json"] = request.meeting
        return forger(request)

    world.engine.script = script
    world.run()
    assert {outcome.status for outcome in world.outcomes.values()} == {Status.MISS}
    return judge(world, forger)


@pytest.mark.shared
@pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="needs the reference data beside the project")
def test_reference_meetings_carry_true_quotes_at_their_turn_and_no_invented_one(tmp_path):
    meetings = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(TRANSCRIPTS.rglob("*.json"))]
    assert len(meetings) == 43
    tried, found, accepted = forged(
        tmp_path, {f"{meeting['metadata']['meeting_id']}.json": meeting for meeting in meetings}, Forger()
    )
    assert tried > 2_000
    assert found >= 0.99 * tried
    assert accepted == []


def test_portuguese_meetings_carry_true_quotes_at_their_turn_and_no_invented_one(tmp_path):
    transcripts = [said_in(path) for path in PORTUGUESE]
    tried, found, accepted = forged(
        tmp_path,
        {f"{number}.json": explicit(text, meeting_id=str(number)) for number, text in enumerate(transcripts)},
        Forger(FILLERS - {"um"}),
    )  # "um" is a number there
    assert tried > 150
    assert found >= 0.99 * tried
    assert accepted == []
