"""Forms through a real server: published once, never changed, compared, simulated and scored."""
from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.proto.quality.v1.forms_pb2_grpc import FormServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.settings import Settings
from tests.kit import tokens
from tests.kit.evaluating import office
from tests.kit.evaluating import sheet as filled
from tests.kit.forms import Document, choice, form_of, rating
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY
from tests.kit.servers import Running, running

ONE = form_of([rating("a"), rating("b", na=True, na_values=[0])], pass_mark=60)
TWO = form_of([rating("a", points=30), rating("b", na=True, na_values=[0]), choice("c", 0, 5)], pass_mark=60)


@pytest.fixture
def server() -> Iterator[Running]:
    with running(MemoryJournal()) as server:
        yield server


def stub(server: Running) -> FormServiceStub:
    return FormServiceStub(server.channel)


def publish(server: Running, document: Document | None, request_id: str, **more: Any) -> pb.PublishFormResponse:
    text = json.dumps(document) if document is not None else ""
    return stub(server).PublishForm(pb.PublishFormRequest(request_id=request_id, tenant="acme", document_json=text, **more))


def sheet(id: str, **answers: Any) -> pb.AnswerSheet:
    return pb.AnswerSheet(id=id, answers=ParseDict(answers, Struct()))


def refused(call: Any, request: Any, **how: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, **how)
    return caught.value


def test_a_request_publishes_once_and_keeps_its_answer(server: Running) -> None:
    first = publish(server, ONE, "r1")
    second = publish(server, TWO, "r2", etag=first.form.etag)
    assert (first.form.version, second.form.version) == (1, 2)
    assert publish(server, ONE, "r1") == first
    assert publish(server, TWO, "r3").form.version == 2, "what stands already is no new version"
    got = stub(server).GetForm(pb.GetFormRequest(tenant="acme", form="f", version=1)).form
    assert (json.loads(got.document_json), got.newest_version) == (ONE, 2)


def test_a_stale_etag_is_aborted_and_what_is_wrong_is_named(server: Running) -> None:
    first = publish(server, ONE, "r1")
    publish(server, TWO, "r2")
    stale = pb.PublishFormRequest(request_id="r3", tenant="acme", document_json=json.dumps(ONE), etag=first.form.etag)
    assert refused(stub(server).PublishForm, stale).code() is grpc.StatusCode.ABORTED
    wrong = pb.PublishFormRequest(request_id="r4", tenant="acme", document_json=json.dumps(form_of([choice("a", 0)])))
    error = refused(stub(server).PublishForm, wrong)
    details = BadRequest()
    assert any(detail.Unpack(details) for detail in rpc_status.from_call(error).details)
    assert [each.field for each in details.field_violations] == ["sections[0].questions[0]"]
    for request in (pb.GetFormRequest(tenant="evil", form="f"), pb.GetFormRequest(tenant="acme", form="f", version=3)):
        assert refused(stub(server).GetForm, request).code() is grpc.StatusCode.NOT_FOUND


def test_a_draft_is_kept_apart_until_it_is_published(server: Running) -> None:
    saved = stub(server).SaveFormDraft(pb.SaveFormDraftRequest(request_id="d1", tenant="acme", document_json=json.dumps(TWO)))
    draft = stub(server).GetForm(pb.GetFormRequest(tenant="acme", form="f"))
    assert (draft.HasField("form"), draft.draft, saved.form) == (False, saved.draft, "f")
    published = publish(server, None, "p1", form="f", etag=saved.etag)
    after = stub(server).GetForm(pb.GetFormRequest(tenant="acme", form="f", read_mask=FieldMask(paths=["version"])))
    assert (published.form.version, after) == (1, pb.GetFormResponse(form=pb.Form(version=1)))
    nothing = pb.PublishFormRequest(request_id="p2", tenant="acme", form="none")
    assert refused(stub(server).PublishForm, nothing).code() is grpc.StatusCode.NOT_FOUND


