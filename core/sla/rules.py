"""The SLA rules of one program, and the book of their versions."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from opsledger.core.scorecards.choices import UNSAID, Choices
from opsledger.core.sla.calendar import Calendar
from opsledger.core.sla.policy import Policy
from opsledger.core.sla.policy_document import read_policies
from opsledger.core.sla.reading import RulesReading
from opsledger.core.sla.scorecard_choices import read_choices
from opsledger.core.tickets.state import TicketState

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of a program's rules."""

    time_zone: ZoneInfo
    """Of the program: its days, weeks and months, and the times it is shown."""
    week_starts: int
    """0 is Monday."""
    calendars: Mapping[str, Calendar]
    """By name; ``always`` is there unless the document says otherwise."""
    policies: tuple[Policy, ...]
    tenant: str = ""
    program: str = ""
    scorecards: Choices = UNSAID

    def match(self, ticket: TicketState) -> Policy | None:
        """The first policy whose condition holds."""
        return next((policy for policy in self.policies if policy.when.holds(ticket)), None)


class RuleBook:
    """The versions of a program's rules, each in force from an instant until the next one's. Immutable."""

    __slots__ = ("_by_number", "_effective_from_us", "_versions", "metrics")

    def __init__(self, versions: Sequence[tuple[int, int, Rules]] = ()) -> None:
        """``versions``: (effective_from_us, version, rules). Of two from the same instant the higher version is in force."""
        ordered = sorted(versions, key=lambda entry: entry[:2])
        self._effective_from_us = [entry[0] for entry in ordered]
        self._versions = [(version, rules) for _, version, rules in ordered]
        self._by_number = dict(self._versions)
        self.metrics = frozenset(metric for _, rules in self._versions for policy in rules.policies for metric in policy.targets)
        """For which any version has a target."""

    def at(self, us: int) -> tuple[int, Rules] | None:
        """Version and rules in force at an instant; None before the first."""
        index = bisect_right(self._effective_from_us, us)
        return self._versions[index - 1] if index else None

    def choices_at(self, us: int) -> Choices:
        """What the program has chosen about its figures, as in force at an instant."""
        found = self.at(us)
        return UNSAID if found is None else found[1].scorecards

    def version(self, number: int) -> Rules:
        """The rules of a version. Raises KeyError for a version that is not in the book."""
        return self._by_number[number]


def parse_rules(document: Mapping[str, object]) -> Rules:
    """The rules that a document (a YAML or JSON file, already read) describes; docs/sla.md lists its keys.

    Raises InvalidRules with one violation for each thing that is wrong, each named by its path: ``policies[0].targets.resolution``.
    """
    reading = RulesReading()
    top = reading.mapping(document, "", known=("tenant", "program", "time_zone", "week_starts", "calendars", "policies", "scorecards"),
                          required=("time_zone", "policies"))
    calendars = reading.calendars(top.get("calendars", {}), "calendars")
    rules = Rules(
        time_zone=reading.time_zone(top.get("time_zone", "UTC"), "time_zone"),
        week_starts=WEEKDAYS.index(reading.one_of(top.get("week_starts", "mon"), "week_starts", WEEKDAYS)),
        calendars=calendars,
        policies=read_policies(reading, top.get("policies", []), "policies", calendars.keys()),
        tenant=reading.text(top.get("tenant", ""), "tenant"),
        program=reading.text(top.get("program", ""), "program"),
        scorecards=read_choices(reading, top.get("scorecards", {}), "scorecards"),
    )
    reading.finish()
    return rules
