"""The ScorecardService without its server: requests in, responses out. The servicer and the offline command both answer with it."""
from __future__ import annotations

from opsledger.core.scorecards.statistics import CONFIDENCE
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.services.scorecards.composites import definition_of
from opsledger.services.scorecards.messages import (
    cases_response,
    period_of,
    scorecard_messages,
    subject_kind_of,
    subject_of,
)
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import BY_NAME, Reports
from opsledger.services.timers.answers import require_fields


class Answers:
    """Methods as those of the generated stub. They raise what Reports raises, and InvalidInput for what a request lacks."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def GetScorecard(self, request: pb.GetScorecardRequest) -> pb.GetScorecardResponse:
        program, composite = _program(request), definition_of(request)
        report = self._reports.scorecard(
            program, subject_of(request.subject, program.name), *period_of(request.period), _confidence(request)
        )
        return pb.GetScorecardResponse(scorecard=scorecard_messages(report, composite)[0])

    def ListScorecards(self, request: pb.ListScorecardsRequest) -> pb.ListScorecardsResponse:
        composite = definition_of(request)
        report = self._reports.scorecards(
            _program(request), subject_kind_of(request.by, "by"), *period_of(request.period), _confidence(request),
            request.order_by or BY_NAME, request.page_size, request.page_token,
        )
        return pb.ListScorecardsResponse(
            scorecards=scorecard_messages(report, composite), next_page_token=report.next_page_token, total_size=report.total
        )

    def ListScorecardTickets(self, request: pb.ListScorecardTicketsRequest) -> pb.ListScorecardTicketsResponse:
        program = _program(request)
        return cases_response(self._reports.cases(
            program, subject_of(request.subject, program.name), *period_of(request.period), request.kpi,
            request.page_size, request.page_token,
        ))


def _program(request: pb.GetScorecardRequest | pb.ListScorecardsRequest | pb.ListScorecardTicketsRequest) -> Program:
    require_fields(request, "tenant", "program")
    return Program(request.tenant, request.program)


def _confidence(request: pb.GetScorecardRequest | pb.ListScorecardsRequest) -> float:
    return request.confidence if request.HasField("confidence") else CONFIDENCE
