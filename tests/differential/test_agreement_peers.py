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

from opsledger.core.quality.agreement import agreement
from opsledger.core.quality.ratings import Level, Ratings, ratings_of

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
    found = agreement(ours(table), coefficient, level, resamples=20).value
    assert found is not None
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", list(Level))
def test_alpha_is_that_of_krippendorff(seed: int, level: Level) -> None:
    table = drawn(seed)
    expected = krippendorff.alpha(reliability_data=table.T, level_of_measurement=level.value)
    assert value(table, "krippendorff_alpha", level) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("case", json.loads(IRRCAC.read_text()), ids=lambda case: f"{len(case['ratings'])} units")
@pytest.mark.parametrize("level", list(Level))
def test_gwet_and_fleiss_are_those_of_irrcac(case: dict[str, Any], level: Level) -> None:
    ratings = ratings_of(case["ratings"])
    for name, expected in case["levels"][level].items():
        coefficient = {"gwet": "gwet_ac1" if level is Level.NOMINAL else "gwet_ac2"}.get(name, name)
        assert agreement(ratings, coefficient, level, resamples=20).value == pytest.approx(expected, abs=1e-9)


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
