"""Quotes as models give them, true and invented ones, and a meeting to look for them in."""

import random
import re

from meetcli.answers.evidence import Evidence
from meetcli.answers.folding import fold_all
from meetcli.models import Meeting, Turn

FILLERS = {"um", "uh", "yeah", "né", "hum", "tipo", "ahn"}


def read_meeting(text: str) -> Meeting:
    turns, at = [], 0
    for line in text.split("\n"):
        match = re.match(r"([^:\n]{1,80}): ", line)
        if match:
            turns.append(Turn(match[1], line[match.end() :], at + match.end(), start_s=float(len(turns))))
        at += len(line) + 1
    return Meeting(transcript=text, turns=tuple(turns))


def true_variants(words: list[str], draw: random.Random, fillers: frozenset[str] | set[str] = FILLERS) -> list[str]:
    text = " ".join(words)
    cut = draw.randrange(3, len(words) - 3)
    return [
        text,
        text.lower(),
        text.upper(),
        re.sub(r" (?=[.,?!'])|(?<=\w) (?=n't\b)", "", text),
        text.replace(" ", "\n  "),
        text.translate(str.maketrans("aeo", "áêõ")),
        " ".join(word for word in words if word.lower().strip(".,") not in fillers),
        re.sub(r"\{\w+\}|<\w+>", "", text),
        f'"{text}"',
        f"{text}...",
        " ".join(words[:cut]) + " ... " + " ".join(words[cut + 1 :]),
    ]


def is_right(evidence: Evidence, number: int, words: list[str], meeting: Meeting) -> bool:
    """A repeated phrase counts as found where the turn found holds its opening words."""
    opening = fold_all(" ".join(words[:3]))
    return evidence.turn == number or opening in fold_all(meeting.turns[evidence.turn - 1].text)


def invented_variants(words: list[str], draw: random.Random) -> list[str]:
    inner = [place for place in range(1, len(words) - 1) if len(words[place]) > 3 and words[place].isalpha()]
    variants = [
        [*words[:place], swap, *words[place + 1 :]]
        for place in inner[:3]
        for swap in ("Zeferino", "seventeen", "contract")
    ]
    for place in range(1, len(words) - 1):
        neighbors = {words[place - 1].lower(), words[place + 1].lower()}
        if words[place].lower() in {"not", "n't", "never", "não", "nunca", "ninguém"} - neighbors:
            variants.append([*words[:place], *words[place + 1 :]])
        if re.search(r"\d", words[place]):
            digit = draw.randrange(1, 9)
            changed = re.sub(
                r"\d", lambda match, digit=digit: str((int(match.group()) + digit) % 10), words[place], count=1
            )
            variants.append([*words[:place], changed, *words[place + 1 :]])
    place = draw.randrange(2, len(words) - 2)
    return [" ".join(variant) for variant in [*variants, [*words[:place], "not", *words[place:]]]]
