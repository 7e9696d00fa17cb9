"""A rules document is read as it is written, or every mistake in it is named."""
from __future__ import annotations

from typing import Any

import pytest
import yaml

from opsledger.core.errors import InvalidRules
from opsledger.core.sla.durations import format_duration, parse_duration_us
from opsledger.core.sla.policy import DEFAULT_PAUSE_ON, Reopen, Step
from opsledger.core.sla.rules import parse_rules
from opsledger.core.tickets.facts import Status
from opsledger.core.tickets.state import TicketState
from tests.kit.sla import HOUR_US, MINUTE_US, rules

GOOD = """
time_zone: Europe/Berlin
week_starts: sun
calendars:
  desk: {time_zone: Europe/Berlin, hours: {mon: ["08:00-18:00"]}}
policies:
  - name: standard
    calendar: desk
    reopen: restart
    pause_on: {agent_work: []}
    escalation: [{step: warn, at: "-30m"}, {step: most, at: "80%"}, {step: boss, at: "+1h"}]
    targets:
      first_reply: 1h30m
      resolution: {"1 - Critical": 4h, 2: 8h, default: 3d}
      agent_work: {target: 2h, calendar: always, escalation: []}
      ownership: {target: {tier-1: 1h}, by: group, pause_on: [on_hold]}
"""


def broken(path: str, value: object) -> dict[str, Any]:
    """The good document with one thing replaced; ``...`` takes it out."""
    document: dict[str, Any] = yaml.safe_load(GOOD)
    place: Any = document
    *keys, last = path.split("/")
    for key in keys:
        place = place[int(key) if isinstance(place, list) else key]
    if value is ...:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return document


def test_what_it_says() -> None:
    read = parse_rules(yaml.safe_load(GOOD))
    (policy,) = read.policies
    assert (read.time_zone.key, read.week_starts, set(read.calendars)) == ("Europe/Berlin", 6, {"desk", "always"})
    assert (policy.name, policy.reopen) == ("standard", Reopen.RESTART)
    assert policy.targets["first_reply"].default_us == 90 * MINUTE_US
    assert policy.targets["resolution"].spans_us == {"1 - Critical": 4 * HOUR_US, "2": 8 * HOUR_US}
    assert policy.targets["resolution"].default_us == 72 * HOUR_US
    assert policy.targets["resolution"].escalation == (
        Step("warn", offset_us=-30 * MINUTE_US), Step("most", percent=80), Step("boss", offset_us=HOUR_US)
    )
    assert (policy.targets["agent_work"].calendar, policy.targets["agent_work"].escalation) == ("always", ())
    assert policy.targets["agent_work"].pause_on == frozenset()
    assert (policy.targets["ownership"].by, policy.targets["ownership"].pause_on) == ("group", {Status.ON_HOLD})
    assert policy.targets["resolution"].pause_on == DEFAULT_PAUSE_ON["resolution"]


@pytest.mark.parametrize(("path", "value", "field"), [
    ("time_zone", ..., "time_zone"),
    ("time_zone", "Europe/Berlinn", "time_zone"),
    ("week_starts", "monday", "week_starts"),
    ("policies/0/robot_replies_count", 1, "policies[0].robot_replies_count"),
    ("policies/0/first_reply_starts", "message", "policies[0].first_reply_starts"),
    ("policies/0/keep_breach", "always", "policies[0].keep_breach"),
    ("polices", [], "polices"),
    ("policies", ..., "policies"),
    ("policies", [], "policies"),
    ("policies", {"name": "x"}, "policies"),
    ("policies/0", "standard", "policies[0]"),
    ("policies/0/name", ..., "policies[0].name"),
    ("policies/0/name", "", "policies[0].name"),
    ("policies/0/reopen", ..., "policies[0].reopen"),
    ("policies/0/reopen", "sometimes", "policies[0].reopen"),
    ("policies/0/calendar", "desks", "policies[0].calendar"),
    ("policies/0/calendar", ..., "policies[0].calendar"),
    ("policies/0/target", {}, "policies[0].target"),
    ("policies/0/targets", ..., "policies[0].targets"),
    ("policies/0/targets", {}, "policies[0].targets"),
    ("policies/0/targets/resolutions", "1h", "policies[0].targets.resolutions"),
    ("policies/0/targets/first_reply", "soon", "policies[0].targets.first_reply"),
    ("policies/0/targets/first_reply", 90, "policies[0].targets.first_reply"),
    ("policies/0/targets/first_reply", "0s", "policies[0].targets.first_reply"),
    ("policies/0/targets/first_reply", None, "policies[0].targets.first_reply"),
    ("policies/0/targets/first_reply", {}, "policies[0].targets.first_reply"),
    ("policies/0/targets/resolution/default", "3 days", "policies[0].targets.resolution.default"),
    ("policies/0/targets/agent_work/target", ..., "policies[0].targets.agent_work.target"),
    ("policies/0/targets/agent_work/calendar", "nights", "policies[0].targets.agent_work.calendar"),
    ("policies/0/targets/agent_work/pause", [], "policies[0].targets.agent_work.pause"),
    ("policies/0/targets/ownership/by", "agent", "policies[0].targets.ownership.by"),
    ("policies/0/targets/ownership/pause_on", ["resolved"], "policies[0].targets.ownership.pause_on[0]"),
    ("policies/0/targets/ownership/pause_on", "open", "policies[0].targets.ownership.pause_on"),
    ("policies/0/pause_on/agent_work", ["waiting"], "policies[0].pause_on.agent_work[0]"),
    ("policies/0/pause_on/work", [], "policies[0].pause_on.work"),
    ("policies/0/when", {"prioritty": "x"}, "policies[0].when.prioritty"),
    ("policies/0/when", {"priority": []}, "policies[0].when.priority"),
    ("policies/0/when", {"priority": [True]}, "policies[0].when.priority[0]"),
    ("policies/0/when", {"tags": {"some": ["a"]}}, "policies[0].when.tags.some"),
    ("policies/0/when", {"attributes": ["a"]}, "policies[0].when.attributes"),
    ("policies/0/when", {"not": {"colour": "red"}}, "policies[0].when.not.colour"),
    ("policies/0/escalation/0", {"step": "warn"}, "policies[0].escalation[0].at"),
    ("policies/0/escalation/0", {"step": "warn", "at": "early"}, "policies[0].escalation[0].at"),
    ("policies/0/escalation/1", {"step": "warn", "at": "80%"}, "policies[0].escalation[1].step"),
    ("calendars/desk", {"time_zone": "UTC", "hours": {}}, "calendars.desk.hours"),
    ("calendars/desk", {"time_zone": "UTC", "hours": {"mon": ["18:00-08:00"]}}, "calendars.desk.hours.mon[0]"),
    ("calendars/desk", "always", "calendars.desk"),
])
def test_a_mistake_names_its_field(path: str, value: object, field: str) -> None:
    with pytest.raises(InvalidRules) as caught:
        parse_rules(broken(path, value))
    assert field in {violation.field for violation in caught.value.violations}
    assert len({(violation.field, violation.reason) for violation in caught.value.violations}) == len(caught.value.violations)


