"""Makes the recorders of one application, as its environment says."""
from __future__ import annotations

from typing import Any, TypeVar

from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder, InfrastructureFactory, ProcessRecorder
from eventsourcing.utils import Environment, EnvType, resolve_topic

from opsledger.services.journal.recorder.naming import EVENTS
from opsledger.services.journal.recorder.recorders import (
    JournalAggregateRecorder,
    JournalApplicationRecorder,
    JournalProcessRecorder,
    JournalTrackingRecorder,
)
from opsledger.services.journal.recorder.sharing import Lease

T = TypeVar("T")


class JournalFactory(InfrastructureFactory[JournalTrackingRecorder]):
    """See the package. Raises OSError when OPSLEDGER_JOURNAL is not set."""

    JOURNAL = "OPSLEDGER_JOURNAL"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        folder = self.env.get(self.JOURNAL)
        if not folder:
            raise OSError(f"the journal's folder is not in the environment: set {' or '.join(self.env.create_keys(self.JOURNAL))}")
        self._lease = Lease(folder)

    def aggregate_recorder(self, purpose: str = EVENTS) -> AggregateRecorder:
        return JournalAggregateRecorder(self._lease.opened, self.env.name, purpose)

    def application_recorder(self) -> ApplicationRecorder:
        recorder_class = self._chosen(self.APPLICATION_RECORDER_TOPIC, JournalApplicationRecorder)
        return recorder_class(self._lease.opened, self.env.name)

    def tracking_recorder(self, tracking_recorder_class: type[JournalTrackingRecorder] | None = None) -> JournalTrackingRecorder:
        recorder_class = tracking_recorder_class or self._chosen(self.TRACKING_RECORDER_TOPIC, JournalTrackingRecorder)
        return recorder_class(self._lease.opened, self.env.name)

    def process_recorder(self) -> ProcessRecorder:
        recorder_class = self._chosen(self.PROCESS_RECORDER_TOPIC, JournalProcessRecorder)
        return recorder_class(self._lease.opened, self.env.name)

    def _chosen(self, key: str, default: type[T]) -> type[T]:
        topic = self.env.get(key)
        if not topic:
            return default
        chosen: type[T] = resolve_topic(topic)
        if not (isinstance(chosen, type) and issubclass(chosen, default)):
            raise OSError(f"{key}: {topic!r} is not a subclass of {default.__name__}")
        return chosen

    def close(self) -> None:
        self._lease.end()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.close()
