"""Futures made from other futures. Nobody can cancel them: what was submitted stays submitted, whoever stops waiting for it."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

Earlier = TypeVar("Earlier")
Made = TypeVar("Made")


def promised() -> Future[Any]:
    """One whose work goes on already."""
    answer: Future[Any] = Future()
    answer.set_running_or_notify_cancel()
    return answer


def done(result: Made) -> Future[Made]:
    answer: Future[Made] = Future()
    answer.set_result(result)
    return answer


def refused(error: Exception) -> Future[Any]:
    answer: Future[Any] = Future()
    answer.set_exception(error)
    return answer


def then(earlier: Future[Earlier], make: Callable[[Earlier], Made]) -> Future[Made]:
    """What is made of the result of an earlier one; raises what that one or ``make`` raises."""
    return when_all([earlier], lambda: make(earlier.result()))


def when_all(earlier: Sequence[Future[Any]], make: Callable[[], Made]) -> Future[Made]:
    """What is made when all of the earlier ones are done, and may ask for their results; raises what ``make`` raises."""
    answer = promised()
    lock, left = Lock(), len(earlier)

    def finish(_: Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            if left:
                return
        _settle(answer, make)

    for one in earlier:
        one.add_done_callback(finish)
    if not earlier:
        _settle(answer, make)
    return answer


def instead(earlier: Future[Made], of: type[Exception], begin: Callable[[], Future[Made]]) -> Future[Made]:
    """The result of an earlier one, or of the one that is begun when it failed with an error of this type."""
    answer = promised()

    def finish(_: Future[Made]) -> None:
        if not isinstance(earlier.exception(), of):
            _settle(answer, earlier.result)
            return
        try:
            other = begin()
        except Exception as error:  # whatever it is, it is the answer
            answer.set_exception(error)
            return
        other.add_done_callback(lambda other: _settle(answer, other.result))

    earlier.add_done_callback(finish)
    return answer


def _settle(answer: Future[Made], make: Callable[[], Made]) -> None:
    try:
        made = make()
    except BaseException as error:  # whatever it is, it is the answer
        answer.set_exception(error)
    else:
        answer.set_result(made)
