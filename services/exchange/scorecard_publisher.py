"""Scorecards of the last complete week and month into a compacted topic: for each subject and period, the last one counts.

They come from the read models, which all nodes share, so it is one node's duty: that of the owner of the journal's first partition.
Nothing is kept about what was published: a new owner sends everything once, then what late facts or decisions have changed.
"""
from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from threading import Event
from time import monotonic
from urllib.parse import quote

from kafka import KafkaProducer

from opsledger.core.errors import InvalidPageToken
from opsledger.core.scorecards.periods import PeriodKind
from opsledger.core.scorecards.subjects import SubjectKind
from opsledger.proto.scorecards.v1.scorecards_pb2 import Scorecard
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.reaching import answering, producer_of
from opsledger.services.exchange.topics import Exchange
from opsledger.services.scorecards.messages import scorecard_messages
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import BY_NAME, Reports

PERIODS = (PeriodKind.WEEK, PeriodKind.MONTH)
PAGE = 200
HOUR_S = 3_600
"""A week ends although nothing is recorded."""


class ScorecardPublisher:
    """One thread works."""

    def __init__(self, exchange: Exchange, reports: Reports) -> None:
        self._exchange, self._topic, self._reports = exchange, exchange.topics.scorecards, reports
        self._sent: dict[str, bytes] = {}
        self.published = 0
        """Scorecards sent and acknowledged since the start."""

    def run(self, stop: Event) -> None:
        """Publish when the read models have moved, at most every ``scorecards_every_s``, until ``stop`` is set. Raises
        ExchangeUnreachable, InvalidSettings, and what the database raises; may be run again then."""
        ensure_topics(self._exchange.kafka, (self._topic,))
        self._sent.clear()  # another node may have sent others since
        seen: object = None
        with answering(), producer_of(self._exchange.kafka) as producer:
            while not stop.is_set():
                if seen != (now := (self._reports.positions(), monotonic() // HOUR_S)):
                    self._publish(producer)
                    seen = now
                stop.wait(self._exchange.scorecards_every_s)

    def _publish(self, producer: KafkaProducer) -> None:
        changed = {key: value for key, value in self._scorecards() if self._sent.get(key) != value}
        sent = [
            producer.send(self._topic.name, key=key.encode(), value=value, headers=_headers(key, value)) for key, value in changed.items()
        ]
        for acknowledgement in sent:
            acknowledgement.get(timeout=self._exchange.kafka.delivery_timeout_s)
        self._sent |= changed
        self.published += len(sent)

    def _scorecards(self) -> Iterator[tuple[str, bytes]]:
        for program in self._reports.programs():
            for period in PERIODS:
                for by in SubjectKind:
                    for card in self._pages(program, by, period):
                        yield _key(card, by, period), card.SerializeToString(deterministic=True)

    def _pages(self, program: Program, by: SubjectKind, period: PeriodKind) -> Iterator[Scorecard]:
        token = ""
        while True:
            try:
                report = self._reports.scorecards(program, by, period, order_by=BY_NAME, size=PAGE, token=token)
            except InvalidPageToken:  # the read models have moved on meanwhile, so that everything is looked at again
                return
            yield from scorecard_messages(report)
            if not (token := report.next_page_token):
                return


def _key(card: Scorecard, by: SubjectKind, period: PeriodKind) -> str:
    parts = (card.tenant, card.program, by.value, card.subject.name, period.value, card.period.label)
    return "/".join(quote(part, safe="") for part in parts)


def _headers(key: str, value: bytes) -> list[tuple[str, bytes]]:
    told = {
        "ce_specversion": "1.0", "ce_id": sha256(key.encode() + b"\0" + value).hexdigest()[:32],
        "ce_source": f"/opsledger/{key.partition('/')[0]}", "ce_type": "opsledger.scorecards.v1.scorecard", "ce_subject": key,
        "content-type": "application/protobuf",
    }
    return [(name, text.encode()) for name, text in told.items()]
