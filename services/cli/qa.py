"""``opsledger qa``: scores, samples, and whether scores mean anything."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli import qa_calibration, qa_drift, qa_import, qa_sample, qa_score
from opsledger.services.cli.options import AsJson, DecimalMark, Delimiter, Encoding

if TYPE_CHECKING:
    from opsledger.core.quality.agreement import Scheme
    from opsledger.core.quality.ratings import Level, Ratings
    from opsledger.services.quality.ratings_layout import Reading

group = typer.Typer(no_args_is_help=True, help="Quality assurance: most of it offline.")

_LEVELS = "nominal, ordinal, interval or ratio"
_WEIGHTS = "identity, linear, quadratic, ordinal, radical, ratio, circular or bipolar"
group.command()(qa_score.score)
group.command()(qa_score.rescore)
group.command()(qa_drift.drift)
group.add_typer(qa_calibration.group, name="calibration")
group.command()(qa_sample.sample)
group.command("import")(qa_import.import_evaluations)


@group.command()
def agreement(
    ratings: Annotated[str, typer.Argument(metavar="RATINGS.csv", help="A row per unit and a column per rater, or unit, rater and value.")],
    level: Annotated[list[str] | None, typer.Option(help=f"{_LEVELS}; all that fit unless given.")] = None,
    order: Annotated[str, typer.Option(help="All categories in ascending order: 'poor,fair,good'.", show_default=False)] = "",
    unit: Annotated[str, typer.Option(help="Column that names the unit.", show_default=False)] = "",
    rater: Annotated[str, typer.Option(help="Column that names the rater.", show_default=False)] = "",
    value: Annotated[str, typer.Option(help="Column that holds the rating.", show_default=False)] = "",
    question: Annotated[str, typer.Option(help="Column that names the question.", show_default=False)] = "",
    reference: Annotated[str, typer.Option(help="The rater who is the standard; else the mean of the others is.", show_default=False)] = "",
    raters: Annotated[str, typer.Option(help="Columns that are raters: 'ann,bob'.", show_default=False)] = "",
    raters_in_rows: Annotated[bool, typer.Option("--raters-in-rows", help="A row per rater and a column per unit.")] = False,
    missing: Annotated[list[str] | None, typer.Option(help="A further cell that means: not rated.")] = None,
    delimiter: Delimiter = ",",
    header: Annotated[bool | None, typer.Option("--header/--no-header", help="Whether the first line names the columns.")] = None,
    counts: Annotated[
        bool | None, typer.Option("--counts/--no-counts", help="Whether cells count the raters who chose the column's category.")] = None,
    decimal: DecimalMark = "",
    encoding: Encoding = "",
    weights: Annotated[
        list[str] | None, typer.Option(help=f"Instead of levels: {_WEIGHTS}; or a table in a file.", show_default=False)] = None,
    confidence: Annotated[float | None, typer.Option(help="Level of the intervals; 0.95 unless given.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """How far raters agree (alpha, AC1, AC2, kappas, pi, Brennan-Prediger), how far each is from the others, what splits them.

    Every figure has its interval, or the reason why there is none.
    """
    from opsledger.core.quality.agreement import agreements
    from opsledger.core.quality.rater_bias import rater_biases
    from opsledger.core.quality.splits import splits
    from opsledger.core.scorecards.statistics import CONFIDENCE
    from opsledger.services.cli.agreement_tables import Found, document, show
    from opsledger.services.quality.ratings_file import read_ratings
    from opsledger.services.quality.ratings_layout import Reading

    wanted = CONFIDENCE if confidence is None else confidence
    if not 0 < wanted < 1:
        raise InvalidInput(FieldViolation("--confidence", "OUT_OF_RANGE", "must lie between 0 and 1"))
    reading = Reading(
        unit, rater, value, question, _words(raters), _words(order), tuple(missing or ()), delimiter, header, raters_in_rows, counts,
        as_names=set(level or ()) == {"nominal"}, decimal=decimal, encoding=encoding)
    file = read_ratings(ratings, reading)
    if reference and reference not in file.raters:
        raise InvalidInput(FieldViolation("--reference", "UNKNOWN", f"{reference!r} is none of the raters {', '.join(file.raters)}"))
    levels = _levels(level or [], file.ratings, bool(order))
    schemes = [_scheme(each, level or [], file.ratings, reading) for each in weights or ()]
    found = Found(
        file, wanted, reference, agreements(file.ratings, schemes or levels, wanted, anonymous=file.anonymous),
        [] if file.anonymous else rater_biases(file.ratings, file.raters.index(reference) if reference else None, wanted),
        splits(file.by_question, levels[0], wanted),
    )
    if as_json:
        print(json.dumps(document(found), ensure_ascii=False, indent=2))
    else:
        show(found)


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


def _scheme(asked: str, levels: list[str], ratings: Ratings, reading: Reading) -> Scheme:
    from opsledger.core.quality.agreement import Scheme
    from opsledger.core.quality.weights import Weights
    from opsledger.services.quality.weights_file import read_weights

    if levels:
        raise InvalidInput(FieldViolation("--weights", "INVALID", "goes without --level: a level is a set of weights"))
    if "." in asked or "/" in asked:
        table = read_weights(asked, ratings, delimiter=reading.delimiter, decimal=reading.decimal, encoding=reading.encoding)
        return Scheme(Weights.CUSTOM, None, table)
    if asked not in set(Weights) - {Weights.CUSTOM}:
        raise InvalidInput(FieldViolation("--weights", "UNKNOWN", f"{asked!r} is not {_WEIGHTS}, nor a file such as weights.csv"))
    if asked != Weights.IDENTITY and not ratings.is_numeric and not reading.order:
        raise InvalidInput(FieldViolation("--order", "REQUIRED", f"must give the order of the words for --weights {asked}"))
    return Scheme(Weights(asked))
