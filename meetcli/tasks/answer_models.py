"""What the model is asked to return, as pydantic models.

Imported only when a call is really made: building them is slow.

Lists and numbers are bounded from above, because small local models otherwise repeat an item until the output cap.
Strings are not: strict schemas know no `maxLength`. Every item that makes a claim asks for a verbatim `quote`; places,
dates, labels and statistics are code's and are not asked for.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Asked(BaseModel):
    """Every field is required and no other is taken, as strict schemas demand."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KeyPoint(_Asked):
    text: Text
    quote: Text | None


class Decision(_Asked):
    text: Text
    rationale: Text | None
    quote: Text | None


class ActionItem(_Asked):
    description: Text
    owner: Text | None
    due_text: Text | None
    status: Literal["agreed", "tentative"]
    quote: Text | None


class OpenQuestion(_Asked):
    text: Text
    quote: Text | None


class Participant(_Asked):
    name: Text
    role: Text | None
    side: Text | None


class Risk(_Asked):
    text: Text
    severity: Literal["low", "medium", "high"]
    quote: Text | None


class SpeakerSentiment(_Asked):
    name: Text
    sentiment_score: Score
    quote: Text | None


class StretchSentiment(_Asked):
    part: Annotated[int, Field(ge=1, le=8)]
    sentiment_score: Score
    quote: Text | None


class _Head(_Asked):
    """What both tasks ask for. The three names are taken only where the meeting's own metadata is silent."""

    language: Text
    customer_name: Text | None
    banker_name: Text | None
    meet_type: Text | None
    summary: Text
    key_points: Annotated[list[KeyPoint], Field(max_length=12)]
    action_items: Annotated[list[ActionItem], Field(max_length=40)]


class ExtractAnswer(_Head):
    """The answer to `extract`."""

    topics: Annotated[list[Text], Field(max_length=8)]
    decisions: Annotated[list[Decision], Field(max_length=30)]
    open_questions: Annotated[list[OpenQuestion], Field(max_length=30)]
    participants: Annotated[list[Participant], Field(max_length=60)]


class SummaryAnswer(_Asked):
    """The answer to the call that follows the chunks of a long meeting."""

    language: Text
    summary: Text


class AnalyzeAnswer(_Head):
    """The answer to `analyze`. `timeline` scores the numbered parts that the transcript is marked with."""

    sentiment_score: Score
    risks: Annotated[list[Risk], Field(max_length=20)]
    speakers: Annotated[list[SpeakerSentiment], Field(max_length=60)]
    timeline: Annotated[list[StretchSentiment], Field(max_length=8)]
