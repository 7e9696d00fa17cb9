"""A slow second opinion on SLA clocks: one letter for every minute of a cycle's life, counted one by one.

It is written from docs/sla.md, shares no code with the engine but the order of facts, and knows only what its histories contain: times on
whole minutes, calendars as functions of a minute, one rules version, policies by priority.

    R the clock ran in this minute        P it was paused
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsledger.core.tickets.facts import (
    ActorKind,
    Assigned,
    DueSet,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    StatusChanged,
    TicketFact,
)

MINUTE_US = 60_000_000
HORIZON = 60 * 24 * 60
OpenAt = Callable[[int], bool]
"""Whether a calendar is open in the minute that begins so many minutes after 1970."""


@dataclass
class PlainPolicy:
    name: str
    reopen: str
    calendar: Mapping[str, str]
    target: Mapping[str, int]
    """Minutes, by metric."""
    pause_on: Mapping[str, frozenset[str]]
    keep_breach: bool = False


@dataclass
class Cycle:
    metric: str
    number: int
    start: int
    group: str = ""
    letters: list[str] = field(default_factory=list)
    end: int | None = None
    why: str = ""
    promise: int | None = None
    last: tuple[PlainPolicy, str, int] | None = None
    """Policy, calendar and target that were applied last, when any."""
    withdrawn: int | None = None
    since: int = 0
    """When a target appeared that has held until now, or until it was withdrawn."""
    kept: tuple[tuple[PlainPolicy, str, int], int, int | None] | None = None
    """``last``, the minute and the promise when a policy that keeps breaches was left."""


class Oracle:
    """``policies``: by priority; any other priority has none."""

    def __init__(self, policies: Mapping[str, PlainPolicy], calendars: Mapping[str, OpenAt], metrics: Sequence[str]) -> None:
        self.policies, self.calendars, self.metrics = policies, calendars, metrics
        self.cycles: list[Cycle] = []
        self.promises: dict[str, int | None] = {}
        self.status, self.priority, self.group, self.merged = "new", "", "", False
        self.replies, self.begun, self.message = 0, False, None
        self.closed = self.left_closed = self.opened = False

    def run(self, facts: Sequence[TicketFact]) -> dict[tuple[str, int], dict[str, Any]]:
        first, last = facts[0].occurred_at_us // MINUTE_US, facts[-1].occurred_at_us // MINUTE_US
        queue = list(facts)
        for minute in range(first, last + 1):
            while queue and queue[0].occurred_at_us // MINUTE_US == minute:
                self.take(queue.pop(0), minute)
            if minute < last:
                for cycle in self.cycles:
                    if cycle.end is None:
                        cycle.letters.append(self.letter(cycle))
        return {(cycle.metric, cycle.number): self.judge(cycle, last) for cycle in self.cycles if cycle.last is not None}

    # what a fact does

    def take(self, fact: TicketFact, minute: int) -> None:
        was_done, old_group, was_merged, old_status = self.done, self.group, self.merged, self.status
        inner, agent, requester = fact.fact, fact.actor.kind is ActorKind.AGENT, fact.actor.kind is ActorKind.REQUESTER
        match inner:
            case Opened() if not self.begun:
                self.status, self.priority, self.group = inner.status.name.lower(), inner.priority, inner.group
                self.opened = True
            case Opened() if not self.opened:
                self.priority, self.group = self.priority or inner.priority, self.group or inner.group
                self.status = inner.status.name.lower() if self.status == "new" else self.status
                self.opened = True
            case Opened():
                self.priority, self.group = inner.priority or self.priority, inner.group or self.group
                said = inner.status.name.lower()
                if said != "new" and not (self.done and said not in ("resolved", "closed")):
                    self.status = said
            case StatusChanged():
                self.status = inner.status.name.lower()
            case Reopened() if self.done:
                self.status = "open"
            case PriorityChanged():
                self.priority = inner.priority
            case Assigned():
                self.group = self.group if inner.group is None else inner.group
            case Merged():
                self.merged = True
            case DueSet():
                promise = None if inner.due_at_us is None else inner.due_at_us // MINUTE_US
                self.promises[inner.metric] = promise
                for cycle in self.live(inner.metric):
                    self.promise(cycle)
        replied = isinstance(inner, Replied) and inner.public and agent
        wrote = isinstance(inner, Replied) and inner.public and requester
        self.replies += replied
        begins, self.begun = not self.begun, True
        if self.merged:
            if not was_merged:
                for cycle in self.cycles:
                    self.end(cycle, minute, "cancelled")
            self.apply(minute)
            return
        resolved, reopened = self.done and not was_done, was_done and not self.done
        self.closed, self.left_closed = self.status == "closed" != old_status, old_status == "closed" != self.status
        for metric in self.metrics:
            getattr(self, f"on_{metric}", self.on_life)(metric, minute, begins, resolved, reopened, replied, wrote, old_group)
        self.apply(minute)

    def on_life(self, metric: str, minute: int, begins: bool, resolved: bool, reopened: bool, *_: Any) -> None:
        if begins:
            self.start(metric, minute)
        if reopened:
            self.reopen(metric, minute)
        if resolved:
            self.end_all(metric, minute, "resolved")

    def on_closure(self, metric: str, minute: int, begins: bool, *_: Any) -> None:
        self.on_life(metric, minute, begins, self.closed, self.left_closed)

    def on_first_reply(
        self, metric: str, minute: int, begins: bool, resolved: bool, reopened: bool, replied: bool, wrote: bool, old_group: str
    ) -> None:
        if replied:
            if begins:
                self.start(metric, minute)
            self.end_all(metric, minute, "answered")
            self.forget(metric)
        else:
            self.on_life(metric, minute, begins, resolved, reopened)

    def on_next_reply(
        self, metric: str, minute: int, begins: bool, resolved: bool, reopened: bool, replied: bool, wrote: bool, old_group: str
    ) -> None:
        if replied:
            self.end_all(metric, minute, "answered")
            self.forget(metric)
            self.message = None
        if resolved:
            self.end_all(metric, minute, "resolved")
        if reopened:
            message, self.message = self.message, None
            if message is not None and (not self.ended(metric) or self.policy_word("reopen") in ("restart", "ignore")):
                self.forget(metric)
                self.start(metric, message)
                self.cycles[-1].letters = ["R"] * (minute - message)
            else:
                self.reopen(metric, minute)
        if wrote and self.replies:
            if self.done:
                self.message = minute if self.message is None else self.message
            elif not self.live(metric):
                self.start(metric, minute)

    def on_periodic_update(
        self, metric: str, minute: int, begins: bool, resolved: bool, reopened: bool, replied: bool, wrote: bool, old_group: str
    ) -> None:
        if resolved:
            self.end_all(metric, minute, "resolved")
        if reopened:
            self.reopen(metric, minute)
        if replied and not self.done:
            self.end_all(metric, minute, "answered")
            self.start(metric, minute)

    def on_ownership(
        self, metric: str, minute: int, begins: bool, resolved: bool, reopened: bool, replied: bool, wrote: bool, old_group: str
    ) -> None:
        moved = self.group != old_group
        if moved:
            self.end_all(metric, minute, "moved")
        if resolved and not begins:
            self.end_all(metric, minute, "resolved")
        if reopened and any(cycle.group == self.group for cycle in self.ended(metric)):
            self.reopen(metric, minute)
        elif self.group and (begins or (not self.done and (moved or reopened))):
            self.start(metric, minute)
        if begins and self.done:
            self.end_all(metric, minute, "resolved")

    # cycles

    @property
    def done(self) -> bool:
        return self.status in ("resolved", "closed")

    @property
    def policy(self) -> PlainPolicy | None:
        return self.policies.get(self.priority)

    def policy_word(self, name: str) -> str:
        return "resume" if self.policy is None else getattr(self.policy, name)

    def of(self, metric: str) -> list[Cycle]:
        return [cycle for cycle in self.cycles if cycle.metric == metric]

    def live(self, metric: str) -> list[Cycle]:
        return [cycle for cycle in self.of(metric) if cycle.end is None]

    def ended(self, metric: str) -> list[Cycle]:
        """The last cycle, if the resolution ended it."""
        return [cycle for cycle in self.of(metric)[-1:] if cycle.why == "resolved"]

    def forget(self, metric: str) -> None:
        for cycle in self.ended(metric):
            cycle.why = "answered"

    def start(self, metric: str, minute: int) -> None:
        cycle = Cycle(metric, len(self.of(metric)) + 1, minute, self.group if metric == "ownership" else "")
        self.promise(cycle)
        self.cycles.append(cycle)
        self.apply_to(cycle, minute)

    def promise(self, cycle: Cycle) -> None:
        promise = self.promises.get(cycle.metric)
        cycle.promise = promise if promise is not None and promise >= cycle.start else None

    def end(self, cycle: Cycle, minute: int, why: str) -> None:
        if cycle.end is None:
            cycle.end, cycle.why = minute, why

    def end_all(self, metric: str, minute: int, why: str) -> None:
        for cycle in self.live(metric):
            self.end(cycle, minute, why)

    def reopen(self, metric: str, minute: int) -> None:
        for cycle in self.ended(metric):
            if (choice := self.policy_word("reopen")) == "restart":
                self.start(metric, minute)
            elif choice == "ignore":
                cycle.why = "for good"
            else:
                assert cycle.end is not None
                cycle.letters += ("P" if choice == "resume" else "R") * (minute - cycle.end)
                cycle.end, cycle.why = None, ""
                self.promise(cycle)

    def apply(self, minute: int) -> None:
        for cycle in self.cycles:
            if cycle.end is None:
                self.apply_to(cycle, minute)

    def apply_to(self, cycle: Cycle, minute: int) -> None:
        policy = self.policy
        if policy is not None and cycle.metric in policy.target:
            if cycle.last is None or cycle.withdrawn is not None:
                cycle.since = minute
            cycle.last = (policy, policy.calendar[cycle.metric], policy.target[cycle.metric])
            cycle.withdrawn = None
        elif cycle.last is not None and cycle.withdrawn is None:
            cycle.withdrawn = minute
            if cycle.since < minute:
                cycle.kept = (cycle.last, minute, cycle.promise) if cycle.last[0].keep_breach else None

    def letter(self, cycle: Cycle) -> str:
        defaults = {"requester_wait": {"pending"}, "agent_work": {"pending", "on_hold"}, "resolution": {"pending", "on_hold"},
                    "ownership": {"pending", "on_hold"}, "closure": {"pending", "on_hold"}}
        pausing: Any = defaults.get(cycle.metric, ())
        if self.policy is not None and cycle.metric in self.policy.target:
            pausing = self.policy.pause_on[cycle.metric]
        return "P" if self.status in pausing else "R"

    # counting

    def judge(self, cycle: Cycle, last: int) -> dict[str, Any]:
        assert cycle.last is not None
        end, why, letters, promise, last_applied = cycle.end, cycle.why, cycle.letters, cycle.promise, cycle.last
        if cycle.withdrawn is not None:
            last_applied, end, promise = cycle.kept or (cycle.last, cycle.withdrawn, promise)
            why = "kept" if cycle.kept else "cancelled"
            letters = letters[:end - cycle.start]
        policy, calendar, target = last_applied
        is_open = self.calendars[calendar]
        counted = [letter for offset, letter in enumerate(letters) if is_open(cycle.start + offset)]
        due = promise if promise is not None else self.due(cycle, letters, is_open, target, ended=end is not None)
        late = due is not None and due < (last if end is None else end)
        if end is None:
            state = "paused" if self.letter(cycle) == "P" else "running"
        else:
            state = "cancelled" if why == "cancelled" else "breached" if late else "cancelled" if why == "kept" else "met"
        return {
            "start": cycle.start, "end": end, "state": state, "policy": policy.name, "calendar": calendar, "target": target, "due": due,
            "breached": due if late else None, "elapsed": counted.count("R"), "paused": counted.count("P"), "group": cycle.group,
        }

    def due(self, cycle: Cycle, letters: list[str], is_open: OpenAt, target: int, *, ended: bool) -> int | None:
        count = 0
        for offset in range(HORIZON):
            if offset >= len(letters) and not ended and self.letter(cycle) == "P":
                return None
            letter = letters[offset] if offset < len(letters) else "R"
            count += letter == "R" and is_open(cycle.start + offset)
            if count == target:
                return cycle.start + offset + 1
        raise AssertionError("beyond the horizon")
