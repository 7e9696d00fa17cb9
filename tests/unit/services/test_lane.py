"""Commits that wait for the owner of their partition: their order, and what becomes of them when the owner is another one."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from time import sleep

import pytest

from opsledger.core.errors import JournalMoved, JournalUnreachable, OpsledgerError, Overloaded, VersionConflict
from opsledger.core.ports import Commit, Receipt
from opsledger.services.cluster import lane as lane_module
from opsledger.services.cluster.lane import Answered, Lane, Owner
from tests.kit.journals import decision, event

MOVED = JournalMoved("", "", 0)


class Owners:
    """The node that is asked now, and every request to it with its answer to come."""

    def __init__(self) -> None:
        self.now = Owner("a", "a:1", 1)
        self.requests: list[tuple[str, list[bytes], Future[Answered]]] = []
        self.lane = Lane(lambda: self.now, self._send)

    def _send(self, owner: Owner, commits: Sequence[Commit]) -> Future[Answered]:
        answer: Future[Answered] = Future()
        self.requests.append((owner.node, [commit.request_key.rstrip(b".") for commit in commits], answer))
        return answer

    def submit(self, name: str, size: int = 1) -> Future[Answered]:
        return self.lane.submit(decision(name, event()), size)

    def answer(self, *outcomes: Receipt | OpsledgerError) -> None:
        self.requests[-1][2].set_result(Answered(outcomes, 7))

    @property
    def asked(self) -> list[tuple[str, list[bytes]]]:
        return [(node, names) for node, names, _ in self.requests]


def receipt(position: int) -> Receipt:
    return Receipt((position,), (False,))


def test_what_comes_while_a_request_is_on_its_way_goes_with_the_next_one() -> None:
    owners = Owners()
    first, second, third = (owners.submit(name) for name in ("one", "two", "three"))
    owners.answer(receipt(1))
    owners.answer(receipt(2), receipt(3))
    assert owners.asked == [("a", [b"one"]), ("a", [b"two", b"three"])]
    assert [answer.result() for answer in (first, second, third)] == [Answered([receipt(position)], 7) for position in (1, 2, 3)]


def test_an_error_of_one_commit_is_that_of_its_caller_alone() -> None:
    owners = Owners()
    owners.submit("first")
    refused, taken = owners.submit("second"), owners.submit("third")
    owners.answer(receipt(1))
    conflict = VersionConflict(b"s", 2, 1)
    owners.answer(conflict, receipt(2))
    assert (refused.result().outcomes, taken.result().outcomes) == ([conflict], [receipt(2)])


def test_an_owner_that_does_not_answer_fails_the_request_and_not_the_next_one() -> None:
    owners = Owners()
    lost, kept = owners.submit("first"), owners.submit("second")
    owners.requests[-1][2].set_exception(JournalUnreachable("away"))
    owners.answer(receipt(1))
    assert isinstance(lost.exception(), JournalUnreachable)
    assert kept.result().outcomes == [receipt(1)]


def test_what_an_owner_refused_because_it_is_none_any_more_waits_for_the_next_owner_in_order() -> None:
    owners = Owners()
    first = owners.submit("first")
    owners.answer(MOVED)
    second = owners.submit("second")
    owners.lane.go_on()
    assert owners.asked == [("a", [b"first"])]  # it is not asked again
    owners.now = Owner("b", "b:1", 2)
    owners.lane.go_on()
    owners.answer(receipt(1), receipt(2))
    assert owners.asked[1:] == [("b", [b"first", b"second"])]
    assert [each.result().outcomes for each in (first, second)] == [[receipt(1)], [receipt(2)]]


def test_a_newer_owner_that_is_known_already_is_asked_at_once() -> None:
    owners = Owners()
    first = owners.submit("first")
    owners.now = Owner("b", "b:1", 2)
    owners.answer(MOVED)
    owners.answer(receipt(1))
    assert owners.asked == [("a", [b"first"]), ("b", [b"first"])]
    assert first.result().outcomes == [receipt(1)]


def test_without_a_next_owner_the_caller_hears_that_it_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "_HANDOVER_S", 0.0)
    owners = Owners()
    first = owners.submit("first")
    owners.answer(MOVED)
    assert first.result(30).outcomes == [MOVED]


def test_patience_ends_without_another_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "_HANDOVER_S", 0.1)
    owners = Owners()
    first = owners.submit("first")
    owners.answer(MOVED)
    [outcome] = first.result(30).outcomes
    assert isinstance(outcome, JournalMoved)


def test_what_waits_is_bounded_in_commits_and_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "QUEUE_COMMITS_MAX", 2)
    monkeypatch.setattr(lane_module, "QUEUE_BYTES_MAX", 100)
    owners = Owners()
    for name in ("on its way", "waits", "waits too"):
        owners.submit(name)
    with pytest.raises(Overloaded):
        owners.submit("too many")
    owners.answer(receipt(1))
    owners.submit("large", 1_000)  # one that finds the queue empty always enters
    with pytest.raises(Overloaded):
        owners.submit("too large", 1)


def test_who_waits_for_an_owner_that_is_none_any_more_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "_LAST_WORD_S", 0.0)
    owners = Owners()
    lost, kept = owners.submit("first"), owners.submit("second")
    owners.now = Owner("b", "b:1", 2)
    owners.lane.go_on()
    assert isinstance(lost.exception(30), JournalUnreachable)
    while len(owners.requests) < 2:
        sleep(0.01)  # the timer's thread sends it
    owners.answer(receipt(1))
    assert kept.result(30).outcomes == [receipt(1)]
    owners.requests[0][2].set_result(Answered([receipt(9)], 9))  # too late: nobody waits
    assert owners.asked == [("a", [b"first"]), ("b", [b"second"])]


def test_an_owner_that_was_asked_before_it_was_ready_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "_LAST_WORD_S", 0.0)
    owners = Owners()
    first = owners.submit("first")
    owners.now = Owner("a", "a:1", 2)
    owners.lane.go_on()
    with pytest.raises(TimeoutError):
        first.exception(0.2)
    owners.answer(receipt(1))
    assert first.result(30).outcomes == [receipt(1)]


def test_any_number_of_commits_may_come_while_every_request_fails_at_once() -> None:
    left = 2_000

    def fails(_: Owner, commits: Sequence[Commit]) -> Future[Answered]:
        nonlocal left
        if left:  # others submit at the same time
            left -= 1
            waiting.append(lane.submit(decision("another", event()), 1))
        answer: Future[Answered] = Future()
        answer.set_exception(JournalUnreachable("away"))
        return answer

    waiting: list[Future[Answered]] = []
    lane = Lane(lambda: Owner("a", "a:1", 1), fails)
    waiting.append(lane.submit(decision("first", event()), 1))
    assert all(isinstance(answer.exception(0), JournalUnreachable) for answer in waiting)
    assert len(waiting) == 2_001
