"""The only wiring: what a server is made of. A new service is one line in ``_services``, a new thread one in ``_background``."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from opsledger.core.partitions import begin_of
from opsledger.core.ports import Journal
from opsledger.proto.cluster.v1 import node_pb2
from opsledger.services.background import Background
from opsledger.services.coaching.answers import CoachingAnswers
from opsledger.services.coaching.commands import CoachingCommands
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.duty import while_owned
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.publisher import Publisher
from opsledger.services.exchange.scorecard_publisher import ScorecardPublisher
from opsledger.services.exchange.topics import Exchange
from opsledger.services.grpc import (
    calibration_service,
    cluster_service,
    coaching_service,
    evaluation_service,
    form_service,
    rule_service,
    sampling_service,
    scorecard_service,
    ticket_recorder_service,
    timer_service,
)
from opsledger.services.grpc.auth import Authentication, authenticator
from opsledger.services.grpc.calls import Step, WhenJournalStops, answer_errors
from opsledger.services.grpc.observe import Gate, Observation
from opsledger.services.grpc.progress import Progress, ReadYourWrites
from opsledger.services.grpc.server import Service
from opsledger.services.grpc.threads import InThread, Threads
from opsledger.services.grpc.watching import Watching
from opsledger.services.journal.clock import PROCESS_CLOCK, SECOND_US, wall_clock_us
from opsledger.services.journal.partitions import Numbered, PartitionedJournal
from opsledger.services.journal.recorded_at import RecordedAt
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.metrics import Metrics
from opsledger.services.projections.database import is_shared
from opsledger.services.projections.database_watch import DatabaseWatch
from opsledger.services.projections.fact_cache import FACTS_MAX
from opsledger.services.projections.following import Following
from opsledger.services.projections.runner import Projector
from opsledger.services.quality.calibration_queries import CalibrationQueries
from opsledger.services.quality.calibrations import Calibrations
from opsledger.services.quality.deadlines import Deadlines
from opsledger.services.quality.evaluation_imports import EvaluationImports
from opsledger.services.quality.evaluation_queries import EvaluationQueries
from opsledger.services.quality.evaluations import Evaluations
from opsledger.services.quality.form_queries import FormQueries
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.known import Knowledge
from opsledger.services.quality.samples import Samples
from opsledger.services.quality.sight import Sight
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.rules.sharing import RuleSharing
from opsledger.services.scorecards.answers import Answers
from opsledger.services.scorecards.reports import Reports
from opsledger.services.scorecards.withholding import Withholding
from opsledger.services.settings import Settings
from opsledger.services.tickets.differing import DifferingEvents
from opsledger.services.tickets.intake import Intake
from opsledger.services.tickets.listing import TicketEvents
from opsledger.services.timers.announcer import DAY_US, Announcer
from opsledger.services.timers.answers import Explanations, TimerAnswers

if TYPE_CHECKING:  # who has no Kafka does not load its client
    from opsledger.services.cluster.node import ClusterJournal

NODE_SERVICE = node_pb2.DESCRIPTOR.services_by_name["NodeService"].full_name
OnDead = Callable[[Exception], None]
_STATUS_THREADS, _STATUS_QUEUE_MAX = 1, 8
_PROJECTED_TOGETHER = 5_000
"""Events in one transaction of the read models: few enough that queries do not wait long for what was just written."""


@dataclass
class Parts:
    """What services are made of."""

    settings: Settings
    journal: PartitionedJournal
    decisions: Decisions
    engine: Engine
    projectors: tuple[Projector, ...]
    """One for each partition, in their order."""
    projecting: tuple[Background, ...]
    database: DatabaseWatch
    progress: Progress
    metrics: Metrics
    threads: Threads
    differing_events: DifferingEvents

    def is_projecting(self) -> bool:
        """The read models follow the journal."""
        return self.database.is_usable() and all(work.is_healthy() for work in self.projecting)

    @property
    def node(self) -> ClusterJournal | None:
        """The journal, when other nodes write it too."""
        if self.settings.kafka is None:
            return None
        from opsledger.services.cluster.node import ClusterJournal

        return self.journal if isinstance(self.journal, ClusterJournal) else None


@dataclass
class Application:
    """Everything that serves, wired and not yet started."""

    parts: Parts
    steps: tuple[Step, ...]
    services: tuple[Service, ...]
    background: tuple[Background, ...]
    conditions: Mapping[str, Callable[[], bool]]
    """What the health says beside the services: whether it is as it should be, by name."""

    def join(self, address: str) -> None:
        """Tell the other nodes of this journal, if there are any, where this one is reached, and take a share of the work."""
        if node := self.parts.node:
            node.join(self.parts.settings.advertise or address)

    def hand_over(self) -> None:
        """Give the share of the work to the other nodes, if there are any; what comes to this one until it ends is done by them."""
        if node := self.parts.node:
            node.hand_over(self.parts.settings.drain_s)

    def start(self) -> None:
        for work in self.background:
            work.start()

    def close(self) -> None:
        """Stop everything behind the RPCs; the journal and the database stay open."""
        for work in self.background:
            work.ask_to_stop()
        for work in self.background:
            work.stop()
        self.parts.threads.close()
        self.parts.decisions.close()


def open_journal(settings: Settings) -> PartitionedJournal:
    """The journal that a server writes: a folder, or a topic of Kafka that the folder holds replicas of. Raises JournalLocked,
    JournalDamaged, JournalUnreachable, InvalidSettings."""
    if settings.kafka is None:
        return PartitionedJournal([Numbered(SegmentJournal.open(settings.journal))])
    from opsledger.services.cluster.node import ClusterJournal
    from opsledger.services.cluster.peers import Peers, credentials, token_of

    assert settings.node_id  # the settings see to it
    peers = Peers(
        timeout_s=settings.kafka.delivery_timeout_s, credentials=credentials(settings), token=token_of(settings.peers.token_file),
        message_bytes_max=settings.limits.message_bytes_max,
    )
    return ClusterJournal(settings.journal, settings.kafka, settings.node_id, peers)


def assemble(settings: Settings, journal: Journal, engine: Engine, on_dead: OnDead) -> Application:
    """Wire a server over an open journal and database. ``on_dead`` is told, from any thread, when the journal has stopped for good.

    Raises InvalidSettings, and DatabaseUnusable when the read models are those of another journal.
    """
    authentication = Authentication(authenticator(settings.auth))
    limits, progress = settings.limits, Progress()
    whole = journal if isinstance(journal, PartitionedJournal) else PartitionedJournal([Numbered(journal)])
    told = None if is_shared(engine) else progress.reached  # else Following tells, also what other nodes project
    projectors = tuple(
        Projector(part, engine, on_moved=told, batch_events=_PROJECTED_TOGETHER, facts_max=FACTS_MAX // len(whole.parts))
        for part in whole.parts
    )
    decisions = Decisions(whole, settings.journal, wall_clock_us)
    parts = Parts(
        settings, whole, decisions, engine, projectors, tuple(_projecting(whole, projectors, engine, on_dead)),
        DatabaseWatch(engine, projectors), progress, Metrics(),
        Threads(
            InThread("commands", limits.command_threads, limits.command_queue_max, before=partial(_freshen, whole)),
            InThread("queries", limits.query_threads, limits.query_queue_max),
            InThread("status queries", _STATUS_THREADS, _STATUS_QUEUE_MAX),
        ),
        DifferingEvents(),
    )
    steps = (
        Observation(parts.metrics),
        answer_errors,
        WhenJournalStops(on_dead),
        Gate(limits.rpcs_max, limits.streams_max, spared=(NODE_SERVICE,)),
        authentication,
        ReadYourWrites(parts.progress, whole),
    )
    _measure(parts)
    conditions = {"clock": partial(_is_clock_right, whole)}
    return Application(parts, steps, tuple(_services(parts)), tuple(_background(parts, on_dead)), conditions)


def _recorded_at(journal: PartitionedJournal) -> Iterator[RecordedAt]:
    """Of the partitions that this node writes."""
    for part in journal.parts:
        found = getattr(part.journal, "recorded_at", None) if isinstance(part, Numbered) else None
        if found is not None:
            yield found


def _is_clock_right(journal: PartitionedJournal) -> bool:
    return not PROCESS_CLOCK.offset_us and not any(each.is_doubted for each in _recorded_at(journal))


def _freshen(journal: PartitionedJournal, request: Any, *_: object) -> None:
    """A command is decided on all that was decided for its tenant before, through whichever node."""
    journal.of_tenant(request.tenant).freshen()


def _projecting(
    journal: PartitionedJournal, projectors: Sequence[Projector], engine: Engine, on_dead: OnDead
) -> Iterator[Background]:
    """A database that nodes share is filled by the owner of each partition; one of this node's own, by this node."""
    for part, projector in zip(journal.parts, projectors, strict=True):
        yield Background(f"projector {part.number}", while_owned(part, projector.run) if is_shared(engine) else projector.run, on_dead)


