"""The ``policies`` of a rules document."""
from __future__ import annotations

import re
from collections.abc import Collection

from opsledger.core.sla.durations import parse_duration_us
from opsledger.core.sla.policy import DEFAULT_PAUSE_ON, Condition, FirstReplyStarts, Policy, Reopen, Step, Target
from opsledger.core.sla.reading import RulesReading
from opsledger.core.tickets.facts import Status

_FIELDS = {"priority": "priority", "group": "group", "category": "category", "channel": "channel", "requester": "requester_id"}
_POLICY_KEYS = (
    "name", "when", "calendar", "reopen", "pause_on", "escalation", "keep_breach", "robot_replies_count", "first_reply_starts", "targets",
)
_TARGET_KEYS = ("target", "by", "calendar", "pause_on", "escalation")
_PAUSING = {status.word: status for status in Status if not status.is_done}
_PERCENT = re.compile(r"(\d{1,4})%", re.ASCII)
_NO_TARGET = Target({}, None, "priority", "always", frozenset())


def read_policies(reading: RulesReading, value: object, field: str, calendars: Collection[str]) -> tuple[Policy, ...]:
    """Raises nothing: what is wrong is noted in ``reading``."""
    policies = tuple(_policy(reading, entry, path, calendars) for path, entry in reading.items(value, field))
    if isinstance(value, list | tuple) and not value:
        reading.wrong(field, "EMPTY", "must name at least one policy")
    for index, policy in enumerate(policies):
        if policy.name in {other.name for other in policies[:index]}:
            reading.wrong(f"{field}[{index}].name", "DUPLICATE", f"there is another policy {policy.name!r} before this one")
    return policies


def _policy(reading: RulesReading, value: object, field: str, calendars: Collection[str]) -> Policy:
    entries = reading.mapping(value, field, known=_POLICY_KEYS, required=("name", "reopen", "targets"))
    targets = reading.mapping(entries.get("targets", {}), f"{field}.targets", known=DEFAULT_PAUSE_ON)
    if "targets" in entries and not targets:
        reading.wrong(f"{field}.targets", "EMPTY", f"must name at least one of {', '.join(DEFAULT_PAUSE_ON)}")
    pause_on = reading.mapping(entries.get("pause_on", {}), f"{field}.pause_on", known=DEFAULT_PAUSE_ON)
    shared: dict[str, object] = {key: entries[key] for key in ("calendar", "escalation") if key in entries}
    return Policy(
        name=reading.name(entries.get("name", "?"), f"{field}.name"),
        when=_condition(reading, entries.get("when", {}), f"{field}.when"),
        reopen=Reopen(reading.one_of(entries.get("reopen", "resume"), f"{field}.reopen", [choice.value for choice in Reopen])),
        keep_breach=reading.flag(entries.get("keep_breach", False), f"{field}.keep_breach"),
        robot_replies_count=reading.flag(entries.get("robot_replies_count", False), f"{field}.robot_replies_count"),
        first_reply_starts=FirstReplyStarts(
            reading.one_of(entries.get("first_reply_starts", "opening"), f"{field}.first_reply_starts", [*FirstReplyStarts])
        ),
        targets={
            metric: _target(reading, metric, target, field,
                            shared | ({"pause_on": pause_on[metric]} if metric in pause_on else {}), calendars)
            for metric, target in targets.items() if metric in DEFAULT_PAUSE_ON
        },
    )


def _condition(reading: RulesReading, value: object, field: str) -> Condition:
    entries = reading.mapping(value, field, known=(*_FIELDS, "tags", "attributes", "not"))
    tags = entries.get("tags", {})
    tags = reading.mapping(tags if isinstance(tags, dict) else {"any": tags}, f"{field}.tags", known=("any", "all"))
    attributes = reading.mapping(entries.get("attributes", {}), f"{field}.attributes")
    return Condition(
        among=tuple((_FIELDS[key], reading.texts(entries[key], f"{field}.{key}")) for key in _FIELDS if key in entries),
        attributes=tuple((key, reading.texts(accepted, f"{field}.attributes.{key}")) for key, accepted in attributes.items()),
        tags_any=reading.texts(tags["any"], f"{field}.tags.any") if "any" in tags else frozenset(),
        tags_all=reading.texts(tags["all"], f"{field}.tags.all") if "all" in tags else frozenset(),
        unless=_condition(reading, entries["not"], f"{field}.not") if "not" in entries else None,
    )


