"""Streams of changes: they tell what the read models have learned, stretch by stretch of the journal."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple, TypeVar

from sqlalchemy import Engine

from opsledger.services.grpc.progress import Progress
from opsledger.services.grpc.threads import InThread
from opsledger.services.journal.partitions import PartitionedJournal
from opsledger.services.projections.database import reader
from opsledger.services.projections.store import positions_reached
from opsledger.services.resuming import Places, resume_places

PAUSE_S = 0.05
"""Least time between two stretches of one stream, so that a busy floor is told in few messages."""
M = TypeVar("M")


class Stretch(NamedTuple):
    """What lies between two places in the journal, in each partition."""

    after: Places
    up_to: Places


class Watching:
    """What the streams of all services wait with."""

    def __init__(self, journal: PartitionedJournal, engine: Engine, progress: Progress, in_thread: InThread) -> None:
        self._journal, self._engine, self._progress, self._in_thread = journal, reader(engine), progress, in_thread

    def everywhere(self, token: str) -> Places:
        """Where a stream begins that tells of facts. Raises InvalidPageToken."""
        return resume_places(token, self._journal.parts, range(len(self._journal.parts)))

    def at_home(self, tenant: str, token: str) -> Places:
        """Where a stream begins that tells of a tenant's decisions. Raises InvalidPageToken."""
        return resume_places(token, self._journal.parts, [self._journal.of_tenant(tenant).number])

    async def newest(self, places: Places) -> Places:
        """Where the read models are in these partitions, or where the subscriber is, if that is further."""
        reached = await self._in_thread(self._look)
        return {partition: max(reached.get(partition, 0), position) for partition, position in places.items()}

    async def stretches(self, places: Places) -> AsyncIterator[Stretch]:
        """What comes after ``places``, for ever."""
        while True:
            await self._progress.wait_beyond(places)
            up_to = await self.newest(places)
            yield Stretch(places, up_to)
            places = up_to
            await asyncio.sleep(PAUSE_S)

    async def each(self, messages: Iterator[M]) -> AsyncIterator[M]:
        """Messages that are read from the database one by one."""
        while (message := await self._in_thread(next, messages, None)) is not None:
            yield message

    def _look(self) -> Places:
        with self._engine.connect() as connection:
            return positions_reached(connection)
