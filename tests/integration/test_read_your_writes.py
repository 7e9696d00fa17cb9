"""Who recorded something can ask for views that have seen it."""
from __future__ import annotations

from opsledger.core.tickets.facts import Status, StatusChanged
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as recorder
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.events import event
from tests.kit.servers import running

FRIDAY = scorecards.PeriodName(kind=scorecards.PERIOD_KIND_DAY, label="2026-01-09")
DESK = scorecards.GetScorecardRequest(
    tenant="acme", program="desk", subject=scorecards.Subject(kind=scorecards.SUBJECT_KIND_PROGRAM), period=FRIDAY
)


def test_a_query_that_names_the_position_of_a_write_sees_it() -> None:
    with running(MemoryJournal()) as server:
        record = TicketRecorderServiceStub(server.channel).RecordTicketEvents
        get = ScorecardServiceStub(server.channel).GetScorecard
        for number in range(1, 6):
            answer = record(recorder.RecordTicketEventsRequest(events=[
                event(f"e{number}", ticket_id=f"T{number}", fact=StatusChanged(Status.RESOLVED)),
            ]), timeout=10)
            position = answer.results[0].position
            card = get(DESK, metadata=(("opsledger-min-position", str(position)),), timeout=20).scorecard
            resolved, = (figure.value for figure in card.figures if figure.kpi == "tickets_resolved")
            assert resolved == number

