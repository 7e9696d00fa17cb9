"""Evaluations that were made before: by the RPC and by the file, each taken once, with the dates of then."""
from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.form_document import parse_form
from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Replied
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1.forms_pb2 import PublishFormRequest
from opsledger.proto.scorecards.v1 import scorecards_pb2 as cards
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.evaluation_imports import EvaluationImports
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.imported_file import Reading, read_imported
from opsledger.services.tickets.codec import timestamp
from tests.kit.command import run
from tests.kit.evaluating import Office, office, sheet
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY
from tests.kit.read_models import MINUTE_US, START_US, fact, record

DAY_US = 86_400_000_000
THEN_US = START_US + 60 * MINUTE_US
AHEAD_US = 5_680_281_600_000_000
"""2150-01-01."""


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as floor:
        bob = Actor(ActorKind.AGENT, "bob")
        floor.position = record(floor.server.application.parts.journal, [
            fact("T1", 0, Opened(group="tier 1", agent="bob"), actor=bob), fact("T1", 5, Replied(public=True), actor=bob)])
        floor.publish()
        floor.listed("sue")
        yield floor


def item(name: str = "1", **fields: Any) -> pb.ImportedEvaluation:
    given: dict[str, Any] = {
        "program": "desk", "agent": "bob", "group": "tier 1", "form": "calls", "analyst": "ann", "sheet": sheet(**SIXTY),
        "subject": pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id="T1")),
        "contact_at": timestamp(START_US), "judged_at": timestamp(THEN_US), **fields}
    return pb.ImportedEvaluation(name=name, **{key: value for key, value in given.items() if value is not None})


def imported(floor: Office, *items: pb.ImportedEvaluation, person: str = "sue", **fields: Any) -> pb.ImportEvaluationsResponse:
    request = pb.ImportEvaluationsRequest(**{
        "tenant": "acme", "request_id": f"import {id(items)} {len(items)}", "evaluations": items, **fields})
    metadata = (*floor.as_person(person), (METADATA_KEY, str(floor.position)))
    response: pb.ImportEvaluationsResponse = floor.stub.ImportEvaluations(request, metadata=metadata)
    floor.position = max(floor.position, response.position)
    return response


def test_it_is_submitted_when_it_was_judged_and_no_time_to_dispute_opens_now(floor: Office) -> None:
    [outcome] = imported(floor, item()).outcomes
    assert (outcome.result, list(outcome.remarks), list(outcome.violations)) == (pb.IMPORT_RESULT_IMPORTED, [], [])
    found = floor.get("bob", outcome.evaluation)
    assert (found.status, found.analyst, found.versions[0].actor, found.score.score.value) == (
        pb.EVALUATION_STATUS_SUBMITTED, "ann", "ann", 0.6)
    times = (found.started_at, found.submitted_at, found.versions[0].at)
    assert {each.ToMicroseconds() for each in times} == {THEN_US}
    assert found.dispute_until.ToMicroseconds() == THEN_US + 7 * DAY_US
    assert (found.origin.name, found.origin.importer, found.origin.at.ToMicroseconds() > THEN_US) == ("1", "sue", True)
    with pytest.raises(grpc.RpcError) as caught:
        floor.write("bob", "DisputeEvaluation", id=found.id, reasons={"tone": "kind"})
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    asked = cards.GetScorecardRequest(
        tenant="acme", program="desk", subject=cards.Subject(kind=cards.SUBJECT_KIND_AGENT, name="bob"),
        period=cards.PeriodName(kind=cards.PERIOD_KIND_MONTH, label="2026-01"))
    card = ScorecardServiceStub(floor.server.channel).GetScorecard(
        asked, metadata=(*floor.as_person("rob"), (METADATA_KEY, str(floor.position)))).scorecard
    assert next(figure.value for figure in card.figures if figure.kpi == "qa_score") == pytest.approx(60)


def test_a_lowering_edit_of_one_opens_recourse_as_of_any(floor: Office) -> None:
    [outcome] = imported(floor, item()).outcomes
    floor.write("ann", "EditEvaluation", id=outcome.evaluation, reason="misread", sheet=sheet(**{**SIXTY, "tone": 1}))
    assert floor.write("bob", "DisputeEvaluation", id=outcome.evaluation, reasons={"tone": "kind"}).status == pb.EVALUATION_STATUS_DISPUTED


