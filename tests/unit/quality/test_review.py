"""What a review and an edit may change: the disputed answers, others with a reason of their own; and when the agent has recourse again."""
from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from opsledger.core.errors import InvalidInput
from opsledger.core.quality import errors
from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_parts import Status
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.outcomes import evaluation_outcomes
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.scoring import score
from opsledger.core.quality.sheet import Sheet
from tests.kit.quality import HOUR_US, SIXTY, START_US, UNTIL_US, result, sheet, started

LATER_US = UNTIL_US + 1_000 * HOUR_US
AGAIN_US = LATER_US + 48 * HOUR_US
Command = Callable[[Evaluation], object]


def submitted(*then: Command, answers: dict[str, Any] = SIXTY) -> Evaluation:
    evaluation = started()
    evaluation.submit("ann", sheet(answers, "on the whole", tone={"comment": "curt"}), result(answers), UNTIL_US, START_US)
    for command in then:
        command(evaluation)
    evaluation.collect_events()
    return evaluation


def dispute(*questions: str, at_us: int = UNTIL_US) -> Command:
    return lambda evaluation: evaluation.dispute("bob", dict.fromkeys(questions, "I did"), at_us)


def rescore(evaluation: Evaluation, answers: dict[str, Any], *questions: str, actor: str = "sue", **reasons: str) -> None:
    evaluation.rescore(
        actor, questions, sheet(answers), result(answers), "heard it again", LATER_US, other_reasons=reasons, dispute_until_us=AGAIN_US)


def edit(answers: dict[str, Any], actor: str = "ann") -> Command:
    return lambda evaluation: evaluation.edit(
        actor, sheet(answers), result(answers), "wrong line", LATER_US, dispute_until_us=AGAIN_US)


def recorded(evaluation: Evaluation) -> list[str]:
    return [type(event).__name__ for event in evaluation.collect_events()]


def decisions(evaluation: Evaluation) -> dict[str, str]:
    return {dispute.question: dispute.decision for dispute in evaluation.all_disputes}


def test_a_rescore_that_changes_what_is_not_disputed_needs_a_reason_for_it_and_names_every_such_question() -> None:
    evaluation = submitted(dispute("closing"))
    with pytest.raises(InvalidInput) as caught:
        rescore(evaluation, {**SIXTY, "closing": 5, "tone": 9, "solution": 1})
    assert [(each.field, each.reason) for each in caught.value.violations] == [
        ("other_reasons.solution", "REQUIRED"), ("other_reasons.tone", "REQUIRED")]
    rescore(evaluation, {**SIXTY, "closing": 5, "tone": 9}, tone="it was warm")
    assert (recorded(evaluation), evaluation.current.other_reasons) == (["Rescored"], {"tone": "it was warm"})
    assert deepcopy(evaluation) == evaluation


