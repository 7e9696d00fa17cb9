"""What each answer contributes to a score, exactly: the pure Python twin of the kernel, and its specification.

A batch of evaluations (rows) of one form; its questions are the columns. Everything is an integer: points in a unit of the form's own.
The score of a row is Σ earned ÷ whole. Every entry of ``earned`` is a question's part of it, over the same whole.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OUT, COUNTS, NOT_APPLICABLE = 0, 1, 2
"""States of an answer: not asked, answered, and not applicable while its section keeps the place."""
FAILS_QUESTION, FAILS_SECTION, FAILS_FORM = 1, 2, 3


class Questions(NamedTuple):
    """The columns, and how they are weighed."""

    section: NDArray[np.int64]
    """Its number, from 0."""
    weight: NDArray[np.int64]
    """Of one point: its own, or its section's."""
    possible: NDArray[np.int64]
    """The most points it can earn."""
    bonus: NDArray[np.int64]
    """1: earned on top of what is possible."""
    relative: bool
    """Points count as a part of what the section can earn in this row."""
    most: tuple[int, int]
    """Numerator and denominator of the highest score; bonuses are cut in proportion where they lead beyond."""


class Scores(NamedTuple):
    """``int64``, or Python's integers where 64 bits do not suffice."""

    earned: NDArray[np.int64]
    """Rows by columns."""
    possible: NDArray[np.int64]
    """Rows by columns; without the bonuses they sum to ``whole``."""
    whole: NDArray[np.int64]
    """0: nothing counts, there is no score."""


def score(questions: Questions, states: NDArray[np.int64], points: NDArray[np.int64], fails: NDArray[np.int64]) -> Scores:
    """``states``, ``points`` (up to what is possible; below 0 they are taken from the whole) and ``fails`` (0: does not fail) are rows
    by columns.

    An answer that fails its question earns nothing; one that fails its section takes the points of all its questions, one that
    fails the form those of all. Deductions stay, but where the form fails. A row that fails the form has a score (0) whatever counts.
    Where a row comes to less than 0 its deductions are cut in proportion, so that it comes to 0.
    """
    columns = len(questions.section)
    if {states.shape, points.shape, fails.shape} != {(len(states), columns)} or {len(each) for each in questions[:4]} != {columns}:
        raise ValueError(f"every array must have {columns} columns and those of answers the same rows")
    rows = [_row(questions, *row) for row in zip(states.tolist(), points.tolist(), fails.tolist(), strict=True)]
    shape = (len(rows), columns)
    return Scores(
        integers([row[0] for row in rows]).reshape(shape), integers([row[1] for row in rows]).reshape(shape),
        integers([row[2] for row in rows]),
    )


def _row(questions: Questions, states: list[int], points: list[int], fails: list[int]) -> tuple[list[int], list[int], int]:
    columns = range(len(states))
    section, bonus = [int(each) for each in questions.section], [int(each) for each in questions.bonus]
    worth = [int(each) for each in questions.possible]
    weight = [int(each) for each in questions.weight]
    if questions.relative:
        counted, places = _sections(section, bonus, worth, states)
        common = lcm(*(places[each] for each in counted))
        weight = [weight[at] * (common // places[section[at]]) if section[at] in counted else 0 for at in columns]
    failed = {section[at] for at in columns if fails[at] >= FAILS_SECTION}
    form_failed = FAILS_FORM in fails
    possible = [weight[at] * worth[at] if states[at] == COUNTS else 0 for at in columns]
    earned = [
        weight[at] * (min(points[at], 0) if fails[at] or section[at] in failed else points[at])
        if states[at] == COUNTS and not form_failed else 0
        for at in columns
    ]
    whole = sum(possible[at] for at in columns if not bonus[at])
    if whole == 0:
        return [0] * len(states), [0] * len(states), int(form_failed)
    return _floored(*_capped(earned, possible, bonus, whole, questions.most))


def _sections(section: Sequence[int], bonus: Sequence[int], worth: Sequence[int], states: Sequence[int]) -> tuple[set[int], dict[int, int]]:
    """Which sections count, and what each can earn in this row."""
    counted: set[int] = set()
    places: dict[int, int] = {}
    for at, state in enumerate(states):
        if state != OUT and not bonus[at] and worth[at]:
            places[section[at]] = places.get(section[at], 0) + worth[at]
            if state == COUNTS:
                counted.add(section[at])
    return counted, places


def _capped(
    earned: list[int], possible: list[int], bonus: Sequence[int], whole: int, most: tuple[int, int]
) -> tuple[list[int], list[int], int]:
    extra = sum(part for part, is_bonus in zip(earned, bonus, strict=True) if is_bonus and part > 0)
    top, bottom = int(most[0]), int(most[1])
    room = top * whole - bottom * (sum(earned) - extra)
    if extra * bottom <= room:
        return earned, possible, whole
    cut = [part * room if is_bonus and part > 0 else part * extra * bottom for part, is_bonus in zip(earned, bonus, strict=True)]
    return cut, [part * extra * bottom for part in possible], whole * extra * bottom


def _floored(earned: list[int], possible: list[int], whole: int) -> tuple[list[int], list[int], int]:
    """No score is below 0: of deductions that come to more than there is, each is cut in proportion."""
    if sum(earned) >= 0:
        return earned, possible, whole
    gained, lost = sum(part for part in earned if part > 0), -sum(part for part in earned if part < 0)
    return [part * (lost if part > 0 else gained) for part in earned], [part * lost for part in possible], whole * lost


def integers(values: list[int] | list[list[int]]) -> NDArray[np.int64]:
    """``int64``, or Python's integers where 64 bits do not suffice."""
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)
