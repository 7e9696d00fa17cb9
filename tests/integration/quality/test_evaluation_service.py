"""EvaluationService over real gRPC, with tokens, and with restarts of the server in between."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from sqlalchemy import select

from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.scorecards.v1 import scorecards_pb2 as cards
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.proto.sla.v1.rules_pb2_grpc import RuleServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.projections.tables_quality import disputes
from tests.kit import tokens
from tests.kit.evaluating import TICKET, Office, office, sheet
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY

RULES = json.dumps({
    "time_zone": "UTC",
    "policies": [{"name": "standard", "reopen": "resume", "calendar": "office", "targets": {"resolution": {"target": "8h"}}}],
    "calendars": {"office": {"time_zone": "UTC", "hours": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}},
})


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as floor:
        floor.publish()
        yield floor


def submitted(floor: Office, **fields: Any) -> pb.Evaluation:
    evaluation = floor.begin(**fields)
    return floor.write(evaluation.analyst, "SubmitEvaluation", id=evaluation.id, sheet=sheet(**SIXTY))


def disputed(floor: Office) -> pb.Evaluation:
    evaluation = submitted(floor)
    return floor.write("bob", "DisputeEvaluation", id=evaluation.id, reasons={"closing": "there was none to give"})


def status(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Code and reason."""
    found = rpc_status.from_call(error)  # type: ignore[arg-type]  # a failed call is both error and call
    info = ErrorInfo()
    found.details[0].Unpack(info)
    return error.code(), info.reason


def test_a_whole_life_with_a_restart_between_any_two_steps(floor: Office) -> None:
    id = floor.begin(analyst="").id
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("ann", "ClaimEvaluation", {}),
        ("ann", "SaveDraft", {"sheet": sheet(greeting=10)}),
        ("ann", "SubmitEvaluation", {"sheet": sheet(**SIXTY)}),
        ("bob", "DisputeEvaluation", {"reasons": {"closing": "none to give", "tone": "kind"}}),
        ("sue", "ReviewDispute", {"questions": ["tone"], "reason": "heard it twice"}),
        ("sue", "ReviewDispute", {"reason": "right", "rescore": sheet(**SEVENTY_FIVE)}),
        ("bob", "AcknowledgeEvaluation", {}),
        ("ann", "EditEvaluation", {"sheet": sheet(**{**SEVENTY_FIVE, "tone": 10}), "reason": "wrong line"}),
        ("sue", "VoidEvaluation", {"reason": "wrong agent"}),
    ]
    seen = []
    for person, method, fields in steps:
        floor.restart()
        now = floor.write(person, method, id=id, **fields)
        seen.append((pb.EvaluationStatus.Name(now.status).removeprefix("EVALUATION_STATUS_"), now.counting_version, now.score.score.value))
    assert seen == [
        ("CLAIMED", 0, 0), ("CLAIMED", 0, 0), ("SUBMITTED", 1, 0.6), ("DISPUTED", 1, 0.6), ("DISPUTED", 1, 0.6), ("SUBMITTED", 2, 0.75),
        ("ACKNOWLEDGED", 2, 0.75), ("SUBMITTED", 3, 0.875), ("VOIDED", 0, 0)]
    floor.restart()
    whole = floor.get("sue", id)
    assert [(version.cause, version.actor, version.score.score.numerator) for version in whole.versions] == [
        ("submitted", "ann", "3"), ("rescored", "sue", "3"), ("edited", "ann", "7")]
    assert {dispute.question: dispute.decision for dispute in whole.disputes} == {"tone": "upheld", "closing": "rescored"}
    assert whole.voiding.reason == "wrong agent"


