"""How far raters agree: every coefficient with its standard error and its interval, or the reason why there is none."""
from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from opsledger.core.quality.coefficients import (
    Coefficient,
    Found,
    Reason,
    brennan_prediger,
    cohen,
    conger,
    fleiss,
    gwet,
    krippendorff,
    percent_agreement,
    scott,
)
from opsledger.core.quality.judgement import Judgement
from opsledger.core.quality.ratings import Floats, Level, Ratings
from opsledger.core.quality.weights import OF_LEVEL, Weights
from opsledger.core.scorecards import statistics
from opsledger.core.scorecards.statistics import CONFIDENCE, SHARES, Interval, of_mean
from opsledger.core.scorecards.student import t_of

UNDEFINED_SHARE_MAX = 0.05
TWO = range(2, 3)
UNITS_MIN = 5
"""Of fewer units no interval of a coefficient beyond chance holds at its level."""


class Kind(NamedTuple):
    """A coefficient, and where it applies."""

    measure: Coefficient
    raters: range = range(2, sys.maxsize)
    """How many there may be. Of two, Conger's is Cohen's."""
    named: bool = False
    """It asks who gave which rating."""
    with_identity: bool | None = None
    """Only with identity weights, only with others, or with all."""


COEFFICIENTS: Mapping[str, Kind] = {
    "percent_agreement": Kind(percent_agreement),
    "krippendorff_alpha": Kind(krippendorff),
    "gwet_ac1": Kind(gwet, with_identity=True),
    "gwet_ac2": Kind(gwet, with_identity=False),
    "brennan_prediger": Kind(brennan_prediger),
    "fleiss_kappa": Kind(fleiss),
    "conger_kappa": Kind(conger, range(3, sys.maxsize), named=True),
    "cohen_kappa": Kind(cohen, TWO, named=True),
    "scott_pi": Kind(scott, TWO),
}


class Agreement(NamedTuple):
    coefficient: str
    level: Level | None
    """None where weights were asked for and not a level."""
    value: float | None
    interval: Interval | None
    reason: Reason | None
    """Why value or interval is None."""
    weights: Weights
    standard_error: float | None


class Scheme(NamedTuple):
    """By what categories agree: a level of measurement, or weights."""

    weights: Weights
    level: Level | None = None
    credit: Floats | None = None
    """Of CUSTOM weights: how much each pair of categories agrees, from 0 to 1, symmetric, in the order of the categories."""


def agreement(
    ratings: Ratings, coefficient: str, by: Level | Scheme = Level.NOMINAL, confidence: float = CONFIDENCE
) -> Agreement:
    """One coefficient at a level, or by weights."""
    scheme = Scheme(OF_LEVEL[by], by) if isinstance(by, Level) else by
    judgement = Judgement(ratings, *scheme)
    found = not_defined(ratings, scheme) or COEFFICIENTS[coefficient].measure(judgement)
    if isinstance(found, Reason):
        return Agreement(coefficient, scheme.level, None, None, found, scheme.weights, None)
    whole = judgement.paired if COEFFICIENTS[coefficient].raters == TWO else judgement
    interval = _interval(whole, coefficient, found, confidence)
    reason = interval if isinstance(interval, Reason) else None
    return Agreement(
        coefficient, scheme.level, found.value, None if isinstance(interval, Reason) else interval, reason, scheme.weights,
        found.standard_error)


def agreements(
    ratings: Ratings, by: Sequence[Level | Scheme], confidence: float = CONFIDENCE, *, anonymous: bool = False
) -> list[Agreement]:
    """Every coefficient at every level, or by every scheme, at which it applies: for so many raters, and, of ``anonymous`` ones, whose
    columns are no raters, without those that ask who gave which rating."""
    schemes = [Scheme(OF_LEVEL[each], each) if isinstance(each, Level) else each for each in by]
    return [
        agreement(ratings, name, scheme, confidence)
        for name, kind in COEFFICIENTS.items()
        if ratings.raters in kind.raters and not (kind.named and anonymous)
        for scheme in schemes if kind.with_identity in (None, scheme.weights is Weights.IDENTITY)
    ]


