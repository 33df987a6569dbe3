"""How good the local engine is: `python -m tests.bench.evaluate_local` holds it against people's summaries and labels,
for README.

Needs the reference data beside the project and the extras `local` and `dev`. Its constants were chosen while looking at
these very figures, so they are those of a fitted baseline.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

from meetcli.engines.local.minutes import write_analyze, write_extract
from meetcli.engines.local.sentences import split_sentences
from meetcli.models import Meeting, Turn

PROJECT = Path(__file__).resolve().parents[2]
SHARED_DATA = PROJECT.parent / "shared" / "data"
PORTUGUESE = PROJECT / "tests" / "data" / "portuguese_sentiment.jsonl"
WORDS = 150
SEEDS = 5
UNNAMED = "somebody"
LABELS = ("positive", "neutral", "negative")

Pair = tuple[str, str]
"""The label people gave and the engine's."""


def as_meeting(turns: Iterable[tuple[str, str]]) -> Meeting:
    """Build a meeting of (speaker, text), as the rooms before the engine would."""
    transcript, made = "", []
    for speaker, text in turns:
        made.append(Turn(speaker, text, len(transcript) + len(speaker) + 2))
        transcript += f"{speaker}: {text}\n"
    return Meeting(transcript, tuple(made), stretches=((1, len(made)),))


def read_transcript(path: Path) -> Meeting:
    lines = json.loads(path.read_text(encoding="utf-8"))["transcript"].split("\n")
    return as_meeting((speaker, text) for speaker, _, text in (line.partition(": ") for line in lines))


def evaluate_summaries(shared_data: Path, *, has_oracle: bool) -> dict[str, tuple[float, float]]:
    """Return ROUGE-1 and ROUGE-L F1 in percent of `local`, its rivals `lead` and `random`, and an oracle: means of the
    gold meetings.

    The oracle takes longer than all the others.
    """
    scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=True)
    scores: dict[str, list[tuple[float, float]]] = {"local": [], "lead": [], "random": []}
    if has_oracle:
        scores["oracle"] = []
    for gold in sorted((shared_data / "gold").glob("*/*.json")):
        reference = json.loads(gold.read_text(encoding="utf-8"))["general_query_list"][0]["answer"]
        meeting = read_transcript(shared_data / "transcripts" / gold.parent.name / gold.name)
        # The rivals get the cleaned text too: tags and fillers would only cost them.
        sentences = [sentence.text for sentence in split_sentences(meeting, "en")]
        candidates = {"local": [json.loads(write_extract(meeting))["summary"]], "lead": [first_words(sentences)]}
        candidates["random"] = [first_words(in_random_order(sentences, seed)) for seed in range(SEEDS)]
        if has_oracle:
            candidates["oracle"] = [best_words(sentences, reference, scorer)]
        for name, texts in candidates.items():
            found = [scorer.score(reference, text) for text in texts]
            scores[name].append((mean_f1(found, "rouge1"), mean_f1(found, "rougeL")))
    return {
        name: (statistics.mean(one for one, _ in rows), statistics.mean(longest for _, longest in rows))
        for name, rows in scores.items()
    }


def mean_f1(found: Sequence[dict], measure: str) -> float:
    return 100 * statistics.mean(score[measure].fmeasure for score in found)


def first_words(sentences: Sequence[str]) -> str:
    return " ".join(" ".join(sentences).split()[:WORDS])


def best_words(sentences: Sequence[str], reference: str, scorer: RougeScorer) -> str:
    """Return what a picker of sentences would pick who has read the summary that people wrote: each time the sentence
    that adds most.

    No extractive summary of so many words is much better, so this is how far the engine is from what its way of working
    can reach.
    """
    wanted = Counter(scorer._tokenizer.tokenize(reference))
    stems = {sentence: Counter(scorer._tokenizer.tokenize(sentence)) for sentence in sentences}
    chosen: list[str] = []
    held: Counter[str] = Counter()
    room = WORDS
    while fitting := [sentence for sentence in stems if 0 < len(sentence.split()) <= room]:
        best = max(fitting, key=lambda sentence: f1(wanted, held + stems[sentence]))
        if f1(wanted, held + stems[best]) <= f1(wanted, held):
            break
        chosen.append(best)
        held += stems.pop(best)
        room -= len(best.split())
    return " ".join(sentence for sentence in sentences if sentence in set(chosen))


