"""The writer thread: one at a time, urgent steps first, errors to the caller, nothing left behind."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sidecar.daemon.writer import Urgency, Writer


def test_results_come_back_and_run_in_one_thread() -> None:
    async def scenario() -> None:
        writer = Writer()
        names = [await writer.run(Urgency.ARCHIVE, lambda: threading.current_thread().name) for _ in range(3)]
        assert set(names) == {"sidecar-writer"}
        writer.close()

    asyncio.run(scenario())


def test_an_urgent_step_overtakes_those_that_wait() -> None:
    async def scenario() -> None:
        writer = Writer()
        gate, order = threading.Event(), []
        blocked = asyncio.ensure_future(writer.run(Urgency.ARCHIVE, gate.wait))
        await asyncio.sleep(0.01)
        slow = [asyncio.ensure_future(writer.run(Urgency.EXTRACT, order.append, n)) for n in range(3)]
        urgent = asyncio.ensure_future(writer.run(Urgency.ANSWER, order.append, "urgent"))
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(blocked, *slow, urgent)
        assert order == ["urgent", 0, 1, 2]
        writer.close()

    asyncio.run(scenario())


def test_an_exception_reaches_the_caller_and_the_thread_lives_on() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def scenario() -> None:
        writer = Writer()
        with pytest.raises(ValueError, match="no"):
            await writer.run(Urgency.FOLLOW, fail)
        assert await writer.run(Urgency.FOLLOW, lambda: 7) == 7
        writer.close()

    asyncio.run(scenario())


def test_close_ends_the_thread_and_cancels_what_waits() -> None:
    async def scenario() -> None:
        writer = Writer()
        gate, begun = threading.Event(), threading.Event()
        running = writer.submit(Urgency.ARCHIVE, lambda: begun.set() or gate.wait())
        assert await asyncio.to_thread(begun.wait, 20)
        waiting = writer.submit(Urgency.EXTRACT, lambda: 1)
        threading.Timer(0.05, gate.set).start()
        await asyncio.to_thread(writer.close)
        assert running.done()
        assert waiting.cancelled()
        assert writer.submit(Urgency.ANSWER, lambda: 1).cancelled()
        assert "sidecar-writer" not in {thread.name for thread in threading.enumerate()}

    asyncio.run(scenario())
