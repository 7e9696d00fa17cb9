"""Many evaluations together; intervals as published, null with a reason where there is none."""
from __future__ import annotations

import pytest

from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form import CriticalClass
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.scoring import score_all
from opsledger.core.quality.summary import QuestionSummary, Summary, summarise
from opsledger.core.scorecards.statistics import Reason
from tests.kit.forms import choice, form_of, rating

FORM = parse_form(form_of([rating("a", na=True), choice("b", 0, 10, critical="customer", na=True)], pass_mark=50))


def summary(*answers: tuple[object, object]) -> Summary:
    return summarise(list(score_all(FORM, [read_answers(FORM, {"a": a, "b": b}) for a, b in answers])))


@pytest.mark.parametrize(("passed", "cases", "low", "high"), [(5, 5, 0.5655, 1), (9, 10, 0.5958, 0.9821)])
def test_a_pass_rate_has_wilsons_interval(passed: int, cases: int, low: float, high: float) -> None:
    # Wilson (1927) at 95 %: 5 of 5 is [.5655, 1], 9 of 10 is [.5958, .9821]; statsmodels' proportion_confint says the same
    rate = summary(*[(10, 10)] * passed, *[(0, 0)] * (cases - passed)).pass_rate
    assert rate.interval is not None
    assert (round(rate.interval.low, 4), round(rate.interval.high, 4), rate.small_sample) == (low, high, True)


def test_what_does_not_apply_is_left_out_of_every_figure() -> None:
    found = summary((10, 10), (5, 0), (3, "na"), ("na", "na"))
    assert (found.evaluations, found.mean.cases) == (4, 3)
    assert found.mean.value == pytest.approx((1 + 0.25 + 0.3) / 3)
    assert (found.critical[CriticalClass.CUSTOMER].value, found.critical[CriticalClass.CUSTOMER].cases) == (0.5, 2)
    assert found.questions == {"a": QuestionSummary(3, 1, pytest.approx(0.6)), "b": QuestionSummary(2, 2, 0.5)}


def test_what_cannot_be_said_has_a_reason() -> None:
    none = summary(("na", "na"))
    for figure in (none.mean, none.pass_rate, none.critical[CriticalClass.CUSTOMER]):
        assert (figure.value, figure.interval, figure.reason) == (None, None, Reason.NO_CASES)
    assert summary((7, "na")).mean.reason is Reason.ONE_CASE
    assert summary((7, "na"), (7, "na")).mean.reason is Reason.FEW_CASES


def test_equal_scores_have_an_interval_between_nothing_and_everything() -> None:
    # of 44 perfect ones the lower end is Clopper's and Pearson's of 44 of 44: .025 ** (1/44)
    found = summary(*[(10, 10)] * 44).mean
    assert found.interval is not None
    assert (found.value, round(found.interval.low, 4), found.interval.high) == (1.0, .9196, 1.0)