def _services(parts: Parts) -> Iterator[Service]:
    limits = parts.settings.limits
    cluster = cluster_service.ClusterService(parts.journal, parts.progress, parts.threads.status)
    yield Service(cluster_service.SERVICE.full_name, cluster.register)
    if node := parts.node:
        from opsledger.services.grpc import node_service

        yield Service(NODE_SERVICE, node_service.NodeService(node).register)
    intake = Intake(
        parts.journal, batch_events_max=limits.batch_events_max, event_bytes_max=limits.event_bytes_max,
        differing_events=parts.differing_events,
    )
    # what is recorded is asked of Kafka too: on the threads that may wait for it
    recorder = ticket_recorder_service.TicketRecorder(
        intake, parts.differing_events, TicketEvents(parts.journal), parts.metrics, parts.threads.status, window=limits.window)
    yield Service(ticket_recorder_service.SERVICE.full_name, recorder.register, on_drain=recorder.drain)
    scorecards = scorecard_service.ScorecardService(
        Answers(Reports(parts.engine)), Withholding(parts.engine), parts.threads.queries)
    yield Service(scorecard_service.SERVICE.full_name, scorecards.register, is_healthy=parts.is_projecting)
    watching = Watching(parts.journal, parts.engine, parts.progress, parts.threads.queries)
    registry = RuleRegistry(parts.journal)
    rules = rule_service.RuleService(registry, parts.threads)
    yield Service(rule_service.SERVICE.full_name, rules.register)
    timers = timer_service.TimerService(
        watching, TimerAnswers(parts.engine), Explanations(parts.journal, registry), parts.threads.queries
    )
    yield Service(timer_service.SERVICE.full_name, timers.register, is_healthy=parts.is_projecting)
    registered = FormRegistry(parts.decisions)
    forms = form_service.FormService(registered, FormQueries(parts.engine), parts.threads)
    yield Service(form_service.SERVICE.full_name, forms.register)
    deadlines, knowledge = Deadlines(registry), Knowledge(parts.engine)
    evaluating = Evaluations(parts.decisions, registered, deadlines, Sight(parts.engine), knowledge)
    evaluations = evaluation_service.EvaluationService(
        watching, evaluating, EvaluationImports(parts.decisions, registered, deadlines, knowledge), EvaluationQueries(parts.engine),
        parts.threads,
    )
    yield Service(evaluation_service.SERVICE.full_name, evaluations.register, is_healthy=parts.is_projecting)
    calibrations = calibration_service.CalibrationService(
        Calibrations(parts.decisions, registered), CalibrationQueries(parts.engine), parts.threads, parts.progress
    )
    yield Service(calibration_service.SERVICE.full_name, calibrations.register, is_healthy=parts.is_projecting)
    sampling = sampling_service.SamplingService(Samples(parts.decisions, parts.engine, registered, evaluating), parts.threads)
    yield Service(sampling_service.SERVICE.full_name, sampling.register, is_healthy=parts.is_projecting)
    coaching = coaching_service.CoachingService(
        watching, CoachingCommands(parts.decisions, parts.journal, wall_clock_us), CoachingAnswers(parts.engine), parts.threads
    )
    yield Service(coaching_service.SERVICE.full_name, coaching.register, is_healthy=parts.is_projecting)


