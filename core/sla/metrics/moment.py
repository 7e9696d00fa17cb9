"""What one fact means to the metrics."""
from __future__ import annotations

from dataclasses import dataclass

from opsledger.core.sla.policy import FirstReplyStarts, Policy, Reopen, Target
from opsledger.core.sla.rules import Rules
from opsledger.core.tickets.facts import ActorKind, Opened, Replied, Status, TicketFact
from opsledger.core.tickets.state import TicketState


@dataclass(slots=True)
class Moment:
    fact: TicketFact
    before: TicketState
    after: TicketState
    in_force: tuple[int, Rules] | None
    """Version and rules when the fact occurred."""
    policy: Policy | None
    """Of the ticket after the fact."""
    begins: bool
    """It is the first known fact."""
    resolved: bool
    """The ticket is resolved or closed, and was not before."""
    reopened: bool
    closed: bool
    """The ticket is closed, and was not before."""
    left_closed: bool
    merged: bool
    replied: bool
    """In public: an agent, or a robot whose replies count for the policy."""
    requester_replied: bool

    @property
    def reopen(self) -> Reopen:
        """What the reopening does to clocks; without a policy they go on, since a later policy counts from the original start."""
        return Reopen.RESUME if self.policy is None else self.policy.reopen

    @property
    def awaits_requester(self) -> bool:
        """An agent opens the ticket, and the policy has its first reply start with the requester's first message."""
        return (
            self.begins and isinstance(self.fact.fact, Opened) and self.fact.actor.kind is ActorKind.AGENT
            and self.policy is not None and self.policy.first_reply_starts is FirstReplyStarts.REQUESTER_MESSAGE
        )

    def target(self, metric: str) -> Target | None:
        return None if self.policy is None else self.policy.targets.get(metric)


def moment_of(
    fact: TicketFact, before: TicketState, after: TicketState, *, begins: bool, in_force: tuple[int, Rules] | None, policy: Policy | None
) -> Moment:
    was_done, is_done = before.status.is_done, after.status.is_done
    was_closed, is_closed = before.status is Status.CLOSED, after.status is Status.CLOSED
    public = isinstance(fact.fact, Replied) and fact.fact.public
    return Moment(
        fact, before, after, in_force, policy, begins,
        resolved=is_done and not was_done,
        reopened=was_done and not is_done,
        closed=is_closed and not was_closed,
        left_closed=was_closed and not is_closed,
        merged=bool(after.merged_into) and not before.merged_into,
        replied=public and (fact.actor.kind is ActorKind.AGENT or _robot_counts(fact, policy)),
        requester_replied=public and fact.actor.kind is ActorKind.REQUESTER,
    )


def _robot_counts(fact: TicketFact, policy: Policy | None) -> bool:
    return fact.actor.kind is ActorKind.SYSTEM and policy is not None and policy.robot_replies_count
