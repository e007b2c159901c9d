"""The supervisor: a failing service is restarted, the others go on, and every state can be seen."""

from __future__ import annotations

import asyncio

from sidecar.daemon.supervise import Supervisor


async def state(supervisor: Supervisor, name: str, wanted: str) -> None:
    """Wait until a service is in a state, however slow the machine; none is left within one turn of the loop."""
    async with asyncio.timeout(60):
        while supervisor.states[name].state != wanted:  # noqa: ASYNC110 - a state, no event
            await asyncio.sleep(0)


def test_a_failed_service_is_restarted_and_its_error_is_shown() -> None:
    async def scenario() -> None:
        starts: list[int] = []
        healthy = asyncio.Event()

        async def flaky() -> None:
            starts.append(1)
            if len(starts) == 1:
                raise RuntimeError("first start")
            healthy.set()
            await asyncio.Event().wait()

        supervisor = Supervisor()
        supervisor.add("flaky", flaky)
        supervisor.start()
        await state(supervisor, "flaky", "failed")
        assert supervisor.states["flaky"].error == "RuntimeError: first start"
        await asyncio.wait_for(healthy.wait(), timeout=60)
        await state(supervisor, "flaky", "running")
        assert supervisor.states["flaky"].error == "RuntimeError: first start"
        await supervisor.stop()
        assert supervisor.states["flaky"].state == "stopped"

    asyncio.run(scenario())


def test_one_failure_does_not_stop_another_service() -> None:
    async def scenario() -> None:
        ticks: list[int] = []

        async def broken() -> None:
            raise OSError("gone")

        async def steady() -> None:
            while True:
                ticks.append(1)
                await asyncio.sleep(0.005)

        supervisor = Supervisor()
        supervisor.add("broken", broken)
        supervisor.add("steady", steady)
        supervisor.start()
        async with asyncio.timeout(60):
            while len(ticks) <= 3:  # noqa: ASYNC110 - a state of the test's, no event
                await asyncio.sleep(0.005)
        assert supervisor.states["steady"].state == "running"
        await supervisor.stop()

    asyncio.run(scenario())


def test_a_service_that_ends_is_not_restarted() -> None:
    async def scenario() -> None:
        starts: list[int] = []

        async def once() -> None:
            starts.append(1)

        supervisor = Supervisor()
        supervisor.add("once", once)
        supervisor.start()
        await state(supervisor, "once", "stopped")
        await asyncio.sleep(0.05)
        assert starts == [1]
        await supervisor.stop()

    asyncio.run(scenario())
