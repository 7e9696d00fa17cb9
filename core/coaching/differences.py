"""How far figures of independent samples are apart, and how sure that is.

For shares the interval is Newcombe's, made of Wilson intervals: Newcombe (1998), Statistics in Medicine 17:873–890, method 10;
the difference of two differences is joined from their intervals in the same way: Zou and Donner (2008), Statistics in Medicine
27:1693–1702 (MOVER). For means it is Student's t with the degrees of freedom of Welch (1947, Biometrika 34:28–35) and Satterthwaite;
where all values of a sample are equal its variance says nothing, and the intervals of the means are joined instead.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from opsledger.core.scorecards.statistics import (
    CONFIDENCE,
    MEAN_N_MIN,
    UNBOUNDED,
    Bounds,
    Interval,
    Numbers,
    Reason,
    of_mean,
    wilson,
)
from opsledger.core.scorecards.student import t_of


class Share(NamedTuple):
    successes: int
    cases: int


class Change(NamedTuple):
    """After minus before."""

    value: float | None
    interval: Interval | None
    reason: Reason | None
    """Why value or interval is None."""


def of_shares(before: Share, after: Share, confidence: float = CONFIDENCE) -> Change:
    """Change of a share. 48 of 80 to 56 of 70: [0.0524, 0.3339], Newcombe's table II (a)."""
    if not before.cases or not after.cases:
        return Change(None, None, Reason.NO_CASES)
    old, new = _share(before, confidence), _share(after, confidence)
    assert old.value is not None
    assert new.value is not None
    return Change(new.value - old.value, _subtracted(new, old, "newcombe"), None)


def net_of_shares(own: Change, others: Change) -> Change:
    """One change of a share minus another."""
    if own.value is None or others.value is None:
        return Change(None, None, own.reason or others.reason)
    return Change(own.value - others.value, _subtracted(own, others, "newcombe_mover"), None)


def of_means(
    samples: Sequence[Numbers], signs: Sequence[int], confidence: float = CONFIDENCE, bounds: Bounds = UNBOUNDED
) -> Change:
    """The sum of the means of independent samples, each times its sign (1 or −1). Their values lie between ``bounds``."""
    if not all(values.size for values in samples):
        return Change(None, None, Reason.NO_CASES)
    means = [math.fsum(values) / values.size for values in samples]
    value = math.fsum(sign * mean for sign, mean in zip(signs, means, strict=True))
    if (least := min(values.size for values in samples)) < MEAN_N_MIN:
        return Change(value, None, Reason.ONE_CASE if least == 1 else Reason.FEW_CASES)
    if any(values.min() == values.max() for values in samples):
        return _joined(value, samples, means, signs, confidence, bounds)
    parts = [math.fsum((values - mean) ** 2) / (values.size - 1) / values.size for values, mean in zip(samples, means, strict=True)]
    whole = math.fsum(parts)
    freedom = whole**2 / math.fsum(part**2 / (values.size - 1) for part, values in zip(parts, samples, strict=True))
    half = t_of(confidence, freedom) * math.sqrt(whole)
    return Change(value, Interval(value - half, value + half, "welch"), None)


def _joined(
    value: float, samples: Sequence[Numbers], means: Sequence[float], signs: Sequence[int], confidence: float, bounds: Bounds
) -> Change:
    """From the intervals of the means (MOVER); none where one of the means has none."""
    down, up = [], []
    for values, mean, sign in zip(samples, means, signs, strict=True):
        found = of_mean(values, confidence, bounds)
        if isinstance(found, Reason):
            return Change(value, None, found)
        sides = (mean - found.low, found.high - mean)
        down.append(sides[sign < 0])
        up.append(sides[sign > 0])
    return Change(value, Interval(value - math.hypot(*down), value + math.hypot(*up), "mover"), None)


def _share(share: Share, confidence: float) -> Change:
    found = wilson(*share, confidence)
    assert isinstance(found, Interval)
    return Change(share.successes / share.cases, found, None)


def _subtracted(minuend: Change, subtrahend: Change, method: str) -> Interval:
    """Interval of the difference of two independent estimates, from their own: the sides are squared and added."""
    assert minuend.value is not None
    assert subtrahend.value is not None
    assert minuend.interval is not None
    assert subtrahend.interval is not None
    difference = minuend.value - subtrahend.value
    down = math.hypot(minuend.value - minuend.interval.low, subtrahend.interval.high - subtrahend.value)
    up = math.hypot(minuend.interval.high - minuend.value, subtrahend.value - subtrahend.interval.low)
    return Interval(difference - down, difference + up, method)

