"""Whether coaching changed a figure: the agent after against the agent before, beside the same of a comparison group.

The change of the group is taken off the agent's own (difference in differences), so that what changed for everybody is not
taken for an effect. Cases count as independent; those of one agent are alike, so the intervals are rather too narrow than
too wide.
"""
from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from opsledger.core.coaching.differences import Change, Share, net_of_shares, of_means, of_shares
from opsledger.core.coaching.measure import Window
from opsledger.core.scorecards.kpis import MILLIONTHS, Kpi, Sort
from opsledger.core.scorecards.scorecard import Figure, Tally, Verdict, figure
from opsledger.core.scorecards.statistics import CONFIDENCE, Bounds, Numbers

BALANCE = Bounds(-100.0, 100.0)
"""Of a case of a balance: a detractor and a promoter."""


class Caution(StrEnum):
    """What to bear in mind when reading an effect."""

    REGRESSION_TO_THE_MEAN = "REGRESSION_TO_THE_MEAN"
    """The agent's baseline is worse than the group's by more than chance explains: the interval of the difference leaves out 0. Who is
    chosen for a bad figure is as a rule better next time without any coaching, and the group, which was not chosen so, does not show how
    much of it that is. An average agent is warned of in one of forty cases, however large the group (at a confidence of 0.95)."""
    SMALL_SAMPLE = "SMALL_SAMPLE"
    """One of the agent's windows has fewer than 30 cases."""
    NO_COMPARISON = "NO_COMPARISON"
    """The comparison group has no cases in one of the windows: nothing tells the effect from what changed for everybody."""
    NOT_OVER = "NOT_OVER"
    """The follow-up window has not ended."""
    FIXED_LATE = "FIXED_LATE"
    """The follow-up window had begun when the measure was fixed."""


class Samples(NamedTuple):
    """Rows by numerator in the baseline and the follow-up window."""

    before: Tally
    after: Tally


class Effect(NamedTuple):
    own_before: Figure
    own_after: Figure
    group_before: Figure
    group_after: Figure
    own: Change
    group: Change
    net: Change
    """The agent's change minus the group's: the effect, as far as the comparison holds."""
    verdict: Verdict
    """BETTER or WORSE only when the interval of the net change leaves out 0. UNKNOWN without an interval."""
    cautions: tuple[Caution, ...]


def effect(kpi: Kpi, higher_is_better: bool, own: Samples, group: Samples, confidence: float = CONFIDENCE) -> Effect:
    """The effect on a share, mean or balance, in the unit of the KPI."""
    own_change, group_change, apart = (
        _change(kpi, before, after, confidence) for before, after in (own, group, (group.before, own.before)))
    if kpi.sort is Sort.SHARE:
        net = net_of_shares(own_change, group_change)
    else:
        samples = [_values(kpi, tally) for tally in (own.after, own.before, group.after, group.before)]
        net = of_means(samples, (1, -1, -1, 1), confidence, _bounds(kpi))
    own_before, own_after, group_before, group_after = (figure(kpi, tally, confidence) for tally in (*own, *group))
    cautions = _cautions(own_before, own_after, group_before, group_after, apart, higher_is_better)
    return Effect(
        own_before, own_after, group_before, group_after, own_change, group_change, net, _verdict(net, higher_is_better), tuple(cautions))


def _change(kpi: Kpi, before: Tally, after: Tally, confidence: float) -> Change:
    if kpi.sort is Sort.SHARE:
        return of_shares(_share(before), _share(after), confidence)
    return of_means([_values(kpi, after), _values(kpi, before)], (1, -1), confidence, _bounds(kpi))


def _bounds(kpi: Kpi) -> Bounds:
    return kpi.bounds if kpi.sort is Sort.MEAN else BALANCE


def cautions_of_time(fixed_at_us: int, follow_up: Window, now_us: int) -> Iterator[Caution]:
    """Those that come from when the measure was fixed, and when it is looked at."""
    if fixed_at_us > follow_up.start_us:
        yield Caution.FIXED_LATE
    if now_us < follow_up.end_us:
        yield Caution.NOT_OVER


def _share(tally: Tally) -> Share:
    return Share(sum(number * rows for number, rows in tally.items()), sum(tally.values()))


def _values(kpi: Kpi, tally: Tally) -> Numbers:
    """Every case's value in the unit of the KPI, in ascending order."""
    scale = 1 / MILLIONTHS if kpi.sort is Sort.MEAN else 100.0
    ordered = sorted(tally)
    return np.repeat(np.array(ordered, dtype=np.float64) * scale, [tally[number] for number in ordered])


def _verdict(net: Change, higher_is_better: bool) -> Verdict:
    if net.interval is None:
        return Verdict.UNKNOWN
    if net.interval.low <= 0 <= net.interval.high:
        return Verdict.NOT_APART
    return Verdict.BETTER if (net.interval.low > 0) == higher_is_better else Verdict.WORSE


def _cautions(
    own_before: Figure, own_after: Figure, group_before: Figure, group_after: Figure, apart: Change, higher_is_better: bool
) -> Iterator[Caution]:
    """``apart``: how far the agent's baseline is from the group's."""
    if apart.interval is not None and (apart.interval.high < 0 if higher_is_better else apart.interval.low > 0):
        yield Caution.REGRESSION_TO_THE_MEAN
    if own_before.small_sample or own_after.small_sample:
        yield Caution.SMALL_SAMPLE
    if group_before.value is None or group_after.value is None:
        yield Caution.NO_COMPARISON
