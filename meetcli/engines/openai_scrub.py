"""Engines room: what a server said, fit to be shown: numbers and the words that APIs use, nothing else. Pure.

A refusal may quote the key, the prompt or a word of the transcript. Whatever is in no dictionary of API language is
left out, and so is what stands in the request as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MOST_SHOWN: Final = 160  # characters, without -v
QUOTED_WORDS: Final = 3
GAP: Final = "…"
WORDS: Final = frozenset(
    """
    a above accept accepted access account add additional additionalproperties after against all allowed already
    alternate alternating an and any api apologies are argument arguments array as assistant at auth authentication
    authorization available backend bad balance base be because been before below between billing blocked body
    boolean both bounds budget but by call called can cannot cap capacity cause causes change characters chat check
    choose code compile completion completions conflict constraint constraints contains content context conversion
    cost could count create credential credentials credit credits current daily data day days decommissioned default
    defined deployment deprecated description detail details did different disabled do doc docs document
    documentation documents does done due each either empty enable enable_thinking enabled endpoint engine enough
    enum error errors exceed exceeded exceeds exclusive exclusivemaximum exclusiveminimum exhausted exist exists
    expected expired extra fail failed fails failure false feature features field fields file filter filtered finish
    first flex for forbidden format found free from function functions generate generated generation given go
    grammar greater group had has have head header headers higher hour hours how however http https id ids if image
    images immediately in inclusive incorrect increase inference inner input inputs instance insufficient integer
    internal into invalid invalidated is it items json json_object json_schema jsonschema keep key keys kind known
    large larger later layer least length less limit limited limits list load loaded location long longer look loop
    lots low lower made making many match max max_completion_tokens max_model_len max_new_tokens max_tokens maximum
    maxitems maxlength may message messages method metric min minimum minitems minlength minute minutes missing
    model models moderation month monthly more most multiple must n_ctx name names need needed network new no non
    none not null num_ctx number object of off on one only openai operation option or order organization other out
    output over overflow overflows overloaded parameter parameters parse part parts pass passed pattern payload
    payment per permission permissions place plan plans please policy project prompt prompts properties property
    provide provided provider purchase quota raise range rate reach reached read reasoning receive received reduce
    refused regex region reject rejected remaining remove request requested requests require required requires
    resend reset resource resources response response_format retry returned role roles root run safety same schema
    schemas second seconds see seed send sent server service service_tier serving set shorter should size small so
    some specified spending states status stop stream streaming strict string strings structured such support
    supported supports system system_fingerprint team temperature text than that the their then there thinking this
    tier time timed timeout to token tokens too tool tool_choice tools top top_p total true try trying type types
    typical unable unauthorized unavailable unexpected unknown unlock unrecognized unsupported unterminated up
    upgrade upload upstream url usage use used user uses using valid validate validation value values version via
    view wait was way were when which while window with within without wrong xgrammar yaml yet you your zero zone
    """.split()  # noqa: SIM905  # read as a list of words
)
"""Words of error messages, parameters and JSON Schema, as vendors' documents have them."""
NUMBER: Final = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,8}(?:\.\d{1,3})?")
MARKS: Final = frozenset({".", ",", ":", ";", "(", ")", ">", "<", "=", ">=", "<=", "/", "-", "+", "[", "]", "?"})


def scrubbed(said: str, sent: str = "", most: int | None = MOST_SHOWN) -> str:
    """Return what a server said without anything that may be a key or of a transcript; at most `most` characters.

    `sent` is what it was sent: a stretch of words, or a long number, that stands there too is left out. Empty where too
    little is left to be of use.
    """
    shown, known = "", 0
    for word in _words(said, " ".join(sent.lower().split())):
        if word == GAP and shown.endswith(GAP):
            continue
        is_joined = not shown or word in {".", ",", ":", ";", ")", "]", "?"} or shown.endswith(("(", "["))
        longer = shown + word if is_joined else f"{shown} {word}"
        if most is not None and len(longer) > most:
            shown += GAP
            break
        shown, known = longer, known + (word.lower() in WORDS)
    return shown.strip(f" {GAP}.,:;") if known >= 3 else ""


def _words(said: str, sent: str) -> Iterator[str]:
    """Yield what may be shown, and a gap for what may not."""
    chunks = said.split()
    quoted = _quoted(chunks, sent)
    for place, chunk in enumerate(chunks):
        if place in quoted:
            yield GAP
            continue
        word = chunk.strip("`'\"*.,:;()[]{}!?<>=")
        is_plain = bool(word) and all(part.lower() in WORDS for part in re.split(r"[-/.]", word) if part)
        if is_plain or NUMBER.fullmatch(word) or chunk in MARKS:
            shown = chunk.strip("`'\"*{}!")
            yield shown if all(mark in ".,:;()[]<>=?" for mark in shown.replace(word, "")) else word
        else:
            yield GAP


def _quoted(chunks: list[str], sent: str) -> set[int]:
    """Return the places of words that a server may have quoted from what it was sent."""
    if not sent:
        return set()
    lower = [chunk.lower() for chunk in chunks]
    ends = range(len(lower) - QUOTED_WORDS + 1)
    starts = [place for place in ends if " ".join(lower[place : place + QUOTED_WORDS]) in sent]
    found = {place + step for place in starts for step in range(QUOTED_WORDS)}
    numbers = (re.sub(r"\D", "", chunk) for chunk in lower)
    return found | {place for place, number in enumerate(numbers) if len(number) > 4 and number in sent}
