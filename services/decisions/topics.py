"""Which class a recorded event is of. The library learns an event's topic when the first of its kind is made; a process that has
only read so far must know them all."""
from __future__ import annotations

from eventsourcing.domain import Aggregate
from eventsourcing.utils import register_topic


def know(kind: type[Aggregate]) -> None:
    """Make the topics of an aggregate's events known. Doing so again changes nothing."""
    for event in vars(kind).values():
        if isinstance(event, type) and hasattr(event, "TOPIC"):
            register_topic(event.TOPIC, event)
