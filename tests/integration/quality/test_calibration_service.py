"""CalibrationService over real gRPC, with tokens, and with restarts of the server in between."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status
from sqlalchemy import select

from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluating
from opsledger.proto.quality.v1.calibrations_pb2_grpc import CalibrationServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.projections.tables_calibrations import calibration_ratings
from tests.kit.evaluating import Office, office, sheet
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY

T1, T2 = (evaluating.EvaluationSubject(ticket=evaluating.TicketSubject(source="zendesk", ticket_id=f"T{number}")) for number in (1, 2))
HUNDRED = dict.fromkeys(SIXTY, 10)
OPENED: dict[str, Any] = {"program": "desk", "title": "May", "form": "calls", "contacts": [T1, T2], "raters": ["ann", "art"]}
Given = Callable[["Room"], pb.Calibration]
_numbers = count(1)


class Room:
    """Calibrations in an office."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.position = 0

    def call(self, person: str, method: str, token_for: str = "acme", wait: bool = False, **fields: Any) -> Any:
        stub = CalibrationServiceStub(self.office.server.channel)  # type: ignore[no-untyped-call]  # generated without types
        metadata = self.office.as_person(person, tenant=token_for)
        if wait:
            metadata = (*metadata, (METADATA_KEY, str(self.position)))
        return getattr(stub, method)(getattr(pb, f"{method}Request")(**{"tenant": "acme", **fields}), metadata=metadata)

    def write(self, person: str, method: str, **fields: Any) -> pb.Calibration:
        """Carry out a command; one with a new request id unless it has one."""
        response = self.call(person, method, **{"request_id": f"{person} {method} {next(_numbers)}", **fields})
        self.position = response.position
        found: pb.Calibration = response.calibration
        return found

    def get(self, person: str, id: str, **fields: Any) -> pb.Calibration:
        found: pb.Calibration = self.call(person, "GetCalibration", id=id, **fields).calibration
        return found

    def open(self, **fields: Any) -> pb.Calibration:
        return self.write("sue", "OpenCalibration", **{**OPENED, **fields})

    def submit(self, person: str, id: str, *ratings: pb.ContactSheet, **fields: Any) -> pb.Calibration:
        return self.write(person, "SubmitRatings", id=id, ratings=ratings, **fields)


def rated(contact: evaluating.EvaluationSubject, answers: dict[str, Any], comment: str = "") -> pb.ContactSheet:
    filled = sheet(**answers)
    filled.comment = comment
    return pb.ContactSheet(contact=contact, sheet=filled)


