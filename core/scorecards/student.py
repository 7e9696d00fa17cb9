"""Quantiles of Student's t distribution, for whole and for fractional degrees of freedom."""
from __future__ import annotations

import math
from functools import lru_cache

from opsledger.core.scorecards.normal import z_of

LARGE = 1e5
"""Degrees of freedom beyond which t is as good as normal, and the exact way loses digits."""
_STEPS_MAX = 300


@lru_cache(maxsize=4_096)
def t_of(confidence: float, freedom: float) -> float:
    """Half-width of the central part of the t distribution that holds ``confidence``: 0.95 with 4 degrees of freedom → 2.77645…

    By Newton's steps on the logarithm of what lies outside, over the logarithm of t: it bends down only, so that no step leads astray.
    """
    if freedom <= 0:
        raise ValueError(f"degrees of freedom are above 0, not {freedom}")
    t = z_of(confidence)
    if freedom > LARGE:
        return t + (t**3 + t) / (4 * freedom)  # Abramowitz and Stegun, 26.7.5: what is left out is below 1e-9
    for _ in range(_STEPS_MAX):
        outside = _outside(t, freedom)
        slope = 2 * _density(t, freedom) * t / outside
        step = math.log(outside / (1 - confidence)) / slope
        t *= math.exp(step)
        if abs(step) < 1e-14:
            break
    return t


def _density(t: float, freedom: float) -> float:
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    return float(scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2))


def _outside(t: float, freedom: float) -> float:
    """Probability of a value beyond ±t: I_x(freedom/2, 1/2) with x = freedom ÷ (freedom + t²). Abramowitz and Stegun (1964), 26.7.1."""
    a, b, x = freedom / 2, 0.5, freedom / (freedom + t * t)
    rest = t * t / (freedom + t * t)
    scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    if x < (a + 1) / (a + b + 2):
        return scale * _fraction(a, b, x) / a
    return 1 - scale * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's way: Press et al. (2007), Numerical Recipes, 6.4."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    found = d
    for m in range(1, _STEPS_MAX):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + step * d, 1 + step / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return found