def test_who_was_judged_lately_may_still_dispute_until_the_time_from_then_is_over(floor: Office) -> None:
    judged_us = wall_clock_us() - 3 * DAY_US
    [outcome] = imported(floor, item(judged_at=timestamp(judged_us), dispute=pb.Deadline(within=Duration(seconds=4 * 86_400)))).outcomes
    done = floor.write("bob", "DisputeEvaluation", id=outcome.evaluation, reasons={"tone": "kind"})
    assert done.dispute_until.ToMicroseconds() == judged_us + 4 * DAY_US


def test_each_has_its_own_outcome(floor: Office) -> None:
    before = floor.server.application.parts.journal.position
    wrong = [
        item("agent", agent=""), item("own", analyst="bob"), item("form", form="nonsense"), item("when", judged_at=None),
        item("answers", sheet=sheet(greeting=11, tone="loud")), item("subject", subject=pb.EvaluationSubject()), item("good"),
        item("early", judged_at=timestamp(-1))]
    found = imported(floor, item("good", contact_at=None), *wrong).outcomes
    said = {each.name: sorted({one.field for one in each.violations}) for each in found if each.result == pb.IMPORT_RESULT_REFUSED}
    assert said == {
        "agent": ["agent"], "own": ["analyst"], "form": ["form"], "when": ["judged_at"], "subject": ["subject"], "good": ["name"],
        "answers": ["answers.closing", "answers.greeting", "answers.solution", "answers.tone"], "early": ["judged_at"]}
    assert [each.result for each in found][:2] == [pb.IMPORT_RESULT_IMPORTED, pb.IMPORT_RESULT_REFUSED]
    assert [each.id for each in floor.listed("sue").evaluations] == [found[0].evaluation]
    assert floor.server.application.parts.journal.position == before + 4, "three events of the good one, and one of the import"


def test_what_is_known_is_not_imported_again_and_what_differs_is_refused(floor: Office) -> None:
    first = imported(floor, item(), request_id="one")
    again = imported(floor, item(), request_id="two")
    assert [each.result for each in again.outcomes] == [pb.IMPORT_RESULT_KNOWN]
    assert again.outcomes[0].evaluation == first.outcomes[0].evaluation
    other = imported(floor, item(sheet=sheet(**SEVENTY_FIVE)), request_id="three").outcomes[0]
    assert (other.result, [each.reason for each in other.violations]) == (pb.IMPORT_RESULT_REFUSED, ["DIFFERS"])
    floor.restart()
    assert imported(floor, item(), request_id="one") == first
    assert len(floor.listed("sue").evaluations) == 1


def test_what_nobody_knows_and_what_lies_ahead_is_taken_with_a_remark(floor: Office) -> None:
    elsewhere = pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id="T999"))
    [found] = imported(
        floor, item(subject=elsewhere, agent="nobody", contact_at=timestamp(AHEAD_US), judged_at=timestamp(AHEAD_US - 1))).outcomes
    assert found.result == pb.IMPORT_RESULT_IMPORTED
    assert [(each.field, each.reason) for each in found.remarks] == [
        ("subject", "UNKNOWN"), ("agent", "UNKNOWN"), ("contact_at", "AHEAD"), ("judged_at", "AHEAD"), ("judged_at", "BEFORE_CONTACT")]
    until_us = floor.get("sue", found.evaluation).dispute_until.ToMicroseconds()
    assert until_us < wall_clock_us() + 8 * DAY_US, "the time to dispute does not begin in 2150"
    started = floor.stub.StartEvaluation(
        pb.StartEvaluationRequest(
            request_id="start", tenant="acme", program="desk", subject=elsewhere, agent="nobody", form="calls",
            contact_at=timestamp(AHEAD_US)), metadata=floor.as_person("sue"))
    assert [(each.field, each.reason) for each in started.remarks] == [
        ("subject", "UNKNOWN"), ("agent", "UNKNOWN"), ("contact_at", "AHEAD")]


def test_a_dry_run_says_the_same_and_records_nothing(floor: Office) -> None:
    before = floor.server.application.parts.journal.position
    dry = imported(floor, item(), item("2", agent=""), dry_run=True, request_id="")
    assert floor.server.application.parts.journal.position == before
    assert list(imported(floor, item(), item("2", agent="")).outcomes) == list(dry.outcomes)


@pytest.mark.parametrize("many", [0, 201])
def test_a_batch_that_is_empty_or_too_large_is_refused(floor: Office, many: int) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        imported(floor, *(item(str(number)) for number in range(many)))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


