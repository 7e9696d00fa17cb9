"""Ratings of the same units by several raters, some of them missing."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Category: TypeAlias = "str | float"
Floats: TypeAlias = "NDArray[np.float64]"


class Level(StrEnum):
    """What the categories mean, and so how far apart two of them are. Stevens (1946)."""

    NOMINAL = "nominal"
    """Names: equal or not."""
    ORDINAL = "ordinal"
    """An order: how many ranks lie between."""
    INTERVAL = "interval"
    """Numbers: their difference."""
    RATIO = "ratio"
    """Numbers with a true zero: their difference in proportion."""

    @property
    def is_numeric(self) -> bool:
        return self in (Level.INTERVAL, Level.RATIO)


class Ratings(NamedTuple):
    codes: NDArray[np.int32]
    """Units by raters: an index into ``categories``, −1 where it is missing. Units are in an order of their own."""
    categories: tuple[Category, ...]
    """In ascending order, whether they were used or not."""

    def of(self, units: NDArray[np.bool_]) -> Ratings:
        """Those of these units, by the raters who rated any of them."""
        codes = self.codes[units]
        return Ratings(np.ascontiguousarray(codes[:, (codes >= 0).any(axis=0)]), self.categories)

    @property
    def units(self) -> int:
        return len(self.codes)

    @property
    def raters(self) -> int:
        return int(self.codes.shape[1])

    @property
    def pairable_units(self) -> int:
        """Units with two ratings or more."""
        return int(((self.codes >= 0).sum(axis=1) >= 2).sum())

    @property
    def given(self) -> int:
        """Ratings that are not missing."""
        return int((self.codes >= 0).sum())

    @property
    def is_numeric(self) -> bool:
        return not any(isinstance(category, str) for category in self.categories)


def ratings_of(rows: Iterable[Sequence[Category | None]], categories: Sequence[Category] = ()) -> Ratings:
    """Ratings of units (rows) by raters (columns); None is missing. All are numbers or all are words.

    ``categories``: all there are, in ascending order. Without them those that occur, numbers by size and words by alphabet.
    Units are put into an order that depends on their ratings alone. Raises ValueError for rows of different length, for a category that is
    none, for numbers among words.
    """
    table = [list(row) for row in rows]
    raters = len(table[0]) if table else 0
    if any(len(row) != raters for row in table):
        raise ValueError("every unit needs a place for each rater")
    used = {rating for row in table for rating in row if rating is not None}
    if len({isinstance(category, str) for category in (*used, *categories)}) > 1:
        raise ValueError("ratings are all numbers or all words")
    ordered = tuple(categories) or tuple(sorted(used))
    index = {category: code for code, category in enumerate(ordered)}
    if unknown := sorted(map(str, used - set(index))):
        raise ValueError(f"{unknown[0]!r} is not one of the categories")
    codes = sorted([-1 if rating is None else index[rating] for rating in row] for row in table)
    return Ratings(np.array(codes, dtype=np.int32).reshape(len(codes), raters), ordered)
