"""Which questions split raters: agreement question by question, the most divided first."""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from opsledger.core.quality.agreement import Agreement, agreement
from opsledger.core.quality.ratings import Level, Ratings
from opsledger.core.scorecards.statistics import CONFIDENCE


class Split(NamedTuple):
    question: str
    ratings: Ratings
    percent_agreement: Agreement
    alpha: Agreement
    """Krippendorff's. Not defined where all say the same, which is no sign of division."""


def splits(by_question: Mapping[str, Ratings], level: Level = Level.NOMINAL, confidence: float = CONFIDENCE) -> list[Split]:
    """By percent agreement, then alpha, then name; those of which nothing can be said come last.

    Percent agreement leads because it is defined whenever two raters met, and is the same for questions with few and with many answers.
    Ratings in words are compared at the nominal level whatever ``level`` says.
    """
    found = [
        Split(question, ratings, *(
            agreement(ratings, name, level if ratings.is_numeric or not level.is_numeric else Level.NOMINAL, confidence)
            for name in ("percent_agreement", "krippendorff_alpha")
        ))
        for question, ratings in by_question.items()
    ]
    return sorted(found, key=lambda split: (*_ascending(split.percent_agreement), *_ascending(split.alpha), split.question))


def _ascending(found: Agreement) -> tuple[bool, float]:
    return found.value is None, found.value or 0.0
