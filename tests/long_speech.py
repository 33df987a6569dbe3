"""A meeting of six hours, as turns and as a transcript."""

import random

from meetcli.meetings.normalize import normalize
from meetcli.money.tokens import Window
from tests.corridor import explicit

WINDOW = Window(8_000, lambda text: len(text) // 4 + 1)
WORDS = [
    *("the", "loan", "rate", "branch", "account", "customer", "payment", "invoice", "risk", "plan"),
    *("report", "cash", "limit", "audit", "tax", "lease", "fund", "offer", "fee", "term", "bank"),
]
HOURS, TURNS_AN_HOUR = 6, 400


def six_hours(seed=1):
    """Return the turns of a meeting, as (speaker, text): long ones, short ones that come again, one monologue."""
    chance = random.Random(seed)
    turns = []
    for number in range(HOURS * TURNS_AN_HOUR):
        if chance.random() < 0.3:
            turns.append((chance.choice(["Ana", "Rui"]), chance.choice(["Yes.", "Okay, okay.", "Mm-hm.", "Right."])))
        else:
            said = " ".join(chance.choices(WORDS, k=chance.randint(8, 40)))
            turns.append((chance.choice(["Ana", "Rui", "Zoë"]), f"In point {number} {said}."))
    turns.insert(
        700,
        (
            "Rui",
            " ".join(f"Sentence {number} of my long speech on the {chance.choice(WORDS)}." for number in range(400)),
        ),
    )
    return turns


def text_of(turns):
    return "\n".join(f"{speaker}: {said}" for speaker, said in turns)


def meeting_of(turns):
    return normalize(explicit(text_of(turns)))
