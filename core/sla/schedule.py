"""Which hours of which local dates are open: the content of a calendar, before any time zone."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple, TypeAlias

DAY_MINUTES = 24 * 60
Interval: TypeAlias = tuple[int, int]
"""Minutes of a local day, start included, end not: (480, 780) is 08:00-13:00, an end of 1440 is 24:00."""


class CountryHolidays(NamedTuple):
    """Public holidays as the ``holidays`` library knows them."""

    country: str
    subdivision: str = ""
    observed: bool = True
    """Whether the day off given for a holiday that falls on a weekend is one too."""


@lru_cache(maxsize=4096)
def public_holidays(where: CountryHolidays, year: int) -> frozenset[date]:
    """The public holidays of one year, perhaps with a neighbouring day of another.

    Raises NotImplementedError for a country or subdivision that the library has not.
    """
    from holidays import country_holidays  # late: a calendar without a country never pays for it

    found = country_holidays(where.country, subdiv=where.subdivision or None, years=year, observed=where.observed)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Special days before holidays before the week. Immutable, hashable by content."""

    week: tuple[tuple[Interval, ...], ...]
    """Monday first; intervals sorted and disjoint."""
    country: CountryHolidays | None = None
    dates: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    """(month, day) that is a holiday every year."""
    special_days: tuple[tuple[date, tuple[Interval, ...]], ...] = ()
    """Sorted by date."""

    def is_holiday(self, day: date) -> bool:
        return (
            (day.month, day.day) in self.yearly
            or day in self.dates
            or (self.country is not None and day in public_holidays(self.country, day.year))
        )

    def opens(self) -> bool:
        """Whether any date is open: a special day, or a weekday that the holidays of 28 years (a full cycle of weekdays and leap
        days) leave open."""
        if any(intervals for _, intervals in self.special_days):
            return True
        days = (date.fromordinal(n) for n in range(date(2000, 1, 1).toordinal(), date(2028, 1, 1).toordinal()))
        return any(self.week[day.weekday()] and not self.is_holiday(day) for day in days)
