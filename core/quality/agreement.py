"""How far raters agree: every coefficient with its interval, or the reason why there is none."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from opsledger.core.quality.coefficients import (
    Coefficient,
    Judgement,
    Reason,
    UnitWeights,
    cohen,
    fleiss,
    gwet,
    krippendorff,
    percent_agreement,
    scott,
)
from opsledger.core.quality.ratings import Level, Ratings
from opsledger.core.scorecards.statistics import CONFIDENCE, RESAMPLES, Interval, random_of

UNDEFINED_SHARE_MAX = 0.05
DRAWN_TOGETHER = 250_000
"""Units drawn at once, for speed; it bounds the memory."""

class Kind(NamedTuple):
    """A coefficient, and where it applies."""

    measure: Coefficient
    levels: frozenset[Level] = frozenset(Level)
    two_raters: bool = False
    named: bool = False
    """It asks who gave which rating."""


COEFFICIENTS: Mapping[str, Kind] = {
    "percent_agreement": Kind(percent_agreement),
    "krippendorff_alpha": Kind(krippendorff),
    "gwet_ac1": Kind(gwet, frozenset({Level.NOMINAL})),
    "gwet_ac2": Kind(gwet, frozenset(Level) - {Level.NOMINAL}),
    "fleiss_kappa": Kind(fleiss),
    "cohen_kappa": Kind(cohen, two_raters=True, named=True),
    "scott_pi": Kind(scott, two_raters=True),
}


class Agreement(NamedTuple):
    coefficient: str
    level: Level
    value: float | None
    interval: Interval | None
    reason: Reason | None
    """Why value or interval is None."""


def agreement(
    ratings: Ratings, coefficient: str, level: Level = Level.NOMINAL, confidence: float = CONFIDENCE, resamples: int = RESAMPLES
) -> Agreement:
    """One coefficient with its percentile bootstrap interval over the units; the same ratings always have the same one."""
    judgement, measure = Judgement(ratings, level), COEFFICIENTS[coefficient].measure
    value = judgement.not_defined() or measure(judgement, np.ones(ratings.units, dtype=np.int64))
    if isinstance(value, Reason):
        return Agreement(coefficient, level, None, None, value)
    found = _interval(judgement, measure, confidence, resamples)
    if isinstance(found, Reason):
        return Agreement(coefficient, level, value, None, found)
    return Agreement(coefficient, level, value, found, None)


def agreements(
    ratings: Ratings, levels: Sequence[Level], confidence: float = CONFIDENCE, *, anonymous: bool = False
) -> list[Agreement]:
    """Every coefficient at every level at which it applies. Cohen's and Scott's are left out unless there are two raters; what needs to
    know who gave which rating is left out of ``anonymous`` ones, whose columns are no raters."""
    return [
        agreement(ratings, name, level, confidence)
        for name, kind in COEFFICIENTS.items() if (ratings.raters == 2 or not kind.two_raters) and not (kind.named and anonymous)
        for level in levels if level in kind.levels
    ]


def levels_of(ratings: Ratings) -> tuple[Level, ...]:
    """Those at which the ratings can be read: words are names, numbers may be anything."""
    if not ratings.is_numeric:
        return (Level.NOMINAL,)
    return tuple(level for level in Level if level is not Level.RATIO or Judgement(ratings, level).not_defined() is not Reason.NEGATIVE)


def _interval(judgement: Judgement, measure: Coefficient, confidence: float, resamples: int) -> Interval | Reason:
    units = judgement.ratings.units
    if judgement.ratings.pairable_units == 1:
        return Reason.ONE_UNIT
    found = [measure(judgement, drawn) for drawn in _draws(judgement.ratings.codes.tobytes(), units, resamples)]
    defined = [value for value in found if not isinstance(value, Reason)]
    if resamples - len(defined) > UNDEFINED_SHARE_MAX * resamples:
        return Reason.UNSTABLE
    if max(defined) - min(defined) < 1e-12:
        return Reason.NO_SPREAD
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), "bootstrap_percentile")


def _draws(seed: bytes, units: int, resamples: int) -> Iterator[UnitWeights]:
    """How often each unit is drawn, of as many draws as there are units."""
    random, rows = random_of(seed), max(1, DRAWN_TOGETHER // units)
    for done in range(0, resamples, rows):
        drawn = random.randint(0, units, (min(rows, resamples - done), units), dtype=np.int32)
        places = drawn + units * np.arange(len(drawn))[:, None]
        yield from np.bincount(places.ravel(), minlength=drawn.size).reshape(drawn.shape)