def levels_of(ratings: Ratings) -> tuple[Level, ...]:
    """Those at which the ratings can be read: words are names, numbers may be anything."""
    if not ratings.is_numeric:
        return (Level.NOMINAL,)
    negative = not_defined(ratings, Scheme(Weights.RATIO, Level.RATIO)) is Reason.NEGATIVE
    return tuple(level for level in Level if level is not Level.RATIO or not negative)


def not_defined(ratings: Ratings, scheme: Scheme) -> Reason | None:
    """What keeps any coefficient from being defined."""
    if scheme.level is not None and scheme.level.is_numeric and not ratings.is_numeric:
        return Reason.NOT_NUMERIC
    if scheme.weights is Weights.RATIO and ratings.is_numeric and any(float(category) < 0 for category in ratings.categories):
        return Reason.NEGATIVE
    return None if ratings.pairable_units else Reason.NO_PAIRS


def _interval(judgement: Judgement, coefficient: str, found: Found, confidence: float) -> Interval | Reason:
    units = int(judgement.pairable.sum())
    if units == 1:
        return Reason.ONE_UNIT
    if coefficient == "percent_agreement":
        shares = of_mean(judgement.agreements[judgement.pairable], confidence, SHARES)
        return Reason.FEW_UNITS if isinstance(shares, statistics.Reason) else shares
    if units < UNITS_MIN:
        return Reason.FEW_UNITS
    if found.varies and _undefined_share(judgement) > UNDEFINED_SHARE_MAX:
        return Reason.UNSTABLE
    lowest = 1 - 1 / found.expected
    if found.observed < 1e-12:
        share = ((1 - confidence) / 2) ** (1 / units)
        return Interval(max(lowest, 1 - (1 - share) / found.expected), 1.0, "gaffke")
    return _jackknifed(judgement, found, units, lowest, confidence)


def _jackknifed(judgement: Judgement, found: Found, units: int, lowest: float, confidence: float) -> Interval | Reason:
    """Student's t with the jackknife's standard error, of each side the outer end of two scales: the logarithm of the disagreement in
    proportion to chance, and Fisher's z of an intraclass correlation of so many ratings. docs/agreement.md says how often that holds."""
    without = found.without[np.isfinite(found.without)]
    error = math.sqrt(math.fsum((without - without.mean()) ** 2) * (len(without) - 1) / len(without))
    if error < 1e-12:
        return Reason.NO_SPREAD
    reach = t_of(confidence, units - 2) * error
    ends = [*_on_the_logarithm(found.value, reach), *_on_fishers_z(found.value, reach, float(judgement.given[judgement.pairable].mean()))]
    return Interval(max(lowest, min(ends)), min(1.0, max(ends)), "jackknife_t")


def _on_the_logarithm(value: float, reach: float) -> Iterator[float]:
    for side in (reach, -reach):
        yield 1 - (1 - value) * math.exp(min(side / (1 - value), 700.0))


def _on_fishers_z(value: float, reach: float, ratings: float) -> Iterator[float]:
    """z = ln((1 + (k − 1) r) ÷ (1 − r)) ÷ 2 of k ratings: Fisher (1925), Statistical Methods for Research Workers, § 39."""
    base = max(1 + (ratings - 1) * value, 0.02)  # it ends at r = −1 ÷ (k − 1), below which coefficients beyond chance may lie
    z, slope = math.log(base / (1 - value)) / 2, ((ratings - 1) / base + 1 / (1 - value)) / 2
    for side in (-reach, reach):
        odds = math.exp(min(max(2 * (z + side * slope), -700.0), 700.0))
        yield (odds - 1) / (odds + ratings - 1)


def _undefined_share(judgement: Judgement) -> float:
    """How often units drawn with replacement have one category only, where the coefficient is not defined."""
    codes = judgement.paired.ratings.codes
    highest, lowest = codes.max(axis=1), np.where(codes < 0, np.iinfo(np.int32).max, codes).min(axis=1)
    alone = np.bincount(highest[highest == lowest], minlength=1)
    return float(((alone / len(codes)) ** len(codes)).sum())
