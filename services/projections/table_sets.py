"""The live tables, and their shadow in which a rebuild works."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table

from opsledger.services.projections import decision_views, tables

MODEL_TABLES = (
    *tables.TICKET_TABLES, tables.announcements, tables.rules, tables.program_offsets, tables.shared_rules, tables.unreadable,
    *decision_views.TABLES,
)
"""All that a rebuild makes anew."""
SHADOW_PREFIX = "shadow_"


@dataclass(frozen=True, slots=True)
class TableSet:
    """One set of the tables, by the names of tables.py."""

    by_name: Mapping[str, Table]

    def of(self, table: Table) -> Table:
        """The table of this set that has the columns of ``table``."""
        return self.by_name[table.name]


LIVE = TableSet({table.name: table for table in (*MODEL_TABLES, tables.positions)})


def _shadow() -> TableSet:
    metadata = MetaData()
    copies = {name: table.to_metadata(metadata, name=SHADOW_PREFIX + name) for name, table in LIVE.by_name.items()}
    for copy in copies.values():
        copy.indexes.clear()  # an index serves readers, and its name is taken
    return TableSet(copies)


SHADOW = _shadow()


def create_shadow(connection: Connection) -> None:
    """Make the shadow tables anew, empty; what a killed rebuild left is dropped."""
    drop_shadow(connection)
    _metadata(SHADOW).create_all(connection)


def drop_shadow(connection: Connection) -> None:
    _metadata(SHADOW).drop_all(connection)


def _metadata(table_set: TableSet) -> MetaData:
    return next(iter(table_set.by_name.values())).metadata
