"""The rows of one ticket in the order of what they say."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from opsledger.services.importers.files import Row
from opsledger.services.importers.times import Instants


@dataclass(frozen=True, slots=True)
class TimedRow:
    """A row that is to find its place."""

    row: Row
    instants: Instants
    """Its time; two instants where the clock shows it twice."""
    sequence: int
    copy: int = 1
    """2 for the second of identical rows, and so on, where a mapping keeps them."""


@dataclass(frozen=True, slots=True)
class TicketRow:
    row: Row
    at_us: int
    """0 where rows have no time of their own."""
    sequence: int
    copy: int = 1

    @property
    def place(self) -> tuple[int, int, tuple[str, ...], int]:
        """Where it stands among the rows of its ticket, whatever the order of the file."""
        return (self.at_us, self.sequence, self.row.cells, self.copy)

    @property
    def place_in_file(self) -> tuple[int, int, int]:
        """Where it stands when rows of one instant are as the file has them."""
        return (self.at_us, self.sequence, self.row.line)


def in_order(rows: Sequence[TimedRow], *, sequenced: bool, as_in_file: bool, numbered: bool) -> list[TicketRow]:
    """``sequenced``: the source numbers its rows. ``as_in_file``: rows of one instant and sequence stay as the file has them.

    ``numbered``: the order found here among rows of one instant is that of their facts too.
    """
    instants = _by_sequence(rows) if sequenced else {}
    placed = [TicketRow(item.row, instants.get(item.sequence, item.instants.first), item.sequence, item.copy) for item in rows]
    key: Callable[[TicketRow], tuple[object, ...]] = (lambda row: row.place_in_file) if as_in_file else (lambda row: row.place)
    placed.sort(key=key)
    return _numbered(placed) if numbered else placed


def _by_sequence(rows: Sequence[TimedRow]) -> dict[int, int]:
    """The instant of each number: where the clock shows a time twice, the first that is not before the number before it.

    Empty when the numbers do not order the whole ticket: when they repeat, as those of the rows of one instant do, or contradict the times.
    """
    times = {item.sequence: item.instants for item in rows}
    if any(times[item.sequence] != item.instants for item in rows):
        return {}
    found: dict[int, int] = {}
    latest_us: int | None = None
    for sequence, instants in sorted(times.items()):
        found[sequence] = at_us = instants.from_(latest_us)
        if latest_us is not None and at_us < latest_us:
            return {}
        latest_us = at_us
    return found


def _numbered(rows: list[TicketRow]) -> list[TicketRow]:
    """Rows of one instant, in order, with numbers for a sequence: they are compared in this order, so it is that of the fold too."""
    number, found = 0, []
    for before, row in zip([None, *rows], rows, strict=False):
        number = number + 1 if before is not None and before.at_us == row.at_us else 0
        found.append(replace(row, sequence=number))
    return found
