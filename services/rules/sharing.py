"""Rules for the partitions that are not their tenant's home.

A program's rules are published in the tenant's home, its tickets stand everywhere. The owner of each other partition copies a version
into it, so that in every partition alone stands what its tickets were judged by, and from which position on.
"""
from __future__ import annotations

from threading import Event

from sqlalchemy import ColumnElement, Engine, exists, not_, select

from opsledger.core.ports import Commit, NewEvent
from opsledger.core.tickets.identity import name16
from opsledger.proto.sla.v1.rules_pb2 import RulesPublished
from opsledger.services.journal.partitions import Partition, divided
from opsledger.services.projections.reached import Reached
from opsledger.services.projections.rule_books import RULES_SHARED, RulesRow
from opsledger.services.projections.store import in_partition
from opsledger.services.projections.tables import rules, shared_rules
from opsledger.services.tickets.codec import timestamp

AT_ONCE = 100
"""Versions in one commit, at most."""
PAUSE_S = 0.25
"""Least time between two looks, so that a busy floor is not followed commit by commit."""
STOP_LOOK_S = 0.5


class RuleSharing:
    """Copies into one partition, for its owner. One thread works. Whoever else does it, and however often: a version is there once."""

    def __init__(self, partition: Partition, engine: Engine) -> None:
        self._partition, self._engine = partition, engine
        self.shared = 0
        """How many versions it has copied."""

    def share(self) -> int:
        """Copy what the read models know of other partitions' rules and not yet of this one's; how many that was."""
        missing = self._missing()
        for start in range(0, len(missing), AT_ONCE):
            events = [_event(row) for row in missing[start:start + AT_ONCE]]
            for some in divided(events, self._partition.fits):
                self.shared += self._partition.append(Commit(some)).duplicates.count(False)
        return len(missing)

    def run(self, stop: Event, reached: Reached) -> None:
        """Copy whenever the read models have moved, until ``stop`` is set. Raises what the database or the journal raises; may be
        run again then."""
        looked_at = -1
        while not stop.is_set():
            if (times := reached.wait_for_change(looked_at, STOP_LOOK_S)) != looked_at:
                looked_at = times
                self.share()
                stop.wait(PAUSE_S)

    def _missing(self) -> list[RulesRow]:
        number = self._partition.number
        known = exists().where(in_partition(shared_rules, number), *_same_version())
        query = select(rules).where(not_(in_partition(rules, number)), not_(known)).order_by(rules.c.position)
        with self._engine.connect() as connection:
            return [RulesRow(*row) for row in connection.execute(query)]


def _same_version() -> list[ColumnElement[bool]]:
    return [rules.c[name] == shared_rules.c[name] for name in ("tenant", "program", "version")]


def _event(row: RulesRow) -> NewEvent:
    """The key names the publication, so that it is recorded once in a partition."""
    message = RulesPublished(
        tenant=row.tenant, program=row.program, version=row.version, document_json=row.document_json, published_by=row.published_by,
    )
    if row.effective_from_us:
        message.effective_from.CopyFrom(timestamp(row.effective_from_us))
    return NewEvent(
        name16("rules shared", row.tenant, row.program), RULES_SHARED, row.tenant, row.effective_from_us,
        message.SerializeToString(deterministic=True), key=name16("rules shared", str(row.position)),
    )
