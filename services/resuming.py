"""Where a stream of changes goes on after a break: a position in each partition of the journal that it tells of.

The token is their numbers, ``17`` or ``17,1099511627780``. A partition that is not named has not been begun.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from opsledger.core.errors import FieldViolation, InvalidPageToken
from opsledger.core.partitions import begin_of, partition_at
from opsledger.services.journal.partitions import Partition

Places = Mapping[int, int]
"""Positions by partition."""
_DIGITS_MAX = 16


def resume_token(positions: Iterable[int]) -> str:
    """Stands for everything up to these positions."""
    return ",".join(str(position) for position in sorted(positions)) or "0"


def resume_places(token: str, partitions: Sequence[Partition], of: Iterable[int]) -> Places:
    """Where a stream goes on that tells ``of`` some of the ``partitions``; from their begins without a token.

    A token may name others as well: those of a list that was read from all. Raises InvalidPageToken.
    """
    places = {number: begin_of(number) for number in of}
    for text in token.split(",") if token else ():
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
            raise _invalid()
        number = partition_at(position := int(text))
        if number >= len(partitions) or _is_beyond(partitions[number], position):
            raise _invalid()
        if number in places:
            places[number] = position
    return places


def _is_beyond(part: Partition, position: int) -> bool:
    """Another node may have given a token for what this one has not read yet; a stream waits for that."""
    return not part.is_shared and position > part.position


def _invalid() -> InvalidPageToken:
    return InvalidPageToken(FieldViolation("resume_token", "INVALID", "is none that this server gave"))
