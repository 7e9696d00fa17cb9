"""Page tokens (https://google.aip.dev/158): where the next page begins, and of which query. Without state in the server."""
from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeAlias

from opsledger.core.errors import FieldViolation, InvalidInput, InvalidPageToken

Key: TypeAlias = "Sequence[str | int]"
"""Of the last entry of a page, in the order of the query."""


def page_token(query: Sequence[object], last: Key) -> str:
    """The token of the page after the entry ``last``. ``query`` is what must stay the same from page to page."""
    return urlsafe_b64encode(json.dumps([_fingerprint(query), *last]).encode()).decode().rstrip("=")


def last_of(token: str, query: Sequence[object], parts: int) -> list[str | int] | None:
    """The key of the last entry of the page before, of so many parts; None for the first page. Raises InvalidPageToken."""
    if not token:
        return None
    try:
        fingerprint, *rest = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise _refused("is none that this server gave") from None
    if fingerprint != _fingerprint(query):
        raise _refused("belongs to another query: filters, order and period must stay the same from page to page")
    last: list[str | int] = [part for part in rest if isinstance(part, (str, int))]
    if len(last) != parts:
        raise _refused("is none that this server gave")
    return last


def page_size(asked: int, default: int, largest: int) -> int:
    """0 means the default; more than the largest is the largest. Raises InvalidInput for a negative one."""
    if asked < 0:
        raise InvalidInput(FieldViolation("page_size", "OUT_OF_RANGE", "must not be negative"))
    return min(asked or default, largest)


def _fingerprint(query: Sequence[object]) -> str:
    return sha256(repr(tuple(query)).encode()).hexdigest()[:12]


def _refused(description: str) -> InvalidPageToken:
    return InvalidPageToken(FieldViolation("page_token", "INVALID", description))