def _background(parts: Parts, on_dead: OnDead) -> Iterator[Background]:
    yield from parts.projecting
    yield Background("database", parts.database.run, on_dead)
    if is_shared(parts.engine):
        yield Background("following", Following(parts.engine, parts.progress.reached).run, on_dead)
    if node := parts.node:  # what other nodes write can be what this one cannot follow
        yield Background("journal", node.follow, on_dead)
    if parts.settings.timers:
        yield from _announcers(parts, on_dead)
    if len(parts.journal.parts) > 1:
        for part in parts.journal.parts:
            sharing = partial(RuleSharing(part, parts.engine).run, reached=parts.progress)
            yield Background(f"rules {part.number}", while_owned(part, sharing), on_dead)
    if (exchange := parts.settings.exchange) and exchange.ingress:
        yield _ingress(exchange, parts, on_dead)
    if (exchange := parts.settings.exchange) and exchange.publish:
        yield from _publishers(exchange, parts, on_dead)
        scorecards = ScorecardPublisher(exchange, Reports(parts.engine))
        yield Background("scorecards", while_owned(parts.journal.parts[0], scorecards.run), on_dead)


def _ingress(exchange: Exchange, parts: Parts, on_dead: OnDead) -> Background:
    gauge, counter = parts.metrics.gauge, parts.metrics.counter
    ingress = Ingress(exchange, Intake(
        parts.journal, event_bytes_max=parts.settings.limits.event_bytes_max, differing_events=parts.differing_events))
    work = Background("ingress", ingress.run, on_dead)
    counter("ingress_recorded", "Events recorded from Kafka since the start.", lambda: ingress.recorded)
    counter("ingress_differing", "Known events from Kafka with other content since the start.", lambda: ingress.differing)
    counter("ingress_rejected", "Records that went to the dead-letter topic since the start.", lambda: ingress.rejected)
    gauge("ingress_lag", "Records in Kafka that were not consumed yet when it was last looked.", lambda: ingress.lag)
    gauge("ingress_healthy", "0: Kafka or the journal does not answer, and it is tried again.", work.is_healthy)
    return work


