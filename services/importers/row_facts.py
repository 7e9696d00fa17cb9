"""The facts of one ticket's rows, as a plan reads them.

A fact's name (event_id) and its place depend on what the rows say, never on where they stand in the file: the same rows in any
order, some of them twice, are the same facts.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from opsledger.core.errors import FieldViolation
from opsledger.core.tickets.facts import Actor, Fact, TicketFact, TicketKey
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import TicketState, begin, evolve
from opsledger.core.tickets.validation import NAME_BYTES_MAX
from opsledger.services.importers.cells import BadValue
from opsledger.services.importers.mapping import FIRST, LAST
from opsledger.services.importers.plan import Plan, RulePlan
from opsledger.services.importers.row_order import TicketRow
from opsledger.services.importers.snapshots import Snapshot, carried, changes, opening
from opsledger.services.importers.writing import derived_id, kind

Refuse = Callable[[int, FieldViolation], None]
"""Told of a row (by its line) that cannot be read."""


class TicketReader:
    """Reads the rows of one ticket."""

    def __init__(self, plan: Plan, ticket: TicketKey, columns: Sequence[str], *, one_row: bool) -> None:
        self._plan, self._columns, self._one_row = plan, columns, one_row
        self._tenant, self._source, self._ticket_id = ticket
        self._names = Counter[str]()
        """How often a name of the ticket itself was used."""
        self._times_held = Counter[int]()
        self._state: TicketState | None = None
        """As the rows before left the ticket, where rules ask for it."""

    @property
    def held(self) -> Collection[int]:
        """The numbers of the rules that held for a row."""
        return self._times_held.keys()

    def read(self, rows: Sequence[TicketRow], refuse: Refuse) -> Iterator[tuple[int, list[TicketFact]]]:
        """(line, facts) of every row that can be read; the rows are given in order."""
        readable = list(self._matched(rows, refuse))
        last = {number: place for place, (_, holding) in enumerate(readable) for number in holding}
        shown: Snapshot | None = None
        for place, (item, holding) in enumerate(readable):
            found = self._before(item)
            names = Counter[str]()
            try:
                if self._plan.snapshot is not None:
                    shown = self._compare(item, shown, names, found)
                speaking = [self._plan.rules[number] for number in self._counted(holding, self._state) if self._speaks(number, place, last)]
                opened_us = _opened_us(item, speaking)
                for rule in speaking:
                    found += self._rule_facts(item, rule, names, opened_us)
            except BadValue as error:
                refuse(item.row.line, error.violation)
                continue
            if self._plan.asks_ticket:
                for fact in in_order(found):
                    self._state = evolve(self._state or begin(fact), fact)
            yield item.row.line, found

    def _before(self, item: TicketRow) -> list[TicketFact]:
        """What is to be said before the row's own facts."""
        return []

    def _counted(self, holding: Sequence[int], state: TicketState | None) -> list[int]:
        """Those of the rules that hold of the ticket too; how often each has held by now is known then."""
        conditions = [(number, self._plan.rules[number].ticket) for number in holding]
        numbers = [number for number, ticket in conditions if ticket is None or ticket(state)]
        self._times_held.update(numbers)
        return numbers

    def _speaks(self, number: int, place: int, last: Mapping[int, int]) -> bool:
        """Whether a rule that holds of the row at this place says its facts there."""
        once = self._plan.rules[number].once
        if once == LAST:
            return last[number] == place
        return once is None or self._times_held[number] == once

    def _matched(self, rows: Sequence[TicketRow], refuse: Refuse) -> Iterator[tuple[TicketRow, list[int]]]:
        """Each row with the numbers of the rules whose conditions hold of it."""
        before: TicketRow | None = None
        for item in rows:
            try:
                cells, cells_before = item.row.cells, before.row.cells if before else None
                yield item, [number for number, rule in enumerate(self._plan.rules) if rule.holds(cells, cells_before)]
            except BadValue as error:
                refuse(item.row.line, error.violation)
                continue
            before = item

    def _compare(self, item: TicketRow, shown: Snapshot | None, names: Counter[str], found: list[TicketFact]) -> Snapshot:
        """Adds the differences between what was shown and what this row shows, which it returns."""
        assert self._plan.snapshot is not None
        actor, now = self._plan.actor(item.row.cells), self._plan.snapshot(item.row.cells)
        opened_at = self._plan.snapshot.opened_at(item.row.cells) if self._plan.snapshot.opened_at else None
        opened_at_us = opened_at.first if opened_at else None
        if shown is None:
            opened, shown = opening(now)
            at_us = item.at_us if opened_at_us is None else opened_at_us
            found.append(self._fact(item, at_us, actor, opened, derived_id("ticket", self._ticket_id, kind(opened))))
        now = carried(shown, now)
        at_us = max(item.at_us, opened_at_us or 0)  # nothing happens to a ticket before it is opened
        found += [self._fact(item, at_us, actor, change, self._name(item, change, at_us, None, names)) for change in changes(shown, now)]
        return now

    def _rule_facts(self, item: TicketRow, rule: RulePlan, names: Counter[str], opened_us: int | None) -> Iterator[TicketFact]:
        cells = item.row.cells
        at_us = item.at_us
        if rule.at is not None:
            instants = rule.at(cells)
            if instants is None:
                return
            at_us = instants.from_(None if rule.opens else opened_us)
        actor = (rule.actor or self._plan.actor)(cells)
        for make in rule.facts:
            fact = make(cells)
            if fact is not None:
                yield self._fact(item, at_us, actor, fact, self._name(item, fact, at_us, rule, names))

    def _name(self, item: TicketRow, fact: Fact, at_us: int, rule: RulePlan | None, names: Counter[str]) -> str:
        """The fact's event_id. Of several facts of a row that would have one name, the later ones get a number."""
        if rule is not None and rule.once == FIRST and rule.event_id is None:
            name, names = derived_id("ticket", self._ticket_id, kind(fact)), self._names
        else:
            name = self._row_name(item, kind(fact), at_us, rule)
        names[name] += 1
        return name if names[name] == 1 else derived_id("again", name, str(names[name]))

    def _row_name(self, item: TicketRow, kind: str, at_us: int, rule: RulePlan | None) -> str:
        cells = item.row.cells
        if rule is not None and rule.event_id is not None and (given := rule.event_id(cells)):
            return given
        if self._plan.event_id is not None and (given := self._plan.event_id(cells)):
            name = f"{given}:{kind}"
            return name if len(name.encode()) <= NAME_BYTES_MAX else derived_id("event", name)
        if self._one_row:
            return derived_id("ticket", self._ticket_id, kind, str(at_us))
        content = [text for pair in sorted(zip(self._columns, cells, strict=True)) for text in pair]
        return derived_id("row", *content, str(item.copy), kind)

    def _fact(self, item: TicketRow, at_us: int, actor: Actor, fact: Fact, event_id: str) -> TicketFact:
        program = self._plan.program(item.row.cells)
        return TicketFact(self._tenant, program, self._source, self._ticket_id, event_id, at_us, item.sequence, actor, fact)


def _opened_us(item: TicketRow, rules: Sequence[RulePlan]) -> int | None:
    """When the row opens the ticket, if it does. Of two instants that one time can mean, what follows takes the one after it."""
    rule = next((rule for rule in rules if rule.opens), None)
    if rule is None or rule.at is None:
        return None if rule is None else item.at_us
    instants = rule.at(item.row.cells)
    return instants.first if instants else None
