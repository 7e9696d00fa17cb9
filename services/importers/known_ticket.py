"""A ticket of which the ledger holds facts already, read along with the rows of a file that show it.

Pure. The facts of a row are its differences from the ticket as what is held, and what earlier rows of the file added, leave it there. A
row of the time before what is held is put between: what it says ends where the next held fact begins.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from opsledger.core.tickets.facts import Fact, Opened, Reopened, TicketFact
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import TicketState, begin, evolve
from opsledger.services.importers.comparing import Note
from opsledger.services.importers.snapshots import Snapshot, changes, of_state
from opsledger.services.importers.writing import derived_id, kind

COUNT_UNKNOWN = "reopening counts that cannot be compared: the first export began above 0, and the row before is not in this one"


class Place(NamedTuple):
    """Where facts stand in a ticket's life, before their rank."""

    at_us: int
    sequence: int


def place_of(fact: TicketFact) -> Place:
    return Place(fact.occurred_at_us, fact.sequence)


class KnownTicket:
    """Rows must come in the order of their places."""

    def __init__(self, held: Sequence[TicketFact], note: Note) -> None:
        self._ahead = deque(in_order(held))
        self.named = {fact.event_id: fact for fact in held}
        self.is_opened = any(isinstance(fact.fact, Opened) for fact in held)
        self.last = place_of(self._ahead[-1])
        """Of what was held before this file."""
        self._note = note
        self.state: TicketState | None = None
        """The ticket up to the last row that was asked for."""
        self._held_state: TicketState | None = None
        """The same without what this file adds."""
        self._added = False
        self._reopenings_beyond = 0
        """How many reopenings the source counts that the facts do not say."""
        self._counts_unseen = False
        """The source counted reopenings before the first resolution that is held: how many, no fact says."""

    def reach(self, place: Place) -> list[TicketFact]:
        """Go on to the row at that place, past everything held up to there.

        Where this file has put something before it, what is held did not say it all: the facts that say the rest are returned.
        """
        said: list[TicketFact] = []
        while self._ahead and place_of(self._ahead[0]) <= place:
            here = place_of(self._ahead[0])
            while self._ahead and place_of(self._ahead[0]) == here:
                fact = self._ahead.popleft()
                self._counts_unseen |= isinstance(fact.fact, Reopened) and (self.state is None or not self.state.resolutions)
                self.state = evolve(self.state or begin(fact), fact)
                self._held_state = evolve(self._held_state or begin(fact), fact)
            said += self._restored(fact)
        return said

    def say_again(self, at: TicketFact) -> list[TicketFact]:
        """What was held there, where this file has put something before it; new facts are placed and signed as ``at`` is."""
        return [*self.reach(place_of(at)), *self._restored(at)]

    def end(self) -> list[TicketFact]:
        """No more rows come."""
        return self.reach(self.last)

    def shows(
        self, shown: Callable[[Snapshot], Snapshot], make: Callable[[Fact], TicketFact], *, is_known: bool
    ) -> Iterator[TicketFact]:
        """The new facts of the row that was reached: ``shown`` says how it shows the ticket, ``make`` names and places its facts.

        ``is_known``: facts of this row are held.
        """
        before = of_state(self.state) if self.state is not None else Snapshot()
        before = replace(before, reopenings=before.reopenings + self._reopenings_beyond)
        after = shown(before)
        counted = after.reopenings
        if self._ahead or is_known:  # whether the count rose here, what is held has said
            after = replace(after, reopenings=before.reopenings)
        elif self._counts_unseen and counted > before.reopenings:
            self._note(COUNT_UNKNOWN)
            after = replace(after, reopenings=before.reopenings)
        self._counts_unseen = False  # the next row is compared with this one
        for change in changes(before, after):
            fact = make(change)
            if fact.event_id not in self.named:
                self.add(fact)
            yield fact
        if self.state is not None:
            self._reopenings_beyond = counted - self.state.reopenings

    def add(self, fact: TicketFact) -> None:
        """The file says it, and it is new."""
        self.state = evolve(self.state or begin(fact), fact)
        self._added = True

    def learn(self, fact: TicketFact) -> None:
        """The file says it, and it is no difference of snapshots: it stands whatever is held."""
        self.state = evolve(self.state or begin(fact), fact)
        self._held_state = evolve(self._held_state or begin(fact), fact)

    def _restored(self, last: TicketFact) -> Iterator[TicketFact]:
        if not self._added or self.state is None or self._held_state is None:
            return
        self._added = False
        before, after = of_state(self.state), of_state(self._held_state)
        for change in changes(before, replace(after, reopenings=before.reopenings)):
            name = derived_id("again", last.ticket_id, last.event_id, kind(change))
            fact = replace(last, event_id=name, fact=change)
            if name not in self.named:
                self.state = evolve(self.state, fact)
                yield fact
