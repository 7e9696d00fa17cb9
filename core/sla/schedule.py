"""Which hours of which local dates are open: the content of a calendar, before any time zone."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple, TypeAlias

DAY_MINUTES = 24 * 60
Interval: TypeAlias = tuple[int, int]
"""Minutes of a local day, start included, end not: (480, 780) is 08:00-13:00, an end of 1440 is 24:00."""


PUBLIC = "public"


class CountryHolidays(NamedTuple):
    """Holidays as the ``holidays`` library knows them."""

    country: str
    subdivision: str = ""
    observed: bool = True
    """Whether the day off given for a holiday that falls on a weekend is one too."""
    categories: tuple[str, ...] = (PUBLIC,)
    """Which of the country's sorts of holidays count."""


@lru_cache(maxsize=4096)
def holidays_in(where: CountryHolidays, year: int) -> frozenset[date]:
    """The holidays of one year, perhaps with a neighbouring day of another.

    Raises NotImplementedError for a country or subdivision that the library has not, ValueError for a category.
    """
    from holidays import country_holidays  # late: a calendar without a country never pays for it

    found = country_holidays(
        where.country, subdiv=where.subdivision or None, years=year, observed=where.observed, categories=where.categories)
    return frozenset(found)


@lru_cache(maxsize=4096)
def make_up_days_in(where: CountryHolidays, year: int) -> frozenset[date]:
    """The weekend days of one year that are worked in exchange for a day off. Those of December may belong to the year after."""
    from holidays import country_holidays

    found = country_holidays(where.country, subdiv=where.subdivision or None, years=(year, year + 1), observed=where.observed)
    return frozenset(day for day in found.weekend_workdays if day.year == year)


def categories_of(country: str) -> tuple[str, ...]:
    """The sorts of holidays that the country has."""
    from holidays import country_holidays

    return tuple(country_holidays(country).supported_categories)


def subdivisions_of(country: str) -> tuple[str, ...]:
    """The codes of its parts whose holidays differ."""
    from holidays import country_holidays

    return tuple(country_holidays(country).subdivisions)


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
    make_up_weekday: int | None = None
    """Whose hours a make-up day has, Monday is 0; None: a make-up day is like any other of its weekday."""

    def hours_of(self, day: date) -> tuple[Interval, ...]:
        """Of a day that is no special day."""
        if self.is_holiday(day):
            return ()
        own = self.week[day.weekday()]
        return self.week[self.make_up_weekday] if not own and self.make_up_weekday is not None and self.is_make_up_day(day) else own

    def is_make_up_day(self, day: date) -> bool:
        return self.country is not None and day in make_up_days_in(self.country, day.year)

    def is_holiday(self, day: date) -> bool:
        return (
            (day.month, day.day) in self.yearly
            or day in self.dates
            or (self.country is not None and day in holidays_in(self.country, day.year))
        )

    def opens(self) -> bool:
        """Whether any date is open: a special day, or a weekday that the holidays of 28 years (a full cycle of weekdays and leap
        days) leave open."""
        if any(intervals for _, intervals in self.special_days):
            return True
        days = (date.fromordinal(n) for n in range(date(2000, 1, 1).toordinal(), date(2028, 1, 1).toordinal()))
        return any(self.week[day.weekday()] and not self.is_holiday(day) for day in days)
