"""Figures of tallies, and what may be said of two of them."""
from __future__ import annotations

import pytest

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.scorecards.periods import Almanac, PeriodKind
from opsledger.core.scorecards.scorecard import Verdict, compare, figure, scorecard
from opsledger.core.scorecards.statistics import Reason
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.core.sla.zones import zone


def test_a_share_has_its_wilson_interval() -> None:
    found = figure(kpis.CSAT, {1: 9, 0: 1})
    assert (found.numerator, found.denominator, found.value) == (9, 10, 0.9)
    assert found.interval is not None
    assert (round(found.interval.low, 4), round(found.interval.high, 4), found.interval.method) == (0.5958, 0.9821, "wilson")
    assert found.small_sample


def test_a_mean_is_in_its_unit() -> None:
    found = figure(kpis.HANDLE_TIME, {90_000_000: 2, 120_000_000: 1})
    assert (found.numerator, found.denominator, found.value) == (300.0, 3, 100.0)
    assert found.interval is not None
    assert 0 <= found.interval.low < 100 < found.interval.high


def test_a_net_promoter_score_runs_from_minus_to_plus_a_hundred() -> None:
    found = figure(kpis.NPS, {1: 3, 0: 1, -1: 4})
    assert (found.numerator, found.denominator, found.value) == (-1, 8, -12.5)
    assert found.interval is not None
    assert -100 < found.interval.low < -12.5 < found.interval.high < 100


def test_a_count_is_exact() -> None:
    found = figure(kpis.TICKETS_RESOLVED, {1: 7})
    assert (found.numerator, found.denominator, found.value, found.interval, found.reason) == (7, 1, 7, None, Reason.EXACT)
    assert not found.small_sample


@pytest.mark.parametrize("kpi", [kpi for kpi in KPIS.values() if kpi.sort is not kpis.Sort.COUNT], ids=lambda kpi: kpi.name)
def test_no_cases_are_null_with_a_reason(kpi: kpis.Kpi) -> None:
    found = figure(kpi, {})
    assert (found.value, found.interval, found.reason, found.small_sample) == (None, None, Reason.NO_CASES, False)


def test_one_value_has_a_mean_but_no_interval() -> None:
    found = figure(kpis.CSAT_MEAN, {4_000_000: 1})
    assert (found.value, found.interval, found.reason) == (4.0, None, Reason.ONE_CASE)


@pytest.mark.parametrize(
    ("kpi", "now", "before", "verdict"),
    [
        (kpis.CSAT, {1: 95, 0: 5}, {1: 50, 0: 50}, Verdict.BETTER),
        (kpis.CSAT, {1: 50, 0: 50}, {1: 95, 0: 5}, Verdict.WORSE),
        (kpis.REOPEN_RATE, {1: 5, 0: 95}, {1: 50, 0: 50}, Verdict.BETTER),
        (kpis.CSAT, {1: 9, 0: 1}, {1: 7, 0: 3}, Verdict.NOT_APART),
        (kpis.CSAT, {1: 9, 0: 1}, {}, Verdict.UNKNOWN),
        (kpis.TICKETS_RESOLVED, {1: 900}, {1: 1}, Verdict.UNKNOWN),
    ],
)
def test_better_or_worse_only_when_the_intervals_are_apart(
    kpi: kpis.Kpi, now: dict[int, int], before: dict[int, int], verdict: Verdict
) -> None:
    assert compare(figure(kpi, now), figure(kpi, before)) is verdict


def test_a_scorecard_has_a_line_for_every_kpi() -> None:
    week = Almanac(zone("UTC")).named(PeriodKind.WEEK, "2026-W07")
    found = scorecard(Subject(SubjectKind.AGENT, "ann"), week, {"csat": {1: 9, 0: 1}}, {"csat": {1: 5, 0: 5}})
    assert [line.figure.kpi.name for line in found.lines] == list(KPIS)
    csat = next(line for line in found.lines if line.figure.kpi is kpis.CSAT)
    assert csat.trend.change == pytest.approx(0.4)
    assert csat.trend.verdict is Verdict.NOT_APART
