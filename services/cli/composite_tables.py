"""Composites on a terminal."""
from __future__ import annotations

from rich.table import Table

from opsledger.core.scorecards.composite import Reason
from opsledger.core.scorecards.kpis import KPIS
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb

_REASONS = {Reason.NO_VALUES: "no values", Reason.PART_WITHOUT_INTERVAL: "no interval"}


def composite_table(composite: pb.Composite) -> Table:
    """What each KPI gives to the whole."""
    table = Table(title=f"composite {', '.join(_lines(composite))}", title_justify="left")
    table.add_column("KPI")
    for title in ("weight", "mark", "share"):
        table.add_column(title, justify="right")
    for each in composite.shares:
        mark = f"{each.mark:.1f}" if each.HasField("mark") else "–"
        table.add_row(KPIS[each.kpi].title, f"{each.weight:g}", mark, f"{each.share:.1f}")
    return table


def composite_cell(composite: pb.Composite) -> str:
    return "\n".join(_lines(composite))


def _lines(composite: pb.Composite) -> list[str]:
    """Value, interval and band, as far as there are."""
    value = f"{composite.value:.1f}" if composite.HasField("value") else "–"
    between = f"{composite.low:.1f} to {composite.high:.1f}" if composite.HasField("low") else _REASONS[Reason(composite.reason)]
    return [part for part in (value, between, composite.band) if part]
