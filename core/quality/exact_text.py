"""Exact numbers as people read them: what is rounded says so."""
from __future__ import annotations

from fractions import Fraction

DIGITS_MAX = 12
"""Decimals that are written out; of others come the first few, and dots."""


def exact_text(number: Fraction, decimals: int = 3) -> str:
    """``66.5``; ``66.666…`` where the decimals do not end (soon): cut, not rounded, after so many."""
    sign, number = "-" if number < 0 else "", abs(number)
    for places in range(DIGITS_MAX + 1):
        shifted = number * 10**places
        if shifted.denominator == 1:
            return sign + _point(shifted.numerator, places)
    return f"{sign}{_point(int(number * 10**decimals), decimals)}…"


def _point(digits: int, places: int) -> str:
    whole, part = divmod(digits, 10**places)
    return f"{whole}.{part:0{places}d}" if places else str(whole)
