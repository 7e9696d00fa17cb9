"""Coefficients of agreement between raters: 1 − the disagreement observed ÷ that expected by chance.

A coefficient that is not defined is a Reason, never 0 or 1. Disagreement goes from 0 to 1, by weights (weights.py).

Sources: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability; Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., for the
others with weights and missing ratings, and for standard errors; Cohen (1960), Scott (1955), Fleiss (1971), Conger (1980),
Brennan and Prediger (1981), Gwet (2008).
"""
from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np

from opsledger.core.quality.judgement import Judgement
from opsledger.core.quality.ratings import Floats, Level


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
    FEW_UNITS = "FEW_UNITS"
    """So few units that no interval holds at the level asked for."""
    NO_SPREAD = "NO_SPREAD"
    """Leaving out any of the units changes nothing: an interval would claim a certainty that is not there."""
    UNSTABLE = "UNSTABLE"
    """Nearly all units are of one category: of more than one in twenty samples like this one the coefficient is not defined."""


class Found(NamedTuple):
    """A coefficient of n units."""

    value: float
    standard_error: float | None
    """Gwet's, for units drawn at random from many; None of one unit."""
    observed: float
    """Disagreement; value is 1 − observed ÷ expected."""
    expected: float
    without: Floats
    """Per unit: the coefficient without it; not a number where it is not defined."""
    varies: bool = True
    """Whether the disagreement expected is found from the ratings."""


Coefficient: TypeAlias = "Callable[[Judgement], Found | Reason]"


def percent_agreement(judgement: Judgement) -> Found | Reason:
    """Mean share of agreeing pairs, over the units with two ratings or more. Not corrected for chance."""
    found = _found(judgement, 1.0, np.ones(judgement.units), np.zeros(judgement.units), varies=False)
    if isinstance(found, Reason):
        return found
    return found._replace(value=math.fsum(judgement.agreements) / int(judgement.pairable.sum()))  # without the rounding of 1 − (1 − x)


def fleiss(judgement: Judgement) -> Found | Reason:
    """Fleiss' κ for any number of raters, generalised to missing ratings and weights: chance from the mean use of the categories."""
    spread, units = judgement.disagreement.spread(judgement.used), judgement.units
    expected, of_units = _product(judgement.used, spread), judgement.mean_over(spread)
    without = (units**2 * expected - 2 * units * of_units + judgement.self_disagreement) / max(units - 1, 1) ** 2
    return _found(judgement, expected, without, of_units)


def gwet(judgement: Judgement) -> Found | Reason:
    """AC1 with identity weights, AC2 with others: chance from how hard it is to rate by chance."""
    units, categories = judgement.units, len(judgement.ratings.categories)
    if categories < 2:
        return Reason.NO_VARIATION
    scale = 1 - (judgement.disagreement.total - categories) / (categories * (categories - 1))
    alike, of_units = _product(judgement.used, judgement.used), judgement.mean_over(judgement.used)
    without = (units**2 * alike - 2 * units * of_units + judgement.self_agreement) / max(units - 1, 1) ** 2
    return _found(judgement, 1 - scale * (1 - alike), 1 - scale * (1 - without), 1 - scale * (1 - of_units), varies=False)


def brennan_prediger(judgement: Judgement) -> Found | Reason:
    """Chance as if every category were as likely as any other."""
    categories = len(judgement.ratings.categories)
    if categories < 2:
        return Reason.NO_VARIATION
    expected = judgement.disagreement.total / categories**2
    return _found(judgement, expected, np.full(judgement.units, expected), np.full(judgement.units, expected), varies=False)


def conger(judgement: Judgement) -> Found | Reason:
    """Conger's κ for any number of raters: chance from each one's own use of the categories, over all pairs of raters."""
    raters, units = judgement.ratings.raters, judgement.units
    pairs, given = raters * (raters - 1), judgement.ratings.codes >= 0
    by_rater = given.sum(axis=0)
    own = judgement.used_by_raters
    spread = judgement.disagreement.spread(own)
    others = spread.sum(axis=0) - spread  # how far each category is from the other raters' use
    from_others = np.array([_product(own[rater], others[rater]) for rater in range(raters)])
    expected = float(from_others.sum()) / pairs
    told = np.stack([np.where(given[:, rater], others[rater][judgement.ratings.codes[:, rater]], 0.0) for rater in range(raters)], axis=1)
    linear = np.where(given, (from_others - told) / np.maximum(by_rater - 1, 1), 0.0).sum(axis=1)
    without = (from_others.sum() + 2 * linear + judgement.second_order(own, spread)) / pairs
    # Gwet's contribution of a unit, of its agreement by chance; here of the disagreement
    parts = units / by_rater * (np.where(given, told, 0.0) - (given - by_rater / units) * from_others)
    return _found(judgement, expected, without, parts.sum(axis=1) / pairs)


