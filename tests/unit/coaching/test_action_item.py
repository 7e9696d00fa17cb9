"""Given what happened to an action item, when a command comes, then these events, or this error."""
from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from opsledger.core.coaching.action_item import ActionItem, ItemStatus
from opsledger.core.coaching.errors import ItemWithdrawn, NotTheOwner
from opsledger.core.coaching.outcomes import item_outcomes
from tests.kit.aggregates import recorded, settled

SESSION = UUID(int=1)
THURSDAY_US, FRIDAY_US, MONDAY_US, TUESDAY_US = (1_767_862_800_000_000 + day * 86_400_000_000 for day in (0, 1, 4, 5))
Command = Callable[[ActionItem], None]


def agreed(*then: Command) -> ActionItem:
    item = ActionItem("acme", "desk", SESSION, "ann", "ann", "confirm the name first", FRIDAY_US, MONDAY_US, "sue", THURSDAY_US)
    for command in then:
        command(item)
    settled(item)
    return item


def completed(item: ActionItem) -> None:
    item.complete("ann", "call 812", FRIDAY_US)


def withdrawn(item: ActionItem) -> None:
    item.withdraw("sue", "left the team")


def reopened(item: ActionItem) -> None:
    item.reopen("sue", "heard it again", TUESDAY_US)


def followed_up(item: ActionItem) -> None:
    item.follow_up("sue", "three calls, all well", True, MONDAY_US)


@pytest.mark.parametrize(("given", "when", "then"), [
    ([], completed, [("Completed", {"evidence": "call 812", "completed_at_us": FRIDAY_US})]),
    ([completed], completed, []),
    ([completed], lambda item: item.complete("ann", "call 900", MONDAY_US), []),
    ([completed, reopened], completed, [("Completed", {"evidence": "call 812", "completed_at_us": FRIDAY_US})]),
    ([], withdrawn, [("Withdrawn", {"reason": "left the team", "withdrawn_by": "sue"})]),
    ([completed], withdrawn, [("Withdrawn", {"reason": "left the team", "withdrawn_by": "sue"})]),
    ([withdrawn], withdrawn, []),
    ([], reopened, []),
    ([completed], reopened, [("Reopened", {"reason": "heard it again", "due_at_us": TUESDAY_US, "reopened_by": "sue"})]),
    ([completed], lambda item: item.reopen("sue", "again"), [
        ("Reopened", {"reason": "again", "due_at_us": FRIDAY_US, "reopened_by": "sue"}),
    ]),
    ([completed], followed_up, [("FollowedUp", {
        "finding": "three calls, all well", "lasted": True, "followed_up_by": "sue", "followed_up_at_us": MONDAY_US, "follow_up_at_us": 0,
    })]),
    ([completed, followed_up], followed_up, []),
])
def test_what_is_recorded(given: list[Command], when: Command, then: list[object]) -> None:
    item = agreed(*given)
    when(item)
    assert recorded(item) == then


@pytest.mark.parametrize(("given", "when", "error"), [
    ([], lambda item: item.complete("bob", "call 812", FRIDAY_US), NotTheOwner),
    ([withdrawn], lambda item: item.complete("bob", "call 812", FRIDAY_US), NotTheOwner),
    ([withdrawn], completed, ItemWithdrawn),
    ([withdrawn], reopened, ItemWithdrawn),
    ([withdrawn], followed_up, ItemWithdrawn),
])
def test_what_is_refused(given: list[Command], when: Command, error: type[Exception]) -> None:
    item = agreed(*given)
    with pytest.raises(error):
        when(item)
    assert recorded(item) == []


def test_it_is_overdue_only_while_it_is_to_be_done() -> None:
    item = agreed()
    assert not item.is_overdue(FRIDAY_US)
    assert item.is_overdue(FRIDAY_US + 1)
    completed(item)
    assert not item.is_overdue(MONDAY_US)
    reopened(item)
    assert (item.status, item.is_overdue(MONDAY_US), item.is_overdue(TUESDAY_US + 1)) == (ItemStatus.AGREED, False, True)
    withdrawn(item)
    assert not item.is_overdue(TUESDAY_US + 1)


def test_a_follow_up_is_awaited_until_somebody_looked() -> None:
    item = agreed(completed)
    assert not item.awaits_follow_up(MONDAY_US)
    assert item.awaits_follow_up(TUESDAY_US)
    followed_up(item)
    assert not item.awaits_follow_up(TUESDAY_US)
    item.follow_up("sue", "forgotten again", False, MONDAY_US, next_at_us=TUESDAY_US)
    assert (item.lasted, item.awaits_follow_up(TUESDAY_US + 1)) == (False, True)


def test_its_past_is_readable_under_its_topics() -> None:
    kinds = (ActionItem.Agreed, ActionItem.Completed, ActionItem.Withdrawn, ActionItem.Reopened, ActionItem.FollowedUp)
    assert [kind.TOPIC for kind in kinds] == [
        f"coaching.action_item.{name}" for name in ("agreed", "completed", "withdrawn", "reopened", "followed_up")]


@pytest.mark.parametrize(("given", "kpis"), [
    ([], ["coaching_open"]), ([completed], ["coaching_done"]), ([completed, reopened], ["coaching_open"]), ([withdrawn], []),
])
def test_it_counts_as_open_or_done_when_it_was_agreed(given: list[Command], kpis: list[str]) -> None:
    assert [(row.kpi, row.at_us, row.agent) for row in item_outcomes(agreed(*given))] == [(kpi, THURSDAY_US, "ann") for kpi in kpis]
