"""Waiting for the read models, by those who give up."""
from __future__ import annotations

import asyncio
import gc

from opsledger.services.grpc.progress import Progress


def _futures() -> int:
    gc.collect()
    return sum(type(found) is asyncio.Future for found in gc.get_objects())


def test_who_gives_up_leaves_nothing_behind() -> None:
    async def give_up_often() -> tuple[int, int]:
        progress = Progress()
        stays = asyncio.create_task(progress.wait_for(1))
        await asyncio.sleep(0)
        before = _futures()
        for _ in range(100):
            waiting = asyncio.create_task(progress.wait_for(1))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        after = _futures()
        progress.reached(1)
        assert await stays
        return before, after

    before, after = asyncio.run(give_up_often())
    assert after - before < 10
