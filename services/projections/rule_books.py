"""The rule books of all programs, as the recorded publications make them."""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from google.protobuf.message import DecodeError

from opsledger.core.documents import parse_json
from opsledger.core.errors import FieldViolation, InvalidInput, InvalidRules
from opsledger.core.ports import RecordedEvent
from opsledger.core.sla.rules import RuleBook, Rules, parse_rules
from opsledger.core.sla.zones import offsets
from opsledger.core.tickets.validation import INSTANT_US_MAX, INSTANT_US_MIN
from opsledger.proto.sla.v1.rules_pb2 import RulesPublished
from opsledger.services.tickets.codec import timestamp_us

RULES_PUBLISHED = "sla.v1.rules_published"
"""Type of the event whose payload is a RulesPublished message."""

RULES_SHARED = "sla.v1.rules_shared"
"""Type of the event that tells a partition the rules of a tenant whose home is another one; its payload is that RulesPublished."""

Program = tuple[str, str]
"""Tenant and program."""


class RulesRow(NamedTuple):
    """A row of the table `rules`, or of `shared_rules`."""

    tenant: str
    program: str
    version: int
    effective_from_us: int
    document_json: str
    published_by: str
    position: int


class OffsetRow(NamedTuple):
    """A row of the table `program_offsets`."""

    tenant: str
    program: str
    from_us: int
    until_us: int
    offset_s: int
    time_zone: str
    week_starts: int


def rules_row(event: RecordedEvent) -> RulesRow:
    """Raises DecodeError for bytes that are no RulesPublished."""
    message = RulesPublished.FromString(event.payload)
    return RulesRow(
        message.tenant, message.program, message.version, effective_from_us(message), message.document_json, message.published_by,
        event.position,
    )


def effective_from_us(message: RulesPublished) -> int:
    """From when on a version is in force; 0 is the beginning of time."""
    return timestamp_us(message.effective_from) if message.HasField("effective_from") else 0


@lru_cache(maxsize=256)
def read_document(document_json: str) -> Rules:
    """The rules of a document. Raises InvalidRules."""
    try:
        document = parse_json(document_json)
    except ValueError as error:
        raise InvalidRules(FieldViolation("document_json", "INVALID", f"is not JSON: {error}")) from error
    if not isinstance(document, dict):
        raise InvalidRules(FieldViolation("document_json", "INVALID", "must be an object"))
    return parse_rules(document)


NOT_RULES = (DecodeError, InvalidInput)
"""What a recorded publication raises that cannot be used."""


class RuleBooks:
    """Book by program; a program without rules has an empty one."""

    def __init__(self) -> None:
        self._versions: dict[Program, dict[int, tuple[int, int, Rules]]] = {}
        self._books: dict[Program, RuleBook] = {}
        self._none = RuleBook()

    def add(self, row: RulesRow) -> Program:
        """Take a version in and say whose it is. Raises InvalidRules."""
        program = (row.tenant, row.program)
        versions = self._versions.setdefault(program, {})
        versions[row.version] = (row.effective_from_us, row.version, read_document(row.document_json))
        self._books[program] = RuleBook(tuple(versions.values()))
        return program

    def clocks(self, program: Program) -> list[OffsetRow]:
        """By the version that is in force last."""
        _, _, rules = max(self._versions[program].values(), key=lambda version: version[:2])
        return [
            OffsetRow(*program, from_us, until_us, offset_s, rules.time_zone.key, rules.week_starts)
            for from_us, until_us, offset_s in offsets(rules.time_zone, INSTANT_US_MIN, INSTANT_US_MAX)
        ]

    def of(self, tenant: str, program: str) -> RuleBook:
        return self._books.get((tenant, program), self._none)
