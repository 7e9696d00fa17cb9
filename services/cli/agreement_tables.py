"""What ``opsledger qa agreement`` found, for people and for machines."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from opsledger.core.quality.agreement import Agreement
from opsledger.core.quality.rater_bias import Mean, RaterBias
from opsledger.core.quality.splits import Split
from opsledger.core.scorecards.statistics import Interval
from opsledger.services.quality.ratings_file import RatingsFile

TITLES = {
    "percent_agreement": "Percent agreement", "krippendorff_alpha": "Krippendorff's alpha", "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2", "fleiss_kappa": "Fleiss' kappa", "cohen_kappa": "Cohen's kappa", "conger_kappa": "Conger's kappa",
    "brennan_prediger": "Brennan-Prediger", "scott_pi": "Scott's pi",
}
REASONS = {
    "NO_PAIRS": "no unit was rated by two raters", "NO_VARIATION": "one category only",
    "NOT_TWO_RATERS": "needs two raters", "NOT_NUMERIC": "needs numbers", "NEGATIVE": "needs numbers from zero up",
    "ONE_UNIT": "one unit only", "ONE_CASE": "one unit only", "FEW_CASES": "two units only",
    "NO_SPREAD": "all are alike",
    "FEW_UNITS": "too few units", "UNSTABLE": "nearly all of one category", "IS_REFERENCE": "the reference",
}


class Found(NamedTuple):
    file: RatingsFile
    confidence: float
    reference: str
    """Whose ratings are the standard; empty: the mean of the others'."""
    agreements: Sequence[Agreement]
    biases: Sequence[RaterBias]
    splits: Sequence[Split]


def document(found: Found) -> dict[str, object]:
    ratings = found.file.ratings
    return {
        "units": ratings.units, "pairable_units": ratings.pairable_units,
        "raters": [] if found.file.anonymous else list(found.file.raters), "ratings": ratings.given,
        "categories": list(ratings.categories), "confidence": found.confidence,
        "agreements": [_agreement(one) for one in found.agreements],
        "reference": found.reference or None,
        "by_rater": [
            {"rater": found.file.raters[one.rater], "units": one.units, "bias": _mean(one.bias), "distance": _mean(one.distance)}
            for one in found.biases
        ],
        "by_question": [
            {
                "question": one.question, "units": one.ratings.units, "pairable_units": one.ratings.pairable_units,
                "percent_agreement": _agreement(one.percent_agreement), "krippendorff_alpha": _agreement(one.alpha),
            }
            for one in found.splits
        ],
    }


def _agreement(one: Agreement) -> dict[str, object]:
    return {
        "coefficient": one.coefficient, "level": one.level, "weights": one.weights, "value": one.value,
        "standard_error": one.standard_error, **_interval(one.interval), "reason": one.reason,
    }


def _mean(one: Mean) -> dict[str, object]:
    return {"value": one.value, **_interval(one.interval), "reason": one.reason}


def _interval(interval: Interval | None) -> dict[str, object]:
    return interval._asdict() if interval else dict.fromkeys(Interval._fields)


def show(found: Found) -> None:
    ratings, console = found.file.ratings, Console()
    sure = f"{100 * found.confidence:.4g} % interval"
    whose = "raters who are not named" if found.file.anonymous else ", ".join(found.file.raters)
    title = f"{ratings.given} ratings of {ratings.units} units by {whose}"
    table = _table(title, "coefficient", "level", "value", "error", sure)
    for one in found.agreements:
        value, interval = _cells(one)
        error = "" if one.standard_error is None else f"{one.standard_error:.4f}"
        table.add_row(TITLES[one.coefficient], one.level or one.weights, value, error, interval)
    console.print(table)
    if found.biases:
        _show_biases(found, console, sure)
    if found.splits:
        table = _table("Questions, the most divided first", "question", "units", "agreement", sure, "alpha", sure)
        for split in found.splits:
            table.add_row(split.question, str(split.ratings.pairable_units), *_cells(split.percent_agreement), *_cells(split.alpha))
        console.print(table)


def _show_biases(found: Found, console: Console, sure: str) -> None:
    standard = f"from {found.reference}" if found.reference else "from the mean of the others"
    table = _table(f"Raters: bias and distance {standard}", "rater", "units", "bias", sure, "distance", sure)
    for each in found.biases:
        table.add_row(found.file.raters[each.rater], str(each.units), *_cells(each.bias, "+"), *_cells(each.distance))
    console.print(table)


_RIGHT = ("value", "error", "units", "bias", "distance", "agreement", "alpha")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in _RIGHT else "left")
    return table


def _cells(one: Agreement | Mean, sign: str = "") -> tuple[str, str]:
    value = "–" if one.value is None else f"{one.value:{sign}.4f}"
    return value, f"{one.interval.low:{sign}.4f} to {one.interval.high:{sign}.4f}" if one.interval else REASONS[one.reason or "NO_PAIRS"]
