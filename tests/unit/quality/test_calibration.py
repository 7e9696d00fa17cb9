"""Given what happened in a calibration, when a command comes, then these events, or this error."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidInput, OpsledgerError
from opsledger.core.quality import errors
from opsledger.core.quality.calibration import CONTACTS_MAX, Calibration, CalibrationStatus
from opsledger.core.quality.sheet import Sheet
from opsledger.core.quality.subject import Subject, SubjectKind
from tests.kit.aggregates import recorded, settled

START_US, LATER_US = 1_767_949_200_000_000, 1_767_952_800_000_000
T1, T2, T3 = (Subject(SubjectKind.TICKET, source="zendesk", ticket_id=f"T{number}") for number in (1, 2, 3))
YES, NO = Sheet({"greeting": "yes"}, {}), Sheet({"greeting": "no"}, {})
RESULT = {"score": [1, 1], "questions": []}
Command = Callable[[Calibration], object]


def opened(*then: Command, raters: tuple[str, ...] = ("ann", "bob"), reference: str = "") -> Calibration:
    calibration = Calibration.open(
        tenant="acme", program="desk", title="May", form_id="calls", form_version=2, contacts=[T1, T2], raters=raters,
        reference_id=reference, due_at_us=None, actor_id="sue", opened_at_us=START_US)
    for command in then:
        command(calibration)
    settled(calibration)
    return calibration


def submitted(rater: str, contact: Subject = T1, sheet: Sheet = YES) -> Command:
    return lambda calibration: calibration.submit(rater, contact, sheet, RESULT, LATER_US)


def joined(rater: str) -> Command:
    return lambda calibration: calibration.join(rater, "sue", LATER_US)


def left(rater: str) -> Command:
    return lambda calibration: calibration.withdraw(rater, "sue", "ill", LATER_US)


def closed(calibration: Calibration) -> None:
    calibration.close("sue", LATER_US)


def cancelled(calibration: Calibration) -> None:
    calibration.cancel("sue", "wrong form", LATER_US)


EVENTS: list[tuple[Command, tuple[str, dict[str, object]]]] = [
    (submitted("ann"), ("Submitted", {
        "rater_id": "ann", "contact": T1.plain(), "sheet": YES.plain(), "result": RESULT, "submitted_at_us": LATER_US})),
    (joined("cem"), ("RaterJoined", {"rater_id": "cem", "actor_id": "sue", "joined_at_us": LATER_US})),
    (left("bob"), ("RaterWithdrawn", {"rater_id": "bob", "actor_id": "sue", "reason": "ill", "withdrawn_at_us": LATER_US})),
    (closed, ("Closed", {"actor_id": "sue", "closed_at_us": LATER_US})),
    (cancelled, ("Cancelled", {"actor_id": "sue", "reason": "wrong form", "cancelled_at_us": LATER_US})),
]


@pytest.mark.parametrize(("command", "event"), EVENTS, ids=[event[0] for _, event in EVENTS])
def test_a_command_is_recorded_once(command: Command, event: tuple[str, dict[str, object]]) -> None:
    calibration = opened()
    command(calibration)
    assert recorded(calibration) == [event]
    command(calibration)
    assert recorded(calibration) == []


def test_who_is_a_rater_already_does_not_join() -> None:
    calibration = opened()
    calibration.join("ann", "sue", LATER_US)
    assert recorded(calibration) == []


@pytest.mark.parametrize(("given_", "command", "error"), [
    ([], submitted("eve"), errors.NotARater),
    ([], submitted("ann", T3), errors.NotInSession),
    ([submitted("ann")], submitted("ann", sheet=NO), errors.AlreadyRated),
    ([left("bob")], submitted("bob"), errors.RaterLeft),
    ([left("bob")], joined("bob"), errors.RaterLeft),
    ([], left("eve"), errors.NotARater),
    *(([over], command, errors.CalibrationOver)
      for over in (closed, cancelled) for command in (submitted("ann"), joined("cem"), left("bob"))),
    ([closed], cancelled, errors.CalibrationOver),
    ([cancelled], closed, errors.CalibrationOver),
])
def test_it_is_refused(given_: list[Command], command: Command, error: type[OpsledgerError]) -> None:
    calibration = opened(*given_)
    with pytest.raises(error):
        command(calibration)
    assert recorded(calibration) == []


def test_the_reference_rater_stays() -> None:
    calibration = opened(reference="ann")
    with pytest.raises(errors.ReferenceNeeded):
        calibration.withdraw("ann", "sue", "ill", LATER_US)


@pytest.mark.parametrize(("contacts", "raters", "reference", "field"), [
    ([], ["ann", "bob"], "", "contacts"), ([T1, T1], ["ann", "bob"], "", "contacts"),
    ([T1] * (CONTACTS_MAX + 1), ["ann", "bob"], "", "contacts"),
    ([T1], ["ann"], "", "raters"), ([T1], ["ann", "ann"], "", "raters"), ([T1], ["ann", "bob"], "eve", "reference_id"),
])
def test_a_session_that_cannot_be(contacts: list[Subject], raters: list[str], reference: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Calibration.open(contacts=contacts, raters=raters, reference_id=reference)
    assert [violation.field for violation in caught.value.violations] == [field]


class TestBlindness:
    def seen(self, calibration: Calibration, viewer: str) -> set[tuple[str, Subject]]:
        return {(rating.rater_id, rating.contact) for rating in calibration.ratings_for(viewer)}

    def test_a_rater_sees_their_own_until_all_are_submitted(self) -> None:
        calibration = opened(submitted("bob"), submitted("ann"))
        assert self.seen(calibration, "ann") == {("ann", T1)}
        submitted("ann", T2)(calibration)
        assert self.seen(calibration, "ann") == {("ann", T1), ("ann", T2), ("bob", T1)}
        assert self.seen(calibration, "bob") == {("bob", T1)}

    def test_who_is_no_rater_sees_nothing_before_it_is_closed(self) -> None:
        calibration = opened(submitted("bob"))
        assert self.seen(calibration, "sue") == set()
        closed(calibration)
        assert self.seen(calibration, "sue") == {("bob", T1)}

    def test_a_late_joiner_has_seen_nothing(self) -> None:
        assert self.seen(opened(submitted("bob"), joined("cem")), "cem") == set()

    def test_who_left_early_waits_like_everybody(self) -> None:
        assert self.seen(opened(submitted("ann"), submitted("bob"), left("bob")), "bob") == {("bob", T1)}

    def test_a_cancelled_session_stays_blind(self) -> None:
        assert self.seen(opened(submitted("bob"), cancelled), "ann") == set()

    def test_results_are_asked_for_too_early(self) -> None:
        calibration = opened(submitted("bob"))
        with pytest.raises(errors.StillBlind):
            calibration.check_not_blind_to("ann")
        closed(calibration)
        calibration.check_not_blind_to("ann")

    @given(st.lists(st.tuples(st.sampled_from(["ann", "bob", "cem"]), st.sampled_from([T1, T2]))))
    def test_nobody_sees_anothers_rating_and_submits_afterwards(self, order: list[tuple[str, Subject]]) -> None:
        calibration = opened(raters=("ann", "bob", "cem"))
        for rater, contact in order:
            saw_others = any(rating.rater_id != rater for rating in calibration.ratings_for(rater))
            before = len(calibration.ratings)
            submitted(rater, contact)(calibration)
            assert not (saw_others and len(calibration.ratings) > before)


def test_what_a_withdrawn_rater_said_does_not_count() -> None:
    calibration = opened(submitted("bob"), left("bob"), joined("cem"))
    assert (calibration.active_raters, calibration.withdrawn) == (("ann", "cem"), {"bob": "ill"})


def test_the_past_is_readable_under_its_topics() -> None:
    names = ("Opened", "RaterJoined", "RaterWithdrawn", "Submitted", "Closed", "Cancelled")
    assert [getattr(Calibration, name).TOPIC for name in names] == [
        f"quality.calibration.{name}" for name in ("opened", "rater_joined", "rater_withdrawn", "submitted", "closed", "cancelled")]
    assert opened(closed).status is CalibrationStatus.CLOSED