def f1(wanted: Counter[str], found: Counter[str]) -> float:
    both, all_of_them = (wanted & found).total(), wanted.total() + found.total()
    return 2 * both / all_of_them if all_of_them else 0.0


def in_random_order(sentences: Sequence[str], seed: int) -> list[str]:
    return random.Random(seed).sample(sentences, len(sentences))


def label_of(score: float) -> str:
    """The contract's thresholds."""
    return "positive" if score >= 0.6 else "neutral" if score >= 0.4 else "negative"


def subjectiveqa_pairs(shared_data: Path) -> list[Pair]:
    """Optimism of an earnings-call answer as people rated it, against the score of the speaker who answers."""
    pairs = []
    for dialogue in read_lines(shared_data / "sentiment" / "subjectiveqa.jsonl"):
        scores = speaker_scores(dialogue)
        pairs += [
            (turn["label"], label_of(scores[turn["speaker"] or UNNAMED]))
            for turn in dialogue["turns"]
            if "label" in turn
        ]
    return pairs


def casino_pairs(shared_data: Path) -> list[Pair]:
    """A negotiator's own satisfaction with the outcome, against the score of that speaker."""
    pairs = []
    for dialogue in read_lines(shared_data / "sentiment" / "casino-valid.jsonl"):
        scores = speaker_scores(dialogue)
        pairs += [(given["label"], label_of(scores[name])) for name, given in dialogue["speaker_labels"].items()]
    return pairs


def portuguese_pairs() -> list[Pair]:
    """Our own sentences, each a meeting of one turn."""
    pairs = []
    for line in read_lines(PORTUGUESE):
        answer = json.loads(write_analyze(as_meeting([("Ana", line["text"])])))
        assert answer["language"] == "pt", f"taken for another language: {line['text']}"
        pairs.append((line["label"], label_of(answer["sentiment_score"])))
    return pairs


def speaker_scores(dialogue: dict) -> dict[str, float]:
    meeting = as_meeting((turn["speaker"] or UNNAMED, turn["text"]) for turn in dialogue["turns"])
    return {speaker["name"]: speaker["sentiment_score"] for speaker in json.loads(write_analyze(meeting))["speakers"]}


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def macro_f1(pairs: Sequence[Pair]) -> float:
    """Return the mean F1 of the three labels, a label that nobody gave or found counting 0."""
    scores = []
    for label in LABELS:
        given, found = (sum(pair[side] == label for pair in pairs) for side in (0, 1))
        both = sum(pair == (label, label) for pair in pairs)
        scores.append(2 * both / (given + found) if given + found else 0.0)
    return statistics.mean(scores)


def chance(pairs: Sequence[Pair]) -> float:
    """Return the macro-F1 of the best guesser without eyes: shuffled true labels, a die, or always the most frequent
    label.
    """
    given = [label for label, _ in pairs]
    draw = random.Random(0)
    shuffled = [macro_f1(list(zip(given, draw.sample(given, len(given)), strict=True))) for _ in range(500)]
    uniform = [macro_f1([(label, draw.choice(LABELS)) for label in given]) for _ in range(500)]
    majority = macro_f1([(label, statistics.mode(given)) for label in given])
    return max(statistics.mean(shuffled), statistics.mean(uniform), majority)


def main() -> None:
    """Print both tables as Markdown."""
    if not SHARED_DATA.is_dir():
        sys.exit(f"the reference data is not beside the project ({SHARED_DATA})")
    lines = ["| 24 meetings, 150 words | ROUGE-1 F1 | ROUGE-L F1 |", "|---|---|---|"]
    lines += [
        f"| {name} | {one:.1f} | {longest:.1f} |"
        for name, (one, longest) in evaluate_summaries(SHARED_DATA, has_oracle=True).items()
    ]
    sets = {
        "SubjECTive-QA, optimism of 100 answers": subjectiveqa_pairs(SHARED_DATA),
        "CaSiNo, satisfaction of 60 negotiators": casino_pairs(SHARED_DATA),
        "60 Portuguese sentences of our own": portuguese_pairs(),
    }
    lines += ["", "| sentiment | macro-F1 | chance |", "|---|---|---|"]
    lines += [f"| {name} | {macro_f1(pairs):.2f} | {chance(pairs):.2f} |" for name, pairs in sets.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
