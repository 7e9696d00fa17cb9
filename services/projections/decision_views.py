"""The read models of decisions: which aggregate fills which tables. A new aggregate is one entry in VIEWS.

Like a ticket, an aggregate is folded anew from all its events when it changes, and its rows are replaced as a whole.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from eventsourcing.domain import Aggregate
from sqlalchemy import Index, Table

from opsledger.core.coaching.action_item import ActionItem
from opsledger.core.coaching.session import CoachingSession
from opsledger.core.quality.calibration import Calibration
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_import import EvaluationImport
from opsledger.core.quality.form_publication import EvaluationForm
from opsledger.core.quality.sample_draw import SampleDraw
from opsledger.services.decisions.topics import know
from opsledger.services.projections import tables_calibrations, tables_coaching, tables_forms, tables_quality
from opsledger.services.projections.coaching_rows import item_rows, session_rows
from opsledger.services.projections.columns import aggregate_id, count, metadata, position, text
from opsledger.services.projections.draw_rows import draw_rows
from opsledger.services.projections.evaluation_rows import evaluation_rows

Row = Mapping[str, Any]
"""Values by column, without ``aggregate_id``."""


class DecisionView(NamedTuple):
    tables: tuple[Table, ...]
    rows: Callable[[Any], Iterable[tuple[Table, Row]]]
    """The rows of an aggregate. A pure function that takes whatever was recorded."""


decisions = Table(
    "decisions", metadata, aggregate_id(), text("tenant"), text("kind", comment="class of the aggregate"),
    count("version", comment="the etag"), position(),
    Index("decisions_by_position", "tenant", "kind", "position"),
)
"""Every aggregate, with the place in the journal of its last event."""

VIEWS: Mapping[type[Aggregate], DecisionView] = {
    Evaluation: DecisionView(tables_quality.EVALUATION_TABLES, evaluation_rows),
    SampleDraw: DecisionView((tables_quality.draws,), draw_rows),
    EvaluationImport: DecisionView((), lambda _: ()),
    EvaluationForm: DecisionView(tables_forms.FORM_TABLES, tables_forms.form_rows),
    Calibration: DecisionView(tables_calibrations.CALIBRATION_TABLES, tables_calibrations.calibration_rows),
    CoachingSession: DecisionView(tables_coaching.SESSION_TABLES, session_rows),
    ActionItem: DecisionView(tables_coaching.ITEM_TABLES, item_rows),
}

for _kind in VIEWS:
    know(_kind)

TABLES: tuple[Table, ...] = (decisions, *(table for view in VIEWS.values() for table in view.tables))


def rows_of(aggregate: Aggregate, last_position: int) -> list[tuple[Table, Row]]:
    """All rows of an aggregate."""
    own = {
        "tenant": getattr(aggregate, "tenant", ""), "kind": type(aggregate).__name__,
        "version": aggregate.version, "position": last_position,
    }
    view = VIEWS.get(type(aggregate))
    return [(decisions, own), *(view.rows(aggregate) if view is not None else ())]