ROWS = [
    {"id": "e1", "ticket": "T1", "agent": "bob", "evaluator": "ann", "Reviewed": "2024-03-01 10:00", **SIXTY},
    {"id": "e2", "ticket": "T2", "agent": "eve", "evaluator": "ann", "Reviewed": "2024-03-02T10:00:00Z", **SIXTY, "closing": ""},
    {"id": "e3", "ticket": "T3", "agent": "eve", "evaluator": "ann", "Reviewed": "soon", **SIXTY},
    {"id": "e4", "ticket": "T4", "agent": "ann", "evaluator": "ann", "Reviewed": "2024-03-02T10:00:00Z", **SIXTY, "tone": 11},
]


class TestTheCommand:
    @pytest.fixture
    def options(self, tmp_path: Path) -> list[str]:
        folder = tmp_path / "journal"
        with SegmentJournal.open(folder) as journal, closing(Decisions(journal, folder, wall_clock_us)) as decisions:
            FormRegistry(decisions).PublishForm(
                PublishFormRequest(request_id="form", tenant="default", document_json=json.dumps(FORM_DOCUMENT)))
        with (tmp_path / "old.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(ROWS[0]))
            table.writeheader()
            table.writerows(ROWS)
        return [
            "qa", "import", str(tmp_path / "old.csv"), "--form", "calls", "--program", "desk", "--source", "zendesk",
            "--column", "judged_at=Reviewed", "--zone", "Europe/Berlin", "--journal", str(tmp_path / "journal"),
            "--database", f"sqlite:///{tmp_path / 'views.db'}"]

    def test_takes_what_fits_and_names_the_line_of_what_does_not(self, options: list[str], tmp_path: Path) -> None:
        dry = run(*options, "--dry-run", "--json")
        said = json.loads(dry.out)
        assert (dry.code, said["imported"], said["refused"], said["remarked"]) == (1, 2, 2, 2)
        assert [(each["line"], each["field"]) for each in said["faults"]] == [(4, "judged_at"), (5, "answers.tone")]
        first = run(*options)
        assert "old.csv: line 4: judged_at: 'soon' is not a time" in first.err
        assert "2 imported, 0 known already, 2 left out; 2 with a remark" in first.out
        again = run(*options)
        assert "0 imported, 2 known already, 2 left out" in again.out

    def test_refuses_a_table_without_a_question(self, options: list[str], tmp_path: Path) -> None:
        (tmp_path / "other.csv").write_text("id,ticket,agent,evaluator,Reviewed\ne1,T1,bob,ann,2024-03-01\n")
        ran = run("qa", "import", str(tmp_path / "other.csv"), *options[3:])
        assert (ran.code, "has no column of a question of the form 'calls'" in ran.err) == (2, True)

    def test_sends_what_is_too_large_together_in_parts(self, options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        whole, asked = EvaluationImports.ImportEvaluations, []

        def bounded(self: EvaluationImports, request: pb.ImportEvaluationsRequest, caller: Caller) -> pb.ImportEvaluationsResponse:
            asked.append(len(request.evaluations))
            if len(request.evaluations) > 1:
                raise InvalidInput(FieldViolation("events", "TOO_LONG", "must fit into a record"))  # as a journal on Kafka says it
            return whole(self, request, caller)

        monkeypatch.setattr(EvaluationImports, "ImportEvaluations", bounded)
        assert "2 imported, 0 known already, 2 left out" in run(*options).out
        assert asked == [3, 1, 2, 1, 1]

    def test_reads_json_lines(self, options: list[str], tmp_path: Path) -> None:
        lines = tmp_path / "old.jsonl"
        entry = {"id": "e9", "ticket_id": "T1", "agent": "bob", "analyst": "ann", "judged_at": "2024-03-01T10:00:00Z", "answers": SIXTY}
        lines.write_text("\n".join([
            json.dumps(entry), "no json", "", "[1]", json.dumps({**entry, "id": "e\0"}),
            json.dumps({**entry, "id": "e7", "answers": {**SIXTY, "tone": "\ud800"}}), json.dumps({**entry, "id": "e8", "answers": 5})]))
        said = json.loads(run("qa", "import", str(lines), *options[3:9], *options[13:], "--json").out)
        assert (said["imported"], [each["line"] for each in said["faults"]]) == (1, [2, 4, 5, 6, 7])


def test_a_long_file_needs_the_memory_of_a_row(tmp_path: Path) -> None:
    path, form = tmp_path / "long.csv", parse_form(FORM_DOCUMENT)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, [*ROWS[0]])
        table.writeheader()
        table.writerows({**ROWS[1], "id": f"e{number}"} for number in range(20_000))
    tracemalloc.start()
    try:
        read = sum(1 for _ in read_imported(str(path), form, Reading({"judged_at": "Reviewed"}, "zendesk")))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == 20_000
    assert peak < 4_000_000 < 20_000 * 400, "the rows together are larger"
