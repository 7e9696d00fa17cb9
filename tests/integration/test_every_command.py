"""Every write of the services, by descriptor: once for one request id, whose it is and for what it said; ABORTED by a stale etag; refused
to everybody whom it is not for. A new write without a line here fails."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Status, StatusChanged
from opsledger.proto.coaching.v1 import coaching_pb2 as coaching
from opsledger.proto.quality.v1 import calibrations_pb2 as calibrations
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.quality.v1 import forms_pb2 as forms
from opsledger.proto.quality.v1 import sampling_pb2 as sampling
from opsledger.proto.sla.v1 import rules_pb2 as sla
from opsledger.services.decisions.requests import Request
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.tickets.codec import timestamp
from tests.kit import tokens
from tests.kit.evaluating import PEOPLE, Office, office, sheet
from tests.kit.quality import FORM_DOCUMENT, SIXTY
from tests.kit.read_models import MINUTE_US, RULES, START_US, fact, record

SERVICES = [file.DESCRIPTOR.services_by_name[name] for file, name in (
    (forms, "FormService"), (evaluations, "EvaluationService"), (sampling, "SamplingService"), (calibrations, "CalibrationService"),
    (coaching, "CoachingService"), (sla, "RuleService"),
)]
WRITES: dict[str, MethodDescriptor] = {
    method.name: method for service in SERVICES for method in service.methods if "request_id" in method.input_type.fields_by_name}
T1, T2 = (evaluations.EvaluationSubject(ticket=evaluations.TicketSubject(source="zendesk", ticket_id=id)) for id in ("T1", "T2"))
FUTURE = timestamp(4_000_000_000_000_000)
_numbers = count(1)


class Services:
    """All services of one server."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.position = 0

    def call(
        self, person: str, name: str, *, token_for: str = "acme", roles: tuple[str, ...] = (), wire: bytes = b"", **fields: Any
    ) -> Any:
        """``wire`` comes after the request's own bytes."""
        method = WRITES[name]
        metadata = tokens.metadata(person, *(roles or (PEOPLE[person],)), tenant=token_for)
        request = GetMessageClass(method.input_type)(**{"tenant": "acme", **fields})
        send = self.office.server.channel.unary_unary(
            f"/{method.containing_service.full_name}/{name}", request_serializer=lambda message: message.SerializeToString() + wire,
            response_deserializer=GetMessageClass(method.output_type).FromString)
        answer = send(request, metadata=(*metadata, (METADATA_KEY, str(self.position))))
        self.position = max(self.position, answer.position)
        return answer

    def write(self, person: str, name: str, **fields: Any) -> Any:
        return self.call(person, name, **{"request_id": f"given {next(_numbers)}", **fields})

    def recorded(self) -> int:
        return self.office.server.application.parts.journal.position


Given = Callable[[Services], dict[str, Any]]


def nothing(_: Services) -> dict[str, Any]:
    return {}


def other_program(_: Services) -> dict[str, Any]:
    return {"program": f"program {next(_numbers)}"}


def other_form(services: Services) -> dict[str, Any]:
    """A form of its own with one version, and another document for it."""
    document = {**FORM_DOCUMENT, "form": f"form {next(_numbers)}"}
    etag = services.write("max", "PublishForm", document_json=json.dumps(document)).form.etag
    return {"document_json": json.dumps({**document, "title": "Calls, anew"}), "etag": etag}


def open_evaluation(services: Services, analyst: str = "") -> dict[str, Any]:
    started = services.write("sue", "StartEvaluation", **START, analyst=analyst).evaluation
    return {"id": started.id, "etag": started.etag}


def claimed(services: Services) -> dict[str, Any]:
    return open_evaluation(services, "ann")


def submitted(services: Services) -> dict[str, Any]:
    done = services.write("ann", "SubmitEvaluation", id=claimed(services)["id"], sheet=sheet(**SIXTY)).evaluation
    return {"id": done.id, "etag": done.etag}


def disputed(services: Services) -> dict[str, Any]:
    done = services.write("bob", "DisputeEvaluation", id=submitted(services)["id"], reasons={"tone": "it was warm"}).evaluation
    return {"id": done.id, "etag": done.etag}


def calibration(services: Services) -> dict[str, Any]:
    opened = services.write("sue", "OpenCalibration", **OPEN).calibration
    return {"id": opened.id, "etag": opened.etag}


