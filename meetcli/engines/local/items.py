"""Local engine: action items, decisions, open questions and risks, each a sentence that carries its cue.

Never a conclusion of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from meetcli.engines.local.cues import ActionCue, Cues
from meetcli.engines.local.sentences import Sentence

# Below the answer's bounds on purpose: a page of weak guesses is worth less than the strongest of them.
MAX_ACTION_ITEMS = 15
MAX_DECISIONS = 10
MAX_OPEN_QUESTIONS = 8
MAX_RISKS = 10
_MIN_WORDS = 4
_MIN_TASK_WORDS = 2
_LONGEST_INITIAL = 2  # of a name, as `J.`
_MAX_DESCRIPTION_WORDS = 30

Item = dict[str, Any]


def find_action_items(sentences: Sequence[Sentence], cues: Cues) -> list[Item]:
    """Return action items in order of speech.

    Where there are too many, those with a due phrase, then the agreed ones, stay.
    """
    names = _names(sentences)
    found: dict[str, Item] = {}
    for sentence, answer in zip(sentences, _answers(sentences), strict=True):
        item = _action_item(sentence, answer, cues, names)
        if item:
            found.setdefault(item["description"].casefold(), item)
    items = list(found.values())
    strongest = sorted(items, key=lambda item: (item["due_text"] is None, item["status"] != "agreed"))[
        :MAX_ACTION_ITEMS
    ]
    return [item for item in items if item in strongest]


def find_decisions(sentences: Sequence[Sentence], cues: Cues) -> list[Item]:
    """Return what was said to be decided, with the reason given in the same sentence."""
    found = []
    for sentence in sentences:
        cue = cues.decision.search(sentence.text)
        if (
            not cue
            or len(sentence.words) < _MIN_WORDS
            or sentence.text.endswith("?")
            or cues.not_yet.search(sentence.text[: cue.end()])
        ):
            continue
        rationale = cues.rationale.search(sentence.text, cue.end())
        reason = _prose(rationale[0]) if rationale else None
        found.append({"text": _prose(sentence.text), "rationale": reason, "quote": sentence.quote})
    return _unique(found)[:MAX_DECISIONS]


def find_open_questions(sentences: Sequence[Sentence], cues: Cues) -> list[Item]:
    """Return what was said to be open, and questions that the next speaker could not answer."""
    found = []
    for sentence, answer in zip(sentences, _answers(sentences), strict=True):
        is_unanswered = sentence.text.endswith("?") and answer is not None and cues.no_answer.match(answer.text)
        is_answer = cues.no_answer.match(sentence.text)  # the question before it is the open one
        if len(sentence.words) > _MIN_WORDS and (
            is_unanswered or (cues.open_question.search(sentence.text) and not is_answer)
        ):
            found.append({"text": _prose(sentence.text), "quote": sentence.quote})
    return _unique(found)[:MAX_OPEN_QUESTIONS]


def find_risks(sentences: Sequence[Sentence], cues: Cues) -> list[Item]:
    """Return sentences that name a risk, the most severe first."""
    found: list[Item] = []
    for sentence in sentences:
        if len(sentence.words) < _MIN_WORDS or cues.no_risk.search(sentence.text):
            continue
        severity = next((severity for severity, cue in cues.risks if cue.search(sentence.text)), None)
        if severity:
            found.append({"text": _prose(sentence.text), "severity": severity, "quote": sentence.quote})
    order = [severity for severity, _ in cues.risks]
    return sorted(_unique(found), key=lambda risk: order.index(risk["severity"]))[:MAX_RISKS]


def _action_item(sentence: Sentence, answer: Sentence | None, cues: Cues, names: dict[str, str]) -> Item | None:
    for cue in cues.actions:
        match = cue.pattern.search(sentence.text)
        if not match or len(match["what"].split()) < _MIN_TASK_WORDS:
            continue
        # "What do I send?" promises nothing.
        if cue.who == "speaker" and sentence.text.endswith("?"):
            continue
        if cue.who == "named" and match["name"] not in names:
            continue
        is_accepted = cue.who == "addressee" and answer is not None and cues.acceptance.match(answer.text) is not None
        is_doubtful = cues.doubt.search(sentence.text[: match.start("what")]) or cues.condition.search(sentence.text)
        due = cues.due.search(sentence.text)
        return {
            "description": _describe(match["what"], names),
            "owner": _owner(cue, match, sentence, answer if is_accepted else None, names),
            "due_text": due[0] if due else None,
            "status": "agreed" if is_accepted or (cue.is_firm and not is_doubtful) else "tentative",
            "quote": sentence.quote,
        }
    return None


def _describe(what: str, names: dict[str, str]) -> str:
    """Return what is to be done, without the name it is asked of at the end, at most 30 words."""
    task, comma, called = what.rstrip(" .!?").rpartition(",")
    words = (task if comma and called.strip() in names else task + comma + called).split()
    return _prose(" ".join(words[:_MAX_DESCRIPTION_WORDS]) + ("…" if len(words) > _MAX_DESCRIPTION_WORDS else ""))


def _owner(
    cue: ActionCue, match: re.Match[str], sentence: Sentence, accepted: Sentence | None, names: dict[str, str]
) -> str | None:
    if cue.who == "speaker":
        return sentence.speaker
    if cue.who == "named":
        return names[match["name"]]
    if cue.who == "addressee":
        # "Ana, can you ...?" and "can you ..., Ana?" name the addressee; a name in between is what the request is
        # about.
        around = [*sentence.text[: match.start()].split(), *match["what"].split()[-1:]]
        called = [
            names[word]
            for word in (word.strip(".,;:!?") for word in around)
            if word in names and names[word] != sentence.speaker
        ]
        return called[0] if called else accepted.speaker if accepted else None
    return None


def _names(sentences: Sequence[Sentence]) -> dict[str, str]:
    """Return the words that name exactly one speaker, as `Ana` for Ana Souza."""
    speakers = dict.fromkeys(sentence.speaker for sentence in sentences if sentence.speaker)
    holders = Counter(word for speaker in speakers for word in set(speaker.split()))
    words = [(word, speaker) for speaker in speakers for word in speaker.split()]
    return {
        word: speaker
        for word, speaker in words
        if holders[word] == 1 and len(word) > _LONGEST_INITIAL and word[0].isupper()
    }


def _answers(sentences: Sequence[Sentence]) -> list[Sentence | None]:
    """Return for each sentence the first one of the next turn, or None where the same speaker goes on or nobody
    does.
    """
    answers: list[Sentence | None] = []
    following: Sentence | None = None
    for sentence, after in zip(reversed(sentences), [None, *reversed(sentences)], strict=False):
        if after is not None and after.turn != sentence.turn:
            following = after
        is_answer = (
            following is not None and following.turn == sentence.turn + 1 and following.speaker != sentence.speaker
        )
        answers.append(following if is_answer else None)
    return answers[::-1]


def _prose(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unique(items: list[Item]) -> list[Item]:
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(item["text"].casefold(), item)
    return list(first.values())
