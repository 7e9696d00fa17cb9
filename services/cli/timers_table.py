"""Timers on a terminal, and for machines."""
from __future__ import annotations

from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from opsledger.core.sla.durations import format_duration
from opsledger.core.sla.zones import local_time
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.services.cli.listing import wide_console
from opsledger.services.tickets.codec import timestamp_us

_STYLES = {pb.TIMER_STATE_RUNNING: "cyan", pb.TIMER_STATE_PAUSED: "yellow", pb.TIMER_STATE_MET: "green", pb.TIMER_STATE_CANCELLED: "dim"}


def show(found: pb.ListTimersResponse, where: ZoneInfo, limit: int) -> None:
    console = wide_console()
    if not found.timers:
        console.print("no such timers")
        return
    now_us = timestamp_us(found.now)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("due", "left", "ticket", "clock", "state", "target", "priority", "group", "agent", "policy"):
        table.add_column(name, justify="right" if name == "left" else "left", overflow="fold")
    for timer in found.timers:
        table.add_row(
            _time(timer.due_at, where) if timer.HasField("due_at") else "", _left(timer, now_us),
            escape(timer.ticket_id), escape(f"{timer.metric} {timer.cycle}"), _state(timer),
            "promised" if timer.promised else format_duration(timer.target.ToMicroseconds()),
            escape(timer.priority), escape(timer.group), escape(timer.agent), escape(timer.policy),
        )
    console.print(table)
    more = f"the first {limit}; --limit shows more; " if found.next_page_token else ""
    console.print(f"{more}times in {where.key}, now {_time(found.now, where)}", style="dim", highlight=False)


def _left(timer: pb.Timer, now_us: int) -> Text:
    """Real time until it is due, to the minute; nothing for a timer that is not running."""
    if timer.state != pb.TIMER_STATE_RUNNING or not timer.HasField("due_at"):
        return Text("")
    minutes_us = (timestamp_us(timer.due_at) - now_us) // 60_000_000 * 60_000_000
    return Text(format_duration(minutes_us), style="red" if timer.late else "")


def _state(timer: pb.Timer) -> Text:
    word = pb.TimerState.Name(timer.state).removeprefix("TIMER_STATE_").lower()
    is_open = timer.state in (pb.TIMER_STATE_RUNNING, pb.TIMER_STATE_PAUSED)
    return Text(f"{word}, late" if timer.late and is_open else word, style="red" if timer.late else _STYLES[timer.state])


def _time(stamp: Timestamp, where: ZoneInfo) -> str:
    return f"{local_time(timestamp_us(stamp), where):%Y-%m-%d %H:%M}"