def status(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Code and reason."""
    info = ErrorInfo()
    rpc_status.from_call(error).details[0].Unpack(info)  # type: ignore[arg-type, union-attr]  # a failed call is both error and call
    return error.code(), info.reason


def refused(call: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return status(caught.value)


def seen(calibration: pb.Calibration) -> list[tuple[str, str]]:
    return [(rating.rater, rating.contact.ticket.ticket_id) for rating in calibration.ratings]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with office(tmp_path_factory.mktemp("office")) as floor:
        floor.publish()
        yield Room(floor)


def test_a_session_from_its_opening_to_its_report_with_a_restart_between_any_two_steps(tmp_path: Path) -> None:
    with office(tmp_path) as floor:
        floor.publish()
        room = Room(floor)
        id = room.open(reference="art").id
        floor.publish({**FORM_DOCUMENT, "title": "Calls, anew"})
        steps: list[tuple[str, str, dict[str, Any]]] = [
            ("ann", "SubmitRatings", {"ratings": [rated(T1, SIXTY)]}),
            ("sue", "AddRater", {"rater": "max"}),
            ("art", "SubmitRatings", {"ratings": [rated(T1, SEVENTY_FIVE), rated(T2, HUNDRED)]}),
            ("max", "SubmitRatings", {"ratings": [rated(T2, SIXTY)]}),
            ("sue", "WithdrawRater", {"rater": "max", "reason": "ill"}),
            ("ann", "SubmitRatings", {"ratings": [rated(T2, {**HUNDRED, "tone": 5})]}),
            ("sue", "CloseCalibration", {}),
        ]
        for person, method, fields in steps:
            floor.restart()
            room.write(person, method, id=id, **fields)
        floor.restart()
        found = room.get("rob", id)
        assert (found.status, found.form_version, found.blind) == (pb.CALIBRATION_STATUS_CLOSED, 1, False)
        assert [(rater.name, rater.submitted, rater.withdrawn) for rater in found.raters] == [
            ("ann", 2, False), ("art", 2, False), ("max", 1, True)]
        assert [rating.score.score.value for rating in found.ratings] == [0.6, 0.75, 1.0, 0.6, 0.9]
        report = room.call("rob", "GetCalibrationReport", id=id)
    assert (list(report.raters), report.reference) == (["ann", "art"], "art")
    ann, art = report.score_biases
    assert (ann.units, ann.bias.value) == (2, pytest.approx((0.6 - 0.75 + 0.9 - 1) / 2))
    assert (art.bias.HasField("value"), art.bias.reason) == (False, "IS_REFERENCE")
    assert [each.question for each in report.questions] == ["closing", "tone", "solution", "greeting"]
    assert {view.view: (view.units, view.pairable_units) for view in report.views} == {
        "scores": (2, 2), "points": (8, 7), "answers": (8, 8)}
    percent = next(each for each in report.views[2].coefficients if each.name == "percent_agreement")
    assert (percent.level, percent.estimate.value) == ("nominal", 6 / 8)
    assert percent.estimate.low < 6 / 8 < percent.estimate.high


class TestBlindness:
    """ann and art say something of both contacts; what one writes is in no answer that the other gets too early."""

    CANARY = "canary-b71f"

    def half_done(self, room: Room) -> str:
        id = room.open(raters=["ann", "art", "max"]).id
        room.submit("art", id, rated(T1, SIXTY, self.CANARY), rated(T2, SEVENTY_FIVE, self.CANARY))
        room.submit("ann", id, rated(T1, HUNDRED))
        return id

    @pytest.mark.parametrize("person", ["ann", "max", "sue", "rob"])
    def test_no_answer_leaks_what_others_said_before_you_have_submitted(self, room: Room, person: str) -> None:
        id = self.half_done(room)
        answers = [room.call(person, "GetCalibration", id=id), room.call(person, "ListCalibrations", wait=True)]
        if person == "ann":
            answers.append(room.call("ann", "SubmitRatings", id=id, request_id=f"again {id}", ratings=[rated(T1, HUNDRED)]))
        if person == "sue":
            answers.append(room.call("sue", "AddRater", id=id, request_id=f"eve {id}", rater="eve"))
        assert all(self.CANARY.encode() not in answer.SerializeToString() for answer in answers)
        found = room.get(person, id)
        assert (found.blind, seen(found)) == (True, [("ann", "T1")] if person == "ann" else [])
        assert refused(lambda: room.call(person, "GetCalibrationReport", id=id)) == (grpc.StatusCode.FAILED_PRECONDITION, "STILL_BLIND")

    def test_the_read_models_do_not_hold_it_either_until_it_is_closed(self, room: Room) -> None:
        id = self.half_done(room)
        engine = room.office.server.application.parts.engine

        def rows() -> int:
            room.call("rob", "ListCalibrations", wait=True)
            with engine.connect() as connection:
                return len(connection.execute(select(calibration_ratings).where(calibration_ratings.c.aggregate_id == id)).all())

        assert rows() == 0
        room.write("sue", "CloseCalibration", id=id)
        assert rows() == 3

    def test_who_has_submitted_everything_sees_everything(self, room: Room) -> None:
        id = self.half_done(room)
        found = room.submit("ann", id, rated(T2, HUNDRED))
        assert (found.blind, seen(found)) == (False, [("art", "T1"), ("art", "T2"), ("ann", "T1"), ("ann", "T2")])
        assert room.call("ann", "GetCalibrationReport", id=id).raters == ["ann", "art", "max"]
        assert room.get("max", id).blind

    def test_nobody_changes_their_mind_after_having_seen(self, room: Room) -> None:
        id = self.half_done(room)
        room.submit("ann", id, rated(T2, HUNDRED))
        assert refused(lambda: room.submit("ann", id, rated(T2, SIXTY))) == (grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_RATED")

    def test_an_analyst_cannot_look_in_the_name_of_another(self, room: Room) -> None:
        id = self.half_done(room)
        assert refused(lambda: room.get("ann", id, actor="art")) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
        assert refused(lambda: room.submit("ann", id, rated(T1, SIXTY), actor="max")) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")


COMMANDS: list[tuple[str, str, Given, dict[str, Any]]] = [
    ("sue", "AddRater", Room.open, {"rater": "max"}),
    ("sue", "WithdrawRater", Room.open, {"rater": "art", "reason": "ill"}),
    ("ann", "SubmitRatings", Room.open, {"ratings": [rated(T1, SIXTY), rated(T2, SIXTY)]}),
    ("sue", "CloseCalibration", Room.open, {}),
    ("sue", "CancelCalibration", Room.open, {"reason": "wrong form"}),
]


@pytest.mark.parametrize(("person", "method", "given", "fields"), COMMANDS, ids=[command[1] for command in COMMANDS])
class TestEveryCommand:
    def test_twice_with_one_request_id_is_one_effect_and_the_same_answer(
        self, room: Room, person: str, method: str, given: Given, fields: dict[str, Any]
    ) -> None:
        id, request_id = given(room).id, f"twice {method}"
        first = room.write(person, method, id=id, request_id=request_id, **fields)
        position = room.position
        if method not in ("CloseCalibration", "CancelCalibration"):
            room.write("sue", "CloseCalibration", id=id)  # the first answer stands, whatever came after
        assert room.write(person, method, id=id, request_id=request_id, **fields) == first
        assert room.position == position

    def test_a_stale_etag_is_aborted_and_the_current_one_is_not(
        self, room: Room, person: str, method: str, given: Given, fields: dict[str, Any]
    ) -> None:
        before = given(room)
        stale = str(int(before.etag) + 7)
        assert refused(lambda: room.write(person, method, id=before.id, etag=stale, **fields)) == (
            grpc.StatusCode.ABORTED, "VERSION_CONFLICT")
        assert int(room.write(person, method, id=before.id, etag=before.etag, **fields).etag) > int(before.etag)

    def test_a_wrong_role_or_tenant_is_refused(
        self, room: Room, person: str, method: str, given: Given, fields: dict[str, Any]
    ) -> None:
        before = given(room)
        denied = (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
        for other in ("bob", "rob", *(["ann"] if person == "sue" else [])):
            assert refused(lambda: room.write(other, method, id=before.id, **fields)) == denied  # noqa: B023  # called at once
        named = {"id": before.id, "request_id": f"elsewhere {method}", **fields}
        assert refused(lambda: room.call(person, method, token_for="globex", **named)) == denied
        assert refused(lambda: room.call(person, method, tenant="globex", **named)) == denied
        assert refused(lambda: room.call(person, method, token_for="globex", tenant="globex", **named)) == (
            grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        assert room.get("sue", before.id).etag == before.etag


def test_opening_twice_with_one_request_id_is_one_session(room: Room) -> None:
    assert room.open(request_id="open twice") == room.open(request_id="open twice")


def test_a_command_that_changes_nothing_records_nothing(room: Room) -> None:
    id = room.open().id
    first = room.submit("ann", id, rated(T1, SIXTY))
    assert room.submit("ann", id, rated(T1, {**SIXTY, "tone": "5"})) == first


@pytest.mark.parametrize(("person", "method", "fields", "refusal"), [
    ("max", "SubmitRatings", {"ratings": [rated(T1, SIXTY)]}, (grpc.StatusCode.PERMISSION_DENIED, "NOT_A_RATER")),
    ("sue", "WithdrawRater", {"rater": "max"}, (grpc.StatusCode.PERMISSION_DENIED, "NOT_A_RATER")),
    ("sue", "WithdrawRater", {"rater": "art"}, (grpc.StatusCode.FAILED_PRECONDITION, "REFERENCE_NEEDED")),
])
def test_what_the_session_does_not_allow(
    room: Room, person: str, method: str, fields: dict[str, Any], refusal: tuple[grpc.StatusCode, str]
) -> None:
    id = room.open(reference="art").id
    assert refused(lambda: room.write(person, method, id=id, **fields)) == refusal


@pytest.mark.parametrize(("method", "fields", "named"), [
    ("OpenCalibration", {"program": ""}, "program"), ("OpenCalibration", {"raters": ["ann"]}, "raters"),
    ("OpenCalibration", {"raters": ["ann", ""]}, "raters[1]"), ("OpenCalibration", {"reference": "zoe"}, "reference_id"),
    ("OpenCalibration", {"contacts": [T1, evaluating.EvaluationSubject()]}, "contacts[1]"),
    ("OpenCalibration", {"contacts": [evaluating.EvaluationSubject(ticket=evaluating.TicketSubject(source="a"))]}, "contacts[0].ticket_id"),
    ("OpenCalibration", {"title": "x" * 201}, "title"), ("OpenCalibration", {"due_at": Timestamp(seconds=2**34)}, "due_at"),
    ("SubmitRatings", {"ratings": []}, "ratings"),
    ("SubmitRatings", {"ratings": [rated(T1, {"tone": 5})]}, "ratings[0].sheet.answers.greeting"),
    ("AddRater", {"rater": ""}, "rater"), ("ListCalibrations", {"statuses": [9]}, "statuses"),
    ("GetCalibrationReport", {"confidence": 95}, "confidence"), ("GetEvaluatorDrift", {"program": ""}, "program"),
])
def test_a_wrong_field_is_named(room: Room, method: str, fields: dict[str, Any], named: str) -> None:
    who = "ann" if method == "SubmitRatings" else "sue"
    id = {} if method in ("OpenCalibration", "ListCalibrations", "GetEvaluatorDrift") else {"id": room.open().id}
    request_id = {"request_id": f"wrong {named}"} if method in ("OpenCalibration", "SubmitRatings", "AddRater") else {}
    given = {**OPENED, **fields} if method == "OpenCalibration" else fields
    with pytest.raises(grpc.RpcError) as caught:
        room.call(who, method, **id, **request_id, **given)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = BadRequest()
    assert any(detail.Unpack(details) for detail in rpc_status.from_call(caught.value).details)  # type: ignore[arg-type, union-attr]  # as above
    assert named in [violation.field for violation in details.field_violations]


def test_a_form_that_there_is_not(room: Room) -> None:
    for fields in ({"form": "none"}, {"form_version": 9}):
        assert refused(lambda: room.open(**fields))[0] is grpc.StatusCode.NOT_FOUND  # noqa: B023  # called at once


def test_lists_by_filter_and_page_by_page(room: Room) -> None:
    opened = [room.open(program="listed", raters=["ann", rater]).id for rater in ("art", "max", "art")]
    room.write("sue", "CancelCalibration", id=opened[0], reason="wrong form")

    def listed(**fields: Any) -> list[str]:
        return [each.id for each in room.call("rob", "ListCalibrations", wait=True, program="listed", **fields).calibrations]

    assert listed() == [opened[0], opened[2], opened[1]], "last changed first"
    assert listed(rater="art") == [opened[0], opened[2]]
    assert listed(statuses=[pb.CALIBRATION_STATUS_OPEN]) == [opened[2], opened[1]]
    page = room.call("rob", "ListCalibrations", program="listed", page_size=2)
    rest = room.call("rob", "ListCalibrations", program="listed", page_size=2, page_token=page.next_page_token)
    assert [each.id for each in (*page.calibrations, *rest.calibrations)] == listed()
    assert rest.next_page_token == ""
    whole = room.get("rob", opened[1])
    whole.ClearField("blind")
    assert rest.calibrations[0] == whole
    masked = room.call("rob", "ListCalibrations", program="listed", read_mask=FieldMask(paths=["id"])).calibrations[0]
    assert masked == pb.Calibration(id=opened[0])


def test_the_drift_of_evaluators_is_taken_off_the_scores_that_count(room: Room) -> None:
    """Of bob ann says 1 and art says 0.9; eve is judged by ann alone. What was voided does not count."""
    floor = room.office
    scores = {("bob", "ann"): HUNDRED, ("bob", "art"): {**HUNDRED, "tone": 5}, ("eve", "ann"): SEVENTY_FIVE}
    for (agent, analyst), answers in scores.items():
        evaluation = floor.begin(agent=agent, analyst=analyst, program="drifting")
        floor.write(analyst, "SubmitEvaluation", id=evaluation.id, sheet=sheet(**answers))
    evaluation = floor.begin(agent="bob", analyst="ann", program="drifting")
    floor.write("ann", "SubmitEvaluation", id=evaluation.id, sheet=sheet(**SIXTY))
    floor.write("sue", "VoidEvaluation", id=evaluation.id, reason="wrong agent")
    room.position = floor.position
    found = room.call("sue", "GetEvaluatorDrift", program="drifting", wait=True)
    assert (found.evaluations, found.parts) == (3, 1)
    assert {each.evaluator: each.effect.value for each in found.evaluators} == pytest.approx({"ann": 0.05, "art": -0.05})
    assert {each.agent: (each.original.value, each.adjusted.value) for each in found.agents} == {
        "bob": pytest.approx((0.95, 0.95)), "eve": pytest.approx((0.75, 0.7))}
    assert {each.effect.reason for each in found.evaluators} == {"SATURATED"}
    later = Timestamp(seconds=4_000_000_000)
    assert room.call("sue", "GetEvaluatorDrift", program="drifting", start=later).evaluations == 0
    assert refused(lambda: room.call("ann", "GetEvaluatorDrift", program="drifting"))[0] is grpc.StatusCode.PERMISSION_DENIED
