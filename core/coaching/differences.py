"""How far figures of independent samples are apart, and how sure that is.

For shares the interval is Newcombe's, made of Wilson intervals: Newcombe (1998), Statistics in Medicine 17:873–890, method 10;
the difference of two differences is joined from their intervals in the same way: Zou and Donner (2008), Statistics in Medicine
27:1693–1702 (MOVER). For means it is the percentile bootstrap, each sample resampled on its own: Efron and Tibshirani (1993),
An Introduction to the Bootstrap, 8.3.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from opsledger.core.scorecards.statistics import (
    BOOTSTRAP_N_MAX,
    CONFIDENCE,
    RESAMPLES,
    Interval,
    Numbers,
    Reason,
    random_of,
    wilson,
)


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


def of_means(samples: Mapping[str, Numbers], signs: Sequence[int], confidence: float = CONFIDENCE) -> Change:
    """The sum of the samples' means, each times its sign. The name of a sample seeds its draws, with its values in ascending order:
    equal samples of different names are not drawn alike."""
    if not all(values.size for values in samples.values()):
        return Change(None, None, Reason.NO_CASES)
    value = math.fsum(sign * float(values.mean()) for sign, values in zip(signs, samples.values(), strict=True))
    for values in samples.values():
        if values.size == 1 or values[0] == values[-1]:
            return Change(value, None, Reason.ONE_CASE if values.size == 1 else Reason.NO_SPREAD)
    sums = np.zeros(RESAMPLES)
    for sign, (name, values) in zip(signs, samples.items(), strict=True):
        sums += sign * _resampled_means(name, values)
    low, high = np.quantile(sums, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Change(value, Interval(float(low), float(high), "bootstrap_percentile"), None)


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


def _resampled_means(name: str, values: Numbers) -> Numbers:
    random = random_of(name.encode() + values.tobytes())
    means = np.empty(RESAMPLES)
    if values.size > BOOTSTRAP_N_MAX:  # the mean of so many is as good as normal
        means[:] = values.mean() + values.std() / math.sqrt(values.size) * random.standard_normal(RESAMPLES)
        return means
    rows = max(1, 250_000 // values.size)  # in blocks of bounded size
    for start in range(0, RESAMPLES, rows):
        stop = min(start + rows, RESAMPLES)
        means[start:stop] = values[random.randint(0, values.size, size=(stop - start, values.size))].mean(axis=1)
    return means
