"""Where scorecards come from: the read models' database, or a server that has them."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput, OpsledgerError
from opsledger.services.cli.remote import server_client
from opsledger.services.scorecards.queries import Program


class Source(NamedTuple):
    answers: Any
    """Has the methods of the ScorecardService."""
    programs: list[Program] | None
    """None: a server does not tell."""

    def program(self, tenant: str, name: str) -> Program:
        """The program that was named, or the only one there is. Raises InvalidInput, listing what there is."""
        if self.programs is None:
            for field, value in (("--tenant", tenant), ("--program", name)):
                if not value:
                    raise InvalidInput(FieldViolation(field, "REQUIRED", "must be given with --server ('default' if none was named)"))
            return Program(tenant, name)
        found = [program for program in self.programs if tenant in ("", program.tenant) and name in ("", program.name)]
        if len(found) == 1:
            return found[0]
        if not self.programs:
            raise OpsledgerError("the read models hold no tickets yet; `opsledger import` or `opsledger demo` brings some")
        there_are = "; ".join(f"--tenant {program.tenant} --program {program.name}" for program in found or self.programs)
        raise InvalidInput(FieldViolation("--program", "AMBIGUOUS" if found else "UNKNOWN", f"choose one of: {there_are}"))

    @staticmethod
    def pages(call: Callable[[Any], Any], request: Any) -> Iterator[Any]:
        """Every page of a listing."""
        while True:
            response = call(request)
            yield response
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token


@contextmanager
def open_source(database: str, server: str, token: str) -> Iterator[Source]:
    """``server`` empty: the database. Raises OpsledgerError for a call that the server refuses."""
    if server:
        with server_client(server, token) as client:
            yield Source(client.scorecards, None)
        return
    from opsledger.services.projections.database import open_database
    from opsledger.services.scorecards.answers import Answers
    from opsledger.services.scorecards.reports import Reports

    engine = open_database(database, must_exist=True)
    try:
        reports = Reports(engine)
        yield Source(Answers(reports), reports.programs())
    finally:
        engine.dispose()