def test_forms_are_listed_page_by_page(server: Running) -> None:
    for place, name in enumerate(["b", "a", "c", "a"]):
        last = publish(server, {**(ONE if place < 3 else TWO), "form": name}, f"r{place}")
    assert server.application.parts.projectors[0].wait_for(last.position, timeout_s=30)
    first = stub(server).ListForms(pb.ListFormsRequest(tenant="acme", page_size=2))
    rest = stub(server).ListForms(pb.ListFormsRequest(tenant="acme", page_size=2, page_token=first.next_page_token))
    assert [(form.form, form.version, form.document_json) for page in (first, rest) for form in page.forms] == [
        ("a", 2, ""), ("b", 1, ""), ("c", 1, "")]
    assert first.forms[0] == pb.Form(**{
        field.name: value for field, value in stub(server).GetForm(pb.GetFormRequest(tenant="acme", form="a")).form.ListFields()
        if field.name != "document_json"})
    bad = pb.ListFormsRequest(tenant="acme", read_mask=FieldMask(paths=["colour"]))
    assert refused(stub(server).ListForms, bad).code() is grpc.StatusCode.INVALID_ARGUMENT


def test_drafts_are_listed_apart_until_they_are_published(server: Running) -> None:
    publish(server, {**ONE, "form": "b"}, "r1")
    for name in ("b", "a", "c"):
        draft = json.dumps({**TWO, "form": name, "title": f"{name}, anew"})
        saved = stub(server).SaveFormDraft(pb.SaveFormDraftRequest(request_id=f"d {name}", tenant="acme", document_json=draft))
    waits = ((METADATA_KEY, str(saved.position)),)
    first = stub(server).ListForms(pb.ListFormsRequest(tenant="acme", drafts=True, page_size=2), metadata=waits)
    rest = stub(server).ListForms(pb.ListFormsRequest(tenant="acme", drafts=True, page_size=2, page_token=first.next_page_token))
    assert [(draft.form, draft.title, draft.document_json) for page in (first, rest) for draft in page.drafts] == [
        ("a", "a, anew", ""), ("b", "b, anew", ""), ("c", "c, anew", "")]
    whole = stub(server).GetForm(pb.GetFormRequest(tenant="acme", form="c")).draft
    whole.ClearField("document_json")
    assert rest.drafts[0] == whole
    assert [form.form for form in stub(server).ListForms(pb.ListFormsRequest(tenant="acme")).forms] == ["b"]

    published = publish(server, None, "p1", form="a")
    after = stub(server).ListForms(pb.ListFormsRequest(tenant="acme", drafts=True), metadata=((METADATA_KEY, str(published.position)),))
    assert [draft.form for draft in after.drafts] == ["b", "c"]
    other = pb.ListFormsRequest(tenant="acme", page_token=first.next_page_token)
    assert refused(stub(server).ListForms, other).code() is grpc.StatusCode.INVALID_ARGUMENT


def test_versions_are_compared_simulated_and_scored(server: Running) -> None:
    publish(server, ONE, "r1")
    old, new = pb.FormRef(form="f"), pb.FormRef(document_json=json.dumps(TWO))
    changes = stub(server).DiffForms(pb.DiffFormsRequest(tenant="acme", old=old, new=new)).changes
    assert [(each.path, each.kind) for each in changes] == [("questions.a.possible", "changed"), ("questions.c", "added")]
    sheets = [sheet("x", a=10, b=5), sheet("y", a=5, b=0)]
    scored = stub(server).ScoreAnswers(pb.ScoreAnswersRequest(tenant="acme", form=old, sheets=sheets)).sheets
    assert [(each.id, each.score.score.numerator, each.score.score.denominator, each.score.outcome) for each in scored] == [
        ("x", "3", "4", "pass"), ("y", "1", "2", "fail")]
    simulated = stub(server).SimulateForm(pb.SimulateFormRequest(tenant="acme", old=old, new=new, sheets=sheets))
    assert [each.after.score.value for each in simulated.sheets] == [0.875, 0.5]
    assert [(each.question, each.reason) for each in simulated.sheets[0].unanswerable] == [("c", "NEW_QUESTION")]
    assert (simulated.report.changed, simulated.report.mean_before, simulated.report.mean_after) == (1, 0.625, 0.6875)
    assert list(simulated.report.outcomes) == [
        pb.Move(before="fail", after="fail", evaluations=1), pb.Move(before="pass", after="pass", evaluations=1)]
    wrong = pb.ScoreAnswersRequest(tenant="acme", form=old, sheets=[sheet("x", a=10, b=5), sheet("y", a=11)])
    error = refused(stub(server).ScoreAnswers, wrong)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "sheets[1].answers.a" in (error.details() or "")


