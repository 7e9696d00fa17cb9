"""Tickets as options name them."""
from __future__ import annotations

from opsledger.core.errors import FieldViolation, InvalidInput


def ticket_named(text: str, option: str) -> tuple[str, str]:
    """Source and ticket id of SOURCE/TICKET. Raises InvalidInput."""
    source, slash, ticket_id = text.partition("/")
    if not (source and slash and ticket_id):
        raise InvalidInput(FieldViolation(option, "INVALID", f"{text!r} is not SOURCE/TICKET such as zendesk/4711"))
    return source, ticket_id
