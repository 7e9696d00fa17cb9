"""Futures made from others, whichever of them is done first."""
from __future__ import annotations

from concurrent.futures import Future

import pytest

from opsledger.core.errors import JournalMoved, JournalUnreachable, Overloaded
from opsledger.services.futures import chain, done, instead, refused, then, when_all


def test_what_is_made_of_a_result() -> None:
    earlier: Future[int] = Future()
    made = then(earlier, lambda number: number + 1)
    assert not made.done()
    earlier.set_result(1)
    assert made.result(0) == 2


@pytest.mark.parametrize("earlier", [refused(Overloaded("full")), done(0)])
def test_an_error_of_either_is_the_answer(earlier: Future[int]) -> None:
    def make(number: int) -> int:
        raise Overloaded("also")

    with pytest.raises(Overloaded):
        then(earlier, make).result(0)


def test_who_stops_waiting_takes_nothing_back() -> None:
    earlier: Future[int] = Future()
    made = then(earlier, str)
    assert not made.cancel()
    earlier.set_result(1)
    assert made.result(0) == "1"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_all_of_them_are_done_when_something_is_made(order: tuple[int, int]) -> None:
    earlier: list[Future[int]] = [Future(), Future()]
    made = when_all(earlier, lambda: [one.result(0) for one in earlier])
    for index in order:
        assert not made.done()
        earlier[index].set_result(index)
    assert made.result(0) == [0, 1]


def test_nothing_is_waited_for_when_there_is_nothing() -> None:
    assert when_all([], lambda: "made").result(0) == "made"


def test_only_the_named_error_has_another_begun() -> None:
    moved = JournalMoved("n2", "n2:50051", 3)
    assert instead(done("first"), JournalMoved, lambda: done("other")).result(0) == "first"
    assert instead(refused(moved), JournalMoved, lambda: done("other")).result(0) == "other"
    with pytest.raises(JournalUnreachable):
        instead(refused(JournalUnreachable("away")), JournalMoved, lambda: done("other")).result(0)


def test_what_is_begun_with_a_result() -> None:
    earlier: Future[int] = Future()
    answer = chain(earlier, lambda number: done(number + 1))
    assert not answer.done()
    earlier.set_result(1)
    assert answer.result(0) == 2
    with pytest.raises(Overloaded):
        chain(refused(Overloaded("full")), done).result(0)


def test_another_that_cannot_be_begun_is_the_answer() -> None:
    def begin() -> Future[str]:
        raise Overloaded("full")

    with pytest.raises(Overloaded):
        instead(refused(JournalMoved("n2", "n2:50051", 3)), JournalMoved, begin).result(0)