def _announcers(parts: Parts, on_dead: OnDead) -> list[Background]:
    history_us, tick_s = parts.settings.announce_days * DAY_US, parts.settings.tick_s
    announcers = [Announcer(part, parts.engine, history_us=history_us) for part in parts.journal.parts]
    parts.metrics.counter(
        "announced", "Warnings, breaches and retractions announced since the start.",
        lambda: sum(each.announced for each in announcers),
    )
    return [
        Background(f"timers {part.number}", while_owned(part, partial(announcer.run, projector=projector, look_s=tick_s)), on_dead)
        for part, announcer, projector in zip(parts.journal.parts, announcers, parts.projectors, strict=True)
    ]


def _publishers(exchange: Exchange, parts: Parts, on_dead: OnDead) -> list[Background]:
    gauge, counter, publishers = parts.metrics.gauge, parts.metrics.counter, [Publisher(exchange, part) for part in parts.journal.parts]
    works = [
        Background(f"publisher {part.number}", while_owned(part, publisher.run), on_dead)
        for part, publisher in zip(parts.journal.parts, publishers, strict=True)
    ]
    counter("published", "Records sent to the public topics since the start.", lambda: sum(each.published for each in publishers))
    gauge("publisher_lag", "Events of this node's partitions that are not published yet.", lambda: sum(each.lag for each in publishers))
    gauge(
        "publisher_healthy", "0: Kafka or the journal does not answer, and it is tried again.",
        lambda: all(work.is_healthy() for work in works),
    )
    return works


def _measure(parts: Parts) -> None:
    gauge, partitions, projectors = parts.metrics.gauge, parts.journal.parts, parts.projectors
    gauge("journal_events", "Durable events.", lambda: sum(part.position - begin_of(part.number) for part in partitions))
    journals: list[Any] = [part.journal for part in partitions if isinstance(part, Numbered)]
    gauge(
        "journal_commits_waiting", "Commits in the queue of the journal, before the next batch.",
        lambda: sum(getattr(each, "commits_waiting", 0) for each in journals),  # one in memory has no queue
    )
    for each in journals:
        if isinstance(each, SegmentJournal):
            each.observe_syncs(parts.metrics.sync_seconds.observe)
    gauge(
        "read_models_lag", "Recorded events of the partitions that this node owns that are not in the read models yet.",
        lambda: sum(projector.lag for part, projector in zip(partitions, projectors, strict=True) if part.is_owner),
    )
    gauge(
        "clock_offset_seconds", "How far this machine's clock stands ahead of the time that is used; 0 while it is believed.",
        lambda: PROCESS_CLOCK.offset_us / SECOND_US,
    )
    gauge(
        "recorded_at_ahead_seconds", "How far the last commit of this node's partitions stands ahead of the clock; 0 when it does not.",
        lambda: max((0, *(each.ahead_us for each in _recorded_at(parts.journal)))) / SECOND_US,
    )
    gauge("commands_waiting", "Commands waiting for a thread or on one.", lambda: parts.threads.commands.depth)
    gauge("queries_waiting", "Queries waiting for a thread or on one.", lambda: parts.threads.queries.depth)
