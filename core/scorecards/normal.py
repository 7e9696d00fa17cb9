"""The standard normal distribution, as intervals need it."""
from __future__ import annotations

from statistics import NormalDist


def z_of(confidence: float) -> float:
    """Half-width of the central part of the standard normal that holds ``confidence``: 0.95 → 1.95996…"""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)
