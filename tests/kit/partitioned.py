"""One journal's events over several partitions, with all that works on them, moved step by step."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from sqlalchemy import Connection, Engine, Table, select

from opsledger.core.partitions import partition_of
from opsledger.core.ports import Commit, NewEvent, Receipt
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.table_sets import MODEL_TABLES
from opsledger.services.projections.tables import announcements, shared_rules
from opsledger.services.rules.sharing import RuleSharing
from opsledger.services.timers.announcer import Announcer

PLACES = ("position", "partition")
"""Columns that say where in the journal."""


class Narrow(Numbered):
    """A commit of it takes few events, as that of a topic with small records."""

    def fits(self, events: Sequence[NewEvent]) -> bool:
        return len(events) <= 2

    def append(self, commit: Commit) -> Receipt:
        assert self.fits(commit.events)
        return super().append(commit)


class Floor:
    """The projectors, rule sharing and timer services of all partitions, on one database."""

    def __init__(self, engine: Engine, partitions: int, now_us: int) -> None:
        self.journals = [MemoryJournal(lambda: now_us) for _ in range(partitions)]
        self.parts = [Narrow(journal, number) for number, journal in enumerate(self.journals)]
        self._engine, self._now_us = engine, now_us
        self.projectors = [self._projector(number, 1_000) for number in range(partitions)]
        self.sharing = [RuleSharing(part, engine) for part in self.parts]
        self.announcers = [self._announcer(number) for number in range(partitions)]

    def _projector(self, number: int, batch_events: int) -> Projector:
        return Projector(self.parts[number], self._engine, batch_events=batch_events)

    def _announcer(self, number: int) -> Announcer:
        return Announcer(self.parts[number], self._engine, now_us=lambda: self._now_us)

    def record(self, event: NewEvent) -> None:
        self.journals[partition_of(event, len(self.journals))].append(Commit([event]))

    def something(self, chance: Random) -> None:
        """Whatever may happen next."""
        number = chance.randrange(len(self.parts))
        match chance.randrange(6):
            case 0:  # a restart, or another node
                self.projectors[number] = self._projector(number, chance.randrange(1, 20))
                self.announcers[number] = self._announcer(number)
            case 1:
                self.sharing[number].share()
            case 2:
                self.announcers[number].announce()
            case _:
                projector = self.projectors[number]
                projector.catch_up(up_to=projector.position + chance.randrange(1, 30))

    def settle(self) -> None:
        """Until there is nothing more to do."""
        looked = None
        while looked != (looked := [journal.position for journal in self.journals]):
            self._catch_up()
            for sharing, announcer in zip(self.sharing, self.announcers, strict=True):
                sharing.share()
                announcer.announce()
        self._catch_up()

    def _catch_up(self) -> None:
        for projector in self.projectors:
            projector.catch_up()


def rows_but_for_places(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the read models, without where it stands in the journal. What only several partitions need is left out; of the
    announcements there are those that stand, since what is said and taken back depends on the moment."""
    with engine.connect() as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(select(*_columns(table)))), key=repr)
            for table in MODEL_TABLES if table not in (shared_rules, announcements)
        }
        return found | {announcements.name: _standing(connection)}


def _standing(connection: Connection) -> list[tuple[object, ...]]:
    standing: set[tuple[object, ...]] = set()
    for row in connection.execute(select(announcements).order_by(announcements.c.position)):
        about = (row.tenant, row.source, row.ticket_id, row.metric, row.cycle, row.retracts or row.kind, row.step, row.at_us)
        if row.kind == "retraction":
            standing.remove(about)
        else:
            assert about not in standing, f"said twice: {about}"
            standing.add(about)
    return sorted(standing)


def _columns(table: Table) -> Iterable[object]:
    return [column for column in table.columns if column.name not in PLACES]