def test_what_a_policy_chooses_beside() -> None:
    document = yaml.safe_load(GOOD)
    assert parse_rules(document).policies[0].choices == {}
    document["policies"][0] |= {"keep_breach": True, "robot_replies_count": True, "first_reply_starts": "requester_message"}
    assert parse_rules(document).policies[0].choices == {
        "keep_breach": "true", "robot_replies_count": "true", "first_reply_starts": "requester_message",
    }


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(InvalidRules) as caught:
        parse_rules({"time_zone": "Mars", "policies": [{"name": "a", "targets": {"resolution": "x"}}]})
    assert {violation.field for violation in caught.value.violations} == {
        "time_zone", "policies[0].reopen", "policies[0].targets.resolution", "policies[0].calendar"
    }


def test_two_policies_of_one_name() -> None:
    one = {"name": "a", "calendar": "always", "reopen": "resume", "targets": {"resolution": "1h"}}
    with pytest.raises(InvalidRules, match=r"policies\[1\]\.name"):
        parse_rules({"time_zone": "UTC", "policies": [one, one]})


class TestConditions:
    ticket = TicketState(
        program="p", opened_at_us=0, changed_at_us=0, priority="high", group="tier-1", category="order", channel="email",
        requester_id="r-1", tags=("vip", "eu"), attributes={"region": "emea"},
    )

    @pytest.mark.parametrize(("when", "holds"), [
        ("{}", True),
        ("{priority: high}", True), ("{priority: [low, high]}", True), ("{priority: low}", False), ("{priority: ''}", False),
        ("{group: tier-1, category: order, channel: email, requester: r-1}", True), ("{group: tier-1, category: incident}", False),
        ("{tags: vip}", True), ("{tags: [gold, vip]}", True), ("{tags: {any: [gold, silver]}}", False),
        ("{tags: {all: [eu, vip]}}", True), ("{tags: {all: [vip, gold]}}", False), ("{tags: {any: [vip], all: [eu]}}", True),
        ("{attributes: {region: [apac, emea]}}", True), ("{attributes: {region: apac}}", False),
        ("{attributes: {site: ''}}", True), ("{attributes: {site: x}}", False),
        ("{not: {priority: low}}", True), ("{not: {priority: high}}", False), ("{not: {priority: high, group: tier-2}}", True),
        ("{not: {not: {priority: high}}}", True), ("{not: {tags: vip}}", False),
    ])
    def test_everything_in_it_must_hold(self, when: str, holds: bool) -> None:
        read = rules(f"policies: [{{name: a, when: {when}, calendar: always, reopen: resume, targets: {{resolution: 1h}}}}]")
        assert (read.match(self.ticket) is not None) == holds

    def test_the_first_match_wins(self) -> None:
        read = rules("""
policies:
  - {name: low, when: {priority: low}, calendar: always, reopen: resume, targets: {resolution: 1h}}
  - {name: vip, when: {tags: vip}, calendar: always, reopen: resume, targets: {resolution: 1h}}
  - {name: all, calendar: always, reopen: resume, targets: {resolution: 1h}}
""")
        matched = read.match(self.ticket)
        assert matched is not None
        assert matched.name == "vip"


@pytest.mark.parametrize(("text", "seconds", "shown"), [
    ("45s", 45, "45s"), ("30m", 1800, "30m"), ("1h30m", 5400, "1h30m"), ("3d", 259_200, "72h"), ("1d2h3m4s", 93_784, "26h3m4s"),
    ("0s", 0, "0s"), ("90m", 5400, "1h30m"), (" 2h ", 7200, "2h"),
])
def test_durations(text: str, seconds: int, shown: str) -> None:
    assert parse_duration_us(text) == seconds * 1_000_000
    assert format_duration(seconds * 1_000_000) == shown


@pytest.mark.parametrize("text", ["", " ", "1", "h", "1.5h", "-1h", "30m1h", "1w", "1h 30m", "9999d", "١h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is"):
        parse_duration_us(text)
