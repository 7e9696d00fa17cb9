"""The rows of a ticket of which the ledger holds facts already, as a plan reads them: a longer export of a log, or the next one."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.state import begin, evolve
from opsledger.services.importers.comparing import Note
from opsledger.services.importers.fact_fields import FACTS
from opsledger.services.importers.known_ticket import KnownTicket, Place, place_of
from opsledger.services.importers.mapping import FIRST
from opsledger.services.importers.plan import Plan, RulePlan
from opsledger.services.importers.row_facts import Refuse, TicketReader
from opsledger.services.importers.row_order import TicketRow
from opsledger.services.importers.snapshots import CHANGES, Snapshot, of_state, overlaid
from opsledger.services.importers.writing import derived_id

NOT_COMPARED = "facts left out: their rule compares a row with the one before it, which is only in an earlier export (let exports overlap)"
COUNTED_ALONE = "facts of rules with once: last or a number: the rows of an earlier export are not counted"


class FurtherReader(TicketReader):
    """Says known facts as they are held, and of a snapshot what the ledger does not show."""

    def __init__(
        self, plan: Plan, ticket: TicketKey, columns: Sequence[str], held: Sequence[TicketFact], *, attributes: Collection[str],
        numbered: bool, note: Note,
    ) -> None:
        """``attributes``: those that snapshots show. ``numbered``: the sequence of rows is their place among those of their instant."""
        super().__init__(plan, ticket, columns, one_row=False)
        self._known, self._attributes, self._numbered, self._note = KnownTicket(held, note), attributes, numbered, note
        self._first: TicketRow | None = None
        self._silent = set[TicketRow]()
        """Rows that earlier exports had too, although they said nothing: rows after them, of the same instant, are known."""

    def read(self, rows: Sequence[TicketRow], refuse: Refuse) -> Iterator[tuple[int, list[TicketFact]]]:
        rows = self._placed(rows) if self._numbered else rows
        self._first = rows[0] if rows else None
        yield from super().read(rows, refuse)
        if rows:
            yield rows[-1].row.line, self._known.end()

    def _before(self, item: TicketRow) -> list[TicketFact]:
        found = self._known.reach(Place(item.at_us, item.sequence))
        self._state = self._known.state
        opened = self._known.named.get(derived_id("ticket", self._ticket_id, "opened"))
        if opened is not None and item is self._first and self._plan.snapshot is not None:
            found.append(opened)
        return found

    def _compare(self, item: TicketRow, shown: Snapshot | None, names: Counter[str], found: list[TicketFact]) -> Snapshot:
        if shown is None and not self._known.is_opened:
            opening: list[TicketFact] = []
            now = super()._compare(item, shown, names, opening)
            for fact in opening:
                self._known.learn(fact)
            found += opening
            return now
        assert self._plan.snapshot is not None
        actor, now = self._plan.actor(item.row.cells), self._plan.snapshot(item.row.cells)
        if item in self._silent:
            return now
        said = {fact.event_id: fact for fact in self._held(item, CHANGES)}
        fields = self._plan.snapshot.readings
        for fact in self._known.shows(
            lambda before: overlaid(before, now, fields, self._attributes),
            lambda change: self._fact(item, item.at_us, actor, change, self._name(item, change, item.at_us, None, names)),
            is_known=bool(said),
        ):
            said[fact.event_id] = fact
        found += said.values()
        return now

    def _rule_facts(self, item: TicketRow, rule: RulePlan, names: Counter[str], opened_us: int | None) -> Iterator[TicketFact]:
        for fact in super()._rule_facts(item, rule, names, opened_us):
            held = self._known.named.get(fact.event_id)
            if held is not None:
                yield held if rule.once == FIRST or fact.fact == held.fact else fact
                continue
            if rule.compares and item is self._first and not self._is_news(fact):
                continue
            if rule.once not in (None, FIRST):
                self._note(COUNTED_ALONE)
            self._known.learn(fact)
            yield fact

    def _is_news(self, fact: TicketFact) -> bool:
        """Whether a fact of a rule that compares rows says what the ledger does not show; the row before is not in the file."""
        before = self._known.state or begin(fact)
        after = evolve(before, fact)
        if (of_state(after), after.tags) != (of_state(before), before.tags):
            return True
        if not isinstance(fact.fact, tuple(FACTS[kind] for kind in CHANGES)):
            self._note(NOT_COMPARED)
        return False

    def _held(self, item: TicketRow, kinds: Collection[str]) -> list[TicketFact]:
        names = (self._row_name(item, kind, item.at_us, None) for kind in kinds)
        return [self._known.named[name] for name in names if name in self._known.named]

    def _placed(self, rows: Sequence[TicketRow]) -> list[TicketRow]:
        """Rows of an instant of which facts are held stand where they are held, new ones after them."""
        last: dict[int, int] = {}
        for fact in self._known.named.values():
            last[fact.occurred_at_us] = max(last.get(fact.occurred_at_us, 0), fact.sequence)
        placed: list[TicketRow] = []
        known_after: set[int] = set()
        for item in reversed(rows):
            held = [fact for fact in self._held(item, FACTS) if fact.occurred_at_us == item.at_us]
            if held:
                known_after.add(item.at_us)
                item = replace(item, sequence=place_of(held[0]).sequence)
            placed.append(item)
            if not held and item.at_us in known_after:
                self._silent.add(item)
        found: list[TicketRow] = []
        for item in reversed(placed):
            is_new = item.at_us in last and item.at_us not in known_after
            after_known = item.at_us in known_after and item not in self._silent and not self._held(item, FACTS)
            if is_new or after_known:
                last[item.at_us] += 1
                item = replace(item, sequence=last[item.at_us])
            found.append(item)
        return found
