"""Coefficients of agreement between raters, as functions of ratings of which each unit counts so many times.

Weights of units are what the bootstrap draws. A coefficient that is not defined is a Reason, never 0 or 1.

Sources: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability; Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., for the
others with weights and missing ratings; Cohen (1960), Scott (1955), Fleiss (1971), Gwet (2008).
"""
from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opsledger.core.quality.ratings import Level, Ratings
from opsledger.ext.agreement import coincidences, counts

Floats: TypeAlias = "NDArray[np.float64]"
UnitWeights: TypeAlias = "NDArray[np.int64]"


class Reason(StrEnum):
    """Why there is no coefficient, or no interval."""

    NO_PAIRS = "NO_PAIRS"
    """No unit has ratings by two raters."""
    NO_VARIATION = "NO_VARIATION"
    """Only one category was used: agreement by chance is certain, and nothing can be said beyond it."""
    NOT_TWO_RATERS = "NOT_TWO_RATERS"
    """Defined for two raters only."""
    NOT_NUMERIC = "NOT_NUMERIC"
    """Differences of words are not defined."""
    NEGATIVE = "NEGATIVE"
    """Proportions of negative numbers are not defined."""
    IS_REFERENCE = "IS_REFERENCE"
    """This rater is the standard of the others."""
    ONE_UNIT = "ONE_UNIT"
    """One unit says nothing of how units vary."""
    NO_SPREAD = "NO_SPREAD"
    """All resamples agree: an interval would claim a certainty that is not there."""
    UNSTABLE = "UNSTABLE"
    """The coefficient is not defined for more than one resample in twenty."""


class Judgement:
    """Ratings at a level of measurement, with what all coefficients need of them."""

    def __init__(self, ratings: Ratings, level: Level) -> None:
        self.ratings, self.level = ratings, level

    @cached_property
    def counts(self) -> Floats:
        """Raters per unit and category."""
        return counts(self.ratings.codes, len(self.ratings.categories)).astype(np.float64)

    @cached_property
    def given(self) -> Floats:
        """Ratings per unit."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    @cached_property
    def values(self) -> Floats:
        """What categories measure: their numbers, or their ranks."""
        if self.level.is_numeric:
            return np.array(self.ratings.categories, dtype=np.float64)
        return np.arange(1, len(self.ratings.categories) + 1, dtype=np.float64)

    @cached_property
    def credit(self) -> Floats:
        """Agreement of two categories, from 0 to 1: identity, ordinal, quadratic or ratio weights (Gwet 2014, ch. 3)."""
        size = len(self.values)
        if self.level is Level.NOMINAL or size < 2:
            return np.eye(size)
        one, other = self.values[:, None], self.values[None, :]
        match self.level:
            case Level.ORDINAL:
                apart = np.abs(one - other) * (np.abs(one - other) + 1) / 2
            case Level.INTERVAL:
                apart = _squared(one - other)
            case _:
                apart = _proportion(one, other)
        return np.asarray(1 - apart / apart.max(), dtype=np.float64)

    @cached_property
    def agreement(self) -> Floats:
        """Per unit: share of its pairs of ratings that agree; 0 where there is no pair."""
        pairs = self.given * (self.given - 1)
        agreeing = (self.counts * (self.counts @ self.credit - 1)).sum(axis=1)
        return np.asarray(np.divide(agreeing, pairs, out=np.zeros_like(pairs), where=pairs > 0), dtype=np.float64)

    @cached_property
    def shares(self) -> Floats:
        """Per unit: share of its ratings in each category."""
        given = self.given[:, None]
        return np.asarray(np.divide(self.counts, given, out=np.zeros_like(self.counts), where=given > 0), dtype=np.float64)

    def not_defined(self) -> Reason | None:
        """What keeps any coefficient from being defined at this level."""
        if self.level.is_numeric and not self.ratings.is_numeric:
            return Reason.NOT_NUMERIC
        if self.level is Level.RATIO and len(self.values) and self.values.min() < 0:
            return Reason.NEGATIVE
        return None if self.ratings.pairable_units else Reason.NO_PAIRS


Coefficient: TypeAlias = "Callable[[Judgement, UnitWeights], float | Reason]"


def krippendorff(judgement: Judgement, weights: UnitWeights) -> float | Reason:
    """α = 1 − D_o ÷ D_e over the coincidence matrix, with the squared differences of the level."""
    matrix = coincidences(judgement.ratings.codes, weights, len(judgement.ratings.categories))
    marginals = matrix.sum(axis=1)
    total = marginals.sum()
    if total == 0:
        return Reason.NO_PAIRS
    apart = _differences(judgement, marginals)
    expected = float(marginals @ apart @ marginals)
    if expected == 0:
        return Reason.NO_VARIATION
    return 1 - float(total - 1) * float((matrix * apart).sum()) / expected


def _differences(judgement: Judgement, marginals: Floats) -> Floats:
    """Squared differences of categories; ordinal ones depend on how often the ranks between were used."""
    one, other = judgement.values[:, None], judgement.values[None, :]
    match judgement.level:
        case Level.NOMINAL:
            return np.asarray(one != other, dtype=np.float64)
        case Level.ORDINAL:
            up_to = np.cumsum(marginals) - marginals / 2
            return _squared(up_to[:, None] - up_to[None, :])
        case Level.INTERVAL:
            return _squared(one - other)
    return _proportion(one, other)


def _proportion(one: Floats, other: Floats) -> Floats:
    whole = one + other
    return _squared(np.divide(one - other, whole, out=np.zeros_like(whole), where=whole != 0))


def _squared(values: Floats) -> Floats:
    squares: Floats = values * values
    return squares


def percent_agreement(judgement: Judgement, weights: UnitWeights) -> float | Reason:
    """Mean share of agreeing pairs, over the units with two ratings or more. Not corrected for chance."""
    paired = weights * (judgement.given >= 2)
    return float(paired @ judgement.agreement / paired.sum()) if paired.any() else Reason.NO_PAIRS


def gwet(judgement: Judgement, weights: UnitWeights) -> float | Reason:
    """AC1 at the nominal level, AC2 at the others."""
    categories = len(judgement.ratings.categories)
    if categories < 2:
        return Reason.NO_VARIATION if judgement.ratings.pairable_units else Reason.NO_PAIRS
    used = _used(judgement, weights)
    chance = judgement.credit.sum() / (categories * (categories - 1)) * float((used * (1 - used)).sum())
    return _beyond_chance(percent_agreement(judgement, weights), chance)


def fleiss(judgement: Judgement, weights: UnitWeights) -> float | Reason:
    """Fleiss' κ for any number of raters, generalised to missing ratings and weights."""
    used = _used(judgement, weights)
    return _beyond_chance(percent_agreement(judgement, weights), float(used @ judgement.credit @ used))


