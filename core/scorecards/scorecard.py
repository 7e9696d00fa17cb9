"""A scorecard: the figures of an agent, a group or a program in one period, each with what it was counted from and how sure it is.

It is computed from tallies: how many outcome rows of a KPI have which numerator. A tally holds all that a figure and its interval
depend on, and is what SQL counts well.
"""
from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np

from opsledger.core.scorecards import statistics
from opsledger.core.scorecards.kpis import KPIS, MILLIONTHS, Kpi, Sort
from opsledger.core.scorecards.median import interval as median_interval
from opsledger.core.scorecards.median import median
from opsledger.core.scorecards.periods import Period
from opsledger.core.scorecards.statistics import CONFIDENCE, SMALL_SAMPLE_N, Interval, Reason
from opsledger.core.scorecards.subjects import Subject

Tally: TypeAlias = Mapping[int, int]
"""Rows by numerator."""
Tallies: TypeAlias = Mapping[str, Tally]
"""A tally for each KPI that has rows."""


class Verdict(StrEnum):
    """What a comparison of two figures may say. Better and worse only when their intervals do not touch."""

    BETTER = "better"
    WORSE = "worse"
    NOT_APART = "not_apart"
    """The intervals overlap: the difference may be chance."""
    UNKNOWN = "unknown"
    """One of them has no interval, or neither direction is better."""


class Figure(NamedTuple):
    kpi: Kpi
    numerator: float
    """Cases (COUNT), cases that went so (SHARE), sum of values in the KPI's unit (MEAN, MEDIAN), promoters − detractors (BALANCE)."""
    denominator: int
    """Cases; 1 for a COUNT."""
    cases: int
    value: float | None
    """numerator ÷ denominator, × 100 for a BALANCE, the middle one for a MEDIAN; None when there are no cases."""
    interval: Interval | None
    reason: Reason | None
    """Why value or interval is None."""

    @property
    def small_sample(self) -> bool:
        return self.kpi.sort is not Sort.COUNT and 0 < self.cases < SMALL_SAMPLE_N


class Trend(NamedTuple):
    """A figure beside the one of the period before."""

    before: Figure
    change: float | None
    """In the KPI's unit; None when one of them has no value."""
    verdict: Verdict


class Line(NamedTuple):
    figure: Figure
    trend: Trend


class Scorecard(NamedTuple):
    subject: Subject
    period: Period
    lines: tuple[Line, ...]
    """One for each KPI in the order of KPIS, also for those without a case."""


def scorecard(subject: Subject, period: Period, tallies: Tallies, before: Tallies, confidence: float = CONFIDENCE) -> Scorecard:
    """The scorecard of a period's tallies; ``before`` are those of the period before it."""
    lines = []
    for kpi in KPIS.values():
        now = figure(kpi, tallies.get(kpi.rows, {}), confidence)
        lines.append(Line(now, trend(now, figure(kpi, before.get(kpi.rows, {}), confidence))))
    return Scorecard(subject, period, tuple(lines))


def value_of(kpi: Kpi, tally: Tally) -> float | None:
    """The figure alone; None when there are no cases."""
    cases, total = sum(tally.values()), _total(tally)
    if kpi.sort is Sort.COUNT:
        return float(cases)
    if cases == 0:
        return None
    if kpi.sort is Sort.BALANCE:
        return 100 * total / cases
    if kpi.sort is Sort.MEDIAN:
        return median(tally) / MILLIONTHS
    return total / (cases * MILLIONTHS) if kpi.sort is Sort.MEAN else total / cases


def figure(kpi: Kpi, tally: Tally, confidence: float = CONFIDENCE) -> Figure:
    """One figure of its rows, with its interval at the confidence level (between 0 and 1)."""
    cases, value = sum(tally.values()), value_of(kpi, tally)
    if kpi.sort is Sort.COUNT:
        return Figure(kpi, cases, 1, cases, value, None, Reason.EXACT)
    found = _interval(kpi, tally, confidence)
    numerator = _total(tally) / MILLIONTHS if kpi.in_millionths else _total(tally)
    if isinstance(found, Reason):
        return Figure(kpi, numerator, cases, cases, value, None, found)
    return Figure(kpi, numerator, cases, cases, value, found, None)


def _interval(kpi: Kpi, tally: Tally, confidence: float) -> Interval | Reason:
    if kpi.sort is Sort.MEAN:
        values = np.repeat(np.array(list(tally), dtype=np.float64) / MILLIONTHS, list(tally.values()))
        return statistics.of_mean(values, confidence, kpi.bounds)
    if kpi.sort is Sort.SHARE:
        return statistics.wilson(_total(tally), sum(tally.values()), confidence)
    if kpi.sort is Sort.MEDIAN:
        return _scaled(median_interval(tally, confidence), 1 / MILLIONTHS)
    return _scaled(statistics.net_promoter(tally.get(1, 0), tally.get(0, 0), tally.get(-1, 0), confidence), 100)


def _scaled(found: Interval | Reason, factor: float) -> Interval | Reason:
    return found if isinstance(found, Reason) else Interval(factor * found.low, factor * found.high, found.method)


def _total(tally: Tally) -> int:
    return sum(numerator * rows for numerator, rows in tally.items())


def trend(now: Figure, before: Figure) -> Trend:
    change = None if now.value is None or before.value is None else now.value - before.value
    return Trend(before, change, compare(now, before))


def compare(one: Figure, other: Figure) -> Verdict:
    """What may be said of ``one`` beside ``other``, two figures of the same KPI."""
    if one.interval is None or other.interval is None or one.kpi.better == 0:
        return Verdict.UNKNOWN
    if one.interval.low > other.interval.high:
        return Verdict.BETTER if one.kpi.better > 0 else Verdict.WORSE
    if one.interval.high < other.interval.low:
        return Verdict.WORSE if one.kpi.better > 0 else Verdict.BETTER
    return Verdict.NOT_APART
