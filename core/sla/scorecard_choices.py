"""The ``scorecards`` of a rules document."""
from __future__ import annotations

from opsledger.core.scorecards.choices import Choices, Credit
from opsledger.core.scorecards.service_level import Formula, ServiceLevel
from opsledger.core.sla.reading import RulesReading


def read_choices(reading: RulesReading, value: object, field: str) -> Choices:
    """Raises nothing: what is wrong is noted in ``reading``."""
    entries = reading.mapping(value, field, known=("service_level", "resolutions_credited_to", "abandoned_calls_count"))
    level = f"{field}.service_level"
    return Choices(
        service_level=_service_level(reading, entries["service_level"], level) if "service_level" in entries else None,
        resolutions_credited_to=Credit(
            reading.one_of(entries.get("resolutions_credited_to", "owner"), f"{field}.resolutions_credited_to", [*Credit])
        ),
        abandoned_calls_count=reading.flag(entries.get("abandoned_calls_count", False), f"{field}.abandoned_calls_count"),
    )


def _service_level(reading: RulesReading, value: object, field: str) -> ServiceLevel:
    entries = reading.mapping(value, field, known=("within", "formula"), required=("within", "formula"))
    return ServiceLevel(
        reading.duration_us(entries.get("within", "1s"), f"{field}.within", least_us=1),
        Formula(reading.one_of(entries.get("formula", Formula.OF_OFFERED), f"{field}.formula", [*Formula])),
    )
