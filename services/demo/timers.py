"""The demo's open timers and one explained breach, drawn in the terminal."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from opsledger.core.sla.durations import format_duration
from opsledger.proto.sla.v1 import timers_pb2 as pb

_STYLES = {pb.Segment.STATE_RUNNING: "cyan", pb.Segment.STATE_PAUSED: "yellow", pb.Segment.STATE_OUTSIDE_HOURS: "dim"}


def timers_table(title: str, timers: Sequence[pb.Timer], now: datetime) -> Table:
    table = Table("ticket", "metric", "priority", "group", "agent", "target", "due (UTC)", "", title=title, title_justify="left", box=None,
                  padding=(0, 2, 0, 0))
    for timer in timers:
        due = timer.due_at.ToDatetime(UTC)
        span_us = round((due - now).total_seconds()) * 1_000_000
        left = f"[red]{_about(-span_us)} late[/]" if timer.late else f"in {_about(span_us)}"
        table.add_row(
            f"{escape(timer.tenant)} {escape(timer.ticket_id)}", timer.metric.replace("_", " "), escape(timer.priority),
            escape(timer.group), escape(timer.agent), format_duration(_us(timer.target)), f"{due:%a %m-%d %H:%M}", left,
        )
    return table


def candidates(breached: Sequence[pb.Timer]) -> list[pb.Timer]:
    """Breaches worth explaining, the best first: of a target, not of a person's promise; that know closing time; that stood still."""
    def worth(timer: pb.Timer) -> tuple[bool, bool, bool, bool, int]:
        return timer.promised, timer.calendar == "always", _us(timer.paused) == 0, timer.metric != "resolution", _us(timer.elapsed)

    return sorted(breached, key=worth)


def states(explained: pb.ExplainedTimer) -> int:
    """How many of running, paused and outside hours it went through."""
    return len({segment.state for segment in explained.segments})


def draw_breach(console: Console, explained: pb.ExplainedTimer, zone: ZoneInfo) -> None:
    """Every segment of a clock, and the sum."""
    timer = explained.timer
    console.print(
        f"[bold]{escape(timer.ticket_id)}[/] of {escape(timer.tenant)}: {timer.metric.replace('_', ' ')} under policy "
        f"[bold]{escape(timer.policy)}[/] (rules version {timer.rules_version}), priority {escape(timer.priority)}, "
        f"calendar {escape(timer.calendar)}; times in {zone.key}"
    )
    table = Table("from", "to", "span", "state", "because", box=None, padding=(0, 2, 0, 0))
    for segment in explained.segments:
        state = pb.Segment.State.Name(segment.state).removeprefix("STATE_").replace("_", " ").lower()
        table.add_row(
            _local(getattr(segment, "from"), zone), _local(segment.to, zone), format_duration(_us(segment.span)), state,
            escape(segment.cause), style=_STYLES.get(segment.state),
        )
    console.print(table)
    over_us = _us(timer.elapsed) - _us(timer.target)
    over = f"[red]{format_duration(over_us)} over the target of {format_duration(_us(timer.target))}[/]; due"
    verdict = "a person had promised" if timer.promised else over
    console.print(
        f"elapsed [bold]{format_duration(_us(timer.elapsed))}[/], paused {format_duration(_us(timer.paused))}: {verdict} "
        f"{_local(timer.due_at, zone)}", highlight=False,
    )


def _about(span_us: int) -> str:
    minute_us, day_us = 60_000_000, 86_400_000_000
    return f"{span_us // day_us} days" if span_us > 3 * day_us else format_duration(span_us // minute_us * minute_us)


def _us(span: Duration) -> int:
    """In whole seconds, as the instants are shown: a clock that still runs is drawn up to now."""
    return span.seconds * 1_000_000


def _local(stamp: Timestamp, zone: ZoneInfo) -> str:
    return f"{stamp.ToDatetime(UTC).astimezone(zone):%a %m-%d %H:%M:%S}"
