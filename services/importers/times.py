"""How a source writes instants: text in one of several formats, with an offset or in a time zone."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from opsledger.core.errors import FieldViolation, InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_EPOCH_COUNT_MAX = 10**17
_EPOCH_UNITS_US = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


class TimeReader:
    """Reads instants by the first format that fits: ``iso`` (ISO 8601), ``epoch_s``, ``epoch_ms``, ``epoch_us`` or a pattern of strptime.

    A time without offset is local to ``zone``. One that the clock shows twice is the first of the two, or the second when the
    first lies before ``not_before_us``; one that the clock skips is read with the offset before the gap, as Python does.
    """

    def __init__(self, formats: Sequence[str] = ("iso",), zone: str = "UTC", *, field: str = "time.zone") -> None:
        """Raises InvalidInput for an unknown time zone."""
        try:
            self._zone = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise InvalidInput(FieldViolation(field, "UNKNOWN", f"there is no time zone {zone!r}")) from None
        self._formats = tuple(formats)
        self._instants = lru_cache(maxsize=100_000)(self._read)

    def instant_us(self, text: str, *, not_before_us: int | None = None) -> int:
        """Microseconds since 1970 UTC. Raises ValueError, saying which formats were tried."""
        first, second = self._instants(text)
        return second if not_before_us is not None and first < not_before_us else first

    def _read(self, text: str) -> tuple[int, int]:
        for form in self._formats:
            try:
                if unit_us := _EPOCH_UNITS_US.get(form):
                    count = Decimal(text)
                    if not count.copy_abs() < _EPOCH_COUNT_MAX:
                        continue
                    at_us = int(count * unit_us)
                    return at_us, at_us
                moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
                return self._both(moment)
            except (ValueError, InvalidOperation, OverflowError):
                continue
        raise ValueError(f"{text!r} is not a time in {' or '.join(map(repr, self._formats))}")

    def _both(self, moment: datetime) -> tuple[int, int]:
        if moment.tzinfo is not None:
            at_us = (moment - _EPOCH) // _US
            return at_us, at_us
        first, second = ((moment.replace(tzinfo=self._zone, fold=fold) - _EPOCH) // _US for fold in (0, 1))
        return first, max(first, second)
