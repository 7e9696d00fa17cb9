"""Queries off the event loop, of a database that is not there."""
from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import create_engine

from opsledger.core.errors import DatabaseUnusable
from opsledger.services.grpc.threads import InThread


def test_a_database_that_is_away_is_no_fault_of_ours() -> None:
    engine = create_engine("postgresql+psycopg://127.0.0.1:1/nowhere")

    def ask() -> None:
        with engine.connect():
            pass

    async def talk() -> None:
        in_thread = InThread()
        with pytest.raises(DatabaseUnusable, match="does not answer"):
            await in_thread(ask)
        assert in_thread.depth == 0
        in_thread.close()

    asyncio.run(talk())
