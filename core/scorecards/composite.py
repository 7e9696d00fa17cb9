"""One figure out of several: KPIs as marks from 0 to 100, weighed, each with its share of the whole.

A KPI's mark is how far its value has come from ``none`` (and beyond: 0) to ``full`` (and beyond: 100); for a KPI of which less is better,
``none`` is the greater one. A KPI without a value leaves, and the others take over its weight.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.scorecards.scorecard import Figure
from opsledger.core.scorecards.statistics import Interval
from opsledger.core.scorecards.statistics import Reason as FigureReason

WEIGHTS_SUM = 100


class Part(NamedTuple):
    kpi: str
    weight: float
    none: float
    """In the KPI's unit."""
    full: float

    def mark(self, value: float) -> float:
        return 100 * min(max((value - self.none) / (self.full - self.none), 0.0), 1.0)


class Band(NamedTuple):
    name: str
    start: float
    """From 0 to 100."""


class Definition(NamedTuple):
    parts: tuple[Part, ...]
    bands: tuple[Band, ...] = ()
    """Ascending; the first starts at 0."""


class Reason(StrEnum):
    """Why there is no value or no interval."""

    NO_VALUES = "NO_VALUES"
    """None of the KPIs has a value."""
    PART_WITHOUT_INTERVAL = "PART_WITHOUT_INTERVAL"


class PartShare(NamedTuple):
    part: Part
    mark: float | None
    """None: the KPI has no value."""
    share: float
    """Of the composite: the shares sum to it."""


class Composite(NamedTuple):
    value: float | None
    """From 0 to 100."""
    interval: Interval | None
    reason: Reason | None
    band: str
    shares: tuple[PartShare, ...]


def check_definition(definition: Definition, field: str) -> None:
    """Raises InvalidInput, naming all that is wrong after ``field``."""
    wrong: list[FieldViolation] = []
    for index, part in enumerate(definition.parts):
        path = f"{field}.parts[{index}]"
        if part.kpi not in KPIS:
            wrong.append(FieldViolation(f"{path}.kpi", "UNKNOWN", f"{part.kpi!r} is none of {', '.join(KPIS)}"))
        if part.kpi in {other.kpi for other in definition.parts[:index]}:
            wrong.append(FieldViolation(f"{path}.kpi", "DUPLICATE", f"{part.kpi!r} has a part already"))
        if not all(map(math.isfinite, part[1:])) or part.weight <= 0:
            wrong.append(FieldViolation(f"{path}.weight", "OUT_OF_RANGE", "must be a number above 0, and none and full numbers"))
        if part.none == part.full:
            wrong.append(FieldViolation(f"{path}.full", "OUT_OF_RANGE", "must differ from none"))
    if not wrong and not math.isclose(sum(part.weight for part in definition.parts), WEIGHTS_SUM):
        wrong.append(FieldViolation(f"{field}.parts", "OUT_OF_RANGE", f"must have weights that sum to {WEIGHTS_SUM}"))
    starts = [band.start for band in definition.bands]
    if starts and (starts[0] != 0 or any(one >= other for one, other in pairwise(starts))):
        wrong.append(FieldViolation(f"{field}.bands", "INVALID", "must begin with one that starts at 0, and ascend"))
    if wrong:
        raise InvalidInput(*wrong)


def composite(definition: Definition, figures: Mapping[str, Figure]) -> Composite:
    """Of figures by KPI. The interval is by MOVER (Zou and Donner 2008, Statistics in Medicine 27:1693-1702), which takes the KPIs for
    independent of each other."""
    present = [part for part in definition.parts if figures[part.kpi].value is not None]
    whole = sum(part.weight for part in present)
    if not present:
        return Composite(None, None, Reason.NO_VALUES, "", tuple(PartShare(part, None, 0.0) for part in definition.parts))
    shares = tuple(_share(part, figures[part.kpi].value, whole) for part in definition.parts)
    value = math.fsum(share.share for share in shares)
    found = _interval(value, present, figures, whole)
    band = next((band.name for band in reversed(definition.bands) if value >= band.start), "")
    return Composite(value, found, None if found else Reason.PART_WITHOUT_INTERVAL, band, shares)


def _share(part: Part, value: float | None, whole: float) -> PartShare:
    if value is None:
        return PartShare(part, None, 0.0)
    mark = part.mark(value)
    return PartShare(part, mark, mark * part.weight / whole)


def _interval(value: float, parts: Sequence[Part], figures: Mapping[str, Figure], whole: float) -> Interval | None:
    down = up = 0.0
    for part in parts:
        figure = figures[part.kpi]
        if figure.reason is FigureReason.EXACT:
            continue
        if figure.interval is None or figure.value is None:
            return None
        mark, ends = part.mark(figure.value), sorted((part.mark(figure.interval.low), part.mark(figure.interval.high)))
        down += (part.weight / whole * (mark - ends[0])) ** 2
        up += (part.weight / whole * (ends[1] - mark)) ** 2
    return Interval(max(0.0, value - math.sqrt(down)), min(100.0, value + math.sqrt(up)), "mover")
