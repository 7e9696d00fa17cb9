"""Open clocks as they stand now. The rows say how they stood at the ticket's last fact; since then they have run, or been paused, by the
calendar that was applied last."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from opsledger.core.sla.calendar import Calendar
from opsledger.services.projections.rule_books import read_document
from opsledger.services.projections.tables import rules


class Measured(NamedTuple):
    elapsed_us: int
    paused_us: int


class Calendars:
    """Of the rules that a database has, each read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str, int], Mapping[str, Calendar]] = {}

    def measured(self, row: Any, now_us: int) -> Measured:
        """Elapsed and paused open time of a clock until ``now_us``, or until its end. ``row``: of the table `clocks`, with the ticket's
        ``changed_at_us``."""
        if row.state not in ("running", "paused") or now_us <= row.changed_at_us:
            return Measured(row.elapsed_us, row.paused_us)
        since_us = self._of(row)[row.calendar].elapsed_us(row.changed_at_us, now_us)
        if row.state == "running":
            return Measured(row.elapsed_us + since_us, row.paused_us)
        return Measured(row.elapsed_us, row.paused_us + since_us)

    def _of(self, row: Any) -> Mapping[str, Calendar]:
        key = (row.tenant, row.program, row.rules_version)
        if key not in self._known:
            query = select(rules.c.document_json).where(
                rules.c.tenant == row.tenant, rules.c.program == row.program, rules.c.version == row.rules_version)
            self._known[key] = read_document(self._connection.scalars(query).one()).calendars
        return self._known[key]
