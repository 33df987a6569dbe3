"""The result of the compliance check: a pydantic model, so that rules a JSON Schema cannot say are checked too."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rule = Literal["suitability", "costs", "risks", "promises", "pressure"]


class Finding(BaseModel):
    """What the meeting shows about one rule."""

    model_config = ConfigDict(extra="forbid")

    rule: Rule
    verdict: Literal["kept", "broken", "not_applicable"]
    why: str
    quote: str | None

    @model_validator(mode="after")
    def a_breach_is_proved(self) -> Self:
        """Take no accusation without a passage that proves it."""
        if self.verdict == "broken" and not self.quote:
            raise ValueError("a broken rule needs the quote that proves it")
        return self


class Compliance(BaseModel):
    """One finding a rule, and whether somebody should read the transcript."""

    model_config = ConfigDict(extra="forbid")

    findings: Annotated[list[Finding], Field(min_length=5, max_length=5)]
    needs_review: bool
    summary: str

    @model_validator(mode="after")
    def every_rule_is_judged_once(self) -> Self:
        """Refuse an answer that forgets a rule."""
        if len({finding.rule for finding in self.findings}) != len(self.findings):
            raise ValueError("judge each of the five rules exactly once")
        return self
