"""Nobody is ranked by what may be chance: a mean without an interval stands behind the others."""
from __future__ import annotations

import pytest

from opsledger.services.scorecards.reports import _ordered

TALLIES = {
    "ann": {"qa_score": {80_000_000: 1, 90_000_000: 1}}, "bob": {"qa_score": {100_000_000: 5}}, "cem": {"qa_score": {99_000_000: 1}},
    "dee": {"qa_score": {40_000_000: 3, 60_000_000: 3}}, "abe": {},
}


@pytest.mark.parametrize(("order_by", "expected"), [
    ("qa_score desc", ["ann", "dee", "bob", "cem", "abe"]), ("qa_score", ["dee", "ann", "bob", "cem", "abe"]),
    ("name", ["abe", "ann", "bob", "cem", "dee"]), ("name desc", ["dee", "cem", "bob", "ann", "abe"]),
])
def test_a_mean_of_one_case_or_of_equals_is_behind_those_with_an_interval(order_by: str, expected: list[str]) -> None:
    assert _ordered(TALLIES, order_by) == expected


def test_shares_have_an_interval_from_the_first_case_on() -> None:
    tallies = {"ann": {"csat": {0: 2, 1: 1}}, "bob": {"csat": {1: 1}}}
    assert _ordered(tallies, "csat desc") == ["bob", "ann"]
