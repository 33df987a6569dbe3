"""What is known of a meeting while it is being bought. Keeps count; sends, judges and saves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meetcli.keys import request_digest
from meetcli.long_meetings import LongMeeting
from meetcli.models import Job, Lane, Meeting, Request, Usage
from meetcli.tasks.prompt import FIRST_CAP

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(slots=True)
class Parts:
    """The parts of a long meeting that are asked about at one time.

    `answers` are theirs, by place; `new` those of all times that this purchase bought, by digest. `ending` is how the meeting ends when
    the parts under way are back, where one of them has failed.
    """

    meeting: LongMeeting
    answers: list[str] = field(default_factory=list)
    left: int = 0
    new: dict[str, str] = field(default_factory=dict)
    ending: Callable[[], None] | None = None


@dataclass(slots=True)
class Purchase:
    """One meeting, or one part of a long one, while it is being bought.

    `model` is what its answer is held to and `asked` the digest of what is asked. `bought` and `paid_usd` cover earlier, killed runs too;
    `usage` and `cost_usd` only this one. `language` is what the meeting is held in, empty until somebody asks. A long meeting has `parts`;
    each is a purchase too, `part_of` it.
    """

    job: Job
    meeting: Meeting
    request: Request
    started: float
    model: type[BaseModel]
    asked: str
    kept: list[str] = field(default_factory=list)
    bought: Usage = field(default_factory=Usage)
    paid_usd: Decimal | None = Decimal(0)
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = Decimal(0)
    uncertain_usd: Decimal | None = Decimal(0)
    standard_usd: Decimal | None = Decimal(0)
    lane: Lane = "standard"
    is_cap_raised: bool = False
    is_repaired: bool = False
    acceptable: str | None = None
    cap: int = FIRST_CAP
    language: str | None = ""
    has_full_summary: bool = True
    parts: Parts | None = None
    part_of: Purchase | None = None
    place: int = 0

    def add(self, part: Purchase) -> None:
        """Take over what a part has cost."""
        self.bought += part.bought
        self.paid_usd = add_up(self.paid_usd, part.paid_usd)
        self.usage += part.usage
        self.cost_usd = add_up(self.cost_usd, part.cost_usd)
        self.standard_usd = add_up(self.standard_usd, part.standard_usd)
        self.uncertain_usd = add_up(self.uncertain_usd, part.uncertain_usd)
        self.lane = part.lane
        self.kept += part.kept

    @property
    def part_name(self) -> str:
        """The name of its answer across runs, where it is a part."""
        return request_digest(self.job.idempotency_key, self.asked, 0)

    def spent(self) -> dict[str, Any]:
        """Return the fields of an outcome that say what this run spent."""
        discount_usd = None if self.cost_usd is None or self.standard_usd is None else self.standard_usd - self.cost_usd
        return {
            "usage": self.usage,
            "cost_usd": self.cost_usd,
            "uncertain_usd": self.uncertain_usd,
            "lane": self.lane,
            "discount_usd": discount_usd,
        }


def add_up(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """Add two amounts; what is unknown makes the sum unknown."""
    return None if one is None or other is None else one + other
