"""Numbers as people write them into tables: with a decimal point or a decimal comma, but one of both in a file."""
from __future__ import annotations

import math
import re
from collections.abc import Iterable

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.quality.ratings_table import Cell

_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+")


def number(text: str, decimal: str = ".") -> float | None:
    """A finite number, or None. ``decimal`` is the mark before its fraction, a point or a comma."""
    if "_" in text or (decimal == "," and "." in text):
        return None
    try:
        found = float(text.replace(",", ".") if decimal == "," else text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def decimal_mark(name: str, cells: Iterable[Cell], asked: str = "") -> str:
    """The mark with which the numbers of these cells are written; ``asked`` is what the caller says of it.

    Raises InvalidInput when the file ``name`` has numbers with a point and with a comma, or such as 1,234, which may be either.
    """
    if asked:
        return asked
    points, commas = None, []
    for cell in cells:
        if number(cell.text) is not None:
            points = points or (cell if "." in cell.text else None)
        elif number(cell.text, ",") is not None:
            commas.append(cell)
    if not commas:
        return "."
    first = commas[0]
    if points is not None:
        text = f"has {first.text!r} in {first.place} and {points.text!r} in {points.place}: say --decimal , or --decimal ."
    elif all(_THOUSANDS.fullmatch(cell.text) for cell in commas):
        text = f"has {first.text!r} in {first.place}, which may be a fraction or thousands: say --decimal , or --decimal ."
    else:
        return ","
    raise InvalidInput(FieldViolation(name, "AMBIGUOUS", text))
