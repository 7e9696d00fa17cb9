"""Service level: the share of calls answered within a time. Five formulae are in use and differ by what they do with abandoned calls; a
program names the one that its contract means (docs/scorecards.md shows all five on the same calls)."""
from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Formula(StrEnum):
    """Numerator ÷ denominator. *Short* is a call abandoned no later than the time within which it should have been answered."""

    OF_OFFERED = "of_offered"
    """In time ÷ offered."""
    OF_OFFERED_WITHOUT_SHORT = "of_offered_without_short"
    """In time ÷ (offered − short)."""
    WITH_SHORT_OF_OFFERED = "with_short_of_offered"
    """(In time + short) ÷ offered."""
    OF_ANSWERED = "of_answered"
    """In time ÷ answered."""
    OF_ANSWERED_AND_LATE = "of_answered_and_late"
    """In time ÷ (answered + abandoned later than short)."""


class ServiceLevel(NamedTuple):
    within_us: int
    formula: Formula

    @property
    def words(self) -> str:
        """As a scorecard names it: ``answered within 20 s, of_offered``."""
        return f"answered within {self.within_us / 1_000_000:g} s, {self.formula}"

    def judge(self, *, answered: bool, wait_us: int | None) -> bool | None:
        """Whether a call counts as in time; None when it is no case at all. A wait that the source does not say counts as long."""
        early = wait_us is not None and wait_us <= self.within_us
        if answered:
            return early
        match self.formula:
            case Formula.OF_OFFERED:
                return False
            case Formula.OF_OFFERED_WITHOUT_SHORT:
                return None if early else False
            case Formula.WITH_SHORT_OF_OFFERED:
                return early
            case Formula.OF_ANSWERED:
                return None
            case Formula.OF_ANSWERED_AND_LATE:
                return None if early else False
