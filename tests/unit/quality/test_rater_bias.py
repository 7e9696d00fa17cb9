"""Distance and bias of raters, and the questions that split them. Expected values by hand; intervals are statistics.of_mean's."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.quality.coefficients import Reason
from opsledger.core.quality.rater_bias import rater_biases
from opsledger.core.quality.ratings import Level, ratings_of
from opsledger.core.quality.splits import splits
from opsledger.core.scorecards import statistics
from opsledger.core.scorecards.statistics import of_mean

N = None
SCORES = [(80, 70, 90), (60, 60, 80), (90, 70, N), (N, 50, N)]


def test_from_a_reference() -> None:
    ann, bob, cem = rater_biases(ratings_of(SCORES), reference=1)
    assert (ann.units, ann.bias.value, ann.distance.value) == (3, 10.0, 10.0)
    assert (cem.units, cem.bias.value, cem.distance.value) == (2, 20.0, 20.0)
    assert (bob.units, bob.bias.value, bob.bias.reason, bob.distance.reason) == (0, None, Reason.IS_REFERENCE, Reason.IS_REFERENCE)
    assert ann.bias.interval == of_mean([10, 0, 20])
    assert (cem.bias.interval, cem.bias.reason) == (None, statistics.Reason.FEW_CASES)


def test_from_the_mean_of_the_others() -> None:
    ann, bob, cem = rater_biases(ratings_of(SCORES))
    assert [one.units for one in (ann, bob, cem)] == [3, 3, 2], "what nobody else rated has no standard"
    assert ann.bias.value == pytest.approx((0 - 10 + 20) / 3)
    assert ann.distance.value == pytest.approx((0 + 10 + 20) / 3)
    assert bob.bias.value == pytest.approx((-15 - 10 - 20) / 3)
    assert cem.bias.value == pytest.approx((15 + 20) / 2)


def test_words_have_a_distance_and_no_bias() -> None:
    ann, *_ = rater_biases(ratings_of([("yes", "no", "yes"), ("no", "no", "no"), ("yes", "no", N)]))
    assert (ann.bias.value, ann.bias.reason) == (None, Reason.NOT_NUMERIC)
    assert ann.distance.value == pytest.approx((0.5 + 0 + 1) / 3)


def test_who_rated_alone_has_no_figures() -> None:
    lone, *_ = rater_biases(ratings_of([(1, N, N), (N, 2, 3)]))
    assert (lone.units, lone.bias.value, lone.bias.reason) == (0, None, Reason.NO_PAIRS)


def test_one_unit_has_no_interval() -> None:
    ann, _ = rater_biases(ratings_of([(1, 2)]))
    assert (ann.bias.value, ann.bias.interval, ann.bias.reason) == (-1.0, None, statistics.Reason.ONE_CASE)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=8))
def test_of_two_raters_the_biases_are_opposite_and_no_distance_is_smaller_than_its_bias(rows: list[tuple[int, int]]) -> None:
    one, other = rater_biases(ratings_of(rows))
    assert one.bias.value is not None
    assert other.bias.value is not None
    assert one.bias.value == pytest.approx(-other.bias.value)
    assert one.distance.value == other.distance.value
    assert (one.distance.value or 0) >= abs(one.bias.value) - 1e-9


def test_the_most_divided_question_comes_first_and_what_nobody_shared_last() -> None:
    found = splits({
        "agreed": ratings_of([("yes", "yes")] * 3), "unshared": ratings_of([("yes", N)]),
        "mixed": ratings_of([("yes", "no"), ("yes", "yes"), ("no", "no")]), "divided": ratings_of([("yes", "no"), ("no", "yes")]),
    })
    assert [(one.question, one.percent_agreement.value) for one in found] == [
        ("divided", 0.0), ("mixed", pytest.approx(2 / 3)), ("agreed", 1.0), ("unshared", None)]
    assert [one.alpha.reason for one in found[2:]] == [Reason.NO_VARIATION, Reason.NO_PAIRS]


def test_of_two_questions_as_often_agreed_the_one_with_less_beyond_chance_comes_first() -> None:
    rare = ratings_of([("yes", "yes")] * 7 + [("yes", "no")])
    even = ratings_of([("yes", "yes")] * 3 + [("no", "no")] * 4 + [("yes", "no")])
    assert [one.question for one in splits({"even": even, "rare": rare})] == ["rare", "even"]


def test_words_among_numbers_are_compared_as_names() -> None:
    found = splits({"text": ratings_of([("a", "b")] * 2), "points": ratings_of([(1, 3), (2, 2)])}, Level.INTERVAL)
    assert {one.question: one.alpha.level for one in found} == {"text": Level.NOMINAL, "points": Level.INTERVAL}
