"""The kinds of columns that read models are made of."""
from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

metadata = MetaData()
"""Of all tables that a rebuild makes anew."""


def text(name: str, **extra: object) -> Column[str]:
    return Column(name, Text, nullable=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def time_us(name: str, *, optional: bool = False, **extra: object) -> Column[int]:
    """An instant or a duration in microseconds."""
    return Column(name, BigInteger, nullable=optional, **extra)  # type: ignore[arg-type]  # keywords pass through


def count(name: str, **extra: object) -> Column[int]:
    return Column(name, Integer, nullable=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def position(name: str = "position", **extra: object) -> Column[int]:
    """A journal position."""
    return Column(name, BigInteger, nullable=False, autoincrement=False, **extra)  # type: ignore[arg-type]  # keywords pass through
