"""Where imported facts go: the journal folder, with the read models after it, or a running server."""
from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from opsledger.services.importers.recording import Sink
from opsledger.services.importers.runner import Progress

if TYPE_CHECKING:
    from grpc import ChannelCredentials

    from opsledger.core.ports import Journal
    from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
    from opsledger.services.client.recording import Recorder, RecordingStream
    from opsledger.services.projections.runner import Projector


class Destination(Protocol):
    rules: PublishRulesRequest | None
    """Published before the first fact."""

    def open_sink(self) -> Sink: ...

    def project(self, progress: Progress) -> None:
        """Bring the read models up to what was recorded, where that is the importer's task."""

    def close(self) -> None: ...


class JournalDestination:
    """Opens everything only when there is something to record, so that wrong input does not even create it."""

    def __init__(self, folder: Path, database: str | None, rules: PublishRulesRequest | None = None) -> None:
        """``database`` None: leave the read models alone."""
        self._folder, self._database, self.rules = folder, database, rules
        self._resources = ExitStack()
        self._journal: Journal | None = None
        self._projector: Projector | None = None

    def open_sink(self) -> Sink:
        """Raises what is wrong with the database or the journal before anything is recorded."""
        from opsledger.services.journal.partitions import Numbered
        from opsledger.services.journal.segment import SegmentJournal
        from opsledger.services.projections.database import open_database
        from opsledger.services.projections.runner import Projector
        from opsledger.services.rules.registry import RuleRegistry
        from opsledger.services.tickets.intake import Intake

        engine = open_database(self._database) if self._database is not None else None
        if engine is not None:
            self._resources.callback(engine.dispose)
        self._journal = self._resources.enter_context(closing(SegmentJournal.open(self._folder)))
        if engine is not None:
            self._projector = Projector(Numbered(self._journal), engine)
        if self.rules is not None:
            RuleRegistry(self._journal).PublishRules(self.rules)
        return Intake(self._journal)

    def project(self, progress: Progress) -> None:
        if self._projector is None or self._journal is None:
            return
        last = self._journal.position
        self._projector.catch_up(lambda position: progress("projecting", position, last))

    def close(self) -> None:
        self._resources.close()


class ServerSink:
    """A server's recorder: a stream for the facts, calls for what it holds."""

    def __init__(self, recorder: Recorder, stream: RecordingStream) -> None:
        self.held = recorder.held
        self.submit = stream.submit
        self.batch_events_max = stream.batch_events_max


class ServerDestination:
    """The server keeps its own read models up to date."""

    def __init__(
        self, address: str, token: str, rules: PublishRulesRequest | None = None, *, credentials: ChannelCredentials | None = None
    ) -> None:
        self._address, self._token, self._credentials, self.rules = address, token, credentials, rules
        self._resources = ExitStack()

    def open_sink(self) -> Sink:
        """Raises what the server says to the rules."""
        from opsledger.services.client import connect

        client = self._resources.enter_context(connect(self._address, token=self._token, credentials=self._credentials))
        if self.rules is not None:
            client.rules.PublishRules(self.rules)
        stream = self._resources.enter_context(client.recorder.stream())
        stream.submit(()).result()  # its answer says how large batches may be
        return ServerSink(client.recorder, stream)

    def project(self, progress: Progress) -> None:
        """Nothing to do."""

    def close(self) -> None:
        self._resources.close()
