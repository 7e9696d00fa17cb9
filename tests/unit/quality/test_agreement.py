"""Agreement coefficients: published values, and what is not defined."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.quality.agreement import COEFFICIENTS, agreement, agreements, levels_of
from opsledger.core.quality.coefficients import Reason
from opsledger.core.quality.ratings import Level, Ratings, ratings_of

N = None
KRIPPENDORFF = ratings_of(zip(
    # Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C; also Gwet (2014), table 2.10
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    strict=True,
))
TABLE = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
"""Two raters, a hundred units: row by the one, column by the other."""
OF_TABLE = ratings_of((row, column) for row, counts in enumerate(TABLE) for column, count in enumerate(counts) for _ in range(count))


@pytest.mark.parametrize(
    ("coefficient", "level", "value", "digits"),
    [
        ("krippendorff_alpha", Level.NOMINAL, 0.743, 3), ("krippendorff_alpha", Level.ORDINAL, 0.815, 3),
        ("krippendorff_alpha", Level.INTERVAL, 0.849, 3), ("krippendorff_alpha", Level.RATIO, 0.797, 3),
        ("gwet_ac1", Level.NOMINAL, 0.77544, 5), ("fleiss_kappa", Level.NOMINAL, 0.76117, 5),
        ("percent_agreement", Level.NOMINAL, 0.81818, 5),
    ],
)
def test_twelve_units_and_four_raters_as_published(coefficient: str, level: Level, value: float, digits: int) -> None:
    found = agreement(KRIPPENDORFF, coefficient, level)
    assert found.value is not None
    assert round(found.value, digits) == value
    assert found.interval is not None
    assert found.interval.low < found.value < found.interval.high


@pytest.mark.parametrize(
    ("coefficient", "value"), [("percent_agreement", 0.89), ("cohen_kappa", 0.7964), ("scott_pi", 0.7962), ("gwet_ac1", 0.8493)]
)
def test_a_table_of_two_raters_as_published(coefficient: str, value: float) -> None:
    found = agreement(OF_TABLE, coefficient)
    assert found.value is not None
    assert round(found.value, 4) == value


def test_fleiss_of_two_raters_is_scott() -> None:
    assert agreement(OF_TABLE, "fleiss_kappa").value == pytest.approx(agreement(OF_TABLE, "scott_pi").value)


def reason_of(ratings: Ratings, coefficient: str = "krippendorff_alpha", level: Level = Level.NOMINAL) -> Reason | None:
    found = agreement(ratings, coefficient, level)
    assert (found.value is None or found.interval is None) == (found.reason is not None)
    return found.reason


class TestNotDefined:
    @pytest.mark.parametrize("coefficient", [name for name in COEFFICIENTS if name != "gwet_ac2"])
    def test_nobody_rated_what_another_did(self, coefficient: str) -> None:
        assert reason_of(ratings_of([(1, N), (N, 2)]), coefficient) is Reason.NO_PAIRS
        assert reason_of(ratings_of([]), coefficient) is Reason.NO_PAIRS

    @pytest.mark.parametrize("coefficient", ["krippendorff_alpha", "gwet_ac1", "fleiss_kappa", "cohen_kappa", "scott_pi"])
    def test_everybody_always_said_the_same(self, coefficient: str) -> None:
        assert reason_of(ratings_of([(1, 1)] * 5), coefficient) is Reason.NO_VARIATION

    def test_an_unused_category_gives_ac1_something_to_go_by(self) -> None:
        found = agreement(ratings_of([("yes", "yes")] * 5, ["no", "yes"]), "gwet_ac1")
        assert (found.value, found.interval, found.reason) == (1.0, None, Reason.NO_SPREAD)

    @pytest.mark.parametrize("coefficient", ["cohen_kappa", "scott_pi"])
    def test_three_raters_have_no_cohen(self, coefficient: str) -> None:
        assert reason_of(ratings_of([(1, 2, 1), (2, 2, 2)]), coefficient) is Reason.NOT_TWO_RATERS

    def test_words_have_no_difference(self) -> None:
        assert reason_of(ratings_of([("a", "b"), ("b", "b")]), level=Level.INTERVAL) is Reason.NOT_NUMERIC

    def test_negative_numbers_have_no_proportion(self) -> None:
        assert reason_of(ratings_of([(-1, 2), (2, 2)]), level=Level.RATIO) is Reason.NEGATIVE

    def test_one_unit_has_no_interval(self) -> None:
        found = agreement(ratings_of([(1, 2), (2, N)]), "krippendorff_alpha")
        assert found.value is not None
        assert found.reason is Reason.ONE_UNIT

    def test_perfect_agreement_claims_no_certainty(self) -> None:
        found = agreement(ratings_of([(1, 1), (2, 2)] * 20), "krippendorff_alpha")
        assert (found.value, found.interval, found.reason) == (1.0, None, Reason.NO_SPREAD)

    def test_too_many_resamples_without_a_value_are_said_to_be_so(self) -> None:
        assert reason_of(ratings_of([(1, 1), (1, 1), (2, 2), (1, 1)])) is Reason.UNSTABLE


def test_levels_are_those_at_which_ratings_can_be_read() -> None:
    assert levels_of(ratings_of([("a", "b")])) == (Level.NOMINAL,)
    assert levels_of(ratings_of([(1, 2)])) == tuple(Level)
    assert levels_of(ratings_of([(-1, 2)])) == (Level.NOMINAL, Level.ORDINAL, Level.INTERVAL)


def test_every_coefficient_that_applies() -> None:
    two = [(found.coefficient, found.level) for found in agreements(OF_TABLE, [Level.NOMINAL, Level.ORDINAL])]
    assert ("cohen_kappa", Level.ORDINAL) in two
    assert ("gwet_ac1", Level.ORDINAL) not in two
    assert "cohen_kappa" not in [found.coefficient for found in agreements(KRIPPENDORFF, [Level.NOMINAL])]


@pytest.mark.parametrize(
    ("rows", "categories", "wrong"),
    [([(1, 2), (1,)], (), "each rater"), ([(1, "a")], (), "all numbers or all words"), ([("a", "z")], ("a", "b"), "'z'")],
)
def test_ratings_that_are_none(rows: list[tuple[object, ...]], categories: tuple[str, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        ratings_of(rows, categories)  # type: ignore[arg-type]  # that is the point


small = st.lists(st.lists(st.none() | st.integers(1, 4), min_size=3, max_size=3), min_size=2, max_size=10)


@settings(max_examples=30)
@given(small, st.randoms(), st.sampled_from(["krippendorff_alpha", "gwet_ac1", "fleiss_kappa", "percent_agreement"]))
def test_the_order_of_units_changes_nothing(rows: list[list[int | None]], random: object, coefficient: str) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert agreement(ratings_of(rows), coefficient, resamples=50) == agreement(ratings_of(shuffled), coefficient, resamples=50)


@given(small)
def test_a_value_lies_at_most_at_one(rows: list[list[int | None]]) -> None:
    for name, kind in COEFFICIENTS.items():
        for level in kind.levels:
            value = agreement(ratings_of(rows), name, level, resamples=1).value
            assert value is None or value <= 1 + 1e-12
