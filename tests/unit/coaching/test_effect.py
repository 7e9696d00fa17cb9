"""What an effect says of an agent and a group, and what it warns of."""
from __future__ import annotations

import pytest

from opsledger.core.coaching.effect import Caution, Samples, cautions_of_time, effect
from opsledger.core.coaching.measure import Window
from opsledger.core.scorecards.kpis import CSAT, HANDLE_TIME, MILLIONTHS, NPS, REOPEN_RATE, Kpi
from opsledger.core.scorecards.scorecard import Tally, Verdict
from opsledger.core.scorecards.statistics import Reason

NOBODY = Samples({}, {})


def share(successes: int, cases: int) -> Tally:
    return {1: successes, 0: cases - successes}


def seconds(*values: int) -> Tally:
    return {value * MILLIONTHS: 1 for value in values}


def test_what_changed_for_everybody_is_taken_off() -> None:
    found = effect(CSAT, True, Samples(share(60, 100), share(75, 100)), Samples(share(600, 1000), share(750, 1000)))
    assert found.own.value == pytest.approx(0.15)
    assert found.own.interval is not None
    assert found.own.interval.low > 0  # alone it looks like an effect
    assert found.net.value == pytest.approx(0)
    assert found.verdict is Verdict.NOT_APART


@pytest.mark.parametrize(("kpi", "higher_is_better", "before", "after", "verdict"), [
    (CSAT, True, 60, 90, Verdict.BETTER), (CSAT, True, 90, 60, Verdict.WORSE), (CSAT, True, 60, 62, Verdict.NOT_APART),
    (REOPEN_RATE, False, 60, 30, Verdict.BETTER), (REOPEN_RATE, False, 30, 60, Verdict.WORSE),
])
def test_better_is_what_the_measure_calls_better(kpi: Kpi, higher_is_better: bool, before: int, after: int, verdict: Verdict) -> None:
    steady = Samples(share(500, 1000), share(500, 1000))
    assert effect(kpi, higher_is_better, Samples(share(before, 100), share(after, 100)), steady).verdict is verdict


def test_means_are_compared_in_their_unit() -> None:
    own = Samples(seconds(*range(300, 400)), seconds(*range(200, 300)))
    group = Samples(seconds(*range(250, 450)), seconds(*range(250, 450)))
    found = effect(HANDLE_TIME, False, own, group)
    assert (found.own.value, found.group.value, found.net.value) == (-100, 0, -100)
    assert found.net.interval is not None
    assert found.net.interval.low < -100 < found.net.interval.high < 0
    assert found.verdict is Verdict.BETTER
    assert found == effect(HANDLE_TIME, False, own, group), "the same data give the same interval"


def test_equal_samples_do_not_cancel_their_chance() -> None:
    """Drawn alike, the difference of equal samples would be 0 in every resample."""
    same = seconds(*range(300, 340))
    found = effect(HANDLE_TIME, False, Samples(same, same), Samples(same, same))
    assert found.own.interval is not None
    assert found.own.interval.low < 0 < found.own.interval.high


def test_a_balance_is_compared_in_points() -> None:
    found = effect(NPS, True, Samples({1: 10, -1: 10}, {1: 15, -1: 5}), Samples({1: 50, -1: 50}, {1: 50, -1: 50}))
    assert (found.own_after.value, found.own.value, found.net.value) == (50, 50, 50)


@pytest.mark.parametrize(("own", "group", "reason"), [
    (Samples({}, share(5, 10)), Samples(share(5, 10), share(5, 10)), Reason.NO_CASES),
    (Samples(share(5, 10), share(5, 10)), NOBODY, Reason.NO_CASES),
])
def test_without_cases_there_is_no_effect_of_shares(own: Samples, group: Samples, reason: Reason) -> None:
    found = effect(CSAT, True, own, group)
    assert (found.net, found.verdict) == ((None, None, reason), Verdict.UNKNOWN)


@pytest.mark.parametrize(("before", "value", "reason"), [
    ({}, None, Reason.NO_CASES), (seconds(300), 50, Reason.ONE_CASE), (seconds(299, 301), 50, Reason.FEW_CASES),
    ({300 * MILLIONTHS: 9}, 50, Reason.NO_SPREAD),
])
def test_without_spread_there_is_no_interval_of_means(before: Tally, value: float | None, reason: Reason) -> None:
    group = Samples(seconds(1, 2, 3), seconds(1, 2, 3))
    found = effect(HANDLE_TIME, False, Samples(before, seconds(340, 350, 360)), group)
    assert (found.net, found.verdict) == ((value, None, reason), Verdict.UNKNOWN)


GROUP = Samples(share(700, 1000), share(700, 1000))


@pytest.mark.parametrize(("own", "group", "cautions"), [
    (Samples(share(70, 100), share(70, 100)), GROUP, ()),
    (Samples(share(40, 100), share(70, 100)), GROUP, (Caution.REGRESSION_TO_THE_MEAN,)),
    (Samples(share(90, 100), share(70, 100)), GROUP, ()),
    (Samples(share(21, 30), share(20, 29)), GROUP, (Caution.SMALL_SAMPLE,)),
    (Samples(share(70, 100), share(70, 100)), NOBODY, (Caution.NO_COMPARISON,)),
])
def test_what_to_bear_in_mind(own: Samples, group: Samples, cautions: tuple[Caution, ...]) -> None:
    assert effect(CSAT, True, own, group).cautions == cautions


def test_where_lower_is_better_a_high_baseline_goes_back_to_the_mean() -> None:
    found = effect(REOPEN_RATE, False, Samples(share(90, 100), share(70, 100)), GROUP)
    assert found.cautions == (Caution.REGRESSION_TO_THE_MEAN,)


@pytest.mark.parametrize(("fixed_at_us", "now_us", "cautions"), [
    (10, 20, []), (11, 20, [Caution.FIXED_LATE]), (10, 19, [Caution.NOT_OVER]), (11, 11, [Caution.FIXED_LATE, Caution.NOT_OVER]),
])
def test_a_measure_holds_when_it_is_fixed_before_and_looked_at_after(fixed_at_us: int, now_us: int, cautions: list[Caution]) -> None:
    assert list(cautions_of_time(fixed_at_us, Window(10, 20), now_us)) == cautions
