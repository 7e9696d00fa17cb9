"""One import, from file to journal. Nothing is recorded before the whole input has been read and found right."""
from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from opsledger.services.importers.comparing import Retelling, compare
from opsledger.services.importers.files import Source, open_source
from opsledger.services.importers.problems import Problems
from opsledger.services.importers.recording import Sink, record
from opsledger.services.importers.spool import Program, Spool
from opsledger.services.importers.summary import Summary

Progress = Callable[[str, int, int | None], None]
"""Told (what is done, how much of it is done, how much there is if known)."""


class Reader(Protocol):
    """Knows one kind of log."""

    def read(self, source: Source, spool: Spool, problems: Problems, summary: Summary) -> Retelling | None:
        """The facts as though they were the first of their tickets; and how to tell them where they are not, unless that is the same."""


def silent(what: str, done: int, total: int | None) -> None:
    """For those who watch nothing."""


Programs = Callable[[Collection[Program]], None]
"""Told whose the events are, before the first is recorded; what it raises ends the import."""


def run_import(
    file: str, reader: Reader, open_sink: Callable[[], Sink] | None, *, skip_invalid: bool = False, ticket_id: str = "",
    belonging: Programs = lambda programs: None, progress: Progress = silent,
) -> Summary:
    """Read, check, then record. ``open_sink`` is called when the input is known to be right; None is a dry run.

    The summary shows the facts of ``ticket_id``.

    Raises InvalidInput, naming file, line and field, when something is wrong with the input and may not be skipped; what the
    sink raises else.
    """
    summary = Summary(dry_run=open_sink is None)
    with Spool() as spool:
        with open_source(file) as source:  # and no longer: it blames the file for whatever the system refuses
            problems = Problems(source.name, skip_invalid=skip_invalid)
            source.watch = lambda: progress("reading", source.bytes_read, source.size)
            retelling = reader.read(source, spool, problems, summary)
        problems.close()
        summary.invalid, summary.problems = problems.count, problems.shown
        summary.tickets, summary.events = spool.counts()
        if ticket_id:
            summary.facts = list(spool.events_of(ticket_id))
            summary.remarks += [f"no row says anything of a ticket {ticket_id!r}"] * (not summary.facts)
        belonging(spool.programs)
        if open_sink is not None:
            sink, done = open_sink(), 0
            if retelling is not None:
                compare(retelling, sink, spool, problems, summary)
                problems.close()
                summary.tickets, summary.events = spool.counts()

            def advance(events: int) -> None:
                nonlocal done
                done += events
                progress("recording", done, summary.events)

            record(spool, sink, summary, advance)
    return summary