def session(*commands: tuple[str, str]) -> Given:
    """One that these have gone through."""

    def given(services: Services) -> dict[str, Any]:
        found = services.write("sue", "PlanSession", **PLAN).session
        for person, command in commands:
            found = services.write(person, command, id=found.id).session
        return {"id": found.id, "etag": found.etag}

    return given


def in_session(services: Services) -> dict[str, Any]:
    return {"session": OPENED(services)["id"]}


def item(services: Services) -> dict[str, Any]:
    agreed = services.write("sue", "AgreeActionItem", session=OPENED(services)["id"], change="listen", due_at=FUTURE).item
    return {"id": agreed.id, "etag": agreed.etag}


def completed(services: Services) -> dict[str, Any]:
    done = services.write("bob", "CompleteActionItem", id=item(services)["id"]).item
    return {"id": done.id, "etag": done.etag}


def window(first: int, last: int) -> coaching.Window:
    return coaching.Window(start=timestamp(START_US + first * MINUTE_US), end=timestamp(START_US + last * MINUTE_US))


FRAME = sampling.FrameFilter(to=window(0, 60).end, include_evaluated=True)
getattr(FRAME, "from").CopyFrom(window(0, 60).start)
START = {"program": "desk", "subject": T1, "agent": "bob", "group": "tier 1", "form": "calls"}
OPEN = {"program": "desk", "title": "May", "form": "calls", "contacts": [T1, T2], "raters": ["ann", "art"]}
PLAN = {"program": "desk", "agent": "bob", "agenda": ["greeting"]}
PLANNED, OPENED = session(), session(("sue", "OpenSession"))
HELD = session(("sue", "OpenSession"), ("sue", "HoldSession"))
ACKNOWLEDGED = session(("sue", "OpenSession"), ("sue", "HoldSession"), ("bob", "AcknowledgeSession"))
MEASURE = coaching.Measure(metric="csat", baseline=window(0, 9), follow_up=window(9, 18))
EVALUATORS, SUPERVISORS = {"analyst", "supervisor", "manager"}, {"supervisor", "manager"}


class Write(NamedTuple):
    person: str
    given: Given
    fields: dict[str, Any]
    roles: set[str]
    """Who may; the person among them."""


