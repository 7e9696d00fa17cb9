"""Given what happened to an evaluation, when a command comes, then these events, or this error."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsledger.core.errors import InvalidInput, NotAllowed, Precluded
from opsledger.core.quality import errors
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_parts import Status
from opsledger.core.quality.sheet import Sheet
from opsledger.core.quality.subject import Subject, SubjectKind

START_US, HOUR_US = 1_767_949_200_000_000, 3_600_000_000
UNTIL_US = START_US + 48 * HOUR_US
TICKET = Subject(SubjectKind.TICKET, source="zendesk", ticket_id="T1")
SHEET = Sheet({"greeting": ["no"], "solved": ["yes"]}, {"greeting": {"comment": "no name"}})
BETTER = Sheet({"greeting": ["yes"], "solved": ["yes"]}, {})
RESULT = {"score": [1, 2], "questions": [{"question": "greeting"}, {"question": "solved"}]}
FULL = {"score": [1, 1], "questions": [{"question": "greeting"}, {"question": "solved"}]}
Command = Callable[[Evaluation], object]


def started(*then: Command, analyst: str = "ann") -> Evaluation:
    evaluation = Evaluation.start(
        tenant="acme", program="desk", subject=TICKET.plain(), agent_id="bob", group="tier 1", form_id="calls", form_version=2,
        analyst_id=analyst, actor_id="sue", draw_id="", contact_at_us=START_US - HOUR_US, due_at_us=None,
        dispute_within_us=48 * HOUR_US, calendar="", started_at_us=START_US)
    for command in then:
        command(evaluation)
    evaluation.collect_events()
    return evaluation


def recorded(evaluation: Evaluation) -> list[tuple[str, dict[str, Any]]]:
    common = {"originator_id", "originator_version", "timestamp"}
    return [(type(e).__name__, {k: v for k, v in vars(e).items() if k not in common}) for e in evaluation.collect_events()]


def submit(evaluation: Evaluation, actor: str = "ann", sheet: Sheet = SHEET) -> None:
    evaluation.submit(actor, sheet, RESULT, UNTIL_US, START_US + HOUR_US)


def dispute(evaluation: Evaluation, *questions: str, at_us: int = UNTIL_US) -> None:
    evaluation.dispute("bob", dict.fromkeys(questions or ("greeting",), "I said it"), at_us)


def acknowledge(evaluation: Evaluation) -> None:
    evaluation.acknowledge("bob", UNTIL_US)


def uphold(evaluation: Evaluation, *questions: str) -> None:
    evaluation.uphold("sue", questions, "heard it twice", UNTIL_US)


def rescore(evaluation: Evaluation, *questions: str) -> None:
    evaluation.rescore("sue", questions, BETTER, FULL, "it is there at 0:12", UNTIL_US)


def edit(evaluation: Evaluation, sheet: Sheet = BETTER) -> None:
    evaluation.edit("ann", sheet, FULL, "wrong line", UNTIL_US)


def void(evaluation: Evaluation) -> None:
    evaluation.void("sue", "wrong agent", UNTIL_US)


def test_an_analyst_claims_an_open_one() -> None:
    evaluation = started(analyst="")
    assert evaluation.status is Status.OPEN
    evaluation.claim("ann", START_US)
    assert recorded(evaluation) == [("Claimed", {"analyst_id": "ann", "claimed_at_us": START_US})]
    evaluation.claim("ann", START_US + 1)
    assert (recorded(evaluation), evaluation.status) == ([], Status.CLAIMED)


def test_the_last_draft_stands_and_the_same_again_is_nothing() -> None:
    evaluation = started()
    evaluation.save_draft("ann", BETTER, START_US)
    evaluation.save_draft("ann", SHEET, START_US + 1)
    evaluation.save_draft("ann", SHEET, START_US + 2)
    assert recorded(evaluation) == [
        ("DraftSaved", {"sheet": BETTER.plain(), "saved_at_us": START_US}),
        ("DraftSaved", {"sheet": SHEET.plain(), "saved_at_us": START_US + 1}),
    ]
    assert (evaluation.draft, evaluation.versions) == (SHEET, ())


def test_a_submission_is_the_first_version_and_ends_the_draft() -> None:
    evaluation = started(lambda e: e.save_draft("ann", BETTER, START_US))
    submit(evaluation)
    assert recorded(evaluation) == [("Submitted", {
        "sheet": SHEET.plain(), "result": RESULT, "dispute_until_us": UNTIL_US, "submitted_at_us": START_US + HOUR_US})]
    assert (evaluation.status, evaluation.counting, evaluation.current.result) == (Status.SUBMITTED, 1, RESULT)
    assert evaluation.draft.answers == {}
    submit(evaluation)
    assert recorded(evaluation) == []


def test_the_agent_acknowledges_once() -> None:
    evaluation = started(submit)
    acknowledge(evaluation)
    assert recorded(evaluation) == [("Acknowledged", {"version": 1, "acknowledged_at_us": UNTIL_US})]
    acknowledge(evaluation)
    assert (recorded(evaluation), evaluation.status) == ([], Status.ACKNOWLEDGED)


def test_the_agent_disputes_questions_until_the_deadline_itself() -> None:
    evaluation = started(submit)
    dispute(evaluation)
    dispute(evaluation)
    assert recorded(evaluation) == [("Disputed", {"reasons": {"greeting": "I said it"}, "disputed_at_us": UNTIL_US})]
    assert evaluation.status is Status.DISPUTED
    dispute(evaluation, "solved")
    assert evaluation.open_disputes == ["greeting", "solved"]


def test_an_upheld_dispute_leaves_the_version_that_counts() -> None:
    evaluation = started(submit, dispute)
    uphold(evaluation, "greeting")
    assert recorded(evaluation) == [("DisputeUpheld", {
        "questions": ["greeting"], "reviewer_id": "sue", "reason": "heard it twice", "reviewed_at_us": UNTIL_US})]
    uphold(evaluation, "greeting")
    assert (recorded(evaluation), evaluation.status, evaluation.counting) == ([], Status.SUBMITTED, 1)


def test_a_rescoring_counts_and_the_old_version_stays() -> None:
    evaluation = started(submit, lambda e: dispute(e, "greeting", "solved"))
    uphold(evaluation, "solved")
    rescore(evaluation)
    assert [name for name, _ in recorded(evaluation)] == ["DisputeUpheld", "Rescored"]
    rescore(evaluation, "greeting")
    assert recorded(evaluation) == []
    assert [(v.number, v.cause, v.result, v.actor_id) for v in evaluation.versions] == [
        (1, "submitted", RESULT, "ann"), (2, "rescored", FULL, "sue")]
    assert evaluation.counting == 2
    assert [(d.question, d.decision, d.version) for d in evaluation.disputes.values()] == [
        ("greeting", "rescored", 1), ("solved", "upheld", 1)]


def test_an_edit_asks_for_acknowledgement_anew() -> None:
    evaluation = started(submit, acknowledge)
    edit(evaluation)
    assert recorded(evaluation) == [("Edited", {
        "sheet": BETTER.plain(), "result": FULL, "actor_id": "ann", "reason": "wrong line", "edited_at_us": UNTIL_US})]
    assert (evaluation.status, evaluation.counting) == (Status.SUBMITTED, 2)
    edit(evaluation)
    assert recorded(evaluation) == []


def test_the_time_to_dispute_counts_from_the_first_submission() -> None:
    evaluation = started(submit, edit)
    with pytest.raises(errors.DisputeTooLate):
        dispute(evaluation, at_us=UNTIL_US + 1)


def test_a_voided_one_counts_no_more_and_its_versions_stay() -> None:
    evaluation = started(submit, dispute)
    void(evaluation)
    assert recorded(evaluation) == [("Voided", {"actor_id": "sue", "reason": "wrong agent", "voided_at_us": UNTIL_US})]
    void(evaluation)
    assert (recorded(evaluation), evaluation.status, evaluation.counting, len(evaluation.versions)) == ([], Status.VOIDED, 0, 1)


def test_an_agent_is_not_given_their_own_work_to_judge() -> None:
    with pytest.raises(errors.OwnWork):
        started(analyst="bob")


def draft(evaluation: Evaluation) -> None:
    evaluation.save_draft("ann", SHEET, START_US)


LIVING_ONLY: list[Command] = [
    lambda e: e.claim("ann", START_US), draft, submit, acknowledge, dispute, uphold, rescore, edit]
SUBMITTED_ONLY: list[Command] = [acknowledge, dispute, uphold, rescore, edit]


@pytest.mark.parametrize(("given", "command", "error"), [
    *(([submit, void], command, errors.AlreadyVoided) for command in LIVING_ONLY),
    *(([], command, errors.NotSubmitted) for command in SUBMITTED_ONLY),
    ([], lambda e: e.claim("bob", START_US), errors.OwnWork),
    ([], lambda e: e.claim("eve", START_US), errors.AlreadyClaimed),
    ([], lambda e: e.save_draft("eve", SHEET, START_US), errors.NotTheAnalyst),
    ([], lambda e: submit(e, "eve"), errors.NotTheAnalyst),
    ([submit], draft, errors.AlreadySubmitted),
    ([submit], lambda e: submit(e, sheet=BETTER), errors.AlreadySubmitted),
    ([submit], lambda e: e.acknowledge("eve", UNTIL_US), errors.NotTheAgent),
    ([submit, dispute], acknowledge, errors.DisputeOpen),
    ([submit], lambda e: e.dispute("ann", {"greeting": "no"}, UNTIL_US), errors.NotTheAgent),
    ([submit], lambda e: dispute(e, at_us=UNTIL_US + 1), errors.DisputeTooLate),
    ([submit, acknowledge], dispute, errors.AlreadyAcknowledged),
    ([submit, dispute], lambda e: e.dispute("bob", {"greeting": "another reason"}, UNTIL_US), errors.AlreadyDisputed),
    ([submit, dispute, uphold], lambda e: dispute(e, "greeting", "solved"), errors.AlreadyDisputed),
    ([submit], lambda e: e.dispute("bob", {}, UNTIL_US), InvalidInput),
    ([submit], lambda e: e.dispute("bob", {"nonsense": "why"}, UNTIL_US), InvalidInput),
    ([submit], lambda e: e.dispute("bob", {"greeting": " "}, UNTIL_US), InvalidInput),
    ([submit], uphold, errors.NothingDisputed),
    ([submit, dispute], lambda e: uphold(e, "solved"), errors.NothingDisputed),
    ([submit, dispute, rescore], lambda e: uphold(e, "greeting"), errors.NothingDisputed),
    ([submit, dispute, uphold], lambda e: rescore(e, "greeting"), errors.NothingDisputed),
    ([submit, dispute], lambda e: e.uphold("bob", (), "mine", UNTIL_US), errors.OwnWork),
    ([submit, dispute], lambda e: e.rescore("bob", (), BETTER, FULL, "mine", UNTIL_US), errors.OwnWork),
    ([submit, dispute], lambda e: e.uphold("sue", (), "", UNTIL_US), InvalidInput),
    ([submit, dispute], edit, errors.DisputeOpen),
    ([submit], lambda e: e.edit("bob", BETTER, FULL, "mine", UNTIL_US), errors.OwnWork),
    ([submit], lambda e: e.edit("ann", BETTER, FULL, "", UNTIL_US), InvalidInput),
    ([submit], lambda e: e.void("bob", "mine", UNTIL_US), errors.OwnWork),
    ([submit], lambda e: e.void("sue", "", UNTIL_US), InvalidInput),
])
def test_it_is_refused_and_nothing_is_recorded(given: list[Command], command: Command, error: type[Exception]) -> None:
    evaluation = started(*given)
    with pytest.raises(error):
        command(evaluation)
    assert recorded(evaluation) == []


def test_every_error_is_one_that_a_caller_can_tell() -> None:
    kinds = [kind for kind in vars(errors).values() if getattr(kind, "__module__", "") == errors.__name__]
    assert len({kind.reason for kind in kinds}) == len(kinds) >= 12
    assert all(issubclass(kind, NotAllowed | Precluded) for kind in kinds)


def test_the_past_is_readable_under_its_topics() -> None:
    names = ("Started", "Claimed", "DraftSaved", "Submitted", "Acknowledged", "Disputed", "DisputeUpheld", "Rescored", "Edited", "Voided")
    assert [getattr(Evaluation, name).TOPIC for name in names] == [f"quality.evaluation.{name}" for name in (
        "started", "claimed", "draft_saved", "submitted", "acknowledged", "disputed", "dispute_upheld", "rescored", "edited", "voided")]