def test_who_may_publish_and_who_may_look(tmp_path: Path) -> None:
    def person(*roles: str, tenant: str = "acme") -> tuple[tuple[str, str], ...]:
        return tokens.metadata("mia", *roles, tenant=tenant)

    with running(MemoryJournal(), Settings(listen="127.0.0.1:0", auth=tokens.auth(tmp_path))) as server:
        request = pb.PublishFormRequest(request_id="r", tenant="acme", document_json=json.dumps(ONE))
        for wrong in (person("analyst"), person("manager", tenant="evil")):
            assert refused(stub(server).PublishForm, request, metadata=wrong).code() is grpc.StatusCode.PERMISSION_DENIED
        assert stub(server).PublishForm(request, metadata=person("manager")).form.published_by == "mia"
        look = pb.GetFormRequest(tenant="acme", form="f")
        assert stub(server).GetForm(look, metadata=person("analyst")).form.version == 1
        assert refused(stub(server).GetForm, look, metadata=person("recorder")).code() is grpc.StatusCode.PERMISSION_DENIED
        score = pb.ScoreAnswersRequest(tenant="acme", form=pb.FormRef(form="f"))
        assert refused(stub(server).ScoreAnswers, score, metadata=person("agent")).code() is grpc.StatusCode.PERMISSION_DENIED


def test_versions_stay_when_the_server_starts_again(tmp_path: Path) -> None:
    with SegmentJournal.open(tmp_path / "journal") as journal, running(journal) as server:
        first = publish(server, ONE, "r1")
    with SegmentJournal.open(tmp_path / "journal") as journal, running(journal) as server:
        assert publish(server, ONE, "r1") == first
        assert stub(server).GetForm(pb.GetFormRequest(tenant="acme", form="f")).form == first.form


def test_a_draft_is_simulated_on_recorded_evaluations(tmp_path: Path) -> None:
    lenient = deepcopy(FORM_DOCUMENT)
    lenient["scoring"]["pass_mark"] = 60
    with office(tmp_path) as floor:
        floor.publish()
        begun = [floor.begin(), floor.begin(), floor.begin()]
        for evaluation, answers in zip(begun, (SIXTY, SEVENTY_FIVE), strict=False):  # the third one is not submitted
            floor.write("ann", "SubmitEvaluation", id=evaluation.id, sheet=filled(**answers))
        request = pb.SimulateFormRequest(
            tenant="acme", old=pb.FormRef(form="calls"), new=pb.FormRef(document_json=json.dumps(lenient)), recorded_max=10)
        metadata = (*floor.as_person("ann"), (METADATA_KEY, str(floor.position)))
        found = stub(floor.server).SimulateForm(request, metadata=metadata)
        assert {each.id: (each.before.outcome, each.after.outcome, each.after.score.value) for each in found.sheets} == {
            begun[0].id: ("fail", "pass", 0.6), begun[1].id: ("pass", "pass", 0.75)}
        assert (found.report.evaluations, found.report.changed) == (2, 1)
        request.recorded_max = 1
        assert stub(floor.server).SimulateForm(request, metadata=metadata).report.evaluations == 1
        request.old.document_json = json.dumps(FORM_DOCUMENT)
        assert refused(stub(floor.server).SimulateForm, request, metadata=metadata).code() is grpc.StatusCode.INVALID_ARGUMENT
