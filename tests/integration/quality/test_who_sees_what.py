"""The table "Who sees what" of docs/evaluations.md, cell by cell over real gRPC; and every other way by which a draft, or what a colleague
says of a contact in an open calibration, might be seen."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.proto.coaching.v1 import coaching_pb2 as coaching
from opsledger.proto.coaching.v1.coaching_pb2_grpc import CoachingServiceStub
from opsledger.proto.quality.v1 import calibrations_pb2 as calibrations
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1 import forms_pb2 as forms
from opsledger.proto.quality.v1.calibrations_pb2_grpc import CalibrationServiceStub
from opsledger.proto.quality.v1.forms_pb2_grpc import FormServiceStub
from opsledger.proto.scorecards.v1 import scorecards_pb2 as cards
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from tests.kit import tokens
from tests.kit.evaluating import Office, office, sheet
from tests.kit.quality import SEVENTY_FIVE, SIXTY

PAGE = (Path(__file__).parents[3] / "docs" / "evaluations.md").read_text()
HEAD, _, *ROWS = (
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.split("### Who sees what")[1].split("\n| an evaluation is")[1].split("\n\n")[0].splitlines())
VIEWERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "its analyst": ("ann", ("analyst",)), "other analysts": ("art", ("analyst",)), "supervisors": ("sue", ("supervisor",)),
    "readers": ("rob", ("reader",)), "whose work it is": ("bob", ("agent", "analyst", "supervisor", "reader")),
    "other agents": ("eve", ("agent",)),
}
RATERS = ["ann", "art", "sue", "rob", "bob"]
QUALITY = {"qa_score", "qa_pass_rate", "critical_accuracy.customer", "critical_accuracy.business", "critical_accuracy.compliance"}
_numbers = count(1)


class Case(NamedTuple):
    id: str
    program: str
    ticket: pb.EvaluationSubject


def begun(floor: Office, analyst: str = "ann") -> Case:
    number = next(_numbers)
    program, ticket = f"desk {number}", pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id=f"T{number}"))
    return Case(floor.begin(program=program, subject=ticket, analyst=analyst).id, program, ticket)


def drafted(floor: Office) -> Case:
    case = begun(floor)
    floor.write("ann", "SaveDraft", id=case.id, sheet=sheet(greeting=7))
    return case


def submitted(floor: Office) -> Case:
    case = drafted(floor)
    floor.write("ann", "SubmitEvaluation", id=case.id, sheet=sheet(**SIXTY))
    return case


def voided(floor: Office, case: Case) -> Case:
    floor.write("sue", "VoidEvaluation", id=case.id, reason="wrong ticket")
    return case


def calibrate(floor: Office, method: str, **fields: Any) -> calibrations.Calibration:
    request = getattr(calibrations, f"{method}Request")(tenant="acme", request_id=f"calibration {next(_numbers)}", **fields)
    stub = CalibrationServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
    response = getattr(stub, method)(request, metadata=floor.as_person("max"))
    floor.position = response.position
    found: calibrations.Calibration = response.calibration
    return found


def opened(floor: Office, contact: pb.EvaluationSubject, raters: list[str] = RATERS) -> str:
    return calibrate(floor, "OpenCalibration", program="desk", form="calls", contacts=[contact], raters=raters).id


def rated(floor: Office) -> Case:
    case = submitted(floor)
    opened(floor, case.ticket)
    return case


def closed(floor: Office) -> Case:
    case = submitted(floor)
    calibrate(floor, "CloseCalibration", id=opened(floor, case.ticket))
    return case


GIVEN: dict[str, Callable[[Office], Case]] = {
    "open": lambda floor: begun(floor, analyst=""),
    "claimed": drafted,
    "voided before it was submitted": lambda floor: voided(floor, drafted(floor)),
    "submitted, disputed or acknowledged": submitted,
    "voided after it was submitted": lambda floor: voided(floor, submitted(floor)),
    "submitted, of a contact that the viewer rates in an open calibration": rated,
    "the same, when the calibration has been closed": closed,
}
CELLS = [(row[0], viewer, said) for row in ROWS for viewer, said in zip(HEAD[1:], row[1:], strict=True) if said != "-"]


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as floor:
        floor.publish()
        yield floor


def test_the_table_is_whole() -> None:
    assert [row[0] for row in ROWS] == list(GIVEN)
    assert HEAD[1:] == list(VIEWERS)
    assert {said for *_, said in CELLS} == {"yes", "no", "draft", "blind"}


def code(call: Callable[[], object]) -> grpc.StatusCode | None:
    try:
        call()
    except grpc.RpcError as error:
        found: grpc.StatusCode = error.code()
        return found
    return None


@pytest.mark.parametrize(("state", "viewer", "said"), CELLS)
def test_a_cell(floor: Office, state: str, viewer: str, said: str) -> None:
    case, (person, roles) = GIVEN[state](floor), VIEWERS[viewer]
    metadata = (*tokens.metadata(person, *roles, tenant="acme"), (METADATA_KEY, str(floor.position)))
    request = pb.GetEvaluationRequest(tenant="acme", id=case.id)
    if said in ("no", "blind"):
        refusal = {"no": grpc.StatusCode.NOT_FOUND, "blind": grpc.StatusCode.FAILED_PRECONDITION}[said]
        assert code(lambda: floor.stub.GetEvaluation(request, metadata=metadata)) is refusal
    else:
        found = floor.stub.GetEvaluation(request, metadata=metadata).evaluation
        assert (found.id, found.HasField("draft")) == (case.id, said == "draft")
    expected = [] if said in ("no", "blind") else [case.id]
    status = floor.get("max", case.id).status
    ticket = case.ticket.ticket
    for filter in (
        pb.EvaluationFilter(program=case.program), pb.EvaluationFilter(program=case.program, agent="bob"),
        pb.EvaluationFilter(source=ticket.source, ticket_id=ticket.ticket_id), pb.EvaluationFilter(program=case.program, form="calls"),
        pb.EvaluationFilter(program=case.program, statuses=[status]),
    ):
        page = floor.stub.ListEvaluations(pb.ListEvaluationsRequest(tenant="acme", filter=filter, page_size=1), metadata=metadata)
        assert ([each.id for each in page.evaluations], page.next_page_token) == (expected, "")
        assert all(not each.HasField("draft") for each in page.evaluations)
        stream = floor.stub.WatchEvaluations(pb.WatchEvaluationsRequest(tenant="acme", filter=filter), metadata=metadata, timeout=20)
        assert [each.id for each in next(stream).evaluations] == expected
        stream.cancel()


def test_who_watches_the_open_pool_learns_that_it_was_claimed_and_nothing_else(floor: Office) -> None:
    case = begun(floor, analyst="")
    floor.listed("sue")
    pool = pb.WatchEvaluationsRequest(
        tenant="acme", filter=pb.EvaluationFilter(program=case.program, statuses=[pb.EVALUATION_STATUS_OPEN]))
    stream = floor.stub.WatchEvaluations(pool, metadata=floor.as_person("art"), timeout=20)
    assert [each.id for each in next(stream).evaluations] == [case.id]
    floor.write("ann", "ClaimEvaluation", id=case.id)
    assert list(next(stream).evaluations) == [pb.Evaluation(id=case.id, status=pb.EVALUATION_STATUS_CLAIMED)]
    stream.cancel()


def test_no_answer_to_a_command_shows_a_draft_to_whom_it_is_not_for(floor: Office) -> None:
    """Starting, the only command on a draft that is open to an analyst who is not the one that fills it in, answers without it, the
    second time too."""
    fields = {"program": "desk", "subject": begun(floor).ticket, "agent": "bob", "form": "calls", "analyst": "ann", "request_id": "by art"}
    first = floor.write("art", "StartEvaluation", **fields)
    floor.write("ann", "SaveDraft", id=first.id, sheet=sheet(greeting=7))
    again = floor.write("art", "StartEvaluation", **fields)
    assert (again, again.HasField("draft")) == (first, False)


@pytest.fixture(scope="module")
def case(floor: Office) -> Case:
    """Evaluated by ann; art, sue and rob are to rate the contact."""
    ticket = pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id=f"T{next(_numbers)}"))
    found = Case(floor.begin(program="seen", subject=ticket, contact_at=Timestamp(seconds=1_770_000_000)).id, "seen", ticket)
    floor.write("ann", "SubmitEvaluation", id=found.id, sheet=sheet(**SIXTY))
    opened(floor, ticket, ["art", "sue", "rob"])
    return found


class TestAnOpenCalibration:

    def test_hides_other_parts_of_the_ticket_and_the_ticket_around_an_interaction(self, floor: Office) -> None:
        part = pb.EvaluationSubject(interaction=pb.InteractionSubject(source="zendesk", ticket_id="T-parts", interaction_id="I1"))
        whole = pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id="T-parts"))
        other = pb.EvaluationSubject(interaction=pb.InteractionSubject(source="zendesk", ticket_id="T-parts", interaction_id="I2"))
        ids = {}
        for name, subject in (("part", part), ("whole", whole), ("other", other)):
            ids[name] = floor.begin(program="parts", subject=subject).id
            floor.write("ann", "SubmitEvaluation", id=ids[name], sheet=sheet(**SIXTY))
        listed = pb.EvaluationFilter(program="parts")

        def seen() -> set[str]:
            return {each.id for each in floor.listed("art", filter=listed).evaluations}

        session = opened(floor, part, ["art", "max"])
        assert seen() == {ids["other"]}
        calibrate(floor, "CancelCalibration", id=session, reason="wrong")
        assert seen() == set(ids.values())
        opened(floor, whole, ["art", "max"])
        assert seen() == set()

    def test_hides_it_from_who_joins_later_and_from_who_has_withdrawn(self, floor: Office) -> None:
        case = submitted(floor)
        session = opened(floor, case.ticket, ["art", "max"])
        assert floor.get("sue", case.id).id == case.id
        calibrate(floor, "AddRater", id=session, rater="sue")
        calibrate(floor, "WithdrawRater", id=session, rater="art", reason="ill")
        for person in ("sue", "art"):
            assert code(lambda: floor.get(person, case.id)) is grpc.StatusCode.FAILED_PRECONDITION  # noqa: B023  # called at once
        calibrate(floor, "CloseCalibration", id=session)
        assert [floor.get(person, case.id).id for person in ("sue", "art")] == [case.id, case.id]

    @pytest.mark.parametrize(("method", "fields"), [
        ("ReviewDispute", {"reason": "no"}), ("EditEvaluation", {"reason": "no", "sheet": sheet(**SEVENTY_FIVE)}),
        ("VoidEvaluation", {"reason": "no"}),
    ])
    def test_lets_no_rater_command_what_they_may_not_see(self, floor: Office, case: Case, method: str, fields: dict[str, Any]) -> None:
        assert code(lambda: floor.write("sue", method, id=case.id, **fields)) is grpc.StatusCode.FAILED_PRECONDITION
        assert floor.get("max", case.id).status == pb.EVALUATION_STATUS_SUBMITTED

    def test_gives_no_answer_a_second_time(self, floor: Office) -> None:
        case = submitted(floor)
        edit = {"id": case.id, "reason": "misheard", "sheet": sheet(**SEVENTY_FIVE), "request_id": f"edit {case.id}"}
        floor.write("sue", "EditEvaluation", **edit)
        opened(floor, case.ticket)
        assert code(lambda: floor.write("sue", "EditEvaluation", **edit)) is grpc.StatusCode.FAILED_PRECONDITION

    def test_withholds_the_figures_that_count_it(self, floor: Office, case: Case) -> None:
        stub = ScorecardServiceStub(floor.server.channel)
        bob = cards.Subject(kind=cards.SUBJECT_KIND_AGENT, name="bob")
        period = cards.PeriodName(kind=cards.PERIOD_KIND_MONTH, label="2026-02")
        asked = {"tenant": "acme", "program": "seen", "period": period}
        composite = cards.CompositeDefinition(
            parts=[cards.CompositePart(kpi="qa_score", weight=100, full=100)], bands=[cards.CompositeBand(name="all")])

        def figures(person: str) -> dict[str, cards.Figure]:
            metadata = (*tokens.metadata(person, "reader"), (METADATA_KEY, str(floor.position)))
            card = stub.GetScorecard(cards.GetScorecardRequest(subject=bob, composite=composite, **asked), metadata=metadata).scorecard
            [listed] = stub.ListScorecards(
                cards.ListScorecardsRequest(by=cards.SUBJECT_KIND_AGENT, **asked), metadata=metadata).scorecards
            behind = stub.ListScorecardTickets(cards.ListScorecardTicketsRequest(subject=bob, **asked), metadata=metadata).tickets
            found = {figure.kpi: figure for figure in card.figures}
            assert list(listed.figures) == list(card.figures)
            shown = {figure.kpi for figure in card.figures if figure.denominator and figure.kpi in QUALITY}
            assert {each.kpi for each in behind if each.detail.startswith("evaluation")} == shown
            assert card.composite.HasField("value") == found["qa_score"].HasField("value")
            return found

        assert figures("max")["qa_score"].value == pytest.approx(60)
        blind = figures("rob")
        assert {kpi for kpi, figure in blind.items() if figure.reason == "BLIND"} == QUALITY
        assert blind["qa_score"] == cards.Figure(kpi="qa_score", unit=blind["qa_score"].unit, reason="BLIND")
        by_score = cards.ListScorecardsRequest(by=cards.SUBJECT_KIND_AGENT, order_by="qa_score", **asked)
        assert code(lambda: stub.ListScorecards(by_score, metadata=tokens.metadata("rob", "reader"))) is grpc.StatusCode.FAILED_PRECONDITION

    def test_refuses_the_effect_of_coaching_that_counts_it(self, floor: Office, case: Case) -> None:
        stub, windows = CoachingServiceStub(floor.server.channel), []
        for start_s, end_s in ((1_760_000_000, 1_769_999_999), (1_770_000_000, 1_770_000_001)):
            windows.append(coaching.Window(start=Timestamp(seconds=start_s), end=Timestamp(seconds=end_s)))
        planned = stub.PlanSession(coaching.PlanSessionRequest(
            tenant="acme", request_id="plan", program="seen", agent="bob", agenda=["tone"],
            measure=coaching.Measure(metric="qa_score", baseline=windows[0], follow_up=windows[1])), metadata=floor.as_person("sue"))
        asked = coaching.MeasureEffectRequest(tenant="acme", id=planned.session.id)

        def ask(person: str) -> grpc.StatusCode | None:
            metadata = (*floor.as_person(person), (METADATA_KEY, str(planned.position)))
            return code(lambda: stub.MeasureEffect(asked, metadata=metadata))

        assert (ask("sue"), ask("max")) == (grpc.StatusCode.FAILED_PRECONDITION, None)

    def test_leaves_it_out_of_simulations_and_of_the_drift(self, floor: Office, case: Case) -> None:
        def simulated(person: str) -> set[str]:
            ref = forms.FormRef(form="calls", version=1)
            answer = FormServiceStub(floor.server.channel).SimulateForm(
                forms.SimulateFormRequest(tenant="acme", old=ref, new=ref, recorded_max=1_000),
                metadata=tokens.metadata(person, "analyst"))
            return {each.id for each in answer.sheets}

        def drift(person: str) -> int:
            stub = CalibrationServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
            request = calibrations.GetEvaluatorDriftRequest(tenant="acme", program="seen")
            found: int = stub.GetEvaluatorDrift(request, metadata=tokens.metadata(person, "reader")).evaluations
            return found

        assert (case.id in simulated("max"), case.id in simulated("art")) == (True, False)
        assert (drift("max"), drift("rob")) == (1, 0)
