"""How much two categories agree: 1 where they are one, 0 where they are farthest apart. Gwet (2014), Handbook of Inter-Rater
Reliability, 4th ed., ch. 3.

What is computed with is the other side, disagreement, from 0 to 1: a sum of it over all pairs of categories needs no matrix of them. For
squared differences it comes from the moments of the categories, for differences and ranks from running sums, and only for the others
from every pair, once.
"""
from __future__ import annotations

from enum import StrEnum
from functools import cached_property

import numpy as np

from opsledger.core.quality.ratings import Floats, Level, Ratings
from opsledger.ext import agreement as kernel
from opsledger.ext.agreement import twin

NO_TABLE: Floats = np.zeros((0, 0))


class Weights(StrEnum):
    """As Gwet and irrCAC call them. Numbers are taken as they are, words by their ranks from 1."""

    IDENTITY = "identity"
    """Equal or not."""
    LINEAR = "linear"
    """The difference."""
    QUADRATIC = "quadratic"
    """The squared difference."""
    ORDINAL = "ordinal"
    """Pairs of ranks between: d(d + 1) ÷ 2."""
    RADICAL = "radical"
    """The square root of the difference."""
    RATIO = "ratio"
    """The squared difference in proportion to the sum."""
    CIRCULAR = "circular"
    """On a circle on which the last category is next to the first, such as hours: sin²(π d ÷ (max − min + 1))."""
    BIPOLAR = "bipolar"
    """The squared difference in proportion to how far both are from the two ends."""
    CUSTOM = "custom"
    """A table of the caller's."""


_METRICS = {
    Weights.IDENTITY: twin.IDENTITY, Weights.LINEAR: twin.LINEAR, Weights.QUADRATIC: twin.QUADRATIC, Weights.ORDINAL: twin.ORDINAL,
    Weights.RADICAL: twin.RADICAL, Weights.RATIO: twin.RATIO, Weights.CIRCULAR: twin.CIRCULAR, Weights.BIPOLAR: twin.BIPOLAR,
    Weights.CUSTOM: twin.TABLE,
}
OF_LEVEL = {
    Level.NOMINAL: Weights.IDENTITY, Level.ORDINAL: Weights.ORDINAL, Level.INTERVAL: Weights.QUADRATIC, Level.RATIO: Weights.RATIO,
}
"""The weights that a level of measurement stands for."""


class Disagreement:
    """Of categories, by weights."""

    def __init__(self, weights: Weights, values: Floats, credit: Floats = NO_TABLE) -> None:
        """``values``: the categories in ascending order, as numbers. ``credit``: of CUSTOM weights, how much each pair agrees."""
        self.weights, self.values, self._table = weights, values, 1 - credit if credit.size else NO_TABLE
        self._metric = _METRICS[weights]

    @cached_property
    def _widest(self) -> float:
        """By which disagreement is made to end at 1. Most weights are widest between the ends; 1 where nothing is apart."""
        if self.weights in (Weights.CIRCULAR, Weights.BIPOLAR, Weights.CUSTOM):
            found = kernel.widest(self.values, self._metric, self._table)
        else:
            found = kernel.widest(self.values[[0, -1]] if len(self.values) else self.values, self._metric, self._table)
        return 1.0 if self.weights is Weights.CUSTOM or found == 0 else found

    def within(self, ratings: Ratings) -> Floats:
        """Per unit: the sum over all pairs of its ratings, both ways round."""
        return kernel.within(ratings.codes, self.values, self._metric, self._table) / self._widest

    def spread(self, shares: Floats) -> Floats:
        """How far each category is from all, weighed by shares: of one weighing, or of several in rows."""
        rows = np.atleast_2d(shares)
        match self.weights:
            case Weights.IDENTITY:
                found = rows.sum(axis=1)[:, None] - rows
            case Weights.LINEAR:
                found = _linear(self.values, rows)
            case Weights.QUADRATIC:
                found = _quadratic(self.values, rows)
            case Weights.ORDINAL:
                found = (_linear(self.values, rows) + _quadratic(self.values, rows)) / 2
            case _:
                found = kernel.spread(self.values, np.ascontiguousarray(rows), self._metric, self._table)
        return np.asarray((found / self._widest).reshape(shares.shape))

    @cached_property
    def total(self) -> float:
        """Over all pairs of categories, both ways round."""
        return float(self.spread(np.ones(len(self.values))).sum())


def _quadratic(values: Floats, shares: Floats) -> Floats:
    """Σ (x − y)² s_y = x² Σs − 2x Σys + Σy²s, around the middle of the values so that no digits are lost."""
    places = values - values.mean()
    none, one, two = ((shares * places**power).sum(axis=1)[:, None] for power in range(3))
    found: Floats = places * places * none - 2 * places * one + two
    return found


def _linear(values: Floats, shares: Floats) -> Floats:
    """Σ |x − y| s_y, from the sums of what lies up to x: values are in ascending order."""
    places = values - values.mean()
    below, moments = np.cumsum(shares, axis=1), np.cumsum(shares * places, axis=1)
    found: Floats = places * (2 * below - below[:, -1:]) - 2 * moments + moments[:, -1:]
    return found
