"""Giving a database the tables and views of this version, within one transaction, without touching what is not ours."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Table, delete, insert, inspect, text
from sqlalchemy.schema import CreateIndex, DropTable

from opsledger.services.projections import tables
from opsledger.services.projections.schema import SCHEMA_VERSION, Found, State, all_tables, look
from opsledger.services.projections.views import create_views, view_names

CREATE_LOCK = 0x6F70736C65646765
"""Number of the PostgreSQL advisory lock under which tables are created."""
SET_ASIDE = "set_aside"
"""``tickets`` of somebody else becomes ``tickets_set_aside``."""


def hold_schema(connection: Connection) -> None:
    """Nobody else arranges tables until the transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})")


def arrange(connection: Connection) -> list[str]:
    """Make the live tables and views those of this version; what was done to each, empty when all was right.

    A table that fits stays, with its rows, and with what hangs on it. One of another version is made anew, empty. One that is not ours is
    set aside under another name: nobody else's rows are dropped.
    """
    found = look(connection)
    if found.version == SCHEMA_VERSION and not found.faults:
        return []
    granted = list(_grants(connection, found))
    _drop_views(connection)
    done = [said for table in all_tables() for said in _table(connection, table, found)]
    if found.version != SCHEMA_VERSION:
        _make_indexes(connection)
    create_views(connection)
    for statement in granted:
        connection.exec_driver_sql(statement)
    connection.execute(delete(tables.about))
    connection.execute(insert(tables.about).values(schema_version=SCHEMA_VERSION))
    return done + [f"view {name} was missing: made" for name in found.missing_views]


def _table(connection: Connection, table: Table, found: Found) -> Iterator[str]:
    """What was done about one table."""
    state = found.tables[table.name]
    if state is State.FITS:
        return
    if state is State.MISSING:
        yield f"table {table.name} was missing: made"
    elif state is State.OTHER and found.version not in (None, SCHEMA_VERSION):
        connection.execute(DropTable(table))
        yield f"table {table.name} was of version {found.version}: made anew"
    else:
        aside = _free_name(connection, table.name)
        kind = "VIEW" if state is State.NO_TABLE and connection.dialect.name == "postgresql" else "TABLE"
        connection.exec_driver_sql(f"ALTER {kind} {table.name} RENAME TO {aside}")
        yield f"table {table.name} was not one of these read models: it is {aside} now"
    for index in table.indexes:
        connection.execute(text(f"DROP INDEX IF EXISTS {index.name}"))  # one that was set aside has kept its own
    table.create(connection)


def _free_name(connection: Connection, name: str) -> str:
    inspector = inspect(connection)
    taken = {*inspector.get_table_names(), *inspector.get_view_names()}
    names = (f"{name}_{SET_ASIDE}{number or ''}" for number in range(len(taken) + 1))
    return next(each for each in names if each not in taken)


def _make_indexes(connection: Connection) -> None:
    """An index of an earlier version may have had other columns."""
    for table in all_tables():
        for index in table.indexes:
            connection.execute(text(f"DROP INDEX IF EXISTS {index.name}"))
            connection.execute(CreateIndex(index))


def _drop_views(connection: Connection) -> None:
    for name in view_names():
        connection.execute(text(f"DROP VIEW IF EXISTS {name}"))


def _grants(connection: Connection, found: Found) -> Iterable[str]:
    """Statements that give again what people were granted on what is made anew."""
    if connection.dialect.name != "postgresql":
        return ()
    names = [name for name, state in found.tables.items() if state is State.OTHER and found.version not in (None, SCHEMA_VERSION)]
    rows = connection.execute(text(
        "SELECT table_name, privilege_type, CASE grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(grantee) END "
        "FROM information_schema.role_table_grants "
        "WHERE table_schema = current_schema() AND grantee <> current_user AND table_name = ANY(:names)"
    ), {"names": [*names, *view_names()]})
    return [f"GRANT {privilege} ON {name} TO {grantee}" for name, privilege, grantee in rows]
