"""The only wiring: what a server is made of. A new service is one line in ``_services``, a new thread one in ``_background``."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opsledger.core.ports import Journal
from opsledger.services.background import Background
from opsledger.services.grpc import ticket_recorder_service
from opsledger.services.grpc.auth import Authentication, authenticator
from opsledger.services.grpc.calls import Step, WhenJournalStops, answer_errors
from opsledger.services.grpc.observe import Gate, Observation
from opsledger.services.grpc.progress import Progress, ReadYourWrites
from opsledger.services.grpc.server import Service
from opsledger.services.grpc.threads import InThread
from opsledger.services.metrics import Metrics
from opsledger.services.settings import Settings
from opsledger.services.tickets.intake import Intake


@dataclass
class Application:
    """Everything that serves, wired and not yet started."""

    settings: Settings
    journal: Journal
    metrics: Metrics
    steps: tuple[Step, ...]
    services: tuple[Service, ...]
    background: tuple[Background, ...]
    in_thread: InThread

    def start(self) -> None:
        for work in self.background:
            work.start()

    def close(self) -> None:
        """Stop everything behind the RPCs, the journal excepted."""
        for work in self.background:
            work.stop()
        self.in_thread.close()


def assemble(settings: Settings, journal: Journal, on_dead: Callable[[Exception], None]) -> Application:
    """Wire a server over an open journal. ``on_dead`` is told, from any thread, when the journal has stopped for good."""
    metrics, progress = Metrics(), Progress()
    limits = settings.limits
    in_thread = InThread(limits.query_threads, limits.query_queue_max)
    steps = (
        Observation(metrics),
        answer_errors,
        WhenJournalStops(on_dead),
        Gate(limits.rpcs_max, limits.streams_max),
        Authentication(authenticator(settings.auth)),
        ReadYourWrites(progress),
    )
    metrics.gauge("journal_position", "Position of the last durable event.", lambda: journal.position)
    metrics.gauge("read_models_position", "Position that the read models have reached.", lambda: progress.position)
    metrics.gauge("read_models_lag", "Recorded events that are not in the read models yet.", lambda: journal.position - progress.position)
    metrics.gauge("queries_waiting", "Queries waiting for a thread or on one.", lambda: in_thread.depth)
    return Application(
        settings, journal, metrics, steps, tuple(_services(settings, journal, metrics)), tuple(_background(settings, journal)), in_thread
    )


def _services(settings: Settings, journal: Journal, metrics: Metrics) -> Iterator[Service]:
    intake = Intake(journal, batch_events_max=settings.limits.batch_events_max, event_bytes_max=settings.limits.event_bytes_max)
    recorder = ticket_recorder_service.TicketRecorder(intake, metrics, window=settings.limits.window)
    yield Service(ticket_recorder_service.SERVICE.full_name, recorder.register, recorder.drain)


def _background(settings: Settings, journal: Journal) -> Iterator[Background]:
    return iter(())
