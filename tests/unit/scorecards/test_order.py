"""Nobody is ranked by what may be chance: a mean without an interval stands behind the others."""
from __future__ import annotations

import pytest

from opsledger.services.scorecards.reports import _ordered

TALLIES = {
    "ann": {"qa_score": {80_000_000: 1, 90_000_000: 2}}, "bob": {"qa_score": {100_000_000: 44}}, "cem": {"qa_score": {99_000_000: 2}},
    "dee": {"qa_score": {40_000_000: 3, 60_000_000: 3}}, "abe": {},
}


@pytest.mark.parametrize(("order_by", "expected"), [
    ("qa_score desc", ["bob", "ann", "dee", "cem", "abe"]), ("qa_score", ["dee", "ann", "bob", "cem", "abe"]),
    ("name", ["abe", "ann", "bob", "cem", "dee"]), ("name desc", ["dee", "cem", "bob", "ann", "abe"]),
])
def test_a_mean_of_two_cases_is_behind_those_with_an_interval_and_a_perfect_one_is_not(order_by: str, expected: list[str]) -> None:
    assert _ordered(TALLIES, order_by) == expected


def test_equal_durations_have_no_interval_and_stand_behind() -> None:
    tallies = {"ann": {"handle_time": {300_000_000: 9}}, "bob": {"handle_time": {300_000_000: 1, 900_000_000: 2}}}
    assert _ordered(tallies, "handle_time") == ["bob", "ann"]


def test_shares_have_an_interval_from_the_first_case_on() -> None:
    tallies = {"ann": {"csat": {0: 2, 1: 1}}, "bob": {"csat": {1: 1}}}
    assert _ordered(tallies, "csat desc") == ["bob", "ann"]
