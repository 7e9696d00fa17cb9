"""Rebuilding the read models: fold the journal into shadow tables, then make the live ones equal to them in one transaction.

The live tables stay where they are and only the rows that differ are written: readers see all of it or nothing, and the
grants, views and plans that people hang on the tables survive. Tables that are missing, of another version or not ours are made
anew in that same transaction (arranging.py). A rebuild that is killed has changed nothing; the next one drops its shadow.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from sqlalchemy import CompoundSelect, Connection, Engine, Table, delete, except_, func, insert, inspect, select, tuple_

from opsledger.services.journal.partitions import Partition
from opsledger.services.projections.arranging import arrange, hold_schema
from opsledger.services.projections.database import writer
from opsledger.services.projections.following import tell
from opsledger.services.projections.rebuild_lock import rebuild_lock
from opsledger.services.projections.runner import Projector, Told
from opsledger.services.projections.store import Place, hold_places, places
from opsledger.services.projections.table_sets import LIVE, MODEL_TABLES, SHADOW, create_shadow, drop_shadow
from opsledger.services.projections.tables import positions

OpenPartitions = Callable[[], AbstractContextManager[Sequence[Partition]]]
"""Opens all partitions of the journal as they are now, for reading."""
Places = dict[int, Place]
"""By partition."""
ATTEMPTS_MAX = 20
"""How often the shadow follows live tables that move on meanwhile; then they are set back a little, and a projector goes on from there."""
EXAMPLES_MAX = 5


class Difference(NamedTuple):
    """What is wrong with one live table."""

    table: str
    surplus: int
    """Rows that are there but do not follow from the journal."""
    missing: int
    """Rows that follow from the journal but are not there. A row with a wrong value counts in both."""
    examples: tuple[dict[str, object], ...]
    """Keys of some of these rows."""


class Result(NamedTuple):
    positions: tuple[int, ...]
    """Up to where the tables were rebuilt, or compared, in each partition that has been begun."""
    differences: tuple[Difference, ...]
    """Of the tables that differed."""
    arranged: tuple[str, ...] = ()
    """What was done to tables and views themselves."""


def rebuild(open_partitions: OpenPartitions, engine: Engine, progress: Told | None = None) -> Result:
    """Make the live tables what the journal says. Raises DatabaseUnusable when another rebuild is at work, JournalDamaged."""
    with _shadow(engine):
        for attempts_left in reversed(range(ATTEMPTS_MAX)):
            _follow(open_partitions, engine, progress)
            with _held(engine, to_repair=True) as (connection, live, shadow, arranged):
                if attempts_left and any(_is_ahead(place, shadow.get(number)) for number, place in live.items()):
                    connection.rollback()
                    continue
                differences = _differences(connection)
                for table in (*MODEL_TABLES, positions):
                    _replace(connection, LIVE.of(table), SHADOW.of(table))
                for place in shadow.values():
                    tell(connection, place.position)
                break
        return Result(_positions(shadow), differences, tuple(arranged))


def check(open_partitions: OpenPartitions, engine: Engine, progress: Told | None = None) -> Result:
    """Compare the live tables with what the journal says up to their positions; they are not touched.

    Raises DatabaseUnusable when a rebuild is at work, JournalDamaged.
    """
    with _shadow(engine):
        for attempts_left in reversed(range(ATTEMPTS_MAX)):
            with _held(engine) as (connection, live, shadow, _):
                if _positions(live) == _positions(shadow) or not attempts_left:
                    return Result(_positions(live), _differences(connection))
            _follow(open_partitions, engine, progress, live)
    raise AssertionError("the last attempt returns")


@contextmanager
def _held(engine: Engine, *, to_repair: bool = False) -> Iterator[tuple[Connection, Places, Places, list[str]]]:
    """A transaction in which the live tables stay where they are, and where they and the shadow are; and what was repaired."""
    with writer(engine).connect() as connection, connection.begin():
        if inspect(connection).has_table(positions.name):
            hold_places(connection)
        arranged = []
        if to_repair:
            hold_schema(connection)
            arranged = arrange(connection)
        yield connection, places(connection, LIVE), places(connection, SHADOW), arranged


def _is_ahead(live: Place, shadow: Place | None) -> bool:
    return shadow is not None and live.origin == shadow.origin and live.position > shadow.position


def _positions(of: Places) -> tuple[int, ...]:
    return tuple(place.position for place in of.values())


@contextmanager
def _shadow(engine: Engine) -> Iterator[None]:
    with rebuild_lock(engine):
        with writer(engine).begin() as connection:
            create_shadow(connection)
        try:
            yield
        finally:
            with writer(engine).begin() as connection:
                drop_shadow(connection)


def _follow(open_partitions: OpenPartitions, engine: Engine, progress: Told | None, up_to: Places | None = None) -> None:
    """Bring the shadow to where the journal is now, or to where the live tables were."""
    with open_partitions() as partitions:
        for partition in partitions:
            projector = Projector(partition, engine, table_set=SHADOW)
            if up_to is None:
                projector.catch_up(progress)
            elif place := up_to.get(partition.number):
                projector.catch_up(progress, up_to=place.position)


def _differences(connection: Connection) -> tuple[Difference, ...]:
    found = (_difference(connection, LIVE.of(table), SHADOW.of(table)) for table in MODEL_TABLES)
    return tuple(difference for difference in found if difference.surplus or difference.missing)


def _difference(connection: Connection, live: Table, shadow: Table) -> Difference:
    surplus, missing = _except(live, shadow), _except(shadow, live)
    keys = [column.name for column in live.primary_key]
    examples = dict.fromkeys(
        tuple(getattr(row, key) for key in keys)
        for query in (surplus, missing) for row in connection.execute(query.order_by(*keys).limit(EXAMPLES_MAX))
    )
    return Difference(
        live.name, _count(connection, surplus), _count(connection, missing),
        tuple(dict(zip(keys, values, strict=True)) for values in list(examples)[:EXAMPLES_MAX]),
    )


def _count(connection: Connection, query: CompoundSelect[tuple[object, ...]]) -> int:
    return connection.scalar(select(func.count()).select_from(query.subquery())) or 0


def _except(these: Table, those: Table) -> CompoundSelect[tuple[object, ...]]:
    """The rows of one table that the other has not."""
    return except_(select(*these.columns), select(*those.columns))


def _replace(connection: Connection, live: Table, shadow: Table) -> None:
    surplus = _except(live, shadow).subquery()
    keys: Sequence[str] = [column.name for column in live.primary_key]
    connection.execute(delete(live).where(tuple_(*(live.c[key] for key in keys)).in_(select(*(surplus.c[key] for key in keys)))))
    connection.execute(insert(live).from_select([column.name for column in live.columns], _except(shadow, live)))
