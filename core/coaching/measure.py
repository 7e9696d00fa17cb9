"""What the effect of a coaching session will be measured by: fixed before it is held, so that nobody chooses what looks well."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.scorecards.kpis import KPIS, Sort
from opsledger.core.tickets.validation import INSTANT_US_MAX, check_name


class Window(NamedTuple):
    """Half-open, in microseconds since 1970 UTC."""

    start_us: int
    end_us: int


class Measure(NamedTuple):
    """A metric of the agent in two windows, beside the same of a comparison group."""

    metric: str
    """A KPI of the scorecards that is a share, a mean or a balance."""
    higher_is_better: bool
    baseline: Window
    follow_up: Window
    comparison_group: str
    """The others of this group; with ``comparison_agents`` empty too, all others of the program."""
    comparison_agents: tuple[str, ...]
    """These agents; then ``comparison_group`` is empty."""


def plain(measure: Measure) -> dict[str, Any]:
    """As it stands in an event."""
    return {
        **measure._asdict(), "baseline": list(measure.baseline), "follow_up": list(measure.follow_up),
        "comparison_agents": list(measure.comparison_agents),
    }


def typed(recorded: Mapping[str, Any]) -> Measure:
    """The measure that ``plain`` wrote."""
    windows = {name: Window(*recorded[name]) for name in ("baseline", "follow_up")}
    return Measure(**{**recorded, **windows, "comparison_agents": tuple(recorded["comparison_agents"])})


def checked(measure: Measure, agent: str) -> Measure:
    """The measure of a session with ``agent``. Raises InvalidInput for a metric that cannot be compared, windows that overlap, and
    a comparison with the agent."""
    if violations := list(_violations(measure, agent)):
        raise InvalidInput(*violations)
    return measure


def _violations(measure: Measure, agent: str) -> Iterator[FieldViolation]:
    if measure.metric not in KPIS:
        yield FieldViolation("measure.metric", "UNKNOWN", f"{measure.metric!r} is none of {', '.join(KPIS)}")
    elif KPIS[measure.metric].sort is Sort.COUNT:
        yield FieldViolation("measure.metric", "A_COUNT", "a count has no sampling error: nothing would tell its change from chance")
    elif KPIS[measure.metric].of:
        yield FieldViolation("measure.metric", "A_MEDIAN", f"take the mean of the same cases: {KPIS[measure.metric].of}")
    for agent_or_group in (measure.comparison_group, *measure.comparison_agents):
        yield from check_name("measure.comparison", agent_or_group)
    for name in ("baseline", "follow_up"):
        window: Window = getattr(measure, name)
        if not 0 < window.start_us < window.end_us < INSTANT_US_MAX:
            yield FieldViolation(f"measure.{name}", "INVALID", "must end after it starts, between 1970 and 2200")
    if measure.follow_up.start_us < measure.baseline.end_us:
        yield FieldViolation("measure.follow_up", "INVALID", "must not start before the baseline ends")
    if measure.comparison_group and measure.comparison_agents:
        yield FieldViolation("measure.comparison_agents", "INVALID", "must be empty where a comparison_group is named")
    if agent in measure.comparison_agents:
        yield FieldViolation("measure.comparison_agents", "INVALID", f"must not hold {agent}, who is coached")
