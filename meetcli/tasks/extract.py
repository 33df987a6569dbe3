"""The task `extract`: minutes. Instructions, answer model and version side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meetcli.models import Task
from meetcli.tasks.wording import COMMON

if TYPE_CHECKING:
    from meetcli.tasks.answer_models import ExtractAnswer


def _load_answer_model() -> type[ExtractAnswer]:
    from meetcli.tasks.answer_models import ExtractAnswer

    return ExtractAnswer


EXTRACT = Task(
    name="extract",
    version="1",
    instructions=f"""Write the minutes of this meeting.
{COMMON}
- `topics`: 2 to 5 short noun phrases, what the meeting was about.
- `decisions`: what was decided, each with the `rationale` that was given, or null. A proposal nobody accepted is no decision.
- `open_questions`: questions the meeting raised and left unanswered.
- `participants`: everybody who speaks, each with `name` as in the transcript, `role` (as "relationship manager") and `side` (as "bank" or "customer") where the transcript or the metadata shows them, else null.""",
    schema_sha256="b5eaca4f1da3cf693be77608e72275189f7a4d74b272cde955c5c373e526376d",
    temperature=0.0,
    load_answer_model=_load_answer_model,
)
