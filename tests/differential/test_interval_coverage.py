"""Intervals that say 95 % hold the truth in about 95 of 100 samples: by simulation, over scores as they are given.

Every case draws DRAWS samples, so that 2 points are more than 4 standard errors. Where values stick to an end of the scale, or are few,
no interval comes closer than above its level: there the lower limit alone is held.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from scipy.stats import binom

from opsledger.core.coaching.differences import Share, of_means, of_shares
from opsledger.core.coaching.effect import Caution, Samples, effect
from opsledger.core.quality.agreement import agreement
from opsledger.core.quality.ratings import Level, ratings_of
from opsledger.core.scorecards.kpis import CSAT, MILLIONTHS, QA_SCORE
from opsledger.core.scorecards.statistics import SHARES, UNBOUNDED, Bounds, Interval, of_mean, wilson

DRAWS = 3_000
AGENTS = 250
Random: TypeAlias = np.random.Generator
Draw: TypeAlias = Callable[[Random, tuple[int, ...]], np.ndarray]


def at_the_top(random: Random, size: tuple[int, ...]) -> np.ndarray:
    """Six of ten are perfect, the others between 70 and 95 %."""
    return np.where(random.random(size) < 0.6, 1.0, random.uniform(0.7, 0.95, size))


EVEN: dict[str, tuple[Draw, float]] = {
    "normal": (lambda random, size: random.normal(0.8, 0.06, size), 0.8),
    "skewed": (lambda random, size: random.beta(17, 3, size), 0.85),
    "skewed against the end": (lambda random, size: random.beta(9, 1, size), 0.9),
}
ENDS: dict[str, tuple[Draw, float]] = {
    "steps of a quarter": (lambda random, size: random.choice([0.5, 0.75, 1.0], p=[0.1, 0.3, 0.6], size=size), 0.875),
    "many perfect": (at_the_top, 0.6 + 0.4 * 0.825),
    "all or nothing": (lambda random, size: (random.random(size) < 0.8).astype(float), 0.8),
    "five stars": (lambda random, size: random.choice([0, 0.25, 0.5, 0.75, 1], p=[0.05, 0.05, 0.1, 0.3, 0.5], size=size), 0.7875),
}


def coverage(drawn: np.ndarray, truth: float, bounds: Bounds) -> float:
    found = [of_mean(values, bounds=bounds) for values in drawn]
    assert all(isinstance(each, Interval) for each in found)
    return float(np.mean([each.low <= truth <= each.high for each in found if isinstance(each, Interval)]))


@pytest.mark.parametrize("size", [3, 5, 8, 10, 30])
@pytest.mark.parametrize("name", EVEN)
def test_means_of_scores(name: str, size: int) -> None:
    draw, truth = EVEN[name]
    assert coverage(draw(np.random.default_rng(size), (DRAWS, size)), truth, SHARES) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("size", [3, 5, 8, 10, 30])
@pytest.mark.parametrize("name", ENDS)
def test_means_of_scores_at_the_ends_of_the_scale_are_held_at_least_as_often(name: str, size: int) -> None:
    draw, truth = ENDS[name]
    assert coverage(draw(np.random.default_rng(size), (DRAWS, size)), truth, SHARES) >= 0.93


@pytest.mark.parametrize("size", [3, 5, 8, 10, 30])
def test_means_of_differences_and_durations(size: int) -> None:
    random = np.random.default_rng(size)
    assert coverage(random.normal(-2, 5, (DRAWS, size)), -2, UNBOUNDED) == pytest.approx(0.95, abs=0.02)
    minutes = coverage(random.lognormal(5, 0.5, (DRAWS, size)), float(np.exp(5.125)), Bounds(0.0))
    assert minutes == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("cases", [3, 5, 8, 10, 30, 100])
def test_shares_on_the_average_of_all_shares(cases: int) -> None:
    """Exactly, not by draws. At a single share the steps of so few cases let it lie between 83 and 100 %, near the ends most of all."""
    found = [wilson(successes, cases) for successes in range(cases + 1)]
    shares = np.linspace(0.001, 0.999, 999)
    held = sum(
        binom.pmf(successes, cases, shares) * ((each.low <= shares) & (shares <= each.high))
        for successes, each in enumerate(found) if isinstance(each, Interval)
    )
    assert float(np.mean(held)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("one", "other"), [(3, 3), (5, 5), (10, 10), (5, 40)])
def test_differences_of_shares_on_the_average_of_all_shares(one: int, other: int) -> None:
    """Exactly, over a grid of pairs of shares."""
    ends = [[of_shares(Share(b, other), Share(a, one)).interval for b in range(other + 1)] for a in range(one + 1)]
    low, high = (np.array([[each[end] for each in row if each is not None] for row in ends], dtype=float) for end in (0, 1))
    grid = np.linspace(0.01, 0.99, 50)
    chances = [(binom.pmf(range(one + 1), one, a), binom.pmf(range(other + 1), other, b), a - b) for a in grid for b in grid]
    held = [np.einsum("a,ab,b", up, (low <= apart) & (apart <= high), down) for up, down, apart in chances]
    assert float(np.mean(held)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (10, 10), (5, 30), (5, 5, 50, 50)])
@pytest.mark.parametrize("name", ["normal", "skewed"])
def test_differences_of_means(name: str, sizes: tuple[int, ...]) -> None:
    draw, _ = EVEN[name]
    random = np.random.default_rng(sizes)
    signs = (1, -1) if len(sizes) == 2 else (1, -1, -1, 1)
    drawn = [draw(random, (DRAWS, size)) for size in sizes]
    found = [of_means([sample[at] for sample in drawn], signs, bounds=SHARES).interval for at in range(DRAWS)]
    held = np.mean([each.low <= 0 <= each.high for each in found if each is not None])
    assert held == pytest.approx(0.95, abs=0.022)


@pytest.mark.parametrize("name", ENDS)
def test_differences_of_means_at_the_ends_of_the_scale(name: str) -> None:
    draw, _ = ENDS[name]
    random = np.random.default_rng(9)
    one, other = draw(random, (DRAWS, 5)), draw(random, (DRAWS, 20))
    found = [of_means([a, b], (1, -1), bounds=SHARES).interval for a, b in zip(one, other, strict=True)]
    assert all(found)
    assert np.mean([each.low <= 0 <= each.high for each in found if each is not None]) >= 0.93


@pytest.mark.parametrize("group", [10, 100, 3_000])
def test_an_average_agent_is_seldom_warned_of_regression_however_large_the_group(group: int) -> None:
    """The warning leaves the worse fortieth of chance: 2.5 %; of shares of 20 cases, with their steps, at most 5 %."""
    random = np.random.default_rng(group)
    warned = shares = 0
    for _ in range(AGENTS):
        own, others = (np.rint(100 * random.beta(17, 3, size) * MILLIONTHS).astype(int) for size in (20, group))
        tallies = [dict(zip(*np.unique(values, return_counts=True), strict=True)) for values in (own, others)]
        found = effect(QA_SCORE, True, Samples(tallies[0], tallies[0]), Samples(tallies[1], tallies[1]))
        warned += Caution.REGRESSION_TO_THE_MEAN in found.cautions
        good = [int(random.binomial(size, 0.7)) for size in (20, group)]
        own_share, others_share = ({1: count, 0: size - count} for count, size in zip(good, (20, group), strict=True))
        found = effect(CSAT, True, Samples(own_share, own_share), Samples(others_share, others_share))
        shares += Caution.REGRESSION_TO_THE_MEAN in found.cautions
    error = 4 * math.sqrt(0.05 * 0.95 / AGENTS)
    assert warned / AGENTS <= 0.025 + error
    assert shares / AGENTS <= 0.05 + error


def graded(random: Random, units: int, raters: int) -> np.ndarray:
    """Five grades, more of the better; three of ten ratings are guessed."""
    truth = random.choice(5, p=[0.1, 0.1, 0.2, 0.3, 0.3], size=(units, 1))
    return np.where(random.random((units, raters)) < 0.7, truth, random.choice(5, size=(units, raters))).astype(float)


def scored(random: Random, units: int, raters: int) -> np.ndarray:
    """Scores of which contacts and raters have the same part."""
    parts = random.normal(0, 1, (units, 1)), random.normal(0, 1, (units, raters))
    return np.asarray(np.round(80 + 6 * parts[0] + 6 * parts[1], 1))


AGREED: dict[str, tuple[Callable[[Random, int, int], np.ndarray], Level, list[float], tuple[str, ...]]] = {
    "grades as names": (graded, Level.NOMINAL, [0, 1, 2, 3, 4], (
        "krippendorff_alpha", "fleiss_kappa", "conger_kappa", "gwet_ac1", "brennan_prediger")),
    "grades in order": (graded, Level.ORDINAL, [0, 1, 2, 3, 4], ("krippendorff_alpha", "fleiss_kappa", "gwet_ac2")),
    "scores": (scored, Level.INTERVAL, [], ("krippendorff_alpha", "fleiss_kappa")),
}


@pytest.mark.parametrize("units", [5, 8, 15])
@pytest.mark.parametrize("name", AGREED)
def test_agreement_of_few_units(name: str, units: int) -> None:
    """Three raters; 600 draws have a standard error of 0.9 points. The truth is that of 20,000 units."""
    draw, level, categories, coefficients = AGREED[name]
    random = np.random.default_rng(units)
    many = ratings_of(draw(random, 20_000, 3).tolist(), categories)
    drawn = [ratings_of(draw(random, units, 3).tolist(), categories) for _ in range(600)]
    for coefficient in coefficients:
        truth = agreement(many, coefficient, level).value
        found = [each.interval for ratings in drawn if (each := agreement(ratings, coefficient, level)).interval is not None]
        assert truth is not None
        held = np.mean([each.low <= truth <= each.high for each in found if each is not None])
        assert 0.92 <= held <= 0.99, coefficient


def test_shares_of_agreeing_pairs_of_few_units() -> None:
    random = np.random.default_rng(2)
    many = agreement(ratings_of(graded(random, 50_000, 3).tolist()), "percent_agreement").value
    assert many is not None
    for units in (3, 5, 8, 15):
        found = [agreement(ratings_of(graded(random, units, 3).tolist()), "percent_agreement").interval for _ in range(600)]
        assert np.mean([each.low <= many <= each.high for each in found if each is not None]) >= 0.92
