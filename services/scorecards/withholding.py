"""Figures that a rater of an open calibration must not see yet: those that colleagues' evaluations of the same contacts are part of.

A figure that counts one of them is withheld with the reason BLIND, not computed without it: the same figure never has two values.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, Select, select

from opsledger.core.quality.errors import CalibrationOpen
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.services.projections.database import reader
from opsledger.services.projections.tables_quality import evaluations, quality_outcomes
from opsledger.services.quality.sight import hidden, rated_by
from opsledger.services.tickets.codec import timestamp_us

BLIND = "BLIND"
_SHOWN = ("numerator", "denominator", "value", "low", "high", "method", "small_sample", "trend", "adjusted")
"""Fields of a figure that say something of its cases."""


class _Hidden(NamedTuple):
    """A case of a hidden evaluation."""

    evaluation: str
    kpi: str
    agent: str
    group_name: str
    at_us: int

    def is_of(self, subject: pb.Subject, period: pb.Period) -> bool:
        name = {pb.SUBJECT_KIND_AGENT: self.agent, pb.SUBJECT_KIND_GROUP: self.group_name}.get(subject.kind, subject.name)
        return name == subject.name and timestamp_us(period.start) <= self.at_us < timestamp_us(period.end)


class Withholding:
    def __init__(self, engine: Engine) -> None:
        self._engine = reader(engine)

    def from_scorecard(self, request: pb.GetScorecardRequest, response: pb.GetScorecardResponse, viewer: str) -> None:
        _withhold([response.scorecard], self._hidden(request.tenant, request.program, viewer))

    def from_scorecards(self, request: pb.ListScorecardsRequest, response: pb.ListScorecardsResponse, viewer: str) -> None:
        """Raises CalibrationOpen for an order by a figure that is withheld."""
        found = self._hidden(request.tenant, request.program, viewer)
        order = request.order_by.partition(" ")[0]
        for each in found:
            if each.kpi == order:
                raise CalibrationOpen(UUID(each.evaluation), viewer)
        _withhold(response.scorecards, found)

    def from_tickets(self, request: pb.ListScorecardTicketsRequest, response: pb.ListScorecardTicketsResponse, viewer: str) -> None:
        secret = {f"evaluation {each.evaluation}" for each in self._hidden(request.tenant, request.program, viewer)}
        shown = [case for case in response.tickets if case.detail.partition(",")[0] not in secret]
        del response.tickets[:]
        response.tickets.extend(shown)

    def _hidden(self, tenant: str, program: str, viewer: str) -> list[_Hidden]:
        with self._engine.connect() as connection:
            return [_Hidden(*row) for row in connection.execute(_cases(connection, tenant, program, viewer))]


def check_unblinded(
    connection: Connection, tenant: str, program: str, kpi: str, spans: Iterable[tuple[int, int]], viewer: str
) -> None:
    """Raises CalibrationOpen for a figure of these half-open spans of time that would count what the viewer must not see yet."""
    for row in connection.execute(_cases(connection, tenant, program, viewer)):
        case = _Hidden(*row)
        if case.kpi == kpi and any(start_us <= case.at_us < end_us for start_us, end_us in spans):
            raise CalibrationOpen(UUID(case.evaluation), viewer)


def _cases(connection: Connection, tenant: str, program: str, viewer: str) -> Select[Any]:
    case = quality_outcomes.c
    return (
        select(case.aggregate_id, case.kpi, case.agent, case.group_name, case.at_us)
        .join(evaluations, evaluations.c.aggregate_id == case.aggregate_id)
        .where(case.tenant == tenant, case.program == program, hidden(viewer, rated_by(connection, tenant, viewer)))
    )


def _withhold(scorecards: Iterable[pb.Scorecard], found: list[_Hidden]) -> None:
    for card in scorecards:
        now, then = ({each.kpi for each in found if each.is_of(card.subject, period)} for period in (card.period, card.before))
        for figure in card.figures:
            if figure.kpi in now:
                for name in _SHOWN:
                    figure.ClearField(name)
                figure.reason = BLIND
            elif figure.kpi in then:
                figure.ClearField("trend")
        if now & {share.kpi for share in card.composite.shares}:
            card.composite.CopyFrom(pb.Composite(reason=BLIND))
