"""What coaching contributes to scorecards: sessions held, and action items open and done."""
from __future__ import annotations

from collections.abc import Iterator

from opsledger.core.coaching.action_item import ActionItem, ItemStatus
from opsledger.core.coaching.session import CoachingSession
from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.cases import Outcome


def session_outcomes(session: CoachingSession) -> Iterator[Outcome]:
    """A session counts when it was held."""
    if session.held_at_us is not None:
        yield Outcome(kpis.COACHING_HELD.name, session.held_at_us, session.agent, "", 1, 1, None, session.summary)


def item_outcomes(item: ActionItem) -> Iterator[Outcome]:
    """An action item counts when it was agreed, as open or as done by what is known of it now; a withdrawn one not at all."""
    if item.status is not ItemStatus.WITHDRAWN:
        kpi = kpis.COACHING_DONE if item.status is ItemStatus.COMPLETED else kpis.COACHING_OPEN
        yield Outcome(kpi.name, item.agreed_at_us, item.agent, "", 1, 1, None, item.change)
