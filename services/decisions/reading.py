"""Aggregates from journal events, without the library's repository: for folds, which have the events in hand."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate
from eventsourcing.persistence import DatetimeAsISO, DecimalAsStr, JSONTranscoder, Mapper, UUIDAsHex

from opsledger.core.ports import RecordedEvent
from opsledger.services.decisions.decisions import APPLICATION
from opsledger.services.journal.recorder.naming import Naming

_log = logging.getLogger(__name__)


class Read(NamedTuple):
    aggregate: Aggregate | None
    """After the events that can be read; None when the one that creates it cannot."""
    failed: tuple[tuple[RecordedEvent, Exception], ...]
    """The events that say nothing, and why."""


class AggregateReader:
    def __init__(self) -> None:
        self._naming = Naming(APPLICATION)
        transcoder = JSONTranscoder()
        for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
            transcoder.register(transcoding)
        self._mapper: Mapper[UUID] = Mapper(transcoder)

    def is_decision(self, event: RecordedEvent) -> bool:
        return event.type.startswith(self._naming.log)

    def fold(self, events: Sequence[RecordedEvent]) -> Read:
        """The aggregate of a stream after its events, all of them and in order. Raises nothing."""
        aggregate: Any = None
        failed: list[tuple[RecordedEvent, Exception]] = []
        for event in events:
            try:
                stored = self._naming.stored_event(UUID(bytes=event.stream_id), event)
                if stored is not None:
                    aggregate = self._mapper.to_domain_event(stored).mutate(aggregate)  # type: ignore[attr-defined]  # a CanMutate
            except Exception as error:  # a fold takes any recorded past; what it cannot take is noted, not lost
                _log.warning("event %d cannot be folded: %s", event.position, ascii(str(error)))
                failed.append((event, error))
        return Read(aggregate, tuple(failed))
