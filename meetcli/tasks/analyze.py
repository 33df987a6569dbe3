"""The task `analyze`: sentiment and risks. Instructions, answer model and version side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meetcli.models import Task
from meetcli.tasks.wording import COMMON

if TYPE_CHECKING:
    from meetcli.tasks.answer_models import AnalyzeAnswer


def _load_answer_model() -> type[AnalyzeAnswer]:
    from meetcli.tasks.answer_models import AnalyzeAnswer

    return AnalyzeAnswer


ANALYZE = Task(
    name="analyze",
    version="1",
    instructions=f"""Judge the sentiment of this meeting and the risks it shows.
{COMMON}
- `sentiment_score`: the sentiment of the meeting as a whole, from 0 to 1: 0 is hostile or desperate, 0.5 neutral or evenly mixed, 1 enthusiastic. Politeness alone is neutral. Where a customer is known, it is the customer's sentiment that counts most.
- `risks`: what threatens the relationship, the business or the people, as a complaint, a missed commitment, a compliance problem or an intention to leave; `severity` is `high` where harm is likely and near, `medium` where it is possible, `low` where it is a hint.
- `speakers`: everybody who says more than a greeting, with `name` as in the transcript and the score of what they say.
- `timeline`: one score for each numbered part of the transcript, in order; `part` is its number.""",
    schema_sha256="cc97f2ea6bc504ea864b59259d4acafc3a96751a07c736819a25f5350106df64",
    temperature=0.2,
    load_answer_model=_load_answer_model,
)
