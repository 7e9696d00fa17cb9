"""The key figures of a scorecard: what each is called, how its rows become a figure, and which way is better.

What a row of each stands for, to whom it is credited and when, is in docs/scorecards.md and, as code, in outcomes.py and
quality/outcomes.py and coaching/outcomes.py.
"""
from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from opsledger.core.scorecards.statistics import Bounds
from opsledger.core.tickets.validation import METRICS

MILLIONTHS = 1_000_000
"""A MEAN row's numerator is its value in millionths: microseconds of a second, millionths of a point."""


class Sort(StrEnum):
    """How the rows of a KPI become one figure."""

    COUNT = "count"
    """Rows are counted; exact, so it has no interval."""
    SHARE = "share"
    """Sum of numerators (0 or 1 each) ÷ rows; Wilson interval."""
    MEAN = "mean"
    """Sum of numerators ÷ rows, in the KPI's unit; Student's t interval between the KPI's bounds."""
    MEDIAN = "median"
    """The middle one of the numerators that a MEAN has, in the KPI's unit; interval from order statistics."""
    BALANCE = "balance"
    """Numerators are −1, 0 or 1: 100 × sum ÷ rows, from −100 to 100 (NPS); adjusted Wald interval."""


class Kpi(NamedTuple):
    name: str
    """Stable, as in the outcomes table."""
    title: str
    sort: Sort
    unit: str
    """"tickets", "contacts", "share" (0 to 1), "s", "points", "percent" (0 to 100), "sessions", "actions"."""
    better: int
    """1: a higher figure is better; −1: a lower one; 0: neither says so."""
    bounds: Bounds = Bounds(0.0)
    """Between which a case's value lies, in the unit; of a MEAN."""
    of: str = ""
    """The KPI whose rows it is figured from; empty: its own."""

    @property
    def rows(self) -> str:
        return self.of or self.name

    @property
    def in_millionths(self) -> bool:
        """Its numerators are values, not cases."""
        return self.sort in (Sort.MEAN, Sort.MEDIAN)


def _median(kpi: Kpi) -> Kpi:
    return kpi._replace(name=f"{kpi.name}.median", title=f"{kpi.title}, median", sort=Sort.MEDIAN, of=kpi.name)


TICKETS_RESOLVED = Kpi("tickets_resolved", "Tickets resolved", Sort.COUNT, "tickets", 0)
CONTACTS_HANDLED = Kpi("contacts_handled", "Contacts handled", Sort.COUNT, "contacts", 0)
HANDLE_TIME = Kpi("handle_time", "Handle time per contact", Sort.MEAN, "s", -1)
HANDLE_TIME_PER_TICKET = Kpi("handle_time_per_ticket", "Handle time per ticket", Sort.MEAN, "s", -1)
REOPEN_RATE = Kpi("reopen_rate", "Reopened", Sort.SHARE, "share", -1)
FIRST_CONTACT_RESOLUTION = Kpi("first_contact_resolution", "First-contact resolution", Sort.SHARE, "share", 1)
TRANSFER_RATE = Kpi("transfer_rate", "Transferred", Sort.SHARE, "share", -1)
RESOLUTION_RATE = Kpi("resolution_rate", "Resolved, of opened", Sort.SHARE, "share", 1)
FIRST_REPLY_TIME = Kpi("first_reply_time", "First reply", Sort.MEAN, "s", -1)
FIRST_REPLY_BUSINESS_TIME = Kpi("first_reply_business_time", "First reply, business time", Sort.MEAN, "s", -1)
RESOLUTION_TIME = Kpi("resolution_time", "Resolution", Sort.MEAN, "s", -1)
RESOLUTION_BUSINESS_TIME = Kpi("resolution_business_time", "Resolution, business time", Sort.MEAN, "s", -1)
TIMES = (FIRST_REPLY_TIME, FIRST_REPLY_BUSINESS_TIME, RESOLUTION_TIME, RESOLUTION_BUSINESS_TIME)
CALLS_ANSWERED = Kpi("calls_answered", "Calls answered", Sort.SHARE, "share", 1)
ABANDONMENT = Kpi("abandonment", "Calls abandoned", Sort.SHARE, "share", -1)
SPEED_OF_ANSWER = Kpi("speed_of_answer", "Speed of answer", Sort.MEAN, "s", -1)
SERVICE_LEVEL = Kpi("service_level", "Service level", Sort.SHARE, "share", 1)
CSAT = Kpi("csat", "CSAT, satisfied", Sort.SHARE, "share", 1)
CSAT_MEAN = Kpi("csat_mean", "CSAT, mean of 1 to 5", Sort.MEAN, "points", 1, Bounds(1.0, 5.0))
NPS = Kpi("nps", "Net promoter score", Sort.BALANCE, "points", 1)

QA_SCORE = Kpi("qa_score", "QA score, mean", Sort.MEAN, "percent", 1, Bounds(0.0, 100.0))
QA_PASS_RATE = Kpi("qa_pass_rate", "QA passed", Sort.SHARE, "share", 1)
CRITICAL_ACCURACY = {
    kind: Kpi(f"critical_accuracy.{kind}", f"No critical error, {kind}", Sort.SHARE, "share", 1)
    for kind in ("customer", "business", "compliance")
}
DISPUTES_UPHELD = Kpi("disputes_upheld", "Disputes: the score stood", Sort.SHARE, "share", 0)
EVALUATOR_SCORE = Kpi("evaluator_score", "Score as an evaluator, mean", Sort.MEAN, "percent", 1, Bounds(0.0, 100.0))

COACHING_HELD = Kpi("coaching_held", "Coaching sessions held", Sort.COUNT, "sessions", 0)
COACHING_OPEN = Kpi("coaching_open", "Coaching actions open", Sort.COUNT, "actions", 0)
COACHING_DONE = Kpi("coaching_done", "Coaching actions done", Sort.COUNT, "actions", 0)

SLA_MET = {
    metric: Kpi(f"sla_met.{metric}", f"SLA met, {metric.replace('_', ' ')}", Sort.SHARE, "share", 1) for metric in METRICS
}

KPIS: dict[str, Kpi] = {
    kpi.name: kpi
    for kpi in (
        TICKETS_RESOLVED, CONTACTS_HANDLED, HANDLE_TIME, HANDLE_TIME_PER_TICKET, *SLA_MET.values(), REOPEN_RATE,
        FIRST_CONTACT_RESOLUTION, TRANSFER_RATE, RESOLUTION_RATE, *(kpi for time in TIMES for kpi in (time, _median(time))),
        CALLS_ANSWERED, ABANDONMENT, SPEED_OF_ANSWER, SERVICE_LEVEL, CSAT, CSAT_MEAN, NPS, QA_SCORE, QA_PASS_RATE,
        *CRITICAL_ACCURACY.values(), DISPUTES_UPHELD, EVALUATOR_SCORE, COACHING_HELD, COACHING_OPEN, COACHING_DONE,
    )
}
"""Every KPI by name, in the order of a scorecard."""