COMMANDS = {
    "PublishRules": Write("max", other_program, {"document_json": json.dumps(RULES)}, {"manager"}),
    "PublishForm": Write("max", other_form, {}, {"manager"}),
    "SaveFormDraft": Write("max", other_form, {}, {"manager"}),
    "StartEvaluation": Write("sue", nothing, START, EVALUATORS),
    "ImportEvaluations": Write("sue", nothing, {"form": "calls", "evaluations": [evaluations.ImportedEvaluation(
        name="elsewhere 1", program="desk", subject=T1, agent="bob", analyst="ann", judged_at=window(0, 9).end,
        sheet=sheet(**SIXTY))]}, SUPERVISORS),
    "ClaimEvaluation": Write("ann", open_evaluation, {}, EVALUATORS),
    "SaveDraft": Write("ann", claimed, {"sheet": sheet(tone=5)}, EVALUATORS),
    "SubmitEvaluation": Write("ann", claimed, {"sheet": sheet(**SIXTY)}, EVALUATORS),
    "AcknowledgeEvaluation": Write("bob", submitted, {}, {"agent", "analyst"}),
    "DisputeEvaluation": Write("bob", submitted, {"reasons": {"tone": "it was warm"}}, {"agent", "analyst"}),
    "ReviewDispute": Write("sue", disputed, {"reason": "heard it again"}, SUPERVISORS),
    "EditEvaluation": Write("ann", submitted, {"sheet": sheet(**{**SIXTY, "tone": 9}), "reason": "misheard"}, EVALUATORS),
    "VoidEvaluation": Write("sue", submitted, {"reason": "wrong ticket"}, SUPERVISORS),
    "DrawSample": Write(
        "sue", nothing,
        {"program": "desk", "form": "calls", "method": sampling.SAMPLING_METHOD_PER_AGENT, "size": 1, "filter": FRAME}, SUPERVISORS),
    "OpenCalibration": Write("sue", nothing, OPEN, SUPERVISORS),
    "AddRater": Write("sue", calibration, {"rater": "max"}, SUPERVISORS),
    "WithdrawRater": Write("sue", calibration, {"rater": "art", "reason": "ill"}, SUPERVISORS),
    "SubmitRatings": Write("ann", calibration, {"ratings": [
        calibrations.ContactSheet(contact=contact, sheet=sheet(**SIXTY)) for contact in (T1, T2)]}, EVALUATORS),
    "CloseCalibration": Write("sue", calibration, {}, SUPERVISORS),
    "CancelCalibration": Write("sue", calibration, {"reason": "wrong form"}, SUPERVISORS),
    "PlanSession": Write("sue", nothing, PLAN, {"supervisor"}),
    "ReviseSession": Write("sue", PLANNED, {"agenda": ["closing"]}, {"supervisor"}),
    "FixMeasure": Write("sue", PLANNED, {"measure": MEASURE}, {"supervisor"}),
    "OpenSession": Write("sue", PLANNED, {}, {"supervisor"}),
    "AddNote": Write("sue", OPENED, {"text": "listens well"}, {"supervisor"}),
    "HoldSession": Write("sue", OPENED, {"summary": "one thing"}, {"supervisor"}),
    "AcknowledgeSession": Write("bob", HELD, {"comment": "thanks"}, {"agent"}),
    "CloseSession": Write("sue", ACKNOWLEDGED, {}, {"supervisor"}),
    "CancelSession": Write("sue", PLANNED, {"reason": "ill"}, {"supervisor"}),
    "AgreeActionItem": Write("sue", in_session, {"change": "listen", "due_at": FUTURE}, {"supervisor"}),
    "CompleteActionItem": Write("bob", item, {"evidence": "call 812"}, {"agent", "supervisor"}),
    "WithdrawActionItem": Write("sue", item, {"reason": "left"}, {"supervisor"}),
    "ReopenActionItem": Write("sue", completed, {"reason": "heard it again"}, {"supervisor"}),
    "FollowUpActionItem": Write("sue", completed, {"finding": "it lasted", "lasted": True}, {"supervisor"}),
}
CREATE = {"PublishRules", "StartEvaluation", "ImportEvaluations", "DrawSample", "OpenCalibration", "PlanSession", "AgreeActionItem"}
"""They make something new: there is no older state whose etag they could name."""
DENIED, ABORTED, PRECLUDED = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION
UNSIGNED = {"FixMeasure", "HoldSession", "PlanSession", "SaveDraft", "SubmitEvaluation"}
"""Their events did not say who gave the command; it is answered to whoever may see what became of it."""
LATER_FIELD = b"\xc2\x3e\x03new"
"""Field 1000, which this version does not know."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with office(tmp_path_factory.mktemp("office")) as floor:
        bob = Actor(ActorKind.AGENT, "bob")
        facts = [
            fact(ticket, minute, what, actor=bob)
            for ticket in ("T1", "T2") for minute, what in ((0, Opened(group="tier 1", agent="bob")), (5, StatusChanged(Status.RESOLVED)))]
        found = Services(floor)
        found.position = record(floor.server.application.parts.journal, facts)
        floor.publish()
        yield found


def refused(call: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    code: grpc.StatusCode = caught.value.code()
    return code


def without_etag(given: dict[str, Any]) -> dict[str, Any]:
    """So that nothing but the request id can tell a repetition from a new request."""
    return {name: value for name, value in given.items() if name != "etag"}


def allowed(call: Callable[[], Any]) -> Any:
    """The answer; None when it was refused as not theirs."""
    try:
        return call()
    except grpc.RpcError as error:
        if error.code() not in (DENIED, PRECLUDED, grpc.StatusCode.NOT_FOUND):
            raise
        return None


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    status, info = rpc_status.from_call(caught.value), ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    assert caught.value.code() is PRECLUDED
    return info.reason


@pytest.fixture
def as_by_an_earlier_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Until it is undone, requests are recorded as by versions that knew neither principals nor what a request said."""
    monkeypatch.setattr(Request, "key", Request.earlier_key)
    monkeypatch.setattr(Request, "said", b"")
    return monkeypatch


def test_every_write_is_here_and_every_change_takes_an_etag() -> None:
    assert COMMANDS.keys() == WRITES.keys()
    assert {name for name, method in WRITES.items() if "etag" not in method.input_type.fields_by_name} == CREATE
    assert all("position" in method.output_type.fields_by_name for method in WRITES.values())


