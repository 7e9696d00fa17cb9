"""Agreement coefficients against krippendorff, statsmodels, scikit-learn, and what irrCAC said (tests/golden/agreement/make.py)."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from opsledger.core.quality.agreement import COEFFICIENTS, Scheme, agreement
from opsledger.core.quality.coefficients import Found
from opsledger.core.quality.judgement import Judgement
from opsledger.core.quality.ratings import Level, Ratings, ratings_of
from opsledger.core.quality.weights import OF_LEVEL, Weights

IRRCAC = Path(__file__).parents[1] / "golden" / "agreement" / "irrcac.json"
SEEDS = range(6)


def drawn(seed: int, *, units: int = 60, raters: int = 4, missing: float = 0.2) -> np.ndarray:
    """Ratings from 1 to 5 that agree more than by chance, some of them missing (nan). Every category is used."""
    random = np.random.default_rng(seed)
    truth = random.integers(1, 6, size=(units, 1))
    ratings = np.clip(truth + random.choice([-1, 0, 0, 0, 1, 2], size=(units, raters)), 1, 5).astype(float)
    ratings[random.random((units, raters)) < missing] = np.nan
    return ratings


def ours(table: np.ndarray) -> Ratings:
    return ratings_of([[None if np.isnan(rating) else float(rating) for rating in row] for row in table])


def value(table: np.ndarray, coefficient: str, level: Level) -> float:
    found = agreement(ours(table), coefficient, level).value
    assert found is not None
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", list(Level))
def test_alpha_is_that_of_krippendorff(seed: int, level: Level) -> None:
    table = drawn(seed)
    expected = krippendorff.alpha(reliability_data=table.T, level_of_measurement=level.value)
    assert value(table, "krippendorff_alpha", level) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("case", json.loads(IRRCAC.read_text()), ids=lambda case: case["name"])
@pytest.mark.parametrize("weights", [each for each in Weights if each is not Weights.CUSTOM])
def test_values_and_standard_errors_are_those_of_irrcac(case: dict[str, Any], weights: Weights) -> None:
    ratings = ratings_of(case["ratings"])
    for name, (value, *error) in case["weights"].get(weights, {}).items():
        coefficient = {"gwet": "gwet_ac1" if weights is Weights.IDENTITY else "gwet_ac2"}.get(name, name)
        found = agreement(ratings, coefficient, Scheme(weights))
        assert found.value == pytest.approx(value, abs=1e-9)
        assert [found.standard_error][:len(error)] == [pytest.approx(each, abs=1e-9) for each in error]


@pytest.mark.parametrize("level", list(Level))
def test_alpha_of_continuous_scores_is_that_of_krippendorff(level: Level) -> None:
    random = np.random.default_rng(4)
    table = np.round(random.uniform(0, 100, (200, 1)) + random.normal(0, 6, (200, 2)).clip(-20), 3).clip(0)
    expected = krippendorff.alpha(reliability_data=table.T, level_of_measurement=level.value)
    assert value(table, "krippendorff_alpha", level) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("coefficient", ["krippendorff_alpha", "fleiss_kappa", "conger_kappa", "gwet_ac1", "gwet_ac2"])
def test_a_coefficient_without_a_unit_is_that_of_the_other_units(coefficient: str, level: Level) -> None:
    """What the interval is made of, against the coefficient of the ratings without that unit."""
    ratings = ours(drawn(3, units=12))
    if coefficient == "krippendorff_alpha":  # which is of the units with two ratings
        ratings = ratings.of((ratings.codes >= 0).sum(axis=1) >= 2)
    found = COEFFICIENTS[coefficient].measure(Judgement(ratings, OF_LEVEL[level], level))
    assert isinstance(found, Found)
    others = []
    for unit in range(ratings.units):
        left = Ratings(np.delete(ratings.codes, unit, axis=0), ratings.categories)
        value = agreement(left, coefficient, level).value
        assert value is not None
        others.append(value)
    if (coefficient, level) == ("krippendorff_alpha", Level.ORDINAL):  # whose ranks change too: to first order
        assert np.std(found.without) == pytest.approx(np.std(others), rel=0.1)
    else:
        assert found.without == pytest.approx(others, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_fleiss_is_that_of_statsmodels(seed: int) -> None:
    table = drawn(seed, missing=0)
    counted = np.array([np.bincount(row.astype(int), minlength=6)[1:] for row in table])
    assert value(table, "fleiss_kappa", Level.NOMINAL) == pytest.approx(fleiss_kappa(counted), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_cohen_is_that_of_scikit_learn(seed: int) -> None:
    table = drawn(seed, raters=2, missing=0)
    assert value(table, "cohen_kappa", Level.NOMINAL) == pytest.approx(cohen_kappa_score(*table.T), abs=1e-12)
    assert value(table, "cohen_kappa", Level.INTERVAL) == pytest.approx(cohen_kappa_score(*table.T, weights="quadratic"), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_cohen_takes_the_units_that_both_rated(seed: int) -> None:
    table = drawn(seed, raters=2)
    both = table[~np.isnan(table).any(axis=1)]
    assert value(table, "cohen_kappa", Level.NOMINAL) == pytest.approx(cohen_kappa_score(*both.T), abs=1e-12)
