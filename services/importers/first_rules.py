"""SLA rules that an import publishes before its facts."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from opsledger.core.errors import FieldViolation, InvalidRules
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.services.importers.spool import PROGRAMS_MAX, Program
from opsledger.services.importers.writing import derived_id


@dataclass(frozen=True, slots=True)
class FirstRules:
    file: str
    """Its name, for errors."""
    document_json: str
    tenant: str
    program: str
    """Each empty where neither the file nor the command line names it."""

    def request(self, programs: Collection[Program]) -> PublishRulesRequest:
        """For the program that was named, else for the one that all facts belong to. Raises InvalidRules when they are of several."""
        tenants, names = {found.tenant for found in programs}, {found.program for found in programs}
        whose = self._one("tenant", self.tenant, tenants), self._one("program", self.program, names)
        if wrong := [violation for violation in whose if isinstance(violation, FieldViolation)]:
            raise InvalidRules(*wrong)
        tenant, program = map(str, whose)
        return PublishRulesRequest(
            request_id=derived_id("rules", tenant, program, self.document_json), tenant=tenant, program=program,
            document_json=self.document_json,
        )

    def _one(self, name: str, given: str, found: Collection[str]) -> str | FieldViolation:
        if given or len(found) == 1:
            return given or next(iter(found))
        several = ", ".join(sorted(found)) + (", …" if len(found) == PROGRAMS_MAX else "")
        reason = f"because the events are of several: {several}" if found else "because there are no events that say it"
        return FieldViolation(f"{self.file}: {name}", "REQUIRED", f"must be given, {reason}")
