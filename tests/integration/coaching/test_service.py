"""Coaching over real gRPC: every command once, by whom it is for, and lists that show it."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.tickets.facts import Opened
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.proto.coaching.v1.coaching_pb2_grpc import CoachingServiceStub
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Auth, Settings
from tests.kit.coaching_service import SECRET, Floor
from tests.kit.read_models import START_US, fact, record
from tests.kit.servers import Running, running

PAST, FUTURE = Timestamp(seconds=1_000_000_000), Timestamp(seconds=4_000_000_000)


def guarded(folder: Path) -> Settings:
    key_file = folder / "secret"
    key_file.write_text(SECRET)
    return Settings(listen="127.0.0.1:0", auth=Auth(key_file=key_file, algorithms=("HS256",)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    journal = MemoryJournal()
    record(journal, [fact("T1", 0, Opened(group="desk"))])
    with running(journal, guarded(tmp_path_factory.mktemp("auth"))) as found:
        yield found


@pytest.fixture
def floor(server: Running) -> Floor:
    return Floor(server.channel)


def code(raised: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    return raised.value.code()


def test_a_session_from_its_plan_to_its_end(floor: Floor) -> None:
    evidence = [pb.Evidence(ticket=pb.TicketEvidence(source="zendesk", ticket_id="T1"))]
    session = floor.planned(evidence=evidence, scheduled_at=FUTURE)
    assert (session.stage, session.supervisor, list(session.evidence)) == (pb.SESSION_STAGE_PLANNED, "sue", evidence)
    assert floor.sue("ReviseSession", id=session.id, agenda=["closing"]).session.agenda == ["closing"]
    assert floor.sue("OpenSession", id=session.id).session.stage == pb.SESSION_STAGE_OPEN
    assert [note.text for note in floor.sue("AddNote", id=session.id, text="listens well").session.notes] == ["listens well"]
    assert floor.sue("HoldSession", id=session.id, summary="one thing").session.stage == pb.SESSION_STAGE_HELD
    assert floor.ann("AcknowledgeSession", id=session.id, comment="thanks").session.comment == "thanks"
    closed = floor.sue("CloseSession", id=session.id).session
    assert closed.stage == pb.SESSION_STAGE_CLOSED
    assert floor.ann("GetSession", id=session.id).session == closed
    assert closed in floor.sue("ListSessions", agent="ann").sessions


@pytest.mark.parametrize(("tenant", "is_on_record"), [("acme", True), ("other", False)])
def test_an_evaluation_of_the_same_tenant_is_evidence(server: Running, floor: Floor, tenant: str, is_on_record: bool) -> None:
    evaluation = server.application.parts.decisions.create(
        Evaluation, Request(tenant, f"evaluation of {tenant}"), make=lambda: Evaluation(
            tenant, "desk", {"kind": "ticket", "source": "zendesk", "ticket_id": "T1"}, "ann", "desk", "calls", 1, "eva", "sue", "",
            START_US, None, 0, "", START_US)).aggregate
    evidence = [pb.Evidence(evaluation=str(evaluation.id))]
    if is_on_record:
        assert list(floor.planned(evidence=evidence).evidence) == evidence
        return
    with pytest.raises(grpc.RpcError, match="there is no"):
        floor.planned(evidence=evidence)


def test_an_action_item_from_agreement_to_follow_up(floor: Floor) -> None:
    session = floor.held()
    item = floor.sue("AgreeActionItem", session=session.id, change="confirm the name", due_at=FUTURE, follow_up_at=PAST).item
    assert (item.owner, item.status) == ("ann", pb.ACTION_ITEM_STATUS_AGREED)
    done = floor.ann("CompleteActionItem", id=item.id, evidence="call 812").item
    assert (done.status, done.evidence) == (pb.ACTION_ITEM_STATUS_COMPLETED, "call 812")
    assert done.id in [one.id for one in floor.sue("ListActionItems", follow_up_due=True).items]
    reopened = floor.sue("ReopenActionItem", id=item.id, reason="heard it again", due_at=PAST).item
    assert reopened in floor.ann("ListActionItems", overdue=True).items
    looked = floor.sue("FollowUpActionItem", id=item.id, finding="half the calls", lasted=False).item
    assert (looked.HasField("lasted"), looked.lasted, looked.HasField("follow_up_at")) == (True, False, False)
    assert floor.sue("WithdrawActionItem", id=item.id, reason="left").item.status == pb.ACTION_ITEM_STATUS_WITHDRAWN
    assert item.id not in [one.id for one in floor.sue("ListActionItems", overdue=True).items]
    assert floor.ann("GetActionItem", id=item.id).item.reason == "left"


COMMANDS: list[tuple[str, str, dict[str, Any]]] = [  # on a planned session, an open one or an item; what each needs
    ("planned", "ReviseSession", {"agenda": ["closing"]}), ("planned", "OpenSession", {}),
    ("planned", "FixMeasure", {"measure": pb.Measure(
        metric="csat", baseline=pb.Window(start=PAST, end=Timestamp(seconds=1_100_000_000)),
        follow_up=pb.Window(start=Timestamp(seconds=3_900_000_000), end=FUTURE))}),
    ("planned", "CancelSession", {"reason": "ill"}), ("open", "AddNote", {"text": "calm"}),
    ("open", "HoldSession", {"summary": "one thing"}),
    ("held", "AcknowledgeSession", {"comment": "thanks"}), ("acknowledged", "CloseSession", {}),
    ("item", "CompleteActionItem", {"evidence": "call 812"}), ("item", "WithdrawActionItem", {"reason": "left"}),
    ("done", "ReopenActionItem", {"reason": "again"}), ("done", "FollowUpActionItem", {"finding": "well", "lasted": True}),
]
BY_AGENT = ("AcknowledgeSession", "CompleteActionItem")


def prepared(floor: Floor, what: str) -> Any:
    """A session or item at the stage at which the command is possible."""
    session = floor.planned()
    if what == "planned":
        return session
    session = floor.sue("OpenSession", id=session.id).session
    if what == "open":
        return session
    if what in ("item", "done"):
        item = floor.sue("AgreeActionItem", session=session.id, change="confirm the name", due_at=FUTURE).item
        return floor.ann("CompleteActionItem", id=item.id).item if what == "done" else item
    session = floor.sue("HoldSession", id=session.id).session
    return floor.ann("AcknowledgeSession", id=session.id).session if what == "acknowledged" else session


@pytest.mark.parametrize(("given", "method", "fields"), COMMANDS, ids=[method for _, method, _ in COMMANDS])
class TestEveryCommand:
    def test_the_same_request_twice_is_one_effect_and_one_answer(
        self, floor: Floor, given: str, method: str, fields: dict[str, Any]
    ) -> None:
        one, who = prepared(floor, given), floor.ann if method in BY_AGENT else floor.sue
        first = who(method, id=one.id, request_id=f"once {one.id}", **fields)
        assert who(method, id=one.id, request_id=f"once {one.id}", **fields) == first

    def test_a_stale_etag_is_aborted_and_the_current_one_is_not(
        self, floor: Floor, given: str, method: str, fields: dict[str, Any]
    ) -> None:
        one, who = prepared(floor, given), floor.ann if method in BY_AGENT else floor.sue
        with pytest.raises(grpc.RpcError) as raised:
            who(method, id=one.id, etag=str(int(one.etag) + 1), **fields)
        assert code(raised) is grpc.StatusCode.ABORTED
        who(method, id=one.id, etag=one.etag, **fields)

    def test_it_is_refused_to_another_role_tenant_or_person(
        self, floor: Floor, given: str, method: str, fields: dict[str, Any]
    ) -> None:
        one = prepared(floor, given)
        refused = [("bob", "agent", "acme"), ("sue", "supervisor agent", "other"), ("rita", "reader", "acme")]
        for subject, roles, tenant in refused:
            with pytest.raises(grpc.RpcError) as raised:
                floor(method, subject, roles, id=one.id, tenant=tenant, **fields)
            assert code(raised) is grpc.StatusCode.PERMISSION_DENIED, (subject, roles, tenant)


def test_creations_are_carried_out_once_too(floor: Floor) -> None:
    fields = {"program": "desk", "agent": "ann", "request_id": "plan once"}
    session = floor.sue("PlanSession", **fields).session
    assert floor.sue("PlanSession", **fields).session == session
    floor.sue("OpenSession", id=session.id)
    agreed = {"session": session.id, "change": "confirm the name", "due_at": FUTURE, "request_id": "agree once"}
    assert floor.sue("AgreeActionItem", **agreed) == floor.sue("AgreeActionItem", **agreed)
    assert len(floor.sue("ListActionItems", session=session.id).items) == 1
    with pytest.raises(grpc.RpcError) as raised:
        floor.ann("PlanSession", program="desk", agent="bob")
    assert code(raised) is grpc.StatusCode.PERMISSION_DENIED


def test_a_delegate_acts_for_others_and_nobody_else_does(floor: Floor) -> None:
    session = floor.held()
    with pytest.raises(grpc.RpcError) as raised:
        floor("AcknowledgeSession", "sue", "supervisor agent", id=session.id, actor="ann")
    assert code(raised) is grpc.StatusCode.PERMISSION_DENIED
    acknowledged = floor("AcknowledgeSession", "console", "agent delegate", id=session.id, actor="ann").session
    assert acknowledged.stage == pb.SESSION_STAGE_ACKNOWLEDGED


def test_an_agent_sees_only_their_own(floor: Floor) -> None:
    session = floor.held()
    item = floor.sue("AgreeActionItem", session=session.id, change="confirm the name", due_at=FUTURE).item
    for method, id in (("GetSession", session.id), ("GetActionItem", item.id)):
        with pytest.raises(grpc.RpcError) as raised:
            floor(method, "bob", "agent", id=id)
        assert code(raised) is grpc.StatusCode.PERMISSION_DENIED
    assert not floor("ListSessions", "bob", "agent").sessions
    assert not floor("ListActionItems", "bob", "agent").items
    assert session.id in [one.id for one in floor.ann("ListSessions").sessions]


@pytest.mark.parametrize(("method", "fields", "field"), [
    ("PlanSession", {"program": "desk"}, "agent"),
    ("PlanSession", {"program": "desk", "agent": "sue"}, "agent"),
    ("PlanSession", {"program": "desk", "agent": "ann", "agenda": [""]}, "agenda[0]"),
    ("PlanSession", {"program": "desk", "agent": "ann", "evidence": [pb.Evidence()]}, "evidence[0]"),
    ("PlanSession", {"program": "desk", "agent": "ann", "evidence": [
        pb.Evidence(breach=pb.BreachEvidence(source="zendesk", ticket_id="T404", metric="resolution", cycle=1))]}, "evidence[0]"),
    ("PlanSession", {"program": "desk", "agent": "ann", "evidence": [pb.Evidence(evaluation="nobody's")]}, "evidence[0]"),
    ("PlanSession", {"program": "desk", "agent": "ann", "measure": pb.Measure(metric="merit")}, "measure.metric"),
    ("PlanSession", {"program": "desk", "agent": "ann", "request_id": ""}, "request_id"),
    ("AgreeActionItem", {"change": "confirm the name"}, "due_at"),
    ("ListSessions", {"stages": [99]}, "stages"),
    ("ListActionItems", {"page_token": "x"}, "page_token"),
    ("ListSessions", {"read_mask": FieldMask(paths=["merit"])}, "read_mask"),
])
def test_a_wrong_field_is_named(floor: Floor, method: str, fields: dict[str, Any], field: str) -> None:
    floor.planned()
    with pytest.raises(grpc.RpcError, match=field.replace("[", r"\[")) as raised:
        floor.sue(method, **fields)
    assert code(raised) is grpc.StatusCode.INVALID_ARGUMENT


def test_lists_come_page_by_page_with_the_fields_asked_for(floor: Floor) -> None:
    mine = [floor.planned(agent="gus").id for _ in range(5)]
    found: list[pb.Session] = []
    token = ""
    while True:
        page = floor.sue("ListSessions", agent="gus", page_size=2, page_token=token, read_mask=FieldMask(paths=["id"]))
        found += page.sessions
        if not (token := page.next_page_token):
            break
    assert found == [pb.Session(id=id) for id in reversed(mine)]


def test_the_inbox_begins_with_what_is_open_and_goes_on_where_it_stood(server: Running, floor: Floor) -> None:
    stub = CoachingServiceStub(server.channel)  # type: ignore[no-untyped-call]  # generated without types
    session = floor.planned(agent="ivy")
    watching = stub.WatchInbox(pb.WatchInboxRequest(tenant="acme"), metadata=floor.metadata("ivy", "agent"), timeout=30)
    first = next(watching)
    assert [one.id for one in first.sessions] == [session.id]
    floor.planned(agent="bob")
    floor.sue("OpenSession", id=session.id)
    item = floor.sue("AgreeActionItem", session=session.id, change="breathe", due_at=FUTURE).item
    seen: set[str] = set()
    while item.id not in seen:
        answer = next(watching)
        seen |= {one.id for one in (*answer.items, *answer.sessions)}
    assert seen == {session.id, item.id}
    watching.cancel()
    again = stub.WatchInbox(
        pb.WatchInboxRequest(tenant="acme", resume_token=first.resume_token), metadata=floor.metadata("ivy", "agent"), timeout=30)
    answer = next(again)
    assert ([one.id for one in answer.sessions], [one.id for one in answer.items]) == ([session.id], [item.id])
    again.cancel()
    with pytest.raises(grpc.RpcError) as raised:
        next(stub.WatchInbox(pb.WatchInboxRequest(tenant="acme", person="ivy"), metadata=floor.metadata("bob", "agent"), timeout=30))
    assert code(raised) is grpc.StatusCode.PERMISSION_DENIED
