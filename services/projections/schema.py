"""Which tables this version needs, and whether a database has them."""
from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, Table, inspect, select
from sqlalchemy.engine.interfaces import ReflectedColumn

from opsledger.services.projections.table_sets import LIVE
from opsledger.services.projections.tables import about
from opsledger.services.projections.views import view_names, wordings


class State(StrEnum):
    FITS = "fits"
    MISSING = "is missing"
    OTHER = "has other columns than this version's"
    NO_TABLE = "is no table"


class Found(NamedTuple):
    """What a database has under the names of the read models' tables and views."""

    version: int | None
    """Of the tables; None where nothing says it."""
    tables: dict[str, State]
    missing_views: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return set(self.tables.values()) == {State.MISSING}

    @property
    def faults(self) -> list[str]:
        tables = [f"table {name} {state}" for name, state in self.tables.items() if state is not State.FITS]
        return tables + [f"view {name} is missing" for name in self.missing_views]


def all_tables() -> tuple[Table, ...]:
    return (*LIVE.by_name.values(), about)


def _version() -> int:
    """A number for the definitions of all tables and views: whoever changes one has made another version."""
    tables = [
        (
            table.name, [(column.name, type(column.type).__name__, column.nullable, column.primary_key) for column in table.columns],
            sorted((str(index.name), [column.name for column in index.columns]) for index in table.indexes),
        )
        for table in sorted(all_tables(), key=lambda table: table.name)
    ]
    return int(sha256(repr((tables, wordings())).encode()).hexdigest()[:7], 16)  # fits the 32 bits that versions before had for it


SCHEMA_VERSION = _version()


def look(connection: Connection) -> Found:
    """Only looks."""
    inspector = inspect(connection)
    views = set(inspector.get_view_names())
    names = set(inspector.get_table_names())
    wanted = {table.name for table in all_tables()}
    columns = {name: found for (_, name), found in inspector.get_multi_columns(filter_names=sorted(wanted & names)).items()}
    keys = {name: found for (_, name), found in inspector.get_multi_pk_constraint(filter_names=sorted(wanted & names)).items()}
    tables = {}
    for table in all_tables():
        if table.name in views:
            tables[table.name] = State.NO_TABLE
        elif table.name not in columns:
            tables[table.name] = State.MISSING
        else:
            is_same = _shape(table) == _reflected(columns[table.name], keys[table.name]["constrained_columns"])
            tables[table.name] = State.FITS if is_same else State.OTHER
    says_version = any(column["name"] == "schema_version" for column in columns.get(about.name, ()))
    version = connection.scalar(select(about.c.schema_version)) if says_version else None
    return Found(version, tables, tuple(name for name in view_names() if name not in views))


_Shape = dict[str, tuple[str, bool, bool]]
"""By column: kind, whether NULL may stand there, whether it is of the primary key."""


def _shape(table: Table) -> _Shape:
    return {column.name: (type(column.type).__name__, bool(column.nullable), column.primary_key) for column in table.columns}


def _reflected(columns: list[ReflectedColumn], key: list[str]) -> _Shape:
    return {column["name"]: (_kind(column), column["nullable"], column["name"] in key) for column in columns}


def _kind(column: ReflectedColumn) -> str:
    try:
        return type(column["type"].as_generic()).__name__
    except NotImplementedError:  # a kind of column that only that database has
        return "another"
