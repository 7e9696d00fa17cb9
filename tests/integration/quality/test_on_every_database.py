"""What is asked of the read models in SQL (who sees what, who is known, who worked on what, disputes of one question) on each database."""
from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Replied, Status, StatusChanged
from opsledger.proto.quality.v1 import calibrations_pb2 as calibrations
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1 import sampling_pb2 as sampling
from opsledger.proto.quality.v1.calibrations_pb2_grpc import CalibrationServiceStub
from opsledger.proto.quality.v1.sampling_pb2_grpc import SamplingServiceStub
from opsledger.proto.scorecards.v1 import scorecards_pb2 as cards
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.tickets.codec import timestamp
from tests.kit import tokens
from tests.kit.evaluating import TICKET, Office, office, sheet
from tests.kit.quality import SIXTY
from tests.kit.read_models import MINUTE_US, START_US, fact, record


def seen(floor: Office, person: str) -> list[str]:
    return [each.id for each in floor.listed(person).evaluations]


def test_quality_assurance(tmp_path: Path, database_url: str) -> None:
    with office(tmp_path, database_url) as floor:
        bob, ann = (Actor(ActorKind.AGENT, name) for name in ("bob", "ann"))
        floor.position = record(floor.server.application.parts.journal, [
            fact("T1", 0, Opened(group="tier 1", agent="bob"), actor=bob), fact("T1", 1, Replied(public=True), actor=ann),
            fact("T1", 5, StatusChanged(Status.RESOLVED), actor=bob)])
        floor.publish()
        floor.listed("sue")
        metadata = (*floor.as_person("sue"), (METADATA_KEY, str(floor.position)))

        start = pb.StartEvaluationRequest(
            request_id="one", tenant="acme", program="desk", subject=TICKET, agent="bob", form="calls", analyst="ann",
            contact_at=timestamp(START_US))
        started = floor.stub.StartEvaluation(start, metadata=metadata)
        floor.position, id = started.position, started.evaluation.id
        assert list(started.remarks) == [], "the ticket and who worked on it are known"
        assert [seen(floor, person) for person in ("ann", "art", "sue", "rob", "bob")] == [[id], [], [id], [], []]

        floor.write("ann", "SubmitEvaluation", id=id, sheet=sheet(**SIXTY))
        floor.write("bob", "DisputeEvaluation", id=id, reasons={"tone": "kind"})
        floor.write("sue", "ReviewDispute", id=id, reason="no")
        floor.write("ann", "EditEvaluation", id=id, reason="wrong line", sheet=sheet(**{**SIXTY, "tone": 1}))
        floor.write("bob", "DisputeEvaluation", id=id, reasons={"tone": "kind all the same"})
        assert [len(seen(floor, person)) for person in ("ann", "art", "sue", "rob", "bob", "eve")] == [1, 1, 1, 1, 1, 0]

        stub = CalibrationServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
        opened = stub.OpenCalibration(
            calibrations.OpenCalibrationRequest(
                tenant="acme", request_id="session", program="desk", form="calls", contacts=[TICKET], raters=["art", "rob"]),
            metadata=floor.as_person("sue"))
        floor.position = opened.position
        assert [len(seen(floor, person)) for person in ("ann", "art", "sue", "rob", "bob", "eve")] == [1, 0, 1, 0, 1, 0]
        with pytest.raises(grpc.RpcError) as caught:
            floor.get("art", id)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        asked = cards.GetScorecardRequest(
            tenant="acme", program="desk", period=cards.PeriodName(kind=cards.PERIOD_KIND_MONTH, label="2026-01"))
        card = ScorecardServiceStub(floor.server.channel).GetScorecard(asked, metadata=tokens.metadata("rob", "reader")).scorecard
        assert next(figure.reason for figure in card.figures if figure.kpi == "qa_score") == "BLIND"

        whole = sampling.FrameFilter(to=timestamp(START_US + 60 * MINUTE_US), every_contributor=True, include_evaluated=True)
        getattr(whole, "from").CopyFrom(timestamp(START_US))
        draw = SamplingServiceStub(floor.server.channel).DrawSample(
            sampling.DrawSampleRequest(
                tenant="acme", program="desk", form="calls", method=sampling.SAMPLING_METHOD_PER_AGENT, size=9, preview=True, filter=whole),
            metadata=metadata).draw
        assert [each.agent for each in draw.contacts] == ["ann", "bob"]

        far = pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id="T9"))
        [outcome] = floor.stub.ImportEvaluations(
            pb.ImportEvaluationsRequest(tenant="acme", request_id="old", program="desk", form="calls", evaluations=[pb.ImportedEvaluation(
                name="1", subject=far, agent="nobody", analyst="ann", judged_at=timestamp(START_US), sheet=sheet(**SIXTY))]),
            metadata=metadata).outcomes
        assert [(each.field, each.reason) for each in outcome.remarks] == [("subject", "UNKNOWN"), ("agent", "UNKNOWN")]
        assert outcome.evaluation not in seen(floor, "eve")
