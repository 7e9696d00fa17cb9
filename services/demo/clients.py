"""The clients whose work the demo floor does: who calls when, what about, and which people are there to help.

Invented, in the proportions of a mid-size outsourcer. Rates follow the client's local clock; medians are of log-normal spans.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from opsledger.core.tickets.facts import FeedbackKind


class Shift(NamedTuple):
    """Local hours of a working day; an end beyond 24 lies on the next date."""

    start_h: int
    end_h: int
    days_per_week: int = 5


class Topic(NamedTuple):
    """What a ticket is about."""

    category: str
    weight: float
    handle_min: float
    """Median minutes that one piece of work on it takes an average agent."""
    transfer: float
    """Share that the first line hands over to the second."""


OFFICE_DAY = (0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.6, 1.8, 4, 6, 6.5, 5.5, 4, 4.5, 5, 4.5, 3.5, 2.5, 1.5, 1, 0.8, 0.5, 0.3, 0.2)
"""Relative arrivals by local hour: a morning peak, a dip at lunch."""
WAKING_DAY = (1, 0.6, 0.4, 0.3, 0.3, 0.5, 1, 2, 3, 4, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5, 4.5, 4.8, 5, 5, 4.5, 3.5, 2.5, 1.6)
EVENING_DAY = (0.5, 0.3, 0.2, 0.2, 0.2, 0.3, 0.6, 1.2, 2.5, 3.5, 4, 4, 3.8, 3.8, 4, 4.2, 4.8, 5.5, 6, 5.8, 4.8, 3.2, 1.8, 1)


@dataclass(frozen=True)
class Client:
    tenant: str
    program: str
    source: str
    """The ticketing system; tickets are named ``ticket_format`` with a running number."""
    ticket_format: str
    time_zone: str
    share: float
    """Of all tickets of the floor."""
    by_hour: tuple[float, ...]
    """24 relative rates."""
    by_weekday: tuple[float, ...]
    """Monday first."""
    shifts: tuple[Shift, ...]
    topics: tuple[Topic, ...]
    first_line: str
    second_line: str
    priorities: dict[str, float] = field(default_factory=lambda: {"urgent": 0.06, "high": 0.18, "normal": 0.56, "low": 0.2})
    channels: dict[str, float] = field(default_factory=lambda: {"email": 0.4, "portal": 0.25, "call": 0.25, "chat": 0.1})
    feedback: FeedbackKind = FeedbackKind.CSAT
    numbers_facts: bool = True
    """Whether the source gives its facts about a ticket an order of its own."""
    says_reopened: bool = False
    """Whether the source names a reopening, or only sets the status back."""


PARCELS = Client(
    "hanse-parcels", "delivery-care", "zendesk-hanse", "HP-{}", "Europe/Berlin", 0.4, OFFICE_DAY, (1.3, 1.1, 1, 1, 0.95, 0.45, 0.15),
    (Shift(7, 15), Shift(9, 17), Shift(11, 19)),
    (Topic("lost parcel", 4, 9, 0.2), Topic("wrong address", 3, 5, 0.05), Topic("customs", 1.5, 16, 0.45), Topic("refund", 2, 8, 0.15)),
    "Parcel Desk", "Parcel Experts",
)
CARDS = Client(
    "vale-bank", "card-services", "servicenow-vale", "INC{:07}", "America/Sao_Paulo", 0.35, WAKING_DAY, (1.1, 1, 1, 1, 1.15, 1, 0.8),
    (Shift(6, 14), Shift(14, 22), Shift(22, 30)),
    (Topic("card blocked", 4, 7, 0.08), Topic("disputed payment", 2, 18, 0.5), Topic("limit", 2, 6, 0.1), Topic("app login", 2.5, 8, 0.15)),
    "Card Desk", "Fraud and Disputes",
    priorities={"1 - Critical": 0.05, "2 - High": 0.2, "3 - Moderate": 0.5, "4 - Low": 0.25},
    channels={"call": 0.5, "chat": 0.3, "email": 0.2}, numbers_facts=False,
)
BROADBAND = Client(
    "orchard-telecom", "broadband", "freshdesk-orchard", "{}", "America/New_York", 0.25, EVENING_DAY, (1.2, 1.05, 1, 1, 1, 0.9, 0.85),
    (Shift(8, 16), Shift(12, 20), Shift(14, 22)),
    (Topic("no connection", 3, 14, 0.3), Topic("slow line", 3, 12, 0.25), Topic("invoice", 2, 7, 0.08), Topic("move of home", 1, 11, 0.2)),
    "Broadband Help", "Network Team",
    feedback=FeedbackKind.NPS, says_reopened=True,
)
CLIENTS = (PARCELS, CARDS, BROADBAND)

NAMES = (
    "ana", "bartek", "chidi", "dalia", "emeka", "farah", "goran", "hana", "ines", "joao", "kaito", "lena", "marek", "nadia", "omar",
    "paula", "quentin", "rosa", "samir", "tove", "usha", "viktor", "wanda", "xavier", "yara", "zoltan",
)