@pytest.mark.parametrize(("reasons", "field"), [
    ({"closing": "why"}, "other_reasons.closing"), ({"tone": "why"}, "other_reasons.tone"), ({"nonsense": "why"}, "other_reasons.nonsense"),
])
def test_a_reason_without_a_change_is_refused(reasons: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rescore(submitted(dispute("closing")), {**SIXTY, "closing": 5}, **reasons)
    assert [(each.field, each.reason) for each in caught.value.violations] == [(field, "UNUSED")]


def test_an_open_dispute_that_is_not_reviewed_now_is_no_licence_to_change_its_question() -> None:
    evaluation = submitted(dispute("closing", "tone"))
    with pytest.raises(InvalidInput):
        rescore(evaluation, {**SIXTY, "closing": 5, "tone": 9}, "closing")


def test_questions_that_a_disputed_answer_hides_or_shows_follow_it() -> None:
    form = parse_form({"form": "calls", "scoring": {"mode": "points"}, "sections": [{"id": "s", "questions": [
        {"id": "greeting", "type": "numeric", "min": 0, "max": 10},
        {"id": "name", "type": "text", "required": True, "when": {"question": "greeting", "from": 1}}]}]})

    def filled(**answers: object) -> tuple[Sheet, dict[str, Any]]:
        given = read_answers(form, answers)
        return Sheet(given.plain(), {}), plain_result(score(form, given))

    evaluation = started()
    evaluation.submit("ann", *filled(greeting=0), UNTIL_US, START_US)
    evaluation.dispute("bob", {"greeting": "I said it"}, UNTIL_US)
    evaluation.rescore("sue", (), *filled(greeting=10, name="Bob"), "he did", LATER_US)
    assert evaluation.current.sheet.answers == {"greeting": 10, "name": "Bob"}


def test_a_rescore_equal_to_the_old_sheet_upholds_and_makes_no_version() -> None:
    evaluation = submitted(dispute("closing", "tone"))
    rescore(evaluation, SIXTY)
    assert (recorded(evaluation), len(evaluation.versions)) == (["DisputeUpheld"], 1)
    assert decisions(evaluation) == {"closing": "upheld", "tone": "upheld"}
    rescore(evaluation, SIXTY, "closing", "tone")
    assert recorded(evaluation) == []


def test_of_two_disputed_questions_the_one_that_keeps_its_answer_is_upheld() -> None:
    evaluation = submitted(dispute("closing", "tone"))
    rescore(evaluation, {**SIXTY, "closing": 10})
    assert recorded(evaluation) == ["DisputeUpheld", "Rescored"]
    assert decisions(evaluation) == {"closing": "rescored", "tone": "upheld"}
    assert sorted(row.numerator for row in evaluation_outcomes(evaluation) if row.kpi == "disputes_upheld") == [0, 1]


def test_what_was_written_beside_answers_that_stand_stays_and_beside_others_goes() -> None:
    evaluation = submitted(dispute("closing"))
    rescore(evaluation, {**SIXTY, "closing": 10})
    assert (evaluation.current.sheet.notes, evaluation.current.sheet.comment) == ({"tone": {"comment": "curt"}}, "on the whole")
    other = submitted(dispute("tone"))
    rescore(other, {**SIXTY, "tone": 10})
    assert other.current.sheet.notes == {}


class TestNobodyReviewsADisputeAgainstTheirOwnEvaluation:
    def test_its_analyst_does_not_be_they_a_supervisor_or_not(self) -> None:
        evaluation = submitted(dispute("closing"))
        with pytest.raises(errors.OwnEvaluation):
            evaluation.uphold("ann", (), "it stands", LATER_US)
        with pytest.raises(errors.OwnEvaluation):
            rescore(evaluation, {**SIXTY, "closing": 10}, actor="ann")
        assert recorded(evaluation) == []

    def test_nor_does_who_gave_the_disputed_answer_in_an_edit(self) -> None:
        evaluation = submitted(edit({**SIXTY, "tone": 4}, actor="sue"), dispute("tone", "closing", at_us=AGAIN_US))
        with pytest.raises(errors.OwnEvaluation):
            evaluation.uphold("sue", ("tone",), "it stands", AGAIN_US)
        evaluation.uphold("sue", ("closing",), "it stands", AGAIN_US)
        evaluation.uphold("max", ("tone",), "it stands", AGAIN_US)
        assert decisions(evaluation) == {"tone": "upheld", "closing": "upheld"}

    def test_nor_in_a_review_of_another_question(self) -> None:
        evaluation = submitted(dispute("closing"))
        rescore(evaluation, {**SIXTY, "closing": 10, "tone": 1}, tone="shouted")
        evaluation.dispute("bob", {"tone": "I did not"}, UNTIL_US)
        with pytest.raises(errors.OwnEvaluation):
            evaluation.uphold("sue", (), "it stands", LATER_US)


class TestRecourse:
    def test_an_edit_that_lowers_the_score_can_be_disputed_until_a_new_deadline(self) -> None:
        evaluation = submitted(lambda each: each.acknowledge("bob", UNTIL_US))
        edit({**SIXTY, "tone": 4})(evaluation)
        assert (recorded(evaluation), evaluation.dispute_until_us, evaluation.status) == (
            ["Edited", "RecourseReopened"], AGAIN_US, Status.SUBMITTED)
        dispute("tone", at_us=AGAIN_US)(evaluation)
        assert evaluation.status is Status.DISPUTED

    def test_a_question_that_was_disputed_can_be_disputed_again_when_its_answer_was_lowered(self) -> None:
        evaluation = submitted(
            dispute("tone", "closing"), lambda each: each.uphold("sue", (), "it stands", UNTIL_US), edit({**SIXTY, "tone": 4}))
        dispute("tone", at_us=AGAIN_US)(evaluation)
        assert [(each.question, each.version, each.decision) for each in evaluation.all_disputes] == [
            ("tone", 1, "upheld"), ("closing", 1, "upheld"), ("tone", 2, "")]
        with pytest.raises(errors.AlreadyDisputed):
            evaluation.dispute("bob", {"closing": "once more"}, AGAIN_US)
        evaluation.uphold("sue", (), "it stands", AGAIN_US)
        assert sum(row.kpi == "disputes_upheld" for row in evaluation_outcomes(evaluation)) == 3

    @pytest.mark.parametrize("answers", [{**SIXTY, "tone": 6}, {**SIXTY, "tone": 6, "solution": 4}])
    def test_an_edit_that_does_not_lower_it_opens_nothing(self, answers: dict[str, Any]) -> None:
        evaluation = submitted()
        edit(answers)(evaluation)
        assert (recorded(evaluation), evaluation.dispute_until_us) == (["Edited"], UNTIL_US)

    def test_a_fail_at_the_same_score_is_worse(self) -> None:
        evaluation = submitted()
        passed, failed = ({**result(SIXTY), "outcome": outcome} for outcome in ("pass", "fail"))
        evaluation.edit("ann", sheet({**SIXTY, "tone": 6, "solution": 4}), passed, "wrong line", LATER_US, dispute_until_us=AGAIN_US)
        evaluation.edit("ann", sheet(SIXTY), failed, "wrong line", LATER_US, dispute_until_us=AGAIN_US)
        assert recorded(evaluation) == ["Edited", "Edited", "RecourseReopened"]

    def test_a_review_that_lowers_the_score_opens_it_too(self) -> None:
        evaluation = submitted(dispute("closing"))
        rescore(evaluation, {**SIXTY, "greeting": 0}, greeting="there was none")
        assert recorded(evaluation) == ["DisputeUpheld", "Rescored", "RecourseReopened"]
        dispute("greeting", at_us=AGAIN_US)(evaluation)

    def test_a_deadline_is_never_brought_forward(self) -> None:
        evaluation = submitted()
        evaluation.edit("ann", sheet({**SIXTY, "tone": 4}), result({**SIXTY, "tone": 4}), "x", START_US, dispute_until_us=START_US + 1)
        assert evaluation.dispute_until_us == UNTIL_US


def test_a_journal_of_before_folds_as_before() -> None:
    """Its rescorings do not say why other questions changed; and nothing of what was written then is refused."""
    evaluation = submitted(dispute("closing"))
    fields = {
        "questions": ["closing"], "sheet": sheet({**SIXTY, "closing": 5, "tone": 1}).plain(), "result": result(SIXTY), "reviewer_id": "ann",
        "reason": "right", "reviewed_at_us": LATER_US}
    event = object.__new__(Evaluation.Rescored)  # as the library makes what was recorded
    event.__dict__.update(
        originator_id=evaluation.id, originator_version=evaluation.version + 1, timestamp=evaluation.modified_on, **fields)
    folded = event.mutate(evaluation)
    assert folded is not None
    assert (folded.current.other_reasons, folded.current.sheet.answers["tone"], folded.dispute_until_us) == ({}, 1, UNTIL_US)
    assert decisions(folded) == {"closing": "rescored"}
