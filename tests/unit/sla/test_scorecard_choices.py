"""The ``scorecards`` of a rules document: what a program means by its figures, from the version on that says so."""
from __future__ import annotations

from typing import Any

import pytest

from opsledger.core.errors import InvalidRules
from opsledger.core.scorecards.choices import UNSAID, Choices, Credit
from opsledger.core.scorecards.service_level import Formula, ServiceLevel
from opsledger.core.sla.rules import RuleBook, Rules, parse_rules


def rules(**scorecards: Any) -> Rules:
    policy = {"name": "all", "calendar": "always", "reopen": "resume", "targets": {"resolution": "8h"}}
    return parse_rules({"time_zone": "UTC", "policies": [policy]} | ({"scorecards": scorecards} if scorecards else {}))


def test_what_it_says() -> None:
    said = rules(service_level={"within": "20s", "formula": "with_short_of_offered"}, resolutions_credited_to="resolver").scorecards
    assert said == Choices(ServiceLevel(20_000_000, Formula.WITH_SHORT_OF_OFFERED), Credit.RESOLVER)
    assert said.definition("service_level") == "answered within 20 s, with_short_of_offered"
    assert said.definition("csat") == UNSAID.definition("service_level") == ""


def test_nothing_said_is_no_service_level_the_owners_credit_and_no_abandoned_calls() -> None:
    assert rules().scorecards == UNSAID == Choices(None, Credit.OWNER, abandoned_calls_count=False)


def test_abandoned_calls_may_count() -> None:
    assert rules(abandoned_calls_count=True).scorecards == Choices(abandoned_calls_count=True)


@pytest.mark.parametrize(("scorecards", "field"), [
    ({"service_level": {"within": "20s"}}, "scorecards.service_level.formula"),
    ({"service_level": {"formula": "of_offered"}}, "scorecards.service_level.within"),
    ({"service_level": {"within": "soon", "formula": "of_offered"}}, "scorecards.service_level.within"),
    ({"service_level": {"within": "20s", "formula": "80/20"}}, "scorecards.service_level.formula"),
    ({"resolutions_credited_to": "robot"}, "scorecards.resolutions_credited_to"),
    ({"abandoned_calls_count": "yes"}, "scorecards.abandoned_calls_count"),
    ({"servicelevel": {}}, "scorecards.servicelevel"),
])
def test_a_mistake_is_named_by_its_field(scorecards: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRules) as caught:
        rules(**scorecards)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_choice_holds_while_its_version_is_in_force() -> None:
    later = rules(resolutions_credited_to="resolver")
    book = RuleBook([(100, 1, rules()), (200, 2, later)])
    assert [book.choices_at(us) for us in (50, 100, 199, 200)] == [UNSAID, UNSAID, UNSAID, later.scorecards]
