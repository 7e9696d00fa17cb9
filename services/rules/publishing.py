"""Publishing the SLA rules of a program: a decision, so that versions are dense, never change, and a repeated request is answered.

Events, fold, decision and queries here; services/rules/registry.py is the service.
"""
from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from opsledger.core.documents import check_document
from opsledger.core.errors import FieldViolation, InvalidInput, InvalidRules, NotFound
from opsledger.core.ports import RecordedEvent
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.identity import name16
from opsledger.core.tickets.validation import check_instant, check_name
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest, RulesPublished
from opsledger.services.projections.rule_books import RULES_PUBLISHED, effective_from_us, read_document
from opsledger.services.tickets.codec import timestamp, timestamp_us

RULES_CONFIRMED = "sla.v1.rules_confirmed"
"""The same rules were published again: no new version. The payload is the version that stands, which keeps the request's answer."""


def rules_stream_id(tenant: str, program: str) -> bytes:
    return name16("rules", tenant, program)


class History(NamedTuple):
    """What has been published for a program."""

    stream_version: int
    versions: tuple[RulesPublished, ...]
    """From version 1 on, without gaps."""


def fold(events: Iterable[RecordedEvent]) -> History:
    stream_version, versions = 0, []
    for event in events:
        stream_version = event.version
        if event.type == RULES_PUBLISHED:
            versions.append(RulesPublished.FromString(event.payload))
    return History(stream_version, tuple(versions))


class Decided(NamedTuple):
    """The event that a request becomes."""

    type: str
    rules: RulesPublished


def decide(history: History, request: PublishRulesRequest, published_by: str, now_us: int) -> Decided:
    """The next version, or the one that stands when nothing would change. Raises InvalidInput, InvalidRules."""
    _check(request)
    last = history.versions[-1] if history.versions else None
    if last is not None and _says_the_same(last, request):
        return Decided(RULES_CONFIRMED, last)
    rules = RulesPublished(
        tenant=request.tenant, program=request.program, version=len(history.versions) + 1, document_json=request.document_json,
        request_id=request.request_id, published_by=published_by,
    )
    if request.HasField("effective_from"):
        rules.effective_from.CopyFrom(request.effective_from)
    elif last is not None:
        rules.effective_from.CopyFrom(timestamp(now_us))
    return Decided(RULES_PUBLISHED, rules)


def in_force(history: History, at_us: int) -> RulesPublished:
    """The version that judges an instant; of two from the same instant the later one. Raises NotFound."""
    begun = [rules for rules in history.versions if effective_from_us(rules) <= at_us]
    if not begun:
        raise NotFound("rules version", "in force at that time")
    return max(begun, key=lambda rules: (effective_from_us(rules), rules.version))


def numbered(history: History, version: int) -> RulesPublished:
    """Raises NotFound."""
    if not 0 < version <= len(history.versions):
        raise NotFound("rules version", str(version))
    return history.versions[version - 1]


def book(history: History) -> RuleBook:
    """All versions, ready to judge by."""
    return RuleBook([(effective_from_us(rules), rules.version, read_document(rules.document_json)) for rules in history.versions])


def _says_the_same(last: RulesPublished, request: PublishRulesRequest) -> bool:
    if request.HasField("effective_from") and timestamp_us(request.effective_from) != effective_from_us(last):
        return False
    return json.loads(last.document_json) == json.loads(request.document_json)  # type: ignore[no-any-return]  # a comparison is a bool


def _check(request: PublishRulesRequest) -> None:
    found: list[FieldViolation] = []
    for name in ("request_id", "tenant", "program"):
        found += check_name(name, getattr(request, name), required=True)
    if request.HasField("effective_from"):
        found += check_instant("effective_from", timestamp_us(request.effective_from))
    if found:
        raise InvalidInput(*found)
    check_document(request.document_json, "document_json", InvalidRules)
    rules = read_document(request.document_json)
    for name in ("tenant", "program"):
        meant, said = getattr(request, name), getattr(rules, name)
        if said not in ("", meant):
            raise InvalidRules(FieldViolation(name, "MISMATCH", f"the document is for {said!r}, the request for {meant!r}"))