def _target(
    reading: RulesReading, metric: str, value: object, policy_field: str, shared: dict[str, object], calendars: Collection[str]
) -> Target:
    """A duration, durations by priority, or a mapping with ``target`` and what differs from the policy."""
    field = f"{policy_field}.targets.{metric}"
    own: dict[str, object] = {"target": value}
    own_field = {"target": field}
    if isinstance(value, dict) and not {str(key) for key in value}.isdisjoint(_TARGET_KEYS):
        own = reading.mapping(value, field, known=_TARGET_KEYS, required=("target",))
        own_field = {key: f"{field}.{key}" for key in own}
        if "target" not in own:
            return _NO_TARGET
    options = shared | own

    def path(key: str) -> str:
        return own_field.get(key, f"{policy_field}.{key}" + (f".{metric}" if key == "pause_on" else ""))

    spans_us, default_us = _spans(reading, options["target"], path("target"))
    calendar = reading.text(options.get("calendar", ""), path("calendar"))
    if "calendar" not in options:
        reading.wrong(f"{policy_field}.calendar", "REQUIRED", f"must be set, or in every target; it can be {', '.join(calendars)}")
    elif calendar not in calendars:
        reading.wrong(path("calendar"), "UNKNOWN", f"there is no calendar {calendar!r}; there are {', '.join(calendars)}")
    by = reading.one_of(options.get("by", "priority"), path("by"), ("priority", "group", "category", "channel"))
    pause_on = DEFAULT_PAUSE_ON[metric]
    if "pause_on" in options:
        pause_on = frozenset(
            _PAUSING[reading.one_of(entry, entry_path, _PAUSING)]
            for entry_path, entry in reading.items(options["pause_on"], path("pause_on"))
        )
    return Target(spans_us, default_us, by, calendar, pause_on, _ladder(reading, options.get("escalation", []), path("escalation")))


def _spans(reading: RulesReading, value: object, field: str) -> tuple[dict[str, int], int | None]:
    if not isinstance(value, dict):
        return {}, reading.duration_us(value, field, least_us=1)
    spans_us = {
        key: reading.duration_us(span, f"{field}.{key}", least_us=1) for key, span in reading.mapping(value, field).items()
    }
    if not spans_us:
        reading.wrong(field, "EMPTY", "must name at least one duration")
    default_us = spans_us.pop("default", None)
    return spans_us, default_us


def _ladder(reading: RulesReading, value: object, field: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for path, entry in reading.items(value, field):
        entries = reading.mapping(entry, path, known=("step", "at"), required=("step", "at"))
        name = reading.name(entries.get("step", "?"), f"{path}.step")
        if name in {step.name for step in steps}:
            reading.wrong(f"{path}.step", "DUPLICATE", f"there is another step {name!r} before this one")
        steps.append(_step(reading, name, entries.get("at", "0s"), f"{path}.at"))
    return tuple(steps)


def _step(reading: RulesReading, name: str, value: object, field: str) -> Step:
    text = reading.text(value, field)
    if percent := _PERCENT.fullmatch(text):
        return Step(name, percent=int(percent[1]))
    try:
        span_us = parse_duration_us(text.removeprefix("+").removeprefix("-"))
    except ValueError:
        meant = "-30m (before the due time), +1h (after it) or 80% (of the target)"
        reading.wrong(field, "NOT_A_DURATION", f"must be like {meant}, not {text!r}")
        return Step(name)
    return Step(name, offset_us=-span_us if text.startswith("-") else span_us)