@pytest.mark.parametrize("name", COMMANDS)
class TestEveryWrite:
    def test_twice_with_one_request_id_is_one_effect_and_the_same_answer(self, services: Services, name: str) -> None:
        command = COMMANDS[name]
        given, before = command.given(services), services.recorded()
        first = services.write(command.person, name, request_id=f"twice {name}", **given, **command.fields)
        after = services.recorded()
        assert after > before
        again = services.write(command.person, name, request_id=f"twice {name}", **given, **command.fields)
        assert (again, services.recorded()) == (first, after)

    def test_with_one_request_id_and_other_content_is_refused(self, services: Services, name: str) -> None:
        command, request_id = COMMANDS[name], f"other content {name}"
        given = command.given(services)
        services.write(command.person, name, request_id=request_id, **given, **command.fields)
        another = command.given(services) or {"program": "elsewhere"}
        before = services.recorded()
        for other, wire in ((another, b""), (given, LATER_FIELD), (another, LATER_FIELD)):
            asked = {"request_id": request_id, **command.fields, **other}
            assert reason(lambda: services.call(command.person, name, wire=wire, **asked)) == "REQUEST_ID_REUSED"  # noqa: B023  # at once
        assert services.recorded() == before

    @pytest.mark.parametrize("earlier", [False, True])
    def test_of_somebody_else_is_not_answered_with_theirs(
        self, services: Services, name: str, earlier: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> None:
        command = COMMANDS[name]
        asked = {"request_id": f"somebody else's {name} {earlier}", **without_etag(command.given(services)), **command.fields}
        if earlier:
            request.getfixturevalue("as_by_an_earlier_version")
        first = services.call(command.person, name, **asked)
        monkeypatch.undo()
        theirs = allowed(lambda: services.call("zoe", name, roles=(PEOPLE[command.person],), **asked))
        if theirs is not None:
            assert command.person != "bob", "an agent sees what is another one's"
            assert theirs.position > first.position or (earlier and name in UNSIGNED)
        assert services.call(command.person, name, **asked) == first

    def test_that_an_earlier_version_recorded_is_known(
        self, services: Services, name: str, as_by_an_earlier_version: pytest.MonkeyPatch
    ) -> None:
        command = COMMANDS[name]
        asked = {"request_id": f"earlier {name}", **command.given(services), **command.fields}
        first, after = services.call(command.person, name, **asked), services.recorded()
        as_by_an_earlier_version.undo()
        assert (services.call(command.person, name, **asked), services.recorded()) == (first, after)

    def test_without_a_request_id_nothing_happens(self, services: Services, name: str) -> None:
        command = COMMANDS[name]
        given, before = command.given(services), services.recorded()
        code = refused(lambda: services.call(command.person, name, **given, **command.fields))
        assert (code, services.recorded()) == (grpc.StatusCode.INVALID_ARGUMENT, before)

    def test_a_wrong_role_and_a_wrong_tenant_are_refused(self, services: Services, name: str) -> None:
        command = COMMANDS[name]
        given, request_id = command.given(services), f"refused {name}"
        before = services.recorded()
        asked = {"request_id": request_id, **given, **command.fields}
        for role in {"recorder", "reader", "manager", "analyst", "supervisor", "agent", "delegate"} - command.roles:
            assert refused(lambda: services.call(command.person, name, roles=(role,), **asked)) is DENIED, role  # noqa: B023  # at once
        assert refused(lambda: services.call(command.person, name, token_for="globex", **asked)) is DENIED
        assert refused(lambda: services.call(command.person, name, **{**asked, "tenant": "globex"})) is DENIED
        if "actor" in WRITES[name].input_type.fields_by_name:
            assert refused(lambda: services.call(command.person, name, actor="zoe", **asked)) is DENIED
        if "id" in given or "session" in given:
            elsewhere = {**asked, "tenant": "globex"}
            assert refused(lambda: services.call(command.person, name, token_for="globex", **elsewhere)) is grpc.StatusCode.NOT_FOUND
        assert services.recorded() == before


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - CREATE))
def test_a_stale_etag_is_aborted(services: Services, name: str) -> None:
    command = COMMANDS[name]
    given = command.given(services)
    assert refused(lambda: services.write(command.person, name, **{**given, "etag": "none of ours"}, **command.fields)) is ABORTED
    services.write(command.person, name, **given, **command.fields)
    after = services.recorded()
    assert refused(lambda: services.write(command.person, name, **given, **command.fields)) is ABORTED, "the etag that was current before"
    assert services.recorded() == after
