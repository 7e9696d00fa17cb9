"""QA scores without the evaluators' bias beside the originals, over real gRPC and on a terminal."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.services.cli.json_output import as_document
from opsledger.services.cli.scorecard_tables import show_many, show_one
from opsledger.services.grpc.progress import METADATA_KEY
from tests.kit.evaluating import Office, office, sheet

CONTACT = Timestamp(seconds=1_767_949_200)
ASKED = {"tenant": "acme", "program": "desk", "period": pb.PeriodName(kind=pb.PERIOD_KIND_MONTH, label="2026-01")}
SCORES = [("bob", "ann", 6), ("bob", "ann", 8), ("bob", "art", 4), ("eve", "art", 6), ("eve", "art", 8), ("eve", "ann", 10)]
"""Points of 10 on every question. Of each agent ann gives 3 more than art on average, so she is 1.5 above the average of the two."""


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as floor:
        floor.publish()
        for agent, analyst, points in SCORES:
            evaluation = floor.begin(agent=agent, analyst=analyst, contact_at=CONTACT)
            answers = dict.fromkeys(("greeting", "solution", "tone", "closing"), points)
            floor.write(analyst, "SubmitEvaluation", id=evaluation.id, sheet=sheet(**answers))
        yield floor


def cards(floor: Office) -> pb.ListScorecardsResponse:
    stub = ScorecardServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
    seen = (METADATA_KEY, str(floor.position))
    found: pb.ListScorecardsResponse = stub.ListScorecards(
        pb.ListScorecardsRequest(**ASKED, by=pb.SUBJECT_KIND_AGENT), metadata=(*floor.as_person("rob"), seen))
    return found


def qa_score(card: pb.Scorecard) -> pb.Figure:
    return next(figure for figure in card.figures if figure.kpi == "qa_score")


def test_the_original_stays_and_the_adjusted_one_stands_beside_it(floor: Office) -> None:
    found = {card.subject.name: qa_score(card) for card in cards(floor).scorecards}
    assert {name: figure.value for name, figure in found.items()} == pytest.approx({"bob": 60, "eve": 80})
    # of bob's scores two are ann's and one is art's: less (15 + 15 − 15) ÷ 3; of eve's the other way round
    assert {name: figure.adjusted.value for name, figure in found.items()} == pytest.approx({"bob": 55, "eve": 85})
    for figure in found.values():
        assert figure.adjusted.low < figure.adjusted.value < figure.adjusted.high
    stub = ScorecardServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
    asked = pb.GetScorecardRequest(**ASKED, subject=pb.Subject(kind=pb.SUBJECT_KIND_AGENT, name="bob"))
    bob = stub.GetScorecard(asked, metadata=floor.as_person("rob")).scorecard
    assert qa_score(bob).adjusted == found["bob"].adjusted


def test_a_program_has_no_adjusted_score_and_neither_has_another_figure(floor: Office) -> None:
    stub = ScorecardServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
    program = stub.GetScorecard(pb.GetScorecardRequest(**ASKED), metadata=floor.as_person("rob")).scorecard
    assert not any(figure.HasField("adjusted") for figure in program.figures)
    assert [figure.kpi for figure in cards(floor).scorecards[0].figures if figure.HasField("adjusted")] == ["qa_score"]


def test_people_and_machines_are_told(floor: Office, capsys: pytest.CaptureFixture[str]) -> None:
    found = cards(floor)
    show_one(found.scorecards[0], [])
    show_many(found, [])
    assert "without the evaluators' bias" in capsys.readouterr().out
    assert "adjusted" in str(as_document(found))
