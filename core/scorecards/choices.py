"""What a program chooses about its figures; a part of its rules document."""
from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from opsledger.core.scorecards.kpis import SERVICE_LEVEL
from opsledger.core.scorecards.service_level import ServiceLevel


class Credit(StrEnum):
    """To whom a resolution is credited."""

    OWNER = "owner"
    """The agent who has the ticket then; whoever resolved it where it is nobody's."""
    RESOLVER = "resolver"
    """The agent who resolved it; the owner where no agent did."""


class Choices(NamedTuple):
    service_level: ServiceLevel | None = None
    """None: the program has not said what it means by it, so there is no figure."""
    resolutions_credited_to: Credit = Credit.OWNER
    abandoned_calls_count: bool = False
    """Whether the clocks of a ticket that is nothing but abandoned calls are cases of sla_met when it is closed."""

    def definition(self, kpi: str) -> str:
        """What the program means by a KPI, where programs differ; empty for all others."""
        return self.service_level.words if self.service_level and kpi == SERVICE_LEVEL.name else ""


UNSAID = Choices()