COMMANDS: list[tuple[str, str, Callable[[Office], pb.Evaluation], dict[str, Any]]] = [
    ("ann", "ClaimEvaluation", lambda floor: floor.begin(analyst=""), {}),
    ("ann", "SaveDraft", Office.begin, {"sheet": sheet(greeting=10)}),
    ("ann", "SubmitEvaluation", Office.begin, {"sheet": sheet(**SIXTY)}),
    ("bob", "AcknowledgeEvaluation", submitted, {}),
    ("bob", "DisputeEvaluation", submitted, {"reasons": {"tone": "kind"}}),
    ("sue", "ReviewDispute", disputed, {"reason": "right", "rescore": sheet(**SEVENTY_FIVE)}),
    ("sue", "ReviewDispute", disputed, {"reason": "no"}),
    ("ann", "EditEvaluation", submitted, {"sheet": sheet(**SEVENTY_FIVE), "reason": "wrong line"}),
    ("sue", "VoidEvaluation", submitted, {"reason": "wrong agent"}),
]
ROLES = {
    "ClaimEvaluation": ("bob", "rob"), "SaveDraft": ("bob", "rob"), "SubmitEvaluation": ("bob", "rob"),
    "AcknowledgeEvaluation": ("sue", "rob"), "DisputeEvaluation": ("sue", "rob"), "ReviewDispute": ("ann", "bob", "rob"),
    "EditEvaluation": ("bob", "rob"), "VoidEvaluation": ("ann", "bob", "rob"),
}
"""Who has none of the roles of a command."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as floor:
        floor.publish()
        yield floor


@pytest.mark.parametrize(("person", "method", "given", "fields"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
class TestEveryCommand:
    def test_twice_with_one_request_id_is_one_effect_and_the_same_answer(
        self, shared: Office, person: str, method: str, given: Callable[[Office], pb.Evaluation], fields: dict[str, Any]
    ) -> None:
        id, request_id = given(shared).id, f"twice {method} {sorted(fields)}"
        first = shared.write(person, method, id=id, request_id=request_id, **fields)
        position = shared.position
        if method == "SubmitEvaluation":
            shared.write("sue", "VoidEvaluation", id=id, reason="later")  # the first answer stands, whatever came after
        assert shared.write(person, method, id=id, request_id=request_id, **fields) == first
        assert shared.position == position

    def test_a_stale_etag_is_aborted_and_the_current_one_is_not(
        self, shared: Office, person: str, method: str, given: Callable[[Office], pb.Evaluation], fields: dict[str, Any]
    ) -> None:
        before = given(shared)
        stale = str(int(before.etag) + 7)
        with pytest.raises(grpc.RpcError) as caught:
            shared.write(person, method, id=before.id, etag=stale, **fields)
        assert status(caught.value) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")
        after = shared.write(person, method, id=before.id, etag=before.etag, **fields)
        assert int(after.etag) == int(before.etag) + 1

    def test_a_wrong_role_or_tenant_is_refused(
        self, shared: Office, person: str, method: str, given: Callable[[Office], pb.Evaluation], fields: dict[str, Any]
    ) -> None:
        before = given(shared)
        request = getattr(pb, f"{method}Request")(request_id=f"wrong {method}", tenant="acme", id=before.id, **fields)
        call = getattr(shared.stub, method)
        for other in ROLES[method]:
            with pytest.raises(grpc.RpcError) as caught:
                call(request, metadata=shared.as_person(other))
            assert status(caught.value) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
        with pytest.raises(grpc.RpcError) as caught:
            call(request, metadata=shared.as_person(person, tenant="globex"))
        assert status(caught.value) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
        request.tenant = "globex"
        with pytest.raises(grpc.RpcError) as caught:
            call(request, metadata=shared.as_person(person, tenant="globex"))
        assert status(caught.value) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        assert shared.get("sue", before.id).etag == before.etag

    def test_nobody_acts_in_the_name_of_others(
        self, shared: Office, person: str, method: str, given: Callable[[Office], pb.Evaluation], fields: dict[str, Any]
    ) -> None:
        id = given(shared).id
        with pytest.raises(grpc.RpcError) as caught:
            shared.write(person, method, id=id, actor="somebody else", **fields)
        assert status(caught.value) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")


def test_starting_twice_with_one_request_id_makes_one_evaluation_after_a_restart_too(floor: Office) -> None:
    first = floor.begin(request_id="once")
    floor.restart()
    assert floor.begin(request_id="once") == first
    assert len(floor.listed("sue").evaluations) == 1
    with pytest.raises(grpc.RpcError) as caught:
        floor.write("bob", "StartEvaluation", program="desk", subject=TICKET, agent="bob", form="calls")
    assert status(caught.value) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")


@pytest.mark.parametrize(("fields", "code"), [
    ({"agent": ""}, "INVALID_INPUT"), ({"program": ""}, "INVALID_INPUT"),
    ({"form": "nonsense"}, "NOT_FOUND"), ({"form_version": 2}, "NOT_FOUND"),
    ({"subject": pb.EvaluationSubject()}, "INVALID_INPUT"), ({"analyst": "bob"}, "OWN_WORK"),
    ({"subject": pb.EvaluationSubject(evaluation="11111111-1111-1111-1111-111111111111")}, "NOT_FOUND"),
    ({"due": pb.Deadline(within=Duration(seconds=-1))}, "INVALID_INPUT"),
    ({"dispute": pb.Deadline(within=Duration(seconds=60), calendar="office")}, "INVALID_INPUT"),
])
def test_what_cannot_be_started_is_refused_by_name(shared: Office, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        shared.begin(**fields)
    assert status(caught.value)[1] == code


def test_a_delegate_acts_for_many(shared: Office) -> None:
    console = tokens.metadata("console", "supervisor", "agent", "delegate")
    id = shared.begin().id
    shared.stub.SubmitEvaluation(
        pb.SubmitEvaluationRequest(request_id="for ann", tenant="acme", id=id, actor="ann", sheet=sheet(**SIXTY)), metadata=console)
    done = shared.stub.AcknowledgeEvaluation(
        pb.AcknowledgeEvaluationRequest(request_id="for bob", tenant="acme", id=id, actor="bob"), metadata=console).evaluation
    assert (done.versions[0].actor, done.status) == ("ann", pb.EVALUATION_STATUS_ACKNOWLEDGED)


def test_answers_that_do_not_fit_the_form_are_named(shared: Office) -> None:
    id = shared.begin().id
    with pytest.raises(grpc.RpcError) as caught:
        shared.write("ann", "SubmitEvaluation", id=id, sheet=sheet(greeting=11, tone="loud", nonsense=1))
    assert status(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ANSWERS")
    assert all(f"answers.{name}" in caught.value.details() for name in ("greeting", "tone", "nonsense"))


def test_a_draft_is_submitted_as_it_was_saved(shared: Office) -> None:
    id = shared.begin().id
    said = sheet(**SIXTY)
    said.notes["tone"].CopyFrom(pb.Note(comment="curt", evidence=[pb.Evidence(kind="call", ref="0:42")]))
    saved = shared.write("ann", "SaveDraft", id=id, sheet=said)
    done = shared.write("ann", "SubmitEvaluation", id=id)
    assert (done.versions[0].sheet, done.draft) == (saved.draft, pb.Sheet())
    assert done.versions[0].sheet.notes["tone"] == said.notes["tone"]
    shares = {each.question: (each.share.numerator, each.share.denominator) for each in done.score.contributions}
    assert done.score.outcome_reason == done.versions[0].score.outcome_reason == "60% < 70%"
    assert shares == {"greeting": ("2", "5"), "solution": ("1", "10"), "tone": ("1", "10"), "closing": ("0", "1")}


def test_deadlines_are_of_the_programs_calendar(floor: Office) -> None:
    rules = PublishRulesRequest(request_id="rules", tenant="acme", program="desk", document_json=RULES)
    RuleServiceStub(floor.server.channel).PublishRules(rules, metadata=floor.as_person("max"))
    eight_hours = pb.Deadline(within=Duration(seconds=8 * 3600), calendar="office")
    evaluation = submitted(floor, due=eight_hours, dispute=eight_hours)
    for deadline in (evaluation.due_at.ToDatetime(UTC), evaluation.dispute_until.ToDatetime(UTC)):
        assert deadline.weekday() < 5
        assert 9 <= deadline.hour <= 17
        assert deadline > datetime.now(UTC)


def test_a_dispute_after_its_deadline_is_refused(floor: Office) -> None:
    evaluation = submitted(floor, dispute=pb.Deadline(within=Duration(nanos=1_000)))
    with pytest.raises(grpc.RpcError) as caught:
        floor.write("bob", "DisputeEvaluation", id=evaluation.id, reasons={"tone": "kind"})
    assert status(caught.value) == (grpc.StatusCode.FAILED_PRECONDITION, "DISPUTE_TOO_LATE")


def test_an_agent_sees_their_own_once_it_is_submitted_and_nothing_else(floor: Office) -> None:
    own, others, draft = submitted(floor), submitted(floor, agent="eve"), floor.begin()
    assert [found.id for found in floor.listed("bob").evaluations] == [own.id]
    assert [found.id for found in floor.listed("bob", filter=pb.EvaluationFilter(agent="eve")).evaluations] == [own.id]
    assert {found.id for found in floor.listed("ann").evaluations} == {own.id, others.id, draft.id}
    assert floor.get("bob", own.id).id == own.id
    for hidden in (others, draft):
        with pytest.raises(grpc.RpcError) as caught:
            floor.get("bob", hidden.id)
        assert status(caught.value) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


def test_lists_are_filtered_paged_and_masked(floor: Office) -> None:
    ids = [submitted(floor, agent=agent, analyst=analyst).id for agent, analyst in (("bob", "ann"), ("eve", "ann"), ("bob", "art"))]
    waiting = floor.begin(analyst="art").id
    assert [found.id for found in floor.listed("sue").evaluations] == [waiting, *reversed(ids)]
    assert {found.id for found in floor.listed("sue", filter=pb.EvaluationFilter(agent="bob")).evaluations} == {ids[0], ids[2], waiting}
    queue = pb.EvaluationFilter(analyst="art", statuses=[pb.EVALUATION_STATUS_CLAIMED])
    assert [found.id for found in floor.listed("art", filter=queue).evaluations] == [waiting]
    of_ticket = pb.EvaluationFilter(source="zendesk", ticket_id="T1", form="calls", program="desk")
    assert len(floor.listed("sue", filter=of_ticket).evaluations) == 4
    pages, token = [], ""
    while True:
        page = floor.listed("sue", page_size=3, page_token=token)
        pages.append([found.id for found in page.evaluations])
        if not (token := page.next_page_token):
            break
    assert pages == [[waiting, ids[2], ids[1]], [ids[0]]]
    masked = floor.listed("sue", filter=queue, read_mask=FieldMask(paths=["id", "agent"])).evaluations
    assert list(masked) == [pb.Evaluation(id=waiting, agent="bob")]
    assert floor.get("sue", waiting, read_mask=FieldMask(paths=["status"])) == pb.Evaluation(status=pb.EVALUATION_STATUS_CLAIMED)
    whole = floor.get("sue", ids[0])
    [row] = [found for found in floor.listed("sue").evaluations if found.id == ids[0]]
    assert (row.etag, row.score.score, row.score.outcome, row.subject) == (whole.etag, whole.score.score, "fail", whole.subject)


def test_a_queue_tells_what_changes_and_goes_on_after_a_break(floor: Office) -> None:
    first = floor.begin().id
    floor.begin(analyst="art")
    floor.listed("sue")
    queue = pb.WatchEvaluationsRequest(
        tenant="acme", filter=pb.EvaluationFilter(analyst="ann", statuses=[pb.EVALUATION_STATUS_CLAIMED]))
    stream = floor.stub.WatchEvaluations(queue, metadata=floor.as_person("ann"), timeout=20)
    beginning = next(stream)
    assert [found.id for found in beginning.evaluations] == [first]
    second = floor.begin().id
    change = next(stream)
    assert [found.id for found in change.evaluations] == [second]
    stream.cancel()
    floor.write("ann", "SubmitEvaluation", id=first, sheet=sheet(**SIXTY))
    floor.restart()
    queue.resume_token = change.resume_token
    [left] = next(floor.stub.WatchEvaluations(queue, metadata=floor.as_person("ann"), timeout=20)).evaluations
    assert (left.id, left.status) == (first, pb.EVALUATION_STATUS_SUBMITTED)
    inbox = floor.stub.WatchEvaluations(pb.WatchEvaluationsRequest(tenant="acme"), metadata=floor.as_person("bob"), timeout=20)
    assert [found.id for found in next(inbox).evaluations] == [first]
    tokens_seen = [beginning.resume_token, change.resume_token]
    assert all(int(one) < int(other) for one, other in pairwise(tokens_seen))


def test_the_evaluator_is_evaluated(floor: Office) -> None:
    judged = submitted(floor)
    about = floor.begin(subject=pb.EvaluationSubject(evaluation=judged.id), analyst="art", agent="", program="")
    assert (about.agent, about.program, about.contact_at) == ("ann", "desk", judged.submitted_at)
    floor.write("art", "SubmitEvaluation", id=about.id, sheet=sheet(**SIXTY))
    done = floor.write("ann", "AcknowledgeEvaluation", id=about.id)
    assert done.status == pb.EVALUATION_STATUS_ACKNOWLEDGED


def test_a_review_changes_what_is_disputed_and_says_why_it_changes_more(floor: Office) -> None:
    before = disputed(floor)
    more = sheet(**{**SEVENTY_FIVE, "tone": 9})
    with pytest.raises(grpc.RpcError) as caught:
        floor.write("sue", "ReviewDispute", id=before.id, reason="right", rescore=more)
    assert status(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT")
    assert "other_reasons.tone" in caught.value.details()
    floor.write("sue", "ReviewDispute", id=before.id, reason="right", rescore=more, other_reasons={"tone": "it was warm"})
    assert floor.get("bob", before.id).versions[-1].other_reasons == {"tone": "it was warm"}


def test_nobody_reviews_a_dispute_against_their_own_evaluation(floor: Office) -> None:
    evaluation = submitted(floor, analyst="sue")
    floor.write("bob", "DisputeEvaluation", id=evaluation.id, reasons={"tone": "kind"})
    for fields in ({}, {"rescore": sheet(**{**SIXTY, "tone": 9})}):
        with pytest.raises(grpc.RpcError) as caught:
            floor.write("sue", "ReviewDispute", id=evaluation.id, reason="no", **fields)
        assert status(caught.value) == (grpc.StatusCode.PERMISSION_DENIED, "OWN_EVALUATION")
    assert floor.write("max", "ReviewDispute", id=evaluation.id, reason="no").status == pb.EVALUATION_STATUS_SUBMITTED


def test_a_lowering_edit_can_be_disputed_again(floor: Office) -> None:
    evaluation = submitted(floor, dispute=pb.Deadline(within=Duration(seconds=60)))
    floor.write("bob", "DisputeEvaluation", id=evaluation.id, reasons={"tone": "kind"})
    floor.write("sue", "ReviewDispute", id=evaluation.id, reason="no", rescore=sheet(**SIXTY))
    lowered = floor.write("ann", "EditEvaluation", id=evaluation.id, reason="wrong line", sheet=sheet(**{**SIXTY, "tone": 1}))
    assert lowered.dispute_until.ToMicroseconds() == lowered.versions[-1].at.ToMicroseconds() + 60_000_000
    floor.write("bob", "DisputeEvaluation", id=evaluation.id, reasons={"tone": "kind all the same"})
    [row] = floor.listed("sue").evaluations
    assert (row.status, row.dispute_until) == (pb.EVALUATION_STATUS_DISPUTED, lowered.dispute_until)
    whole = floor.get("bob", evaluation.id)
    assert [(each.question, each.version, each.decision) for each in whole.disputes] == [("tone", 1, "upheld"), ("tone", 2, "")]
    with floor.server.application.parts.engine.connect() as connection:
        assert [(each.version, each.decision) for each in connection.execute(select(disputes).order_by(disputes.c.version))] == [
            (1, "upheld"), (2, "")]


def test_scorecards_show_the_version_that_counts(floor: Office) -> None:
    at = Timestamp()
    at.FromDatetime(datetime(2026, 3, 4, 12, tzinfo=UTC))
    first, second = submitted(floor, contact_at=at), submitted(floor, contact_at=at)
    floor.write("bob", "DisputeEvaluation", id=first.id, reasons={"closing": "none to give"})
    floor.write("sue", "ReviewDispute", id=first.id, reason="right", rescore=sheet(**SEVENTY_FIVE))
    metadata = (*floor.as_person("rob"), (METADATA_KEY, str(floor.position)))
    asked = cards.GetScorecardRequest(
        tenant="acme", program="desk", subject=cards.Subject(kind=cards.SUBJECT_KIND_AGENT, name="bob"),
        period=cards.PeriodName(kind=cards.PERIOD_KIND_MONTH, label="2026-03"),
        composite=cards.CompositeDefinition(
            parts=[cards.CompositePart(kpi="qa_score", weight=60, full=100), cards.CompositePart(kpi="qa_pass_rate", weight=40, full=1)],
            bands=[cards.CompositeBand(name="red"), cards.CompositeBand(name="green", start=80)]))
    card = ScorecardServiceStub(floor.server.channel).GetScorecard(asked, metadata=metadata).scorecard
    figures = {figure.kpi: figure for figure in card.figures}
    assert second.score.score.value == 0.6
    assert (figures["qa_score"].value, figures["qa_score"].denominator) == (pytest.approx(67.5), 2)
    assert (figures["qa_pass_rate"].numerator, figures["disputes_upheld"].numerator) == (1, 0)
    assert (figures["critical_accuracy.compliance"].value, figures["critical_accuracy.compliance"].denominator) == (0, 1)
    assert not figures["evaluator_score"].HasField("value")
    assert (card.composite.value, card.composite.band) == (pytest.approx(0.6 * 67.5 + 0.4 * 50), "red")
    assert sum(share.share for share in card.composite.shares) == pytest.approx(card.composite.value)
    asked.composite.parts[0].weight = 50
    with pytest.raises(grpc.RpcError) as caught:
        ScorecardServiceStub(floor.server.channel).GetScorecard(asked, metadata=metadata)
    assert status(caught.value) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT")


def test_a_reason_that_no_database_keeps_is_refused_by_its_field_and_the_document_of_a_form_too(tmp_path: Path) -> None:
    with office(tmp_path) as one:
        one.publish()
        begun = one.begin()
        with pytest.raises(grpc.RpcError) as caught:
            one.write("sue", "VoidEvaluation", id=begun.id, etag=begun.etag, reason="a\0b")
        assert (caught.value.code(), "reason" in caught.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, True)
        with pytest.raises(grpc.RpcError) as caught:
            one.publish({**FORM_DOCUMENT, "title": "Ca\0lls"})
        assert (caught.value.code(), "title" in caught.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, True)
