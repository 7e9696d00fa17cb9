"""How a command of a person is carried out: load the aggregate, let it decide, record what it decided, once.

Every command carries a request id. Its repetition, after a restart too, is answered with the aggregate as the first
execution left it, and records nothing.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import IntegrityError, PersistenceError

from opsledger.core.errors import NotFound, OpsledgerError, RequestIdReused, VersionConflict
from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.core.tickets.identity import name16
from opsledger.services.decisions.requests import Request, first_of
from opsledger.services.decisions.topics import know
from opsledger.services.journal.recorder import lend

NOTHING_DONE = "decisions.v1.nothing_done"
"""A command that had nothing to change. The payload is its answer: the aggregate's id and, in 8 bytes, its version."""
ATTEMPTS_MAX = 3
"""How often a command without an etag is decided anew because somebody else changed the aggregate in between."""
APPLICATION = "decisions"
"""Name of the application under which all decisions stand in the journal; it is for ever."""

A = TypeVar("A", bound=Aggregate)


def _nothing(_: Aggregate) -> Iterable[Aggregate]:
    return ()


class Decided(NamedTuple, Generic[A]):
    """What a command led to."""

    aggregate: A
    """As the first execution of the request left it."""
    position: int
    """Of the last event it recorded; of the journal's end when it recorded none."""
    repeated: bool
    """The request had been carried out before."""

    @property
    def etag(self) -> str:
        return etag_of(self.aggregate)


def etag_of(aggregate: Aggregate) -> str:
    """Names this version of it; a change may ask for it."""
    return str(aggregate.version)


class Decisions:
    """The decisions of one journal. Thread-safe: every command loads its own copy of the aggregate.

    Aggregates have an attribute ``tenant``. Those of an id that belongs to another kind must be known (topics.py).
    """

    def __init__(self, journal: Journal, folder: Path, now_us: Callable[[], int]) -> None:
        """``folder`` names the journal to the library; it is not opened. ``now_us`` gives events their ``occurred_at``."""
        self._journal, self._now_us = journal, now_us
        self._lent = ExitStack()
        self._lent.enter_context(lend(folder, journal))
        self._log: Application[UUID] = _Log({
            "PERSISTENCE_MODULE": "opsledger.services.journal.recorder", "OPSLEDGER_JOURNAL": str(folder),
        })

    def close(self) -> None:
        """Release the library's recorders; the journal stays open."""
        self._log.close()
        self._lent.close()

    def get(self, kind: type[A], id: UUID, *, tenant: str, version: int | None = None) -> A:
        """Raises NotFound, also for another kind's id or another tenant's."""
        know(kind)
        try:
            with _own_errors():
                found: Aggregate = self._log.repository.get(id, version=version)
        except AggregateNotFoundError:
            raise NotFound(_word(kind), str(id)) from None
        if not isinstance(found, kind) or getattr(found, "tenant", None) != tenant:
            raise NotFound(_word(kind), str(id))
        return found

    def create(
        self, kind: type[A], request: Request, *, make: Callable[[], A], beside: Callable[[A], Iterable[Aggregate]] = _nothing,
    ) -> Decided[A]:
        """Record a new aggregate, and in the same commit those that it brings with it: all of them or none.

        Raises what ``make`` and ``beside`` raise; VersionConflict when its id is taken; RequestIdReused.
        """
        if first := self._first(kind, request):
            return first
        aggregate = make()
        return self._save(kind, aggregate, request, None, beside(aggregate))

    def change(
        self, kind: type[A], id: UUID, request: Request, *, command: Callable[[A], object], etag: str = ""
    ) -> Decided[A]:
        """Let an aggregate decide. ``command`` is called with it and raises what the history does not allow.

        Raises NotFound; VersionConflict when ``etag`` is given and not the current one, or others keep changing the aggregate;
        RequestIdReused.
        """
        for attempts_left in reversed(range(ATTEMPTS_MAX)):
            if first := self._first(kind, request, id):
                return first
            aggregate = self.get(kind, id, tenant=request.tenant)
            if etag and etag != etag_of(aggregate):
                given = int(etag) if etag.isdecimal() else 0
                raise VersionConflict(id.bytes, aggregate.version, given)
            command(aggregate)
            try:
                return self._save(kind, aggregate, request, id)
            except VersionConflict:
                if not attempts_left or etag:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _save(self, kind: type[A], aggregate: A, request: Request, id: UUID | None, beside: Iterable[Aggregate] = ()) -> Decided[A]:
        """``id``: of an aggregate that is changed; one that begins has a new id each time the request comes."""
        if not aggregate.pending_events:
            return self._nothing_to_record(kind, aggregate, request)
        try:
            # the aggregate comes last: a repeated request is answered with that of the commit's last event
            with _own_errors():
                self._log.save(
                    *beside, aggregate, named=request.key, said=request.said, tenant=request.tenant, occurred_at_us=self._now_us())
        except IntegrityError:
            current = self._journal.version(aggregate.id.bytes) or 0
            raise VersionConflict(aggregate.id.bytes, current, aggregate.version) from None
        recorded = self._first(kind, request, id)
        assert recorded is not None
        # The same request may have come twice at once; then the answer is the other one's.
        return recorded._replace(repeated=recorded.aggregate != aggregate)

    def _nothing_to_record(self, kind: type[A], aggregate: A, request: Request) -> Decided[A]:
        """The aggregate has nothing to say, but the request has its answer: repeated later, it must not do what it did not do now."""
        answer = NewEvent(
            name16("answer", request.key.hex()), NOTHING_DONE, request.tenant, self._now_us(),
            aggregate.id.bytes + aggregate.version.to_bytes(8, "little"), request.said,
        )
        self._journal.append(Commit([answer], request.key))
        recorded = self._first(kind, request, aggregate.id)
        assert recorded is not None
        return recorded._replace(repeated=recorded.aggregate.version != aggregate.version)

    def _first(self, kind: type[A], request: Request, id: UUID | None = None) -> Decided[A] | None:
        """The answer to a request that has been carried out. Raises RequestIdReused when it was for something else."""
        if (first := first_of(self._journal, request)) is None:
            return None
        event = first.event
        used_for, version = UUID(bytes=event.stream_id), event.version
        if event.type == NOTHING_DONE:
            used_for, version = UUID(bytes=event.payload[:16]), int.from_bytes(event.payload[16:], "little")
        if id not in (None, used_for):
            if not first.is_certain:
                return None
            raise RequestIdReused(request.id, event.position)
        try:
            return Decided(self.get(kind, used_for, tenant=request.tenant, version=version), event.position, repeated=True)
        except NotFound:
            raise RequestIdReused(request.id, event.position) from None


@contextmanager
def _own_errors() -> Iterator[None]:
    """What the journal raised leaves it as such, not in the library's words: JournalStopped, JournalMoved and Overloaded have a
    status of their own, and callers act on it. IntegrityError stays."""
    try:
        yield
    except IntegrityError:
        raise
    except PersistenceError as error:
        if isinstance(error.__cause__, OpsledgerError):
            raise error.__cause__ from None
        raise


class _Log(Application[UUID]):
    name = APPLICATION


def _word(kind: type[Any]) -> str:
    """``ActionItem``: action item."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind.__name__).strip()
