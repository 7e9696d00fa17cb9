"""The 16-byte names under which tickets and facts stand in the journal.

A name is the first 16 bytes of SHA-256 over a label and the parts, each with its length before it, so that no two
different lists of parts give the same bytes.
"""
from __future__ import annotations

from hashlib import sha256

from opsledger.core.tickets.facts import TicketKey


def name16(label: str, *parts: str) -> bytes:
    digest = sha256()
    for part in (label, *parts):
        data = part.encode()
        digest.update(len(data).to_bytes(4, "little"))
        digest.update(data)
    return digest.digest()[:16]


def ticket_stream_id(ticket: TicketKey) -> bytes:
    """The journal stream of a ticket's facts."""
    return name16("ticket", *ticket)


def fact_key(tenant: str, source: str, event_id: str) -> bytes:
    """The name of a fact for exact deduplication."""
    return name16("fact", tenant, source, event_id)


def request_key(tenant: str, request_id: str) -> bytes:
    """The name of a command, so that its repetition is answered, not executed."""
    return name16("request", tenant, request_id)


def principal_request_key(tenant: str, principal: str, command: str, request_id: str) -> bytes:
    """The same where request ids belong to who gives the command."""
    return name16("principal request", tenant, principal, command, request_id)


def content_key(request: bytes, content: bytes) -> bytes:
    """The name of what was asked for under a request's key: another one for other content."""
    return name16("request content", request.hex(), sha256(content).hexdigest())
