"""Agreement coefficients: published values, and what is not defined."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.quality.agreement import COEFFICIENTS, Scheme, agreement, agreements, levels_of
from opsledger.core.quality.coefficients import Reason
from opsledger.core.quality.ratings import Level, Ratings, ratings_of
from opsledger.core.quality.weights import Weights

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


# the vignette "overview" of the R package irrCAC (Gwet), from cac.raw4raters: coeff.val, coeff.se
@pytest.mark.parametrize(("coefficient", "value", "error"), [
    ("percent_agreement", 0.8181818, 0.12561), ("gwet_ac1", 0.77544, 0.14295), ("fleiss_kappa", 0.76117, 0.15302),
    ("krippendorff_alpha", 0.74342, 0.14557), ("brennan_prediger", 0.77273, 0.14472),
])
def test_standard_errors_as_published(coefficient: str, value: float, error: float) -> None:
    found = agreement(KRIPPENDORFF, coefficient)
    assert (found.value, found.standard_error) == (pytest.approx(value, abs=5e-6), pytest.approx(error, abs=5e-6))


# the same, from the table cont3x3abstractors: its errors divide by n, those of ratings by n − 1
@pytest.mark.parametrize(("coefficient", "value", "error"), [
    ("cohen_kappa", 0.7964094, 0.05891072), ("scott_pi", 0.7962397, 0.05905473), ("gwet_ac1", 0.8493305, 0.04321747),
    ("brennan_prediger", 0.835, 0.04693346), ("percent_agreement", 0.89, 0.03128898),
])
def test_standard_errors_of_two_raters_as_published(coefficient: str, value: float, error: float) -> None:
    found = agreement(OF_TABLE, coefficient)
    assert (found.value, found.standard_error) == (pytest.approx(value, abs=5e-8), pytest.approx(error * (100 / 99) ** 0.5, abs=5e-8))


# the vignette "weighting" of irrCAC: radical.weights(1:3) and so on, row 1, and row 2 of three categories
@pytest.mark.parametrize(("weights", "next_to", "ends"), [
    (Weights.IDENTITY, 0, 0), (Weights.RADICAL, 0.2928932, 0), (Weights.LINEAR, 0.5, 0), (Weights.ORDINAL, 0.6666667, 0),
    (Weights.QUADRATIC, 0.75, 0), (Weights.CIRCULAR, 0, 0), (Weights.BIPOLAR, 0.6666667, 0),
])
def test_weights_as_published(weights: Weights, next_to: float, ends: float) -> None:
    """Percent agreement of one unit is what its two categories agree."""
    categories = [1.0, 2.0, 3.0]
    for pair, credit in (((1, 2), next_to), ((2, 3), next_to), ((1, 3), ends), ((2, 2), 1)):
        assert agreement(ratings_of([pair], categories), "percent_agreement", Scheme(weights)).value == pytest.approx(credit, abs=5e-8)


def test_weights_of_the_caller() -> None:
    """Quadratic ones, given as a table, are quadratic ones."""
    places = np.arange(5)
    own = Scheme(Weights.CUSTOM, None, 1 - (places[:, None] - places) ** 2 / 16)
    for name in ("fleiss_kappa", "gwet_ac2", "conger_kappa", "brennan_prediger", "krippendorff_alpha"):
        expected, found = agreement(KRIPPENDORFF, name, Scheme(Weights.QUADRATIC)), agreement(KRIPPENDORFF, name, own)
        assert found[2:4] == (pytest.approx(expected.value), pytest.approx(expected.interval))
        assert found.standard_error == pytest.approx(expected.standard_error)


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

    @pytest.mark.parametrize("coefficient", [name for name in COEFFICIENTS if name not in ("gwet_ac2", "percent_agreement")])
    def test_everybody_always_said_the_same(self, coefficient: str) -> None:
        assert reason_of(ratings_of([(1, 1)] * 5), coefficient) is Reason.NO_VARIATION

    def test_an_unused_category_gives_ac1_something_to_go_by(self) -> None:
        found = agreement(ratings_of([("yes", "yes")] * 5, ["no", "yes"]), "gwet_ac1")
        # five of five agree: Clopper and Pearson would have it from .4782 on, and nothing is expected by chance
        assert (found.value, found.interval) == (1.0, (pytest.approx(0.025 ** (1 / 5)), 1.0, "gaffke"))

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

    @pytest.mark.parametrize(("units", "coefficient", "reason"), [
        (2, "percent_agreement", Reason.FEW_UNITS), (3, "percent_agreement", None), (4, "fleiss_kappa", Reason.FEW_UNITS),
        (5, "fleiss_kappa", None), (4, "krippendorff_alpha", Reason.FEW_UNITS), (4, "gwet_ac1", Reason.FEW_UNITS),
    ])
    def test_few_units_have_no_interval(self, units: int, coefficient: str, reason: Reason | None) -> None:
        assert reason_of(ratings_of([(1, 2), (2, 2), (1, 1), (2, 2), (1, 2)][:units]), coefficient) is reason

    def test_perfect_agreement_claims_no_certainty(self) -> None:
        found = agreement(ratings_of([(1, 1), (2, 2)] * 20), "fleiss_kappa")
        # half is expected to disagree by chance: 1 − (1 − .025^(1/40)) ÷ .5
        assert (found.value, found.interval) == (1.0, (pytest.approx(1 - (1 - 0.025 ** (1 / 40)) / 0.5), 1.0, "gaffke"))

    def test_units_that_are_nearly_all_of_one_category_are_said_to_be_so(self) -> None:
        rows = [(1, 1)] * 12 + [(2, 2)] * 2
        assert reason_of(ratings_of(rows)) is Reason.UNSTABLE, "(12/14)^14 = .12 of such samples have one category only"
        assert reason_of(ratings_of([*rows, (1, 2), (2, 2), (1, 2)])) is None
        assert reason_of(ratings_of(rows), "gwet_ac1") is None, "chance is not found from the ratings alone"

    def test_units_that_are_all_alike_have_no_interval(self) -> None:
        assert reason_of(ratings_of([(1, 2), (2, 3), (3, 4), (4, 5), (5, 1)] * 2), "brennan_prediger") is Reason.NO_SPREAD


def test_levels_are_those_at_which_ratings_can_be_read() -> None:
    assert levels_of(ratings_of([("a", "b")])) == (Level.NOMINAL,)
    assert levels_of(ratings_of([(1, 2)])) == tuple(Level)
    assert levels_of(ratings_of([(-1, 2)])) == (Level.NOMINAL, Level.ORDINAL, Level.INTERVAL)


def test_every_coefficient_that_applies() -> None:
    two = [(found.coefficient, found.level) for found in agreements(OF_TABLE, [Level.NOMINAL, Level.ORDINAL])]
    assert ("cohen_kappa", Level.ORDINAL) in two
    assert "conger_kappa" not in [name for name, _ in two], "of two raters it is Cohen's"
    assert ("gwet_ac1", Level.ORDINAL) not in two
    assert "cohen_kappa" not in [found.coefficient for found in agreements(KRIPPENDORFF, [Level.NOMINAL])]


@pytest.mark.parametrize(
    ("rows", "categories", "wrong"),
    [([(1, 2), (1,)], (), "each rater"), ([(1, "a")], (), "all numbers or all words"), ([("a", "z")], ("a", "b"), "'z'")],
)
def test_ratings_that_are_none(rows: list[tuple[object, ...]], categories: tuple[str, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        ratings_of(rows, categories)  # type: ignore[arg-type]  # that is the point


def test_what_asks_who_said_what_is_left_out_where_nobody_knows() -> None:
    found = {each.coefficient for each in agreements(KRIPPENDORFF, [Level.NOMINAL], anonymous=True)}
    assert found == {"percent_agreement", "krippendorff_alpha", "gwet_ac1", "brennan_prediger", "fleiss_kappa"}


small = st.lists(st.lists(st.none() | st.integers(1, 4), min_size=3, max_size=3), min_size=2, max_size=10)


@settings(max_examples=30)
@given(small, st.randoms(), st.sampled_from(["krippendorff_alpha", "gwet_ac1", "fleiss_kappa", "percent_agreement"]))
def test_the_order_of_units_changes_nothing(rows: list[list[int | None]], random: object, coefficient: str) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert agreement(ratings_of(rows), coefficient) == agreement(ratings_of(shuffled), coefficient)


@given(small)
def test_a_value_lies_at_most_at_one(rows: list[list[int | None]]) -> None:
    for name in COEFFICIENTS:
        for level in Level:
            value = agreement(ratings_of(rows), name, level).value
            assert value is None or value <= 1 + 1e-12
