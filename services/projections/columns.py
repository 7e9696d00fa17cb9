"""The kinds of columns that read models are made of."""
from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, Text

metadata = MetaData()
"""Of all tables that a rebuild makes anew."""


def text(name: str, **extra: object) -> Column[str]:
    return Column(name, Text, nullable=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def time_us(name: str, *, optional: bool = False, **extra: object) -> Column[int]:
    """An instant or a duration in microseconds."""
    return Column(name, BigInteger, nullable=optional, **extra)  # type: ignore[arg-type]  # keywords pass through


def amount(name: str) -> Column[int]:
    """What is summed up: cases, or their values in millionths."""
    return Column(name, BigInteger, nullable=False)


def count(name: str, **extra: object) -> Column[int]:
    """64 bits, as a number in a message may have."""
    return Column(name, BigInteger, nullable=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def position(name: str = "position", **extra: object) -> Column[int]:
    """A journal position."""
    return Column(name, BigInteger, nullable=False, autoincrement=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def aggregate_id(**extra: object) -> Column[str]:
    """The first column of every table of a decision's view; the UUID as text."""
    return text("aggregate_id", primary_key=True, **extra)


def ordinal(name: str = "ordinal", *, comment: str | None = None) -> Column[int]:
    """Tells rows of one aggregate apart."""
    return count(name, primary_key=True, autoincrement=False, comment=comment)
