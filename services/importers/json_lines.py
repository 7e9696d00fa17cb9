"""Reads TicketEvent messages, one protobuf-JSON object on each line, into the spool."""
from __future__ import annotations

from dataclasses import dataclass

from google.protobuf import json_format

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.tickets.validation import violations
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.importers.files import Source
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.spool import Spool
from opsledger.services.importers.summary import Summary
from opsledger.services.tickets.codec import decode


@dataclass(frozen=True, slots=True)
class EventsReader:
    def read(self, source: Source, spool: Spool, problems: Problems, summary: Summary) -> None:
        """Every event of the file goes into the spool. Empty lines are passed over. Raises InvalidInput as ``problems`` says."""
        for number, text in enumerate(source.text("utf-8-sig"), start=1):
            source.reached(number)
            line = text.strip()
            if not line:
                continue
            summary.rows += 1
            try:
                message = json_format.Parse(line, TicketEvent())
                fact = decode(message)
            except json_format.ParseError as error:
                problems.add(number, [FieldViolation("", "MALFORMED", str(error))])
                continue
            except InvalidInput as invalid:
                problems.add(number, invalid.violations)
                continue
            if found := violations(fact):
                problems.add(number, found)
                continue
            # map fields have no order of their own: a fixed one makes equal events equal bytes
            spool.add_event(fact, message.SerializeToString(deterministic=True))
