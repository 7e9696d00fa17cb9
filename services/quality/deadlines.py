"""Deadlines by the calendars of a program's SLA rules."""
from __future__ import annotations

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.sla.calendar import ALWAYS, Calendar
from opsledger.proto.quality.v1.evaluations_pb2 import Deadline
from opsledger.services.projections.rule_books import effective_from_us, read_document
from opsledger.services.rules.publishing import in_force
from opsledger.services.rules.registry import RuleRegistry

DEFAULT_DISPUTE_US = 7 * 86_400_000_000


class Deadlines:
    def __init__(self, registry: RuleRegistry) -> None:
        self._registry = registry

    def due_us(self, tenant: str, program: str, calendar: str, from_us: int, within_us: int) -> int:
        """When so much of a calendar's time has gone by since. No calendar: around the clock.

        Raises InvalidInput for a calendar that the rules in force do not have, or that is never open for so long.
        """
        return self._calendar(tenant, program, calendar, from_us).due_us(from_us, within_us)

    def _calendar(self, tenant: str, program: str, name: str, at_us: int) -> Calendar:
        if not name:
            return ALWAYS
        history = self._registry.history(tenant, program)
        begun = any(effective_from_us(rules) <= at_us for rules in history.versions)
        calendars = read_document(in_force(history, at_us).document_json).calendars if begun else {}
        if name not in calendars:
            known = f"; there are {', '.join(sorted(calendars))}" if calendars else ""
            raise InvalidInput(FieldViolation("calendar", "UNKNOWN", f"the rules of {program!r} have no calendar {name!r}{known}"))
        return calendars[name]


def span_us(deadline: Deadline, field: str) -> int:
    """Raises InvalidInput unless it lies ahead."""
    span = deadline.within.seconds * 1_000_000 + deadline.within.nanos // 1_000
    if span <= 0:
        raise InvalidInput(FieldViolation(f"{field}.within", "OUT_OF_RANGE", "must be more than nothing"))
    return span
