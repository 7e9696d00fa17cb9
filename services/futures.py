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


def chain(earlier: Future[Earlier], begin: Callable[[Earlier], Future[Made]]) -> Future[Made]:
    """The result of the one that is begun with the result of an earlier one; raises what that one or ``begin`` raises."""
    answer = promised()
    earlier.add_done_callback(lambda _: _follow(answer, lambda: begin(earlier.result())))
    return answer


def instead(earlier: Future[Made], of: type[Exception], begin: Callable[[], Future[Made]]) -> Future[Made]:
    """The result of an earlier one, or of the one that is begun when it failed with an error of this type."""
    answer = promised()

    def finish(_: Future[Made]) -> None:
        if isinstance(earlier.exception(), of):
            _follow(answer, begin)
        else:
            _settle(answer, earlier.result)

    earlier.add_done_callback(finish)
    return answer


def _follow(answer: Future[Made], begin: Callable[[], Future[Made]]) -> None:
    try:
        begun = begin()
    except BaseException as error:  # whatever it is, it is the answer
        answer.set_exception(error)
    else:
        begun.add_done_callback(lambda _: _settle(answer, begun.result))


def _settle(answer: Future[Made], make: Callable[[], Made]) -> None:
    try:
        made = make()
    except BaseException as error:  # whatever it is, it is the answer
        answer.set_exception(error)
    else:
        answer.set_result(made)
