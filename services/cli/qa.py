"""``opsledger qa``: whether quality scores mean anything, offline."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import AsJson

if TYPE_CHECKING:
    from opsledger.core.quality.agreement import Agreement
    from opsledger.core.quality.ratings import Level, Ratings
    from opsledger.services.quality.ratings_file import RatingsFile

group = typer.Typer(no_args_is_help=True, help="Quality assurance, offline.")

_LEVELS = "nominal, ordinal, interval or ratio"
_TITLES = {
    "percent_agreement": "Percent agreement", "krippendorff_alpha": "Krippendorff's alpha", "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2", "fleiss_kappa": "Fleiss' kappa", "cohen_kappa": "Cohen's kappa", "scott_pi": "Scott's pi",
}
_REASONS = {
    "NO_PAIRS": "no unit was rated by two raters", "NO_VARIATION": "only one category was used",
    "NOT_TWO_RATERS": "needs two raters", "NOT_NUMERIC": "needs numbers", "NEGATIVE": "needs numbers from zero up",
    "ONE_UNIT": "one unit only", "NO_SPREAD": "all resamples agree", "UNSTABLE": "not defined for many resamples",
}


@group.callback()
def _group() -> None:
    """Keeps ``agreement`` a command of its own while it is the only one."""


@group.command()
def agreement(
    ratings: Annotated[str, typer.Argument(metavar="RATINGS.csv", help="A row per unit and a column per rater, or unit, rater and value.")],
    level: Annotated[list[str] | None, typer.Option(help=f"{_LEVELS}; all that fit unless given.")] = None,
    order: Annotated[str, typer.Option(help="All categories in ascending order: 'poor,fair,good'.", show_default=False)] = "",
    unit: Annotated[str, typer.Option(help="Column that names the unit.", show_default=False)] = "",
    rater: Annotated[str, typer.Option(help="Column that names the rater.", show_default=False)] = "",
    value: Annotated[str, typer.Option(help="Column that holds the rating.", show_default=False)] = "",
    raters: Annotated[str, typer.Option(help="Columns that are raters: 'ann,bob'.", show_default=False)] = "",
    missing: Annotated[list[str] | None, typer.Option(help="A further cell that means: not rated.")] = None,
    delimiter: Annotated[str, typer.Option(help="Between cells; 'tab' for tabs.")] = ",",
    header: Annotated[bool | None, typer.Option("--header/--no-header", help="Whether the first line names the columns.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Level of the intervals; 0.95 unless given.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """How far raters agree: alpha, AC1, AC2, kappa and pi, each with its bootstrap interval or the reason why there is none."""
    from opsledger.core.quality.agreement import agreements
    from opsledger.core.scorecards.statistics import CONFIDENCE
    from opsledger.services.quality.ratings_file import Reading, read_ratings

    wanted = CONFIDENCE if confidence is None else confidence
    if not 0 < wanted < 1:
        raise InvalidInput(FieldViolation("--confidence", "OUT_OF_RANGE", "must lie between 0 and 1"))
    separator = "\t" if delimiter == "tab" else delimiter
    if len(separator) != 1:
        raise InvalidInput(FieldViolation("--delimiter", "INVALID", "must be one character, or tab"))
    reading = Reading(unit, rater, value, _words(raters), _words(order), tuple(missing or ()), separator, header)
    file = read_ratings(ratings, reading)
    found = agreements(file.ratings, _levels(level or [], file.ratings, bool(order)), wanted)
    if as_json:
        print(json.dumps(_document(file, found, wanted), ensure_ascii=False, indent=2))
    else:
        _print(file, found, wanted)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _levels(asked: list[str], ratings: Ratings, ordered: bool) -> list[Level]:
    """Those that were asked for, or all at which the ratings can be read: words have an order only where one is given."""
    from opsledger.core.quality.agreement import levels_of
    from opsledger.core.quality.ratings import Level

    if not asked:
        return [*levels_of(ratings), *([Level.ORDINAL] if ordered and not ratings.is_numeric else [])]
    for word in asked:
        if word not in list(Level):
            raise InvalidInput(FieldViolation("--level", "UNKNOWN", f"{word!r} is not {_LEVELS}"))
        if word == Level.ORDINAL and not ratings.is_numeric and not ordered:
            raise InvalidInput(FieldViolation("--order", "REQUIRED", "must give the order of the words for --level ordinal"))
    return [Level(word) for word in asked]


def _document(file: RatingsFile, found: list[Agreement], confidence: float) -> dict[str, object]:
    ratings = file.ratings
    return {
        "units": ratings.units, "pairable_units": ratings.pairable_units, "raters": list(file.raters), "ratings": ratings.given,
        "categories": list(ratings.categories), "confidence": confidence,
        "agreements": [
            {
                "coefficient": one.coefficient, "level": one.level, "value": one.value,
                "low": one.interval and one.interval.low, "high": one.interval and one.interval.high,
                "method": one.interval and one.interval.method, "reason": one.reason,
            }
            for one in found
        ],
    }


def _print(file: RatingsFile, found: list[Agreement], confidence: float) -> None:
    from rich.console import Console
    from rich.table import Table

    ratings = file.ratings
    title = f"{ratings.given} ratings of {ratings.units} units by {', '.join(file.raters)}"
    table = Table(title=title, title_justify="left")
    for title in ("coefficient", "level", "value", f"{100 * confidence:.4g} % interval"):
        table.add_column(title, justify="right" if title == "value" else "left")
    for one in found:
        value = "–" if one.value is None else f"{one.value:.4f}"
        interval = f"{one.interval.low:.4f} to {one.interval.high:.4f}" if one.interval else _REASONS[one.reason or "NO_PAIRS"]
        table.add_row(_TITLES[one.coefficient], one.level, value, interval)
    Console().print(table)
