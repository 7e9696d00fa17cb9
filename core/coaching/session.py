"""Coaching sessions: what was looked at, what was said, and that the agent has seen it.

    planned ──open──▶ open ──hold──▶ held ──acknowledge──▶ acknowledged ──close──▶ closed
       └────cancel──▶ cancelled ◀──cancel──┘

Action items are agreed while a session is open or held; they live on their own (action_item.py). Times are microseconds
since 1970 UTC and come in as arguments.
"""
from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from eventsourcing.domain import Aggregate, event

from opsledger.core.coaching import evidence as evidences
from opsledger.core.coaching import measure as measures
from opsledger.core.coaching.errors import MeasureIsFixed, NotTheCoached, OutOfTurn
from opsledger.core.coaching.evidence import Evidence
from opsledger.core.coaching.measure import Measure


class Stage(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    HELD = "held"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class CoachingSession(Aggregate):
    """One supervisor coaches one agent."""

    class Planned(Aggregate.Created):
        TOPIC = "coaching.session.planned"
        tenant: str
        program: str
        agent: str
        supervisor: str
        agenda: list[str]
        evidence: list[dict[str, Any]]
        scheduled_at_us: int
        planned_at_us: int

    class Revised(Aggregate.Event):
        TOPIC = "coaching.session.revised"
        agenda: list[str]
        evidence: list[dict[str, Any]]
        scheduled_at_us: int
        revised_by: str

    class MeasureFixed(Aggregate.Event):
        TOPIC = "coaching.session.measure_fixed"
        measure: dict[str, Any]
        fixed_at_us: int

    class Opened(Aggregate.Event):
        TOPIC = "coaching.session.opened"
        opened_by: str
        opened_at_us: int

    class Noted(Aggregate.Event):
        TOPIC = "coaching.session.noted"
        text: str
        noted_by: str
        noted_at_us: int

    class Held(Aggregate.Event):
        TOPIC = "coaching.session.held"
        summary: str
        held_at_us: int

    class Acknowledged(Aggregate.Event):
        TOPIC = "coaching.session.acknowledged"
        comment: str
        acknowledged_at_us: int

    class Closed(Aggregate.Event):
        TOPIC = "coaching.session.closed"
        closed_by: str
        closed_at_us: int

    class Cancelled(Aggregate.Event):
        TOPIC = "coaching.session.cancelled"
        reason: str
        cancelled_by: str
        cancelled_at_us: int

    # Commands

    @event(Planned)
    def __init__(
        self, tenant: str, program: str, agent: str, supervisor: str, agenda: list[str], evidence: list[dict[str, Any]],
        scheduled_at_us: int, planned_at_us: int,
    ) -> None:
        """``evidence`` in its plain form. ``scheduled_at_us`` 0: no time is set."""
        self.tenant, self.program = tenant, program
        self.agent, self.supervisor = agent, supervisor
        self._tell(agenda, evidence, scheduled_at_us)
        self.stage = Stage.PLANNED
        self.planned_at_us = planned_at_us
        self.measure: Measure | None = None
        self.measure_fixed_at_us: int | None = None
        self.notes: list[tuple[str, str, int]] = []
        self.summary = self.comment = self.reason = ""
        self.opened_at_us: int | None = None
        self.held_at_us: int | None = None
        self.acknowledged_at_us: int | None = None
        self.closed_at_us: int | None = None

    def revise(self, actor: str, agenda: Sequence[str], evidence: Sequence[Evidence], scheduled_at_us: int) -> None:
        """Replace what it is about. Raises OutOfTurn once it was held."""
        self._at(Stage.PLANNED, Stage.OPEN, command="revise it")
        if (tuple(agenda), tuple(evidence), scheduled_at_us) != (self.agenda, self.evidence, self.scheduled_at_us):
            self._revised(
                agenda=list(agenda), evidence=list(map(evidences.plain, evidence)), scheduled_at_us=scheduled_at_us, revised_by=actor)

    def fix_measure(self, measure: Measure, now_us: int) -> None:
        """Say beforehand what the effect will be measured by. Raises MeasureIsFixed, OutOfTurn once it was held, InvalidInput."""
        measures.checked(measure, self.agent)
        if self.measure == measure:
            return
        if self.measure is not None:
            raise MeasureIsFixed(self.id)
        self._at(Stage.PLANNED, Stage.OPEN, command="fix its measure")
        self._measure_fixed(measure=measures.plain(measure), fixed_at_us=now_us)

    def open(self, actor: str, now_us: int) -> None:
        """Raises OutOfTurn when it was cancelled; one that has gone further has been opened."""
        if self.stage is Stage.CANCELLED:
            raise OutOfTurn(self.id, self.stage, "open it")
        if self.stage is Stage.PLANNED:
            self._opened(opened_by=actor, opened_at_us=now_us)

    def note(self, actor: str, text: str, now_us: int) -> None:
        """Raises OutOfTurn unless it is open: what the agent acknowledges does not change afterwards."""
        self._at(Stage.OPEN, command="take notes")
        self._noted(text=text, noted_by=actor, noted_at_us=now_us)

    def hold(self, summary: str, now_us: int) -> None:
        """It has taken place. Raises OutOfTurn before it was opened, and when it was cancelled."""
        if self.stage in (Stage.PLANNED, Stage.CANCELLED):
            raise OutOfTurn(self.id, self.stage, "say that it was held")
        if self.stage is Stage.OPEN:
            self._held(summary=summary, held_at_us=now_us)

    def acknowledge(self, actor: str, comment: str, now_us: int) -> None:
        """Raises NotTheCoached; OutOfTurn before it was held."""
        if actor != self.agent:
            raise NotTheCoached(self.id, actor)
        if self.stage not in (Stage.ACKNOWLEDGED, Stage.CLOSED):
            self._at(Stage.HELD, command="acknowledge it")
            self._acknowledged(comment=comment, acknowledged_at_us=now_us)

    def close(self, actor: str, now_us: int) -> None:
        """Raises OutOfTurn before the agent has acknowledged it."""
        if self.stage is not Stage.CLOSED:
            self._at(Stage.ACKNOWLEDGED, command="close it")
            self._closed(closed_by=actor, closed_at_us=now_us)

    def cancel(self, actor: str, reason: str, now_us: int) -> None:
        """Raises OutOfTurn once it was held."""
        if self.stage is not Stage.CANCELLED:
            self._at(Stage.PLANNED, Stage.OPEN, command="cancel it")
            self._cancelled(reason=reason, cancelled_by=actor, cancelled_at_us=now_us)

    # Fold

    @event(Revised)
    def _revised(self, agenda: list[str], evidence: list[dict[str, Any]], scheduled_at_us: int, revised_by: str) -> None:
        self._tell(agenda, evidence, scheduled_at_us)

    @event(MeasureFixed)
    def _measure_fixed(self, measure: dict[str, Any], fixed_at_us: int) -> None:
        self.measure, self.measure_fixed_at_us = measures.typed(measure), fixed_at_us

    @event(Opened)
    def _opened(self, opened_by: str, opened_at_us: int) -> None:
        self.stage, self.opened_at_us = Stage.OPEN, opened_at_us

    @event(Noted)
    def _noted(self, text: str, noted_by: str, noted_at_us: int) -> None:
        self.notes.append((text, noted_by, noted_at_us))

    @event(Held)
    def _held(self, summary: str, held_at_us: int) -> None:
        self.stage, self.summary, self.held_at_us = Stage.HELD, summary, held_at_us

    @event(Acknowledged)
    def _acknowledged(self, comment: str, acknowledged_at_us: int) -> None:
        self.stage, self.comment, self.acknowledged_at_us = Stage.ACKNOWLEDGED, comment, acknowledged_at_us

    @event(Closed)
    def _closed(self, closed_by: str, closed_at_us: int) -> None:
        self.stage, self.closed_at_us = Stage.CLOSED, closed_at_us

    @event(Cancelled)
    def _cancelled(self, reason: str, cancelled_by: str, cancelled_at_us: int) -> None:
        self.stage, self.reason, self.closed_at_us = Stage.CANCELLED, reason, cancelled_at_us

    def _tell(self, agenda: list[str], evidence: list[dict[str, Any]], scheduled_at_us: int) -> None:
        self.agenda = tuple(agenda)
        self.evidence = tuple(map(evidences.typed, evidence))
        self.scheduled_at_us = scheduled_at_us

    # Queries

    def require_agreeing(self) -> None:
        """Raises OutOfTurn unless action items can be agreed now."""
        self._at(Stage.OPEN, Stage.HELD, command="agree action items")

    def _at(self, *stages: Stage, command: str) -> None:
        if self.stage not in stages:
            raise OutOfTurn(self.id, self.stage, command)
