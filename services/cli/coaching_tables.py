"""Coaching in a terminal."""
from __future__ import annotations

from typing import Any

from rich.table import Table

from opsledger.core.coaching.effect import Caution
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.services.cli.listing import minute, print_listing, wide_console
from opsledger.services.coaching.messages import STAGES, STATUSES

CAUTIONS = {
    Caution.REGRESSION_TO_THE_MEAN: "the baseline was worse than the group's interval: part of a change for the better would have come "
    "without coaching (regression to the mean), and the group does not show how much",
    Caution.SMALL_SAMPLE: "one of the agent's windows has fewer than 30 cases",
    Caution.NO_COMPARISON: "the comparison group has no cases in one of the windows",
    Caution.NOT_OVER: "the follow-up window is not over",
    Caution.FIXED_LATE: "the follow-up window had begun when the measure was fixed",
}
_VERDICTS = {1: "better", 2: "worse", 3: "not apart: it may be chance", 4: "unknown: there is no interval"}


def show_sessions(found: pb.ListSessionsResponse) -> None:
    table = Table("session", "agent", "supervisor", "stage", "agenda", "measured by", box=None)
    for session in found.sessions:
        agenda = "; ".join(session.agenda)
        table.add_row(session.id, session.agent, session.supervisor, STAGES[session.stage], agenda, session.measure.metric)
    print_listing(table, len(found.sessions), "session", bool(found.next_page_token))


def show_items(found: pb.ListActionItemsResponse) -> None:
    table = Table("item", "owner", "what is to change", "status", "due", "look again", box=None)
    for item in found.items:
        late = item.status == pb.ACTION_ITEM_STATUS_AGREED and item.due_at.ToNanoseconds() < found.now.ToNanoseconds()
        follow_up = minute(item.follow_up_at) if item.HasField("follow_up_at") else ""
        status = f"{STATUSES[item.status]}, late" if late else STATUSES[item.status]
        table.add_row(item.id, item.owner, item.change, status, minute(item.due_at), follow_up)
    print_listing(table, len(found.items), "action item", bool(found.next_page_token))


def show_change(answer: Any) -> None:
    """What a command led to: its session or its action item."""
    if "session" in answer.DESCRIPTOR.fields_by_name:
        session = answer.session
        print(f"session {session.id}: {session.supervisor} coaches {session.agent}, {STAGES[session.stage]}")
    else:
        item = answer.item
        print(f"action item {item.id}: {item.owner}, {item.change!r}, due {minute(item.due_at)} UTC, {STATUSES[item.status]}")


def show_effect(found: pb.MeasureEffectResponse) -> None:
    measure = found.measure
    title = f"{measure.metric} of {found.agent}, {'higher' if measure.better == pb.DIRECTION_HIGHER else 'lower'} is better"
    table = Table("", "before", "after", f"change ({100 * found.confidence:.4g} % interval)", title=title, title_justify="left", box=None)
    others, unit = measure.comparison_group or ", ".join(measure.comparison_agents) or "all others", found.unit
    for who, before, after, change in (
        (found.agent, found.own_before, found.own_after, found.own_change),
        (others, found.group_before, found.group_after, found.group_change),
    ):
        table.add_row(who, _figure(before, unit), _figure(after, unit), _change(change, unit))
    table.add_row("net", "", "", _change(found.net_change, unit))
    shown = wide_console()
    shown.print(table)
    shown.print(f"verdict: {_VERDICTS[found.verdict]}")
    for caution in found.cautions:
        shown.print(f"* {CAUTIONS[Caution(caution)]}")


def _figure(figure: pb.EffectFigure, unit: str) -> str:
    return f"{_number(figure.value, unit)} of {figure.cases}" if figure.HasField("value") else figure.reason


def _change(change: pb.Change, unit: str) -> str:
    if not change.HasField("value"):
        return f"– ({change.reason})"
    interval = f"{_number(change.low, unit)} to {_number(change.high, unit)}" if change.HasField("low") else change.reason
    return f"{_number(change.value, unit)} ({interval})"


def _number(value: float, unit: str) -> str:
    return f"{100 * value:.1f} %" if unit == "share" else f"{value:.4g} {unit}"