def cohen(judgement: Judgement, weights: UnitWeights) -> float | Reason:
    """Cohen's κ of two raters, over the units that both rated: chance from each one's own habits."""
    return _of_two(judgement, weights, lambda one, other: (one, other))


def scott(judgement: Judgement, weights: UnitWeights) -> float | Reason:
    """Scott's π of two raters, over the units that both rated: chance from their common habits."""
    return _of_two(judgement, weights, lambda one, other: ((one + other) / 2, (one + other) / 2))


def _of_two(judgement: Judgement, weights: UnitWeights, habits: Callable[[Floats, Floats], tuple[Floats, Floats]]) -> float | Reason:
    if judgement.ratings.raters != 2:
        return Reason.NOT_TWO_RATERS
    first, second = judgement.ratings.codes.T
    both = weights * ((first >= 0) & (second >= 0))
    if not both.any():
        return Reason.NO_PAIRS
    size = len(judgement.ratings.categories)
    table = np.bincount(np.where(both > 0, first * size + second, 0), both, size * size).reshape(size, size) / both.sum()
    one, other = habits(table.sum(axis=1), table.sum(axis=0))
    return _beyond_chance(float((table * judgement.credit).sum()), float(one @ judgement.credit @ other))


def _used(judgement: Judgement, weights: UnitWeights) -> Floats:
    """How much each category is used: mean over the rated units of the shares of their ratings."""
    rated = weights * (judgement.given > 0)
    return np.asarray(rated @ judgement.shares / max(rated.sum(), 1), dtype=np.float64)


def _beyond_chance(observed: float | Reason, chance: float) -> float | Reason:
    if isinstance(observed, Reason):
        return observed
    return Reason.NO_VARIATION if chance > 1 - 1e-12 else (observed - chance) / (1 - chance)