def cohen(judgement: Judgement) -> Found | Reason:
    """Cohen's κ of two raters, over the units that both rated: chance from each one's own use of the categories."""
    return _of_two(judgement, conger)


def scott(judgement: Judgement) -> Found | Reason:
    """Scott's π of two raters, over the units that both rated: chance from their common use of the categories."""
    return _of_two(judgement, fleiss)


def _of_two(judgement: Judgement, coefficient: Coefficient) -> Found | Reason:
    if judgement.ratings.raters != 2:
        return Reason.NOT_TWO_RATERS
    return coefficient(judgement.paired) if judgement.pairable.any() else Reason.NO_PAIRS


def _found(judgement: Judgement, expected: float, without: Floats, of_units: Floats, *, varies: bool = True) -> Found | Reason:
    """Of the disagreement expected by chance: of all units, without each of them, and as Gwet credits it to each of them."""
    pairable, own = judgement.pairable, judgement.disagreements
    pairs = int(pairable.sum())
    if pairs == 0:
        return Reason.NO_PAIRS
    if expected < 1e-12:
        return Reason.NO_VARIATION
    observed = math.fsum(own[pairable]) / pairs
    value = 1 - observed / expected
    left = np.where(pairable, (pairs * observed - own) / max(pairs - 1, 1), observed)
    credited = judgement.units / pairs * pairable * (expected - own) / expected
    if of_units.any():
        credited = credited - 2 * (1 - value) * (expected - of_units) / expected
    return Found(value, _standard_error(credited, value), observed, expected, _quotient(left, without), varies)


def krippendorff(judgement: Judgement) -> Found | Reason:
    """α: over the units with two ratings or more, and without chance meeting itself."""
    whole = judgement.paired
    given, total = whole.given, float(whole.given.sum())
    if whole.units == 0:
        return Reason.NO_PAIRS
    disagreement = whole.of_alpha
    used = whole.counted
    spread = disagreement.spread(used)
    every, own = _product(used, spread), disagreement.within(whole.ratings)
    if every < 1e-12 * total**2:
        return Reason.NO_VARIATION
    apart = own / (given - 1)
    observed, expected = math.fsum(apart) / total, every / (total * (total - 1))
    value, left = 1 - observed / expected, total - given
    without = _quotient(
        (total * observed - apart) / np.maximum(left, 1),
        (every - 2 * given * whole.mean_over(spread) + own) / np.maximum(left * (left - 1), 1))
    if whole.level is Level.ORDINAL:
        without = without - given * whole.mean_over(_slope_of_ranks(whole, disagreement.values))
    # Gwet's contributions of the units, with the mean number of ratings in place of each one's
    mean, chance = total / whole.units, every / total**2
    prime = 1 - observed / chance
    surplus = (given - mean) / mean
    credited = given / mean - apart / mean - (1 - observed * (total - 1) / total) * surplus - (1 - chance)
    by_chance = given / mean - given * whole.mean_over(spread) / total / mean - (1 - chance) * surplus - (1 - chance)
    error = _standard_error((credited - 2 * (1 - prime) * by_chance) / chance, prime)
    return Found(value, error, observed, expected, without)


def _slope_of_ranks(judgement: Judgement, ranks: Floats) -> Floats:
    """Per category: how ordinal α changes with one more rating in it because the ranks do: those above it by one, its own by a half."""
    codes, used, total = judgement.ratings.codes, judgement.counted, float(judgement.given.sum())
    rated = codes >= 0
    of_ratings = np.where(rated, ranks[np.maximum(codes, 0)], 0.0)
    apart = np.where(rated, judgement.given[:, None] * of_ratings - of_ratings.sum(axis=1)[:, None], 0.0) / (judgement.given - 1)[:, None]
    pulls = np.bincount(codes[rated], apart[rated], len(ranks)).astype(np.float64)
    pushes = used * (total * ranks - _product(used, ranks))
    observed, expected = 2 * _product(pulls, ranks) / total, 2 * _product(pushes, ranks) / (total * (total - 1))
    of_observed, of_expected = 4 * _above(pulls) / total, 4 * _above(pushes) / (total * (total - 1))
    return (observed * of_expected / expected - of_observed) / expected


def _above(of_category: Floats) -> Floats:
    """Per category: the sum over those above it and half of its own."""
    return np.asarray(of_category.sum() - np.cumsum(of_category) + of_category / 2)


def _standard_error(credited: Floats, value: float) -> float | None:
    if len(credited) < 2:
        return None
    return math.sqrt(math.fsum((credited - value) ** 2) / (len(credited) * (len(credited) - 1)))


def _quotient(observed: Floats, expected: Floats) -> Floats:
    """1 − observed ÷ expected; not a number where nothing is expected."""
    defined = expected > 1e-12
    return np.where(defined, 1 - observed / np.where(defined, expected, 1.0), np.nan)


def _product(one: Floats, other: Floats) -> float:
    """Not by BLAS, whose sums depend on how many threads it has."""
    return float((one * other).sum())
