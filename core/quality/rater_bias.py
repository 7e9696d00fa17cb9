"""How far each rater is from a standard, and in which direction: distance and bias, each with its interval."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opsledger.core.quality import coefficients
from opsledger.core.quality.ratings import Floats, Ratings
from opsledger.core.scorecards import statistics
from opsledger.core.scorecards.statistics import CONFIDENCE, SHARES, UNBOUNDED, Bounds, Interval, of_mean

Codes: TypeAlias = "NDArray[np.int32]"


class Mean(NamedTuple):
    value: float | None
    interval: Interval | None
    """Over the units."""
    reason: str | None
    """Why value or interval is None."""


class RaterBias(NamedTuple):
    rater: int
    """Column of the ratings."""
    units: int
    """Units that were rated by this rater and have a standard."""
    bias: Mean
    """Mean of rating − standard: above 0 is lenient. Words have none."""
    distance: Mean
    """Mean of |rating − standard|; of words the mean share of the standard's ratings that say otherwise."""


def rater_biases(ratings: Ratings, reference: int | None = None, confidence: float = CONFIDENCE) -> list[RaterBias]:
    """One for each rater.

    ``reference``: the column of the rater whose ratings are the standard; who has no figures, with the reason IS_REFERENCE. Without one
    the standard of a rater in a unit is the mean of the others' ratings of it, so that nobody is compared with themself.
    """
    return [
        _none(rater, coefficients.Reason.IS_REFERENCE) if rater == reference else _bias(ratings, rater, reference, confidence)
        for rater in range(ratings.raters)
    ]


def _bias(ratings: Ratings, rater: int, reference: int | None, confidence: float) -> RaterBias:
    standard = [reference] if reference is not None else [other for other in range(ratings.raters) if other != rater]
    own, others = ratings.codes[:, rater], ratings.codes[:, standard]
    both = (own >= 0) & (others >= 0).any(axis=1)
    if not both.any():
        return _none(rater, coefficients.Reason.NO_PAIRS)
    if not ratings.is_numeric:
        otherwise = np.array([float((given[given >= 0] != code).mean()) for code, given in zip(own[both], others[both], strict=True)])
        return RaterBias(rater, int(both.sum()), Mean(None, None, coefficients.Reason.NOT_NUMERIC), _mean(otherwise, confidence, SHARES))
    apart = np.fromiter(_differences(ratings, own[both], others[both]), dtype=np.float64)
    return RaterBias(rater, int(both.sum()), _mean(apart, confidence, UNBOUNDED), _mean(np.abs(apart), confidence, Bounds(0.0)))


def _differences(ratings: Ratings, own: Codes, others: Codes) -> Iterator[float]:
    values = np.array(ratings.categories, dtype=np.float64)
    for code, given in zip(own, others, strict=True):
        yield float(values[code] - values[given[given >= 0]].mean())


def _mean(values: Floats, confidence: float, bounds: Bounds) -> Mean:
    found = of_mean(values, confidence, bounds)
    middle = float(values.mean())
    return Mean(middle, None, found) if isinstance(found, statistics.Reason) else Mean(middle, found, None)


def _none(rater: int, reason: coefficients.Reason) -> RaterBias:
    nothing = Mean(None, None, reason)
    return RaterBias(rater, 0, nothing, nothing)
