"""A mapping bound to a table's columns: what one row says, as functions of its cells."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from opsledger.core.errors import InvalidInput
from opsledger.core.names import lookup_key
from opsledger.core.tickets.facts import Actor, ActorKind, Status
from opsledger.core.tickets.state import TicketState
from opsledger.services.importers.cells import BadValue, Binder, Cells, Test, Text
from opsledger.services.importers.columns import same
from opsledger.services.importers.fact_fields import FactMaker, Maker, Moment, Reading
from opsledger.services.importers.mapping import MappingSpec, RuleSpec, SnapshotSpec
from opsledger.services.importers.mapping_values import ActorSpec, ValueSpec
from opsledger.services.importers.quantities import whole_number
from opsledger.services.importers.snapshots import Snapshot
from opsledger.services.importers.times import TimeReader, ZoneSpan

_NO_PLACE = 1 << 40
"""A value that the order does not name comes after those that it names."""


@dataclass(frozen=True, slots=True)
class RulePlan:
    holds: Test
    ticket: Callable[[TicketState | None], bool] | None
    """What must hold of the ticket as the rows before left it."""
    once: int | None
    """The number of the row that speaks, among those for which it holds; LAST for the last of them."""
    at: Moment | None
    actor: ActorPlan | None
    event_id: Text | None
    facts: tuple[Maker, ...]
    opens: bool
    """One of its facts is the opening."""
    compares: bool
    """Its conditions ask for the row before."""


@dataclass(frozen=True, slots=True)
class ActorPlan:
    id: Text
    kind: Reading

    def __call__(self, cells: Cells) -> Actor:
        name = self.id(cells)
        return Actor(self.kind(cells) or (ActorKind.AGENT if name else ActorKind.SYSTEM), name)


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    readings: Mapping[str, Reading]
    opened_at: Moment | None

    def __call__(self, cells: Cells) -> Snapshot:
        return Snapshot(**{name: value for name, read in self.readings.items() if (value := read(cells)) is not None})


@dataclass(frozen=True, slots=True)
class Plan:
    taken: Test
    """The mapping's ``where``."""
    tenant: Text
    program: Text
    source: Text
    ticket_id: Text
    event_id: Text | None
    instants: Moment | None
    """The time of a row."""
    sequence: Reading
    actor: ActorPlan
    snapshot: SnapshotPlan | None
    as_of: Moment | None
    rules: tuple[RulePlan, ...]

    @property
    def asks_ticket(self) -> bool:
        return any(rule.ticket is not None for rule in self.rules)


def bind(spec: MappingSpec, file: str, columns: Sequence[str], *, delimiter: str = "", typed: bool = False) -> Plan:
    """``delimiter`` is the table's, for errors; ``typed``: its dates come in ISO 8601, whatever the mapping's formats are.

    Raises InvalidInput, naming the mapping file and the key's path, for what does not fit the table.
    """
    binder = Binder(file, columns, spec.format, spec.words, delimiter=delimiter)
    zones = [ZoneSpan(span.zone, span.until) for span in spec.time.zone]
    try:
        times = TimeReader(spec.time.formats, zones, calendar=spec.time.calendar, typed=typed)
    except InvalidInput as error:
        times = TimeReader()
        for violation in error.violations:
            binder.fault(*violation)
    plan = _Binding(binder, times).plan(spec)
    binder.close()
    return plan


class _Binding:
    def __init__(self, binder: Binder, times: TimeReader) -> None:
        self._binder = binder
        self._maker = FactMaker(binder, times)

    def plan(self, spec: MappingSpec) -> Plan:
        text = self._binder.text
        return Plan(
            taken=self._binder.test("where", spec.where, alone=True),
            tenant=text("tenant", spec.tenant), program=text("program", spec.program), source=text("source", spec.source),
            ticket_id=text("ticket_id", spec.ticket_id), event_id=text("event_id", spec.event_id) if spec.event_id else None,
            instants=self._time("occurred_at", spec.occurred_at), sequence=self._sequence(spec), actor=self._actor("actor", spec.actor),
            snapshot=self._snapshot(spec.snapshot) if spec.snapshot else None, as_of=self._time("as_of", spec.as_of),
            rules=tuple(self._rule(f"rules[{number}]", rule) for number, rule in enumerate(spec.rules)),
        )

    def _rule(self, path: str, spec: RuleSpec) -> RulePlan:
        return RulePlan(
            holds=self._binder.test(f"{path}.when", spec.when),
            ticket=self._binder.ticket_test(f"{path}.ticket", spec.ticket) if spec.ticket else None, once=spec.once,
            at=self._time(f"{path}.at", spec.at),
            actor=self._actor(f"{path}.actor", spec.actor) if spec.actor else None,
            event_id=self._binder.text(f"{path}.event_id", spec.event_id) if spec.event_id else None,
            facts=tuple(self._maker.maker(f"{path}.emit[{number}]", kind, given) for number, (kind, given) in enumerate(spec.emit)),
            opens=any(kind == "opened" for kind, _ in spec.emit),
            compares=any(
                test.changed is not None or test.increased is not None for conditions in spec.when for test in conditions.values()
            ),
        )

    def _snapshot(self, spec: SnapshotSpec) -> SnapshotPlan:
        readings = {}
        for field in fields(Snapshot):
            given = getattr(spec, field.name)
            if given is None:
                continue
            path = f"snapshot.{field.name}"
            if field.name == "reopenings":
                readings[field.name] = self._count(path, given)
            else:
                type_name = Status.__name__ if field.name == "status" else str(field.type)
                readings[field.name] = self._maker.reading(path, type_name, given)
        return SnapshotPlan(readings, self._time("snapshot.opened_at", spec.opened_at))

    def _time(self, path: str, spec: ValueSpec | None) -> Moment | None:
        return self._maker.moment(path, spec) if spec else None

    def _actor(self, path: str, spec: ActorSpec) -> ActorPlan:
        kind = self._maker.reading(f"{path}.kind", ActorKind.__name__, spec.kind or ValueSpec(value=""))
        return ActorPlan(self._binder.text(f"{path}.id", spec.id), kind)

    def _sequence(self, spec: MappingSpec) -> Reading:
        if spec.order is not None:
            read = self._binder.cell("order.column", spec.order.column)
            fold = lookup_key if spec.order.ignore_case else same
            places = {fold(value): place for place, value in enumerate(spec.order.values)}
            return lambda cells: places.get(fold(read(cells)), _NO_PLACE)
        return self._count("sequence", spec.sequence) if spec.sequence else lambda cells: 0

    def _count(self, path: str, spec: ValueSpec) -> Reading:
        read = self._binder.text(path, spec)

        def count(cells: Cells) -> Any:
            text = read(cells)
            try:
                return whole_number(text, decimal=self._binder.decimal) if text else 0
            except ValueError as error:
                raise BadValue(path, str(error)) from None

        return count
