"""Clocks drawn in a terminal: what they show, and where the time went."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from opsledger.core.sla.calendar import Calendar
from opsledger.core.sla.clock import Clock, ClockState
from opsledger.core.sla.durations import format_duration
from opsledger.core.sla.explain import Segment, SegmentState, describe, explain
from opsledger.core.sla.rules import RuleBook
from opsledger.core.sla.zones import local_time
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.remarks import remarks

SEGMENTS_SHOWN_MAX = 40
"""Of one clock; JSON has them all."""
_STYLES = {
    ClockState.RUNNING: "cyan", ClockState.PAUSED: "yellow", ClockState.MET: "green", ClockState.BREACHED: "red",
    ClockState.CANCELLED: "dim",
}
_CELLS = {SegmentState.RUNNING: ("█", "cyan"), SegmentState.PAUSED: ("▒", "yellow"), SegmentState.OUTSIDE_HOURS: ("·", "dim")}


class Drawing:
    def __init__(self, console: Console, book: RuleBook, zone: Calendar) -> None:
        """``zone`` is a calendar in the program's time zone."""
        self._console, self._book, self._zone = console, book, zone

    def ticket(self, ticket: TicketKey, facts: Sequence[TicketFact], clocks: Sequence[Clock]) -> None:
        self._console.print(f"[bold]Ticket {escape(ticket.ticket_id)}[/] of {escape(ticket.source)}, {len(facts)} facts; "
                            f"times in {self._zone.time_zone.key}")
        for remark in remarks(facts):
            self._console.print(f"Remarked: {self._time(remark.fact.occurred_at_us)} {escape(remark.text)}", style="yellow")
        if not clocks:
            self._console.print("No clock: no policy has a target for it, or nothing has started one.")
            return
        self._console.print(self._summary(clocks))
        for clock in clocks:
            self._clock(clock)

    def _summary(self, clocks: Sequence[Clock]) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("clock", "state", "target", "elapsed", "paused", "due", "ended"):
            table.add_column(name, min_width=17 if name == "clock" else None, overflow="fold")
        for clock in clocks:
            table.add_row(
                _title(clock), _state(clock), "promised" if clock.promised else format_duration(clock.target_us),
                format_duration(clock.elapsed_us), format_duration(clock.paused_us),
                self._time(clock.due_at_us), self._time(clock.ended_at_us),
            )
        return table

    def _clock(self, clock: Clock) -> None:
        segments = explain(clock, self._book)
        self._console.print()
        self._console.print(f"[bold]{_title(clock)}[/] from {self._local(clock.started_at_us):%Y-%m-%d} "
                            f"under policy {escape(clock.policy)}, calendar {escape(clock.calendar)}")
        if not segments:
            return
        self._console.print(self._bar(segments))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("from", "to", "span", "state", "open", "since"):
            table.add_column(name, overflow="fold")
        for segment in segments[:SEGMENTS_SHOWN_MAX]:
            table.add_row(
                self._time(segment.from_us), self._until(segment.from_us, segment.to_us), format_duration(segment.span_us),
                Text("closed" if segment.state is SegmentState.OUTSIDE_HOURS else segment.state.value, style=_CELLS[segment.state][1]),
                "" if segment.interval is None else self._hours(segment.from_us, *segment.interval),
                escape(describe(segment.cause)),
            )
        self._console.print(table)
        for line in self._remarks(clock, len(segments) - SEGMENTS_SHOWN_MAX):
            self._console.print(line)

    def _remarks(self, clock: Clock, hidden: int) -> Iterator[str]:
        if hidden > 0:
            yield f"… and {hidden} more segments; --json shows them all"
        for applied in clock.applied[1:]:
            target = "nothing" if applied.target_us is None else format_duration(applied.target_us)
            yield f"{self._time(applied.cause.occurred_at_us)}: {escape(describe(applied.cause))}; promised from the start on: {target}"
        if clock.ended_by is not None:
            yield f"ended with {escape(describe(clock.ended_by))}"
        if clock.breached_at_us is not None:
            yield f"[red]breached at {self._time(clock.breached_at_us)}[/]"
            if clock.is_dropped and clock.state is ClockState.BREACHED:
                yield f"nothing is promised any more, but policy {escape(clock.policy)} keeps the breach of before (keep_breach)"

    def _bar(self, segments: Sequence[Segment]) -> Text:
        """One line from start to end: every cell shows what took most of it."""
        start_us, end_us = segments[0].from_us, segments[-1].to_us
        width = max(10, min(100, self._console.width - 2))
        bar = Text()
        index = 0
        for cell in range(width):
            middle_us = start_us + (end_us - start_us) * (2 * cell + 1) // (2 * width)
            while segments[index].to_us <= middle_us:
                index += 1
            bar.append(*_CELLS[segments[index].state])
        return bar

    def _time(self, at_us: int | None) -> str:
        return "" if at_us is None else f"{self._local(at_us):%a %Y-%m-%d} {self._clock_time(at_us)}"

    def _until(self, from_us: int, to_us: int) -> str:
        """Without the date when it is the same."""
        return self._clock_time(to_us) if self._local(from_us).date() == self._local(to_us).date() else self._time(to_us)

    def _hours(self, day_us: int, from_us: int, to_us: int) -> str:
        return f"{self._until(day_us, from_us)}–{self._until(from_us, to_us)}"

    def _clock_time(self, at_us: int) -> str:
        return f"{self._local(at_us):%H:%M:%S}".removesuffix(":00")

    def _local(self, at_us: int) -> datetime:
        return local_time(at_us, self._zone.time_zone)


def _title(clock: Clock) -> str:
    return escape(f"{clock.metric} {clock.cycle}" + (f" ({clock.group})" if clock.group else ""))


def _state(clock: Clock) -> Text:
    late = clock.is_open and clock.breached_at_us is not None
    return Text(f"{clock.state.value}, late" if late else clock.state.value, style="red" if late else _STYLES[clock.state])
