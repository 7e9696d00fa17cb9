"""Action items: what was agreed to change, by whom and by when, whether it was done, and whether it lasted.

    agreed ──complete──▶ completed ──reopen──▶ agreed
       └────withdraw──▶ withdrawn  ◀──withdraw──┘

Times are microseconds since 1970 UTC and come in as arguments: nothing here reads a clock.
"""
from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from opsledger.core.coaching.errors import ItemWithdrawn, NotTheOwner


class ItemStatus(StrEnum):
    AGREED = "agreed"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class ActionItem(Aggregate):
    """One agreed change, owned by one person: the agent as a rule, or the supervisor."""

    class Agreed(Aggregate.Created):
        TOPIC = "coaching.action_item.agreed"
        tenant: str
        program: str
        session_id: UUID
        agent: str
        owner: str
        change: str
        due_at_us: int
        follow_up_at_us: int
        agreed_by: str
        agreed_at_us: int

    class Completed(Aggregate.Event):
        TOPIC = "coaching.action_item.completed"
        evidence: str
        completed_at_us: int

    class Withdrawn(Aggregate.Event):
        TOPIC = "coaching.action_item.withdrawn"
        reason: str
        withdrawn_by: str

    class Reopened(Aggregate.Event):
        TOPIC = "coaching.action_item.reopened"
        reason: str
        due_at_us: int
        reopened_by: str

    class FollowedUp(Aggregate.Event):
        TOPIC = "coaching.action_item.followed_up"
        finding: str
        lasted: bool
        followed_up_by: str
        followed_up_at_us: int
        follow_up_at_us: int

    # Commands

    @event(Agreed)
    def __init__(
        self, tenant: str, program: str, session_id: UUID, agent: str, owner: str, change: str, due_at_us: int,
        follow_up_at_us: int, agreed_by: str, agreed_at_us: int,
    ) -> None:
        """``agent`` is the one who was coached. ``follow_up_at_us``: when the supervisor looks again; 0 is never."""
        self.tenant, self.program = tenant, program
        self.session_id, self.agent, self.owner = session_id, agent, owner
        self.change = change
        self.due_at_us, self.follow_up_at_us = due_at_us, follow_up_at_us
        self.agreed_by, self.agreed_at_us = agreed_by, agreed_at_us
        self.status = ItemStatus.AGREED
        self.evidence = self.reason = self.finding = ""
        self.lasted: bool | None = None
        self.completed_at_us: int | None = None

    def complete(self, actor: str, evidence: str, now_us: int) -> None:
        """Raises NotTheOwner, ItemWithdrawn."""
        if actor != self.owner:
            raise NotTheOwner(self.id, actor)
        if self.status is ItemStatus.WITHDRAWN:
            raise ItemWithdrawn(self.id)
        if self.status is ItemStatus.AGREED:
            self._completed(evidence=evidence, completed_at_us=now_us)

    def withdraw(self, actor: str, reason: str) -> None:
        if self.status is not ItemStatus.WITHDRAWN:
            self._withdrawn(reason=reason, withdrawn_by=actor)

    def reopen(self, actor: str, reason: str, due_at_us: int = 0) -> None:
        """``due_at_us`` 0: it stays due when it was. Raises ItemWithdrawn."""
        if self.status is ItemStatus.WITHDRAWN:
            raise ItemWithdrawn(self.id)
        if self.status is ItemStatus.COMPLETED:
            self._reopened(reason=reason, due_at_us=due_at_us or self.due_at_us, reopened_by=actor)

    def follow_up(self, actor: str, finding: str, lasted: bool, now_us: int, next_at_us: int = 0) -> None:
        """Record what was found when somebody looked again, and when to look next; 0 is never. Raises ItemWithdrawn."""
        if self.status is ItemStatus.WITHDRAWN:
            raise ItemWithdrawn(self.id)
        if (finding, lasted, next_at_us) != (self.finding, self.lasted, self.follow_up_at_us):
            self._followed_up(
                finding=finding, lasted=lasted, followed_up_by=actor, followed_up_at_us=now_us, follow_up_at_us=next_at_us)

    # Fold

    @event(Completed)
    def _completed(self, evidence: str, completed_at_us: int) -> None:
        self.status = ItemStatus.COMPLETED
        self.evidence, self.completed_at_us = evidence, completed_at_us

    @event(Withdrawn)
    def _withdrawn(self, reason: str, withdrawn_by: str) -> None:
        self.status = ItemStatus.WITHDRAWN
        self.reason = reason

    @event(Reopened)
    def _reopened(self, reason: str, due_at_us: int, reopened_by: str) -> None:
        self.status = ItemStatus.AGREED
        self.reason, self.due_at_us, self.completed_at_us = reason, due_at_us, None

    @event(FollowedUp)
    def _followed_up(self, finding: str, lasted: bool, followed_up_by: str, followed_up_at_us: int, follow_up_at_us: int) -> None:
        self.finding, self.lasted, self.follow_up_at_us = finding, lasted, follow_up_at_us

    # Queries

    def is_overdue(self, now_us: int) -> bool:
        return self.status is ItemStatus.AGREED and now_us > self.due_at_us

    def awaits_follow_up(self, now_us: int) -> bool:
        return self.status is not ItemStatus.WITHDRAWN and 0 < self.follow_up_at_us < now_us
