"""What an evaluation says to scorecards."""
from __future__ import annotations

from typing import Any

import pytest

from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.outcomes import evaluation_outcomes
from opsledger.core.quality.subject import Subject, SubjectKind
from tests.kit.quality import HOUR_US, SEVENTY_FIVE, SIXTY, START_US, UNTIL_US, result, sheet, started


def submitted(answers: dict[str, Any] = SIXTY, **more: Any) -> Evaluation:
    evaluation = started(**more)
    evaluation.submit("ann", sheet(answers), result(answers), UNTIL_US, START_US)
    return evaluation


def rows(evaluation: Evaluation) -> dict[str, int]:
    return {row.kpi: row.numerator for row in evaluation_outcomes(evaluation)}


def test_a_score_a_pass_and_each_class_of_critical_errors() -> None:
    assert rows(submitted()) == {
        "qa_score": 60_000_000, "qa_pass_rate": 0, "critical_accuracy.customer": 1, "critical_accuracy.business": 1,
        "critical_accuracy.compliance": 0}


def test_a_class_that_does_not_apply_has_no_row() -> None:
    found = rows(submitted(SEVENTY_FIVE))
    assert (found["qa_score"], found["qa_pass_rate"], "critical_accuracy.compliance" in found) == (75_000_000, 1, False)


def test_nothing_applicable_is_no_score_rather_than_zero() -> None:
    assert rows(submitted(dict.fromkeys(SIXTY, "na"))) == {}


def test_it_is_dated_by_the_contact_and_credited_to_its_agent() -> None:
    [first, *_] = evaluation_outcomes(submitted())
    assert (first.at_us, first.agent, first.group, first.value) == (START_US - HOUR_US, "bob", "tier 1", 60.0)


def test_only_the_version_that_counts_counts() -> None:
    evaluation = submitted()
    evaluation.dispute("bob", {"closing": "there was none to give", "tone": "I was kind"}, UNTIL_US)
    evaluation.uphold("sue", ["tone"], "no", UNTIL_US)
    evaluation.rescore("sue", ["closing"], sheet(SEVENTY_FIVE), result(SEVENTY_FIVE), "right", UNTIL_US)
    assert rows(evaluation)["qa_score"] == 75_000_000
    assert sorted(row.numerator for row in evaluation_outcomes(evaluation) if row.kpi == "disputes_upheld") == [0, 1]
    evaluation.void("sue", "wrong agent", UNTIL_US)
    assert rows(evaluation) == {}


@pytest.mark.parametrize("evaluation", [started(), started(analyst="")])
def test_what_was_not_submitted_says_nothing(evaluation: Evaluation) -> None:
    assert rows(evaluation) == {}


def test_an_evaluation_of_an_evaluation_is_about_its_evaluator() -> None:
    judged = submitted(agent="bob", subject=Subject(SubjectKind.EVALUATION, evaluation_id="e1"))
    assert rows(judged) == {"evaluator_score": 60_000_000}
