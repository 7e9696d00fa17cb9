"""A small application of decisions in the house style: action items, a view of them, and a process that follows them."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application, ProcessingEvent
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, DomainEventProtocol, event
from eventsourcing.persistence import Tracking
from eventsourcing.projection import EventSourcedProjection, Projection

from opsledger.services.journal.recorder import JournalTrackingRecorder

MODULE = "opsledger.services.journal.recorder"


class ActionItem(Aggregate):
    """One agreed change, owned by one agent."""

    class Agreed(Aggregate.Created):
        TOPIC = "test.action_item.agreed"
        owner_id: str

    class Completed(Aggregate.Event):
        TOPIC = "test.action_item.completed"
        evidence: str

    class Reopened(Aggregate.Event):
        TOPIC = "test.action_item.reopened"

    @event(Agreed)
    def __init__(self, owner_id: str) -> None:
        self.owner_id = owner_id
        self.evidence = ""

    def complete(self, evidence: str) -> None:
        if not self.evidence:
            self._completed(evidence=evidence)

    def reopen(self) -> None:
        if self.evidence:
            self._reopened()

    @event(Completed)
    def _completed(self, evidence: str) -> None:
        self.evidence = evidence

    @event(Reopened)
    def _reopened(self) -> None:
        self.evidence = ""


class Coaching(Application[UUID]):
    snapshotting_intervals = {ActionItem: 3}  # noqa: RUF012  # the library's own way to say it

    def agree(self, owner_id: str, **saved: Any) -> tuple[UUID, list[int]]:
        item = ActionItem(owner_id)
        return item.id, self._ids(item, **saved)

    def complete(self, item_id: UUID, evidence: str, **saved: Any) -> list[int]:
        item: ActionItem = self.repository.get(item_id)
        item.complete(evidence)
        return self._ids(item, **saved)

    def reopen(self, item_id: UUID) -> list[int]:
        item: ActionItem = self.repository.get(item_id)
        item.reopen()
        return self._ids(item)

    def _ids(self, item: ActionItem, **saved: Any) -> list[int]:
        return [recording.notification.id for recording in self.save(item, **saved)]


class CompletedView(JournalTrackingRecorder):
    """How many items each owner's evidence closed; in memory, its position in the journal."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.evidence: Counter[str] = Counter()

    def add(self, evidence: str, tracking: Tracking) -> None:
        self.evidence[evidence] += 1
        self.insert_tracking(tracking)


class CompletedProjection(Projection[CompletedView]):
    name = "Completed"
    topics = (ActionItem.Completed.TOPIC,)

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)

    @process_event.register
    def _(self, domain_event: ActionItem.Completed, tracking: Tracking) -> None:
        self.view.add(domain_event.evidence, tracking)


class Tally(Aggregate):
    class Opened(Aggregate.Created):
        TOPIC = "test.tally.opened"
        owner_id: str

    class Counted(Aggregate.Event):
        TOPIC = "test.tally.counted"

    @event(Opened)
    def __init__(self, owner_id: str) -> None:
        self.owner_id = owner_id
        self.count = 0

    @staticmethod
    def create_id(owner_id: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/tallies/{owner_id}")

    @event(Counted)
    def add(self) -> None:
        self.count += 1


class Tallies(EventSourcedProjection[UUID]):
    """Counts the items that each owner agreed to."""

    @singledispatchmethod
    def policy(self, domain_event: DomainEventProtocol[UUID], processing_event: ProcessingEvent[UUID]) -> None:
        return

    @policy.register
    def _(self, domain_event: ActionItem.Agreed, processing_event: ProcessingEvent[UUID]) -> None:
        try:
            tally: Tally = self.repository.get(Tally.create_id(domain_event.owner_id))
        except AggregateNotFoundError:
            tally = Tally(domain_event.owner_id)
        tally.add()
        processing_event.collect_events(tally)

    def count(self, owner_id: str) -> int:
        tally: Tally = self.repository.get(Tally.create_id(owner_id))
        return tally.count


def environment(folder: object, **more: str) -> Mapping[str, str]:
    return {"PERSISTENCE_MODULE": MODULE, "OPSLEDGER_JOURNAL": str(folder), "IS_SNAPSHOTTING_ENABLED": "y", **more}
