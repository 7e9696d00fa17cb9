"""Reads TicketEvent messages, one protobuf-JSON object on each line, into the spool."""
from __future__ import annotations

from dataclasses import dataclass

from google.protobuf import json_format

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.importers.files import Source
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.spool import Spool
from opsledger.services.importers.summary import Summary
from opsledger.services.tickets.codec import examine


@dataclass(frozen=True, slots=True)
class EventsReader:
    def read(self, source: Source, spool: Spool, problems: Problems, summary: Summary) -> None:
        """Every event of the file goes into the spool. Empty lines are passed over. Raises InvalidInput as ``problems`` says."""
        lines = source.lines("utf-8-sig")
        for number, text in enumerate(lines, start=1):
            lines.begin_row()
            source.reached(number)
            line = text.strip()
            if not line:
                continue
            if summary.rows == 0 and (reason := _no_events(line)):
                raise InvalidInput(FieldViolation(f"{source.name}: line {number}", "MALFORMED", reason))
            summary.rows += 1
            try:
                message = json_format.Parse(line, TicketEvent())
            except json_format.ParseError as error:
                problems.add(number, [FieldViolation("", "MALFORMED", str(error))])
                continue
            fact, found = examine(message)
            if found:
                problems.add(number, found)
                continue
            # map fields have no order of their own: a fixed one makes equal events equal bytes
            spool.add_event(fact, message.SerializeToString(deterministic=True), number)


def _no_events(line: str) -> str:
    """What the first line of a file says it is, when that is no event; empty when it may be one."""
    if line.startswith("["):
        return "the file is a JSON array; one event belongs on each line: jq -c '.[]' makes that of it"
    if line == "{":
        return "the event goes on over several lines; one belongs on each line: jq -c . makes that of it"
    if not line.startswith("{"):
        return "is no JSON object; a table is read by `opsledger import csv` with a mapping"
    return ""
