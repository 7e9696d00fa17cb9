"""What a command on an aggregate has recorded, for specifications in the form given, when, then."""
from __future__ import annotations

from typing import Any

from eventsourcing.domain import Aggregate

_COMMON = {"originator_id", "originator_version", "originator_topic", "timestamp"}


def recorded(aggregate: Aggregate) -> list[tuple[str, dict[str, Any]]]:
    """Name and own fields of the events since the last look."""
    return [
        (type(event).__name__, {name: value for name, value in vars(event).items() if name not in _COMMON})
        for event in aggregate.collect_events()
    ]


def settled(aggregate: Aggregate) -> None:
    """What has been recorded so far is given."""
    aggregate.collect_events()
